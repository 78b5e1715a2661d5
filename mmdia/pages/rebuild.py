"""The page of a rebuild: what was built of every title, what was not, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.errors import UsageError
from mmdia.pages.cells import copy_plots, small, strong, verdict_cell
from mmdia.pages.evidence import how_matched
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    bullets,
    code,
    definitions,
    el,
    fold,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.words import DASH, number, percent, plural, sentence, signed, tone, verdict
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import TimeMapFile

SUMMARY_SCHEMA = "mmdia.rebuild-summary/1"

#: Statuses of dialogues: how they are said, and their tone.
_STATUSES: dict[str, tuple[str, str]] = {
    "built": ("built", "good"),
    "refused": ("refused", "warn"),
    "failed": ("failed", "bad"),
    "missing_media": ("no file", "warn"),
    "no_media": ("script only", "plain"),
    "withdrawn": ("withdrawn", "plain"),
    "not_selected": ("not selected", "plain"),
}

#: Titles with plots of their own, and rows of other lists.
_MOST_PLOTS, _MOST_ROWS = 40, 1000

Row = Mapping[str, Any]


def rebuild_page(summary_row: Row, timemaps: Mapping[str, TimeMapFile]) -> str:
    """A page over one run of `mmdia rebuild`.

    Args:
        summary_row: The document of schema ``mmdia.rebuild-summary/1``.
        timemaps: Time maps by title; titles without one have no plots.

    Returns:
        A whole HTML document.

    Raises:
        UsageError: The row is of another schema.
    """
    schema = summary_row.get("schema", SUMMARY_SCHEMA)
    if schema != SUMMARY_SCHEMA:
        raise UsageError("not a summary of a rebuild", expected=SUMMARY_SCHEMA, got=schema)
    titles: Sequence[Row] = summary_row.get("titles") or []
    body = [
        _headline(summary_row),
        _tiles(summary_row, titles),
        _why_not(summary_row),
        _title_section(titles, timemaps),
        _files_section(summary_row),
        _plots_section(titles, timemaps),
    ]
    return page("Rebuild · mmdia", body)


def _headline(row: Row) -> Markup:
    counts: Mapping[str, int] = row.get("statuses") or {}
    built = counts.get("built", 0)
    wanted = built + sum(counts.get(s, 0) for s in ("refused", "failed", "missing_media"))
    complete = bool(row.get("complete"))
    said = f"{built:,} of {plural(wanted, 'dialogue')} built"
    colour = "good" if complete else "warn" if built else "bad"
    standing = badge("Complete" if complete else "Not complete", colour)
    place = paragraph("Output: ", words(str(row.get("out") or "not named")), class_="sub")
    advice = (
        "Every dialogue that was asked for is there."
        if complete
        else "What is missing is listed below with its reason. A second run only builds the rest."
    )
    return el(
        "header", el("h1", said), paragraph(standing), place, paragraph(advice), class_=f"verdict {colour}"
    )


def _tiles(row: Row, titles: Sequence[Row]) -> Markup:
    counts: Mapping[str, int] = row.get("statuses") or {}
    known = [s for s in _STATUSES if s in counts] + sorted(s for s in counts if s not in _STATUSES)
    rows: list[tuple[Child, Child]] = [
        (sentence(_STATUSES.get(s, (s, ""))[0])[:-1], [f"{counts[s]:,}", el("small", "dialogues")])
        for s in known
    ]
    found = sum(bool(t.get("file")) for t in titles)
    rows.append(("Titles found", [f"{found:,}", el("small", f"of {len(titles):,}")]))
    rows.append(("There already", [f"{row.get('kept') or 0:,}", el("small", "clips kept")]))
    rows.append(("Time", [_minutes(row.get("seconds")), el("small", "wall clock")]))
    return el("div", definitions(rows), class_="tiles")


def _minutes(seconds: object) -> str:
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return DASH
    return f"{number(seconds, 1)} s" if seconds < 120 else f"{number(seconds / 60, 1)} min"


def _why_not(row: Row) -> Markup | None:
    reasons: Mapping[str, int] = row.get("reasons") or {}
    if not reasons:
        return None
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Child]] = [[sentence(explain(c)), code(c), f"{n:,}"] for c, n in ordered]
    heads = ["Reason", "Code", "Dialogues"]
    caption = "Reasons of what was not built; a dialogue may have several"
    return section("Why not", table(heads, rows, caption=caption, right=[2]))


def _title_section(titles: Sequence[Row], timemaps: Mapping[str, TimeMapFile]) -> Markup:
    if not titles:
        return section("Titles", paragraph("The release has no titles."))
    heads = ["Title", "File", "Verdict", "Right film", "Offset, s", "Speed", "Built", "Not built"]
    rows = [_title_row(t, timemaps.get(str(t.get("title_id")))) for t in titles[:_MOST_ROWS]]
    more = len(titles) - _MOST_ROWS
    rest = paragraph(f"… and {plural(more, 'more title')}.", class_="note") if more > 0 else None
    shown = table(heads, rows, caption="One row a title", right=[3, 4, 5, 6])
    return section("Titles", shown, rest)


def _title_row(title: Row, document: TimeMapFile | None) -> list[Child]:
    counts: Mapping[str, int] = title.get("counts") or {}
    built, total = counts.get("built", 0), sum(counts.values())
    file = title.get("file")
    part = f" (part {title['part']})" if title.get("part") else ""
    where: Child = (
        [words(str(file)), part, small(how_matched(title.get("how")))] if file else badge("no file", "warn")
    )
    scale = title.get("scale")
    return [
        strong(str(title.get("title_id"))),
        where,
        _verdict_cell(title, document),
        percent(float(title["confidence"])) if title.get("confidence") is not None else DASH,
        signed(float(title["offset"])) if title.get("offset") is not None else DASH,
        f"×{scale:.6g}" if isinstance(scale, (int, float)) else DASH,
        f"{built:,} / {total:,}",
        [_not_built(counts), small(_reason_text(title))],
    ]


def _verdict_cell(title: Row, document: TimeMapFile | None) -> Child:
    if document is not None:
        return verdict_cell(document)
    name = title.get("verdict")
    if name is None:
        return DASH
    return badge(str(name).replace("_", " "), "bad" if name == "wrong_film" else "plain")


def _not_built(counts: Mapping[str, int]) -> Child:
    rest = [(s, n) for s, n in counts.items() if s != "built" and n]
    if not rest:
        return badge("all built", "good") if counts else DASH
    return [
        [badge(f"{n:,} {_STATUSES.get(s, (s, ''))[0]}", _STATUSES.get(s, ("", "plain"))[1]), " "]
        for s, n in rest
    ]


def _reason_text(title: Row) -> str:
    said = [sentence(explain(str(c))) for c in title.get("reasons") or ()]
    return " ".join(said + ([str(title["message"])] if title.get("message") else []))


def _files_section(row: Row) -> Markup | None:
    """Files and rows that nobody could place."""
    parts: list[Child] = []
    unmatched, broken = list(row.get("unmatched") or ()), list(row.get("broken") or ())
    ambiguous: Mapping[str, Sequence[str]] = row.get("ambiguous") or {}
    if unmatched:
        parts.append(_name_list("Files of no title", unmatched))
    if ambiguous:
        rows: list[list[Child]] = [
            [words(file), ", ".join(map(str, fits))] for file, fits in list(ambiguous.items())[:_MOST_ROWS]
        ]
        parts.append(
            table(["File", "Fits"], rows, caption="Files that fit several titles: name them in media.csv")
        )
    if broken:
        parts.append(_name_list("Rows of the release that cannot be read", broken))
    return section("Left over", parts) if parts else None


def _name_list(name: str, items: Sequence[object]) -> Markup:
    shown = bullets(words(str(i)) for i in items[:_MOST_ROWS])
    return fold(f"{name}: {len(items):,}", shown, is_open=len(items) <= 10)


def _plots_section(titles: Sequence[Row], timemaps: Mapping[str, TimeMapFile]) -> Markup | None:
    """Plots of every title that has a map: doubtful ones first, for they want a look."""
    order = [str(t.get("title_id")) for t in titles]
    known = [t for t in dict.fromkeys([*order, *timemaps]) if t in timemaps]
    ranks = {"bad": 0, "warn": 1, "good": 2}
    known.sort(key=lambda t: ranks[tone(timemaps[t])])
    if not known:
        return None
    shown = [_title_plots(t, timemaps[t]) for t in known[:_MOST_PLOTS]]
    more = len(known) - _MOST_PLOTS
    rest = (
        paragraph(f"… and {plural(more, 'more title')} without plots here.", class_="note")
        if more > 0
        else None
    )
    return section("Time maps", shown, rest, note="Titles in doubt come first.")


def _title_plots(title: str, document: TimeMapFile) -> Markup:
    return fold(
        [words(title), " ", badge(verdict(document), tone(document))],
        copy_plots(document),
    )
