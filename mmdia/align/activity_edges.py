"""Where speech begins and ends: the edges that the exact fit pulls lines to."""

from __future__ import annotations

import numpy as np

from mmdia.align.source import Edges
from mmdia.align.speech_template import LEAD_S
from mmdia.align.track import Floats

#: The level is crossed this long after speech begins: one step of a detector.
_CROSSED_S = 0.02

#: Speech is on from the first level up, until it falls below the second.
_ON, _OFF = 0.6, 0.35

#: Pauses shorter than this are inside a line; bursts shorter than this are no speech.
_PAUSE_S, _BURST_S = 0.3, 0.15


def edges_of(probability: Floats, zero_s: float, step_s: float) -> Edges:
    """Begins and ends of speech as lines would have them: onset bias taken out.

    Args:
        probability: Probability of speech in each step.
        zero_s: Begin of the first step.
        step_s: Length of a step.
    """
    begin, end = _runs(probability)
    start_s, stop_s = zero_s + begin * step_s, zero_s + end * step_s
    if len(start_s):
        new = np.concatenate([[True], start_s[1:] - stop_s[:-1] >= _PAUSE_S])
        last = np.concatenate([new[1:], [True]])
        start_s, stop_s = start_s[new], stop_s[last]
        long = stop_s - start_s >= _BURST_S
        start_s, stop_s = start_s[long], stop_s[long]
    if not len(start_s):
        length = len(probability) * step_s
        return Edges(np.array([zero_s]), np.array([zero_s + length]), exact=False)
    return Edges(start_s - LEAD_S - _CROSSED_S, stop_s, exact=False)


def _runs(p: Floats) -> tuple[Floats, Floats]:
    """First step and end step of every stretch of speech, by two thresholds."""
    state = np.where(p >= _ON, 1, np.where(p < _OFF, -1, 0))
    known = np.flatnonzero(state != 0)
    if not len(known):
        return np.zeros(0), np.zeros(0)
    # Between the thresholds the state stays what it was.
    at = np.searchsorted(known, np.arange(len(p)), "right") - 1
    on = (at >= 0) & (state[known[np.maximum(at, 0)]] > 0)
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int64), [0]])))
    return edge[0::2].astype(np.float64), edge[1::2].astype(np.float64)
