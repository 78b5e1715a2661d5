"""How well edges of lines agree with edges in the media, in nats."""

from __future__ import annotations

import math

import numpy as np

from mmdia.align.track import Floats


def nearest(x: Floats, ref: Floats) -> Floats:
    """`x` minus the nearest of the ascending `ref`, elementwise."""
    if len(ref) == 1:
        return np.asarray(x - ref[0], dtype=np.float64)
    i = np.clip(np.searchsorted(ref, x), 1, len(ref) - 1)
    before, after = x - ref[i - 1], x - ref[i]
    return np.asarray(np.where(np.abs(before) < np.abs(after), before, after), dtype=np.float64)


def edge_ratio(away: Floats, sigma: float, share: float, rate: float) -> Floats:
    """Ratio of "an edge of this line, give or take" to "the nearest edge of a random place".

    Args:
        away: Signed distances to the nearest edge, seconds.
        sigma: Deviation expected of an edge that belongs to the line.
        share: Share of lines whose edge is in the media.
        rate: Edges a second in the media, where they are dense.
    """
    d = np.abs(away)
    hit = np.exp(-0.5 * (d / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    chance = rate * np.exp(-2 * rate * d) + 0.02
    return np.asarray(np.log((1 - share) + share * hit / chance), dtype=np.float64)
