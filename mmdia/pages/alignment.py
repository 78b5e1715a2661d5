"""The page of one alignment, for a person who must decide whether to trust it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mmdia.pages.checks import (
    DOUBT,
    absent_lines,
    annotation_time,
    checks,
    dialogues,
    doubtful_lines,
    seek,
)
from mmdia.pages.edits import at, edits_of, usable
from mmdia.pages.evidence import evidence_table
from mmdia.pages.html import (
    Child,
    Markup,
    badge,
    bullets,
    code,
    definitions,
    el,
    figure,
    fold,
    page,
    paragraph,
    section,
    table,
    words,
)
from mmdia.pages.plots import (
    TOLERANCE_S,
    confidence_strip,
    discrepancy_plot,
    histogram,
    residual_plot,
    residuals,
)
from mmdia.pages.review import review_section
from mmdia.pages.sound import heard_in_words, sound_section
from mmdia.pages.timeline import timeline_plot
from mmdia.pages.words import (
    DASH,
    clock,
    lasting,
    number,
    percent,
    plural,
    sentence,
    signed,
    standing,
    tone,
    verdict,
)
from mmdia.schema.timemap import LineRow, TimeMapFile

#: Rows of a table; what is left out is counted under it.
_MOST_ROWS = 200

#: Letters of a line that are shown.
_MOST_LETTERS = 160

Texts = Sequence[str] | None


def alignment_page(document: TimeMapFile, *, texts: Texts = None) -> str:
    """A page that says what was found, on what it stands, and what to check by hand.

    Args:
        document: The time map.
        texts: Texts of the annotation's cues; line `i` of the map is ``texts[i]``.

    Returns:
        A whole HTML document.
    """
    compared = "no_evidence" not in document.reasons
    body = [
        headline(document),
        tiles(document) if compared else None,
        review_section(document, texts),
        _by_hand(document, texts),
        _timelines(document) if compared else None,
        discrepancy_section(document) if compared else None,
        sound_section(document) if compared else None,
        _lines_section(document, texts) if compared else None,
        _pieces_section(document) if compared else None,
        section("Evidence", evidence_table(document.evidence)),
    ]
    return page(f"{verdict(document)} · mmdia align", body)


def headline(document: TimeMapFile) -> Markup:
    """The verdict in words, whether it is accepted, and what was compared."""
    colour = tone(document)
    compared = [
        paragraph("Annotation: ", words(document.annotation or "not named"), class_="sub"),
        paragraph("Media: ", words(document.media or "not named"), class_="sub"),
        heard_in_words(document),
    ]
    badges = [badge(standing(document), colour), badge(f"confidence {percent(document.confidence)}")]
    if document.needs_review:
        badges.append(badge(f"{plural(len(document.needs_review), 'place')} to confirm", "warn"))
    box = [el("h1", verdict(document)), paragraph(badges), *compared, _advice(document), _reasons(document)]
    return el("header", *box, class_=f"verdict {colour}")


def _advice(document: TimeMapFile) -> Markup:
    """One sentence on what follows from the verdict."""
    if "no_evidence" in document.reasons:
        return paragraph("This copy shows no lines to compare. Nothing says that it is the wrong film.")
    if document.undecided:
        return paragraph("Nothing says that it is the wrong film, nor that it is the right one.")
    if document.verdict == "wrong_film":
        return paragraph(
            "The lines of this copy fit the annotation no better than chance. Do not cut clips from it."
        )
    if not document.accepted:
        return paragraph("The map is written, but the policy in force does not take it. Check before use.")
    if document.needs_review:
        return paragraph(
            "Times can be carried over, but for the places below: a person must confirm them first."
        )
    if document.verdict == "segments":
        return paragraph("This copy was edited. Check one line on each side of every edit.")
    if document.confidence < 0.95:
        return paragraph("Accepted, but not beyond doubt. Check the lines below by ear.")
    return paragraph("Times can be carried over. Two lines checked by ear are enough to be sure.")


def tiles(document: TimeMapFile) -> Markup:
    """The figures that matter, large."""
    lines, placed = document.lines, document.verdict != "wrong_film"
    present = sum(line.present for line in lines)
    weak = len(doubtful_lines(document))
    rows: list[tuple[Child, Child]] = [
        ("Confidence", [percent(document.confidence), el("small", "that it is the film")]),
        ("Lines present", [f"{present:,}", el("small", f"of {plural(len(lines), 'line')}")]),
    ]
    if placed:
        first = document.segments[0].offset if document.segments else math.nan
        ratio = f"= {document.scale_ratio}, " if document.scale_ratio not in (None, "1") else ""
        named = f"×{document.scale:.6g}" if math.isfinite(document.scale) else DASH
        rows += [
            ("Lines in doubt", [f"{weak:,}", el("small", f"confidence below {DOUBT}")]),
            ("Offset at 0:00", [f"{signed(first)} s", el("small", "of the first piece")]),
            ("Speed", [named, el("small", f"{ratio}media seconds a second")]),
            ("Edits", [str(len(edits_of(document.segments))), el("small", "between the pieces")]),
        ]
    served = dialogues(document)
    if served is not None and placed:
        rest = f"of {served.total:,}; {served.cut:,} cut, {served.doubtful:,} in doubt"
        rows.append(("Dialogues whole", [f"{served.whole:,}", el("small", rest)]))
    return el("div", definitions(rows), class_="tiles")


def _reasons(document: TimeMapFile) -> Markup:
    """What is doubtful or notable, with its code."""
    if not document.reasons:
        return paragraph("There are no warnings.")
    return bullets([sentence(said), " ", code(c)] for c, said in document.sentences())


def _timelines(document: TimeMapFile) -> Markup:
    caption = (
        "Bands connect the same moment of both copies: upright bands mean no shift, slanted ones a shift, "
        "widening or narrowing ones another speed. Hatched: missing from this copy. "
        "Outlined: added to this copy."
    )
    return section("Timelines", figure(timeline_plot(document), caption))


def discrepancy_section(document: TimeMapFile) -> Markup:
    """The plots of the paper's Figure 4, and what the map leaves unexplained."""
    series = document.discrepancy
    plot = discrepancy_plot(series.anno_time, series.start, series.duration, document.segments)
    caption = (
        "A dot is an anchor: a line that both copies have. The line is the time map. "
        "Flat means a constant offset, a slope another speed, steps an edited copy; scattered dots "
        "mean that there is no match. Dashed, below: the median. Triangles lie beyond the axis."
    )
    left = residuals(series.anno_time, series.start, document.segments)
    if not left:
        return section("Discrepancies", figure(plot, caption))
    off = [r for _, r in left]
    within = sum(abs(r) <= TOLERANCE_S for r in off)
    note = (
        f"{within:,} of {plural(len(off), 'anchor')} lie within {TOLERANCE_S} s of the time map (tinted)."
    )
    rest = [
        figure(residual_plot(series.anno_time, series.start, document.segments), note),
        figure(histogram(off, title="Media − time map"), "How the same residuals are spread."),
    ]
    return section(
        "Discrepancies", figure(plot, caption), el("h3", "What the map leaves unexplained"), rest
    )


def _by_hand(document: TimeMapFile, texts: Texts) -> Markup:
    found = checks(document) if document.verdict != "wrong_film" else []
    if not found:
        return section("Before you give up", bullets(_suspicions(document)))
    note = "Open the media, seek to the time on the left, and listen for the line two seconds later."
    rows = [
        [
            el("strong", clock(seek(c.line))),
            [c.why, el("blockquote", _text(c.line, texts))],
            percent(c.line.confidence),
        ]
        for c in found
    ]
    heads = ["Seek to", "Listen for", "Confidence"]
    body = table(heads, rows, caption="Player time of this copy", right=[2])
    return section("Two minutes by ear", body, note=note)


def _suspicions(document: TimeMapFile) -> list[Child]:
    if "no_evidence" in document.reasons:
        return ["Put a subtitle file of this very copy beside the media, or name it with --subs."]
    if document.undecided:
        return [sentence(said) for _, said in document.sentences()]
    return [
        "Does the media show the film that the annotation is of? "
        "A remake or another episode often has the same name.",
        "Are the subtitles those of this media? Subtitles of another film beside it look like this, too.",
        "Is only a part of the film there (CD 1 of 2)? Then name the part in media.csv.",
    ]


def _text(line: LineRow, texts: Texts) -> Child:
    if texts is None or not 0 <= line.i < len(texts):
        return el("span", f"line {line.i + 1}" if texts is None else "(no text)", class_="note")
    flat = " ".join(texts[line.i].split())
    return words(flat if len(flat) <= _MOST_LETTERS else flat[:_MOST_LETTERS] + "…")


def _lines_section(document: TimeMapFile, texts: Texts) -> Markup:
    caption = (
        "Height: the lowest confidence in each column; blue from 0.95, then amber, and red below 0.8. "
        "Red marks under the base are lines that this copy lacks."
    )
    parts: list[Child] = [figure(confidence_strip(document.lines), caption)]
    if document.verdict == "wrong_film":
        parts.append(paragraph("No line is listed: none was placed."))
        return section("Lines", parts)
    for name, lines in (
        ("Absent from this copy", absent_lines(document)),
        ("In doubt", doubtful_lines(document)),
    ):
        if not lines:
            parts.append(paragraph(f"{name}: none."))
            continue
        shown = _line_table(document, lines[:_MOST_ROWS], name, texts)
        more = len(lines) - _MOST_ROWS
        rest = paragraph(f"… and {plural(more, 'more line')}.", class_="note") if more > 0 else None
        parts.append(fold(f"{name}: {plural(len(lines), 'line')}", shown, rest, is_open=len(lines) <= 15))
    return section("Lines", parts)


def _line_table(document: TimeMapFile, lines: Sequence[LineRow], name: str, texts: Texts) -> Markup:
    spoken = any(line.dialogue_id is not None for line in lines)
    heads = ["Line", "Annotation", "This copy", "Confidence", *(["Dialogue"] if spoken else []), "Text"]
    rows: list[list[Child]] = []
    for line in lines:
        owner = (
            line.dialogue_id
            if line.turn is None
            else f"{line.dialogue_id}\u00a0·\u00a0turn\u00a0{line.turn + 1}"
        )
        rows.append(
            [
                f"{line.i + 1:,}",
                clock(annotation_time(document, line), 1),
                clock(line.start, 1) if line.present else f"({clock(line.start, 1)})",
                number(line.confidence, 2),
                *([words(owner or DASH)] if spoken else []),
                _text(line, texts),
            ]
        )
    return table(
        heads, rows, caption=f"{name}; times in brackets are where they would be", right=[0, 1, 2, 3]
    )


def _pieces_section(document: TimeMapFile) -> Markup:
    pieces = usable(document.segments)
    if not pieces:
        return section("Pieces", paragraph("The map is empty: it places nothing."))
    heads = ["#", "Annotation", "This copy", "Offset, s", "Speed", "Residual, s", "Confidence"]
    rows: list[list[Child]] = []
    for k, p in enumerate(pieces[:_MOST_ROWS]):
        span = f"{clock(p.anno_start, 3)} {DASH} {clock(p.anno_end, 3)}"
        there = f"{clock(at(p, p.anno_start), 3)} {DASH} {clock(at(p, p.anno_end), 3)}"
        figures = [signed(p.offset), f"×{p.scale:.7g}", number(p.residual_s), percent(p.confidence)]
        rows.append([str(k + 1), span, there, *figures])
    note = "Media second = speed × annotation second + offset."
    made = [table(heads, rows, caption="Pieces of the time map", right=[0, 1, 2, 3, 4, 5, 6])]
    if len(pieces) > _MOST_ROWS:
        made.append(paragraph(f"… and {plural(len(pieces) - _MOST_ROWS, 'more piece')}.", class_="note"))
    edits = edits_of(document.segments)[:_MOST_ROWS]
    changes: list[list[Child]] = [
        [
            clock(e.anno_start, 3),
            clock(e.media_start, 3),
            lasting(e.missing_s) if e.missing_s else DASH,
            lasting(e.added_s) if e.added_s else DASH,
        ]
        for e in edits
    ]
    if changes:
        names = ["Annotation", "This copy", "Missing", "Added"]
        made.append(table(names, changes, caption="Edits between the pieces", right=[0, 1, 2, 3]))
    return section("Pieces", made, note=note)
