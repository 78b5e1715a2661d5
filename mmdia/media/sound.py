"""One sequential decode of a sound track that hands out any number of exact sample ranges.

Sample 0 is the sample at player time 0. Stamps in a container may be rounded (Matroska: 1 ms),
so frames are not placed by their own stamps: a contiguous run is placed once and counted from there,
by the rule of `mmdia.media.packet_facts.find_runs`. Where the rate changes within a track, all of it
is brought to the rate that the track has by its header.

A range comes out with the same bits whatever else was asked for, though decoders carry state
(noise substitution, dither): tracks with packets of one size are decoded in segments fixed by the
film (`mmdia.media.sound_entry`), others always from the first packet. All of two hours of 5.1 cost
about 15 CPU seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import av
import av.container
import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.index import AudioIndex, MediaIndex
from mmdia.media.packet_facts import RUN_HEAD, Floats, find_break, run_place, run_tolerance
from mmdia.media.packets import leave_out_others, packets
from mmdia.media.probe import open_input
from mmdia.media.sound_block import Filling, SoundBlock, SoundRange, fill, is_sane
from mmdia.media.sound_entry import can_enter, decode_parts, plan_parts

__all__ = ["SoundBlock", "SoundRange", "SoundReader", "iter_sound"]

#: Frames over which stamps tell a rate, a change that is none, and how near to a rate they must come.
_LAG, _STEADY, _NEAR = 64, 0.04, 0.015
#: Rates of AAC that share their tables: only between these is sound right that was decoded as the other.
_ALIKE = ({96000, 88200}, {48000, 44100}, {24000, 22050}, {16000, 12000, 11025})
_RATES = sorted(set[int]().union(*_ALIKE))
#: Frames that are held back in tracks whose packets do not tell a change of rate.
_HELD = 64


class SoundReader:
    """Reads a track from its start and completes ranges in order of their ends.

    Args:
        path: The film.
        index: Its index; must hold sound.
        ranges: What is wanted; ranges may overlap and may reach outside the film.

    Raises:
        MediaUnreadable: The index holds no sound.
    """

    def __init__(self, path: str | Path, index: MediaIndex, ranges: Iterable[SoundRange]) -> None:
        if index.audio is None:
            raise MediaUnreadable("the file has no sound", path=path)
        self._index: AudioIndex = index.audio
        self._waiting: deque[SoundRange] = deque(sorted(ranges, key=lambda r: (r.first, r.last)))
        self._active: list[Filling] = []
        self._opened = open_input(path)
        self._container = self._opened.__enter__()
        stream = self._container.streams[index.audio.stream]
        leave_out_others(self._container, stream)
        time_base = stream.time_base or Fraction(1, index.audio.rate)
        if can_enter(index.audio):
            parts = plan_parts(index.audio, self._waiting)
            self._placed = decode_parts(self._container, index.audio, parts)
        else:
            axis = _Axis.of(time_base, index.start, index.audio)
            placed = _place(filter(is_sane, _decoded(self._container, self._index)), axis)
            self._placed = _at_rate(placed, index.audio.rate)
        self._at_end = False
        self._position = -(1 << 62)

    def __enter__(self) -> SoundReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the film."""
        self._placed.close()
        self._opened.__exit__(None, None, None)

    def advance(self, until: int | None = None) -> Iterator[SoundBlock]:
        """Decode up to sample `until` (None: to the last range) and yield what is complete."""
        goal = self._goal() if until is None else until
        while not self._at_end and (self._waiting or self._active):
            if until is not None and self._position >= until:
                return
            step = next(self._placed, None)
            if step is None:
                self._at_end = True
                break
            first, last, frame = step
            if self._active or (self._waiting and self._waiting[0].first < last):
                yield from self._take(first, last, frame)
            else:
                self._position = last
        if self._at_end:
            yield from self._leftovers(goal)

    def _goal(self) -> int:
        ends = [r.last for r in self._waiting] + [f.want.last for f in self._active]
        return max(ends, default=0)

    def _take(self, first: int, last: int, frame: av.AudioFrame) -> Iterator[SoundBlock]:
        self._position = last
        while self._waiting and self._waiting[0].first < last:
            self._active.append(fill(self._waiting.popleft(), self._index))
        done = False
        for filling in self._active:
            filling.add(first, last, frame)
            done = done or filling.want.last <= last
        if done:
            yield from self._complete(last)

    def _complete(self, position: int) -> Iterator[SoundBlock]:
        done = [f for f in self._active if f.want.last <= position]
        self._active = [f for f in self._active if f.want.last > position]
        # Popped, so that a block's samples are gone when its taker is done with them.
        done.reverse()
        while done:
            yield done.pop().block()

    def _leftovers(self, goal: int) -> Iterator[SoundBlock]:
        """What reaches beyond the end of the track, filled up with silence."""
        self._active += [fill(r, self._index) for r in self._waiting]
        self._waiting.clear()
        yield from self._complete(goal)


def iter_sound(
    path: str | Path, index: MediaIndex, *, block_s: float = 20.0, until_s: float | None = None
) -> Iterator[SoundBlock]:
    """The whole track from player time 0 in blocks of `block_s` seconds (keys 0, 1, ...).

    For what listens to a film rather than cuts it; memory is bounded by one block.

    Raises:
        MediaUnreadable: The film cannot be read or has no sound.
    """
    if index.audio is None:
        raise MediaUnreadable("the file has no sound", path=path)
    rate = index.audio.rate
    size = round(block_s * rate)
    end = index.audio.end_s if until_s is None else min(until_s, index.audio.end_s)
    total = max(0, round(end * rate))
    ranges = [
        SoundRange(n, first, min(first + size, total)) for n, first in enumerate(range(0, total, size))
    ]
    with SoundReader(path, index, ranges) as reader:
        yield from reader.advance()


def _decoded(container: av.container.InputContainer, index: AudioIndex) -> Iterator[av.AudioFrame]:
    """Frames of the track; packets that do not decode are passed over (their time stays silent)."""
    stream: Any = container.streams[index.stream]
    stream.codec_context.thread_count = 1
    for packet in packets(container, [stream], index.shifts):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue
    try:
        yield from stream.codec_context.decode(None)
    except av.FFmpegError:
        return


#: Samples [first, last) on the player's axis, and the frame that holds them.
_Placed: TypeAlias = tuple[int, int, av.AudioFrame]
#: Place of a frame, by how much its rate is another than it says, and the frame.
_Held: TypeAlias = tuple[float, float, av.AudioFrame]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Turns stamps into samples of player time; plain floats, since it runs for every frame.

    Attributes:
        rate: The track's samples per second.
        per_tick: Samples per tick of the container.
        start: The container's start, samples.
        tolerance: How far stamps may stray, samples.
        tells_rate: Whether packets tell their own rate; those of AAC do not outside of broadcasts.
    """

    rate: int
    per_tick: float
    start: float
    tolerance: float
    tells_rate: bool

    @classmethod
    def of(cls, time_base: Fraction, start: Fraction, index: AudioIndex) -> _Axis:
        rate = index.rate
        tolerance = run_tolerance(time_base, rate)
        return cls(rate, float(time_base * rate), float(start * rate), tolerance, index.codec != "aac")

    def stamp(self, frame: av.AudioFrame) -> float | None:
        """Player time of a frame's stamp, in samples."""
        pts = frame.pts
        return None if pts is None else pts * self.per_tick - self.start

    def length(self, frame: av.AudioFrame, factor: float = 1.0) -> float:
        """Samples of a frame at the track's own rate; whole but where the rate changes midway."""
        if frame.sample_rate == self.rate and factor in (0, 1):
            return int(frame.samples)
        return float(frame.samples * self.rate / (frame.sample_rate * (factor or 1)))

    def offsets(self, frames: Sequence[av.AudioFrame], factor: float) -> Floats:
        """Stamps of frames in a row, less the samples counted from the first; NaN without a stamp."""
        stamps = [np.nan if (stamp := self.stamp(f)) is None else stamp for f in frames]
        lengths = [self.length(f, factor) for f in frames]
        offsets: Floats = np.array(stamps) - np.cumsum([0, *lengths[:-1]])
        return offsets

    def factor(self, frames: Sequence[av.AudioFrame], offsets: Floats) -> float:
        """By how much frames have another rate than they say, as their stamps tell; 1 where they do not.

        0 where they drift from their stamps, but no rate explains it: they are noise.
        """
        lag = min(_LAG, len(frames) // 2)
        drift = offsets[lag:] - offsets[: len(offsets) - lag]
        if self.tells_rate or not lag or np.isnan(drift).all():
            return 1.0
        said = frames[0].sample_rate
        true = said / (1 + float(np.nanmedian(drift)) / (lag * self.length(frames[0])))
        near = min(_RATES, key=lambda rate: abs(rate - true))
        if abs(true / said - 1) < _STEADY:
            return 1.0
        alike = any({said, near} <= rates for rates in _ALIKE)
        return near / said if alike and abs(near / true - 1) < _NEAR else 0.0

    def back_date(self, held: deque[_Held], position: float, factor: float) -> None:
        """Give frames before a change that was noticed late their rate: from where stamps fit it best."""
        places, at = [], position
        for _, _, frame in reversed(held):
            at -= self.length(frame, factor)
            stamp = self.stamp(frame)
            places.append((at, np.inf if stamp is None else abs(stamp - at)))
        n, (_, off) = min(enumerate(places), key=lambda each: each[1][1], default=(0, (0.0, np.inf)))
        for k in range(n + 1 if off <= self.tolerance else 0):
            held[-1 - k] = (places[k][0], factor, held[-1 - k][2])

    def span(self, position: float, factor: float, frame: av.AudioFrame) -> Iterator[_Placed]:
        """The frame at its place, with the rate that it has; none when it is noise by its false rate."""
        if factor:
            last = position + self.length(frame, factor)
            frame.sample_rate = round(frame.sample_rate * factor)
            yield round(position), round(last), frame


def _place(frames: Iterator[av.AudioFrame], axis: _Axis) -> Generator[_Placed, None, None]:
    """(first, last, frame) on the player's axis for every frame that holds sound."""
    ahead: deque[av.AudioFrame] = deque()
    held: deque[_Held] = deque()
    position: float | None = None
    factor, sure = 1.0, 0
    while (frame := ahead.popleft() if ahead else next(frames, None)) is not None:
        stamp, sure = axis.stamp(frame), sure - 1
        strays = stamp is not None and position is not None and abs(stamp - position) > axis.tolerance
        if position is None or (strays and sure < 0):
            ahead.extend(islice(frames, RUN_HEAD - len(ahead)))
            row = (frame, *ahead)
            strayed = axis.offsets(row, factor) - (position or 0)
            broken = None if position is None else find_break(strayed, axis.tolerance)
            if position is None or broken == 0:
                before, factor = factor, axis.factor(row, axis.offsets(row, 1.0))
                place = run_place(axis.offsets(row, factor), axis.tolerance)
                position = round(place) if place is not None else position or 0
                if factor != before:
                    axis.back_date(held, position, factor)
            else:
                known = len(row) if len(row) <= RUN_HEAD else RUN_HEAD // 2
                sure = (known if broken is None else broken) - 1
        held.append((position, factor, frame))
        position += axis.length(frame, factor)
        while len(held) > (0 if axis.tells_rate else _HELD):
            yield from axis.span(*held.popleft())
    for each in held:
        yield from axis.span(*each)


def _at_rate(placed: Iterable[_Placed], rate: int) -> Generator[_Placed, None, None]:
    """The same at the track's own rate: frames in a row of another one go through one resampler."""
    converter: Any = None
    given: tuple[int, str] | None = None
    at = due = 0

    def out(frames: Iterable[av.AudioFrame]) -> Iterator[_Placed]:
        nonlocal at
        for frame in frames:
            at += frame.samples
            yield at - frame.samples, at, frame

    for first, last, frame in placed:
        kind = (frame.sample_rate, frame.layout.name)
        if converter is not None and (kind != given or abs(first - due) > 1):
            yield from out(converter.resample(None))
            converter = None
        if frame.sample_rate == rate:
            yield first, last, frame
            continue
        if converter is None:
            converter = av.AudioResampler(format="fltp", layout=frame.layout, rate=rate)
            given, at = kind, first
        frame.pts, due = None, last
        yield from out(converter.resample(frame))
    if converter is not None:
        yield from out(converter.resample(None))
