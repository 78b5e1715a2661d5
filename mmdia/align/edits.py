"""Where exactly the edits lie.

A cut takes exactly (o1 - o2) / r seconds out of the annotation, so it has one degree of freedom:
where it begins. It slides over the gap between two pieces to where the lines fit best; the lines
inside are absent. An insertion has no width on the annotation timeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mmdia.align.pieces import CAP, Piece
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.align.viterbi import ABSENT

#: Lines may overlap an edit by this much: cues overlap, and times are rounded.
_OVERLAP_S = 0.05

#: Places of an edit this close to the best one, in nats, are likely too.
_DOUBT = 2.0


@dataclass(frozen=True, slots=True)
class Placement:
    """Piece of each line, and the edits.

    Attributes:
        piece: Piece of each line, shape (n,); where absent, the nearest one.
        absent: Lines inside a cut, shape (n,).
        cuts: Begin and end of what is removed at each edit, annotation seconds.
        unsure: Spans within which an edit may lie elsewhere nearly as well, so that lines would change
            sides; annotation seconds.
    """

    piece: Ints
    absent: Flags
    cuts: list[tuple[float, float]]
    unsure: list[tuple[float, float]] = field(default_factory=list)


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
    unsure: list[tuple[float, float]] = []
    floor = -np.inf
    for k in range(1, len(pieces)):
        left, right = pieces[k - 1], pieces[k]
        removed = (left.offset - right.offset) / scale
        # Lines before the last edit are not this one's to move.
        first = min(n, max(left.first, int(np.searchsorted(anno.start_s, floor - _OVERLAP_S))) + 1)
        zone = np.arange(min(first, right.first), max(right.last, first))
        slide = _slide(zone, nats[:, k - 1 : k + 1], anno, removed, floor)
        piece[zone] = k
        piece[right.last :] = k
        piece[zone[slide.left]] = k - 1
        gone = zone[~slide.left & ~slide.right]
        absent[gone] = True
        if len(gone):
            middle = slide.begin + 0.5 * max(removed, 0.0)
            piece[gone[anno.start_s[gone] < middle]] = k - 1
        if slide.doubt is not None:
            unsure.append(slide.doubt)
        floor = slide.begin + max(removed, 0.0)
        cuts.append((slide.begin, floor))
    return Placement(piece, absent, cuts, unsure)


@dataclass(frozen=True, slots=True)
class _Slide:
    """Where an edit begins, the lines of the zone on either side, and where else it may lie."""

    begin: float
    left: Flags
    right: Flags
    doubt: tuple[float, float] | None


def _slide(zone: Ints, nats: Floats, anno: Track, removed: float, floor: float) -> _Slide:
    """The best place of an edit: as long as it must be, and where the lines fit best."""
    start, end = anno.start_s[zone], anno.end_s[zone]
    width = max(0.0, removed)
    before, after = (
        anno.end_s[zone[0] - 1] if zone[0] else -np.inf,
        anno.start_s[min(zone[-1] + 1, len(anno) - 1)],
    )
    low = max(float(before), floor)
    trial = np.unique(np.concatenate([[low], end, start - width]))
    trial = trial[trial >= low - 1e-9] if (trial >= low).any() else np.array([low])
    worth = _worths(zone, nats, anno, trial, width)
    # Lines that say nothing (marks, songs) leave begins equal; the middle one errs least.
    equal = trial[worth >= worth.max() - 1e-6]
    begin = float(equal[len(equal) // 2])
    left, right = _sides(start, end, begin, width)
    # Every begin between these two gives the same lines; the middle is the fairest.
    earliest = max([low, *end[left].tolist()])
    latest = min([float(after) - width, *(start[right] - width).tolist()])
    inside = ~left & ~right
    if inside.any() and width > 0:
        latest = min(latest, float(start[inside].min()))
        earliest = max(earliest, float(end[inside].max()) - width)
    if latest > earliest:
        begin = 0.5 * (earliest + latest)
    begin = max(begin, floor)
    likely = trial[worth >= worth.max() - _DOUBT]
    sides = [_sides(start, end, float(t), width) for t in likely]
    same = all((a == left).all() and (b == right).all() for a, b in sides)
    doubt = None if same else (min(begin, float(likely.min())), max(begin, float(likely.max())) + width)
    return _Slide(begin, left, right, doubt)


def _sides(start: Floats, end: Floats, begin: float, width: float) -> tuple[Flags, Flags]:
    """Which lines end before an edit, and which start after it."""
    goes_left = end <= begin + _OVERLAP_S
    return goes_left, ~goes_left & (start >= begin + width - _OVERLAP_S)


def _worths(zone: Ints, nats: Floats, anno: Track, trial: Floats, width: float) -> Floats:
    """Nats of the lines of the zone for each begin of the edit."""
    capped = np.minimum(nats[zone], CAP)
    spoken = anno.speech[zone].astype(np.float64)
    by_end = np.argsort(anno.end_s[zone], kind="stable")
    ends, starts = anno.end_s[zone][by_end], anno.start_s[zone]
    stays = np.searchsorted(ends, trial + _OVERLAP_S, "right")
    comes = np.searchsorted(starts, trial + width - _OVERLAP_S, "left")
    before = np.concatenate([[0.0], np.cumsum(capped[by_end, 0])])[stays]
    said = np.concatenate([[0.0], np.cumsum(spoken[by_end])])[stays]
    late = np.concatenate([np.cumsum(capped[::-1, 1])[::-1], [0.0]])[comes]
    said_late = np.concatenate([np.cumsum(spoken[::-1])[::-1], [0.0]])[comes]
    gone = np.maximum(0.0, spoken.sum() - said - said_late)
    return np.asarray(before + late - ABSENT * gone, dtype=np.float64)
