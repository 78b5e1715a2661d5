"""The exact grid behind stamps that a container has rounded to its tick."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from mmdia.media.packet_facts import Ints
from mmdia.schema.time import snap_rate


def find_grid(
    stream: av.VideoStream, pts: Ints, time_base: Fraction, start: Fraction
) -> tuple[Fraction, Ints, Fraction]:
    """(rate, grid numbers, offset) when `pts` are a constant rate rounded to the tick."""
    told = [r for r in (stream.guessed_rate, stream.average_rate, stream.base_rate) if r and 0 < r < 1000]
    if len(pts) > 1:
        # A header may lie; the median step does not.
        told.append(1 / (Fraction(int(np.median(np.diff(pts)))) * time_base))
    rates = list(dict.fromkeys([snap_rate(r) for r in told] + [Fraction(r) for r in told]))
    for rate in rates:
        found = fit_grid(pts, time_base, start, rate)
        if found is not None:
            return rate, *found
    nominal = rates[0] if rates else Fraction(25)
    return nominal, np.zeros(0, np.int64), Fraction(0)


def fit_grid(
    pts: Ints, time_base: Fraction, start: Fraction, rate: Fraction
) -> tuple[Ints, Fraction] | None:
    """Grid numbers and offset when every stamp is within 3/4 tick of the grid, else None.

    Rounding alone gives up to 1/2 tick; the rest is room for the estimate of the offset.
    """
    ticks_per_frame = 1 / (rate * time_base)
    if ticks_per_frame < Fraction(3, 2) and ticks_per_frame != 1:
        return None
    from_first = (pts - pts[0]).astype(np.float64)
    k = np.rint(from_first / float(ticks_per_frame)).astype(np.int64)
    if len(k) > 1 and np.diff(k).min() < 1:
        return None
    if k[-1] >= 1.5 * len(k):
        # Most lines of so fine a grid are empty: the film's rate varies, whatever its header says.
        return None
    exact = (pts - pts[0]) * ticks_per_frame.denominator == k * ticks_per_frame.numerator
    if exact.all():
        return k, int(pts[0]) * time_base - start
    residual = from_first - k * float(ticks_per_frame)
    mean = float(residual.mean())
    if np.abs(residual - mean).max() > 0.75:
        return None
    nanos = round(mean * float(time_base) * 1e9)
    return k, int(pts[0]) * time_base - start + Fraction(nanos, 1_000_000_000)


def in_ns(ticks: Ints, unit: Fraction, base: Fraction) -> Ints:
    """Base + ticks * unit, in nanoseconds; rising ticks stay exact to half a nanosecond."""
    # Whole and fractional parts apart, so that int64 holds every product.
    step = unit * 1_000_000_000
    whole, rest = divmod(step.numerator, step.denominator)
    if len(ticks) == 0:
        return np.zeros(0, np.int64)
    first = int(ticks[0])
    k = ticks - first
    origin = round(base * 1_000_000_000 + first * step)
    fraction = np.rint(k.astype(np.float64) * (rest / step.denominator)).astype(np.int64)
    return (origin + k * whole + fraction).astype(np.int64)
