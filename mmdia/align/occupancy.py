"""Lines as a signal on a time grid, and correlation of such signals by FFT.

The signal is speech occupancy (somebody speaks, or not) plus small bumps where lines begin and
end; correlation of two of them peaks at the offset where the tracks fit. No window limits the
offset: the transform is padded to hold every lag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.track import Floats, Track

#: Grid of the correlation, seconds.
STEP_S = 0.1

#: No grid is longer than this many steps (over 16 hours): a stray cue must not eat the memory.
_MOST_STEPS = 600_000

#: A cue further than this from the median start is no line of a film, and none lasts longer.
_STRAY_S, _LONGEST_S = 20_000.0, 600.0

#: Weight of the bumps at line edges against occupancy.
_EDGE = 1.2


@dataclass(frozen=True)
class Grid:
    """A time grid: step k stands for [zero_s + k * step_s, + step_s)."""

    zero_s: float
    step_s: float
    steps: int

    @classmethod
    def over(cls, first_s: float, last_s: float, step_s: float = STEP_S) -> Grid:
        """The grid that holds [first_s, last_s], within the limit of memory."""
        steps = int((last_s - first_s) / step_s) + 10
        return cls(first_s, step_s, min(steps, _MOST_STEPS))

    def index(self, t: Floats) -> Floats:
        """Positions on the grid, clipped to it."""
        at = (t - self.zero_s) / self.step_s
        return np.asarray(np.clip(at, 0.0, self.steps), dtype=np.float64)


def occupancy(start: Floats, end: Floats, grid: Grid) -> Floats:
    """1 where some line is on, else 0; shape (grid.steps,)."""
    a, b = grid.index(start).astype(np.int64), grid.index(end).astype(np.int64)
    change = np.bincount(a, minlength=grid.steps + 1) - np.bincount(b, minlength=grid.steps + 1)
    return (np.cumsum(change)[: grid.steps] > 0).astype(np.float64)


def speech_signal(start: Floats, end: Floats, grid: Grid) -> Floats:
    """Zero-mean occupancy plus edge bumps; shape (grid.steps,)."""
    on = occupancy(start, end, grid)
    last = grid.steps - 1
    a = np.minimum(grid.index(start).astype(np.int64), last)
    b = np.minimum(grid.index(end).astype(np.int64), last)
    edge = np.bincount(a, minlength=grid.steps) + 0.6 * np.bincount(b, minlength=grid.steps)
    bump = edge.copy()
    for shift, weight in ((1, 0.7), (2, 0.3)):
        bump[shift:] += weight * edge[:-shift]
        bump[:-shift] += weight * edge[shift:]
    return np.asarray((on - on.mean()) + _EDGE * (bump - bump.mean()), dtype=np.float64)


def spoken(track: Track, scale: float = 1.0) -> tuple[Floats, Floats]:
    """Starts and ends of the spoken lines, times `scale`; stray cues left out."""
    start, end = track.start_s[track.speech], track.end_s[track.speech]
    near = np.abs(start - np.median(start)) < _STRAY_S
    if not near.any():
        near[0] = True
    start = start[near] * scale
    return start, np.minimum(end[near] * scale, start + _LONGEST_S)


def fast_length(n: int) -> int:
    """The smallest number >= n without a prime factor above 5: lengths that FFTs are quick at."""
    best = 1 << max(0, (n - 1).bit_length())
    five = 1
    while five < best:
        three = five
        while three < best:
            rest = -(-n // three)
            best = min(best, three << max(0, (rest - 1).bit_length()))
            three *= 3
        five *= 5
    return best
