"""Which speeds to try: the ratios releases really differ by, and what the evidence suggests."""

from __future__ import annotations

import numpy as np

from mmdia.align import offsets
from mmdia.align.anchors import Pairs
from mmdia.align.occupancy import STEP_S, Grid, fast_length, speech_signal, spoken
from mmdia.align.track import Floats, Track
from mmdia.schema.time import STANDARD_SPEEDS

#: Standard speeds as floats, identity first.
STANDARD: tuple[float, ...] = tuple(float(s) for s in STANDARD_SPEEDS)

#: Free speeds searched, and their spacing.
_SLOWEST, _FASTEST, _STEP = 0.95, 1.055, 0.0005

#: Speeds kept for the search, and most steps of the grid they are ranked on.
_KEPT, _MOST_STEPS = 5, 40_000

#: Lines a stretch, and seconds a bin, when the concentration of votes is measured.
_STRETCH, _BIN_S = 25, 0.4


def from_text(pairs: Pairs, lines: int) -> list[float]:
    """At most four speeds, best first: those whose votes are the most concentrated."""
    speeds = list(STANDARD)
    slope = _local_slope(pairs)
    if slope is not None:
        speeds.append(slope)
    score = {s: concentration(pairs, s) for s in speeds}
    # Identity wins ties: a rescale that gains nothing must not be proposed.
    score[1.0] *= 1.001
    best = sorted(score, key=lambda s: -score[s])
    # Identity stays in the race: loose timing blurs the votes of speeds a thousandth apart.
    return [s for s in dict.fromkeys([*best[:3], 1.0]) if score[s] >= 0.8 * score[best[0]]]


def concentration(pairs: Pairs, scale: float) -> float:
    """Sum over stretches of the weight of the fullest bin of votes."""
    votes = pairs.residual(scale)
    bins = ((votes - votes.min()) / _BIN_S).astype(np.int64)
    stretch = pairs.line // _STRETCH
    key, inverse = np.unique(stretch * (int(bins.max()) + 1) + bins, return_inverse=True)
    mass = np.bincount(inverse, pairs.weight)
    best = np.zeros(int(stretch.max()) + 1)
    np.maximum.at(best, key // (int(bins.max()) + 1), mass)
    return float(best.sum())


def _local_slope(pairs: Pairs) -> float | None:
    """Mode of the slopes between strong pairs 20 to 600 s apart, or None when too few."""
    if len(pairs) < 20:
        return None
    strong = pairs.weight >= np.quantile(pairs.weight, 0.7)
    x, y = pairs.anno_s[strong], pairs.media_s[strong]
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    found: list[Floats] = []
    for k in (5, 11, 23, 47):
        dx, dy = x[k:] - x[:-k], y[k:] - y[:-k]
        near = (dx > 20) & (dx < 600)
        slope = dy[near] / dx[near]
        found.append(slope[(slope > 0.94) & (slope < 1.06)])
    slopes = np.concatenate(found)
    if len(slopes) <= 30:
        return None
    count, edge = np.histogram(slopes, bins=np.arange(0.94, 1.0601, _STEP))
    centre = edge[np.convolve(count, [1, 2, 1], "same").argmax()] + _STEP / 2
    return float(np.median(slopes[np.abs(slopes - centre) < 0.0012]))


def from_timing(anno: Track, media: Track, most: int = 4) -> list[float]:
    """The standard speeds and the `most` best of all, best first, by correlation of the whole film."""
    onset, close = spoken(media)
    begin, stop = spoken(anno)
    length_s = float(stop.max()) - float(begin.min())
    # Steps that move the last line by less than 0.3 s cannot be told apart.
    step = min(0.01, max(_STEP, 0.3 / max(length_s, 1.0)))
    free = np.round(np.arange(_SLOWEST, _FASTEST, step), 5)
    span = max(length_s * _FASTEST, float(close.max()) - float(onset.min()))
    grain = max(STEP_S, span / _MOST_STEPS)
    m = Grid.over(float(onset.min()), float(onset.min()) + span, grain)
    length = fast_length(2 * m.steps)
    target = np.fft.rfft(speech_signal(onset, close, m).astype(np.float32), length)
    score: dict[float, float] = {}
    for s in sorted({*STANDARD, *map(float, free)}):
        a = Grid(float(begin.min()) * s, grain, m.steps)
        signal = speech_signal(begin * s, stop * s, a).astype(np.float32)
        row = np.fft.irfft(target * np.conj(np.fft.rfft(signal, length)), length)
        score[s] = float(row.max() / (row.std() + 1e-9))
    best = sorted(score, key=lambda s: -score[s])
    likely = sorted({*STANDARD, *best[:most]}, key=best.index)
    return _clearest(anno, media, likely)


def _clearest(anno: Track, media: Track, likely: list[float]) -> list[float]:
    """The speeds at which single stretches find their place best; identity is always among them."""
    clear = {s: offsets.clearness(anno, media, s) for s in likely}
    order = sorted(likely, key=lambda s: -clear[s])
    return list(dict.fromkeys([*order[:_KEPT], 1.0]))
