"""Ranges of a sound track on their way from decoded frames to arrays.

Frames are copied plane by plane through the buffer protocol, many at a time and only the channels
that are needed: turning every frame into an array of its own costs more than decoding it. A range
that is wanted in mono is reduced as it comes in, so that a long window holds one channel of
samples, not eight.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mmdia.media.index import AudioIndex
from mmdia.media.mix import (
    SILENCE,
    Channels,
    Floats32,
    channel_names,
    choose_mix,
    downmixes,
    mix,
    peak,
    to_layout,
)

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
        rule: Reduce to one channel or two by the rules of `mmdia.media.mix`; ``keep`` all.
        guard: Samples at either end that have no say in how the range is reduced.
        everything: The track's channels are wanted besides.
    """

    key: Hashable
    first: int
    last: int
    rule: Channels = "keep"
    guard: int = 0
    everything: bool = False


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A range that is complete.

    Attributes:
        key: The request's key.
        samples: float32 (channels, last - first), -1..1; zeros where the film has no sound.
        first: The player's sample that `samples` begins with.
        covered: Ranges [first, last) of the player's samples that the film has, in order.
        rule: Channel rule by which the range was reduced, several joined by "+" where the film's layout
            changes within it; None where all channels are kept.
        whole: All channels of the track, where they were wanted besides.
    """

    key: Hashable
    samples: Floats32
    first: int
    covered: tuple[tuple[int, int], ...]
    rule: str | None = None
    whole: Floats32 | None = None

    def missing(self, first: int, last: int) -> int:
        """How many of the player's samples [first, last) the film does not have (zeros here)."""
        held = sum(max(0, min(b, last) - max(a, first)) for a, b in self.covered)
        return max(0, last - first - held)


class Filling:
    """A range on its way to being complete: the track's channels, or two.

    A film's sound may change its layout on the way: each stretch of one layout is reduced by itself, as
    if all of the film had it, or brought to the track's channels where these are to be kept.
    """

    def __init__(self, want: SoundRange, index: AudioIndex) -> None:
        self.want, self._index = want, index
        self._length = max(0, want.last - want.first)
        self._held: list[Placed] = []
        self._count = 0
        self._limit = round(_BATCH_S * index.rate)
        self._covered: list[tuple[int, int]] = []
        self._samples = self._room({"mono": 1, "stereo": 2}.get(want.rule, index.channels))
        both = want.everything and want.rule != "keep"
        self._whole = Filling(replace(want, rule="keep"), index) if both else None
        #: Rule of each stretch, and whether it reaches into the window proper.
        self._rules: list[tuple[str, bool]] = []
        self._span = (want.last, want.first)
        self._begin(channel_names(index.layout, index.channels))

    def add(self, first: int, last: int, frame: av.AudioFrame) -> None:
        """Take a frame that holds the player's samples [first, last), some of them wanted."""
        low, high = max(first, self.want.first), min(last, self.want.last)
        if high <= low:
            return
        if self._whole is not None:
            self._whole.add(first, last, frame)
        if frame.layout.nb_channels != len(self._names):
            self._end()
            own = frame.layout.nb_channels == self._index.channels
            layout = self._index.layout if own else frame.layout.name
            self._begin(channel_names(layout, frame.layout.nb_channels))
        if self._covered and self._covered[-1][1] == low:
            self._covered[-1] = (self._covered[-1][0], high)
        else:
            self._covered.append((low, high))
        self._span = (min(low, self._span[0]), max(high, self._span[1]))
        self._held.append((first, frame))
        self._count += last - first
        if self._count >= self._limit:
            self._flush()

    def block(self) -> SoundBlock:
        """The complete range."""
        self._end()
        heard = [rule for rule, inside in self._rules if inside] or [self._rules[-1][0]]
        rule = None if self.want.rule == "keep" else "+".join(dict.fromkeys(heard))
        whole = None if self._whole is None else self._whole.block().samples
        return SoundBlock(
            self.want.key, self._samples, self.want.first, tuple(self._covered), rule, whole
        )  # fmt: skip

    def _begin(self, names: tuple[str, ...]) -> None:
        """Start a stretch of frames with these channels."""
        self._names = names
        self._span = (self.want.last, self.want.first)
        weights = downmixes(names, self.want.rule)
        if self.want.rule == "keep" and len(names) != self._index.channels:
            weights["keep"] = to_layout(names, channel_names(self._index.layout, self._index.channels))
        out = len(self._samples)
        #: Weights of each rule that may hold, and what it gives; the first one's in its place.
        self._mixes = {
            rule: (w, self._room(out) if n else self._samples)
            for n, (rule, w) in enumerate(weights.items())
        }

    def _end(self) -> None:
        """Close the stretch: all of its frames have come."""
        self._flush()
        low, high = (at - self.want.first for at in self._span)
        guard = self.want.guard
        a, b = max(low, guard), max(0, min(high, self._length - guard))
        rule = self._choose(slice(a, b))
        room = self._room_of(rule)
        if room is not self._samples and high > low:
            self._samples[:, low:high] = room[:, low:high]
        inside = low < self._length - guard and high > guard
        if inside or not self._rules:
            self._rules.append((rule, inside))

    def _choose(self, inner: slice) -> str:
        """The rule that holds, by what is heard in the window proper."""
        if len(self._mixes) == 1:
            return next(iter(self._mixes))
        return choose_mix({rule: room[:, inner] for rule, (_, room) in self._mixes.items()})

    def _room_of(self, rule: str) -> Floats32:
        return self._mixes[rule][1]

    def _flush(self) -> None:
        self._mix(self._held)
        self._held, self._count = [], 0

    def _mix(self, frames: Iterable[Placed]) -> None:
        for at, rows in self._wanted(frames, range(len(self._names))):
            for weights, room in self._mixes.values():
                room[:, at : at + rows.shape[1]] = rows if weights is None else mix(weights, rows)

    def _room(self, channels: int) -> Floats32:
        # Pages of zeros cost nothing until they are written.
        return np.zeros((channels, self._length), np.float32)

    def _wanted(self, frames: Iterable[Placed], channels: Sequence[int]) -> Iterator[tuple[int, Floats32]]:
        """What of the frames is wanted: (place in the range, float32 (len(channels), n))."""
        for first, rows in as_floats(frames, channels):
            low = max(first, self.want.first)
            high = min(first + rows.shape[1], self.want.last)
            yield low - self.want.first, rows[:, low - first : high - first]


class MonoFilling(Filling):
    """The same, reduced to one channel on the way.

    While the centre channel has not been heard, frames are kept for the downmix; from then on only
    the centre is copied.
    """

    def _begin(self, names: tuple[str, ...]) -> None:
        super()._begin(names)
        self._centre = names.index("FC") if "FC" in names and len(names) > 1 else None
        if self._centre is not None:
            self._mixes["itu"] = self._mixes["itu"][0], self._room(1)
        self._waiting: list[Placed] = []
        self._waited = 0
        self._most = round(_WAIT_S * self._index.rate)
        self._heard, self._others = False, False

    def _choose(self, inner: slice) -> str:
        if self._centre is None:
            return super()._choose(inner)
        self._mix_waiting()
        return "fc" if self._heard or not self._others else super()._choose(inner)

    def _room_of(self, rule: str) -> Floats32:
        return self._samples if rule == "fc" else super()._room_of(rule)

    def _flush(self) -> None:
        if self._centre is None:
            super()._flush()
            return
        for at, rows in self._wanted(self._held, [self._centre]):
            self._samples[:, at : at + rows.shape[1]] = rows
        if not self._heard and self._held:
            self._listen()
        self._held, self._count = [], 0

    def _listen(self) -> None:
        """Has the centre been heard by now? If not, keep the frames a while for the downmix."""
        low = max(self._held[0][0], self.want.first + self.want.guard)
        last_first, last = self._held[-1]
        high = min(last_first + last.samples, self.want.last - self.want.guard)
        at = self.want.first
        if high > low and peak(self._samples[0, low - at : high - at]) >= SILENCE:
            self._heard, self._waiting = True, []
            return
        self._waiting += self._held
        self._waited += self._count
        if self._waited >= self._most:
            self._mix_waiting()

    def _mix_waiting(self) -> None:
        if not self._heard:
            self._mix(self._waiting)
        self._waiting, self._waited = [], 0

    def _wanted(self, frames: Iterable[Placed], channels: Sequence[int]) -> Iterator[tuple[int, Floats32]]:
        """As ever; also notes whether anything is heard in the window proper."""
        for at, rows in super()._wanted(frames, channels):
            if self._centre is not None and len(channels) > 1 and not self._others:
                a = max(0, self.want.guard - at)
                b = max(0, self._length - self.want.guard - at)
                self._others = peak(rows[:, a:b]) >= SILENCE
            yield at, rows


def fill(want: SoundRange, index: AudioIndex) -> Filling:
    """What collects the range."""
    return MonoFilling(want, index) if want.rule == "mono" else Filling(want, index)


def as_floats(frames: Iterable[Placed], channels: Sequence[int]) -> Iterator[tuple[int, Floats32]]:
    """Stretches without a break (but of a sample of rounding): (first sample, float32 (channels, n))."""
    run: list[av.AudioFrame] = []
    start = due = 0
    for first, frame in frames:
        if run and (
            abs(first - due) > 1 or first - start >= _STRETCH or frame.format.name != run[0].format.name
        ):
            yield start, rows_of(run, channels)
            run = []
        if not run:
            start = due = first
        run.append(frame)
        due += frame.samples
    if run:
        yield start, rows_of(run, channels)


def is_sane(frame: av.AudioFrame) -> bool:
    """Damaged packets decode to frames of any rate and any number of channels."""
    return 1 <= frame.layout.nb_channels <= _MOST_CHANNELS and 1000 <= frame.sample_rate <= 768_000


def rows_of(frames: Sequence[av.AudioFrame], channels: Sequence[int]) -> Floats32:
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
