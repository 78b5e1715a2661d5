"""Which chain holds where: evidence in nats a tick, and the best path through the chains.

How much an agreeing bit is worth is learnt from the peaks themselves, apart for how sure the bit
is and how loud the moment: noise in the quiet parts of a copy then counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mmdia.align.fp_bank import Floats, Floats32, Ints
from mmdia.align.fp_bits import CODES, LOUD, Heard, Signs
from mmdia.align.fp_chains import Chain

Flags = NDArray[np.bool_]

#: Words a tick: half a second.
TICK = 16
#: Most nats a tick may speak for a chain.
_TICK_CAP = 12.0
#: Price of leaving a chain and of entering one, nats; what a mapped tick is worth by itself.
_SWITCH, _MAPPED = 7.0, 0.02
#: Chains are followed this far beyond their peaks, seconds, or to their neighbours' peaks.
_BEYOND_S = 45.0
#: So few chains are followed everywhere.
_FEW = 12
#: The heaviest chains that are followed at all.
_MOST = 48
_UNREACHED = -1e4


@dataclass(frozen=True)
class Scorer:
    """Nats of annotated words at places in the media.

    Attributes:
        words: The annotated bits, -1 and 1.
        step_s: Seconds a word.
        start_s: Annotation second of the first word.
        media: The user's side.
        table: Nats of a bit, float32 (LOUD, 2 * CODES + 1); the column is CODES + sign * code.
    """

    words: Signs
    step_s: float
    start_s: float
    media: Heard
    table: Floats32

    def places(self, scale: float, offset_s: float, first: int, last: int) -> Ints:
        """Media frames of words [first, last)."""
        anno = self.start_s + self.step_s * np.arange(first, last)
        at = (scale * anno + offset_s - self.media.start_s) / self.media.step_s
        frames: Ints = np.rint(at).astype(np.int64)
        return frames

    def nats(self, scale: float, offset_s: float, first: int, last: int) -> Floats:
        """Nats of each word; 0 outside the media."""
        at = self.places(scale, offset_s, first, last)
        inside = (at >= 0) & (at < len(self.media))
        at = np.clip(at, 0, len(self.media) - 1)
        column = self.media.codes[at] * self.words[first:last]
        row = self.media.loud[at].astype(np.int16) * np.int16(2 * CODES + 1) + np.int16(CODES)
        key = column + row[:, None]
        total: Floats = self.table.ravel()[key].sum(axis=1, dtype=np.float64)
        total[~inside] = 0
        return total

    def outside(self, scale: float, offset_s: float, first: int, last: int) -> Flags:
        """Which words the media does not reach."""
        at = self.places(scale, offset_s, first, last)
        beyond: Flags = (at < 0) | (at >= len(self.media))
        return beyond


def learn(
    words: Signs, step_s: float, start_s: float, media: Heard, chains: list[Chain], scale: float
) -> Scorer:
    """A scorer whose table is learnt where the chains are."""
    flat = np.zeros((LOUD, 2 * CODES + 1), np.float32)
    scorer = Scorer(words, step_s, start_s, media, flat)
    counts = np.zeros((LOUD, 2 * CODES + 1))
    spots = []
    for chain in chains:
        first = max(0, int((chain.first_s - 2 - start_s) / step_s))
        last = min(len(words), int((chain.last_s + 2 - start_s) / step_s) + 1)
        if last - first < 8:
            continue
        spots.append((chain, first, last))
        at = scorer.places(scale, chain.offset_s, first, last)
        good = (at >= 0) & (at < len(media))
        # Neighbours tell the same; each fourth word will do.
        at, rows = at[good][::4], np.arange(first, last)[good][::4]
        column = (media.codes[at] * words[rows]).astype(np.int64) + CODES
        key = column + (media.loud[at].astype(np.int64) * (2 * CODES + 1))[:, None]
        counts += np.bincount(key.ravel(), minlength=counts.size).reshape(counts.shape)
    scorer = replace(scorer, table=_table(counts))
    return replace(scorer, table=(scorer.table * _unity(scorer, spots, scale)).astype(np.float32))


def _table(counts: Floats) -> Floats32:
    agree = counts[:, CODES + 1 :]
    differ = counts[:, CODES - 1 :: -1]
    # Few counts say little: bits of chance are added to the whole, bits of the whole to each class.
    whole = (agree.sum(axis=0) + 60) / (agree.sum(axis=0) + differ.sum(axis=0) + 120)
    share = (agree + 50 * whole) / (agree + differ + 50)
    # Some stretches of a chain may be foreign; sure bits never count as wholly sure.
    share = np.clip(share, 0.5, 0.97)
    table = np.zeros(counts.shape, np.float32)
    table[:, CODES + 1 :] = np.log(2 * share)
    table[:, CODES - 1 :: -1] = np.log(2 * (1 - share))
    return table


def _unity(scorer: Scorer, spots: list[tuple[Chain, int, int]], scale: float) -> float:
    """Factor that makes nats of a tick true although bits in a row depend on each other.

    By chance a log likelihood ratio has a mean of minus half its variance; the ticks at wrong
    places tell both.
    """
    wrong = []
    for chain, first, last in spots[:40]:
        last = min(last, first + 150 * TICK)
        for by in (3.1, -4.7, 11.3):
            nats = scorer.nats(scale, chain.offset_s + by, first, last)
            wrong.append(ticks_of(nats))
    values = np.concatenate(wrong) if wrong else np.zeros(0)
    values = values[values != 0]
    if len(values) < 8:
        return 0.2
    return float(np.clip(2 * -values.mean() / max(float(values.var()), 1e-9), 0.02, 1.0))


def ticks_of(nats: Floats) -> Floats:
    """Sums over ticks; the rest of the last tick is left out."""
    whole = len(nats) // TICK * TICK
    total: Floats = nats[:whole].reshape(-1, TICK).sum(axis=1)
    return total


def mixed(nats: Floats, same: float) -> Floats:
    """Nats of ticks when only a share `same` of them can be expected to sound the same."""
    lifted = same * np.exp(np.clip(nats, -40, _TICK_CAP)) + 1 - same
    out: Floats = np.log(lifted)
    return out


@dataclass(frozen=True, slots=True)
class Run:
    """Ticks [first, last) on one offset."""

    first: int
    last: int
    offset_s: float


def reach(chains: list[Chain], scorer: Scorer) -> list[tuple[int, int]]:
    """Ticks [first, last) over which each chain is followed."""
    total = len(scorer.words) // TICK
    if len(chains) <= _FEW:
        return [(0, total)] * len(chains)
    out = []
    tick_s = TICK * scorer.step_s
    for k, chain in enumerate(chains):
        low = chains[k - 1].last_s if k else -np.inf
        high = chains[k + 1].first_s if k + 1 < len(chains) else np.inf
        low = min(low, chain.first_s) - _BEYOND_S
        high = max(high, chain.last_s) + _BEYOND_S
        first = 0 if low == -np.inf else int((low - scorer.start_s) / tick_s)
        last = total if high == np.inf else int((high - scorer.start_s) / tick_s) + 1
        out.append((min(max(first, 0), total), min(max(last, 0), total)))
    return out


def best_path(chains: list[Chain], scorer: Scorer, scale: float) -> tuple[list[Run], float]:
    """Runs of ticks on one offset each, and the share of ticks within them that sound the same."""
    total = len(scorer.words) // TICK
    if len(chains) > _MOST:
        kept = sorted(chains, key=lambda c: -c.weight)[:_MOST]
        chains = sorted(kept, key=lambda c: c.first_s)
    raw = np.full((total, len(chains)), np.nan)
    for k, (first, last) in enumerate(reach(chains, scorer)):
        if last > first:
            nats = scorer.nats(scale, chains[k].offset_s, first * TICK, last * TICK)
            gone = scorer.outside(scale, chains[k].offset_s, first * TICK, last * TICK)
            values = ticks_of(nats)
            values[gone.reshape(-1, TICK).mean(axis=1) > 0.5] = np.nan
            raw[first:last, k] = values
    same, path = 0.9, np.zeros(0, dtype=np.int64)
    for _ in range(2):
        worth = np.where(np.isnan(raw), _UNREACHED, mixed(np.nan_to_num(raw), same) + _MAPPED)
        path = _viterbi(worth, _waits(chains, scale, TICK * scorer.step_s))
        mapped = np.flatnonzero(path < len(chains))
        values = raw[mapped, path[mapped]]
        told = np.abs(values) > 1.5
        before = same
        if told.sum() > 20:
            same = float(np.clip((values[told] > 0).mean(), 0.3, 0.97))
        if abs(same - before) < 0.1:
            break
    edges = np.flatnonzero(np.diff(path)) + 1
    runs = [
        Run(int(part[0]), int(part[-1]) + 1, chains[int(path[part[0]])].offset_s)
        for part in np.split(np.arange(total), edges)
        if len(part) and path[part[0]] < len(chains)
    ]
    return runs, same


def _waits(chains: list[Chain], scale: float, tick_s: float) -> Ints:
    """Ticks that must pass between leaving chain k and entering chain j: what the media lacks."""
    offset = np.array([c.offset_s for c in chains])
    lacking = np.maximum(offset[:, None] - offset[None, :], 0.0) / (scale * tick_s)
    waits: Ints = np.rint(lacking).astype(np.int64)
    return waits


def _viterbi(worth: Floats, waits: Ints) -> Ints:
    """Best chain of each tick, or their number for "absent"; the media never runs backwards."""
    ticks, states = worth.shape
    path = np.full(ticks, states, dtype=np.int64)
    if not ticks or not states:
        return path
    column, row = np.arange(states), np.arange(states)[:, None]
    # Best score with which each chain was left by tick t, and when that was.
    left, when = np.empty((ticks, states)), np.zeros((ticks, states), dtype=np.int64)
    came = np.full((ticks, states), states + 1, dtype=np.int64)
    score = worth[0].copy()
    left[0] = score
    for t in range(1, ticks):
        at = t - 1 - waits
        change = np.where(at >= 0, left[np.maximum(at, 0), row], -np.inf)
        source = change.argmax(axis=0)
        gain = change[source, column] - 2 * _SWITCH
        fresh = gain < -_SWITCH
        gain = np.maximum(gain, -_SWITCH)
        moves = gain > score
        came[t] = np.where(moves, np.where(fresh, states, source), states + 1)
        score = np.maximum(score, gain) + worth[t]
        better = score > left[t - 1]
        left[t] = np.where(better, score, left[t - 1])
        when[t] = np.where(better, t, when[t - 1])
    state = int(left[-1].argmax())
    t = int(when[-1, state])
    while left[-1].max() > 0:
        path[t] = state
        origin = int(came[t, state])
        if t == 0 or origin == states:
            break
        if origin == states + 1:
            t -= 1
        else:
            t, state = int(when[t - 1 - waits[origin, state], origin]), origin
    return path
