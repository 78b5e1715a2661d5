"""Pieces of SVG pictures that keep their text readable at any width (see `axes`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmdia.pages.axes import WIDE, Scale, time_ticks, trim
from mmdia.pages.html import Child, Markup, el
from mmdia.pages.words import clock


def picture(label: str, height: float, *children: Child) -> Markup:
    """A whole picture, as wide as its place and `height` pixels high.

    Args:
        label: What it shows, for those who cannot see it.
        height: Pixels.
        children: Elements; positions across are percentages.
    """
    return el("svg", *children, class_="plot", role="img", aria_label=label, height=trim(height))


def inner(top: float, height: float, *children: Child) -> Markup:
    """A part of `WIDE` units across that stretches with the picture and cuts off what sticks out."""
    return el(
        "svg",
        *children,
        y=trim(top),
        width="100%",
        height=trim(height),
        viewBox=f"0 0 {WIDE} {trim(height)}",
        preserveAspectRatio="none",
    )


def text(
    x: str, y: float, words: str, *, class_: str = "", anchor: str | None = None, tip: str | None = None
) -> Markup:
    """Text, perhaps with a tooltip; the anchor is start, middle or end."""
    title = None if tip is None else el("title", tip)
    return el("text", title, words, x=x, y=trim(y), class_=class_ or None, text_anchor=anchor)


def rule(x1: str, y1: float, x2: str, y2: float, class_: str) -> Markup:
    """A straight line."""
    return el("line", x1=x1, y1=trim(y1), x2=x2, y2=trim(y2), class_=class_)


def box(
    x: float, y: float, width: float, height: float, class_: str, title: str | None = None, **more: str
) -> Markup:
    """A rectangle within `inner`, with a tooltip."""
    tip = None if title is None else el("title", title)
    size = {"x": trim(x), "y": trim(y), "width": trim(width), "height": trim(height)}
    return el("rect", tip, class_=class_, **size, **more)


def block(
    scale: Scale, start: float, end: float, top: float, height: float, class_: str, title: str, **more: str
) -> Markup:
    """A rectangle of the whole picture over a range of the scale; never too thin to be seen."""
    x = scale.clamp(start) / scale.length * 100
    width = max(0.25, scale.clamp(end) / scale.length * 100 - x)
    place = {"x": f"{trim(x)}%", "y": trim(top), "width": f"{trim(width)}%", "height": trim(height)}
    return el("rect", el("title", title), class_=class_, **place, **more)


def shape(points: Sequence[tuple[float, float]], class_: str, title: str | None = None) -> Markup:
    """A closed shape within `inner`."""
    tip = None if title is None else el("title", title)
    return el("path", tip, d="M" + "L".join(_pair(p) for p in points) + "Z", class_=class_)


def stroke(points: Sequence[tuple[float, float]], class_: str) -> Markup:
    """An open line within `inner`."""
    return el("path", d="M" + "L".join(_pair(p) for p in points), class_=class_)


def dots(points: Iterable[tuple[int, int]]) -> Markup:
    """Round dots within `inner`, as one path: a stroke without length has round ends only."""
    return el("path", d="".join(f"M{x} {y}h0" for x, y in points), class_="dots")


def _pair(point: tuple[float, float]) -> str:
    return f"{trim(point[0])} {trim(point[1])}"


def anchor_at(share: float) -> str:
    """Where to anchor a label so that it stays within the picture."""
    return "start" if share < 0.12 else "end" if share > 0.88 else "middle"


def time_axis(x: Scale, top: float, bottom: float) -> tuple[Markup, Markup]:
    """Upright grid lines, and labels under them; every other label gives way on narrow screens."""
    ticks = time_ticks(x.low, x.high)
    every = 2 if len(ticks) > 5 else 1
    lines = [rule(x.across(t), top, x.across(t), bottom, "grid") for t in ticks]
    labels = [
        text(
            x.across(t),
            bottom + 16,
            clock(t),
            class_="wide" if k % every else "",
            anchor="middle",
        )
        for k, t in enumerate(ticks)
    ]
    return Markup("".join(lines)), Markup("".join(labels))


def hatching(name: str) -> Markup:
    """A pattern of slanted lines, to be used as ``fill="url(#name)"``."""
    slant = el("line", x1=0, y1=0, x2=0, y2=7, class_="hatch")
    pattern = el(
        "pattern",
        el("rect", width=7, height=7, class_="gap"),
        slant,
        id=name,
        width=7,
        height=7,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return el("defs", pattern)
