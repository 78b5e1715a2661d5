"""A solved alignment, before it is reported."""

from __future__ import annotations

from dataclasses import dataclass

from mmdia.align.edits import Placement
from mmdia.align.refine import Fit
from mmdia.align.search import Evidences, Found
from mmdia.align.track import Floats
from mmdia.align.verdict import Chance


@dataclass(frozen=True)
class Solution:
    """All that `report` needs, with lines in time order.

    Attributes:
        evidence: What was known.
        found: The path the search chose.
        fit: Speed and pieces, made exact.
        nats: Evidence of each line at the offset of each piece, shape (lines, pieces).
        placed: Piece of each line, and the edits.
        chance: The search against the decoy.
    """

    evidence: Evidences
    found: Found
    fit: Fit
    nats: Floats
    placed: Placement
    chance: Chance
