"""Shared words as evidence: anchor pairs that vote for an offset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmdia.align import offsets, speeds
from mmdia.align.anchors import Pairs, find_pairs
from mmdia.align.source import Candidates, Edges, Family
from mmdia.align.track import Floats, Ints, Track

#: Reach and width (seconds) of a pair's vote.
_REACH_S, _WIDTH_S = 0.9, 0.5

#: Nats a pair of weight 1 is worth, and the most a word may be worth.
_WORTH, _MOST = 1.6, 1.5

#: Votes further than this from an offset do not speak for it.
_SPEAKS_S = 0.8


@dataclass(frozen=True)
class TextSource:
    """Anchor pairs that vote for an offset, against the words that find no partner.

    Attributes:
        anno: The annotation, in the solver's order.
        pairs: Anchor pairs.
        tokens: Words of each annotation line, shape (n,).
        miss: Nats lost a word when nothing matches: 0 where the tracks may differ in language.
    """

    anno: Track
    pairs: Pairs
    tokens: Floats
    miss: float = 0.12

    @classmethod
    def of(cls, anno: Track, media: Track) -> TextSource:
        """Evidence from the words of a media track."""
        tokens = np.array([len(w) for w in anno.words], dtype=np.float64)
        return cls(anno, find_pairs(anno, media), tokens)

    @property
    def name(self) -> Family:
        """As `Source.name`."""
        return "text"

    def speeds(self) -> list[float]:
        """As `Source.speeds`."""
        return speeds.from_text(self.pairs, len(self.anno)) if len(self.pairs) else []

    def offsets(self, scale: float) -> Candidates:
        """As `Source.offsets`."""
        return offsets.from_text(self.pairs, scale, len(self.anno))

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """As `Source.nats`."""
        tokens = self.tokens
        n, k = len(tokens), len(offsets)
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
        gain = _WORTH * np.minimum(mass, _MOST * tokens[:, None])
        return np.asarray(gain - self.miss * np.minimum(tokens, 8.0)[:, None], dtype=np.float64)

    def hits(self, scale: float, offset: Floats) -> float:
        """Share of the spoken lines that text speaks for at `offset` (one a line, NaN: absent)."""
        if not len(self.pairs):
            return 0.0
        line = self.pairs.line[np.abs(self.pairs.residual(scale) - offset[self.pairs.line]) < _SPEAKS_S]
        return len(np.unique(line)) / max(1, int(self.anno.speech.sum()))

    def within(self, sigma_s: float) -> TextSource:
        """As `Source.within`: words are no closer than they are."""
        return self

    def decoy(self, anno: Track, order: Ints) -> TextSource:
        """As `Source.decoy`: the same pairs, their words moved with their lines."""
        moved = np.empty(len(order), dtype=np.int64)
        moved[order] = np.arange(len(order))
        line = moved[self.pairs.line]
        anno_s = self.pairs.anno_s - self.anno.start_s[self.pairs.line] + anno.start_s[line]
        by_line = np.argsort(line, kind="stable")
        pairs = replace(
            self.pairs,
            line=line[by_line],
            anno_s=anno_s[by_line],
            media_s=self.pairs.media_s[by_line],
            weight=self.pairs.weight[by_line],
        )
        return replace(self, anno=anno, pairs=pairs, tokens=self.tokens[order])

    def edges(self) -> Edges | None:
        """As `Source.edges`: words have none of their own."""
        return None
