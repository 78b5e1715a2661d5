"""From runs of ticks to exact segments: fine offsets, one speed, and edges to the word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from mmdia.align.fp_bank import Floats
from mmdia.align.fp_chains import common_slope, snap
from mmdia.align.fp_path import TICK, Run, Scorer, mixed, ticks_of

#: Words of a stretch whose own offset is measured, and frames to either side that are tried.
_LOCAL, _LAGS = 96, 5
#: A local offset counts from this height.
_LOCAL_Z = 7.0
#: Runs whose offsets differ by less are one, seconds.
_SAME_S = 0.03
#: A pause between runs of one offset is bridged up to this length, seconds: in a plain copy, in a
#: dub, and at an outer end of the film.
_BRIDGE_S, _BRIDGE_DUB_S, _OUTER_S = 20.0, 240.0, 2.0
#: Share of like-sounding ticks below which a copy counts as a dub, and mean nats of a tick above
#: which a pause says nothing.
_DUB, _SILENT = 0.85, -0.4
#: Bits must agree more than at wrong places by this share, and by so many of their standard
#: deviations, for other sound to count as that of a dub; the wrong places, seconds away.
_AKIN, _AKIN_SIGMAS = 0.01, 4.0
_WRONG_S = (3.1, -4.7, 7.9, -9.1, 11.3, -13.7, 17.3, -19.9)
#: Words beyond the tick edges over which an edge may move.
_SLIDE = 160
#: Nats by which an edge that leaves annotation and media unused must beat one that does not, and
#: the words it must leave out: less than a few seconds is seldom replaced by as much.
_FREE, _FREE_WORDS = 25.0, 90
#: One word speaks for at most so many nats for or against where an edge lies.
_WORD_CAP = 1.5
#: Shorter pieces are no pieces, seconds.
_SHORTEST_S = 0.2
#: Edges within so many nats of the best are as good.
_EVEN = 0.35


@dataclass(frozen=True, slots=True)
class Piece:
    """A run with its exact offset: annotation seconds."""

    first_s: float
    last_s: float
    offset_s: float
    residual_s: float


@dataclass(frozen=True)
class Local:
    """Measured places of short stretches of one run."""

    anno_s: Floats
    media_s: Floats
    weight: Floats


def local_offsets(scorer: Scorer, run: Run, scale: float) -> Local:
    """Where each short stretch of a run lies to a few milliseconds."""
    first, last = run.first * TICK, run.last * TICK
    count = (last - first) // _LOCAL
    if count == 0:
        return Local(np.zeros(0), np.zeros(0), np.zeros(0))
    last = first + count * _LOCAL
    media, step = scorer.media, scorer.media.step_s
    at = scorer.places(scale, run.offset_s, first, last)
    words = scorer.words[first:last]
    rows = np.empty((2 * _LAGS + 1, count))
    energy = np.zeros(count)
    for k in range(-_LAGS, _LAGS + 1):
        codes = media.codes[np.clip(at + k, 0, len(media) - 1)]
        rows[k + _LAGS] = (codes * words).sum(axis=1, dtype=np.int32).reshape(count, _LOCAL).sum(axis=1)
        if k == 0:
            energy = (codes.astype(np.int32) ** 2).sum(axis=1).reshape(count, _LOCAL).sum(axis=1)
    top = rows[1:-1].argmax(axis=0) + 1
    each = np.arange(count)
    left, peak, right = rows[top - 1, each], rows[top, each], rows[top + 1, each]
    bend = np.minimum(left + right - 2 * peak, -1e-9)
    part = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    z = peak / np.sqrt(np.maximum(energy * 3.0, 1.0))
    anno = (scorer.start_s + scorer.step_s * np.arange(first, last)).reshape(count, _LOCAL).mean(axis=1)
    played = (media.start_s + step * at).reshape(count, _LOCAL).mean(axis=1)
    good = z > _LOCAL_Z
    return Local(anno[good], (played + (top - _LAGS + part) * step)[good], z[good])


def settle(scorer: Scorer, runs: list[Run], scale: float) -> tuple[list[Piece], float, Fraction | None]:
    """Exact offsets of the runs and the speed they share."""
    speed, ratio, found = scale, None, [local_offsets(scorer, r, scale) for r in runs]
    speed, error = common_slope([(f.anno_s, f.media_s, f.weight) for f in found], scale)
    longest = max((float(np.ptp(f.anno_s)) for f in found if len(f.anno_s) > 2), default=0.0)
    speed, ratio = snap(speed, error, longest)
    pieces = []
    for run, local in zip(runs, found, strict=True):
        first = scorer.start_s + run.first * TICK * scorer.step_s
        last = scorer.start_s + run.last * TICK * scorer.step_s
        middle = (first + last) / 2
        offset, residual = run.offset_s + (scale - speed) * middle, 0.05
        if len(local.anno_s):
            offset, residual = _centre(local.media_s - speed * local.anno_s, local.weight)
        pieces.append(Piece(first, last, offset, residual))
    return pieces, speed, ratio


def _centre(values: Floats, weight: Floats) -> tuple[float, float]:
    """Robust mean, and the median distance from it."""
    centre = float(np.median(values))
    for _ in range(3):
        unit = max(float(np.median(np.abs(values - centre))) * 3, 2e-3)
        each = weight / (1 + ((values - centre) / unit) ** 2)
        centre = float(np.average(values, weights=each))
    return centre, float(np.median(np.abs(values - centre)))


def likeness(scorer: Scorer, runs: list[Run], scale: float) -> float:
    """Share of the telling ticks that sound the same, in runs and in pauses between equal offsets.

    Where dialogue was replaced the path leaves and comes back to the same offset; a copy that does
    so often, or fits loosely, is a dub.
    """
    told = like = 0
    for k, run in enumerate(runs):
        last = run.last
        after = runs[k + 1] if k + 1 < len(runs) else None
        if after is not None and abs(after.offset_s - run.offset_s) < _SAME_S:
            pause_s = (after.first - run.last) * TICK * scorer.step_s
            pause = (run.last * TICK, after.first * TICK)
            some = pause_s <= _BRIDGE_S or akin(scorer, run.offset_s, scale, pause)
            last = after.first if some and pause_s <= _BRIDGE_DUB_S else last
        nats = ticks_of(scorer.nats(scale, run.offset_s, run.first * TICK, last * TICK))
        told += int((np.abs(nats) > 1.5).sum())
        like += int((nats > 1.5).sum())
    return like / told if told > 20 else 1.0


def bridged(scorer: Scorer, runs: list[Run], scale: float, same: float) -> list[Run]:
    """Runs of one offset as one, over pauses in which nothing, or a dub, speaks against it."""
    out: list[Run] = []
    for run in runs:
        if out and abs(out[-1].offset_s - run.offset_s) < _SAME_S:
            gap = (out[-1].last * TICK, run.first * TICK)
            if passable(scorer, run.offset_s, scale, gap, same, _BRIDGE_S):
                longer = max(out[-1], run, key=lambda r: r.last - r.first)
                out[-1] = Run(out[-1].first, run.last, longer.offset_s)
                continue
        out.append(run)
    return out


def passable(
    scorer: Scorer, offset_s: float, scale: float, words: tuple[int, int], same: float, free_s: float
) -> bool:
    """Whether words [first, last) without evidence may be mapped like their neighbours.

    Noise and quiet say nothing. Other sound speaks against it, unless the copy is a dub: there
    dialogue was replaced, but what lies under it still agrees a little.
    """
    seconds = (words[1] - words[0]) * scorer.step_s
    if seconds <= free_s:
        return True
    if same < _DUB and seconds <= _BRIDGE_DUB_S and akin(scorer, offset_s, scale, words):
        return True
    ticks = ticks_of(scorer.nats(scale, offset_s, *words))
    # A dub's own share would make even contradiction look like silence.
    return not len(ticks) or float(mixed(ticks, max(same, _DUB)).mean()) > _SILENT


def akin(scorer: Scorer, offset_s: float, scale: float, words: tuple[int, int]) -> bool:
    """Whether bits of words [first, last) agree more than chance lets them, though not as the same sound.

    What chance does is measured: the same words at wrong places nearby.
    """
    first_s, last_s = (scorer.start_s + scorer.step_s * w for w in words)

    def errors(by: float) -> float:
        return bit_errors(scorer, [Piece(first_s, last_s, offset_s + by, 0.0)], scale)

    wrong = np.array([errors(by) for by in _WRONG_S])
    margin = max(_AKIN, _AKIN_SIGMAS * float(wrong.std()))
    return errors(0.0) < float(wrong.mean()) - margin


def forwards(pieces: list[Piece], scale: float) -> list[Piece]:
    """Without pieces that run back in the media: of two that collide the shorter one goes."""
    kept = list(pieces)
    k = 1
    while k < len(kept):
        a, b = kept[k - 1], kept[k]
        overlap = (scale * a.last_s + a.offset_s) - (scale * b.first_s + b.offset_s)
        room = 0.6 * scale * min(a.last_s - a.first_s, b.last_s - b.first_s)
        if overlap > room:
            del kept[k - 1 if a.last_s - a.first_s < b.last_s - b.first_s else k]
            k = max(1, k - 1)
        else:
            k += 1
    return kept


def edges(scorer: Scorer, pieces: list[Piece], scale: float, same: float) -> list[Piece]:
    """The pieces with every edge where the evidence turns."""
    out = list(pieces)
    for k in range(1, len(out)):
        end, begin = _between(scorer, out[k - 1], out[k], scale, same)
        out[k - 1], out[k] = replace(out[k - 1], last_s=end), replace(out[k], first_s=begin)
    if out:
        out[0] = replace(out[0], first_s=_begin(scorer, out[0], scale, same))
        out[-1] = replace(out[-1], last_s=_end(scorer, out[-1], scale, same))
    return _untangled(out, scale)


def _untangled(pieces: list[Piece], scale: float) -> list[Piece]:
    """The pieces without the hair's breadth by which rounding to words may make them overlap."""
    out: list[Piece] = []
    for piece in pieces:
        first = piece.first_s
        if out:
            last = out[-1].last_s
            first = max(first, last, last + (out[-1].offset_s - piece.offset_s) / scale)
        if piece.last_s - first > _SHORTEST_S:
            out.append(replace(piece, first_s=first))
    return out


def _words(scorer: Scorer, seconds: float) -> int:
    return round((seconds - scorer.start_s) / scorer.step_s)


def _capped(scorer: Scorer, piece: Piece, scale: float, first: int, last: int) -> Floats:
    nats = scorer.nats(scale, piece.offset_s, first, last)
    nats[scorer.outside(scale, piece.offset_s, first, last)] = -_WORD_CAP
    capped: Floats = np.clip(nats, -_WORD_CAP, _WORD_CAP)
    return capped


def _between(scorer: Scorer, left: Piece, right: Piece, scale: float, same: float) -> tuple[float, float]:
    """End of the left piece and begin of the right one."""
    first = max(_words(scorer, left.last_s) - _SLIDE, _words(scorer, left.first_s), 0)
    last = min(_words(scorer, right.first_s) + _SLIDE, _words(scorer, right.last_s), len(scorer.words))
    removed = max((left.offset_s - right.offset_s) / scale, 0.0)
    width = round(removed / scorer.step_s)
    last = max(last, first + width + 2)
    last = min(last, len(scorer.words))
    dub = same < _DUB
    zero = np.zeros(1)
    goes = np.concatenate([zero, np.cumsum(_capped(scorer, left, scale, first, last))])
    comes = np.concatenate([np.cumsum(_capped(scorer, right, scale, first, last)[::-1])[::-1], zero])
    if len(comes) <= width:
        middle = (left.last_s + right.first_s) / 2
        return middle - removed / 2, middle + removed / 2
    exact = goes[: len(goes) - width] + comes[width:]
    at = _plateau(exact)
    best_left = np.maximum.accumulate(goes[: len(goes) - width])
    free = best_left + comes[width:]
    edge = scorer.start_s + (first - 0.5) * scorer.step_s
    # Where nothing is heard the pieces run towards each other: the gap is as short as it can be.
    turn = int(np.flatnonzero(free >= free.max() - _EVEN)[0])
    end = int(np.flatnonzero(goes[: turn + 1] >= goes[: turn + 1].max() - _EVEN)[-1])
    # Replaced dialogue looks like media unused: in a dub the edit is as small as it can be.
    if not dub and free[turn] > exact[at] + _FREE and turn - end >= _FREE_WORDS:
        return edge + end * scorer.step_s, edge + (turn + width) * scorer.step_s
    return edge + at * scorer.step_s, edge + at * scorer.step_s + removed


def _plateau(values: Floats) -> int:
    """The middle of the places that are as good as the best: in silence they all are."""
    top = int(values.argmax())
    good = values >= values[top] - _EVEN
    low = top
    while low > 0 and good[low - 1]:
        low -= 1
    high = top
    while high < len(values) - 1 and good[high + 1]:
        high += 1
    return (low + high) // 2


def _begin(scorer: Scorer, piece: Piece, scale: float, same: float) -> float:
    """Begin of the first piece: that of the film or of the media, unless something else sounds there."""
    limit = max(0.0, -piece.offset_s / scale)
    gap = (max(_words(scorer, limit), 0), max(_words(scorer, piece.first_s), 0))
    if gap[1] <= gap[0] or passable(scorer, piece.offset_s, scale, gap, same, _OUTER_S):
        return limit
    low, high = max(gap[0], gap[1] - _SLIDE), min(gap[1] + _SLIDE, len(scorer.words))
    comes = np.cumsum(_capped(scorer, piece, scale, low, high)[::-1])[::-1]
    return max(limit, scorer.start_s + scorer.step_s * (low + int(comes.argmax()) - 0.5))


def _end(scorer: Scorer, piece: Piece, scale: float, same: float) -> float:
    """End of the last piece, likewise."""
    track_end = 2 * scorer.start_s + scorer.step_s * len(scorer.words)
    media_end = scorer.media.end_s + scorer.media.start_s
    limit = min((media_end - piece.offset_s) / scale, track_end)
    gap = (_words(scorer, piece.last_s), min(_words(scorer, limit), len(scorer.words)))
    if gap[1] <= gap[0] or passable(scorer, piece.offset_s, scale, gap, same, _OUTER_S):
        return limit
    low, high = max(gap[0] - _SLIDE, 0), min(gap[1], gap[0] + _SLIDE)
    goes = np.cumsum(_capped(scorer, piece, scale, low, high))
    return min(limit, scorer.start_s + scorer.step_s * (low + int(goes.argmax()) + 0.5))


def bit_errors(scorer: Scorer, pieces: list[Piece], scale: float) -> float:
    """Share of bits that differ where something is heard and mapped."""
    differ = total = 0
    for piece in pieces:
        first = max(0, _words(scorer, piece.first_s))
        last = min(len(scorer.words), _words(scorer, piece.last_s))
        if last <= first:
            continue
        at = scorer.places(scale, piece.offset_s, first, last)
        good = (at >= 0) & (at < len(scorer.media))
        column = scorer.media.codes[at[good]] * scorer.words[first:last][good]
        differ += int((column < 0).sum())
        total += int((column != 0).sum())
    return differ / total if total else 0.5
