"""What a person must confirm before a time map is used, with times to seek to and lines to listen for."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmdia.pages.edits import at, usable
from mmdia.pages.html import Child, Markup, bullets, code, el, fold, paragraph, section, table, words
from mmdia.pages.words import DASH, clock, plural, sentence
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import ReviewRow, TimeMapFile

#: Rows that are shown at once; the rest unfolds.
_FIRST, _MOST = 12, 400

#: Lines quoted a row, and letters a line.
_QUOTES, _LETTERS = 2, 90

#: A place that covers this share of the annotation is the whole film.
_WHOLE = 0.9

#: Seconds before the moment in question, to seek to.
_LEAD_S = 3.0


def review_section(document: TimeMapFile, texts: Sequence[str] | None) -> Markup:
    """The list of `needs_review`; that there is nothing to confirm is said, too."""
    rows = document.needs_review
    title = "What a person must confirm"
    if not rows:
        return section(title, paragraph(_nothing(document)))
    note = (
        "Nothing else needs a look. Open this copy, seek to the time on the left, and compare with what is "
        "expected; then keep the map, or leave the dialogues concerned out."
    )
    shown = _table(document, rows[:_FIRST], texts)
    more = rows[_FIRST:_MOST]
    rest = fold(plural(len(more), "more place"), _table(document, more, texts)) if more else None
    left = len(rows) - _MOST
    cut = paragraph(f"… and {plural(left, 'more place')} (all are in the JSON).") if left > 0 else None
    return section(title, shown, rest, cut, note=note)


def _nothing(document: TimeMapFile) -> str:
    if "no_evidence" in document.reasons:
        return "Nothing was compared, so there is nothing to confirm."
    if document.verdict == "wrong_film":
        return "Nothing: no line was placed."
    return "Nothing. The two checks by ear below are enough to be sure."


def _table(document: TimeMapFile, rows: Sequence[ReviewRow], texts: Sequence[str] | None) -> Markup:
    body: list[list[Child]] = []
    for row in rows:
        seek, end = media_span(document, row)
        if not row.lines and row.anno_end - row.anno_start >= _WHOLE * _extent(document):
            body.append([el("strong", "Anywhere"), "the whole film", _what(row), DASH])
            continue
        annotated = f"{clock(row.anno_start, 1)} {DASH} {clock(row.anno_end, 1)}"
        here = el("strong", clock(max(0.0, seek - _LEAD_S)) if math.isfinite(seek) else DASH)
        until = el("small", f"to {clock(end)}", class_="under") if math.isfinite(end) else None
        body.append([[here, until], annotated, _what(row), _quotes(row, texts)])
    heads = ["Seek to", "Annotation", "What to check", "Lines"]
    return table(heads, body, caption="Player time of this copy, and time on the annotation timeline")


def _extent(document: TimeMapFile) -> float:
    """Seconds of the annotation from its first line to its last; infinite when unknown."""
    starts = [line.anno_start for line in document.lines if line.anno_start is not None]
    return max(starts) - min(starts) if len(starts) > 1 else math.inf


def _what(row: ReviewRow) -> list[Child]:
    why = sentence(row.detail or explain(row.kind))
    return [why, el("small", code(row.kind), class_="under")]


def _quotes(row: ReviewRow, texts: Sequence[str] | None) -> Child:
    known = [i for i in row.lines if texts is not None and 0 <= i < len(texts) and texts[i].strip()]
    if texts is None or not known:
        first = min(row.lines, default=None)
        return DASH if first is None else f"{plural(len(row.lines), 'line')}, from line {first + 1}"
    quoted: list[Child] = [words(_short(texts[i])) for i in known[:_QUOTES]]
    more = len(row.lines) - len(quoted)
    return [bullets(quoted), el("small", f"and {more} more", class_="under") if more > 0 else None]


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LETTERS else flat[:_LETTERS] + "…"


def media_span(document: TimeMapFile, row: ReviewRow) -> tuple[float, float]:
    """Where a span of the annotation would lie in this copy; NaN when the map places nothing."""
    return _place(document, row.anno_start), _place(document, row.anno_end)


def _place(document: TimeMapFile, time: float) -> float:
    pieces = usable(document.segments)
    if not pieces or not math.isfinite(time):
        return math.nan
    before = [p for p in pieces if p.anno_start <= time]
    return at(before[-1] if before else pieces[0], time)
