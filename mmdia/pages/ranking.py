"""The page of a ranking: which subtitle to take for a copy, and why not the others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from mmdia.pages.cells import copy_plots, small
from mmdia.pages.evidence import kind_in_words
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    bullets,
    code,
    el,
    fold,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.words import DASH, number, percent, plural, sentence, verdict
from mmdia.schema.ranking import Ranking, RankRow
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import TimeMapFile

#: Subtitles with plots of their own.
_MOST_PLOTS = 12

_QUESTIONS = (
    "May it be used? A wrong film is refused, whatever its name.",
    "Is it dialogue, not chapters or descriptions?",
    "Is it in the language wanted, when one is named?",
    "How much of the copy's speech does it cover, in tenths?",
    "What must be undone: nothing before a constant offset before another speed before edits.",
    "How far do the starts of all its lines then lie from the copy's, and how widely do its durations "
    "scatter, in hundredths of a second?",
    "How many of its lines do the copy's words confirm, in tenths?",
    "Confidence, in hundredths; then how much a person must confirm.",
)


def ranking_page(ranking: Ranking, maps: Mapping[str, TimeMapFile]) -> str:
    """A page that says which subtitle to take.

    Args:
        ranking: The order.
        maps: Time maps by name of the subtitle; those without one have no plots.

    Returns:
        A whole HTML document.
    """
    body = [_headline(ranking), _order(ranking, maps), _questions(), _plots(ranking, maps)]
    return page("Subtitles ranked · mmdia", body)


def _headline(ranking: Ranking) -> Markup:
    best = ranking.best
    said = "None of them may be used" if best is None else f"Take {PurePath(best.name).name}"
    colour = "bad" if best is None else "warn" if best.review else "good"
    tied = sum(row.rank == 1 for row in ranking.rows)
    advice = (
        "Every subtitle was refused; the reasons are below."
        if best is None
        else f"{tied} subtitles are equal in every question; take either."
        if tied > 1
        else sentence(best.why)
    )
    lines = [
        el("h1", said),
        paragraph(advice),
        paragraph("Copy: ", words(ranking.media), class_="sub"),
        paragraph(f"Compared with {kind_in_words(ranking.evidence.get('kind'))}.", class_="sub"),
        bullets([sentence(explain(c)), " ", code(c)] for c in ranking.missing) if ranking.missing else None,
    ]
    return el("header", *lines, class_=f"verdict {colour}")


def _order(ranking: Ranking, maps: Mapping[str, TimeMapFile]) -> Markup:
    heads = ["Rank", "Subtitle", "Verdict", "Covers", "Start ±, s", "Duration ±, s", "Confidence", "Why"]
    rows = [_cells(row, maps.get(row.name)) for row in ranking.rows]
    caption = f"{plural(len(ranking.rows), 'subtitle')}, best first"
    note = (
        "Start ± is the mean distance of all lines from those of the copy, after the time map (0.5 s where "
        "there is none): low means that lines begin on time. Duration ± is a median."
    )
    return section("Order", table(heads, rows, caption=caption, right=[0, 3, 4, 5, 6]), note=note)


def _cells(row: RankRow, document: TimeMapFile | None) -> list[Child]:
    facts = [row.language or "language unknown", plural(row.lines, "line")] if row.lines else []
    said = verdict(document) if document is not None else "Not aligned"
    good = "good" if row.usable and not row.review else "warn" if row.usable else "bad"
    return [
        DASH if row.rank is None else str(row.rank),
        [el("strong", words(PurePath(row.name).name)), small(", ".join(facts)) if facts else None],
        [badge("usable" if row.usable else "refused", good), small(said)],
        percent(row.covers) if row.usable else DASH,
        _spread(row.start_spread_s) if row.usable else DASH,
        _spread(row.duration_spread_s) if row.usable else DASH,
        percent(row.confidence) if row.verdict else DASH,
        [sentence(row.why), small(f"{plural(row.review, 'place')} to confirm") if row.review else None],
    ]


def _spread(value: float | None) -> str:
    return DASH if value is None else number(value)


def _questions() -> Markup:
    return section(
        "How the order is made", el("ol", [el("li", q) for q in _QUESTIONS]),
        note="The first question at which two subtitles differ decides; each says which it was.",
    )  # fmt: skip


def _plots(ranking: Ranking, maps: Mapping[str, TimeMapFile]) -> Markup | None:
    made: list[Markup] = []
    for row in ranking.rows[:_MOST_PLOTS]:
        document = maps.get(row.name)
        if document is not None and document.verdict != "wrong_film":
            name = PurePath(row.name).name
            made.append(fold(name, copy_plots(document), is_open=not made))
    return section("Discrepancies", made) if made else None
