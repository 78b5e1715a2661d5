"""The best path of the lines over the offset candidates, with an `absent` state."""

from __future__ import annotations

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
    gap = np.diff(start_s) * scale
    own = np.arange(k)
    came = np.zeros((n, k), dtype=np.int32)
    came_absent = np.zeros(n, dtype=np.int32)
    value, absent = nats[0].copy(), -ABSENT
    for i in range(1, n):
        best = int(value.argmax())
        jump = value[best] - switch
        use = (jump > value) & (offsets - offsets[best] + gap[i - 1] >= -_BACK_S)
        step = np.where(use, jump, value)
        came[i] = np.where(use, best, own)
        back = absent - enter > step
        step[back] = absent - enter
        came[i][back] = k
        leave = float(value[best]) - enter
        came_absent[i] = best if leave > absent else k
        absent = max(absent, leave) - ABSENT
        value = step + nats[i]
    total = max(float(value.max()), absent)
    path = np.zeros(n, dtype=np.int64)
    state = int(value.argmax()) if value.max() >= absent else k
    for i in range(n - 1, -1, -1):
        path[i] = state
        state = int(came_absent[i]) if state == k else int(came[i, state])
    return path, total
