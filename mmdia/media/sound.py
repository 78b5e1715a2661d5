"""One sequential decode of a sound track that hands out any number of exact sample ranges.

Sample 0 is the sample at player time 0. Stamps in a container may be rounded (Matroska: 1 ms),
so frames are not placed by their own stamps: a contiguous run is placed once, by the mean of
(stamp - samples counted so far) over its first frames, and counted from there. A stamp that
disagrees with the count starts a new run.

Decoding always starts at the first packet, even when only the last minute is wanted: decoders
carry state (noise substitution, dither), and only so does a range come out with the same bits
whatever else was asked for. It costs about 13 CPU seconds for two hours of 5.1.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Hashable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, TypeAlias

import av
import av.container
import numpy as np
import numpy.typing as npt

from mmdia.errors import MediaUnreadable
from mmdia.media.index import AudioIndex, MediaIndex, packets
from mmdia.media.probe import open_input

Floats32 = npt.NDArray[np.float32]

#: Stamps may stray this far from the count of samples before a new run starts, seconds.
_RUN_TOLERANCE_S = 0.003
#: Frames over which the place of a run is averaged (about ten seconds of AAC).
_RUN_HEAD = 480


@dataclass(frozen=True, slots=True)
class SoundRange:
    """A request: samples [first, last) at the source rate, on the player's axis."""

    key: Hashable
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A range that is complete.

    Attributes:
        key: The request's key.
        samples: float32 (channels, last - first), -1..1; zeros where the film has no sound.
        first: The player's sample that `samples` begins with.
        covered: Ranges [first, last) of the player's samples that the film has, in order.
    """

    key: Hashable
    samples: Floats32
    first: int
    covered: tuple[tuple[int, int], ...]

    def missing(self, first: int, last: int) -> int:
        """How many of the player's samples [first, last) the film does not have (zeros here)."""
        held = sum(max(0, min(b, last) - max(a, first)) for a, b in self.covered)
        return max(0, last - first - held)


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
        self._waiting = deque(sorted(ranges, key=lambda r: (r.first, r.last)))
        self._active: list[_Filling] = []
        self._opened = open_input(path)
        self._container = self._opened.__enter__()
        stream = self._container.streams[index.audio.stream]
        time_base = stream.time_base or Fraction(1, index.audio.rate)
        axis = _Axis.of(time_base, index.start, index.audio.rate)
        self._placed = _place(_decoded(self._container, self._index), axis)
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
            yield from self._take(*step)
        if self._at_end:
            yield from self._leftovers(goal)

    def _goal(self) -> int:
        ends = [r.last for r in self._waiting] + [f.want.last for f in self._active]
        return max(ends, default=0)

    def _take(self, first: int, frame: av.AudioFrame) -> Iterator[SoundBlock]:
        last = first + frame.samples
        self._position = last
        while self._waiting and self._waiting[0].first < last:
            self._active.append(_Filling(self._waiting.popleft(), self._index.channels))
        if not self._active:
            return
        if any(f.want.first < last and f.want.last > first for f in self._active):
            samples = _as_float(frame, self._index)
            for filling in self._active:
                filling.put(first, samples)
        yield from self._complete(last)

    def _complete(self, position: int) -> Iterator[SoundBlock]:
        done = [f for f in self._active if f.want.last <= position]
        self._active = [f for f in self._active if f.want.last > position]
        for filling in done:
            yield filling.block()

    def _leftovers(self, goal: int) -> Iterator[SoundBlock]:
        """What reaches beyond the end of the track, filled up with silence."""
        self._active += [_Filling(r, self._index.channels) for r in self._waiting]
        self._waiting.clear()
        yield from self._complete(goal)


class _Filling:
    """A range on its way to being complete."""

    def __init__(self, want: SoundRange, channels: int) -> None:
        self.want = want
        self._samples = np.zeros((channels, max(0, want.last - want.first)), np.float32)
        self._covered: list[tuple[int, int]] = []

    def put(self, first: int, samples: Floats32) -> None:
        low = max(first, self.want.first)
        high = min(first + samples.shape[1], self.want.last)
        if high > low:
            at = self.want.first
            self._samples[:, low - at : high - at] = samples[:, low - first : high - first]
            if self._covered and self._covered[-1][1] == low:
                self._covered[-1] = (self._covered[-1][0], high)
            else:
                self._covered.append((low, high))

    def block(self) -> SoundBlock:
        return SoundBlock(self.want.key, self._samples, self.want.first, tuple(self._covered))


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
    for packet in packets(container, [stream]):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue
    try:
        yield from stream.codec_context.decode(None)
    except av.FFmpegError:
        return


#: First sample on the player's axis, and the frame.
_Placed: TypeAlias = tuple[int, av.AudioFrame]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Turns stamps into samples of player time; plain floats, since it runs for every frame."""

    rate: int
    per_tick: float
    start: float
    tolerance: float

    @classmethod
    def of(cls, time_base: Fraction, start: Fraction, rate: int) -> _Axis:
        tolerance = max(_RUN_TOLERANCE_S, 1.5 * float(time_base)) * rate
        return cls(rate, float(time_base * rate), float(start * rate), tolerance)

    def stamp(self, frame: av.AudioFrame) -> float | None:
        """Player time of a frame's stamp, in samples."""
        pts = frame.pts
        return None if pts is None else pts * self.per_tick - self.start

    def length(self, frame: av.AudioFrame) -> int:
        """Samples of a frame at the track's own rate."""
        if frame.sample_rate == self.rate:
            return int(frame.samples)
        return round(frame.samples * Fraction(self.rate, frame.sample_rate))


def _place(frames: Iterator[av.AudioFrame], axis: _Axis) -> Generator[_Placed, None, None]:
    """(first sample on the player's axis, frame) for every frame that holds sound."""
    ahead: deque[av.AudioFrame] = deque()
    position: int | None = None
    while True:
        frame = ahead.popleft() if ahead else next(frames, None)
        if frame is None:
            return
        stamp = axis.stamp(frame)
        if position is None or (stamp is not None and abs(stamp - position) > axis.tolerance):
            while len(ahead) < _RUN_HEAD and (following := next(frames, None)) is not None:
                ahead.append(following)
            anchored = _anchor(frame, ahead, axis)
            position = anchored if anchored is not None else position or 0
        yield position, frame
        position += axis.length(frame)


def _anchor(frame: av.AudioFrame, ahead: Iterable[av.AudioFrame], axis: _Axis) -> int | None:
    """Place of `frame` by the mean over the run that it begins."""
    offsets: list[float] = []
    counted = 0
    for each in (frame, *ahead):
        stamp = axis.stamp(each)
        if stamp is not None:
            if offsets and abs(stamp - counted - offsets[0]) > axis.tolerance:
                break
            offsets.append(stamp - counted)
        counted += axis.length(each)
    return round(sum(offsets) / len(offsets)) if offsets else None


def _as_float(frame: av.AudioFrame, index: AudioIndex) -> Floats32:
    """Samples of a frame, float32 (channels of the index, n), full scale = 1."""
    if frame.sample_rate != index.rate or frame.layout.nb_channels != index.channels:
        frame = _conform(frame, index)
    samples: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, index.channels).T
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif samples.dtype.kind == "i":
        samples = samples / float(1 << (8 * samples.dtype.itemsize - 1))
    floats: Floats32 = samples.astype(np.float32, copy=False)
    return floats


def _conform(frame: av.AudioFrame, index: AudioIndex) -> av.AudioFrame:
    """Broadcasts change rate and layout on the way: bring a frame back to the track's own."""
    converter = av.AudioResampler(format="fltp", layout=index.layout, rate=index.rate)
    wanted = round(frame.samples * Fraction(index.rate, frame.sample_rate))
    frame.pts = None
    parts = [f.to_ndarray() for f in (*converter.resample(frame), *converter.resample(None))]
    joined = np.concatenate([*parts, np.zeros((index.channels, 0), np.float32)], axis=1)[:, :wanted]
    padded = np.pad(joined, ((0, 0), (0, wanted - joined.shape[1])))
    whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(padded), format="fltp", layout=index.layout)
    whole.sample_rate = index.rate
    return whole
