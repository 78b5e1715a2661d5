"""One search: candidates, evidence and path at each speed; the best total wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align import offsets, speeds
from mmdia.align.anchors import Pairs, find_pairs
from mmdia.align.emission import Emission, Evidence, TextEvidence, TimingEvidence
from mmdia.align.track import Floats, Ints, Track
from mmdia.align.viterbi import best_path

#: Nats a change of offset costs while searching.
SWITCH_TEXT, SWITCH_TIMING = 7.0, 11.0

#: Width of agreement of line starts: wide beside text, narrow when timing must find the place.
_SIGMA_TEXT, _SIGMA_TIMING = 0.22, 0.16

#: Weight of timing beside text that matches.
TIMING_BESIDE_TEXT = 0.35

#: The same once the place is known and its spread has been measured.
TIMING_AT_CLOSE_RANGE = 0.7

#: A path this good a line (nats) is right; then only speeds this close are still compared.
_CLEAR, _NEIGHBOUR = 0.9, 0.003

#: Nats a standard speed, and a free one, costs in the search.
_SPEED_PRICE = {"standard": 2.0, "free": 6.0}


@dataclass(frozen=True)
class Evidences:
    """What is known of one annotation and one media, and how it is weighed.

    Attributes:
        anno: The annotation, lines in time order.
        media: The media track, lines in time order.
        pairs: Anchor pairs; empty when text is not used.
        timing: Timing evidence.
        text: Whether text leads (then timing only helps).
    """

    anno: Track
    media: Track
    pairs: Pairs
    timing: TimingEvidence
    text: bool

    @classmethod
    def of(cls, anno: Track, media: Track, *, text: bool, pairs: Pairs | None = None) -> Evidences:
        """Collect the evidence; `pairs` may be given when they are known already."""
        known = find_pairs(anno, media) if pairs is None else pairs
        sigma = _SIGMA_TEXT if text else _SIGMA_TIMING
        return cls(anno, media, known, TimingEvidence.of(anno, media, sigma), text)

    def emission(self, sigma_s: float | None = None) -> Emission:
        """All evidence in one sum, with starts expected within `sigma_s`."""
        beside = TIMING_BESIDE_TEXT if sigma_s is None else TIMING_AT_CLOSE_RANGE
        timing = self.timing if sigma_s is None else replace(self.timing, sigma_s=sigma_s)
        parts: list[tuple[Evidence, float]] = [(timing, beside if self.text else 1.0)]
        if len(self.pairs):
            count = np.array([len(w) for w in self.anno.words], dtype=np.float64)
            miss = 0.12 if self.text else 0.0
            parts.append((TextEvidence(self.pairs, count, miss), 1.0 if self.text else 0.5))
        return Emission(parts)

    @property
    def switch(self) -> float:
        """Nats a change of offset costs."""
        return SWITCH_TEXT if self.text else SWITCH_TIMING


@dataclass(frozen=True)
class Found:
    """The best path at one speed.

    Attributes:
        scale: The speed.
        offsets: Candidates, shape (k,).
        path: Candidate of each line; k where absent.
        total: Nats of the path.
        hits: Share of the spoken lines that lie on the path and that text speaks for.
    """

    scale: float
    offsets: Floats
    path: Ints
    total: float
    hits: float = 0.0


def search(evidence: Evidences, scales: Sequence[float] | None = None) -> Found | None:
    """The best path over the speeds given, or over those the evidence suggests."""
    if scales is None:
        scales = suggest_speeds(evidence)
    best: Found | None = None
    worth = -np.inf
    lines = max(1, int(evidence.anno.speech.sum()))
    for scale in scales:
        if best is not None and best.total > _CLEAR * lines and abs(scale - best.scale) > _NEIGHBOUR:
            continue
        found = at_speed(evidence, scale)
        if found is None:
            continue
        price = 0.0 if scale == 1.0 else _SPEED_PRICE["standard" if scale in speeds.STANDARD else "free"]
        if found.total - price > worth:
            best, worth = found, found.total - price
    return best


def suggest_speeds(evidence: Evidences) -> list[float]:
    """Speeds worth a search."""
    if evidence.text:
        return speeds.from_text(evidence.pairs, len(evidence.anno)) if len(evidence.pairs) else []
    return speeds.from_timing(evidence.anno, evidence.media)


def at_speed(evidence: Evidences, scale: float) -> Found | None:
    """The best path at one speed, or None when nothing proposes an offset."""
    anno = evidence.anno
    found = offsets.from_text(evidence.pairs, scale, len(anno))
    if not evidence.text:
        found = found + offsets.from_timing(anno, evidence.media, scale)
    if not found:
        return None
    candidates = offsets.strongest(found, [0.0] if scale == 1.0 else [])
    nats = evidence.emission().nats(scale, candidates)
    path, total = best_path(nats, candidates, anno.start_s, scale, evidence.switch)
    return Found(scale, candidates, path, total, _hits(evidence, scale, candidates, path))


def _hits(evidence: Evidences, scale: float, candidates: Floats, path: Ints) -> float:
    if not len(evidence.pairs):
        return 0.0
    votes = evidence.pairs.residual(scale)
    chosen = np.append(candidates, np.nan)[path][evidence.pairs.line]
    line = evidence.pairs.line[np.abs(votes - chosen) < 0.8]
    return len(np.unique(line)) / max(1, int(evidence.anno.speech.sum()))
