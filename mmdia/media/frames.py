"""Decode any set of frames in one pass: only the groups of pictures that hold them.

Nothing is sought: seeking lands on wrong frames in MPEG-TS and AVI, while reading packets past
costs next to nothing. Decoding of a frame starts at the last key frame *by pts* at or before it
(so open groups of pictures come out whole) and runs until the frame's own packet is through.
On the way to a wanted frame, pictures that no other refers to are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable
from mmdia.media.index import NO_PTS, Ints, VideoIndex, packets
from mmdia.media.probe import codec_name, open_input

#: Decoders that heed a change of mind from packet to packet. (libdav1d asks once, at the start,
#: and would leave out wanted frames.)
_SKIPPING = frozenset({"h264", "hevc", "mpeg2video", "mpeg4"})


@dataclass(frozen=True)
class Stretch:
    """Packets [first, last] to be decoded without a break, and the frames wanted from them."""

    first: int
    last: int
    frames: Ints


def plan(video: VideoIndex, wanted: npt.ArrayLike, *, from_start: bool = False) -> list[Stretch]:
    """Which packets to decode for the frames `wanted` (numbers in the index).

    Args:
        video: The index.
        wanted: Frame numbers, any order.
        from_start: Decode from the film's first key frame: for streams whose later key frames
            turn out not to be clean entries.
    """
    frames = np.unique(np.asarray(wanted, np.int64))
    if not len(frames):
        return []
    if video.counted:
        return [Stretch(int(video.keys[0]), len(video.packet_pts) - 1, frames)]
    order = np.argsort(video.packet_pts, kind="stable")
    stamps = video.packet_pts[order]
    pts = video.pts[frames]
    ends = order[np.searchsorted(stamps, pts, side="right") - 1]
    keys = video.keys[:1] if from_start else video.keys
    keys = keys[video.packet_pts[keys] != NO_PTS]
    if not len(keys):
        keys = video.keys[:1]
    by_pts = np.argsort(video.packet_pts[keys], kind="stable")
    at = np.searchsorted(video.packet_pts[keys][by_pts], pts, side="right") - 1
    starts = np.minimum(keys[by_pts][np.maximum(at, 0)], ends)
    out: list[Stretch] = []
    first, last, held = int(starts[0]), int(ends[0]), 0
    for n in range(1, len(frames)):
        if starts[n] > last + 1:
            out.append(Stretch(first, last, frames[held:n]))
            first, last, held = int(starts[n]), int(ends[n]), n
        else:
            first, last = min(first, int(starts[n])), max(last, int(ends[n]))
    out.append(Stretch(first, last, frames[held:]))
    return out


def decode_frames(
    path: str | Path, video: VideoIndex, stretches: list[Stretch], *, threads: int = 1
) -> Iterator[tuple[int, av.VideoFrame]]:
    """(frame number, picture) for the frames planned, in display order, each once.

    Frames that do not decode are left out: the caller counts.

    Raises:
        MediaUnreadable: The file cannot be opened, or is not the one that was indexed.
    """
    if not stretches:
        return
    with open_input(path) as container:
        stream: Any = container.streams[video.stream]
        context = stream.codec_context
        stream.thread_type = "AUTO" if threads > 1 else "SLICE"
        context.thread_count = threads
        decoder = _Decoder(video, context, can_skip=codec_name(stream) in _SKIPPING)
        todo = iter(stretches)
        stretch = next(todo)
        for number, packet in enumerate(packets(container, [stream])):
            if number < stretch.first:
                continue
            decoder.begin(stretch)
            _check_same(packet, number, video, path)
            yield from decoder.feed(packet)
            if number == stretch.last:
                yield from decoder.drain()
                following = next(todo, None)
                if following is None:
                    return
                stretch = following
        yield from decoder.drain()


class _Decoder:
    """Feeds one decoder, stretch by stretch, and names the frames that come out."""

    def __init__(self, video: VideoIndex, context: Any, *, can_skip: bool) -> None:
        self._video, self._context = video, context
        self._stretch: Stretch | None = None
        self._pending: set[int] = set()
        self._pts: set[int] = set()
        self._mode: Literal["DEFAULT", "NONREF"] = "DEFAULT"
        self._n_out = 0
        self._can_skip = can_skip and not video.counted

    def begin(self, stretch: Stretch) -> None:
        """Make `stretch` the current one, unless it is already."""
        if stretch is self._stretch:
            return
        self._stretch = stretch
        self._pending = set(stretch.frames.tolist())
        self._pts = set(self._video.pts[stretch.frames].tolist())

    def feed(self, packet: Any) -> Iterator[tuple[int, av.VideoFrame]]:
        """Frames that this packet brings out of the decoder."""
        needed = not self._can_skip or packet.pts is None or packet.pts in self._pts
        mode: Literal["DEFAULT", "NONREF"] = "DEFAULT" if needed else "NONREF"
        if mode != self._mode:
            self._context.skip_frame = self._mode = mode
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            return
        yield from self._named(decoded)

    def drain(self) -> Iterator[tuple[int, av.VideoFrame]]:
        """Frames still held back for reordering; the decoder is then ready for another start."""
        try:
            yield from self._named(self._context.decode(None))
        except av.FFmpegError:
            pass
        self._context.flush_buffers()

    def _named(self, decoded: list[Any]) -> Iterator[tuple[int, av.VideoFrame]]:
        for frame in decoded:
            number = self._number(frame)
            if number in self._pending:
                self._pending.discard(number)
                frame.time_base = self._video.time_base  # drained frames come without one
                yield number, frame

    def _number(self, frame: av.VideoFrame) -> int:
        self._n_out += 1
        if self._video.counted:
            return self._n_out - 1
        if frame.pts is None:
            return -1
        n = int(np.searchsorted(self._video.pts, frame.pts))
        return n if n < self._video.n_frames and int(self._video.pts[n]) == frame.pts else -1


def _check_same(packet: Any, number: int, video: VideoIndex, path: str | Path) -> None:
    known = video.packet_pts[number] if number < len(video.packet_pts) else None
    if known is None or known != (NO_PTS if packet.pts is None else packet.pts):
        raise MediaUnreadable(
            "the file is not the one that was indexed", path=path, hint="Index it again; has it changed?"
        )


def ticks(video: VideoIndex, frame: int, first: int) -> int:
    """Time from frame `first` to `frame` in units of `clip_time_base`; exact."""
    if video.constant:
        at = video.grid
        return int(at[frame] - at[first]) if frame < video.n_frames else int(at[-1] - at[first]) + 1
    if frame < video.n_frames:
        return int(video.pts[frame] - video.pts[first])
    return int(video.pts[-1] - video.pts[first]) + max(1, round(video.last_duration / video.time_base))


def clip_time_base(video: VideoIndex) -> Fraction:
    """Seconds per tick in which clips of this film are stamped: one frame on a grid."""
    return 1 / video.rate if video.constant else video.time_base
