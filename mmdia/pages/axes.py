"""Axes of the plots: ranges that outliers do not spoil, round ticks, and points that stay few.

A plot is as wide as its place: positions across are percentages, so text keeps its size on a
phone. Curves and dots lie in an inner picture of `WIDE` units that stretches with the plot.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Units across the inner, stretching picture.
WIDE = 1000

#: Steps of a time axis, seconds.
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 36000, 86400)

#: Most dots of a panel; more are thinned to what the eye can tell apart.
MOST_DOTS = 4000


#: Nothing is drawn further out than this, units.
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from data to a length.

    Attributes:
        low: Data value at 0.
        high: Data value at `length`.
        length: Units it spreads over.
    """

    low: float
    high: float
    length: float

    def __call__(self, value: float) -> float:
        """Where a value lies; what is absurdly far out stays a number that can be drawn."""
        place = (value - self.low) / (self.high - self.low) * self.length
        return min(_FAR, max(-_FAR, place))

    def clamp(self, value: float) -> float:
        """Where a value lies, held within the scale."""
        return min(self.length, max(0.0, self(value)))

    def across(self, value: float) -> str:
        """Where a value lies, as a percentage; held within the scale."""
        return f"{trim(self.clamp(value) / self.length * 100)}%"


def trim(value: float) -> str:
    """A coordinate with two decimals at most, no zeros at its end."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def drawable(value: float) -> bool:
    """Whether a value is a number that a plot can hold (a billion seconds is no time of a film)."""
    return math.isfinite(value) and abs(value) < 1e9


def span_of(values: Iterable[float], *, least: float, pad: float = 0.0) -> tuple[float, float]:
    """Lowest and highest value, at least `least` apart, widened by the share `pad` on both sides."""
    finite = [v for v in values if drawable(v)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    more = max(least, (high - low) * (1 + 2 * pad)) - (high - low)
    return low - more / 2, high + more / 2


def time_span(times: Iterable[float]) -> tuple[float, float]:
    """First and last time, from 0 or earlier, a second at least."""
    finite = [t for t in times if drawable(t)]
    low = min([0.0, *finite])
    return low, max([low + 1.0, *finite])


def quantile(ordered: Sequence[float], share: float) -> float:
    """Value at a share of a sorted, non-empty sequence."""
    return ordered[min(len(ordered) - 1, max(0, round(share * (len(ordered) - 1))))]


def median(values: Iterable[float]) -> float:
    """Middle value of the finite ones; NaN when there is none."""
    ordered = sorted(v for v in values if math.isfinite(v))
    if not ordered:
        return math.nan
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def fence(values: Iterable[float]) -> tuple[float, float] | None:
    """Range of all values but outliers: the middle 90 per cent and once its width on both sides."""
    ordered = sorted(v for v in values if math.isfinite(v))
    if not ordered:
        return None
    low, high = quantile(ordered, 0.05), quantile(ordered, 0.95)
    width = high - low
    return max(ordered[0], low - width), min(ordered[-1], high + width)


def time_ticks(low: float, high: float, most: int = 11) -> list[float]:
    """Round times within a range."""
    step = next((s for s in _STEPS_S if (high - low) / s <= most), None)
    if step is None:
        step = _STEPS_S[-1] * math.ceil((high - low) / _STEPS_S[-1] / most)
    first = math.ceil(low / step)
    return [float(k * step) for k in range(first, math.floor(high / step) + 1)]


def value_ticks(low: float, high: float, least: int = 3) -> tuple[list[float], int]:
    """Round values within a range, some more than `least` of them, and the decimals they need."""
    raw = (high - low) / least
    power = 10.0 ** math.floor(math.log10(raw))
    step = max(m * power for m in (1, 2, 5) if m == 1 or m * power <= raw)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)], digits


def thin(points: Iterable[tuple[float, float]]) -> list[tuple[int, int]]:
    """Points on a whole-number grid, each once; the grid grows coarser until they are few.

    Args:
        points: Positions, in units.
    """
    grid = sorted({(round(x), round(y)) for x, y in points})
    step = 1
    while len(grid) > MOST_DOTS:
        step *= 2
        grid = sorted({(x // step * step, y // step * step) for x, y in grid})
    return grid
