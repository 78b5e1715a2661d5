"""Decode any set of frames in one pass: only the groups of pictures that hold them.

Packets between are read past, which costs next to nothing; only long gaps are jumped over, in
formats with an index, and each jump is checked against ours: seeking lands on wrong frames in
MPEG-TS and AVI. Decoding of a frame starts at the last key frame *by pts* at or before it
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
from av.video.frame import PictureType

from mmdia.errors import MediaUnreadable
from mmdia.media.index import NO_PTS, Ints, VideoIndex
from mmdia.media.packet_facts import lacks_picture
from mmdia.media.packets import SEEKABLE as SEEKABLE
from mmdia.media.packets import brings_headers, leave_out_others, packets
from mmdia.media.probe import codec_name, open_input

#: Decoders that heed a change of mind from packet to packet. (libdav1d asks once, at the start,
#: and would leave out wanted frames.)
SKIPPING = frozenset({"h264", "hevc", "mpeg2video", "mpeg4"})

#: Packets that are rather read through than jumped over.
_FAR = 600
#: Jumps aim this much before the packet, since formats seek by decoding time, which is earlier.
_EARLY_S = Fraction(1)

#: The finest unit of time in which clips of changed speed are stamped, per second.
_FINEST = 1_000_000


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

    Frames that do not decode, or not cleanly, are left out: the caller counts.

    Raises:
        MediaUnreadable: The file cannot be opened, or is not the one that was indexed.
    """
    rest = list(stretches)
    for jumping in (True, False):
        if not rest:
            return
        with open_input(path) as container:
            stream: Any = container.streams[video.stream]
            context = stream.codec_context
            stream.thread_type = "AUTO" if threads > 1 else "SLICE"
            context.thread_count = threads
            leave_out_others(container, stream)
            decoder = FrameDecoder(video, context, can_skip=codec_name(stream) in SKIPPING)
            source = PacketSource(container, stream, video, path, jumping=jumping)
            while rest and source.reach(rest[0].first):
                decoder.begin(rest[0])
                for packet in source.until(rest[0].last):
                    yield from decoder.feed(packet)
                yield from decoder.drain()
                rest.pop(0)


class PacketSource:
    """Packets of one stream by their number in the index, with jumps over long gaps.

    A jump is believed only when the packet after it has a stamp that one packet alone has: that
    names its place. Formats whose seeking is a guess are read through.
    """

    def __init__(
        self, container: Any, stream: Any, video: VideoIndex, path: str | Path, *, jumping: bool
    ) -> None:
        self._container, self._stream, self._video, self._path = container, stream, video, path
        # Shifts go by the number of a packet, which nobody knows behind a jump.
        sought = not video.counted and not video.shifts and container.format.name in SEEKABLE
        self._jumps = jumping and sought
        self._packets = packets(container, [stream], video.shifts)
        self._next = 0
        self._held: Any = None
        #: Headers that a packet brought which was read past (mp4 with several sample descriptions).
        self._headers: Any = None

    def reach(self, number: int) -> bool:
        """Come to packet `number`; False when a jump led astray and the file must be read anew.

        Backward, too, in formats that can be jumped in; in others that takes a fresh container.
        """
        behind = number < self._next
        if behind and not self._jumps:
            return False
        if self._jumps and (behind or number - self._next > _FAR) and not self._jump(number):
            return False
        while self._next < number and self._take() is not None:
            pass
        return True

    def until(self, last: int) -> Iterator[Any]:
        """The packets up to number `last`, fewer where the file ends before."""
        while self._next <= last:
            number = self._next
            packet = self._take()
            if packet is None:
                return
            check_same(packet, number, self._video, self._path)
            if self._headers is not None:
                packet.set_sidedata(self._headers)
                self._headers = None
            yield packet

    def _take(self) -> Any:
        packet = next(self._packets, None) if self._held is None else self._held
        self._held = None
        self._next += packet is not None
        if packet is not None and brings_headers(packet):
            self._headers = packet.get_sidedata("new_extradata")
        return packet

    def _jump(self, number: int) -> bool:
        stamps = self._video.packet_pts
        if stamps[number] == NO_PTS:
            return number >= self._next  # without a stamp there is nowhere to jump: read on
        early = round(_EARLY_S / self._video.time_base)
        try:
            self._container.seek(int(stamps[number]) - early, stream=self._stream)
        except (av.FFmpegError, OSError):
            return False
        self._packets = packets(self._container, [self._stream])
        self._held = next(self._packets, None)
        if self._held is None or self._held.pts is None:
            return False
        found = np.flatnonzero(stamps == self._held.pts)
        if len(found) != 1 or found[0] > number:
            return False
        self._next = int(found[0])
        return True


class FrameDecoder:
    """Feeds one decoder, stretch by stretch, and names the frames that come out."""

    def __init__(self, video: VideoIndex, context: Any, *, can_skip: bool) -> None:
        self._video, self._context = video, context
        self._stretch: Stretch | None = None
        self._pending: set[int] = set()
        self._pts: set[int] = set()
        self._mode: Literal["DEFAULT", "NONREF"] = "DEFAULT"
        self._n_out = 0
        self._can_skip = can_skip and not video.counted
        #: What decoders conceal spreads to the pictures after it, up to the next key frame.
        self._damaged = False
        self._entry: int | None = None

    def begin(self, stretch: Stretch) -> None:
        """Make `stretch` the current one, unless it is already."""
        if stretch is self._stretch:
            return
        self._stretch = stretch
        self._damaged, self._entry = False, None
        self._pending = set(stretch.frames.tolist())
        self._pts = set(self._video.pts[stretch.frames].tolist())

    def feed(self, packet: Any) -> Iterator[tuple[int, av.VideoFrame]]:
        """Frames that this packet brings out of the decoder."""
        needed = not self._can_skip or packet.pts is None or packet.pts in self._pts
        mode: Literal["DEFAULT", "NONREF"] = "DEFAULT" if needed else "NONREF"
        if mode != self._mode:
            self._context.skip_frame = self._mode = mode
        if self._entry is None:
            self._entry = packet.pts
        try:
            decoded = packet.decode()
        except av.FFmpegError:
            # Pictures that lead the entry refer to what was not decoded; they harm no other.
            leading = self._entry is None or packet.pts is None or packet.pts < self._entry
            self._damaged |= not leading and not lacks_picture(self._video.codec, packet)
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
            if self._is_damaged(frame):
                continue
            if number in self._pending:
                self._pending.discard(number)
                frame.time_base = self._video.time_base  # drained frames come without one
                yield number, frame

    def _is_damaged(self, frame: av.VideoFrame) -> bool:
        """Whether a picture holds what the decoder made up for lost data, or is built on such."""
        if frame.is_corrupt:
            # A picture that no other refers to keeps its damage to itself.
            self._damaged |= frame.pict_type != PictureType.B
            return True
        if frame.key_frame:
            self._damaged = False
        return self._damaged

    def _number(self, frame: av.VideoFrame) -> int:
        self._n_out += 1
        if self._video.counted:
            return self._n_out - 1
        if frame.pts is None:
            return -1
        n = int(np.searchsorted(self._video.pts, frame.pts))
        return n if n < self._video.n_frames and int(self._video.pts[n]) == frame.pts else -1


def check_same(packet: Any, number: int, video: VideoIndex, path: str | Path) -> None:
    """Raise MediaUnreadable unless packet `number` is the one that was indexed."""
    known = video.packet_pts[number] if number < len(video.packet_pts) else None
    if known is None or known != (NO_PTS if packet.pts is None else packet.pts):
        raise MediaUnreadable(
            "the file is not the one that was indexed", path=path, hint="Index it again; has it changed?"
        )


def ticks(video: VideoIndex, frame: int, first: int) -> int:
    """Time from frame `first` to `frame` in grid lines or ticks of the stream; exact."""
    if video.constant:
        at = video.grid
        return int(at[frame] - at[first]) if frame < video.n_frames else int(at[-1] - at[first]) + 1
    if frame < video.n_frames:
        return int(video.pts[frame] - video.pts[first])
    return int(video.pts[-1] - video.pts[first]) + max(1, round(video.last_duration / video.time_base))


class Clock:
    """Stamps of the clips of a film: its own distances, divided by a speed.

    Args:
        video: The film's index.
        speed: Media seconds per second of the clip.
    """

    def __init__(self, video: VideoIndex, speed: Fraction = Fraction(1)) -> None:
        self._video = video
        self._unit = (1 / video.rate if video.constant else video.time_base) / speed
        coarse = speed != 1 and self._unit.denominator > _FINEST
        #: Seconds per tick: one frame on a grid.
        self.time_base = Fraction(1, _FINEST) if coarse else self._unit
        #: Frames per second of the clip.
        self.rate = video.rate * speed

    def ticks(self, frame: int, first: int) -> int:
        """Time from frame `first` to `frame`; exact but where the unit would be finer than `_FINEST`."""
        counted = ticks(self._video, frame, first)
        return counted if self.time_base == self._unit else round(counted * self._unit / self.time_base)
