"""Pieces centred on the scatter of their lines, where lines do scatter.

Where a translator timed the lines anew, their mode is where most of them agree by chance, and the
scatter about it is lopsided: late starts are common, early ones are not. The median of the starts of
lines that are each other's nearest errs less (L1 regression). Copies are left where they agree.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmdia.align.edge import nearest
from mmdia.align.pieces import Piece
from mmdia.align.source import Edges
from mmdia.align.track import Floats, Track

#: Starts further apart than this belong to different lines.
_REACH_S = 0.6

#: A piece with fewer partners than this keeps its mode.
_LEAST = 12

#: Starts this close are copies, and so many of them make a piece one of copies.
_SAME_S, _COPY_SHARE = 0.002, 0.5


def partners(start: Floats, onset: Floats) -> Floats:
    """Distance of each start to its media onset; NaN where the two are not each other's nearest."""
    away = -nearest(start, onset)
    order = np.sort(start)
    at = np.clip(np.searchsorted(onset, start + away - 1e-9), 0, len(onset) - 1)
    mutual = np.abs(nearest(onset, order)[at] - away) < 1e-6
    return np.where(mutual & (np.abs(away) < _REACH_S), away, np.nan)


def balance(anno: Track, edges: Edges, scale: float, pieces: list[Piece]) -> list[Piece]:
    """The pieces, each moved to the median of its lines."""
    out: list[Piece] = []
    for piece in pieces:
        rows = slice(piece.first, piece.last + 1)
        start = anno.start_s[rows][anno.speech[rows]] * scale + piece.offset
        away = partners(start, edges.onset) if len(start) else start
        away = away[~np.isnan(away)]
        copies = edges.exact and len(away) > 0 and (np.abs(away) <= _SAME_S).mean() >= _COPY_SHARE
        if len(away) >= _LEAST and not copies:
            piece = replace(piece, offset=piece.offset + float(np.median(away)))
        out.append(piece)
    return out
