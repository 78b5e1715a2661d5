"""Short pieces between edits: what is left over on both sides is compared with each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mmdia.align.fp_bank import Bank, Peaks, join
from mmdia.align.fp_bits import Heard
from mmdia.align.fp_path import TICK, Run, Scorer

#: Seconds that must be left over on either side, seconds from one stretch to the next, words of each.
_LEAST_S, _HOP_S, _WORDS = 1.2, 0.5, 56
#: Most stretches of one gap.
_MOST = 72
#: A height that chance does not reach among the lags of a gap.
_HEIGHT = 7.5


def fill(bank: Bank, media: Heard, scorer: Scorer, scale: float, runs: list[Run]) -> Peaks:
    """Peaks of short stretches in the gaps between runs that both tracks have."""
    tick_s = TICK * scorer.step_s
    parts = []
    for left, right in pairwise(runs):
        end, begin = (scorer.start_s + tick_s * t for t in (left.last, right.first))
        low, high = scale * end + left.offset_s, scale * begin + right.offset_s
        # Ticks at an edge may have gone to either side.
        end, begin, low, high = end - tick_s, begin + tick_s, low - tick_s, high + tick_s
        if begin - end < _LEAST_S + 2 * tick_s or high - low < _LEAST_S + 2 * tick_s:
            continue
        if abs(left.offset_s - right.offset_s) < 0.05 and begin - end < 20:
            continue
        hop = max(_HOP_S, (high - low) / _MOST)
        centres = np.arange(low + 0.8, high - 0.4, hop)
        if len(centres):
            parts.append(bank.search(media, centres, scale, _WORDS, (end, begin)))
    found = join(parts)
    return found.take(found.z >= _HEIGHT)
