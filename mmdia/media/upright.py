"""Turn pictures the way a player shows them (phones store them lying, with a note)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import av
import av.filter

from mmdia.media.probe import frame_rotation

_STEPS = {
    90: (("transpose", "clock"),),
    180: (("hflip", None), ("vflip", None)),
    270: (("transpose", "cclock"),),
}


class Upright:
    """A filter that turns frames by a fixed angle and keeps their stamps."""

    def __init__(self, degrees: int, like: av.VideoFrame) -> None:
        self._graph: Any = av.filter.Graph()
        last: Any = self._graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=like.time_base
        )
        self._source = last
        for name, argument in _STEPS[degrees]:
            step = self._graph.add(name, argument) if argument else self._graph.add(name)
            last.link_to(step)
            last = step
        self._sink = self._graph.add("buffersink")
        last.link_to(self._sink)
        self._graph.configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame, turned."""
        self._source.push(frame)
        return cast(av.VideoFrame, self._sink.pull())


def upright_filter(frame: av.VideoFrame) -> Callable[[av.VideoFrame], av.VideoFrame]:
    """The filter that this frame's own note asks for; most films stand upright as they are."""
    degrees = frame_rotation(frame)
    return Upright(degrees, frame) if degrees in _STEPS else _as_is


def _as_is(frame: av.VideoFrame) -> av.VideoFrame:
    return frame
