"""Speech heard in the audio as evidence: for copies without subtitles, in any language.

The probability of speech is used as it is, without deciding what is speech and what is not: each
line adds up what its zones hold (`mmdia.align.speech_template`). Since the evidence of a line is a
weighted sum over time, that of all lines at every offset is a correlation, and candidates of
offsets and speeds are peaks of the likelihood itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmdia.align.activity_edges import edges_of
from mmdia.align.occupancy import fast_length
from mmdia.align.offsets import merge
from mmdia.align.source import Candidates, Edges, Family
from mmdia.align.speech_template import FAR, NEAR, Weights, Zones, painted
from mmdia.align.speeds import STANDARD
from mmdia.align.track import Floats, Ints, Track
from mmdia.errors import AlignmentError
from mmdia.schema.activity import Activity

#: Grid on which evidence is looked up, and that of correlations, seconds.
_FINE_S, _STEP_S = 0.01, 0.1

#: Lines that the sound may not hold at all, and what one line may say at most, nats.
_STRANGE, _MOST = 0.08, 6.0

#: Speeds tried beside the standard ones.
_SLOWEST, _FASTEST, _SPEED_STEP = 0.95, 1.055, 0.0005

#: How many of all speeds are looked at beside the standard ones, in films up to this long and in longer
#: ones: the longer, the surer the correlation is, and the dearer each look.
_FREE, _SHORT_S, _FREE_LONG = 4, 3000.0, 2

#: Windows of lines that are looked for in the whole film, seconds, and steps between them.
_WINDOWS = ((240.0, 120.0), (100.0, 50.0))

#: No template is longer than this many steps: a stray cue must not eat the memory.
_MOST_STEPS = 600_000

#: Peaks kept a window, least height in deviations, least lines of a window.
_TOP, _HEIGHT, _LEAST = 5, 3.5, 6

#: Expected agreement below which the narrow weights are used, seconds.
_CLOSE_S = 0.1

#: Random places at which the evidence of a line is brought to a mean likelihood ratio of one.
_PLACES = 64


@dataclass(frozen=True)
class ActivitySource:
    """Speech activity of the media against the lines of an annotation.

    Attributes:
        anno: The annotation, in the solver's order.
        heard: Running integral of the probability of speech less its mean, at every `_FINE_S`;
            seconds.
        coarse: The probability of speech less its mean, in steps of `_STEP_S`.
        zero_s: Time of the first step.
        found: Where speech begins and ends.
        weights: What each zone of a line is worth.
        level: Nats taken off every line, so that chance is worth nothing.
    """

    anno: Track
    heard: Floats
    coarse: Floats
    zero_s: float
    found: Edges
    weights: Weights = FAR
    level: float = 0.0

    @classmethod
    def of(cls, anno: Track, activity: Activity) -> ActivitySource:
        """Evidence from what a detector heard.

        Raises:
            AlignmentError: The activity is empty.
        """
        if not len(activity.probability):
            raise AlignmentError("there is no sound in which speech could be looked for")
        p = np.clip(np.frombuffer(activity.probability, dtype=np.float32).astype(np.float64), 0.0, 1.0)
        p = np.nan_to_num(p)
        sum_s = np.concatenate([[0.0], np.cumsum(p - p.mean())]) * activity.step_s
        at = np.arange(len(sum_s)) * activity.step_s
        fine = np.arange(0.0, at[-1] + _FINE_S, _FINE_S)
        heard = np.interp(fine, at, sum_s)
        every = round(_STEP_S / _FINE_S)
        coarse = np.diff(heard[::every]) / _STEP_S if len(heard) > every else np.zeros(1)
        source = cls(anno, heard, coarse, activity.start_s, edges_of(p, activity.start_s, activity.step_s))
        return source._levelled()

    @property
    def name(self) -> Family:
        """As `Source.name`."""
        return "audio"

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return (len(self.heard) - 1) * _FINE_S

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Source.nats`. Where the sound has ended there is neither speech nor silence."""
        total = self._plain(scale, offsets) - self.level
        # Some lines are not in the sound, or are drowned; one line can only say so much.
        total = np.log(_STRANGE + (1 - _STRANGE) * np.exp(np.minimum(total, _MOST)))
        total[~self.anno.speech] = 0.0
        return np.asarray(total, dtype=np.float64)

    def speeds(self) -> list[float]:
        """As `Source.speeds`: standard ones and the best of all, by correlation of the whole film."""
        anno, spoken = self.anno, np.flatnonzero(self.anno.speech)
        # Steps that move the last line by less than 0.2 s cannot be told apart.
        step = min(0.01, max(_SPEED_STEP, 0.2 / anno.span_s))
        free = np.round(np.arange(_SLOWEST, _FASTEST, step), 5)
        steps = min(int(anno.span_s * _FASTEST / _STEP_S) + 100, _MOST_STEPS)
        target = _Target.of(self.coarse, steps)
        score: dict[float, float] = {}
        for s in sorted({*STANDARD, *map(float, free)}):
            zones = Zones.of(anno, s).take(spoken)
            row = target.correlation(painted(zones, self.weights, anno.first_s * s, _STEP_S, steps))
            score[s] = float(row.max() / (row.std() + 1e-9))
        best = sorted(score, key=lambda s: -score[s])
        free_too = _FREE if anno.span_s <= _SHORT_S else _FREE_LONG
        return sorted({*STANDARD, *best[:free_too]}, key=best.index)

    def offsets(self, scale: float) -> Candidates:
        """As `Source.offsets`: peaks of the likelihood of stretches of lines, and of all of them."""
        found: Candidates = []
        zones = Zones.of(self.anno, scale)
        start = self.anno.start_s * scale
        for width_s, hop_s in (*_WINDOWS, (np.inf, np.inf)):
            steps = min(int(min(width_s, self.anno.span_s * scale) / _STEP_S) + 100, _MOST_STEPS)
            target = _Target.of(self.coarse, steps)
            for first in _opening(start, width_s, hop_s):
                inside = (start >= first) & (start < first + width_s) & self.anno.speech
                lines = np.flatnonzero(inside).astype(np.int64)
                if len(lines) >= min(_LEAST, len(start)):
                    zero = float(start[lines[0]]) - 2.0
                    row = target.correlation(painted(zones.take(lines), self.weights, zero, _STEP_S, steps))
                    found += [(self.zero_s + lag - zero, z) for lag, z in target.peaks(row)]
        return merge(found, 0.15)

    def within(self, sigma_s: float) -> ActivitySource:
        """As `Source.within`."""
        return replace(self, weights=NEAR)._levelled() if sigma_s < _CLOSE_S else self

    def decoy(self, anno: Track, order: Ints) -> ActivitySource:
        """As `Source.decoy`."""
        return replace(self, anno=anno)

    def edges(self) -> Edges | None:
        """As `Source.edges`, with the onset bias taken out."""
        return self.found

    def _plain(self, scale: float, offsets: Floats) -> Floats:
        """Weighted sums over the zones; shape (lines, offsets)."""
        zones = Zones.of(self.anno, scale)
        last = len(self.heard) - 1
        total = np.full((len(self.anno), len(offsets)), self.weights.base)
        move = (offsets - self.zero_s) / _FINE_S
        for begin, end, weight in zip(
            zones.begin / _FINE_S, zones.end / _FINE_S, zones.weights(self.weights), strict=True
        ):
            a = np.clip(np.rint(begin[:, None] + move), 0, last).astype(np.int64)
            b = np.clip(np.rint(end[:, None] + move), 0, last).astype(np.int64)
            total += weight * (self.heard[b] - self.heard[a])
        return total

    def _levelled(self) -> ActivitySource:
        """With `level` set so that a line at a random place has a mean likelihood ratio of one."""
        random = np.random.default_rng(0)
        span = max(1.0, self.seconds)
        places = random.uniform(0.0, span, _PLACES)
        lines = np.flatnonzero(self.anno.speech)
        some = lines[:: max(1, len(lines) // 400)]
        source = replace(self, anno=self.anno.take(some), level=0.0)
        # Any place will do as long as lines fall on sound: each is moved to the place itself.
        middle = float(np.median(self.anno.start_s[some])) if len(some) else 0.0
        plain = source._plain(1.0, self.zero_s + places - middle)
        return replace(self, level=float(np.log(np.mean(np.exp(np.minimum(plain, _MOST))))))


@dataclass(frozen=True)
class _Target:
    """The sound, ready to be correlated with templates of up to a certain length.

    Attributes:
        spectrum: Its transform.
        steps: Its length.
        length: Length of the transform.
    """

    spectrum: NDArray[np.complex128]
    steps: int
    length: int

    @classmethod
    def of(cls, sound: Floats, template: int) -> _Target:
        length = fast_length(len(sound) + template)
        return cls(np.fft.rfft(sound.astype(np.float32), length), len(sound), length)

    def correlation(self, template: Floats) -> Floats:
        """Evidence of the template at every lag; circular, negative lags at the end."""
        other = np.conj(np.fft.rfft(template.astype(np.float32), self.length))
        return np.asarray(np.fft.irfft(self.spectrum * other, self.length))

    def peaks(self, row: Floats) -> Candidates:
        """The highest local maxima: lag in seconds, placed between steps by a parabola, and height."""
        deviation = float(row.std()) + 1e-9
        high = np.flatnonzero(row > _HEIGHT * deviation)
        before, after = row[high - 1], row[(high + 1) % len(row)]
        top = (row[high] > before) & (row[high] >= after)
        high, before, after = high[top], before[top], after[top]
        out: Candidates = []
        for k in np.argsort(-row[high], kind="stable")[:_TOP]:
            bend = float(before[k] - 2 * row[high[k]] + after[k])
            part = 0.5 * float(before[k] - after[k]) / bend if bend < 0 else 0.0
            lag = int(high[k]) if high[k] < self.steps else int(high[k]) - len(row)
            out.append(((lag + part) * _STEP_S, float(row[high[k]]) / deviation))
        return out


def _opening(start: Floats, width_s: float, hop_s: float) -> list[float]:
    """Where windows begin; only windows that hold lines: a stray cue may lie years away."""
    first = float(start.min())
    if not np.isfinite(width_s):
        return [first]
    hops = (start - first) / hop_s
    opening = np.unique(np.floor(hops[:, None] - np.arange(width_s / hop_s)).astype(np.int64))
    return [first + hop_s * float(k) for k in opening if k >= 0]
