"""The page over a batch of alignments: one row a pair, those that need a person first."""

from __future__ import annotations

from collections.abc import Sequence

from mmdia.pages.cells import small
from mmdia.pages.evidence import kind_in_words
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    bullets,
    code,
    definitions,
    el,
    fold,
    link,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.words import DASH, number, percent, plural, sentence, signed
from mmdia.schema.ranking import Batch, BatchRow
from mmdia.schema.reasons import explain

#: Statuses: how they are said, and their tone.
_STATUSES = {
    "accepted": ("accepted", "good"),
    "refused": ("refused", "bad"),
    "failed": ("failed", "bad"),
    "missing_media": ("no file", "warn"),
}

_MOST_ROWS = 2000


def batch_page(batch: Batch) -> str:
    """A page that links the reports of a batch, and says what a person must look at.

    Args:
        batch: What was done.

    Returns:
        A whole HTML document.
    """
    waiting = sorted((r for r in batch.rows if _needs_person(r)), key=_urgency)
    calm = [r for r in batch.rows if not _needs_person(r)]
    body = [
        _headline(batch, waiting),
        _tiles(batch),
        _rows_section("To look at", waiting, "Refused, failed, or with places that a person must confirm."),
        _rows_section("Nothing to do", calm, "Accepted, with nothing to confirm."),
        _unpaired(batch),
    ]
    return page("Alignments · mmdia", body)


def _needs_person(row: BatchRow) -> bool:
    return row.status != "accepted" or row.review > 0


def _urgency(row: BatchRow) -> tuple[bool, int]:
    """Refused and failed pairs first, then those with the most places to confirm."""
    return row.status == "accepted", -row.review


def _headline(batch: Batch, waiting: Sequence[BatchRow]) -> Markup:
    done = batch.statuses.get("accepted", 0)
    said = f"{done:,} of {plural(len(batch.rows), 'pair')} aligned and accepted"
    colour = "good" if not waiting and batch.rows else "warn"
    advice = (
        "Nothing needs a person."
        if not waiting
        else f"{plural(len(waiting), 'pair')} should be looked at; they come first below."
    )
    return el("header", el("h1", said), paragraph(advice), class_=f"verdict {colour}")


def _tiles(batch: Batch) -> Markup:
    rows: list[tuple[Child, Child]] = [
        (sentence(_STATUSES.get(s, (s, ""))[0])[:-1], [f"{n:,}", el("small", "pairs")])
        for s, n in batch.statuses.items()
    ]
    places = sum(r.review for r in batch.rows)
    rows.append(("To confirm", [f"{places:,}", el("small", "places in all")]))
    kept = sum(r.kept for r in batch.rows)
    rows.append(("There already", [f"{kept:,}", el("small", "maps kept")]))
    return el("div", definitions(rows), class_="tiles")


def _rows_section(title: str, rows: Sequence[BatchRow], note: str) -> Markup | None:
    if not rows:
        return None
    heads = ["Pair", "Verdict", "Offset, s", "Speed", "Lines", "To confirm", "Confidence", "Why"]
    body = [_cells(row) for row in rows[:_MOST_ROWS]]
    made = table(heads, body, caption=f"{title}: {plural(len(rows), 'pair')}", right=[2, 3, 4, 5, 6])
    more = len(rows) - _MOST_ROWS
    rest = paragraph(f"… and {plural(more, 'more pair')}.", class_="note") if more > 0 else None
    return section(title, made, rest, note=note)


def _cells(row: BatchRow) -> list[Child]:
    name: Child = words(row.name)
    head = link(row.report, row.name) if row.report else el("strong", name)
    said, tone = _STATUSES.get(row.status, (row.status, "plain"))
    verdict = "no evidence" if "no_evidence" in row.reasons else (row.verdict or said).replace("_", " ")
    placed = row.status in ("accepted", "refused") and row.verdict != "wrong_film"
    if row.verdict == "wrong_film" and not {"wrong_film", "no_evidence"} & set(row.reasons):
        verdict = "no verdict"
    return [
        [head, small(words(row.media)) if row.media else None],
        [badge(verdict, "warn" if tone == "good" and row.review else tone), small(_by(row))],
        signed(row.offset_s) if placed and row.offset_s is not None else DASH,
        f"×{row.scale:.6g}" if placed and row.scale is not None else DASH,
        f"{row.present:,} of {row.lines:,}" if row.lines else DASH,
        number(row.review, 0) if row.lines else DASH,
        percent(row.confidence) if row.lines else DASH,
        _why(row),
    ]


def _by(row: BatchRow) -> str:
    return "" if row.evidence in (None, "none") else f"compared with {kind_in_words(row.evidence)}"


def _why(row: BatchRow) -> Child:
    if row.message:
        return el("div", words(row.message), class_="why")
    said = [el("div", sentence(explain(c)), " ", code(c)) for c in row.reasons]
    return el("div", said, class_="why") if said else ""


def _unpaired(batch: Batch) -> Markup | None:
    if not batch.unpaired:
        return None
    files = bullets(words(f) for f in batch.unpaired[:_MOST_ROWS])
    note = "Name them in a list of pairs, or in media.csv, if they should be aligned."
    return section(
        "Files that belong to nothing",
        fold(plural(len(batch.unpaired), "file"), files, is_open=len(batch.unpaired) <= 20),
        note=note,
    )
