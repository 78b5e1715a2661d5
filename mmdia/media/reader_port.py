"""What a backend of media access must do: one small interface for every library.

A backend opens files; positions are this package's own. Frames are asked for by their number in the
index of the film (`mmdia.media.index`), samples by their number on the player's axis, so that all
backends mean the same frame and the same sample. A backend that cannot be right about a file must
raise `MediaUnreadable` when it opens it, or when it reads: a wrong frame is worse than none.
`mmdia.testing.conformance` checks any backend against this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from mmdia.media.index import MediaIndex

Kind = Literal["picture", "sound"]
Rgb = npt.NDArray[np.uint8]
Floats32 = npt.NDArray[np.float32]


class PictureFile(Protocol):
    """An open film, read by frame number. Never used by two threads at a time, nor after a fork."""

    def fetch(self, first: int, count: int) -> Iterator[Rgb]:
        """Frames first .. first + count - 1 in display order: uint8 (height, width, 3), upright.

        Raises:
            MediaUnreadable: A frame does not decode, or the backend cannot be sure which one it is.
        """

    def close(self) -> None:
        """Release the file."""


class SoundFile(Protocol):
    """An open sound track, read by sample number."""

    #: Samples per second.
    rate: int
    #: libavutil's name of the layout (``mono``, ``stereo``, ``5.1``).
    layout: str

    def read(self, first: int, last: int) -> Floats32:
        """Samples [first, last) on the player's axis: float32 (channels, n), -1..1.

        Zeros where the file has no sound, before its start and after its end too.
        """

    def close(self) -> None:
        """Release the file."""


@runtime_checkable
class Backend(Protocol):
    """A library that decodes media."""

    #: What users call it.
    name: str
    #: What it reads: ``picture``, ``sound`` or both.
    reads: frozenset[Kind]

    def problem(self) -> str | None:
        """Why it cannot be used here, in one line; None when it can. Tries the import."""

    def version(self) -> str | None:
        """Version of the library; None when it cannot be loaded."""

    def open_picture(self, path: str, index: MediaIndex) -> PictureFile:
        """Open the picture of an indexed file, decoding with one thread.

        Raises:
            MissingExtra: The library is not there.
            MediaUnreadable: It cannot open the file, or cannot be right about it.
        """

    def open_sound(self, path: str, index: MediaIndex | None) -> SoundFile:
        """Open a sound track.

        Args:
            path: The file.
            index: Of a film. None for a file of sound alone whose first sample is at 0: a clip.

        Raises:
            MissingExtra: The library is not there.
            MediaUnreadable: It cannot open the file, or cannot be right about it.
        """
