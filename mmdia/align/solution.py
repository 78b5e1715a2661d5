"""A solved alignment, before it is reported."""

from __future__ import annotations

from dataclasses import dataclass

from mmdia.align.evidence import Evidence
from mmdia.align.layout import Layout
from mmdia.align.refine import Fit
from mmdia.align.search import Found
from mmdia.align.track import Floats, Track
from mmdia.align.verdict import Chance


@dataclass(frozen=True)
class Solution:
    """All that `report` needs, with lines in time order.

    Attributes:
        evidence: What was known.
        media: The media's lines, in time order; None when it has none.
        found: The path the search chose; None when fingerprints alone decided.
        fit: Speed and pieces, made exact.
        layout: Where each stretch of the annotation lies, and each line.
        nats: Evidence of each line at its own place, shape (n,).
        chance: The search against the decoy.
        unsure_edits: Annotation seconds within which an edit may lie elsewhere as well.
    """

    evidence: Evidence
    media: Track | None
    found: Found | None
    fit: Fit
    layout: Layout
    nats: Floats
    chance: Chance
    unsure_edits: tuple[tuple[float, float], ...] = ()
