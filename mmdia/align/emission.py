"""How well a line fits at an offset, in nats: the sum of several kinds of evidence.

Each kind is a log-likelihood ratio of "the line is here" against "it is somewhere else", so they
add up. A new kind (speech found in audio, recognised words, fingerprints) needs only `nats`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mmdia.align.anchors import Pairs
from mmdia.align.occupancy import Grid, occupancy, spoken
from mmdia.align.track import Floats, Track


class Evidence(Protocol):
    """One kind of evidence about where annotation lines lie in the media."""

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """Log-likelihood ratio of each line at each offset; shape (lines, offsets)."""
        ...


@dataclass(frozen=True)
class Emission:
    """Weighted sum of evidence."""

    parts: Sequence[tuple[Evidence, float]]

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Evidence.nats`."""
        total = sum(weight * part.nats(scale, offsets) for part, weight in self.parts)
        return np.asarray(total, dtype=np.float64)


#: Reach and width (seconds) of a pair's vote.
_REACH_S, _WIDTH_S = 0.9, 0.5


@dataclass(frozen=True)
class TextEvidence:
    """Anchor pairs that vote for an offset, against the words that find no partner.

    Attributes:
        pairs: Anchor pairs.
        tokens: Words of each annotation line, shape (n,).
        miss: Nats lost a word when nothing matches: near 0 where the tracks differ in language.
    """

    pairs: Pairs
    tokens: Floats
    miss: float = 0.12

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Evidence.nats`."""
        n, k = len(self.tokens), len(offsets)
        order = np.argsort(offsets, kind="stable")
        sorted_offsets = offsets[order]
        votes = self.pairs.residual(scale)
        lo = np.searchsorted(sorted_offsets, votes - _REACH_S)
        times = np.searchsorted(sorted_offsets, votes + _REACH_S) - lo
        pair = np.repeat(np.arange(len(votes)), times)
        which = np.repeat(lo, times) + np.arange(len(pair)) - np.repeat(np.cumsum(times) - times, times)
        away = (votes[pair] - sorted_offsets[which]) / _WIDTH_S
        value = self.pairs.weight[pair] * np.exp(-0.5 * away**2)
        cell = self.pairs.line[pair] * k + order[which]
        mass = np.bincount(cell, value, minlength=n * k).reshape(n, k)
        gain = 1.6 * np.minimum(mass, 1.5 * self.tokens[:, None])
        return np.asarray(gain - self.miss * np.minimum(self.tokens, 8.0)[:, None], dtype=np.float64)


@dataclass(frozen=True)
class TimingEvidence:
    """Line starts and ends near those of media lines, and speech where speech should be.

    Attributes:
        anno: The annotation, in the solver's order.
        onset: Starts of spoken media lines, ascending.
        offset: Ends of spoken media lines, ascending.
        marks: Starts of media lines that hold nothing but marks, ascending; may be empty.
        speaking: Running sum of media occupancy on `grid`, shape (steps + 1,).
        grid: The grid of `speaking`.
        rate: Media lines a second, where they are dense.
        sigma_s: Width of the agreement expected of starts.
    """

    anno: Track
    onset: Floats
    offset: Floats
    marks: Floats
    speaking: Floats
    grid: Grid
    rate: float
    sigma_s: float = 0.16

    @classmethod
    def of(cls, anno: Track, media: Track, sigma_s: float = 0.16) -> TimingEvidence:
        """Evidence from the lines of a media track."""
        start, end = spoken(media)
        span = float(end.max()) - float(start.min())
        grid = Grid.over(float(start.min()), float(end.max()), 0.05)
        on = occupancy(start, end, grid)
        rate = max(0.02, len(start) / max(1.0, 0.8 * span))
        return cls(
            anno,
            np.sort(start),
            np.sort(end),
            np.sort(media.start_s[~media.speech]),
            np.concatenate([[0.0], np.cumsum(on)]),
            grid,
            rate,
            sigma_s,
        )

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Evidence.nats`.

        Lines that are not spoken gain a little where the media has a mark, and never lose: not
        every release carries marks.
        """
        start = self.anno.start_s[:, None] * scale + offsets
        end = self.anno.end_s[:, None] * scale + offsets
        total = self._edge(nearest(start, self.onset), self.sigma_s, 0.55)
        total += 0.6 * self._edge(nearest(end, self.offset), 1.4 * self.sigma_s, 0.45)
        total += 0.5 * self._speaking(start, end)
        silent = ~self.anno.speech
        total[silent] = 0.0
        if len(self.marks) and silent.any():
            gain = self._edge(nearest(start[silent], self.marks), self.sigma_s, 0.55)
            total[silent] = np.maximum(0.0, 0.5 * gain)
        return total

    def _edge(self, away: Floats, sigma: float, share: float) -> Floats:
        """Ratio of "an edge of this line, give or take" to "the nearest edge of a random place"."""
        d = np.abs(away)
        hit = np.exp(-0.5 * (d / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
        chance = self.rate * np.exp(-2 * self.rate * d) + 0.02
        return np.asarray(np.log((1 - share) + share * hit / chance), dtype=np.float64)

    def _speaking(self, start: Floats, end: Floats) -> Floats:
        """Ratio of the share of a line's time in which the media speaks to its mean share."""
        a = np.floor(self.grid.index(start)).astype(np.int64)
        b = np.ceil(self.grid.index(end)).astype(np.int64)
        steps = np.maximum(1.0, (end - start) / self.grid.step_s)
        share = np.minimum(1.0, (self.speaking[b] - self.speaking[a]) / steps)
        mean = float(self.speaking[-1]) / self.grid.steps
        ratio = (0.05 + 0.95 * share) / (0.05 + 0.95 * mean)
        return np.asarray(np.log(0.25 + 0.75 * ratio), dtype=np.float64)


def nearest(x: Floats, ref: Floats) -> Floats:
    """`x` minus the nearest of the ascending `ref`, elementwise."""
    if len(ref) == 1:
        return np.asarray(x - ref[0], dtype=np.float64)
    i = np.clip(np.searchsorted(ref, x), 1, len(ref) - 1)
    before, after = x - ref[i - 1], x - ref[i]
    return np.asarray(np.where(np.abs(before) < np.abs(after), before, after), dtype=np.float64)
