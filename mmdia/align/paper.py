"""The discrepancy that the paper's rule asks about, by anchors that do not presume the answer.

Anchors picked within half a second of the fit differ by little whatever the copy is like. So lines
are paired by what they say, or, where words do not lead, by the nearest start in a window much
wider than the spread that the rule allows.
"""

from __future__ import annotations

import numpy as np

from mmdia.align.edge import nearest
from mmdia.align.solution import Solution
from mmdia.align.track import Floats, Track

#: Partners are looked for within this of the fit, by words and by starts, seconds.
_BY_WORDS_S, _BY_STARTS_S = 5.0, 2.0

#: Share of all words of two lines that both must hold to be one line.
_SAME = 0.5

#: A median of fewer anchors than this says nothing.
_LEAST = 3


def paper_spread(solution: Solution, start: Floats) -> float | None:
    """Median absolute deviation of media start minus annotation start; None without anchors.

    Paper, section 3.1: "low variance" of that discrepancy tells a copy that is merely moved.

    Args:
        solution: The solution.
        start: Start of each line on the media timeline, by the fit, shape (n,).
    """
    anno, media, layout = solution.evidence.anno, solution.media, solution.layout
    rows = np.flatnonzero(anno.speech & ~layout.absent)
    if media is not None and solution.evidence.lead == "text":
        away = _by_words(anno, media, start)
    elif media is not None and media.speech.any():
        away = -nearest(start, np.sort(media.start_s[media.speech]))
    elif (edges := solution.evidence.edges) is not None:
        away = -nearest(start, edges.onset)
    else:
        return None
    reach = _BY_WORDS_S if solution.evidence.lead == "text" else _BY_STARTS_S
    rows = rows[np.abs(away[rows]) <= reach]
    if len(rows) < _LEAST:
        return None
    series = (start + away - anno.start_s)[rows]
    return float(np.median(np.abs(series - np.median(series))))


def _by_words(anno: Track, media: Track, start: Floats) -> Floats:
    """Seconds from each line's place to the line of the copy that says the same; inf without one."""
    away = np.full(len(anno), np.inf)
    order = np.argsort(media.start_s, kind="stable")
    at = media.start_s[order]
    said = [frozenset(media.words[i]) for i in order]
    low = np.searchsorted(at, start - _BY_WORDS_S).tolist()
    high = np.searchsorted(at, start + _BY_WORDS_S, "right").tolist()
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        own = frozenset(anno.words[i])
        if not own:
            continue
        best = (_SAME, -np.inf)
        for k in range(a, b):
            score = (len(own & said[k]) / len(own | said[k]), -abs(float(at[k] - start[i])))
            if score >= best:
                best, away[i] = score, at[k] - start[i]
    return away
