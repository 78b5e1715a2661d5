"""Can a dialogue be cut from this copy? As sure as the least sure of its turns, and only in one piece.

A dialogue is usable when the copy holds every turn and no edit falls between its first and its
last moment: an advertisement between two turns makes the clip wrong though each turn is placed
right. Rebuild and the benchmarks ask here, so that what is measured is what is cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mmdia.schema.time import Segment, TimeMap

Flaw = Literal["absent_in_media", "edit_inside"]

#: Half of the last decimal of a time: a clip that begins or ends so near an edit is not hurt.
_ROUNDING_S = 5e-4


class Line(Protocol):
    """What is asked of a line: `LineFit`, or a row of a time-map file."""

    @property
    def present(self) -> bool:
        """Whether the media holds the line."""
        ...

    @property
    def confidence(self) -> float:
        """Probability that it is there and placed right."""
        ...


@dataclass(frozen=True, slots=True)
class DialogueFit:
    """Where a dialogue lies in the copy, and how sure that is.

    Attributes:
        start_s: Media second of the dialogue's start.
        end_s: Media second of its end.
        confidence: Probability (0..1) that all of it is there and placed right: the least of its turns
            and of the pieces that hold it.
        run: The part of the map without an edit that holds it.
        pieces: Those of its segments that the dialogue touches; at least one.
    """

    start_s: float
    end_s: float
    confidence: float
    run: TimeMap
    pieces: tuple[Segment, ...]


def span_in(time_map: TimeMap, start_s: float, end_s: float) -> tuple[TimeMap, float, float] | None:
    """The run that holds a span, and its media times; None where an edit reaches in, but for rounding."""
    span = time_map.apply_span(start_s, end_s)
    if span is not None:
        return time_map.run_at(start_s), *span
    inset = min(_ROUNDING_S, max(0.0, end_s - start_s) / 2)
    if time_map.apply_span(start_s + inset, end_s - inset) is None:
        return None
    run = time_map.run_at(start_s + inset)
    return run, run.extrapolate(start_s), run.extrapolate(end_s)


def judge(start_s: float, end_s: float, lines: Iterable[Line], time_map: TimeMap) -> DialogueFit | Flaw:
    """Where a dialogue lies, or what rules it out.

    Args:
        start_s: Start of its first turn, annotation seconds.
        end_s: End of its last turn.
        lines: The fit of its turns, any order; a turn without one takes its piece's confidence.
        time_map: Annotation to media time.
    """
    placed = span_in(time_map, start_s, end_s)
    if placed is None:
        touched = any(s.anno_start < end_s and start_s < s.anno_end for s in time_map.segments)
        return "edit_inside" if touched else "absent_in_media"
    known = list(lines)
    if not all(line.present for line in known):
        return "absent_in_media"
    run = placed[0]
    pieces = tuple(s for s in run.segments if s.anno_start < end_s and start_s < s.anno_end)
    pieces = pieces or run.segments[-1:]
    sure = min([*(s.confidence for s in pieces), *(line.confidence for line in known)])
    return DialogueFit(placed[1], placed[2], sure, run, pieces)


def group(spans: Sequence[tuple[float, float]], *, most: int = 8, gap_s: float = 15.0) -> list[list[int]]:
    """Lines in time order, grouped as dialogues are: a long silence ends one, and so do `most` lines.

    Args:
        spans: Start and end of each line, seconds.
        most: Most lines of a dialogue.
        gap_s: Silence that ends one, seconds.
    """
    order = sorted(range(len(spans)), key=lambda i: spans[i])
    out: list[list[int]] = []
    until = float("-inf")
    for i in order:
        if not out or len(out[-1]) >= most or spans[i][0] - until >= gap_s:
            out.append([])
            until = spans[i][1]
        out[-1].append(i)
        until = max(until, spans[i][1])
    return out
