"""Ranges of a sound track on their way from decoded frames to arrays.

Frames are copied plane by plane through the buffer protocol, many at a time and only the channels
that are needed: turning every frame into an array of its own costs more than decoding it. A range
that is wanted in mono is reduced as it comes in, so that a long window holds one channel of
samples, not eight.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mmdia.media.index import AudioIndex
from mmdia.media.mix import SILENCE, Floats32, channel_names, mix, mono_weights, peak

#: First sample on the player's axis, and the frame that begins there.
Placed = tuple[int, av.AudioFrame]

#: Samples that a range holds as frames before it copies them out, and before a range in mono that
#: still waits for its centre channel mixes them down: seconds.
_BATCH_S, _WAIT_S = 1.0, 20.0
#: Samples that are copied at once: more would leave the processor's cache.
_STRETCH = 1 << 15

#: libavutil's sample formats, planar or not: type of the numbers, offset and full scale.
_FORMATS: dict[str, tuple[type[Any], int, float]] = {
    "u8": (np.uint8, 128, 2.0**7),
    "s16": (np.int16, 0, 2.0**15),
    "s32": (np.int32, 0, 2.0**31),
    "s64": (np.int64, 0, 2.0**63),
    "flt": (np.float32, 0, 1.0),
    "dbl": (np.float64, 0, 1.0),
}


#: More channels than any film has.
_MOST_CHANNELS = 32


@dataclass(frozen=True, slots=True)
class SoundRange:
    """A request: samples [first, last) at the source rate, on the player's axis.

    Attributes:
        key: Names the range in its block.
        first: First sample.
        last: One past the last.
        mono: Reduce to one channel by the rules of `mmdia.media.mix`.
        guard: Samples at either end that have no say in whether the centre channel is silent.
    """

    key: Hashable
    first: int
    last: int
    mono: bool = False
    guard: int = 0


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A range that is complete.

    Attributes:
        key: The request's key.
        samples: float32 (channels, last - first), -1..1; zeros where the film has no sound.
        first: The player's sample that `samples` begins with.
        covered: Ranges [first, last) of the player's samples that the film has, in order.
        rule: Channel rule by which a mono range was reduced to (1, n); None of other ranges.
    """

    key: Hashable
    samples: Floats32
    first: int
    covered: tuple[tuple[int, int], ...]
    rule: str | None = None

    def missing(self, first: int, last: int) -> int:
        """How many of the player's samples [first, last) the film does not have (zeros here)."""
        held = sum(max(0, min(b, last) - max(a, first)) for a, b in self.covered)
        return max(0, last - first - held)


class Filling:
    """A range on its way to being complete, all channels."""

    def __init__(self, want: SoundRange, index: AudioIndex) -> None:
        self.want, self._index = want, index
        self._length = max(0, want.last - want.first)
        self._held: list[Placed] = []
        self._batch = self._count = 0
        self._limit = round(_BATCH_S * index.rate)
        self._covered: list[tuple[int, int]] = []
        self._samples = self._room(1 if want.mono else index.channels)

    def add(self, first: int, last: int, frame: av.AudioFrame) -> None:
        """Take a frame that holds the player's samples [first, last), some of them wanted."""
        low, high = max(first, self.want.first), min(last, self.want.last)
        if high <= low:
            return
        if self._covered and self._covered[-1][1] == low:
            self._covered[-1] = (self._covered[-1][0], high)
        else:
            self._covered.append((low, high))
        self._held.append((first, frame))
        self._count += last - first
        if self._count >= self._limit:
            self._flush()

    def block(self) -> SoundBlock:
        """The complete range."""
        self._flush()
        return SoundBlock(self.want.key, self._samples, self.want.first, tuple(self._covered))

    def _flush(self) -> None:
        self._copy(self._held, range(self._index.channels), self._samples)
        self._held, self._count = [], 0

    def _room(self, channels: int) -> Floats32:
        # Pages of zeros cost nothing until they are written.
        return np.zeros((channels, self._length), np.float32)

    def _copy(self, frames: Iterable[Placed], channels: Sequence[int], out: Floats32) -> None:
        for first, rows in as_floats(frames, self._index, channels):
            low = max(first, self.want.first)
            high = min(first + rows.shape[1], self.want.last)
            at = self.want.first
            out[:, low - at : high - at] = rows[:, low - first : high - first]


class MonoFilling(Filling):
    """The same, reduced to one channel on the way.

    While the centre channel has not been heard, frames are kept for the downmix; from then on only
    the centre is copied.
    """

    def __init__(self, want: SoundRange, index: AudioIndex) -> None:
        super().__init__(want, index)
        names = channel_names(index.layout, index.channels)
        self._centre = names.index("FC") if "FC" in names and len(names) > 1 else None
        self._weights = mono_weights(names)
        self._all = range(index.channels)
        self._waiting: list[Placed] = []
        self._waited = 0
        self._most = round(_WAIT_S * index.rate)
        self._heard, self._others = False, False
        self._mixed: Floats32 | None = None

    def block(self) -> SoundBlock:
        """The complete range, one channel, and the rule it was reduced by."""
        self._flush()
        rule = "mono" if self._index.channels == 1 else "itu"
        samples = self._samples
        if self._centre is not None:
            self._mix_waiting()
            rule = "fc" if self._heard or not self._others else "itu"
            if rule == "itu" and self._mixed is not None:
                samples = self._mixed
        return SoundBlock(self.want.key, samples, self.want.first, tuple(self._covered), rule)

    def _flush(self) -> None:
        if self._centre is None:
            if self._index.channels == 1:
                self._copy(self._held, self._all, self._samples)
            else:
                self._copy_mixed(self._held, self._samples)
        else:
            self._copy(self._held, [self._centre], self._samples)
            if not self._heard and self._held:
                self._listen()
        self._held, self._count = [], 0

    def _listen(self) -> None:
        """Has the centre been heard by now? If not, keep the frames a while for the downmix."""
        low = max(self._held[0][0], self.want.first + self.want.guard)
        last_first, last = self._held[-1]
        length = round(last.samples * self._index.rate / last.sample_rate)
        high = min(last_first + length, self.want.last - self.want.guard)
        at = self.want.first
        if high > low and peak(self._samples[0, low - at : high - at]) >= SILENCE:
            self._heard, self._waiting, self._mixed = True, [], None
            return
        self._waiting += self._held
        self._waited += self._count
        if self._waited >= self._most:
            self._mix_waiting()

    def _mix_waiting(self) -> None:
        if self._heard or not self._waiting:
            return
        if self._mixed is None:
            self._mixed = self._room(1)
        self._copy_mixed(self._waiting, self._mixed)
        self._waiting, self._waited = [], 0

    def _copy_mixed(self, frames: Iterable[Placed], out: Floats32) -> None:
        """Mix down; also notes whether any channel is heard in the window proper."""
        start, inner = self.want.first, self.want.guard
        for first, rows in as_floats(frames, self._index, self._all):
            low = max(first, start)
            high = min(first + rows.shape[1], self.want.last)
            part = rows[:, low - first : high - first]
            out[:, low - start : high - start] = mix(self._weights, part)
            if not self._others:
                a, b = max(0, start + inner - low), max(0, self.want.last - inner - low)
                self._others = peak(part[:, a:b]) >= SILENCE


def fill(want: SoundRange, index: AudioIndex) -> Filling:
    """What collects the range."""
    return MonoFilling(want, index) if want.mono else Filling(want, index)


def as_floats(
    frames: Iterable[Placed], index: AudioIndex, channels: Sequence[int]
) -> Iterable[tuple[int, Floats32]]:
    """Stretches of frames without a break: (first sample, float32 (len(channels), n))."""
    for run in _unbroken((p for p in frames if is_sane(p[1])), index):
        first, frame = run[0]
        if frame.sample_rate == index.rate and frame.layout.nb_channels == index.channels:
            yield first, _rows([f for _, f in run], channels)
        else:
            try:
                yield first, _conform([f for _, f in run], index)[list(channels)]
            except av.FFmpegError:
                continue  # damage that looks like another format: silence


def is_sane(frame: av.AudioFrame) -> bool:
    """Damaged packets decode to frames of any rate and any number of channels."""
    return 1 <= frame.layout.nb_channels <= _MOST_CHANNELS and 4000 <= frame.sample_rate <= 768_000


def _unbroken(frames: Iterable[Placed], index: AudioIndex) -> Iterable[list[Placed]]:
    """Neighbours of one kind whose places follow on each other (to a sample of rounding)."""
    for _, group in groupby(frames, key=lambda p: _kind(p[1])):
        run: list[Placed] = []
        due = 0.0
        for first, frame in group:
            # Frames of a strange rate stay together: their resampler sees them whole.
            full = run and frame.sample_rate == index.rate and first - run[0][0] >= _STRETCH
            if run and (full or abs(first - due) > 1):
                yield run
                run = []
            if not run:
                due = first
            run.append((first, frame))
            due += frame.samples * index.rate / frame.sample_rate
        yield run


def _kind(frame: av.AudioFrame) -> tuple[int, int, str]:
    return frame.sample_rate, frame.layout.nb_channels, frame.format.name


def _rows(frames: Sequence[av.AudioFrame], channels: Sequence[int]) -> Floats32:
    """Frames of one kind, joined: float32 (len(channels), n), full scale = 1."""
    name, planar = frames[0].format.name, frames[0].format.is_planar
    dtype, zero, scale = _FORMATS[name.removesuffix("p") if planar else name]
    width = frames[0].layout.nb_channels
    total = sum(frame.samples for frame in frames)
    joined: npt.NDArray[Any] = np.empty((len(channels), total), dtype)
    at = 0
    for frame in frames:
        n = frame.samples
        planes: Any = frame.planes
        if planar:
            for row, channel in enumerate(channels):
                joined[row, at : at + n] = np.frombuffer(planes[channel], dtype, n)
        else:
            whole = np.frombuffer(planes[0], dtype, n * width).reshape(n, width)
            joined[:, at : at + n] = whole.T[list(channels)] if len(channels) < width else whole.T
        at += n
    if zero or scale != 1.0:
        # Powers of two: up to 24 bit nothing is rounded.
        joined = joined.astype(np.float32)
        joined -= np.float32(zero)
        joined *= np.float32(1 / scale)
    floats: Floats32 = joined.astype(np.float32, copy=False)
    return floats


def _conform(frames: Sequence[av.AudioFrame], index: AudioIndex) -> Floats32:
    """Broadcasts change rate and layout on the way: bring frames back to the track's own."""
    layout = frames[0].layout.name
    rows = np.ascontiguousarray(_rows(frames, range(frames[0].layout.nb_channels)))
    joined = av.AudioFrame.from_ndarray(rows, format="fltp", layout=layout)
    joined.sample_rate = frames[0].sample_rate
    converter = av.AudioResampler(format="fltp", layout=index.layout, rate=index.rate)
    parts = [f.to_ndarray() for f in (*converter.resample(joined), *converter.resample(None))]
    wanted = round(rows.shape[1] * index.rate / joined.sample_rate)
    out = np.concatenate([*parts, np.zeros((index.channels, 0), np.float32)], axis=1)[:, :wanted]
    return np.pad(out, ((0, 0), (0, wanted - out.shape[1])))
