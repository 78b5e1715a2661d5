"""Is it the right film, and what kind of change leads to it?

How good a typical line is, and what all lines bring, is calibrated (`mmdia.align.calibration`). Where
no words lead, the same search is run on a decoy too: the annotation reversed in time, which keeps
all statistics of lines but cannot fit. What the decoy reaches is what chance reaches; the right
film must stand clear of it, a line (long tracks) and in all (short ones).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from mmdia.align.layout import Stretch
from mmdia.align.result import Verdict
from mmdia.align.source import Family
from mmdia.schema.time import STANDARD_SPEEDS

#: A decoy counts this much: one sample of chance is a little below its reach.
_DECOY = 1.25

#: Nats a line at even odds, and steepness; calibrated on seeds apart from the reported ones.
_PER_LINE = (0.15, 14.0)

#: Nats in all at even odds, and steepness: what short tracks must bring.
_IN_ALL = (22.0, 0.25)

#: The best of all offsets and speeds of a wrong film gains up to about 3 times the root of its lines.
_LUCK = 4.0

#: Speeds differ when they are further apart than this; smaller drifts are rounding.
SAME_SPEED = 5e-4

#: An offset below this is none: two frames.
SAME_OFFSET_S = 0.05

#: Stretches that differ by less than this where they meet are one.
_HOLE_S = 0.02


@dataclass(frozen=True, slots=True)
class Chance:
    """The search against the decoy.

    Attributes:
        nats: Total of the search.
        decoy: Total of the best decoy.
        bonus: Nats of exact coincidences, beyond chance already.
        lines: Spoken annotation lines.
        lead: Kind of evidence that led.
        typical: Probability of the right film by how good a typical line is, and all of them.
        sound: Probability of the right film by fingerprints; 0 when they say nothing.
        contradicted: Whether the lines are those of another copy than the sound.
    """

    nats: float
    decoy: float
    bonus: float
    lines: int
    lead: Family
    typical: float = 1.0
    sound: float = 0.0
    contradicted: bool = False

    @property
    def probability(self) -> float:
        """P(right film), 0..1, always finite.

        Lines and fingerprints are independent proofs: either suffices, and neither disproves the
        other (a dub has another sound, a wrong subtitle file other lines).
        """
        by_lines = 0.0 if self.found_nothing else self.typical
        if self.lead in ("timing", "audio"):
            by_lines = min(by_lines, self._against_decoy)
        return 1.0 - (1.0 - by_lines) * (1.0 - self.sound)

    @property
    def found_nothing(self) -> bool:
        """Whether fingerprints alone decided."""
        return self.lead == "fingerprint" and self.nats == 0.0

    @property
    def _against_decoy(self) -> float:
        clear = self.nats - _DECOY * max(0.0, self.decoy) + self.bonus
        centre, steep = _PER_LINE
        least, slope = _IN_ALL
        least = max(least, _LUCK * math.sqrt(self.lines))
        return logistic(min(steep * (clear / max(1, self.lines) - centre), slope * (clear - least)))


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, x))))


def standard_ratio(scale: float) -> Fraction | None:
    """The standard speed that `scale` is, or None."""
    return next((s for s in STANDARD_SPEEDS if abs(float(s) - scale) < 1e-9), None)


def kind_of(stretches: Sequence[Stretch], confidence: float) -> Verdict:
    """The verdict in one word."""
    if confidence < 0.5 or not stretches:
        return "wrong_film"
    if any(not continues(a, b) for a, b in pairwise(stretches)):
        return "segments"
    first = stretches[0]
    if abs(first.scale - 1.0) > SAME_SPEED:
        return "speed"
    return "identity" if first.scale == 1.0 and abs(first.offset) < SAME_OFFSET_S else "translation"


def continues(left: Stretch, right: Stretch) -> bool:
    """Whether two stretches lie at one place: the hole between them is not known, but no edit."""
    return abs(left.apply(right.start_s) - right.apply(right.start_s)) < _HOLE_S
