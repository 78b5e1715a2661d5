"""From raw figures to probabilities: how sure a line is of its place, and a film of being the right one.

Calibrated on copies that were made from known truth (`benchmarks/calibrate_align.py` makes them, fits,
and writes `calibration_table.py`): every class of the time-map benchmark, whole films and pieces of
a dozen lines, clocks that wander, and other episodes of the same series. Seeds 100 to 199 only.

Both models are monotone by construction: more evidence never makes a line or a film less sure.

* A line: logistic of a sum of ramps, each rising from 0 to 1 over a range of one figure, with
  weights that are not negative. One model a kind of evidence.
* A film: the lower of two logistics. One asks how good a *typical* line is: the median over lines of
  the mean evidence around them, so that a recap or an opening song, however exact, does not pay
  for a film. The other asks what all lines bring in *total*, so that a dozen lines that
  fit by luck do not make one. Where the films of the sample leave a gap, steepness has a price,
  so that the nearest of them keep a doubt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from mmdia.align import calibration_table as table
from mmdia.align.smooth import moving_mean
from mmdia.align.source import Family
from mmdia.align.track import Flags, Floats
from mmdia.errors import UsageError

#: Lines on either side that a line's evidence is averaged with.
AROUND = 6

#: Nats that a further piece must bring: each chose its own place among thousands.
PIECE = 12.0


class LineFigures(Protocol):
    """What is asked of the lines; arrays of shape (n,), in any order."""

    @property
    def own_nats(self) -> Floats:
        """Evidence of each line at its place."""
        ...

    @property
    def mean_nats(self) -> Floats:
        """Mean of that over the lines around."""
        ...

    @property
    def edit_lines(self) -> Floats:
        """Lines to the nearest edit; inf when there is none."""
        ...

    @property
    def residual_s(self) -> Floats:
        """Median absolute residual of the piece."""
        ...

    @property
    def family(self) -> Sequence[Family]:
        """Kind of evidence that each line's place stands on."""
        ...


@dataclass(frozen=True, slots=True)
class FilmFigures:
    """What the film is judged by.

    Attributes:
        typical: Median over spoken lines of the mean nats around them.
        total: Nats of all spoken lines, less the price of every piece but the first.
    """

    typical: float
    total: float


def film_figures(own_nats: Floats, spoken: Flags, pieces: int) -> FilmFigures:
    """The film's figures.

    Args:
        own_nats: Evidence of each line at its final place, in time order; 0 where absent. Shape (n,).
        spoken: Which lines are spoken, shape (n,).
        pieces: Number of pieces of the map.
    """
    own = own_nats[spoken] if spoken.any() else own_nats
    if not len(own):
        return FilmFigures(0.0, 0.0)
    typical = float(np.median(moving_mean(own, AROUND)))
    return FilmFigures(typical, float(own.sum()) - PIECE * max(0, pieces - 1))


def film_probability(lead: Family, figures: FilmFigures) -> float:
    """P(right film), strictly between 0 and 1.

    Raises:
        UsageError: There is no calibration for this kind of evidence.
    """
    typical_at, typical_slope, total_at, total_slope = _model(table.FILM, lead)
    clear = typical_slope * (figures.typical - typical_at)
    enough = total_slope * (figures.total - total_at)
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, clear, enough))))


def line_probability(figures: LineFigures) -> Floats:
    """P(the line is there and placed within 0.2 s), given that the film is right; shape (n,).

    Raises:
        UsageError: There is no calibration for a kind of evidence.
    """
    family = np.array(figures.family, dtype=object)
    out = np.zeros(len(family))
    for kind in dict.fromkeys(figures.family):
        own = np.flatnonzero(family == kind)
        bias, ramps, least, most = _model(table.LINE, kind)
        z = np.full(len(own), bias)
        for name, low, high, weight in ramps:
            z += weight * ramp(np.asarray(getattr(figures, name), dtype=np.float64)[own], low, high)
        out[own] = np.clip(1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0))), least, most)
    return out


def ramp(x: Floats, low: float, high: float) -> Floats:
    """0 up to `low`, 1 from `high` on, straight between; `high` below `low` makes it fall."""
    # A share first, so that an infinite distance is 1 and not a quotient of infinities.
    near = np.clip(x, min(low, high), max(low, high))
    return np.asarray((near - low) / (high - low), dtype=np.float64)


_Model = TypeVar("_Model")


def _model(models: Mapping[Family, _Model], family: Family) -> _Model:
    try:
        return models[family]
    except KeyError:
        raise UsageError(
            "there is no calibration for this kind of evidence",
            expected=", ".join(models),
            got=repr(family),
        ) from None
