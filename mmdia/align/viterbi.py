"""The best path of the lines over the offset candidates, with an `absent` state."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from mmdia.align.track import Floats, Ints

#: Nats a line that stays in the absent state costs.
ABSENT = 0.15

#: A switch may go back in media time by this much: overlapping lines at an edit.
_BACK_S = 0.8


def best_path(
    nats: Floats, offsets: Floats, start_s: Floats, scale: float, switch: float
) -> tuple[Ints, float]:
    """Candidate of each line (the number of candidates where absent), and the total in nats.

    Args:
        nats: Evidence, shape (lines, candidates).
        offsets: Candidates, shape (candidates,).
        start_s: Starts of the lines, ascending.
        scale: Speed, for the rule that media time does not run backwards.
        switch: Nats a change of offset costs: an edit must pay for itself.
    """
    n, k = nats.shape
    enter = 0.55 * switch
    gap = (np.diff(start_s) * scale).tolist()
    order = np.argsort(offsets, kind="stable")
    nats = nats if (order[1:] > order[:-1]).all() else nats[:, order]
    sorted_offsets: list[float] = offsets[order].tolist()
    jumped = np.zeros((n, k), dtype=np.bool_)
    entered = np.zeros((n, k), dtype=np.bool_)
    from_which = np.zeros(n, dtype=np.int32)
    left = np.zeros(n, dtype=np.bool_)
    value, absent = nats[0].astype(np.float64), -ABSENT
    for i in range(1, n):
        best = int(value.argmax())
        top = float(value[best])
        from_which[i] = best
        # Media time does not run backwards: only offsets from here on may be switched to.
        first = bisect_left(sorted_offsets, sorted_offsets[best] - gap[i - 1] - _BACK_S)
        np.less(value[first:], top - switch, out=jumped[i, first:])
        np.maximum(value[first:], top - switch, out=value[first:])
        np.less(value, absent - enter, out=entered[i])
        np.maximum(value, absent - enter, out=value)
        left[i] = top - enter > absent
        absent = max(absent, top - enter) - ABSENT
        value += nats[i]
    total = max(float(value.max()), absent)
    path = np.zeros(n, dtype=np.int64)
    state = int(value.argmax()) if value.max() >= absent else k
    for i in range(n - 1, -1, -1):
        path[i] = state
        if state == k:
            state = int(from_which[i]) if left[i] else k
        elif entered[i, state]:
            state = k
        elif jumped[i, state]:
            state = int(from_which[i])
    return np.append(order, k)[path], total
