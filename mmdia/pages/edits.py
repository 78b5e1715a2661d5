"""What lies between the pieces of a time map: missing from the copy, or added to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from mmdia.schema.time import Segment
from mmdia.schema.timemap import SegmentRow

Piece: TypeAlias = Segment | SegmentRow

#: Ends beyond this mean "for ever": the map of a copy that was not aligned.
_FOREVER_S = 9e6

#: Pieces and edits that a picture draws; a map with more is no film's.
MOST_PIECES = 300

#: No copy of a film plays so much slower; larger scales are no speeds.
_FASTEST = 1000.0

#: Shorter gaps are rounding.
_LEAST_S = 0.02


@dataclass(frozen=True, slots=True)
class Edit:
    """A place where the copy was cut.

    Attributes:
        anno_start: Start of what is missing, on the annotation timeline, seconds.
        anno_end: Its end; the same when nothing is missing.
        media_start: Start of what was added, on the media timeline, seconds.
        media_end: Its end; the same when nothing was added.
    """

    anno_start: float
    anno_end: float
    media_start: float
    media_end: float

    @property
    def missing_s(self) -> float:
        """Seconds of the annotation that this copy lacks."""
        return max(0.0, self.anno_end - self.anno_start)

    @property
    def added_s(self) -> float:
        """Seconds of the media that the annotated copy lacks."""
        return max(0.0, self.media_end - self.media_start)


def at(piece: Piece, seconds: float) -> float:
    """Media second of an annotation second, by one piece."""
    return piece.scale * seconds + piece.offset


def usable(segments: Iterable[Piece]) -> list[Piece]:
    """The pieces that can be drawn: finite, forwards, in order of the annotation."""
    good = [
        s
        for s in segments
        if all(map(math.isfinite, (s.anno_start, s.anno_end, s.scale, s.offset)))
        and s.anno_end > s.anno_start
        and 0 < s.scale < _FASTEST
    ]
    return sorted(good, key=lambda s: s.anno_start)


def edits_of(segments: Iterable[Piece]) -> list[Edit]:
    """The edits between the pieces, in order."""
    found = []
    pieces = usable(segments)
    for a, b in pairwise(pieces):
        edit = Edit(a.anno_end, b.anno_start, at(a, a.anno_end), at(b, b.anno_start))
        if edit.missing_s > _LEAST_S or edit.added_s > _LEAST_S:
            found.append(edit)
    return found


def bounded(segments: Iterable[Piece], times: Sequence[float] = ()) -> list[tuple[Piece, float, float]]:
    """Pieces with the part of the annotation timeline to draw.

    Ends that mean "for ever" are brought to the first and last of `times`.
    """
    finite = [t for t in times if math.isfinite(t)]
    first, last = (min(finite), max(finite)) if finite else (0.0, 1.0)
    out = []
    for piece in usable(segments):
        start = min(0.0, first) if piece.anno_start < -_FOREVER_S else piece.anno_start
        end = max(last, start + 1.0) if piece.anno_end > _FOREVER_S else piece.anno_end
        if end > start:
            out.append((piece, start, end))
    return out
