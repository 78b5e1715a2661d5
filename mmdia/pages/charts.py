"""Charts of a release: bars, histograms, a ring, a sunburst, a cloud of words, a grid of lifts.

Every function takes plain words and numbers and gives one picture, also for empty input. Colours lie
between light and dark, so that the same picture reads on either ground; words and counts always stand
beside a colour, and exact figures are in tooltips.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mmdia.pages.axes import trim
from mmdia.pages.html import Markup, el, escape
from mmdia.pages.style import PALETTE, PLOT_STYLE
from mmdia.pages.svg import picture, rule, text

#: Colours of categories: 3:1 or more on both grounds, told apart in hue and lightness.
COLOURS = (
    "#3b78c4", "#c9681f", "#2e8b57", "#a8519e", "#c4464a", "#8a7a1f", "#2a8f98", "#7a6ad0",
    "#b0568a", "#5d8a2a", "#b06f3c", "#5577a0", "#9a5fc0", "#a9603f", "#4a8c74", "#8c7a63",
)  # fmt: skip


def hue(k: int) -> str:
    """Class of the k-th colour; they go round."""
    return f"h{k % len(COLOURS)}"


#: CSS of the charts, beside that of the plots.
CHART_STYLE = (
    "".join(f".{hue(k)}{{fill:{colour}}}" for k, colour in enumerate(COLOURS))
    + """
svg.round{display:block;width:100%;max-width:46rem;margin:0 auto;height:auto;overflow:visible;
  font:12px/1.3 system-ui,sans-serif}
svg.round.small{max-width:21rem}
svg.plot.flush{padding:0}
svg.round text{fill:var(--ink);font-variant-numeric:tabular-nums}
.round .soft{fill:var(--soft)}
.round .big{font-size:21px;font-weight:600}
.round.small .big{font-size:32px}.round.small text{font-size:18px}
.round .inside{fill:#fff;font-weight:600}
.round .slice{stroke:var(--paper);stroke-width:1.5}
.round .slice:hover,.plot .col:hover{opacity:.75}
.plot .word{fill:var(--ink)}
.plot .rail{fill:var(--card)}
.plot .even{fill:none;stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 3}
.cloud{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;align-items:baseline;justify-content:center;
  line-height:1.25;padding:1rem 0;margin:0;list-style:none}
.cloud li{margin:0;white-space:nowrap}
.cloud .s1{font-size:.85rem}.cloud .s2{font-size:1rem}.cloud .s3{font-size:1.25rem}
.cloud .s4{font-size:1.6rem}.cloud .s5{font-size:2.1rem}.cloud .s6{font-size:2.8rem;font-weight:600}
.cloud .k0{color:var(--link)}.cloud .k1{color:var(--fit)}.cloud .k2{color:var(--good)}
.cloud .k3{color:var(--warn)}.cloud .k4{color:var(--bad)}.cloud .k5{color:var(--ink)}
.cloud .k6{color:var(--soft)}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:0 2.5rem}
.pair h3{margin-top:1rem}.stat{display:inline-block;min-width:13rem}
table.grid{border-collapse:separate;border-spacing:2px}
.grid td,.grid th{border:0;padding:.28rem .3rem;text-align:center;font-size:.82rem}
.grid th.row{text-align:left}
.grid thead th{vertical-align:bottom;height:8.5rem;padding:.3rem 0}
.grid thead th span{writing-mode:vertical-rl;transform:rotate(180deg);white-space:nowrap}
.grid td{border-radius:.2rem;background:var(--card);white-space:nowrap;min-width:2.6rem}
.grid .faint{color:var(--soft)}
.grid .u1{background:#3b78c433}.grid .u2{background:#3b78c466}.grid .u3{background:#3b78c499}
.grid .o1{background:#c9681f33}.grid .o2{background:#c9681f66}.grid .o3{background:#c9681f99}
.grid b{font-weight:700}
"""
)

_NOTHING = "Nothing to draw: this release has no such labels."


def nothing(words: str = _NOTHING) -> Markup:
    """The picture of an empty chart: a sentence."""
    return picture(words, 44, text("0", 26, words, class_="none"))


def count(n: float) -> str:
    """A count in print: thousands apart."""
    return f"{n:,.0f}"


def share(n: float, total: float) -> str:
    """A share in print; what is there is never printed as 0 %."""
    if not total:
        return "–"
    part = n / total * 100
    if 0 < part < 0.1:
        return "<0.1 %"
    return f"{part:.0f} %" if part >= 10 or part == 0 else f"{part:.1f} %"


def bars(
    counts: Mapping[str, int], *, label: str, most: int = 20, colours: bool = False, unit: str = "dialogues"
) -> Markup:
    """Bars lying one under the other, a word before each and its count behind.

    Args:
        counts: Counts by word, in the order of drawing.
        label: What the chart shows, for those who cannot see it.
        most: Bars; a line under them sums up the others.
        colours: A colour for each bar, instead of one for all.
        unit: What is counted, for tooltips.
    """
    total = sum(counts.values())
    if not total:
        return nothing()
    rows = list(counts.items())[:most]
    rest = list(counts.values())[most:]
    highest = max(n for _, n in rows)
    parts, y = [], 4.0
    for k, (word, n) in enumerate(rows):
        tip = el("title", f"{word}: {count(n)} {unit}, {share(n, total)}")
        # Words stand over their bar: at any width none is cut off.
        parts.append(text("0", y + 11, _short(word, 34), class_="word"))
        parts.append(text("100%", y + 11, f"{count(n)} · {share(n, total)}", anchor="end"))
        place = {"x": "0", "y": trim(y + 16), "height": "9", "rx": "2"}
        parts.append(el("rect", class_="rail", width="100%", **place))
        width = f"{trim(max(0.3, n / highest * 100))}%"
        paint = hue(k) if colours else "bar"
        parts.append(el("rect", tip, class_=f"col {paint}", width=width, **place))
        y += 33
    if rest:
        words = f"{len(rest)} more: {count(sum(rest))} · {share(sum(rest), total)}"
        parts.append(text("0", y + 11, words))
        y += 20
    said = ", ".join(f"{word} {share(n, total)}" for word, n in rows[:6])
    return el("svg", *parts, class_="plot flush", role="img", aria_label=f"{label}: {said}", height=trim(y))


def _short(word: str, most: int) -> str:
    return word if len(word) <= most else word[: most - 1] + "…"


def histogram(
    edges: Sequence[float], counts: Sequence[int], *, label: str, unit: str = "", is_open: bool = False
) -> Markup:
    """Columns side by side.

    Args:
        edges: Lower edge of each bin.
        counts: Counts, as many as edges.
        label: What the chart shows.
        unit: Unit of the edges ("s"), or "" for whole numbers that stand for themselves.
        is_open: The last bin takes all that is above it.
    """
    total = sum(counts)
    if not total:
        return nothing()
    first = next(k for k, n in enumerate(counts) if n)
    first = 0 if first <= 2 else first - 1
    last = max(k for k, n in enumerate(counts) if n) + 1
    cut = is_open and last == len(counts)
    edges, counts = list(edges[first:last]), list(counts[first:last])
    highest, top, height = max(counts), 22.0, 150.0
    wide = 100 / len(counts)
    parts = [rule("0", top + height, "100%", top + height, "axis")]
    for part in (0.5, 1.0):
        y = top + height * (1 - part)
        parts.append(rule("0", y, "100%", y, "grid"))
        parts.append(text("-8", y + 4, share(highest * part, total), anchor="end"))
    every = max(1, math.ceil(len(counts) / 12))
    for k, n in enumerate(counts):
        closed = not (cut and k == len(counts) - 1)
        name = _bin(edges, k, unit, closed)
        tall = max(height * n / highest, 1.0 if n else 0.0)
        tip = el("title", f"{name}: {count(n)}, {share(n, total)}")
        parts.append(
            el(
                "rect", tip, class_="col bar", x=f"{trim(k * wide + wide * 0.06)}%",
                width=f"{trim(wide * 0.88)}%", y=trim(top + height - tall), height=trim(tall), rx="1.5",
            )
        )  # fmt: skip
        # An open last bin always says so; its neighbours' labels give way.
        clear = not cut or len(counts) - 1 - k >= every
        if not closed or (k % every == 0 and clear):
            words = f"{edges[k]:g}" if closed else f"{edges[k]:g}+"
            at = f"{trim(k * wide + (0 if unit and closed else wide / 2))}%"
            hidden = "wide" if closed and (k // every) % 2 and len(counts) > 8 else ""
            parts.append(text(at, top + height + 16, words, anchor="middle", class_=hidden))
    if unit:
        parts.append(text("100%", top + height + 32, unit, anchor="end"))
    return picture(f"{label}: {count(total)} in all", top + height + 38, *parts)


def _bin(edges: Sequence[float], k: int, unit: str, closed: bool) -> str:
    tail = f" {unit}" if unit else ""
    if not closed:
        return f"{edges[k]:g}{tail} or more"
    if not unit or k + 1 >= len(edges):
        return f"{edges[k]:g}{tail}"
    return f"{edges[k]:g} to {edges[k + 1]:g}{tail}"


def standalone(chart: Markup, *, title: str = "", width: int = 760) -> str:
    """A chart as the text of an SVG file of its own, light or dark by itself.

    Args:
        chart: What a function of this module, or of `rounds`, gave.
        title: Headline over the picture.
        width: Pixels across.
    """
    head, side = (40.0 if title else 12.0), 64.0
    wide = float(width) - 2 * side
    if "viewBox" in chart.partition(">")[0]:
        _, _, across, down = (float(n) for n in chart.split('viewBox="', 1)[1].split('"', 1)[0].split())
        tall = wide * down / across if across >= down * 0.9 else wide * 0.75
        size = f'width="{trim(wide)}" height="{trim(tall)}"'
    else:
        tall = float(chart.split('height="', 1)[1].split('"', 1)[0])
        size = f'width="{trim(wide)}"'
    whole = head + tall + 16
    inside = chart.replace("<svg ", f'<svg x="{trim(side)}" y="{trim(head)}" {size} ', 1)
    # In an SVG file a nested picture has no page to take its width from.
    fixed = f"svg svg.plot,svg svg.round{{width:{trim(wide)}px;height:{trim(tall)}px;"
    fixed += "max-width:none;padding:0;margin:0}svg svg{overflow:visible}"
    head_style = ".title{fill:var(--ink);font-weight:600;font-size:16px}"
    named = f'<text x="24" y="26" class="title">{escape(title)}</text>' if title else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {trim(whole)}" width="{width}" '
        f'height="{trim(whole)}" font-family="system-ui,sans-serif" font-size="12">'
        f"<style>{PALETTE}{PLOT_STYLE}{CHART_STYLE}{head_style}{fixed}</style>"
        f'<rect width="100%" height="100%" fill="var(--paper)"/>{named}{inside}</svg>\n'
    )
