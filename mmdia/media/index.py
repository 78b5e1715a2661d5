"""The index of a film: when each frame is shown, where decoding can start, where sound lies.

One demultiplexing pass, nothing decoded (about 5 CPU seconds for two hours). Everything is told
in *player time*: pts minus the format's start time, edit lists honoured (frames that an edit
hides are not in the index, yet stay in `packet_pts`, since others may be predicted from them).

Containers that round stamps to their tick (Matroska: 1 ms) hide the true times. When all stamps
lie within rounding of a constant rate, the exact grid ``offset + k / rate`` takes their place;
otherwise the stamps stand as they are (variable rate).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.probe import codec_name, open_input, picture_streams, sound_streams, start_time
from mmdia.media.tracks import choose_audio
from mmdia.schema.time import snap_rate

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Raised when the meaning of a stored index changes; part of the cache's key.
INDEX_VERSION = 1

#: Stands for "no pts" in `packet_pts`.
NO_PTS = np.iinfo(np.int64).min

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
        frame_size: Samples per packet where the codec fixes it, else 0.
        start: Player second of the first packet, exact as stamped.
        origin_s: The same freed from the container's rounding: mean over the first packets.
        end_s: Player second at which the last packet ends.
        n_packets: How many packets carry sound.
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


@dataclass(frozen=True)
class MediaIndex:
    """Index of one file: its picture and one sound track, either of which may be missing."""

    container: str
    start: Fraction
    video: VideoIndex | None
    audio: AudioIndex | None

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
        if video is None and audio is None:
            raise MediaUnreadable("the file holds neither picture nor sound", path=path)
        start = start_time(container)
        seen = _scan(container, video, audio)
        video_index = None if video is None else _index_video(video, start, seen)
        if video_index is None and audio is None:
            raise MediaUnreadable("the picture holds no frame", path=path, hint="Is the file complete?")
        return MediaIndex(
            container=container.format.name,
            start=start,
            video=video_index,
            audio=None if audio is None or number is None else _index_audio(audio, number, start, seen),
        )


def _main_picture(container: av.container.InputContainer) -> av.VideoStream | None:
    pictures = picture_streams(container)
    marked = [s for s in pictures if s.disposition & av.stream.Disposition.default]
    # libavformat marks the first stream of each kind where the file marks none.
    return next(iter(marked or pictures), None)


@dataclass
class _Seen:
    """What the pass over the packets collected."""

    pts: list[int] = field(default_factory=list)
    dts: list[int] = field(default_factory=list)
    shown: list[bool] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    last_duration: int = 0
    audio_pts: list[int] = field(default_factory=list)
    audio_last: int = 0


def _scan(
    container: av.container.InputContainer, video: av.VideoStream | None, audio: av.AudioStream | None
) -> _Seen:
    seen = _Seen()
    vp8 = video is not None and codec_name(video) == "vp8"
    top = NO_PTS
    for packet in packets(container, [s for s in (video, audio) if s is not None]):
        pts = packet.pts
        if packet.stream is audio:
            if pts is not None:
                seen.audio_pts.append(pts)
                seen.audio_last = packet.duration or 0
            continue
        if packet.is_keyframe:
            seen.keys.append(len(seen.pts))
        # Alternate references of VP8 are packets of their own that are never shown.
        hidden = packet.is_discard or (vp8 and not bytes(packet)[0] & 0x10)
        seen.pts.append(NO_PTS if pts is None else pts)
        seen.dts.append(NO_PTS if packet.dts is None else packet.dts)
        seen.shown.append(not hidden)
        if pts is not None and pts >= top:
            top, seen.last_duration = pts, packet.duration or 0
    return seen


def packets(container: av.container.InputContainer, streams: Sequence[Any]) -> Any:
    """Packets that hold data, in file order: what a damaged tail holds is left out.

    Every pass over a file uses this, so that the n-th packet is the same one in all of them.
    """
    try:
        for packet in container.demux(*streams):
            if packet.size:
                yield packet
    except (av.FFmpegError, OSError):
        return


def _index_video(stream: av.VideoStream, start: Fraction, seen: _Seen) -> VideoIndex | None:
    time_base = Fraction(stream.time_base or Fraction(1, 1000))
    packet_pts = np.array(seen.pts, np.int64)
    shown = np.array(seen.shown, bool)
    keys = np.array(seen.keys, np.int64)
    if not len(packet_pts) or not len(keys):
        return None
    counted = float(np.mean(packet_pts == NO_PTS)) > _TOO_FEW_STAMPS
    if counted:
        # Packed streams (H.264 in AVI) carry decoding stamps only: frames come out one by one
        # in display order, so the n-th frame takes the n-th stamp.
        stamps = np.array(seen.dts, np.int64)
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
    rate, grid, offset = _find_grid(stream, pts, time_base, start)
    step = 1 / rate
    last = seen.last_duration * time_base
    if len(grid) or last <= 0 or last > 10 * step:
        last = step
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    return VideoIndex(
        stream.index, time_base, start, pts, packet_pts, keys, rate, grid, offset, last,
        aspect if aspect > 0 else Fraction(1), counted,
    )  # fmt: skip


def _find_grid(
    stream: av.VideoStream, pts: Ints, time_base: Fraction, start: Fraction
) -> tuple[Fraction, Ints, Fraction]:
    """(rate, grid numbers, offset) when `pts` are a constant rate rounded to the tick."""
    told = [r for r in (stream.guessed_rate, stream.average_rate, stream.base_rate) if r and 0 < r < 1000]
    if len(pts) > 1:
        # A header may lie; the median step does not.
        told.append(1 / (Fraction(int(np.median(np.diff(pts)))) * time_base))
    rates = list(dict.fromkeys([snap_rate(r) for r in told] + [Fraction(r) for r in told]))
    for rate in rates:
        found = _fit_grid(pts, time_base, start, rate)
        if found is not None:
            return rate, *found
    nominal = rates[0] if rates else Fraction(25)
    return nominal, np.zeros(0, np.int64), Fraction(0)


def _fit_grid(
    pts: Ints, time_base: Fraction, start: Fraction, rate: Fraction
) -> tuple[Ints, Fraction] | None:
    """Grid numbers and offset when every stamp is within 3/4 tick of the grid, else None.

    Rounding alone gives up to 1/2 tick; the rest is room for the estimate of the offset.
    """
    ticks_per_frame = 1 / (rate * time_base)
    if ticks_per_frame < Fraction(3, 2) and ticks_per_frame != 1:
        return None
    from_first = (pts - pts[0]).astype(np.float64)
    k = np.rint(from_first / float(ticks_per_frame)).astype(np.int64)
    if len(k) > 1 and np.diff(k).min() < 1:
        return None
    if k[-1] >= 1.5 * len(k):
        # Most lines of so fine a grid are empty: the film's rate varies, whatever its header says.
        return None
    exact = (pts - pts[0]) * ticks_per_frame.denominator == k * ticks_per_frame.numerator
    if exact.all():
        return k, int(pts[0]) * time_base - start
    residual = from_first - k * float(ticks_per_frame)
    mean = float(residual.mean())
    if np.abs(residual - mean).max() > 0.75:
        return None
    nanos = round(mean * float(time_base) * 1e9)
    return k, int(pts[0]) * time_base - start + Fraction(nanos, 1_000_000_000)


def _index_audio(stream: av.AudioStream, number: int, start: Fraction, seen: _Seen) -> AudioIndex:
    time_base = Fraction(stream.time_base or Fraction(1, stream.sample_rate))
    pts = np.array(seen.audio_pts, np.int64)
    size = stream.codec_context.frame_size or 0
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
        n_packets=len(pts),
    )


def require_video(index: MediaIndex, path: str | Path) -> VideoIndex:
    """The picture's index.

    Raises:
        UsageError: The file has no moving picture.
    """
    if index.video is None:
        raise UsageError("the file has no moving picture", path=path)
    return index.video
