"""Confidence intervals of shares."""

from __future__ import annotations

import math

#: Standard normal quantile of a two-sided 95 % interval.
_Z95 = 1.959963984540054


def wilson(right: int, n: int) -> tuple[float, float] | None:
    """95 % score interval of a share `right` of `n`; None when `n` is 0.

    Good for shares near 0 and 1 and for few items, where the plain normal interval is not
    (E. B. Wilson, Journal of the American Statistical Association 22, 1927).
    """
    if n <= 0:
        return None
    z2 = _Z95 * _Z95
    share = right / n
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
