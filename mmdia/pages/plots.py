"""Plots of an alignment: discrepancies (the paper's Figure 4), residuals, confidence.

Every function takes plain numbers and gives one SVG picture, also for empty input and for numbers
that are not finite. Exact figures are in tooltips, a column of the plot at a time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mmdia.pages.axes import (
    WIDE,
    Scale,
    drawable,
    fence,
    median,
    span_of,
    thin,
    time_span,
    value_ticks,
)
from mmdia.pages.edits import MOST_PIECES, Piece, bounded, edits_of
from mmdia.pages.html import Markup
from mmdia.pages.svg import box, dots, inner, picture, rule, stroke, text, time_axis
from mmdia.pages.words import clock, lasting, number, plural, signed
from mmdia.schema.timemap import LineRow

#: Lines count as placed right within this many seconds.
TOLERANCE_S = 0.2

#: Columns that have a tooltip, and outliers that are marked, a panel.
_COLUMNS, _MOST_OUTLIERS = 120, 80

#: Range across panels never shrinks below this, so that noise does not look like drift. Seconds.
_LEAST_RANGE_S = 0.8

#: Confidence from which a line needs no look, and below which it needs one.
SURE, DOUBT = 0.95, 0.8

Point = tuple[float, float]


@dataclass(frozen=True)
class Panel:
    """One coordinate system of a picture.

    Attributes:
        name: What it shows, with the unit.
        top: Pixels from the top of the picture.
        height: Pixels.
        x: Annotation time to units across.
        y: Values to pixels from the panel's top (turned over: low values lie low).
    """

    name: str
    top: float
    height: float
    x: Scale
    y: Scale

    @classmethod
    def over(cls, name: str, top: float, height: float, x: Scale, low: float, high: float) -> Panel:
        """A panel whose values run from `low` at the bottom to `high` at the top."""
        return cls(name, top, height, x, Scale(high, low, height))

    def spot(self, time: float, value: float) -> Point:
        """Units of a point within the panel."""
        return self.x(time), self.y(value)


def discrepancy_plot(
    times: Sequence[float],
    start: Sequence[float],
    duration: Sequence[float],
    segments: Iterable[Piece] = (),
) -> Markup:
    """Differences of start times (above) and of durations (below) at the anchors.

    Flat: a constant offset. A slope: another speed. Steps: an edited copy (paper, Figure 4).

    Args:
        times: Start of each anchor on the annotation timeline, seconds.
        start: Media start minus annotation start, seconds.
        duration: Media duration minus annotation duration, seconds.
        segments: Pieces of the time map, drawn as the fitted line.
    """
    pieces = list(segments)
    upper, lower = _points(times, start), _points(times, duration)
    if not upper and not lower:
        return _nothing("No anchors: no line of the media lies near a line of the annotation.")
    x = _time_scale([t for t, _ in upper + lower], pieces)
    fitted = [(s.scale - 1) * t + s.offset for s, a, b in bounded(pieces, (x.low, x.high)) for t in (a, b)]
    first = Panel.over("Start: media − annotation, s", 24, 190, x, *_range(upper, fitted))
    second = Panel.over("Duration: media − annotation, s", 258, 120, x, *_range(lower, [0.0]))
    grid, labels = time_axis(x, first.top, second.top + second.height)
    body = [grid, _panel(first, upper, pieces, "start"), _panel(second, lower, pieces, "duration", False)]
    names = [_piece_labels(first, pieces)]
    return picture(_discrepancy_label(upper, lower, pieces), 400, body, names, labels)


def residual_plot(times: Sequence[float], start: Sequence[float], segments: Iterable[Piece]) -> Markup:
    """What the time map leaves unexplained: difference of start times minus the fitted line.

    Args:
        times: Start of each anchor on the annotation timeline, seconds.
        start: Media start minus annotation start, seconds.
        segments: Pieces of the time map.
    """
    pieces = list(segments)
    left = residuals(times, start, pieces)
    if not left:
        return _nothing("No residuals: there are no anchors, or no time map.")
    x = _time_scale([t for t, _ in left], pieces)
    panel = Panel.over("Media − time map, s", 24, 130, x, *_range(left, [-0.3, 0.3]))
    grid, labels = time_axis(x, panel.top, panel.top + panel.height)
    band = box(0, panel.y(TOLERANCE_S), WIDE, panel.y(-TOLERANCE_S) - panel.y(TOLERANCE_S), "band")
    within = sum(abs(v) <= TOLERANCE_S for _, v in left)
    label = f"Residuals of {plural(len(left), 'anchor')}: {within} lie within {TOLERANCE_S} s."
    drawn = _panel(panel, left, pieces, "residual", False, under=band)
    return picture(label, 176, grid, drawn, labels)


def residuals(times: Sequence[float], start: Sequence[float], segments: Iterable[Piece]) -> list[Point]:
    """(annotation time, residual) of each anchor, by the piece that holds it or the nearest one."""
    pieces = [s for s, _, _ in bounded(segments, times)]
    if not pieces:
        return []
    begins = [s.anno_start for s in pieces]
    out = []
    for t, d in _points(times, start):
        k = max(0, bisect_right(begins, t) - 1)
        beyond = t - pieces[k].anno_end
        if beyond >= 0 and k + 1 < len(pieces) and begins[k + 1] - t < beyond:
            k += 1
        out.append((t, d - (pieces[k].scale - 1) * t - pieces[k].offset))
    return out


def confidence_strip(lines: Sequence[LineRow]) -> Markup:
    """Confidence of every line in order: the lowest of each column; absent lines hang below.

    Args:
        lines: Lines of a time map.
    """
    if not lines:
        return _nothing("The annotation has no lines.")
    columns = min(len(lines), 240)
    x = Scale(0, len(lines), WIDE)
    bars = []
    for k in range(columns):
        some = lines[k * len(lines) // columns : (k + 1) * len(lines) // columns]
        bars.append(_confidence_column(some, k * WIDE / columns, WIDE / columns))
    y = Scale(1, 0, 60)
    grid = [rule("0", 24 + y(v), "100%", 24 + y(v), "grid") for v in (0.0, 0.5, 1.0)]
    names = [text("-6", 28 + y(v), f"{v:g}", anchor="end") for v in (0.0, 0.5, 1.0)]
    steps, _ = value_ticks(0, len(lines), 5)
    ticks = [int(t) for t in steps if 0 < t == int(t)]
    under = [
        text(x.across(t), 114, f"{t:,}", anchor="middle", class_="wide" if k % 2 else "")
        for k, t in enumerate(ticks)
    ]
    head = text("0", 14, "Confidence by line number", class_="head")
    doubt = sum(line.present and not line.confidence >= DOUBT for line in lines)
    absent = sum(not line.present for line in lines)
    label = f"Confidence of {plural(len(lines), 'line')}: {doubt} below {DOUBT}, {absent} absent."
    return picture(label, 120, head, grid, inner(24, 72, bars), names, under)


def histogram(
    values: Iterable[float], *, title: str, unit: str = "s", bins: int = 40, least_range: float = 0.8
) -> Markup:
    """How often values occur; those beyond the outlier fence are counted in the title.

    Args:
        values: Values; those that are not finite are left out.
        title: What they are.
        unit: Their unit.
        bins: Number of bars.
        least_range: The axis spans at least this much.
    """
    good = [v for v in values if drawable(v)]
    fenced = fence(good)
    if fenced is None:
        return _nothing(f"{title}: no values.")
    low, high = span_of(fenced, least=least_range)
    counts = [0] * bins
    inside = [v for v in good if low <= v <= high]
    for v in inside:
        counts[min(bins - 1, int((v - low) / (high - low) * bins))] += 1
    x, y = Scale(low, high, WIDE), Scale(max(1, *counts), 0, 110)
    edges = [low + (high - low) * k / bins for k in range(bins + 1)]
    bars = [
        box(x(a), y(n), WIDE / bins - 1, 110 - y(n), "bar", f"{number(a)} to {number(b)} {unit}: {n:,}")
        for a, b, n in zip(edges, edges[1:], counts, strict=False)
        if n
    ]
    ticks, digits = value_ticks(low, high, 5)
    under = [
        text(x.across(t), 150, number(t, digits), anchor="middle", class_="wide" * (k % 2))
        for k, t in enumerate(ticks)
    ]
    side = [text("-6", 28, f"{max(counts):,}", anchor="end"), text("-6", 138, "0", anchor="end")]
    out = len(good) - len(inside)
    head = f"{title}, {unit}" + (f" ({out:,} beyond)" if out else "")
    base = rule("0", 134, "100%", 134, "axis")
    label = f"{title}: {plural(len(good), 'value')}, median {number(median(good))} {unit}."
    return picture(label, 156, text("0", 14, head, class_="head"), inner(24, 110, bars), base, side, under)


def _nothing(why: str) -> Markup:
    return picture(why, 40, text("0", 24, why, class_="none"))


def _points(times: Sequence[float], values: Sequence[float]) -> list[Point]:
    """Points that can be drawn, in order of time."""
    return sorted((t, v) for t, v in zip(times, values, strict=False) if drawable(t) and drawable(v))


def _time_scale(times: Sequence[float], pieces: Iterable[Piece]) -> Scale:
    ends = [e for _, a, b in bounded(pieces, times) for e in (a, b)]
    return Scale(*time_span([*times, *ends]), WIDE)


def _range(points: Sequence[Point], wanted: Sequence[float]) -> tuple[float, float]:
    """Values to show: all but outliers, and `wanted`."""
    values = [*(fence(v for _, v in points) or ()), *wanted]
    return span_of(values, least=_LEAST_RANGE_S, pad=0.1)


def _panel(
    panel: Panel,
    points: list[Point],
    pieces: Sequence[Piece],
    what: str,
    fitted: bool = True,
    under: Markup | None = None,
) -> Markup:
    """One panel: grid, edits, fitted line (or zero and median), dots, outliers, tooltips."""
    low, high = panel.y.high, panel.y.low
    ticks, digits = value_ticks(low, high)
    levels = [panel.top + panel.y(v) for v in ticks]
    grid = [
        rule("0", y, "100%", y, "zero" if abs(v) < 1e-9 else "grid")
        for v, y in zip(ticks, levels, strict=True)
    ]
    names = [text("-6", y + 4, signed(v, digits), anchor="end") for v, y in zip(ticks, levels, strict=True)]
    inside = [panel.spot(t, v) for t, v in points if low <= v <= high]
    lines = _fit_lines(panel, pieces) if fitted else _median_line(panel, points)
    part = inner(
        panel.top,
        panel.height,
        under,
        _edit_shades(panel, pieces),
        lines if fitted else None,
        dots(thin(inside)) if inside else None,
        None if fitted else lines,
        _tooltips(panel, points, what),
    )
    head = text("0", panel.top - 9, panel.name, class_="head")
    return Markup("".join([head, *grid, part, *names, _outliers(panel, points)]))


def _fit_lines(panel: Panel, pieces: Iterable[Piece]) -> Markup:
    made = []
    for piece, start, end in bounded(pieces, (panel.x.low, panel.x.high))[:MOST_PIECES]:
        ends = [panel.spot(t, (piece.scale - 1) * t + piece.offset) for t in (start, end)]
        made.append(stroke(ends, "fit"))
    return Markup("".join(made))


def _median_line(panel: Panel, points: Sequence[Point]) -> Markup:
    middle = median(v for _, v in points)
    if not math.isfinite(middle):
        return Markup("")
    return stroke([(0, panel.y(middle)), (WIDE, panel.y(middle))], "median")


def _edit_shades(panel: Panel, pieces: Iterable[Piece]) -> Markup:
    """Missing ranges as grey columns; added ones, which have no width here, as dashed lines."""
    made = []
    for edit in edits_of(pieces)[:MOST_PIECES]:
        a, b = panel.x(edit.anno_start), panel.x(edit.anno_end)
        if edit.missing_s:
            made.append(box(a, 0, max(1.0, b - a), panel.height, "gap"))
        made += [stroke([(x, 0), (x, panel.height)], "edge") for x in sorted({a, b})]
    return Markup("".join(made))


def _piece_labels(panel: Panel, pieces: Iterable[Piece]) -> Markup:
    """Offset or speed of each piece that is wide enough, beside its line."""
    made = []
    for piece, start, end in bounded(pieces, (panel.x.low, panel.x.high)):
        if panel.x(end) - panel.x(start) < WIDE * 0.09:
            continue
        middle = (start + end) / 2
        level = panel.y((piece.scale - 1) * middle + piece.offset)
        said = f"{signed(piece.offset, 2)} s" if piece.scale == 1.0 else f"×{piece.scale:.6g}"
        down = level < 36
        y = panel.top + min(panel.height - 6, max(12, level + (32 if down else -22)))
        # A phone has room for labels of long pieces only.
        class_ = "head halo" if panel.x(end) - panel.x(start) > WIDE * 0.25 else "head halo wide"
        made.append(text(panel.x.across(middle), y, said, class_=class_, anchor="middle"))
    return Markup("".join(made))


def _columns(panel: Panel, points: Iterable[Point]) -> dict[int, list[Point]]:
    out: dict[int, list[Point]] = {}
    for t, v in points:
        k = min(_COLUMNS - 1, int(panel.x.clamp(t) / WIDE * _COLUMNS))
        out.setdefault(k, []).append((t, v))
    return out


def _tooltips(panel: Panel, points: Iterable[Point], what: str) -> Markup:
    """Columns that say, under the pointer, what lies in them."""
    made = []
    for k, some in sorted(_columns(panel, points).items()):
        values = [v for _, v in some]
        if len(some) == 1:
            said = f"{clock(some[0][0], 3)}: {what} {signed(values[0])} s"
        else:
            said = (
                f"{clock(some[0][0])} to {clock(some[-1][0])}: {len(some):,} anchors, {what} "
                f"{signed(min(values))} to {signed(max(values))} s, median {signed(median(values))} s"
            )
        made.append(box(k * WIDE / _COLUMNS, 0, WIDE / _COLUMNS, panel.height, "hit", said))
    return Markup("".join(made))


def _outliers(panel: Panel, points: Iterable[Point]) -> Markup:
    """Triangles at the edge for what lies beyond it, one a column and side."""
    low, high = panel.y.high, panel.y.low
    made = []
    beyond = ([p for p in points if p[1] > high], [p for p in points if p[1] < low])
    for some, mark, y in zip(beyond, "▲▼", (panel.top + 9, panel.top + panel.height - 1), strict=True):
        columns = list(_columns(panel, some).values())
        for column in columns[:_MOST_OUTLIERS]:
            worst = max(column, key=lambda p: abs(p[1]))
            more = f" and {len(column) - 1} more" if len(column) > 1 else ""
            tip = f"Beyond the axis: {signed(worst[1])} s at {clock(worst[0])}{more}"
            made.append(text(panel.x.across(worst[0]), y, mark, class_="out", anchor="middle", tip=tip))
    return Markup("".join(made))


def _confidence_column(lines: Sequence[LineRow], x: float, width: float) -> Markup:
    """Lowest confidence of the present lines as a bar, absent ones as a mark under the base."""
    here = [line.confidence if drawable(line.confidence) else 0.0 for line in lines if line.present]
    absent = len(lines) - len(here)
    numbers = (
        f"Line {lines[0].i + 1}" if len(lines) == 1 else f"Lines {lines[0].i + 1} to {lines[-1].i + 1}"
    )
    said = f"{numbers}, from {clock(lines[0].start)}"
    made = []
    gap = 0.5 if width > 2 else 0
    if here:
        lowest = min(1.0, max(0.0, min(here)))
        class_ = "high" if lowest >= SURE else "mid" if lowest >= DOUBT else "low"
        height = max(2.0, 60 * lowest)
        tip = f"{said}: lowest confidence {number(lowest, 2)}"
        made.append(box(x, 60 - height, width - gap, height, class_, tip))
    if absent:
        tip = f"{said}: {plural(absent, 'line')} not in this copy"
        made.append(box(x, 62, max(1.5, width - gap), 9, "low", tip))
    return Markup("".join(made))


def _discrepancy_label(upper: Sequence[Point], lower: Sequence[Point], pieces: Sequence[Piece]) -> str:
    edits = edits_of(pieces)
    return (
        f"Discrepancies of {plural(max(len(upper), len(lower)), 'anchor')} over annotation time. "
        f"Start: median {signed(median(v for _, v in upper))} s. "
        f"Duration: median {signed(median(v for _, v in lower))} s. "
        f"{plural(len(pieces), 'piece')}, {plural(len(edits), 'edit')}, "
        f"{lasting(sum(e.missing_s for e in edits))} missing."
    )
