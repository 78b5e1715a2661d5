"""Offset candidates: the few places, out of all, that a line of the annotation may go to.

Text proposes where many anchor pairs agree, in the whole film and in short stretches of it;
timing proposes where the speech pattern of a stretch correlates with the media.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmdia.align.anchors import Pairs
from mmdia.align.occupancy import STEP_S, Grid, fast_length, speech_signal, spoken
from mmdia.align.source import Candidates
from mmdia.align.track import Floats, Track

#: Most candidates the solver looks at.
MOST = 260

#: Text: width of a histogram bin, lines a stretch, peaks kept a stretch, least weight of a peak.
_BIN_S, _STRETCH, _PEAKS, _LEAST = 0.2, 14, 3, 2.0

#: Timing: seconds a window and between windows, peaks kept, least height in deviations.
_WINDOW_S, _HOP_S, _TOP, _HEIGHT = 240.0, 80.0, 5, 3.5

#: Least lines of a stretch, most stretches of a film, and the stretches of which one is a sample.
_LEAST_LINES, _MOST_STRETCHES, _SAMPLE = 6, 120, 4

#: Two tracks with fewer pairs of lines than this are compared line by line as well.
_SMALL = 60_000


def merge(found: Candidates, apart_s: float) -> Candidates:
    """One candidate, the strongest, of each group closer than `apart_s`; sorted by offset."""
    out: Candidates = []
    for offset, strength in sorted(found):
        if out and offset - out[-1][0] < apart_s:
            if strength > out[-1][1]:
                out[-1] = (offset, strength)
        else:
            out.append((offset, strength))
    return out


def strongest(found: Candidates, always: list[float]) -> Floats:
    """The offsets to try, ascending: the strongest ones and those in `always`."""
    best = sorted(found, key=lambda c: -c[1])[:MOST]
    kept = merge(best + [(o, 1e9) for o in always], 0.1)
    return np.array([o for o, _ in kept], dtype=np.float64)


def from_text(pairs: Pairs, scale: float, lines: int) -> Candidates:
    """Peaks of the pairs' votes, global and by stretches of lines."""
    if not len(pairs):
        return []
    votes = pairs.residual(scale)
    low = float(votes.min()) - 1.0
    key = ((votes - low) / _BIN_S).astype(np.int64)
    found = peaks(key, votes, pairs.weight, 12, 0.0)
    for first in range(0, lines, _STRETCH // 2):
        a, b = np.searchsorted(pairs.line, [first, first + _STRETCH])
        if b - a >= 2:
            found += peaks(key[a:b], votes[a:b], pairs.weight[a:b], _PEAKS, _LEAST)
    return merge(found, 0.2)


def peaks(
    key: NDArray[np.int64], votes: Floats, weight: Floats, top: int, least: float, *, exact: bool = False
) -> Candidates:
    """The `top` fullest bins (with their neighbours), no two of them adjacent.

    Each stands for the mean of its votes or, where `exact`, for the median of the bin alone: in
    copies of one track most votes of a bin are the same to the millisecond.
    """
    bins, inverse = np.unique(key, return_inverse=True)
    mass = np.bincount(inverse, weight)
    total = mass.copy()
    beside = np.diff(bins) == 1
    total[1:][beside] += mass[:-1][beside]
    total[:-1][beside] += mass[1:][beside]
    out: Candidates = []
    taken: set[int] = set()
    for j in np.argsort(-(total + 0.1 * mass), kind="stable"):
        if len(out) >= top or total[j] <= least:
            break
        at = int(bins[j])
        if at - 1 in taken or at + 1 in taken:
            continue
        taken.add(at)
        if exact:
            centre = float(np.median(votes[key == at]))
        else:
            near = np.abs(key - at) <= 1
            centre = float(votes[near] @ weight[near]) / float(weight[near].sum())
        out.append((centre, float(total[j])))
    return out


def from_timing(anno: Track, media: Track, scale: float) -> Candidates:
    """Peaks of the correlation of each stretch of the annotation with the whole media."""
    start, end = spoken(anno, scale)
    onset, close = spoken(media)
    found = _global_peaks(start, end, onset, close)
    for peaks_here in _stretch_peaks(start, end, onset, close, 1):
        found += peaks_here
    return merge(found + _line_by_line(start, end, onset, close), 0.15)


def clearness(anno: Track, media: Track, scale: float) -> float:
    """How far the best place of a stretch stands out, in deviations; mean over every fourth stretch."""
    onset, close = spoken(media)
    best = [
        max((z for _, z in found), default=_HEIGHT)
        for found in _stretch_peaks(*spoken(anno, scale), onset, close, _SAMPLE)
    ]
    return float(np.mean(best)) if best else 0.0


def _stretch_peaks(
    start: Floats, end: Floats, onset: Floats, close: Floats, every: int
) -> Iterator[Candidates]:
    """Peaks of every n-th stretch of lines, row by row: one transform fits the processor's cache."""
    grid = Grid.over(float(onset.min()) - 5.0, float(close.max()) + 5.0)
    # Longer stretches where there are very many: their number bounds the time.
    hop_s = max(_HOP_S, float(start.max() - start.min()) / _MOST_STRETCHES)
    width_s = _WINDOW_S / _HOP_S * hop_s
    width = int(width_s / STEP_S)
    length = fast_length(grid.steps + 2 * width)
    target = np.fft.rfft(speech_signal(onset, close, grid).astype(np.float32), length)
    first = float(start.min())
    hops = (start - first) / hop_s
    # Only windows that hold lines: a stray cue may lie years away.
    opening = np.unique(np.floor(hops[:, None] - np.arange(_WINDOW_S / _HOP_S)).astype(np.int64))
    window = Grid(0.0, STEP_S, width)
    for t in (first + opening[opening >= 0][::every] * hop_s).tolist():
        a, b = np.searchsorted(start, [t, t + width_s])
        if b - a < _LEAST_LINES:
            continue
        signal = speech_signal(start[a:b] - t, np.minimum(end[a:b] - t, width_s), window)
        spectrum = np.conj(np.fft.rfft(signal.astype(np.float32), length))
        row = np.fft.irfft(target * spectrum, length)
        yield _lag_peaks(row, grid.steps + width, grid.zero_s - t, _TOP, _HEIGHT)


def _lag_peaks(row: Floats, wrap: int, base_s: float, top: int, least: float) -> Candidates:
    """Local maxima of a circular correlation as offsets; lags past `wrap` are negative ones."""
    high = np.flatnonzero(row > least * row.std())
    before, after = row[high - 1], row[(high + 1) % len(row)]
    peak = high[(row[high] > before) & (row[high] >= after)]
    z = row[peak] / (row.std() + 1e-9)
    out: Candidates = []
    for j in np.argsort(-z, kind="stable")[:top]:
        lag = int(peak[j]) if peak[j] < wrap else int(peak[j]) - len(row)
        out.append((base_s + lag * STEP_S, float(z[j])))
    return out


def _global_peaks(start: Floats, end: Floats, onset: Floats, close: Floats) -> Candidates:
    """Peaks of the correlation of the whole annotation."""
    first, zero = float(start.min()), float(onset.min())
    span = max(float(end.max()) - first, float(close.max()) - zero)
    a, m = Grid.over(first, first + span), Grid.over(zero, zero + span)
    length = fast_length(2 * max(a.steps, m.steps))
    spectrum = np.fft.rfft(speech_signal(start, end, a), length)
    row = np.fft.irfft(np.fft.rfft(speech_signal(onset, close, m), length) * np.conj(spectrum), length)
    return [(o, 2 * z) for o, z in _lag_peaks(row, length // 2, m.zero_s - a.zero_s, 8, 0.0)]


def _line_by_line(start: Floats, end: Floats, onset: Floats, close: Floats) -> Candidates:
    """For short tracks: offsets by which most line starts coincide with media line starts."""
    if len(start) * len(onset) > _SMALL:
        return []
    votes = np.concatenate([(onset[:, None] - start).ravel(), (close[:, None] - end).ravel()])
    key = ((votes - votes.min()) / 0.1).astype(np.int64)
    return peaks(key, votes, np.ones(len(votes)), 40, 1.5, exact=True)
