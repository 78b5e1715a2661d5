"""The page of a rebuild: what was built of every title, what was not, and why."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmdia.errors import UsageError
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    code,
    definitions,
    el,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.rebuild_clips import availability_section, clips_section, quality_section, size
from mmdia.pages.rebuild_titles import MOST_ROWS, STATUSES, detail_section, name_list, title_section
from mmdia.pages.words import DASH, number, plural, sentence
from mmdia.schema.reasons import REASONS, explain
from mmdia.schema.timemap import TimeMapFile

SUMMARY_SCHEMA = "mmdia.rebuild-summary/1"

Row = Mapping[str, Any]

#: Reasons that are no trouble: the tiles count such dialogues.
_QUIET = ("no_media", "not_selected", "withdrawn")


def rebuild_page(summary_row: Row, timemaps: Mapping[str, TimeMapFile]) -> str:
    """A page over one run of `mmdia rebuild`.

    Args:
        summary_row: The document of schema ``mmdia.rebuild-summary/1``. With the keys
            ``availability``, ``clips`` and ``estimate`` (`mmdia.rebuild.overview`) the page has
            sections on them.
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
    clips = summary_row.get("clips")
    body = [
        _headline(summary_row),
        _tiles(summary_row, titles),
        _why_not(summary_row),
        availability_section(summary_row.get("availability")),
        title_section(titles, timemaps),
        _files_section(summary_row),
        clips_section(clips, summary_row.get("estimate"), summary_row.get("seconds")),
        quality_section(clips),
        detail_section(titles, timemaps),
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
    known = [s for s in STATUSES if s in counts] + sorted(s for s in counts if s not in STATUSES)
    rows: list[tuple[Child, Child]] = [
        (sentence(STATUSES.get(s, (s, ""))[0])[:-1], [f"{counts[s]:,}", el("small", "dialogues")])
        for s in known
    ]
    found = sum(bool(t.get("file")) for t in titles)
    rows.append(("Titles found", [f"{found:,}", el("small", f"of {len(titles):,}")]))
    rows.append(("There already", [f"{row.get('kept') or 0:,}", el("small", "clips kept")]))
    files: Mapping[str, Row] = (row.get("clips") or {}).get("files") or {}
    if files:
        rows.append(
            ("On disk", [size(sum(f.get("bytes") or 0 for f in files.values())), el("small", "all clips")])
        )
    rows.append(("Time", [_minutes(row.get("seconds")), el("small", "wall clock")]))
    return el("div", definitions(rows), class_="tiles")


def _minutes(seconds: object) -> str:
    if not isinstance(seconds, (int, float)) or not math.isfinite(seconds):
        return DASH
    return f"{number(seconds, 1)} s" if seconds < 120 else f"{number(seconds / 60, 1)} min"


def _why_not(row: Row) -> Markup | None:
    reasons: Mapping[str, int] = row.get("reasons") or {}
    wanted = {c: n for c, n in reasons.items() if c not in _QUIET}
    if not wanted:
        return None
    ordered = sorted(wanted.items(), key=lambda item: (-item[1], item[0]))
    rows: list[list[Child]] = [[*_told(c), code(c), f"{n:,}"] for c, n in ordered]
    heads = ["Reason", "What helps", "Code", "Dialogues"]
    caption = "Reasons of what was not built; a dialogue may have several"
    return section("Why not", table(heads, rows, caption=caption, right=[3]))


def _told(reason: str) -> tuple[Child, Child]:
    """A reason and its cure, as sentences."""
    known = REASONS.get(reason)
    if known is None:
        return sentence(explain(reason)), DASH
    return sentence(known.text), sentence(known.cure) if known.cure else DASH


def _files_section(row: Row) -> Markup | None:
    """Files and rows that nobody could place."""
    parts: list[Child] = []
    unmatched, broken = list(row.get("unmatched") or ()), list(row.get("broken") or ())
    ambiguous: Mapping[str, Sequence[str]] = row.get("ambiguous") or {}
    if unmatched:
        parts.append(name_list("Files of no title", unmatched))
    if ambiguous:
        rows: list[list[Child]] = [
            [words(file), ", ".join(map(str, fits))] for file, fits in list(ambiguous.items())[:MOST_ROWS]
        ]
        parts.append(
            table(["File", "Fits"], rows, caption="Files that fit several titles: name them in media.csv")
        )
    if row.get("images"):
        parts.append(name_list("Images of discs: mount them, or rip them", list(row["images"])))
    if broken:
        parts.append(name_list("Rows of the release that cannot be read", broken))
    return section("Left over", parts) if parts else None
