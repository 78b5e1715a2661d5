"""Frames through decord (extra ``decord``): fast random access where its own index agrees.

decord 0.6 miscounts clips with an edit list and lands on wrong frames in MPEG-TS and AVI, so a
film whose frame count or stamps differ from this package's index is refused, never misread.
A reader made before a fork hangs in the child: make it in the process that uses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mmdia.errors import MediaUnreadable, MissingExtra
from mmdia.media.backends.indexed import IndexedReader
from mmdia.media.backends.port import Picture

_STAMP_TOLERANCE_S = 0.002


class DecordReader(IndexedReader):
    """Reads by frame number.

    Raises:
        MissingExtra: decord is not installed.
        MediaUnreadable: decord cannot open the film, or counts its frames differently.
    """

    name = "decord"

    def __init__(self, path: str | Path) -> None:
        try:
            import decord
        except (ImportError, OSError) as error:
            raise MissingExtra.of("decord", "decord") from error
        super().__init__(path)
        try:
            self._reader: Any = decord.VideoReader(str(path), num_threads=1)
        except (decord.DECORDError, RuntimeError, OSError, ValueError) as error:
            raise MediaUnreadable("decord cannot open this file", path=path, got=str(error)) from error
        self._refuse_other_counts()

    def _refuse_other_counts(self) -> None:
        hint = 'Use backend="av".'
        count = len(self._reader)
        if any(name in self.index.container for name in ("mpegts", "avi", "mpeg")):
            raise MediaUnreadable("decord misreads this container", path=self.path, hint=hint)
        if count != self.video.n_frames:
            raise MediaUnreadable(
                "decord counts other frames",
                path=self.path,
                expected=self.video.n_frames,
                got=count,
                hint=hint,
            )
        stamps = np.asarray(self._reader.get_frame_timestamp(np.arange(count)))[:, 0]
        offsets = stamps - self.video.times_s
        if np.ptp(offsets) > _STAMP_TOLERANCE_S:
            raise MediaUnreadable("decord reads other times", path=self.path, hint=hint)

    def _fetch(self, first: int, count: int) -> Iterator[Picture]:
        for number in range(first, first + count):
            rgb = np.asarray(self._reader[number].asnumpy(), np.uint8)
            yield self._picture(number, rgb)

    def close(self) -> None:
        """Release the film."""
        self._reader = None
