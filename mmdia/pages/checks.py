"""Lines that deserve a look: what a person should check by ear, and what the copy lacks."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from mmdia.pages.edits import Edit, Piece, at, edits_of, usable
from mmdia.pages.words import clock, lasting
from mmdia.schema.timemap import LineRow, TimeMapFile

#: Below this confidence a line is listed as doubtful.
DOUBT = 0.8

#: Edits that get checks of their own, the longest first.
_MOST_EDITS = 3


@dataclass(frozen=True)
class Check:
    """One thing to check by ear.

    Attributes:
        why: What it settles.
        line: The line to listen for.
    """

    why: str
    line: LineRow


def checks(document: TimeMapFile) -> list[Check]:
    """A handful of lines that settle whether the map is right: ends, both sides of edits, the weakest."""
    here = sorted((line for line in document.lines if _placed(line)), key=lambda line: line.start)
    if not here:
        return []
    sure = [line for line in here if line.confidence >= DOUBT] or here
    found = [Check("Early in the film: is the offset right?", sure[0])]
    starts = [line.start for line in sure]
    for edit in _longest(edits_of(document.segments)):
        k = bisect_left(starts, edit.media_start)
        name = _name(edit)
        found += [Check(f"Last line before {name}", sure[k - 1])] if k > 0 else []
        found += [Check(f"First line after {name}", sure[k])] if k < len(sure) else []
    found.append(Check("Late in the film: has it drifted?", sure[-1]))
    weakest = min(here, key=lambda line: line.confidence)
    if weakest.confidence < DOUBT:
        found.append(Check("The least certain line", weakest))
    once: dict[int, Check] = {}
    for check in found:
        once.setdefault(check.line.i, check)
    return list(once.values())


def _longest(edits: Sequence[Edit]) -> list[Edit]:
    some = sorted(edits, key=lambda e: -(e.missing_s + e.added_s))[:_MOST_EDITS]
    return sorted(some, key=lambda e: e.anno_start)


def _name(edit: Edit) -> str:
    if edit.missing_s >= edit.added_s:
        return f"the {lasting(edit.missing_s)} missing at {clock(edit.anno_start)} of the annotated copy"
    return f"the {lasting(edit.added_s)} added at {clock(edit.media_start)}"


def _placed(line: LineRow) -> bool:
    return line.present and math.isfinite(line.start) and math.isfinite(line.confidence)


def absent_lines(document: TimeMapFile) -> list[LineRow]:
    """Lines that this copy does not have, in the annotation's order."""
    return [line for line in document.lines if not line.present]


def doubtful_lines(document: TimeMapFile) -> list[LineRow]:
    """Lines that this copy has, but that may be placed wrongly; the weakest first."""
    weak = [line for line in document.lines if line.present and not line.confidence >= DOUBT]
    return sorted(weak, key=lambda line: line.confidence if math.isfinite(line.confidence) else -1.0)


def annotation_time(document: TimeMapFile, line: LineRow) -> float:
    """About when a line lies on the annotation timeline; NaN when the map cannot tell.

    Maps of other tools may lack `anno_start`; then this undoes the piece that placed the line: for
    an absent line the one whose inverse falls into a gap.
    """
    if line.anno_start is not None:
        return line.anno_start
    pieces = sorted(usable(document.segments), key=_media_start)
    if not pieces or not math.isfinite(line.start):
        return math.nan
    k = bisect_left(pieces, line.start, key=_media_start)
    near = pieces[max(0, k - 2) : k + 2]
    guesses = [((line.start - p.offset) / p.scale, p) for p in near]
    if line.present:
        return _nearest(guesses)
    outside = [g for g in guesses if not any(p.anno_start <= g[0] < p.anno_end for p in near)]
    return _nearest(outside or guesses)


def _media_start(piece: Piece) -> float:
    return at(piece, piece.anno_start)


def _nearest(guesses: Sequence[tuple[float, Piece]]) -> float:
    def away(guess: tuple[float, Piece]) -> float:
        t, piece = guess
        return max(piece.anno_start - t, t - piece.anno_end, 0.0)

    return min(guesses, key=away)[0]


@dataclass(frozen=True)
class Dialogues:
    """How many dialogues of a release a map serves.

    Attributes:
        total: Dialogues.
        whole: Those whose turns are all present, none doubtful.
        doubtful: Those whose turns are all present, some doubtful.
        cut: Those that lack a turn.
    """

    total: int
    whole: int
    doubtful: int
    cut: int


def dialogues(document: TimeMapFile) -> Dialogues | None:
    """Counts of dialogues, or None when the annotation was a plain subtitle track."""
    state: dict[str, int] = {}
    for line in document.lines:
        if line.dialogue_id is not None:
            level = 2 if not line.present else 0 if line.confidence >= DOUBT else 1
            state[line.dialogue_id] = max(level, state.get(line.dialogue_id, 0))
    if not state:
        return None
    levels = list(state.values())
    return Dialogues(len(levels), levels.count(0), levels.count(1), levels.count(2))


def seek(line: LineRow) -> float:
    """Player time to seek to: a moment before the line."""
    return max(0.0, line.start - 2.0)
