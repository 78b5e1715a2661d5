"""Two timelines, one under the other, and which part of the one is which part of the other."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from mmdia.pages.axes import WIDE, Scale, drawable, time_span
from mmdia.pages.edits import MOST_PIECES, Edit, Piece, at, bounded, edits_of
from mmdia.pages.html import Markup
from mmdia.pages.svg import anchor_at, block, hatching, inner, picture, shape, text, time_axis
from mmdia.pages.words import clock, lasting, percent, plural, signed
from mmdia.schema.timemap import TimeMapFile

#: Tops of the two bars, their height, and the height of the picture. Pixels.
_ABOVE, _BELOW, _BAR, _HEIGHT = 42, 132, 20, 198

#: Labels of edits lie this share of the width apart, or give way on narrow screens.
_SPACING, _NARROW_SPACING = 0.13, 0.4

Span = tuple[float, float]
Placed = tuple[Piece, float, float]


def timeline_plot(document: TimeMapFile) -> Markup:
    """Annotation above, media below, pieces as bands between them.

    Ranges that this copy lacks are hatched above; ranges that were added are outlined below.

    Args:
        document: A time map; an empty one (the wrong film) shows two bars without bands.
    """
    media_lines = [t for line in document.lines for t in (line.start, line.end) if drawable(t)]
    anno_times = [t for t in document.discrepancy.anno_time if drawable(t)]
    pieces = bounded(document.segments, anno_times or media_lines)
    anno, media = _extents(pieces, anno_times, media_lines)
    x = Scale(*time_span([*anno, *media]), WIDE)
    # A pattern's name is global to a page: pictures with the same name have the same pattern.
    name = f"hatch{zlib.crc32(repr((pieces, anno, media)).encode()):08x}"
    grid, labels = time_axis(x, _ABOVE, _BELOW + _BAR + 18)
    edits = edits_of(document.segments)
    drawn, shown = pieces[:MOST_PIECES], edits[:MOST_PIECES]
    bands = [_band(x, p, a, b) for p, a, b in drawn]
    body = [
        hatching(name),
        grid,
        text("0", 14, "Annotated copy", class_="head"),
        _annotation_bar(x, drawn, anno, name),
        inner(_ABOVE + _BAR, _BELOW - _ABOVE - _BAR, bands),
        _media_bar(x, drawn, media, shown),
        _edit_labels(x, edits),
        text("0", _BELOW + _BAR + 16, "This copy (player time)", class_="head halo"),
        labels,
    ]
    return picture(_label(pieces, edits), _HEIGHT, body)


def _extents(pieces: list[Placed], anno: list[float], media: list[float]) -> tuple[Span, Span]:
    above = [*anno, *(e for _, a, b in pieces for e in (a, b))]
    below = [*media, *(at(p, e) for p, a, b in pieces for e in (a, b))]
    if not pieces and not anno:
        above = media
    return time_span(above), time_span(below)


def _annotation_bar(x: Scale, pieces: list[Placed], extent: Span, name: str) -> Markup:
    """Hatched all along, with the pieces over it: what stays hatched is missing."""
    missing = "Not in this copy" if pieces else "No part of the annotation was found in this copy"
    made = [block(x, *extent, _ABOVE, _BAR, "missing", missing, fill=f"url(#{name})")]
    for piece, a, b in pieces:
        tip = f"Annotation {clock(a, 3)} to {clock(b, 3)}, confidence {percent(piece.confidence)}"
        made.append(block(x, a, b, _ABOVE, _BAR, "piece", tip))
    return Markup("".join(made))


def _media_bar(x: Scale, pieces: list[Placed], extent: Span, edits: Iterable[Edit]) -> Markup:
    made = [block(x, *extent, _BELOW, _BAR, "track", "Nothing of the annotation lies here")]
    for piece, a, b in pieces:
        tip = f"This copy {clock(at(piece, a), 3)} to {clock(at(piece, b), 3)}"
        made.append(block(x, at(piece, a), at(piece, b), _BELOW, _BAR, "piece", tip))
    for edit in edits:
        if edit.added_s:
            tip = (
                f"{clock(edit.media_start, 3)} to {clock(edit.media_end, 3)}: {lasting(edit.added_s)} added"
            )
            made.append(block(x, edit.media_start, edit.media_end, _BELOW, _BAR, "added", tip))
    return Markup("".join(made))


def _band(x: Scale, piece: Piece, start: float, end: float) -> Markup:
    depth = _BELOW - _ABOVE - _BAR
    corners = [
        (x(start), 0.0),
        (x(end), 0.0),
        (x(at(piece, end)), float(depth)),
        (x(at(piece, start)), float(depth)),
    ]
    tip = (
        f"{clock(start, 3)} to {clock(end, 3)}: offset {signed(piece.offset)} s, "
        f"×{piece.scale:.6g}, confidence {percent(piece.confidence)}"
    )
    return shape(corners, "join" if piece.confidence >= 0.8 else "join doubt", tip)


def _edit_labels(x: Scale, edits: Iterable[Edit]) -> Markup:
    """What is missing (above) and added (below), in words, where there is room."""
    made: list[Markup] = []
    last = {"missing": -1.0, "added": -1.0}
    last_narrow = dict(last)
    for edit in sorted(edits, key=lambda e: e.anno_start):
        rows = (
            ("missing", edit.missing_s, edit.anno_start, edit.anno_end, _ABOVE - 6),
            ("added", edit.added_s, edit.media_start, edit.media_end, _BELOW - 6),
        )
        for word, seconds, a, b, y in rows:
            share = x.clamp((a + b) / 2) / WIDE
            if seconds < 0.5 or share - last[word] < _SPACING:
                continue
            last[word] = share
            # On a narrow screen only labels that lie well apart stay.
            narrow = share - last_narrow[word] >= _NARROW_SPACING
            last_narrow[word] = share if narrow else last_narrow[word]
            class_ = "halo" if narrow else "halo wide"
            said = f"{lasting(seconds)} {word}"
            made.append(text(f"{share * 100:.2f}%", y, said, class_=class_, anchor=anchor_at(share)))
    return Markup("".join(made))


def _label(pieces: list[Placed], edits: list[Edit]) -> str:
    if not pieces:
        return "Timelines: no part of the annotation was found in this copy."
    missing, added = (sum(e.missing_s for e in edits), sum(e.added_s for e in edits))
    found = f"Timelines: {plural(len(pieces), 'piece')} of the annotation in this copy"
    return f"{found}, {lasting(missing)} missing, {lasting(added)} added."
