"""Round charts: a ring of shares, and a sunburst of two levels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmdia.pages.axes import trim
from mmdia.pages.charts import count, hue, nothing, share
from mmdia.pages.html import Child, Markup, el

#: Middle of a round picture, and its size.
_MID, _SIZE = 350.0, 700.0


def ring(counts: Mapping[str, int], *, label: str, middle: str = "dialogues") -> Markup:
    """A ring of shares with its total in the middle, and under it what the colours stand for.

    Args:
        counts: Counts by word, in the order of drawing, clockwise from the top.
        label: What the chart shows.
        middle: What is counted.
    """
    total = sum(counts.values())
    if not total:
        return nothing()
    parts: list[Child] = []
    angle = 0.0
    for k, (word, n) in enumerate(counts.items()):
        if not n:
            continue
        sweep = n / total
        tip = f"{word}: {count(n)}, {share(n, total)}"
        parts.append(_slice(angle, angle + sweep, 150, 250, hue(k), tip))
        if sweep > 0.05:
            parts.append(_at(angle + sweep / 2, 200, share(n, total), "inside"))
        angle += sweep
    parts.append(_words(_MID, _MID - 2, count(total), "big"))
    parts.append(_words(_MID, _MID + 20, middle, "soft"))
    parts.append(_legend(counts, total))
    rows = (len([n for n in counts.values() if n]) + 1) // 2
    return _round(label, counts, total, parts, size=510, more=rows * 30.0 + 10)


def sunburst(
    counts: Mapping[tuple[str, str], int],
    *,
    label: str,
    inner: Sequence[str] = (),
    middle: str = "dialogues",
) -> Markup:
    """Two rings: inside the first word's share, outside how it divides among the second.

    Args:
        counts: Counts by (inner word, outer word).
        label: What the chart shows.
        inner: Order of the inner words; others follow.
        middle: What is counted.
    """
    total = sum(counts.values())
    if not total:
        return nothing()
    sums: dict[str, int] = {}
    for (first, _), n in counts.items():
        sums[first] = sums.get(first, 0) + n
    order = [w for w in inner if sums.get(w)] + sorted(w for w in sums if w not in inner and sums[w])
    parts: list[Child] = []
    angle = 0.0
    for k, first in enumerate(order):
        sweep = sums[first] / total
        colour = hue(k)
        tip = f"{first}: {count(sums[first])}, {share(sums[first], total)}"
        parts.append(_slice(angle, angle + sweep, 78, 168, colour, tip))
        parts.append(_label(angle, sweep, 123, 86, first, "inside"))
        outer = sorted(
            ((b, n) for (a, b), n in counts.items() if a == first and n), key=lambda x: (-x[1], x[0])
        )
        parts.append(_outer(outer, angle, sums[first], total, colour, first))
        angle += sweep
    parts.append(_words(_MID, _MID - 2, count(total), "big"))
    parts.append(_words(_MID, _MID + 20, middle, "soft"))
    return _round(label, {w: sums[w] for w in order}, total, parts, size=_SIZE)


def _outer(
    outer: Sequence[tuple[str, int]], angle: float, own: int, total: int, colour: str, first: str
) -> list[Child]:
    parts: list[Child] = []
    for k, (word, n) in enumerate(outer):
        sweep = n / total
        tip = f"{first} · {word}: {count(n)}, {share(n, own)} of {first}"
        # The most frequent is the deepest: the eye finds it without reading.
        strength = max(0.3, 0.88 - 0.07 * k)
        parts.append(_slice(angle, angle + sweep, 170, 236, colour, tip, strength))
        parts.append(_label(angle, sweep, 244, 120, word, "", outside=True))
        angle += sweep
    return parts


def _round(
    label: str,
    counts: Mapping[str, int],
    total: int,
    parts: Sequence[Child],
    *,
    size: float,
    more: float = 0.0,
) -> Markup:
    said = ", ".join(f"{word} {share(n, total)}" for word, n in list(counts.items())[:8] if n)
    low = trim(_MID - size / 2)
    view = f"{low} {low} {trim(size)} {trim(size + more)}"
    kind = "round small" if size < _SIZE else "round"
    return el("svg", *parts, class_=kind, role="img", aria_label=f"{label}: {said}", viewBox=view)


def _point(turn: float, radius: float) -> tuple[float, float]:
    a = turn * 2 * math.pi
    return _MID + radius * math.sin(a), _MID - radius * math.cos(a)


def _slice(
    start: float, end: float, low: float, high: float, colour: str, tip: str, strength: float = 1.0
) -> Markup:
    """A piece of a ring; turns run from 0 at the top to 1, clockwise."""
    end = min(end, start + 0.99999)  # a whole ring would begin where it ends, and vanish
    big = 1 if end - start > 0.5 else 0
    (ax, ay), (bx, by) = _point(start, high), _point(end, high)
    (cx, cy), (dx, dy) = _point(end, low), _point(start, low)
    path = (
        f"M{trim(ax)} {trim(ay)}A{trim(high)} {trim(high)} 0 {big} 1 {trim(bx)} {trim(by)}"
        f"L{trim(cx)} {trim(cy)}A{trim(low)} {trim(low)} 0 {big} 0 {trim(dx)} {trim(dy)}Z"
    )
    faint = None if strength >= 1 else trim(strength)
    return el("path", el("title", tip), d=path, class_=f"slice {colour}", fill_opacity=faint)


def _words(x: float, y: float, words: str, class_: str, anchor: str = "middle") -> Markup:
    return el("text", words, x=trim(x), y=trim(y), class_=class_ or None, text_anchor=anchor)


def _at(turn: float, radius: float, words: str, class_: str) -> Markup:
    x, y = _point(turn, radius)
    return _words(x, y + 4, words, class_)


def _label(
    angle: float,
    sweep: float,
    radius: float,
    room: float,
    words: str,
    class_: str,
    *,
    outside: bool = False,
) -> Markup | None:
    """A word along its slice's ray, where the slice is high enough for a line of text."""
    middle = radius if not outside else 236.0
    if sweep * 2 * math.pi * middle < 12.5:
        return None
    most = int(room / 6.4)
    words = words if len(words) <= most else words[: most - 1] + "…"
    turn = angle + sweep / 2
    x, y = _point(turn, radius)
    degrees = turn * 360 - 90
    flip = 0.5 <= turn < 1.0
    anchor = "middle" if not outside else "end" if flip else "start"
    spin = degrees + 180 if flip else degrees
    return el(
        "text", words, class_=class_ or None, text_anchor=anchor, dy="4", font_size="11.5",
        transform=f"translate({trim(x)} {trim(y)}) rotate({trim(spin)})",
    )  # fmt: skip


def _legend(counts: Mapping[str, int], total: int) -> Markup:
    """Words and shares by colour, in two columns under a ring."""
    parts: list[Child] = []
    for place, (k, (word, n)) in enumerate((k, item) for k, item in enumerate(counts.items()) if item[1]):
        x, y = _MID - 245 + place % 2 * 255, _MID + 290 + place // 2 * 30
        parts.append(
            el("rect", x=trim(x), y=trim(y - 14), width="16", height="16", rx="3",
               class_=hue(k))
        )  # fmt: skip
        parts.append(_words(x + 24, y, f"{word} {share(n, total)}", "", anchor="start"))
    return Markup("".join(str(part) for part in parts))
