"""Which stretch of the annotation lies at which offset: what the map and the lines are read from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.edits import Placement
from mmdia.align.refine import Fit
from mmdia.align.source import Family
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.schema.time import Segment, TimeMap

#: The map reaches this far past the last line: pads and the pause after it must still have a place,
#: and nothing is known of what comes later.
TAIL_S = 60.0

#: A stretch shorter than this is rounding.
_LEAST_S = 1e-3


@dataclass(frozen=True, slots=True)
class Stretch:
    """One affine piece: media = scale * anno + offset on [start_s, end_s) of the annotation.

    Attributes:
        start_s: First annotation second.
        end_s: End (exclusive).
        scale: Media seconds per annotation second.
        offset: Media second of annotation second 0.
        family: Kind of evidence it stands on.
    """

    start_s: float
    end_s: float
    scale: float
    offset: float
    family: Family

    def apply(self, t: float) -> float:
        """Annotation second -> media second."""
        return self.scale * t + self.offset


@dataclass(frozen=True, slots=True)
class Layout:
    """Stretches in order, and the one that each line belongs to.

    Attributes:
        stretches: In order on both timelines; never empty.
        owner: Stretch of each line, shape (n,); where absent, the nearest one.
        absent: Lines that the media does not hold, shape (n,).
    """

    stretches: tuple[Stretch, ...]
    owner: Ints
    absent: Flags

    def place(self, t: Floats) -> Floats:
        """Media time of a time of each line, by its own stretch."""
        scale = np.array([s.scale for s in self.stretches])[self.owner]
        offset = np.array([s.offset for s in self.stretches])[self.owner]
        return np.asarray(t * scale + offset, dtype=np.float64)

    def time_map(self, quality: list[tuple[float, float]]) -> TimeMap:
        """The map, with the confidence and residual of each stretch."""
        return TimeMap(
            tuple(
                Segment(s.start_s, s.end_s, s.scale, s.offset, *q)
                for s, q in zip(self.stretches, quality, strict=True)
            )
        )


def from_lines(fit: Fit, placed: Placement, anno: Track, lead: Family) -> Layout:
    """The layout that lines alone give: from 0 or the first line to past the last."""
    begin = [min(0.0, anno.first_s)] + [c[1] for c in placed.cuts]
    end = [c[0] for c in placed.cuts] + [anno.last_s + TAIL_S]
    out: list[Stretch] = []
    number = np.zeros(len(fit.pieces), dtype=np.int64)
    media = -np.inf
    for k, piece in enumerate(fit.pieces):
        # Rounding of an edit may leave a hair of overlap on the media side.
        a = max(begin[k], (media - piece.offset) / fit.scale)
        if end[k] - a > _LEAST_S:
            out.append(Stretch(a, end[k], fit.scale, piece.offset, lead))
            media = out[-1].apply(end[k])
        number[k] = max(0, len(out) - 1)
    absent = placed.absent.copy()
    middle = 0.5 * (anno.start_s + anno.end_s)
    for a, b in placed.cuts:
        absent |= (middle >= a) & (middle < b)
    return Layout(tuple(out), number[placed.piece], absent)
