"""Stretches of lines that fit nowhere near: what was missed between two edits.

The search looks at long windows; a scene of a minute between two edits may propose nothing there.
Its lines then sit at a neighbour's offset and fit badly. The media time left free by the lines
before and after bounds where they can be, so every offset in between is looked at.
"""

from __future__ import annotations

import numpy as np

from mmdia.align.evidence import Evidence
from mmdia.align.offsets import peaks
from mmdia.align.pieces import offsets_of
from mmdia.align.refine import Fit
from mmdia.align.smooth import moving_mean
from mmdia.align.source import Candidates, Edges
from mmdia.align.track import Flags, Floats, Ints

#: Lines on either side that evidence is averaged over, and the least lines of a stretch.
_AROUND, _LEAST = 3, 5

#: Lines a stretch of a longer run.
_STRETCH = 12

#: Mean nats a line below which lines are lost, and above which they are sure.
_POOR, _SURE = 0.3, 1.2

#: Share of the lines that must be sure, and seconds that the bounds may be apart.
_KNOWN, _FURTHEST_S = 0.1, 1800.0

#: Slack of the bounds, width of a bin, offsets a stretch may propose, least votes of one.
_SLACK_S, _BIN_S, _PEAKS, _VOTES = 2.0, 0.1, 6, 3.5


def lost_offsets(evidence: Evidence, edges: Edges, fit: Fit, sigma_s: float) -> Candidates:
    """Offsets at which badly placed stretches would coincide with media lines."""
    anno, onset, close = evidence.anno, edges.onset, edges.close
    offset = offsets_of(fit.pieces)
    piece = _piece_of(fit, len(anno))
    spoken = np.flatnonzero(anno.speech)
    nats = evidence.nats(fit.scale, offset, sigma_s)[spoken, piece[spoken]]
    nats = np.minimum(nats, 3.0)
    mean = moving_mean(nats, _AROUND)
    wide = moving_mean(nats, 3 * _AROUND)
    start, end = anno.start_s[spoken] * fit.scale, anno.end_s[spoken] * fit.scale
    placed = start + offset[piece[spoken]]
    sure = np.flatnonzero((mean > _SURE) & (wide > _SURE))
    if len(sure) < _KNOWN * len(spoken):
        return []  # nothing is known that could bound where lines may be
    out: Candidates = []
    for first, last in _runs(mean < _POOR):
        before, after = int(np.searchsorted(sure, first - 3)), int(np.searchsorted(sure, last + 4))
        low = placed[sure[before - 1]] - start[first] if before else onset[0] - start[last]
        high = placed[sure[after]] - start[last] if after < len(sure) else onset[-1] - start[first]
        low, high = float(low) - _SLACK_S, float(high) + _SLACK_S
        if high - low > _FURTHEST_S:
            continue
        rows = slice(first, last + 1)
        votes = np.concatenate(
            [*_votes(start[rows], onset, low, high), *_votes(end[rows], close, low, high)]
        )
        if len(votes):
            key = np.floor(votes / _BIN_S).astype(np.int64)
            out += peaks(key, votes, np.ones(len(votes)), _PEAKS, _VOTES, exact=True)
    return out


def _votes(line: Floats, edge: Floats, low: float, high: float) -> list[Floats]:
    """Offsets between `low` and `high` that bring a line to an edge, for each line."""
    first, stop = np.searchsorted(edge, line + low), np.searchsorted(edge, line + high)
    return [edge[a:b] - t for a, b, t in zip(first.tolist(), stop.tolist(), line.tolist(), strict=True)]


def _piece_of(fit: Fit, lines: int) -> Ints:
    """Piece of each line; lines between pieces belong to the one before."""
    piece = np.zeros(lines, dtype=np.int64)
    for k, p in enumerate(fit.pieces):
        piece[p.first :] = k
    return piece


def _runs(poor: Flags) -> list[tuple[int, int]]:
    """First and last line of each stretch of a run of poor lines; stretches overlap by half.

    A run may hold a scene and a cut, so each stretch of it is asked by itself.
    """
    edge = np.flatnonzero(np.diff(np.concatenate([[0], poor.astype(np.int64), [0]])))
    out: list[tuple[int, int]] = []
    for a, b in edge.reshape(-1, 2).tolist():
        out += [(k, min(k + _STRETCH, b) - 1) for k in range(a, max(a + 1, b - _LEAST + 1), _STRETCH // 2)]
    return [(a, b) for a, b in out if b - a + 1 >= _LEAST]
