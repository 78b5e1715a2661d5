"""A second look at close range: small steps that the search is too coarse to see.

The search knows offsets to a few tenths of a second. Real releases differ by steps of 0.3 to 1.5 s
at advertising breaks, so the path is sought once more among offsets close to the first one, with
the agreement expected of line starts as narrow as the first fit found it to be.
"""

from __future__ import annotations

import numpy as np

from mmdia.align import offsets
from mmdia.align.evidence import Evidence
from mmdia.align.lost import lost_offsets
from mmdia.align.pieces import Piece, from_path, offsets_of
from mmdia.align.refine import Fit
from mmdia.align.source import Candidates, Edges
from mmdia.align.track import Floats
from mmdia.align.viterbi import best_path

#: Offsets this near a line's present one are looked at, in bins of this width.
_REACH_S, _BIN_S = 1.6, 0.05

#: Lines a stretch, and offsets each may propose.
_STRETCH, _PEAKS = 16, 3

#: Candidates closer than this are one.
_APART_S = 0.08

#: Bounds of the expected agreement, and what it is of the median residual.
NARROW_S, _WIDE_S, _FACTOR = 0.04, 0.2, 1.5

#: Where most starts agree to the millisecond the cues are copies, and this is the deviation.
_MOST, _COPY_S = 0.5, 0.004


def width_of(fit: Fit) -> float:
    """Deviation of line starts to expect from now on, seconds."""
    if fit.exact >= _MOST:
        return _COPY_S
    return min(_WIDE_S, max(NARROW_S, _FACTOR * fit.residual_s))


def sharpen(evidence: Evidence, fit: Fit, sigma_s: float) -> list[Piece]:
    """Pieces of the best path at close range, with starts expected within `sigma_s`."""
    edges = evidence.edges
    if edges is None:
        return fit.pieces
    close_by = _close_by(evidence, edges, fit)
    near = offsets.merge(close_by + lost_offsets(evidence, edges, fit, sigma_s), _APART_S)
    near = sorted(near, key=lambda c: -c[1])[: offsets.MOST // 2]
    known = [(o, 1e9) for o in offsets_of(fit.pieces).tolist()]
    candidates = np.array([o for o, _ in offsets.merge(near + known, _APART_S)])
    nats = evidence.nats(fit.scale, candidates, sigma_s)
    path, _ = best_path(nats, candidates, evidence.anno.start_s, fit.scale, evidence.switch)
    return from_path(path, candidates, _APART_S) or fit.pieces


def _close_by(evidence: Evidence, edges: Edges, fit: Fit) -> Candidates:
    """Where stretches of lines would agree better, near where they are."""
    anno, onset = evidence.anno, edges.onset
    votes: list[Floats] = []
    for piece in fit.pieces:
        line = np.arange(piece.first, piece.last + 1)
        line = line[anno.speech[line]]
        here = anno.start_s[line] * fit.scale
        lo = np.searchsorted(onset, here + piece.offset - _REACH_S)
        hi = np.searchsorted(onset, here + piece.offset + _REACH_S)
        votes += [onset[a:b] - t for a, b, t in zip(lo, hi, here, strict=True)]
    out: Candidates = []
    for first in range(0, len(votes), _STRETCH // 2):
        some = np.concatenate(votes[first : first + _STRETCH])
        if len(some) >= 3:
            key = np.floor(some / _BIN_S).astype(np.int64)
            out += offsets.peaks(key, some, np.ones(len(some)), _PEAKS, 2.5, exact=True)
    return out
