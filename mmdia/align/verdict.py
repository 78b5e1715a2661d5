"""Is it the right film, and what kind of change leads to it?

The same search is run on a decoy: the annotation reversed in time, which keeps all statistics of
lines and words but cannot fit. What the decoy reaches is what chance reaches; the right film
must stand clear of it, a line (long tracks) and in all (short ones).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from mmdia.align.pieces import Piece
from mmdia.align.result import Verdict
from mmdia.schema.time import STANDARD_SPEEDS

#: A decoy counts this much: one sample of chance is a little below its reach.
_DECOY = 1.25

#: Nats a line at even odds, and steepness; calibrated on seeds apart from the reported ones.
_PER_LINE = {True: (0.30, 7.0), False: (0.22, 14.0)}

#: Nats in all at even odds, and steepness: what short tracks must bring.
_IN_ALL = {True: (9.0, 0.45), False: (22.0, 0.25)}

#: The best of all offsets and speeds of a wrong film gains up to about 3 times the root of its lines.
_LUCK = 4.0

#: Speeds differ when they are further apart than this; smaller drifts are rounding.
SAME_SPEED = 5e-4

#: An offset below this is none: two frames.
SAME_OFFSET_S = 0.05


@dataclass(frozen=True, slots=True)
class Chance:
    """The search against the decoy.

    Attributes:
        nats: Total of the search.
        decoy: Total of the best decoy.
        bonus: Nats of exact coincidences, beyond chance already.
        lines: Spoken annotation lines.
        text: Whether text led.
    """

    nats: float
    decoy: float
    bonus: float
    lines: int
    text: bool

    @property
    def probability(self) -> float:
        """P(right film), 0..1, always finite."""
        clear = self.nats - _DECOY * max(0.0, self.decoy) + self.bonus
        centre, steep = _PER_LINE[self.text]
        least, slope = _IN_ALL[self.text]
        if not self.text:
            least = max(least, _LUCK * math.sqrt(self.lines))
        return logistic(min(steep * (clear / max(1, self.lines) - centre), slope * (clear - least)))


def logistic(x: float) -> float:
    """1 / (1 + exp(-x)) without overflow."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, x))))


def standard_ratio(scale: float) -> Fraction | None:
    """The standard speed that `scale` is, or None."""
    return next((s for s in STANDARD_SPEEDS if abs(float(s) - scale) < 1e-9), None)


def kind_of(scale: float, pieces: list[Piece], confidence: float) -> Verdict:
    """The verdict in one word."""
    if confidence < 0.5 or not pieces:
        return "wrong_film"
    if len(pieces) > 1:
        return "segments"
    if abs(scale - 1.0) > SAME_SPEED:
        return "speed"
    return "identity" if scale == 1.0 and abs(pieces[0].offset) < SAME_OFFSET_S else "translation"
