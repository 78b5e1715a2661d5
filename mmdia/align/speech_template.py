"""What a line looks like in speech activity: silence before it, an onset, speech, silence after.

A line's evidence is a weighted sum of the probability of speech in zones around its start and its
end. The weights are a logistic regression of "this line is here" against "it is at a random
place of the same film", so the sum is a log-likelihood ratio in nats, the correlation of
neighbouring steps included.

**Onset bias.** One film alone cannot tell a late onset from an offset, so it must be known before:
lines appear, on average, a little before their words (here 0.06 s, deviation 0.05 s), and a
detector answers a little late (WebRTC with its level below one step of 20 ms). The zones carry both: the
weights change sign at `LEAD_S` after the line's start, so that a line's best place is where it belongs and
not where its sound begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmdia.align.track import Flags, Floats, Ints, Track

#: Speech begins this long after the line does, on average, seconds.
LEAD_S = 0.06

#: Zones around the start and the end of a line, seconds.
_AT_START = (-1.0, -0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6)
_AT_END = (-0.6, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.6, 1.0)

#: The silence before a line counts this far back, where the line before it is that far away.
_QUIET_S = 6.0


@dataclass(frozen=True)
class Weights:
    """Nats per second of certain speech in each zone, relative to the film's mean.

    Attributes:
        start: Zones at the start.
        end: Zones at the end.
        inside: Between these, inside the line.
        quiet: In the long silence before.
        base: Nats of a line in a place without any contrast.
    """

    start: tuple[float, ...]
    end: tuple[float, ...]
    inside: float
    quiet: float
    base: float


#: Lines are expected within 0.08 s (while searching) and 0.04 s (at close range) of their place.
#: Fitted on 20 films of ten minutes with synthetic voices under music and noise.
FAR = Weights(
    (-0.39, -4.19, -11.75, -11.32, -12.75, 3.21, 15.8, 8.63),
    (0.06, -1.54, -0.09, 1.02, -1.14, -4.37, -6.84, -3.41),
    0.89,
    -0.44,
    -1.58,
)
NEAR = Weights(
    (-0.28, -2.88, -11.59, -12.8, -22.17, 8.48, 18.03, 7.82),
    (0.24, -1.3, -2.34, 0.65, 3.28, -8.64, -6.33, -3.13),
    0.87,
    -0.42,
    -1.75,
)


@dataclass(frozen=True)
class Zones:
    """Zones of every line on the annotation timeline, at one speed; shapes (zones, lines).

    Attributes:
        begin: Begin of each zone, seconds times speed.
        end: End of each zone; equal to `begin` where there is no room for it.
    """

    begin: Floats
    end: Floats

    @classmethod
    def of(cls, anno: Track, scale: float) -> Zones:
        """The zones; none reaches beyond half a line, nor past the middle of a gap between lines."""
        start, end = anno.start_s * scale, anno.end_s * scale
        before, after = _neighbours(start, end, anno.speech)
        middle = 0.5 * (start + end)
        low = np.clip(0.5 * (start + before), start - 1.0, start)
        high = np.clip(0.5 * (end + after), end, end + 1.0)
        edges = [
            (np.clip(start + a, low, middle), np.clip(start + b, low, middle))
            for a, b in pairwise(_AT_START)
        ]
        edges += [
            (np.clip(end + a, middle, high), np.clip(end + b, middle, high)) for a, b in pairwise(_AT_END)
        ]
        edges.append((np.minimum(start + _AT_START[-1], middle), np.maximum(end + _AT_END[0], middle)))
        quiet = start + _AT_START[0]
        edges.append((np.minimum(np.maximum(before + 1.0, start - _QUIET_S), quiet), quiet))
        return cls(np.array([a for a, _ in edges]), np.array([b for _, b in edges]))

    def take(self, lines: Ints) -> Zones:
        """The zones of some lines."""
        return Zones(self.begin[:, lines], self.end[:, lines])

    def weights(self, given: Weights) -> Floats:
        """Weight of each zone, shape (zones,)."""
        return np.array([*given.start, *given.end, given.inside, given.quiet], dtype=np.float64)


def _neighbours(start: Floats, end: Floats, speech: Flags) -> tuple[Floats, Floats]:
    """End of the last spoken line before each line, and start of the next spoken one after it."""
    far = 1e6
    ends = np.where(speech, end, -far)
    before = np.concatenate([[-far], np.maximum.accumulate(ends)[:-1]]) if len(end) else ends
    starts = np.where(speech, start, far)
    after = np.concatenate([np.minimum.accumulate(starts[::-1])[::-1][1:], [far]]) if len(start) else starts
    return before, after


def painted(zones: Zones, given: Weights, zero_s: float, step_s: float, steps: int) -> Floats:
    """The template of all lines as one signal: its correlation with speech activity is their evidence.

    Args:
        zones: Zones of the lines.
        given: Weights of the zones.
        zero_s: Time of the first step.
        step_s: Length of a step.
        steps: How many; what lies outside them is left out.
    """
    weight = np.broadcast_to(zones.weights(given)[:, None], zones.begin.shape).ravel()
    at = (np.concatenate([zones.begin.ravel(), zones.end.ravel()]) - zero_s) / step_s
    change = np.concatenate([weight, -weight])
    # Clipped, not left out: a zone that loses only one of its edges would never end.
    at = np.clip(at, 0.0, steps - 2.0)
    left = at.astype(np.int64)
    part = (at - left) * change
    # An edge inside a step counts for the part of the step that it covers.
    signal = np.bincount(left, change - part, minlength=steps + 1)
    signal[1:] += np.bincount(left, part, minlength=steps + 1)[:-1]
    return np.asarray(np.cumsum(signal)[:steps], dtype=np.float64)
