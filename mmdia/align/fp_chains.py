"""From single peaks to chains: runs of peaks that lie on one line, and the speed they share."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from mmdia.align.fp_bank import Bank, Floats, Ints, Peaks, join
from mmdia.align.fp_bits import Heard
from mmdia.schema.time import STANDARD_SPEEDS

#: Dense stretches: seconds from one to the next, words of each.
_HOP_S, _WORDS = 4.0, 160
#: The same on the first pass, and the most stretches times seconds they are looked for in, per gap.
_FIRST_HOP_S, _MOST_WORK = 40.0, 5e5
#: Places of a stretch that are kept: repeated sound (a theme, a loop) has several.
_PLACES = 3
#: Heights from which a peak is believed: alone, and in a run.
ALONE, IN_RUN = 10.5, 6.5
#: Peaks of one chain agree in their offsets by this, seconds.
_SAME_S = 0.045
#: A standard speed is taken when it moves no end of the film by more than this, seconds.
_SNAP_S = 0.012


@dataclass(frozen=True, slots=True)
class Chain:
    """Peaks that share an offset: annotation seconds from the first to the last one."""

    first_s: float
    last_s: float
    offset_s: float
    weight: float
    count: int


def rising(peaks: Peaks) -> Peaks:
    """The heaviest set of peaks in which both clocks run forwards."""
    n = len(peaks)
    total, before = np.zeros(n), np.full(n, -1, dtype=np.int64)
    for i in range(n):
        earlier = np.flatnonzero(peaks.anno_s[:i] < peaks.anno_s[i])
        if len(earlier):
            k = int(earlier[total[earlier].argmax()])
            total[i], before[i] = total[k], k
        total[i] += peaks.z[i]
    chosen: list[int] = []
    at = int(total.argmax()) if n else -1
    while at >= 0:
        chosen.append(at)
        at = int(before[at])
    return peaks.take(np.array(chosen[::-1], dtype=np.int64))


def dense(bank: Bank, media: Heard, scale: float, anchors: Peaks) -> Peaks:
    """Peaks every few seconds, each searched only between the anchors around it."""
    some = _between(bank, media, scale, rising(anchors), _FIRST_HOP_S)
    sure = rising(join([anchors, some.take(some.z >= ALONE + 2)]))
    found = join([sure, _between(bank, media, scale, sure, _HOP_S)])
    return found.take(found.z >= IN_RUN)


def _between(bank: Bank, media: Heard, scale: float, sure: Peaks, hop_s: float) -> Peaks:
    """The best place of stretches between anchors, `hop_s` seconds or more from one to the next."""
    media_marks = [media.start_s, *sure.media_s.tolist(), media.end_s]
    end = bank.start_s + bank.step_s * bank.count
    anno_marks = [bank.start_s, *sure.anno_s.tolist(), end]
    reach = _WORDS * bank.step_s
    parts = []
    for k in range(len(media_marks) - 1):
        # Work grows with the product of both gaps: wide ones are looked at less closely.
        work = (media_marks[k + 1] - media_marks[k]) * (anno_marks[k + 1] - anno_marks[k])
        centres = np.arange(media_marks[k] + 1.0, media_marks[k + 1], max(hop_s, work / _MOST_WORK))
        if len(centres):
            within = (anno_marks[k] - reach, anno_marks[k + 1] + reach)
            parts.append(bank.search(media, centres, scale, _WORDS, within, best=_PLACES))
    return join(parts)


def slope(peaks: Peaks, scale: float) -> float:
    """The speed that most pairs of neighbouring peaks agree on."""
    slopes, weights = [], []
    for apart in range(1, 13):
        anno = peaks.anno_s[apart:] - peaks.anno_s[:-apart]
        media = peaks.media_s[apart:] - peaks.media_s[:-apart]
        good = (anno > 8) & (anno < 400)
        each = media[good] / anno[good]
        near = np.abs(each / scale - 1) < 0.02
        slopes.append(each[near])
        weights.append(np.minimum(anno[good][near], 60.0))
    every, weight = np.concatenate(slopes), np.concatenate(weights)
    if not len(every):
        return scale
    for width in (4e-4, 1e-4):
        bins = np.round((every / scale - 1) / width).astype(np.int64)
        low = int(bins.min())
        votes = np.convolve(np.bincount(bins - low, weights=weight), [0.5, 1, 0.5], "same")
        centre = scale * (1 + width * (int(votes.argmax()) + low))
        near = np.abs(every / centre - 1) < 1.5 * width
        every, weight = every[near], weight[near]
        scale = float(np.average(every, weights=weight)) if len(every) else centre
        if not len(every):
            break
    return scale


def chains(peaks: Peaks, scale: float) -> list[Chain]:
    """Runs of peaks at one offset; strays are left out."""
    open_runs: list[list[int]] = []
    offset = peaks.media_s - scale * peaks.anno_s
    for i in np.argsort(peaks.anno_s, kind="stable"):
        for run in open_runs[-8:][::-1]:
            # A run drifts a little while the speed is not exact: compare with its last peaks.
            recent = run[-5:]
            if abs(offset[i] - np.median(offset[recent])) < _SAME_S:
                run.append(int(i))
                break
        else:
            open_runs.append([int(i)])
    found = [_chain(peaks, offset, np.array(run)) for run in open_runs if _believed(peaks.z[run])]
    return sorted(found, key=lambda c: c.first_s)


def _believed(z: Floats) -> bool:
    return float(z.max()) >= ALONE or (len(z) >= 2 and float(z.sum()) >= 2 * IN_RUN + 4)


def _chain(peaks: Peaks, offset: Floats, run: Ints) -> Chain:
    order = np.argsort(offset[run])
    weight = np.cumsum(peaks.z[run][order])
    middle = float(offset[run][order][np.searchsorted(weight, weight[-1] / 2)])
    return Chain(
        float(peaks.anno_s[run].min()), float(peaks.anno_s[run].max()), middle,
        float(weight[-1]), len(run),
    )  # fmt: skip


def common_slope(groups: list[tuple[Floats, Floats, Floats]], scale: float) -> tuple[float, float]:
    """One slope through groups of (anno_s, media_s, weight) that each have their own offset.

    Returns:
        (speed, standard error of it).
    """
    x, y, w = [], [], []
    for anno, media, weight in groups:
        if len(anno) < 3:
            continue
        residual = media - scale * anno
        keep = np.abs(residual - np.median(residual)) < 0.08
        if keep.sum() < 3:
            continue
        a, r, g = anno[keep], residual[keep], weight[keep]
        x.append(a - np.average(a, weights=g))
        y.append(r - np.average(r, weights=g))
        w.append(g)
    if not x:
        return scale, np.inf
    anno, rest, weight = np.concatenate(x), np.concatenate(y), np.concatenate(w)
    by, error = 0.0, np.inf
    for _ in range(4):
        # Outliers weigh less each time (Cauchy weights at three medians).
        miss = rest - by * anno
        unit = max(float(np.median(np.abs(miss))) * 3, 1e-3)
        each = weight / (1 + (miss / unit) ** 2)
        spread = float((each * anno**2).sum())
        if spread <= 0:
            return scale, np.inf
        by = float((each * anno * rest).sum()) / spread
        error = unit / 3 * 1.5 / float(np.sqrt((anno**2).sum()))
    return scale + by, error


def snap(scale: float, error: float, span_s: float) -> tuple[float, Fraction | None]:
    """A standard speed when it fits as well as the measured one, else the measured one."""
    for ratio in STANDARD_SPEEDS:
        off = abs(scale - float(ratio))
        if off * span_s < max(_SNAP_S, 4 * error * span_s) and off < 3e-4:
            return float(ratio), ratio
    return scale, None
