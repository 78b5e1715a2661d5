"""Clips whose pictures are the film's own, copied packet by packet: no generation is lost.

Pictures can be decoded from a key frame only, and some refer to later ones. So a clip holds all
packets from the key frame before the window to the last one that the window needs, and an edit
list shows the window alone: its first and last frames are exact, and it starts at 0. Stamps are
written anew: the exact grid where the film has one; decoding stamps are rebuilt from the decoding
order (Matroska and AVI leave them out). The sound is copied likewise where mp4 holds its codec,
to the sample; other codecs are encoded to AAC from the window's exact samples.

**Readers that ignore edit lists show too much**: decord and OpenCV's frame count take in the
hidden frames before and after the window. FFmpeg, PyAV, torchcodec and players honour the list.

`VideoFacts.sha256` is taken over the coded pictures as they lie in the clip, hidden ones too:
``ffmpeg -ignore_editlist 1 -i CLIP -map 0:v -c copy -f hash -hash sha256 -`` tells the same.
Nothing is decoded here: what was written is read back by its packets and its edit list.
"""

from __future__ import annotations

import errno
import math
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable
from mmdia.media.colour import Look
from mmdia.media.copied_sound import SoundPackets, SoundSpan, aac_stream, encode_aac
from mmdia.media.edit_list import set_ends
from mmdia.media.frames import check_same, plan, ticks
from mmdia.media.index import NO_PTS, Ints, MediaIndex, VideoIndex, require_video
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import open_input
from mmdia.media.verify import check_copy
from mmdia.media.video import VideoFacts
from mmdia.media.window import Window
from mmdia.schema.time import format_rate

#: Codecs of pictures that mp4 holds in a way that readers know. MPEG-1 is none: libavformat takes its
#: packets apart anew, and an edit list then hides other pictures than it names.
_HELD = frozenset({"h264", "hevc", "av1", "vp9", "mpeg4", "mpeg2video"})

#: Finest unit of a movie's header: a clip of five minutes still counts in 32 bits.
_FINEST = 12_000_000


def copy_refusal(index: MediaIndex, window: Window | None = None) -> str | None:
    """Why no clip of this film, or of this window, can be copied into mp4; None when it can."""
    video = index.video
    if video is None:
        return "the film has no moving picture"
    if video.codec not in _HELD:
        return f"mp4 cannot hold pictures coded as {video.codec or 'unknown'}"
    if video.counted:
        return "the film does not say when its pictures are shown, so they cannot be placed undecoded"
    if window is not None:
        last = window.first_frame + window.n_frames - 1
        if video.aspect_of(window.first_frame) != video.aspect_of(last):
            return "the picture changes its shape within the window, and mp4 names one only"
    return None


class CopyWriter:
    """Writes one window. `copy_clips` fills it; then call `finish`.

    Args:
        path: Where to; mp4 whatever the name ends in.
        index: The film's index.
        window: The window.
        sound: Whether the clip carries the window's sound.

    Attributes:
        first_packet: First packet of the picture that the clip holds.
        last_packet: Its last one, inclusive.
        span: Packets of sound to copy; None when none are.
        wants_samples: Whether `finish` needs the window's samples: its sound cannot be copied.
        failure: What went wrong on the way; `finish` raises it, so that no clip costs another.

    Raises:
        MediaUnreadable: The window cannot be copied.
    """

    def __init__(self, path: str | Path, index: MediaIndex, window: Window, *, sound: bool = True) -> None:
        refusal = copy_refusal(index, window)
        if refusal is not None:
            raise MediaUnreadable(
                refusal, hint="Encode this film anew: --profile video.", code="not_copyable"
            )
        self.path, self.window, self.n_frames = Path(path), window, window.n_frames
        self._video, self._audio = require_video(index, path), index.audio if sound else None
        span = None if self._audio is None else SoundSpan.of(self._audio, window)
        self.wants_samples = self._audio is not None and span is None
        self.span = span if span is not None and span.first_packet < span.last_packet else None
        shown = np.arange(window.first_frame, window.first_frame + window.n_frames)
        stretches = plan(self._video, shown)
        self.first_packet = min(s.first for s in stretches)
        self.last_packet = max(s.last for s in stretches)
        keys = self._video.keys
        if self._video.described is not None and self.last_packet >= self._video.described:
            raise MediaUnreadable(
                "the film changes its headers before the window ends", code="not_copyable"
            )
        self._keys = set(keys[(keys >= self.first_packet) & (keys <= self.last_packet)].tolist())
        self._base = Fraction(1, _tick(self._video).denominator)
        self._stamps = _stamps(self._video, window, self.first_packet, self.last_packet)
        self._out: Any = None
        self._look = Look()
        self._picture: Any = None
        self._sound: Any = None
        self._facts: VideoFacts | None = None
        self.failure: Exception | None = None

    @property
    def facts(self) -> VideoFacts:
        """What the receipt tells; there after `finish`.

        Raises:
            MediaUnreadable: The clip is not finished.
        """
        if self._facts is None:
            raise MediaUnreadable("the clip is not finished", path=self.path)
        return self._facts

    def attempt(self, step: Literal["open", "put_picture", "put_sound"], *given: Any) -> None:
        """Take a step unless one went wrong before."""
        try:
            if self.failure is None:
                getattr(self, step)(*given)
        except MediaUnreadable as error:
            self.failure = error
        except av.FFmpegError as error:
            self.failure = error  # a full disk keeps its number; what the muxer refuses is the film's
            if error.errno == errno.EINVAL:
                self.failure = MediaUnreadable(
                    "the muxer refuses packets of the film", got=str(error), code="not_copyable"
                )

    def open(self, picture: Any, sound: Any) -> None:
        """Start the file like the film's streams `picture` and `sound` (None: no sound is copied).

        Raises:
            av.FFmpegError: The disk refuses.
            MediaUnreadable: mp4 cannot hold the picture.
        """
        scale = _movie_scale(self._base, self._audio.rate if self._audio else 48000)
        self._out = av.open(
            str(self.path), "w", format="mp4",
            # The muxer waits for sound that comes last when it is encoded; a second is enough.
            options={"movflags": "+faststart", "movie_timescale": str(scale),
                     "avoid_negative_ts": "disabled", "max_interleave_delta": "1000000",
                     "strict": "unofficial"},  # or the record of Dolby Vision is dropped
        )  # fmt: skip
        try:
            self._picture = self._out.add_stream_from_template(picture, opaque=True)
        except (ValueError, av.FFmpegError) as error:
            raise MediaUnreadable(
                "mp4 cannot hold this picture", path=self.path, got=str(error), code="not_copyable"
            ) from error
        self._picture.time_base = self._base
        self._look = Look.of(picture)
        context, aspect = self._picture.codec_context, self._video.aspect_of(self.window.first_frame)
        self._look = self._look._replace(sample_aspect_ratio=f"{aspect.numerator}:{aspect.denominator}")
        if aspect != 1 or context.sample_aspect_ratio:
            context.sample_aspect_ratio = aspect  # what the container says is not part of the template
        if self._video.codec == "hevc" and picture.codec_context.codec_tag not in ("hev1", "dvhe"):
            context.codec_tag = "hvc1"  # some players know no other
        if self.span is not None and sound is not None:
            self._sound = self._out.add_stream_from_template(sound, opaque=True)
        elif self.wants_samples and self._audio is not None:
            self._sound = aac_stream(self._out, self._audio.rate, self._audio.channels)

    def put_picture(self, number: int, packet: Any) -> None:
        """Copy packet `number` of the picture."""
        stamps = self._stamps.get(number)
        if stamps is None:
            return
        copy = av.Packet(bytes(packet))
        copy.time_base, copy.stream = self._base, self._picture
        copy.pts, copy.dts, copy.duration = stamps
        # Readers start at the last key picture before the window: it must be a clean one.
        copy.is_keyframe = number in self._keys
        self._out.mux(copy)

    def put_sound(self, sample: int, packet: Any) -> None:
        """Copy a packet of sound whose first sample is the player's sample `sample`."""
        if self.span is None or self._audio is None:
            return
        copy = av.Packet(bytes(packet))
        copy.time_base, copy.stream = Fraction(1, self._audio.rate), self._sound
        copy.pts = copy.dts = sample - self.span.first
        copy.duration, copy.is_keyframe = self._audio.frame_size, True
        self._out.mux(copy)

    def finish(self, samples: npt.NDArray[np.float32] | None, rate: int, layout: str) -> None:
        """Close the clip, set its ends and read it back.

        Args:
            samples: float32 (channels, n), the window's sound; None unless `wants_samples`.
            rate: Samples per second.
            layout: libavutil's name of their layout.

        Raises:
            av.FFmpegError: The disk refuses.
            MediaUnreadable: What lies there is not what was meant.
        """
        if self.failure is not None:
            raise self.failure
        sounding = self._sound is not None and self.span is not None
        length = Fraction(0)
        if self._sound is not None and samples is not None and samples.size:
            for packet in encode_aac(self._sound, samples, rate, layout):
                self._out.mux(packet)
            sounding, length = True, Fraction(samples.shape[1], rate)
        elif self.span is not None and self._audio is not None:
            length = Fraction(self.span.last - self.span.first, self._audio.rate)
        self._out.close()
        self._out = None
        shown = self._end() * self._base
        set_ends(self.path, {"vide": shown, "soun": length})
        self._check(shown, sounding=sounding)

    def abandon(self) -> None:
        """Drop the clip and what was written of it."""
        if self._out is not None:
            try:
                self._out.close()
            except av.FFmpegError:
                pass
            self._out = None
        self.path.unlink(missing_ok=True)

    def _check(self, shown: Fraction, *, sounding: bool) -> None:
        seen = check_copy(self.path)
        meant = (self.n_frames, 0.0, len(self._stamps), sounding)
        found = (seen.n_frames, seen.first_pts, seen.n_packets, seen.has_audio)
        if found != meant or abs(seen.end_s - float(shown)) > 1e-6:
            raise MediaUnreadable(
                "the clip was not copied whole", path=self.path, expected=(*meant, float(shown)),
                got=(*found, seen.end_s),
            )  # fmt: skip
        self._facts = VideoFacts(
            fps=format_rate(self._video.rate),
            first_pts=0.0,
            n_frames=self.n_frames,
            sha256=seen.sha256,
            width=seen.width,
            height=seen.height,
            constant_rate=self._video.constant,
            codec=self._video.codec,
            edit_list=True,
            interlaced=self._video.interlaced,
            **self._look._asdict(),
        )

    def _end(self) -> int:
        """Ticks shown."""
        first = self.window.first_frame
        return ticks(self._video, first + self.n_frames, first) * _tick(self._video).numerator


def copy_clips(path: str | Path, index: MediaIndex, writers: Sequence[CopyWriter]) -> Iterator[CopyWriter]:
    """Fill the writers in one pass over the film's packets; nothing is decoded.

    Picture and sound are read through two handles, since files may be badly interleaved.

    Yields:
        Each writer whose packets have all come, in order of their last picture; call its `finish`
        then. Writers whose packets do not come (the film is damaged) are not yielded.

    Raises:
        MediaUnreadable: The file cannot be opened, or is not the one that was indexed.
    """
    video = require_video(index, path)
    waiting = deque(sorted(writers, key=lambda w: w.first_packet))
    spans = [w for w in writers if w.span is not None]
    sound = _Sound(path, index, writers) if spans else None
    try:
        with open_input(path) as container:
            stream: Any = container.streams[video.stream]
            leave_out_others(container, stream)
            active: list[CopyWriter] = []
            for number, packet in enumerate(packets(container, [stream], video.shifts)):
                if not active and (not waiting or number < waiting[0].first_packet):
                    if not waiting:
                        return
                    continue
                check_same(packet, number, video, path)
                while waiting and waiting[0].first_packet <= number:
                    active.append(waiting.popleft())
                    active[-1].attempt("open", stream, None if sound is None else sound.stream)
                for writer in active:
                    writer.attempt("put_picture", number, packet)
                for writer in [w for w in active if w.last_packet == number]:
                    if sound is not None:
                        sound.give(writer)
                    active.remove(writer)
                    yield writer
    finally:
        if sound is not None:
            sound.close()


class _Sound:
    """Hands packets of sound to writers; keeps those that later writers want too."""

    def __init__(self, path: str | Path, index: MediaIndex, writers: Sequence[CopyWriter]) -> None:
        if index.audio is None:
            raise MediaUnreadable("the film has no sound", path=path)
        self._source = SoundPackets(path, index.audio)
        self.stream = self._source.stream
        self._left = {id(w): w.span for w in writers if w.span is not None}
        self._kept: deque[tuple[int, int, Any]] = deque()

    def give(self, writer: CopyWriter) -> None:
        """Let a writer have all its sound."""
        span = self._left.pop(id(writer), None)
        if span is None:
            return
        wanted = min([span.first_packet, *(s.first_packet for s in self._left.values())])
        self._kept.extend(p for p in self._source.until(span.last_packet) if p[0] >= wanted)
        while self._kept and self._kept[0][0] < wanted:
            self._kept.popleft()
        for number, sample, packet in self._kept:
            if span.first_packet <= number < span.last_packet:
                writer.attempt("put_sound", sample, packet)

    def close(self) -> None:
        """Close the film."""
        self._source.close()


def _stamps(video: VideoIndex, window: Window, first: int, last: int) -> dict[int, tuple[int, int, int]]:
    """(display stamp, decoding stamp, duration) of the packets to copy; a' is tick 0.

    Raises:
        MediaUnreadable: Packets have no display stamps, or share one, or the film hides some
            within the window.
    """
    pts = video.packet_pts[first : last + 1]
    place = np.searchsorted(video.pts, pts).clip(max=video.n_frames - 1)
    hidden = video.pts[place] != pts
    numbers = np.arange(first, last + 1)
    if video.codec == "mpeg4":
        # Pictures that are not coded show nothing new: the ones before simply stay longer.
        numbers, pts, place, hidden = (x[~hidden] for x in (numbers, pts, place, hidden))
    shown, unit = _on_axis(video, window, pts, place, hidden)
    ordered = np.sort(shown)
    inside = hidden & (shown >= 0) & (pts <= video.pts[window.first_frame + window.n_frames - 1])
    if inside.any() or (pts == NO_PTS).any() or (len(ordered) > 1 and np.diff(ordered).min() < 1):
        raise MediaUnreadable(
            "pictures of this window have no display times of their own", code="not_copyable"
        )
    rank = np.searchsorted(ordered, shown)
    delay = int((np.arange(len(shown)) - rank).max())
    steps = np.append(np.diff(ordered), max(1, round(1 / video.rate / _tick(video))))
    head = ordered[0] - int(steps.min()) * np.arange(delay, 0, -1)
    decode = np.concatenate([head, ordered[: len(ordered) - delay]])
    rows = np.stack([shown, decode, steps[rank]]) * unit
    return {n: (a, b, c) for n, (a, b, c) in zip(numbers.tolist(), rows.T.tolist(), strict=True)}


def _on_axis(video: VideoIndex, window: Window, pts: Ints, place: Ints, hidden: Any) -> tuple[Ints, int]:
    """Stamps from a' on in whole steps, and how many ticks of the clip a step has."""
    start = window.first_frame
    if not video.constant:
        return pts - int(video.pts[start]), video.time_base.numerator
    # Hidden packets lie off the list of frames, but on the same grid.
    per_frame = float(1 / (video.rate * video.time_base))
    near = np.rint((pts - video.pts[0]).astype(np.float64) / per_frame).astype(np.int64)
    exact = np.where(hidden, near, video.grid[place])
    return exact - int(video.grid[start]), _tick(video).numerator


def _tick(video: VideoIndex) -> Fraction:
    """Seconds in which pictures are counted: one frame on a grid."""
    return 1 / video.rate if video.constant else video.time_base


def _movie_scale(base: Fraction, rate: int) -> int:
    """A unit for the movie's header in which pictures and samples come out whole."""
    common = math.lcm(base.denominator, rate)
    return common if common <= _FINEST else base.denominator * max(1, rate // base.denominator)
