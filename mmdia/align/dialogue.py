"""Can a dialogue be cut from this copy? As sure as the least sure of its turns, and only in one piece.

A dialogue is usable when the copy holds every turn and no edit falls between its first and its
last moment: an advertisement between two turns makes the clip wrong though each turn is placed
right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from mmdia.schema.time import TimeMap

Flaw = Literal["no_turns", "not_mapped", "edit_inside", "turn_absent"]

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
    """How sure a dialogue is.

    Attributes:
        confidence: Probability (0..1) that all of it is there and placed right: the weakest turn's;
            0 when there is a flaw.
        weakest: Position of the least sure turn; -1 when there are no turns.
        start_s: Media second of the dialogue's start, or None where no one piece of the map holds it.
        end_s: Media second of its end, or None.
        flaw: What rules it out, or None.
    """

    confidence: float
    weakest: int
    start_s: float | None = None
    end_s: float | None = None
    flaw: Flaw | None = None


def judge(turns: Sequence[tuple[float, float]], lines: Sequence[Line], time_map: TimeMap) -> DialogueFit:
    """Judge one dialogue.

    Args:
        turns: Start and end of each turn, annotation seconds; any order.
        lines: The fit of each turn, in the same order.
        time_map: Annotation to media time.
    """
    if not turns:
        return DialogueFit(0.0, -1, flaw="no_turns")
    weakest = min(range(len(lines)), key=lambda i: lines[i].confidence if lines[i].present else -1.0)
    start, end = min(a for a, _ in turns), max(b for _, b in turns)
    span = time_map.apply_span(start + _ROUNDING_S, end - _ROUNDING_S)
    if span is None:
        inside = any(time_map.apply(t) is not None for t in (start, end))
        return DialogueFit(0.0, weakest, flaw="edit_inside" if inside else "not_mapped")
    place = (span[0] - _ROUNDING_S, span[1] + _ROUNDING_S)
    if not lines[weakest].present:
        return DialogueFit(0.0, weakest, *place, "turn_absent")
    return DialogueFit(lines[weakest].confidence, weakest, *place)


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
