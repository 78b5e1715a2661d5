"""What packets tell before they are decoded: which show nothing, how sound runs on, fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mmdia.media.packets import brings_headers

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Stands for "no pts" in an array of stamps.
NO_PTS: int = int(np.iinfo(np.int64).min)

#: Samples per packet that codecs with packets of one size may have.
_SIZES = {
    "ac3": (1536,),
    "eac3": (1536, 768, 512, 256),
    "opus": (960, 120, 240, 480, 1920, 2880),
    "mp3": (1152, 576),
}

#: Stamps may stray this far from the count of samples before a new run starts, seconds.
_RUN_TOLERANCE_S = 0.0015
#: Packets over which the place of a run is averaged (about ten seconds of AAC).
RUN_HEAD = 480
#: So many stamps in a row that stray to one side have moved for good. Blocks of Matroska and of
#: broadcasts hold eight packets and more under one stamp; those of the others are guessed: they stray,
#: and come back with the next block.
STAYS = 32
#: Share of guessed stamps' returns that agree on the place.
_AGREE = 0.75
#: So many runs one after the other that all drift by more than this share of their length tell of
#: packets that last longer, or shorter, than is believed.
_MANY, _DRIFT = 4, 0.035

#: After its start code, a picture of MPEG-4 that is not coded holds this much at most, bytes.
_EMPTY_SIZE = 3
_START = b"\x00\x00\x01"
#: Larger packets bring a picture.
_BARE = 256
#: First bytes of what is no part of a picture, in codecs that may send it alone: headers, messages, ends.
_MPEG = frozenset((0xB2, 0xB3, 0xB5, 0xB7, 0xB8))
_PICTURES = {
    "h264": frozenset(kind | ref << 5 for kind in range(6, 13) for ref in range(4)),
    "hevc": frozenset(kind << 1 for kind in range(32, 41)),
    "mpeg1video": _MPEG,
    "mpeg2video": _MPEG,
}

#: Codecs whose pictures may be fields, and codecs that know none.
_FIELDS = frozenset({"h264", "mpeg2video", "mpeg4", "vc1", "hevc", "dvvideo", "prores", "ffv1", "mjpeg"})
_NO_FIELDS = frozenset({"vp8", "vp9", "av1", "theora"})

#: Formats that say nothing of a pixel's shape, so that the pictures' own headers do, which may change.
_SHAPELESS = frozenset({"mpegts", "mpeg"})
#: Sequence headers, by codec, that decide the size of pictures and the shape of their pixels.
_SHAPE_HEADERS = {
    codec: re.compile(rb"\x00\x00\x01" + kind + rb".*?(?=\x00\x00\x01|\Z)", re.DOTALL)
    for codec, kind in {
        "mpeg1video": rb"\xb3", "mpeg2video": rb"\xb3", "h264": rb"[\x27\x47\x67]", "hevc": rb"\x42\x01"
    }.items()
}  # fmt: skip

#: First byte of the same in packets that say the size of each unit.
_SIZED_HEADERS = {"h264": frozenset({0x27, 0x47, 0x67}), "hevc": frozenset({0x42})}

#: Share of packets without pts above which display order is counted instead of read.
_TOO_FEW_STAMPS = 0.6


def hidden_test(codec: str) -> Callable[[Any], bool] | None:
    """A test for packets that bring no picture of their own; None where a codec has none.

    VP8's alternate references are packets that are never shown. MPEG-4 marks "nothing new" by
    pictures that are not coded: the picture before stays on screen. Where two pictures were
    packed into the packet before, as DivX did in AVI, such a mark only holds the second's place.
    """
    if codec == "vp8":
        return lambda packet: not bytes(packet)[0] & 0x10
    if codec in _PICTURES:
        return lambda packet: lacks_picture(codec, packet)
    return Uncoded() if codec == "mpeg4" else None


def lacks_picture(codec: str, packet: Any) -> bool:
    """Whether a packet holds but headers, messages or an end mark, at which some decoders complain.

    A damaged picture is none: all of the packet must be what it says, down to its length.
    """
    if codec not in _PICTURES or packet.size > _BARE:
        return False
    data = bytes(packet)
    marked = data.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01"))
    if marked or codec.startswith("mpeg"):
        kinds = [part[0] for part in data.split(b"\x00\x00\x01")[1:] if part]
        marked = marked and bool(kinds)
    else:
        kinds, at = [], 0
        while at + 4 < len(data):
            kinds.append(data[at + 4])
            at += 4 + int.from_bytes(data[at : at + 4], "big")
        marked = at == len(data)
    return marked and all(kind in _PICTURES[codec] for kind in kinds)


class Uncoded:
    """Tells the pictures of MPEG-4 that are not coded; to be asked about every packet in turn.

    Attributes:
        packed: Whether a packet held two pictures.
    """

    def __init__(self) -> None:
        self._owed = 0
        self.packed = False

    def __call__(self, packet: Any) -> bool:
        """Whether this packet, the next in decoding order, brings no picture."""
        coded = 0
        for picture in bytes(packet).split(_START + b"\xb6")[1:]:
            end = picture.find(_START, 0, _EMPTY_SIZE + len(_START))
            coded += (len(picture) if end < 0 else end) > _EMPTY_SIZE
        if coded:
            # Several packets may come before the places of what they hold too much.
            self._owed += coded - 1
            self.packed = self.packed or coded > 1
            return False
        hidden = self._owed == 0
        self._owed = max(0, self._owed - 1)
        return hidden


def is_entry(stream: Any, packet: Any) -> bool:
    """Whether decoding can start at this key packet of H.264 and is right from its picture on.

    H.264 also marks points from which the picture heals over the following frames (gradual
    intra refresh); starting there shows damage or nothing for a while.
    """
    # mp4 and Matroska say the size of each unit; transport streams put a mark between units.
    sized = (stream.codec_context.extradata or b"")[:1] == b"\x01"
    for unit in _h264_units(bytes(packet), sized=sized):
        kind = unit[0] & 0x1F
        if kind in (1, 5):
            return True
        if kind == 6 and _heals_late(unit[1:]):
            return False
    return True


def _h264_units(data: bytes, *, sized: bool) -> Iterator[bytes]:
    """The units of a packet, the large ones cut short."""
    if not sized:
        for part in data.split(b"\x00\x00\x01", 12)[1:]:
            if part:
                yield part
        return
    at = 0
    while at + 5 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length:
            yield data[at + 4 : at + 4 + min(length, 4096)]
        at += 4 + length


def _heals_late(messages: bytes) -> bool:
    """Whether supplemental messages hold a recovery point that lies in later frames."""
    at = 0
    while at + 2 <= len(messages):
        kind, at = _sum_of_bytes(messages, at)
        size, at = _sum_of_bytes(messages, at)
        if kind == 6 and at < len(messages):
            # recovery_frame_cnt is an Exp-Golomb number; a leading 1 bit says zero.
            return not messages[at] & 0x80
        at += size
    return False


def _sum_of_bytes(data: bytes, at: int) -> tuple[int, int]:
    total = 0
    while at < len(data) and data[at] == 255:
        total, at = total + 255, at + 1
    return total + (data[at] if at < len(data) else 0), at + 1


class Fields:
    """Learns from a few key pictures, ever farther apart, whether frames are interlaced.

    Each picture whose header is another tells what shape its pixels have.

    Attributes:
        interlaced: Whether frames are two fields each; None when that is not known.
        aspects: (packet number, width of a stored pixel by its height) from which on it is so.
    """

    def __init__(self, stream: Any, codec: str, container: str = "") -> None:
        self._context: Any = stream.codec_context
        self._codec, self._marked = codec, container in _SHAPELESS
        self._header = b""
        self.aspects: list[tuple[int, Fraction]] = []
        self._n_keys, self._next = 0, 0
        order = getattr(self._context, "field_order", 0)
        told = int(order) if isinstance(order, int) else 0
        self.interlaced: bool | None = None if told == 0 else told > 1
        if codec in _NO_FIELDS:
            self.interlaced = False
        self._asks = codec in _FIELDS and self.interlaced is not True

    def look(self, packet: Any, number: int) -> None:
        """Take a key picture into account; numbers 0, 1, 2, 4, 8 ... are decoded."""
        header = self._shape_header(packet)
        changed = not self.aspects or (bool(header) and header != self._header)
        due = self._asks and self._n_keys == self._next
        if due:
            self._next = max(1, 2 * self._next)
        if due or changed:
            self._decode(packet)
        if changed:
            self._header = header
            aspect = self._context.sample_aspect_ratio or Fraction(1)
            if not self.aspects or self.aspects[-1][1] != aspect:
                self.aspects.append((number, aspect))
        self._n_keys += 1

    def _shape_header(self, packet: Any) -> bytes:
        """What of a key packet decides its pixels' shape; empty where it brings nothing."""
        if brings_headers(packet):
            return bytes(packet.get_sidedata("new_extradata"))
        if self._marked:
            pattern = _SHAPE_HEADERS.get(self._codec)
            found = None if pattern is None else pattern.search(bytes(packet))
            return b"" if found is None else found.group()
        kinds = _SIZED_HEADERS.get(self._codec)
        if kinds is None or (self._context.extradata or b"")[:1] != b"\x01":
            return b""
        return next(
            (unit for unit in _h264_units(bytes(packet), sized=True) if unit[0] & 0x7F in kinds), b""
        )

    def _decode(self, packet: Any) -> None:
        try:
            frames = list(packet.decode()) + list(self._context.decode(None))
        except av.FFmpegError:
            frames = []
        self._context.flush_buffers()
        if frames:
            self.interlaced = bool(self.interlaced) or any(f.interlaced_frame for f in frames)
        self._asks = self.interlaced is not True


def aspects_by_frame(
    aspects: list[tuple[int, Fraction]], packet_pts: Ints, pts: Ints
) -> tuple[tuple[int, Fraction], ...]:
    """Changes of shape by the frame that shows them first, and not by their packet."""
    if len(aspects) < 2:
        return ()
    known = np.where(packet_pts == NO_PTS, np.iinfo(np.int64).max, packet_pts)
    return tuple((int(np.searchsorted(pts, known[packet:].min())), aspect) for packet, aspect in aspects)


def must_count(pts: Ints, *, untold: bool) -> bool:
    """Whether stamps do not tell when pictures are shown, so that decoded frames are counted.

    AVI holds decoding order only; where pictures are reordered, libavformat just counts on.
    """
    return untold or bool((pts != NO_PTS).sum() < (1 - _TOO_FEW_STAMPS) * len(pts))


def packet_size(codec: str, pts: Ints, time_base: Fraction, rate: int) -> int:
    """Samples per packet where all packets are of one known size, else 0."""
    sizes = _SIZES.get(codec, ())
    head = pts[:1500]
    if not sizes or len(head) < 8:
        return 0
    spacing = float(np.median(np.diff(head)) * time_base) * rate
    mean = float((head[-1] - head[0]) * time_base) * rate / (len(head) - 1)
    tick = float(time_base) * rate
    for size in sizes:
        if abs(spacing - size) <= tick and abs(mean - size) < 0.02 * size:
            return size
    return 0


def find_runs(
    stamps: Ints, time_base: Fraction, start: Fraction, rate: int, size: int
) -> tuple[tuple[int, int], ...]:
    """(packet number, first sample on the player's axis) of each run without a break.

    Stamps may be rounded (Matroska: 1 ms), so a run is placed once, by `run_place`, and counted from
    there; stamps that move away from the count for good (`find_break`) start another run. The same
    rule places decoded frames (`media.sound`) and strings those of the proof (`media.plain_sound`).
    No run at all where packets are not of this size: the rate changes within the track, say.
    """
    if not len(stamps):
        return ()
    offsets = stamps * float(time_base * rate) - float(start * rate) - np.arange(len(stamps)) * float(size)
    offsets[stamps == NO_PTS] = np.nan
    tolerance = run_tolerance(time_base, rate)
    runs: list[tuple[int, int]] = []
    at, n, drifting = 0, len(stamps), 0
    while at < n:
        head = offsets[at : at + RUN_HEAD + 1]
        mean = run_place(head, tolerance)
        if mean is None:
            at += 1 if not runs else len(head)
            continue
        place = round(mean)
        if runs:
            number, first = runs[-1]
            moved = abs(place - (first - number * size)) > _DRIFT * size * (at - number)
            drifting = drifting + 1 if moved else 0
            if drifting == _MANY:
                return ()
        runs.append((at, place + at * size))
        broken = find_break(offsets[at + 1 :] - place, tolerance)
        if broken is None:
            break
        at += 1 + broken
    return tuple(runs)


def run_tolerance(time_base: Fraction, rate: int) -> float:
    """How far a stamp may stray from the count of a run, samples."""
    return max(_RUN_TOLERANCE_S, 1.5 * float(time_base)) * rate


def run_place(offsets: Floats, tolerance: float) -> float | None:
    """Where the run that begins with these packets lies.

    Args:
        offsets: Stamp less samples counted so far, in samples; NaN without a stamp.
        tolerance: `run_tolerance`.

    Returns:
        The mean over the run, stamps that stray left out; of guessed stamps that come back time and
        again, over those that came back. None without any stamp.
    """
    known = offsets[~np.isnan(offsets)]
    if not len(known):
        return None
    run = known[: find_break(known - known[0], tolerance)]
    wide = 2 * tolerance  # guesses may stray by as much as runs part at, from one to the next
    back = run[1:][np.abs(np.diff(run)) > wide]
    often = len(back) > 1 and (len(back) + 1) * STAYS >= len(run)  # the first block begins the run
    if often and np.mean(np.abs(back - np.median(back)) <= wide) >= _AGREE:
        run = back
    middle = np.sort(run)[len(run) // 2]  # one of them: the mean of two may be near to none
    return float(run[np.abs(run - middle) <= tolerance].mean())


def find_break(strays: Floats, tolerance: float) -> int | None:
    """The first packet from which on stamps stray to one side and do not come back; None without.

    Args:
        strays: Stamp less place by the run's count, in samples; NaN without a stamp.
        tolerance: `run_tolerance`.
    """
    known = np.flatnonzero(~np.isnan(strays))
    beyond = np.where(np.abs(strays[known]) > tolerance, np.sign(strays[known]), 0)
    starts = np.flatnonzero(np.diff(beyond, prepend=0))
    ends = np.append(starts, len(beyond))[1:]
    sides = beyond[starts]
    # At the end there is nothing to come back: there a deviation stays that has not come back before.
    last = (ends == len(beyond)) & ~np.isin(sides, sides[:-1])
    stays = (sides != 0) & ((ends - starts >= STAYS) | last)
    if not stays.any():
        return None
    start, end = starts[stays][0], ends[stays][0]
    # Guesses just before the move may lean to the same side: it is where they exceed those that came back.
    leant = np.abs(strays[known][:start][beyond[:start] == beyond[start]]).max(initial=0)
    return int(known[start + np.argmax(np.abs(strays[known][start:end]) > leant)])
