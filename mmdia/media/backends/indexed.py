"""What all readers share: the index, and the way from times to frame numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable
from mmdia.media.backends.port import Picture
from mmdia.media.index import build_index, require_video
from mmdia.media.window import frame_on_screen, snap


class IndexedReader(ABC):
    """A reader that only has to fetch frames by number.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be read.
        UsageError: It has no picture.
    """

    name = ""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.index = build_index(path)
        self.video = require_video(self.index, path)

    @property
    def frame_times(self) -> npt.NDArray[np.float64]:
        """Player second of every frame, float64 (n_frames,)."""
        return self.video.times_s

    def frames(self, start_s: float, end_s: float) -> Iterator[Picture]:
        """The frames of a window, by the snap rule."""
        window = snap(self.index, start_s, end_s)
        yield from self._fetch(window.first_frame, window.n_frames)

    def frame_at(self, time_s: float) -> Picture:
        """The frame on screen at `time_s`."""
        number = frame_on_screen(self.video, time_s)
        for picture in self._fetch(number, 1):
            return picture
        raise MediaUnreadable("the frame does not decode", path=self.path, got=f"frame {number}")

    def close(self) -> None:
        """Release the film; a reader that holds nothing open has nothing to do."""
        return

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def _fetch(self, first: int, count: int) -> Iterator[Picture]:
        """Frames first .. first + count - 1, in order."""

    def _picture(self, number: int, rgb: npt.NDArray[np.uint8]) -> Picture:
        return Picture(number, float(self.video.time_of(number)), rgb)
