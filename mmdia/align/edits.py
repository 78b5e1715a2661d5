"""Where exactly the edits lie, and the time map made of it.

A cut takes exactly (o1 - o2) / r seconds out of the annotation, so it has one degree of freedom:
where it begins. It slides over the gap between two pieces to where the lines fit best; the lines
inside are absent. An insertion has no width on the annotation timeline.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.pieces import Piece
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.align.viterbi import ABSENT
from mmdia.schema.time import Segment, TimeMap

#: Lines on either side of a gap that the edit may still move over.
_SLACK_LINES = 12

#: Lines may overlap an edit by this much: cues overlap, and times are rounded.
_OVERLAP_S = 0.05

#: The map reaches this far past the last line.
TAIL_S = 60.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Piece of each line, and the edits.

    Attributes:
        piece: Piece of each line, shape (n,); where absent, the nearest one.
        absent: Lines inside a cut, shape (n,).
        cuts: Begin and end of what is removed at each edit, annotation seconds.
    """

    piece: Ints
    absent: Flags
    cuts: list[tuple[float, float]]


def place(pieces: list[Piece], nats: Floats, anno: Track, scale: float) -> Placement:
    """Settle every boundary between pieces.

    Args:
        pieces: The pieces, in order.
        nats: Evidence of each line at each piece's offset, shape (lines, pieces).
        anno: The annotation, in the solver's order.
        scale: Speed.
    """
    n = len(anno)
    piece = np.zeros(n, dtype=np.int64)
    absent = np.zeros(n, dtype=bool)
    cuts: list[tuple[float, float]] = []
    floor = -np.inf
    for k in range(1, len(pieces)):
        left, right = pieces[k - 1], pieces[k]
        first = max(left.first, left.last - _SLACK_LINES) + 1
        stop = min(right.last, right.first + _SLACK_LINES)
        zone = np.arange(first, max(stop, first))
        removed = (left.offset - right.offset) / scale
        begin, goes_left, goes_right = _slide(
            zone, nats[:, k - 1 : k + 1], anno, removed, first, stop, floor
        )
        piece[first:] = k
        piece[zone[goes_left]] = k - 1
        gone = zone[~goes_left & ~goes_right]
        absent[gone] = True
        if len(gone):
            middle = begin + 0.5 * max(removed, 0.0)
            piece[gone[anno.start_s[gone] < middle]] = k - 1
        floor = begin + max(removed, 0.0)
        cuts.append((begin, floor))
    return Placement(piece, absent, cuts)


def _slide(
    zone: Ints, nats: Floats, anno: Track, removed: float, first: int, stop: int, floor: float
) -> tuple[float, Flags, Flags]:
    """The best begin of an edit, and which lines of the zone lie left and right of it."""
    start, end = anno.start_s[zone], anno.end_s[zone]
    width = max(0.0, removed)
    low = max(float(anno.end_s[first - 1]), floor)
    high = float(anno.start_s[min(stop, len(anno) - 1)]) - width
    trial = np.unique(np.concatenate([[low], end, start - width]))
    trial = trial[trial >= low - 1e-9] if (trial >= low).any() else np.array([low])
    worth = np.array([_worth(zone, nats, anno, begin, width) for begin in trial])
    # Lines that say nothing (marks, songs) leave begins equal; the middle one errs least.
    equal = trial[worth >= worth.max() - 1e-6]
    begin = float(equal[len(equal) // 2])
    goes_left, goes_right = _sides(start, end, begin, width)
    # Every begin between these two gives the same lines; the middle is the fairest.
    earliest = max([low, *end[goes_left].tolist()])
    latest = min([high, *(start[goes_right] - width).tolist()])
    inside = ~goes_left & ~goes_right
    if inside.any() and width > 0:
        latest = min(latest, float(start[inside].min()))
        earliest = max(earliest, float(end[inside].max()) - width)
    if latest > earliest:
        begin = 0.5 * (earliest + latest)
    return max(begin, floor), goes_left, goes_right


def _sides(start: Floats, end: Floats, begin: float, width: float) -> tuple[Flags, Flags]:
    """Which lines end before an edit, and which start after it."""
    goes_left = end <= begin + _OVERLAP_S
    return goes_left, ~goes_left & (start >= begin + width - _OVERLAP_S)


def _worth(zone: Ints, nats: Floats, anno: Track, begin: float, width: float) -> float:
    """Nats of the lines of the zone when the edit begins at `begin`."""
    goes_left, goes_right = _sides(anno.start_s[zone], anno.end_s[zone], begin, width)
    gone = ~goes_left & ~goes_right & anno.speech[zone]
    fit = nats[zone[goes_left], 0].sum() + nats[zone[goes_right], 1].sum()
    return float(fit) - ABSENT * float(gone.sum())


def time_map(
    pieces: list[Piece],
    scale: float,
    cuts: list[tuple[float, float]],
    anno: Track,
    quality: list[tuple[float, float]],
) -> TimeMap:
    """The map over the whole annotation, from 0 or the first line to past the last.

    Args:
        pieces: The pieces.
        scale: Speed.
        cuts: Edits, from `place`.
        anno: The annotation.
        quality: Confidence and median residual of each piece.
    """
    begin = [min(0.0, anno.first_s)] + [c[1] for c in cuts]
    end = [c[0] for c in cuts] + [anno.last_s + TAIL_S]
    segments: list[Segment] = []
    media = -np.inf
    for k, piece in enumerate(pieces):
        # Rounding of an edit may leave a hair of overlap on the media side.
        a = max(begin[k], (media - piece.offset) / scale)
        if end[k] - a > 1e-3:
            segments.append(Segment(a, end[k], scale, piece.offset, *quality[k]))
            media = segments[-1].media_end
    return TimeMap(tuple(segments))
