"""Parts that several pages share: a verdict in a cell, small print, the plots of one copy."""

from __future__ import annotations

from mmdia.pages.html import Child, Markup, badge, el, figure, words
from mmdia.pages.plots import discrepancy_plot
from mmdia.pages.timeline import timeline_plot
from mmdia.pages.words import tone, verdict
from mmdia.schema.timemap import TimeMapFile


def small(*children: Child) -> Markup:
    """Small print on a line of its own."""
    return el("small", *children, class_="under")


def verdict_cell(document: TimeMapFile) -> list[Child]:
    """The verdict: a short badge, and what is different as small print."""
    head, _, detail = verdict(document).partition(", ")
    return [badge(head, tone(document)), small(detail) if detail else None]


def copy_plots(document: TimeMapFile) -> list[Child]:
    """Timelines and discrepancies of one copy."""
    series = document.discrepancy
    plot = discrepancy_plot(series.anno_time, series.start, series.duration, document.segments)
    return [
        figure(timeline_plot(document), "The same moments of both copies."),
        figure(plot, "Flat: a constant offset. A slope: another speed. Steps: an edited copy."),
    ]


def strong(text: str) -> Markup:
    """A name that leads a row."""
    return el("strong", words(text))
