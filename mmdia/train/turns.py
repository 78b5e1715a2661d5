"""The turns of one dataset row on the clock of its clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Row = Mapping[str, Any]
Spans = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TurnTable:
    """Turns of one row.

    Attributes:
        spans_s: Start and end in seconds, float64 (turns, 2); nan where the row has no times.
        speakers: For each turn, the local numbers of all who speak, in the row's order.
        names: Speaker identifiers by local number (order of first appearance).
        texts: What is said; None where the release withholds it.
    """

    spans_s: Spans
    speakers: tuple[tuple[int, ...], ...]
    names: tuple[str, ...]
    texts: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.speakers)

    def first(self, count: int) -> TurnTable:
        """The first `count` turns; local numbers stay, so names may hold speakers who are gone."""
        return TurnTable(self.spans_s[:count], self.speakers[:count], self.names, self.texts[:count])

    def overlapping(self) -> NDArray[np.bool_]:
        """Turns that several speak in, or that share time with another turn; bool (turns,)."""
        starts, ends = self.spans_s[:, 0], self.spans_s[:, 1]
        with np.errstate(invalid="ignore"):
            shared = (starts[:, None] < ends[None, :]) & (starts[None, :] < ends[:, None])
        np.fill_diagonal(shared, val=False)
        several = np.asarray([len(who) > 1 for who in self.speakers], dtype=np.bool_)
        together: NDArray[np.bool_] = shared.any(axis=1) | several
        return together


def turn_table(row: Row, *, extended: bool = False) -> TurnTable:
    """The turns of a row, in the row's order.

    Times come from ``clip_turns`` where the row has a clip (seconds from the clip's first
    sample). Else they are annotation times, moved so that the earliest turn starts at 0.

    Args:
        row: A dataset row (python format).
        extended: Let each turn run to the film's next line (paper A.2), where that is known.
    """
    turns: Sequence[Row] = row.get("turns") or ()
    numbers: dict[str, int] = {}
    speakers = tuple(
        tuple(numbers.setdefault(who, len(numbers)) for who in turn.get("speakers") or ()) for turn in turns
    )
    clip_turns: Sequence[Row] = row.get("clip_turns") or ()
    spans = _clip_spans(clip_turns, extended) if clip_turns else _annotated_spans(turns, extended)
    # A receipt that knows fewer turns than the release leaves the rest without a place.
    placed = np.full((len(turns), 2), np.nan)
    placed[: len(spans)] = spans[: len(turns)]
    return TurnTable(placed, speakers, tuple(numbers), tuple(turn.get("text") for turn in turns))


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _later(value: Any, other: Any) -> Any:
    return value if other is None or value is None else max(value, other)


def _clip_spans(clip_turns: Sequence[Row], extended: bool) -> Spans:
    ends = [_later(t["end"], t.get("end_extended")) if extended else t["end"] for t in clip_turns]
    pairs = [(_number(t["start"]), _number(end)) for t, end in zip(clip_turns, ends, strict=True)]
    return np.asarray(pairs, dtype=np.float64).reshape(-1, 2)


def _annotated_spans(turns: Sequence[Row], extended: bool) -> Spans:
    ends = [_later(t.get("end_ms"), t.get("next_start_ms")) if extended else t.get("end_ms") for t in turns]
    pairs = [(_number(t.get("start_ms")), _number(end)) for t, end in zip(turns, ends, strict=True)]
    spans: Spans = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    known = spans[:, 0][~np.isnan(spans[:, 0])]
    return (spans - known.min(initial=np.inf)) / 1000.0 if known.size else spans
