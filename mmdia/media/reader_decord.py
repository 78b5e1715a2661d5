"""The backend ``decord`` (extra): pictures alone, of files about which it agrees with our index.

Two packages bring the module ``decord``: decord, and decord2, its successor for newer systems.
decord 0.6 miscounts clips with an edit list and lands on wrong frames in MPEG-TS and AVI. A reader
that was made before a fork hangs in the child: the pool of open files makes a new one there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from mmdia.errors import MediaUnreadable, MissingExtra
from mmdia.media.index import MediaIndex, VideoIndex, require_video
from mmdia.media.reader_port import Kind, Rgb, SoundFile
from mmdia.media.reader_trust import refuse_guessing, refuse_open_groups, refuse_turned

_BATCH = 32
_STAMP_TOLERANCE_S = 0.002


class DecordBackend:
    """decord, where it is installed."""

    name = "decord"
    reads: frozenset[Kind] = frozenset({"picture"})

    def problem(self) -> str | None:
        """Why it does not load, in one line."""
        try:
            import decord  # noqa: F401
        except ModuleNotFoundError:
            return "decord is not installed"
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            return f"installed, but does not load: {(str(error).splitlines() or ['?'])[0]}"
        return None

    def version(self) -> str | None:
        """Version of decord, or of decord2 in its place."""
        from importlib import metadata

        for name in ("decord", "decord2"):
            with suppress(metadata.PackageNotFoundError):
                return metadata.version(name)
        return None

    def open_picture(self, path: str, index: MediaIndex) -> DecordPicture:
        """Open the picture of an indexed film."""
        return DecordPicture(path, require_video(index, path), index.container)

    def open_sound(self, path: str, index: MediaIndex | None) -> SoundFile:
        """Refused: it would load all of a film's sound at once.

        Raises:
            MediaUnreadable: Always.
        """
        raise MediaUnreadable("decord is not used for sound", path=path, hint='Use backend="av".')


class DecordPicture:
    """Frames by number.

    Raises:
        MissingExtra: decord is not installed.
        MediaUnreadable: decord cannot open the film, or cannot be right about it.
    """

    def __init__(self, path: str, video: VideoIndex, container: str) -> None:
        try:
            import decord
        except (ImportError, OSError, RuntimeError) as error:
            raise MissingExtra.of("decord", "decord") from error
        refuse_guessing("decord", path, video, container)
        refuse_open_groups("decord", path, video)
        refuse_turned("decord", path)
        self._path = path
        self._errors = (decord.DECORDError, RuntimeError, IndexError, ValueError)
        try:
            self._reader: Any = decord.VideoReader(path, num_threads=1)
            count = len(self._reader)
            stamps = np.asarray(self._reader.get_frame_timestamp(np.arange(count)))[:, 0]
        except (decord.DECORDError, RuntimeError, OSError, ValueError) as error:
            raise MediaUnreadable("decord cannot open this file", path=path, got=str(error)) from error
        same = count == video.n_frames and np.ptp(stamps - video.times_s) <= _STAMP_TOLERANCE_S
        if not same:
            raise MediaUnreadable(
                "decord counts other frames", path=path, expected=video.n_frames, got=count,
                hint='Use backend="av".',
            )  # fmt: skip

    def fetch(self, first: int, count: int) -> Iterator[Rgb]:
        """Frames first .. first + count - 1."""
        for low in range(first, first + count, _BATCH):
            numbers = list(range(low, min(low + _BATCH, first + count)))
            try:
                batch = self._reader.get_batch(numbers).asnumpy()
            except self._errors as error:
                raise MediaUnreadable("frames do not decode", path=self._path, got=str(error)) from error
            yield from np.asarray(batch, np.uint8)

    def close(self) -> None:
        """Release the film."""
        self._reader = None
