"""Moving mean of a series over the lines around each line."""

from __future__ import annotations

import numpy as np

from mmdia.align.track import Floats


def moving_mean(x: Floats, around: int) -> Floats:
    """Mean of each value with up to `around` neighbours on either side; same shape as `x`."""
    kernel = np.ones(2 * around + 1)
    total = np.convolve(x, kernel, "full")[around : around + len(x)]
    count = np.convolve(np.ones(len(x)), kernel, "full")[around : around + len(x)]
    return np.asarray(total / count, dtype=np.float64)
