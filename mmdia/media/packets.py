"""Packets of a film in file order, the same ones in every pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import av
import av.container


def leave_out_others(container: Any, stream: Any) -> None:
    """Have libavformat pass over what is not read, where PyAV can tell it so (17 and later)."""
    everything = getattr(getattr(av.stream, "Discard", None), "all", None)
    for other in container.streams if everything is not None else ():
        if other is not stream:
            other.discard = everything


def packets(container: av.container.InputContainer, streams: Sequence[Any]) -> Any:
    """Packets that hold data, in file order: what a damaged tail holds is left out.

    Every pass over a file uses this, so that the n-th packet is the same one in all of them.
    """
    try:
        yield from _demux(container, streams)
    except (av.FFmpegError, OSError):
        return


def _demux(container: Any, streams: Sequence[Any]) -> Iterator[Any]:
    """Packets with data, but for those of streams that come up on the way: PyAV cannot name them."""
    while True:
        try:
            yield from (packet for packet in container.demux(*streams) if packet.size)
            return
        except IndexError:
            continue
