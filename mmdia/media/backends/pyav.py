"""Frames through PyAV: the default; opens whatever the rest of the package opens."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmdia.media.backends.indexed import IndexedReader
from mmdia.media.backends.port import Picture
from mmdia.media.frames import decode_frames, plan
from mmdia.media.probe import frame_rotation


class AvReader(IndexedReader):
    """Decodes only the groups of pictures that hold the frames asked for."""

    name = "av"

    def _fetch(self, first: int, count: int) -> Iterator[Picture]:
        stretches = plan(self.video, range(first, first + count))
        for number, frame in decode_frames(self.path, self.video, stretches):
            rgb = frame.to_ndarray(format="rgb24")
            turned = np.rot90(rgb, -(frame_rotation(frame) // 90))
            yield self._picture(number, np.ascontiguousarray(turned, dtype=np.uint8))
