"""Small steps inside a piece: releases that were re-timed by hand, act by act.

Real releases of one film differ by steps of 0.1 to 0.5 s at advertising breaks and reel changes,
which hide in the scatter of single lines. Every piece is gone through once more on a fine grid
around its offset; a change of offset must pay for itself, as everywhere.
"""

from __future__ import annotations

import numpy as np

from mmdia.align.evidence import Evidence
from mmdia.align.pieces import Piece, from_path, offsets_of
from mmdia.align.refine import Fit
from mmdia.align.track import Floats, Track
from mmdia.align.viterbi import best_path

#: Offsets that are looked at around a piece's own, seconds.
_REACH_S, _STEP_S = 0.6, 0.04

#: A piece with fewer lines than this has no steps that could be told from scatter.
_LEAST = 24

#: Nats that a step costs.
_SWITCH = 10.0


def small_steps(evidence: Evidence, fit: Fit, sigma_s: float) -> list[Piece]:
    """The pieces, parted where the evidence for a small step pays.

    Args:
        evidence: The evidence.
        fit: The fit so far.
        sigma_s: Deviation of line starts.
    """
    if all(len(p) < _LEAST for p in fit.pieces):
        return fit.pieces
    here = straightened(evidence.anno, fit)
    grid = np.arange(-_REACH_S, _REACH_S + 1e-9, _STEP_S)
    nats = evidence.decoy(here, np.arange(len(here))).nats(1.0, grid, sigma_s)
    out: list[Piece] = []
    for piece in fit.pieces:
        found: list[Piece] = []
        if len(piece) >= _LEAST:
            rows = slice(piece.first, piece.last + 1)
            path, _ = best_path(nats[rows], grid, here.start_s[rows], 1.0, _SWITCH)
            runs = from_path(path, grid, 0.5 * _STEP_S)
            found = [
                Piece(piece.first + r.first, piece.first + r.last, piece.offset + r.offset) for r in runs
            ]
        out += found or [piece]
    return out


def straightened(anno: Track, fit: Fit) -> Track:
    """The annotation on the media timeline, each line by its piece (between two: by the one before)."""
    offset = np.full(len(anno), fit.pieces[0].offset)
    for piece, o in zip(fit.pieces, offsets_of(fit.pieces), strict=True):
        offset[piece.first :] = o
    start: Floats = anno.start_s * fit.scale + offset
    end: Floats = anno.end_s * fit.scale + offset
    times = tuple(t * fit.scale + o for t, o in zip(anno.token_s, offset, strict=True))
    return Track(start, end, anno.words, times, anno.speech)
