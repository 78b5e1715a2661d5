"""The index of a film: when each frame is shown, where decoding can start, where sound lies.

One demultiplexing pass, nothing decoded (about 5 CPU seconds for two hours). Everything is told
in *player time*: pts minus the format's start time, edit lists honoured (frames that an edit
hides are not in the index, yet stay in `packet_pts`, since others may be predicted from them).

Containers that round stamps to their tick (Matroska: 1 ms) hide the true times. When all stamps
lie within rounding of a constant rate, the exact grid ``offset + k / rate`` takes their place;
otherwise the stamps stand as they are (variable rate).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import av.container
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.encrypted import leave_out
from mmdia.media.grid import find_grid, in_ns
from mmdia.media.joints import Joints
from mmdia.media.packet_facts import NO_PTS as NO_PTS
from mmdia.media.packet_facts import (
    aspects_by_frame,
    find_runs,
    must_count,
    packet_size,
)
from mmdia.media.packets import Shifts
from mmdia.media.probe import codec_name, main_picture, open_input, sound_streams, start_time
from mmdia.media.refusal import nothing_comes, unstamped
from mmdia.media.scan import Seen, lay_joined, scan
from mmdia.media.tracks import choose_audio

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Raised when the meaning of a stored index changes; part of the cache's key.
INDEX_VERSION = 6


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
        shifts: Where recordings are joined, see `mmdia.media.joints`.
        described: First packet that needs other headers than the track's first; None for none.
        aspects: (frame, pixel aspect from it on) where that changes within the film.
        transfer: Number of the transfer characteristic in ITU-T H.273; 2 where it is not told.
        primaries: Number of the primaries likewise.
        dolby_vision: Dolby Vision's profile; None for a film without.
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
    shifts: Shifts = ()
    described: int | None = None
    aspects: tuple[tuple[int, Fraction], ...] = ()
    transfer: int = 2
    primaries: int = 2
    dolby_vision: int | None = None
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

    def aspect_of(self, frame: int) -> Fraction:
        """Width of a stored pixel by its height, in frame number `frame`."""
        return next((aspect for first, aspect in reversed(self.aspects) if first <= frame), self.aspect)

    def frame_at(self, time_ns: int) -> int:
        """The last frame that appears at or before `time_ns`; -1 before the first."""
        return int(np.searchsorted(self.times_ns, time_ns, side="right")) - 1

    def _all_times_ns(self) -> Ints:
        if self.constant:
            unit, base, ticks = 1 / self.rate, self.grid_offset, self.grid
        else:
            unit, base, ticks = self.time_base, -self.start, self.pts
        return in_ns(ticks, unit, base)


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
        end_s: Player second at which the last packet ends.
        n_packets: How many packets carry sound.
        codec: libavcodec's name of the codec.
        runs: (packet number, its first sample on the player's axis) of each unbroken run of
            packets; empty where `frame_size` is 0.
        shifts: Where recordings are joined, see `mmdia.media.joints`.
    """

    stream: int
    number: int
    rate: int
    channels: int
    layout: str
    frame_size: int
    start: Fraction
    end_s: float
    n_packets: int
    codec: str = ""
    runs: tuple[tuple[int, int], ...] = ()
    shifts: Shifts = ()


@dataclass(frozen=True)
class MediaIndex:
    """Index of one file: its picture and one sound track, either of which may be missing.

    `encrypted` names those (``video``, ``audio``) that are missing for want of a key, `damaged` those
    that the file names and that do not come (``stamps``: pictures come, but nothing says when).
    """

    container: str
    start: Fraction
    video: VideoIndex | None
    audio: AudioIndex | None
    encrypted: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()

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
        video = main_picture(container)
        sounds = sound_streams(container)
        number = choose_audio(sounds, audio_track, path)
        audio = None if number is None else sounds[number]
        video, audio, encrypted = leave_out(path, container, video, audio)
        if video is None and audio is None:
            raise MediaUnreadable("the file holds neither picture nor sound", path=path)
        start = start_time(container)
        seen = scan(container, video, audio)
        stamps = chain(seen.pts, seen.dts, seen.audio_pts)
        if (seen.pts or seen.audio_pts) and all(stamp == NO_PTS for stamp in stamps):
            raise unstamped(Path(path))
        joints = lay_joined(path, container.format.name, video, audio, seen)
        if joints.video and joints.video[0][0] == 0 and joints.video[0][1]:
            # The format's start may be the stamp that strayed.
            firsts = [(s, pts[0]) for s, pts in ((video, seen.pts), (audio, seen.audio_pts)) if s and pts]
            start = min(Fraction(s.time_base) * first for s, first in firsts if first != NO_PTS)
        sound = audio and _index_audio(audio, number or 0, start, seen, joints)
        picture = video and _index_video(video, start, seen, joints.video)
        if picture is None and (audio is None or not len(seen.audio_pts)):
            what = "the picture holds no frame" if video is not None else "the sound holds no packet"
            raise nothing_comes(Path(path), container.format.name, what)
        damaged: tuple[str, ...] = ()
        if picture is None and video is not None and (len(seen.pts) or video.frames or video.duration):
            untold = len(seen.pts) and all(stamp == NO_PTS for stamp in seen.pts)
            damaged = ("stamps" if untold else "video",)
        return MediaIndex(container.format.name, start, picture, sound, encrypted, damaged)


def _index_video(stream: av.VideoStream, start: Fraction, seen: Seen, shifts: Shifts) -> VideoIndex | None:
    time_base = Fraction(stream.time_base or Fraction(1, 1000))
    packet_pts = np.array(seen.pts, np.int64)
    shown = np.ones(len(packet_pts), bool)
    shown[np.array(seen.hidden, np.int64)] = False
    keys = np.array(seen.keys, np.int64)
    if not len(packet_pts) or not len(keys):
        return None
    stamps = np.array(seen.dts, np.int64)
    counted = must_count(packet_pts, untold=seen.untold)
    if counted:
        # Frames come out one by one in display order, so the n-th frame takes the n-th stamp.
        pts = np.unique(stamps[(stamps != NO_PTS) & shown])
        keys = keys[:1]
    else:
        real = (packet_pts != NO_PTS) & shown
        real[: keys[0]] = False  # before the first key frame nothing can be decoded
        pts = np.unique(packet_pts[real])
        if shown[keys[0]]:
            # Leading pictures of the first key frame refer to what the file does not hold.
            pts = pts[pts >= packet_pts[keys[0]]]
    if not len(pts):
        return None
    rate, grid, offset = find_grid(stream, pts, time_base, start)
    last = seen.last_duration * time_base
    if len(grid) or last <= 0 or last > 10 / rate:
        last = 1 / rate
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    shapes = seen.aspects
    if seen.described is None and stream.sample_aspect_ratio:
        # The container has the word, until pictures say of themselves that they are others.
        shapes = [(number, aspect if own == shapes[0][1] else own) for number, own in shapes]
    return VideoIndex(
        stream.index, time_base, start, pts, packet_pts, keys, rate, grid, offset, last,
        aspect if aspect > 0 else Fraction(1), counted, codec_name(stream), seen.interlaced,
        shifts, seen.described, aspects_by_frame(shapes, packet_pts, pts), *seen.colours,
        seen.dolby_vision,
    )  # fmt: skip


def _index_audio(
    stream: av.AudioStream, number: int, start: Fraction, seen: Seen, joints: Joints
) -> AudioIndex:
    time_base = Fraction(stream.time_base or Fraction(1, stream.sample_rate))
    stamps = np.array(seen.audio_pts, np.int64)
    sure = np.delete(stamps, joints.stray_sound)
    pts = sure[sure != NO_PTS]
    codec = codec_name(stream)
    size = stream.codec_context.frame_size or packet_size(codec, pts, time_base, stream.sample_rate)
    first = int(pts[0]) * time_base - start if len(pts) else Fraction(0)
    end = float(first) if not len(pts) else float((int(pts[-1]) + seen.audio_last) * time_base - start)
    return AudioIndex(
        stream=stream.index,
        number=number,
        rate=stream.sample_rate,
        channels=stream.codec_context.channels,
        layout=stream.layout.name,
        frame_size=size,
        start=first,
        end_s=end,
        n_packets=len(stamps),
        codec=codec,
        runs=find_runs(stamps, time_base, start, stream.sample_rate, size) if size else (),
        shifts=joints.audio,
    )


def require_video(index: MediaIndex, path: str | Path) -> VideoIndex:
    """The picture's index.

    Raises:
        UsageError: The file has no moving picture.
    """
    if index.video is not None:
        return index.video
    raise UsageError("the file has no moving picture", path=path)
