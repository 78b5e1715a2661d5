"""The page of Table 6: how right the times and words of kinds of subtitles are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdia.pages.axes import WIDE, Scale
from mmdia.pages.cells import small
from mmdia.pages.html import Child, Markup, el, figure, page, paragraph, section, table, words
from mmdia.pages.svg import inner, picture, rule, stroke, text
from mmdia.pages.words import DASH, number, percent, plural, signed
from mmdia.schema.ranking import SubtitleScore, Table6

#: Tolerances of the curve, as keys, and where they stand (logarithmic).
_TAUS = (("0.1", 0.0), ("0.2", 0.301), ("0.5", 0.699), ("1", 1.0))

#: Curves that have a colour of their own.
_COLOURS = 6

_TOP, _HEIGHT = 24, 200


def table6_page(table6: Table6) -> str:
    """A page with our rows beside the paper's, and the curve over tolerances.

    Args:
        table6: What was measured.

    Returns:
        A whole HTML document.
    """
    body = [
        _headline(table6),
        section("Accuracy and word errors", _main(table6), note=_note(table6)),
        section("By tolerance", figure(curve_plot(table6), _caption(table6)), _curve_table(table6)),
        section("Errors of words", _words(table6)),
    ]
    return page("Timestamp accuracy and word errors · mmdia", body)


def _headline(t: Table6) -> Markup:
    said = "Timestamp accuracy and word error rate"
    what = f"{plural(t.lines, 'line')} of {plural(t.titles, 'title')}; tolerance {t.tau:g} s at both ends."
    return el(
        "header", el("h1", said), paragraph(what),
        paragraph("Reference: ", words(t.reference), class_="sub"), class_="verdict",
    )  # fmt: skip


def _note(t: Table6) -> str:
    return (
        "Lines are matched by an alignment of their words; a line without a partner is wrong. Intervals "
        f"are Wilson's, 95 %. Words are compared under the normaliser “{t.normalizer}”. The paper's "
        "figures are judgements of people on other titles: beside ours, not ranked against them."
    )


def _main(t: Table6) -> Markup:
    paper = {row["key"]: row for row in t.paper}
    heads = ["Subtitle", "Accuracy", "95 %", "WER", "Paper: accuracy", "Paper: WER"]
    rows: list[list[Child]] = []
    for row in t.rows:
        theirs: Mapping[str, Any] = paper.get(row.key, {})
        interval = row.accuracy.get("ci95")
        rows.append(
            [
                _name(row),
                _figure(row.accuracy.get("value")),
                DASH if interval is None else f"{number(interval[0])} {DASH} {number(interval[1])}",
                _figure(row.wer.get("value"), 2),
                _figure(theirs.get("accuracy")),
                _figure(theirs.get("wer"), 2),
            ]
        )
    return table(heads, rows, caption="Our rows, and the paper's (Table 6)", right=[1, 2, 3, 4, 5])


def _name(row: SubtitleScore) -> Child:
    lacks = f"; lacks {len(row.missing)}" if row.missing else ""
    return [el("strong", words(row.name)), small(f"{plural(row.titles, 'title')}{lacks}")]


def _figure(value: object, digits: int = 3) -> str:
    return number(float(value), digits) if isinstance(value, (int, float)) else DASH


def _caption(t: Table6) -> str:
    return (
        "Share of reference lines whose both ends are within the tolerance. A curve that is low on the "
        "left and high on the right is loosely timed; one that stays low is shifted, or another cut."
    )


def curve_plot(t: Table6) -> Markup:
    """Share of lines right over the tolerance, a curve a kind of subtitle."""
    y = Scale(1, 0, _HEIGHT)
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid = [rule("0", _TOP + y(v), "100%", _TOP + y(v), "grid") for v in levels]
    side = [text("-6", _TOP + y(v) + 4, f"{v:g}", anchor="end") for v in levels]
    under = [
        text(f"{4 + at * 72:.2f}%", _TOP + _HEIGHT + 16, f"{tau} s", anchor="middle") for tau, at in _TAUS
    ]
    curves, names = [], []
    taken: list[float] = []
    for k, row in enumerate(t.rows):
        curve = row.accuracy.get("curve") or {}
        points = [((0.04 + at * 0.72) * WIDE, y(float(curve[tau]))) for tau, at in _TAUS if tau in curve]
        if len(points) < 2:
            continue
        class_ = f"curve c{k % _COLOURS}"
        curves.append(stroke(points, class_))
        # Labels that would meet are moved apart, downwards.
        level = points[-1][1]
        while any(abs(level - other) < 15 for other in taken):
            level += 15
        taken.append(level)
        names.append(text("78%", _TOP + level + 4, row.name, class_=f"head name c{k % _COLOURS}"))
    head = text("0", 14, "Share of lines right, by tolerance", class_="head")
    said = "; ".join(f"{r.name} {_figure(r.accuracy.get('value'))}" for r in t.rows)
    label = f"Accuracy at {t.tau:g} s: {said}."
    return picture(
        label, _TOP + _HEIGHT + 24, [head, grid, side, inner(_TOP, _HEIGHT, curves), names, under]
    )


def _curve_table(t: Table6) -> Markup:
    figures = ("Start only", "Median start, s", "Median end, s", "Drift, s an hour", "Matched")
    heads = ["Subtitle", *(f"{tau} s" for tau, _ in _TAUS), *figures]
    rows: list[list[Child]] = []
    for row in t.rows:
        a = row.accuracy
        curve = a.get("curve") or {}
        rows.append(
            [
                words(row.name),
                *(_figure(curve.get(tau)) for tau, _ in _TAUS),
                _figure(a.get("start_only")),
                *(_signed(a.get(key)) for key in ("median_start_s", "median_end_s", "drift_s_per_hour")),
                percent(a["n_matched"] / a["n"]) if a.get("n") else DASH,
            ]
        )
    caption = "Share of lines right at each tolerance, and how the rest is off (subtitle minus reference)"
    return table(heads, rows, caption=caption, right=range(1, 10))


def _signed(value: object) -> str:
    return signed(float(value)) if isinstance(value, (int, float)) else DASH


def _words(t: Table6) -> Markup:
    heads = ["Subtitle", "Words", "Substituted", "Missing", "Added", "WER"]
    keys = ("length", "substitutions", "deletions", "insertions")
    rows: list[list[Child]] = [
        [words(r.name), *(f"{r.wer.get(k) or 0:,}" for k in keys), _figure(r.wer.get("value"), 4)]
        for r in t.rows
    ]
    return table(heads, rows, caption="Changes from the reference to the subtitle", right=[1, 2, 3, 4, 5])
