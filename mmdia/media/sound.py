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
from itertools import chain, groupby, islice
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
            placed = (p for p in decode_parts(self._container, index.audio, parts) if is_sane(p[2]))
        else:
            axis = _Axis.of(time_base, index.start, index.audio.rate)
            placed = _place(filter(is_sane, _decoded(self._container, self._index)), axis)
        self._placed = _at_rate(placed, index.audio.rate)
        self._at_end = False
        self._position = -(1 << 62)

    def __enter__(self) -> SoundReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
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


@dataclass(frozen=True, slots=True)
class _Axis:
    """Turns stamps into samples of player time; plain floats, since it runs for every frame."""

    rate: int
    per_tick: float
    start: float
    tolerance: float

    @classmethod
    def of(cls, time_base: Fraction, start: Fraction, rate: int) -> _Axis:
        return cls(rate, float(time_base * rate), float(start * rate), run_tolerance(time_base, rate))

    def stamp(self, frame: av.AudioFrame) -> float | None:
        """Player time of a frame's stamp, in samples."""
        pts = frame.pts
        return None if pts is None else pts * self.per_tick - self.start

    def length(self, frame: av.AudioFrame) -> float:
        """Samples of a frame at the track's own rate; whole but where the rate changes midway."""
        if frame.sample_rate == self.rate:
            return int(frame.samples)
        return float(frame.samples * self.rate / frame.sample_rate)

    def offsets(self, frames: Sequence[av.AudioFrame]) -> Floats:
        """Stamps of frames in a row, less the samples counted from the first; NaN without a stamp."""
        stamps = [np.nan if (stamp := self.stamp(f)) is None else stamp for f in frames]
        offsets: Floats = np.array(stamps) - np.cumsum([0, *map(self.length, frames[:-1])])
        return offsets


def _place(frames: Iterator[av.AudioFrame], axis: _Axis) -> Generator[_Placed, None, None]:
    """(first, last, frame) on the player's axis for every frame that holds sound."""
    ahead: deque[av.AudioFrame] = deque()
    position: float | None = None
    sure = 0
    while (frame := ahead.popleft() if ahead else next(frames, None)) is not None:
        stamp, sure = axis.stamp(frame), sure - 1
        strays = stamp is not None and position is not None and abs(stamp - position) > axis.tolerance
        if position is None or (strays and sure < 0):
            ahead.extend(islice(frames, RUN_HEAD - len(ahead)))
            offsets = axis.offsets((frame, *ahead))
            broken = 0 if position is None else find_break(offsets - position, axis.tolerance)
            if broken == 0:
                place = run_place(offsets, axis.tolerance)
                position = round(place) if place is not None else position or 0
            else:
                known = len(offsets) if len(offsets) <= RUN_HEAD else RUN_HEAD // 2
                sure = (known if broken is None else broken) - 1
        first, position = position or 0, (position or 0) + axis.length(frame)
        yield round(first), round(position), frame


def _at_rate(placed: Iterable[_Placed], rate: int) -> Generator[_Placed, None, None]:
    """The same at the track's own rate: frames in a row of another one go through one resampler."""
    due = joints = 0

    def row(step: _Placed) -> tuple[int, str, int]:
        nonlocal due, joints
        joints += abs(step[0] - due) > 1
        due = step[1]
        return step[2].sample_rate, step[2].layout.name, joints

    for (own, layout, _), steps in groupby(placed, row):
        if own == rate:
            yield from steps
            continue
        at, _, head = next(steps)
        converter: Any = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        try:
            for frame in chain([head], (frame for *_, frame in steps), [None]):
                if frame is not None:
                    frame.pts = None
                for out in converter.resample(frame):
                    yield at, at + out.samples, out
                    at += out.samples
        except av.FFmpegError:
            continue  # damage that looks like another format: silence
