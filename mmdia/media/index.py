"""The index of a film: when each frame is shown, where decoding can start, where sound lies.

One demultiplexing pass, nothing decoded (about 5 CPU seconds for two hours). Everything is told
in *player time*: pts minus the format's start time, edit lists honoured (frames that an edit
hides are not in the index, yet stay in `packet_pts`, since others may be predicted from them).

Containers that round stamps to their tick (Matroska: 1 ms) hide the true times. When all stamps
lie within rounding of a constant rate, the exact grid ``offset + k / rate`` takes their place;
otherwise the stamps stand as they are (variable rate).
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.encrypted import leave_out
from mmdia.media.grid import find_grid
from mmdia.media.packet_facts import NO_PTS as NO_PTS
from mmdia.media.packet_facts import Fields, Uncoded, find_runs, hidden_test, is_entry, packet_size
from mmdia.media.packets import packets
from mmdia.media.probe import codec_name, open_input, picture_streams, sound_streams, start_time
from mmdia.media.tracks import choose_audio

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Raised when the meaning of a stored index changes; part of the cache's key.
INDEX_VERSION = 2

#: Stamps of a stream that fall by more than this tell of a clock that starts over, seconds.
_BACK_S = 1.0
#: Stamps that rise by more than this do so as well: libavformat takes such a clock for one that wrapped.
_ONWARD_S = 3600.0
#: Packets on either side of a jump that say whether it stays.
_AHEAD = 25

#: Share of packets without pts above which display order is counted instead of read.
_TOO_FEW_STAMPS = 0.6


@dataclass(frozen=True)
class VideoIndex:
    """Frames of the picture.

    Attributes:
        stream: Number of the stream in the file.
        time_base: Seconds per tick of `pts`.
        start: The format's start time, seconds.
        pts: Stamps of the frames that are shown, in display order, ticks.
        packet_pts: Stamps of all packets in decoding order, `NO_PTS` where missing.
        keys: Positions (in decoding order) of packets at which decoding can start.
        rate: Frames per second; exact on a grid, nominal otherwise.
        grid: With a constant rate: frame number k of each frame; empty with a variable rate.
        grid_offset: Player second of grid line 0, exact.
        last_duration: Seconds for which the last frame stays on screen.
        aspect: Width of a stored pixel by its height.
        counted: Stamps are missing in the file; decoded frames are counted from the first.
        codec: libavcodec's name of the codec.
        interlaced: Whether frames are two fields each; None when that is not known.
    """

    stream: int
    time_base: Fraction
    start: Fraction
    pts: Ints
    packet_pts: Ints
    keys: Ints
    rate: Fraction
    grid: Ints
    grid_offset: Fraction
    last_duration: Fraction
    aspect: Fraction = Fraction(1)
    counted: bool = False
    codec: str = ""
    interlaced: bool | None = None
    times_ns: Ints = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_ns", self._all_times_ns())

    @property
    def constant(self) -> bool:
        """Whether the frames lie on an exact grid (single frames may be missing from it)."""
        return len(self.grid) > 0

    @property
    def n_frames(self) -> int:
        """How many frames are shown."""
        return len(self.pts)

    @property
    def times_s(self) -> Floats:
        """Player second at which each frame appears, float64 (n_frames,)."""
        return self.times_ns / 1e9

    @property
    def end(self) -> Fraction:
        """Player second at which the last frame ends."""
        return self.time_of(self.n_frames - 1) + self.last_duration

    def time_of(self, frame: int) -> Fraction:
        """Exact player second at which frame number `frame` appears; n_frames gives the end."""
        if frame == self.n_frames:
            return self.end
        if self.constant:
            return self.grid_offset + int(self.grid[frame]) / self.rate
        return int(self.pts[frame]) * self.time_base - self.start

    def frame_at(self, time_ns: int) -> int:
        """The last frame that appears at or before `time_ns`; -1 before the first."""
        return int(np.searchsorted(self.times_ns, time_ns, side="right")) - 1

    def _all_times_ns(self) -> Ints:
        if self.constant:
            unit, base, ticks = 1 / self.rate, self.grid_offset, self.grid
        else:
            unit, base, ticks = self.time_base, -self.start, self.pts
        # Whole and fractional parts apart, so that int64 holds every product.
        step = unit * 1_000_000_000
        whole, rest = divmod(step.numerator, step.denominator)
        if len(ticks) == 0:
            return np.zeros(0, np.int64)
        first = int(ticks[0])
        k = ticks - first
        origin = round(base * 1_000_000_000 + first * step)
        fraction = np.rint(k.astype(np.float64) * (rest / step.denominator)).astype(np.int64)
        return (origin + k * whole + fraction).astype(np.int64)


@dataclass(frozen=True)
class AudioIndex:
    """The sound track chosen.

    Attributes:
        stream: Number of the stream in the file.
        number: Number among the sound tracks.
        rate: Samples per second.
        channels: How many.
        layout: libavutil's name of the layout, for example ``5.1(side)``.
        frame_size: Samples per packet where all are of one size, else 0.
        start: Player second of the first packet, exact as stamped.
        origin_s: The same freed from the container's rounding: mean over the first packets.
        end_s: Player second at which the last packet ends.
        n_packets: How many packets carry sound.
        codec: libavcodec's name of the codec.
        runs: (packet number, its first sample on the player's axis) of each unbroken run of
            packets; empty where `frame_size` is 0.
    """

    stream: int
    number: int
    rate: int
    channels: int
    layout: str
    frame_size: int
    start: Fraction
    origin_s: float
    end_s: float
    n_packets: int
    codec: str = ""
    runs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class MediaIndex:
    """Index of one file: its picture and one sound track, either of which may be missing.

    `encrypted` names those (``video``, ``audio``) that are missing for want of a key.
    """

    container: str
    start: Fraction
    video: VideoIndex | None
    audio: AudioIndex | None
    encrypted: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Player second at which picture and sound have both ended."""
        ends = [float(self.video.end)] if self.video else []
        ends += [self.audio.end_s] if self.audio else []
        return max(ends, default=0.0)


def build_index(path: str | Path, audio_track: str | int | None = None) -> MediaIndex:
    """Index a film in one pass over its packets.

    Args:
        path: The media file.
        audio_track: Which sound track: a number (0 = first), a language ("en", "eng") or None
            for the file's default that is no commentary.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: No media can be read from it.
        UsageError: It has no such sound track.
    """
    with open_input(path) as container:
        video = _main_picture(container)
        sounds = sound_streams(container)
        number = choose_audio(sounds, audio_track, path)
        audio = None if number is None else sounds[number]
        video, audio, encrypted = leave_out(path, container, video, audio)
        if video is None and audio is None:
            raise MediaUnreadable("the file holds neither picture nor sound", path=path)
        start = start_time(container)
        seen = _scan(container, video, audio)
        _refuse_joined(path, video, seen.dts)
        _refuse_joined(path, audio, seen.audio_pts)
        video_index = None if video is None else _index_video(video, start, seen)
        if video_index is None and (audio is None or not len(seen.audio_pts)):
            what = "the picture holds no frame" if video is not None else "the sound holds no packet"
            raise MediaUnreadable(what, path=path, hint="Is the file complete?")
        return MediaIndex(
            container=container.format.name,
            start=start,
            video=video_index,
            audio=None if audio is None or number is None else _index_audio(audio, number, start, seen),
            encrypted=encrypted,
        )


def _refuse_joined(path: str | Path, stream: Any, stamps: array[int]) -> None:
    """Refuse a file whose clock starts over: a second of it would name two places."""
    if stream is None or not stamps:
        return
    known = np.array(stamps, np.int64)
    known = known[known != NO_PTS]
    steps = np.diff(known) * float(stream.time_base or 0.001)
    jumps = [
        k for k in np.flatnonzero((steps < -_BACK_S) | (steps > _ONWARD_S)) if _stays(known, int(k), steps)
    ]
    if jumps:
        raise MediaUnreadable(
            "the file's clock starts over within it: several recordings are joined", path=path,
            expected="time stamps that rise",
            got=f"{len(jumps)} jumps, the first by {steps[jumps[0]]:.0f} s",
            hint="Write it anew: ffmpeg -i FILE -map 0 -c copy fixed.mkv",
            code="clock_jumps",
        )  # fmt: skip


def _stays(known: Ints, at: int, steps: Floats) -> bool:
    """Whether the stamps after a jump go on from there; a single damaged one does not."""
    tick = steps[at] / (int(known[at + 1]) - int(known[at]))
    ahead = float(np.median(known[at + 1 : at + 1 + _AHEAD]))
    behind = float(np.median(known[max(0, at + 1 - _AHEAD) : at + 1]))
    moved = (ahead - behind) * tick
    return bool(moved < -_BACK_S or moved > _ONWARD_S)


def _main_picture(container: av.container.InputContainer) -> av.VideoStream | None:
    pictures = picture_streams(container)
    marked = [s for s in pictures if s.disposition & av.stream.Disposition.default]
    # libavformat marks the first stream of each kind where the file marks none.
    return next(iter(marked or pictures), None)


@dataclass
class _Seen:
    """What the pass over the packets collected."""

    pts: array[int] = field(default_factory=lambda: array("q"))
    dts: array[int] = field(default_factory=lambda: array("q"))
    hidden: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    last_duration: int = 0
    interlaced: bool | None = None
    untold: bool = False
    audio_pts: array[int] = field(default_factory=lambda: array("q"))
    audio_last: int = 0


def _scan(
    container: av.container.InputContainer, video: av.VideoStream | None, audio: av.AudioStream | None
) -> _Seen:
    seen = _Seen()
    codec = "" if video is None else codec_name(video)
    is_hidden = hidden_test(codec)
    fields = None if video is None else Fields(video, codec)
    if video is not None:
        # To be asked before anything is decoded: that may change the decoder's mind.
        seen.untold = "avi" in container.format.name and bool(video.codec_context.has_b_frames)
    sound, number = None if audio is None else audio.index, 0
    top = NO_PTS
    for packet in packets(container, [s for s in (video, audio) if s is not None]):
        pts = packet.pts
        if packet.stream_index == sound:
            seen.audio_pts.append(NO_PTS if pts is None else pts)
            seen.audio_last = packet.duration or 0
            continue
        if packet.is_keyframe and (not seen.keys or codec != "h264" or is_entry(video, packet)):
            seen.keys.append(number)
            if fields is not None:
                fields.look(packet)
        if packet.is_discard or (is_hidden is not None and is_hidden(packet)):
            seen.hidden.append(number)
        seen.pts.append(NO_PTS if pts is None else pts)
        dts = packet.dts
        seen.dts.append(NO_PTS if dts is None else dts)
        if pts is not None and pts >= top:
            top, seen.last_duration = pts, packet.duration or 0
        number += 1
    if isinstance(is_hidden, Uncoded):
        # libavformat tells the display times of MPEG-4 in AVI, unless two pictures share a packet.
        seen.untold = seen.untold and is_hidden.packed
    seen.interlaced = None if fields is None else fields.interlaced
    return seen


def _index_video(stream: av.VideoStream, start: Fraction, seen: _Seen) -> VideoIndex | None:
    time_base = Fraction(stream.time_base or Fraction(1, 1000))
    packet_pts = np.array(seen.pts, np.int64)
    shown = np.ones(len(packet_pts), bool)
    shown[np.array(seen.hidden, np.int64)] = False
    keys = np.array(seen.keys, np.int64)
    if not len(packet_pts) or not len(keys):
        return None
    stamps = np.array(seen.dts, np.int64)
    counted = _must_count(packet_pts, untold=seen.untold)
    if counted:
        # Frames come out one by one in display order, so the n-th frame takes the n-th stamp.
        pts = np.unique(stamps[(stamps != NO_PTS) & shown])
        keys = keys[:1]
    else:
        real = (packet_pts != NO_PTS) & shown
        real[: keys[0]] = False  # before the first key frame nothing can be decoded
        pts = np.unique(packet_pts[real])
        first_key = packet_pts[keys[0]]
        if shown[keys[0]]:
            # Leading pictures of the first key frame refer to what the file does not hold.
            pts = pts[pts >= first_key]
    if not len(pts):
        return None
    rate, grid, offset = find_grid(stream, pts, time_base, start)
    step = 1 / rate
    last = seen.last_duration * time_base
    if len(grid) or last <= 0 or last > 10 * step:
        last = step
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return VideoIndex(
        stream.index, time_base, start, pts, packet_pts, keys, rate, grid, offset, last,
        aspect if aspect > 0 else Fraction(1), counted, codec_name(stream), seen.interlaced,
    )  # fmt: skip


def _must_count(pts: Ints, *, untold: bool) -> bool:
    """Whether stamps do not tell when pictures are shown, so that decoded frames are counted.

    AVI holds decoding order only; where pictures are reordered, libavformat just counts on.
    """
    known = pts[pts != NO_PTS]
    if len(known) < (1 - _TOO_FEW_STAMPS) * len(pts):
        return True
    return untold


def _index_audio(stream: av.AudioStream, number: int, start: Fraction, seen: _Seen) -> AudioIndex:
    time_base = Fraction(stream.time_base or Fraction(1, stream.sample_rate))
    stamps = np.array(seen.audio_pts, np.int64)
    pts = stamps[stamps != NO_PTS]
    codec = codec_name(stream)
    size = stream.codec_context.frame_size or packet_size(codec, pts, time_base, stream.sample_rate)
    first = int(pts[0]) * time_base - start if len(pts) else Fraction(0)
    origin = float(first)
    head = pts[:1500]
    if size and len(head) > 50:
        offs = (head - head[0]) * float(time_base) - np.arange(len(head)) * size / stream.sample_rate
        near = np.abs(offs - np.median(offs)) < 2e-3
        if near.mean() > 0.95:
            origin += float(offs[near].mean())
    end = float(first) if not len(pts) else float((int(pts[-1]) + seen.audio_last) * time_base - start)
    return AudioIndex(
        stream=stream.index,
        number=number,
        rate=stream.sample_rate,
        channels=stream.codec_context.channels,
        layout=stream.layout.name,
        frame_size=size,
        start=first,
        origin_s=origin,
        end_s=end,
        n_packets=len(stamps),
        codec=codec,
        runs=find_runs(stamps, time_base, start, stream.sample_rate, size) if size else (),
    )


def require_video(index: MediaIndex, path: str | Path) -> VideoIndex:
    """The picture's index.

    Raises:
        UsageError: The file has no moving picture.
    """
    if index.video is not None:
        return index.video
    raise UsageError("the file has no moving picture", path=path)
