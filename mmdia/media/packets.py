"""Packets of a film in file order, the same ones in every pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import av
import av.container

#: Formats with an index of their own, in which seeking is exact enough to save reading.
SEEKABLE = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})

#: Packet numbers of a stream at which its clock jumps, and what is added to stamps from there on, ticks.
Shifts = tuple[tuple[int, int], ...]


def leave_out_others(container: Any, stream: Any) -> None:
    """Have libavformat pass over what is not read, where PyAV can tell it so (17 and later)."""
    everything = getattr(getattr(av.stream, "Discard", None), "all", None)
    for other in container.streams if everything is not None else ():
        if other is not stream:
            other.discard = everything


def brings_headers(packet: Any) -> bool:
    """Whether other headers hold from this packet on: mp4 may have several sample descriptions."""
    # PyAV before 16 does not tell: such films are decoded by what their pictures bring along.
    return hasattr(packet, "has_sidedata") and bool(packet.has_sidedata("new_extradata"))


def packets(
    container: av.container.InputContainer, streams: Sequence[Any], shifts: Shifts = (), *, start: int = 0
) -> Iterator[Any]:
    """Packets that hold data, in file order: what a damaged tail holds is left out.

    Every pass over a file uses this, so that the n-th packet is the same one in all of them.

    Args:
        container: The film.
        streams: What is read of it.
        shifts: The stream's, where recordings are joined (`media.joints`); then it is one stream.
        start: Number of the packet that the container gives next.
    """
    try:
        given = _demux(container, streams)
        if not shifts:
            yield from given
            return
        for number, packet in enumerate(given, start):
            ticks = next((ticks for first, ticks in reversed(shifts) if first <= number), 0)
            packet.pts = None if packet.pts is None else packet.pts + ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
            yield packet
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
