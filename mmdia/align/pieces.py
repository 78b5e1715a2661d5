"""Pieces: runs of lines that share one offset, and the pruning of those that do not pay.

An edit is a claim; each must be worth its price in evidence, or its lines go to a neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.track import Floats, Ints, Track
from mmdia.align.viterbi import ABSENT

#: Most nats one line may add: no single line carries an edit.
CAP = 8.0

#: Offsets closer than this are one offset while the path is read.
SAME_S = 0.15

#: Price in nats of a piece with fewer than three lines that speak for it.
_FEW = 60.0


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines `first` to `last` (inclusive, in the solver's order) at one offset."""

    first: int
    last: int
    offset: float

    def __len__(self) -> int:
        return self.last - self.first + 1

    def join(self, other: Piece) -> Piece:
        """Both pieces and what lies between, at the offset of the longer one."""
        offset = self.offset if len(self) >= len(other) else other.offset
        return Piece(min(self.first, other.first), max(self.last, other.last), offset)


def offsets_of(pieces: list[Piece]) -> Floats:
    """The offset of each piece."""
    return np.array([p.offset for p in pieces], dtype=np.float64)


def from_path(path: Ints, offsets: Floats, same_s: float = SAME_S) -> list[Piece]:
    """Runs of equal state, without the absent ones; nearly equal neighbours are joined."""
    out: list[Piece] = []
    edges = np.flatnonzero(np.diff(path)) + 1
    for run in np.split(np.arange(len(path)), edges):
        state = int(path[run[0]])
        if state == len(offsets):
            continue
        piece = Piece(int(run[0]), int(run[-1]), float(offsets[state]))
        if out and abs(out[-1].offset - piece.offset) < same_s:
            out[-1] = out[-1].join(piece)
        else:
            out.append(piece)
    return out


def prune(
    pieces: list[Piece], nats: Floats, anno: Track, scale: float, price: float, same_s: float = SAME_S
) -> list[Piece]:
    """Take away, worst first, the pieces whose evidence does not pay for their edits.

    Args:
        pieces: The pieces, in order.
        nats: Evidence of each line at the offset of each piece, shape (lines, pieces).
        anno: The annotation, in the solver's order.
        scale: Speed.
        price: Nats a piece must be worth.
        same_s: Neighbours closer than this after a piece has gone are one.
    """
    kept, column = list(pieces), list(range(len(pieces)))
    nats = np.minimum(nats, CAP)

    def paid(k: int) -> float:
        # A piece is weighed against its neighbours only.
        low, high = max(0, k - 1), min(len(kept), k + 2)
        some, rows = kept[low:high], nats[:, column[low:high]]
        return _gain(some, k - low, rows) / _price(some, k - low, rows, anno, scale, price)

    worth = [paid(k) for k in range(len(kept))] if len(kept) > 1 else []
    while len(kept) > 1:
        worst = int(np.argmin(worth))
        if worth[worst] >= 1.0:
            break
        low, high = max(0, worst - 1), min(len(kept), worst + 2)
        kept[low:high] = _without(kept[low:high], worst - low, nats[:, column[low:high]])
        del column[worst], worth[worst]
        if 0 < worst < len(kept) and abs(kept[worst - 1].offset - kept[worst].offset) < same_s:
            longer = worst - 1 if len(kept[worst - 1]) >= len(kept[worst]) else worst
            kept[worst - 1 : worst + 1] = [kept[worst - 1].join(kept[worst])]
            del column[2 * worst - 1 - longer], worth[worst]
        if len(kept) > 1:
            for k in range(max(0, worst - 2), min(len(kept), worst + 2)):
                worth[k] = paid(k)
    return kept


def _without(pieces: list[Piece], k: int, nats: Floats) -> list[Piece]:
    """The other pieces; the neighbours take over the lines of piece k as far as they fit.

    Lines that fit neither belong to no piece: a cut may have taken them.
    """
    out = [p for n, p in enumerate(pieces) if n != k]
    gone = pieces[k]
    taken, kept, _ = _shared(*_neighbours(pieces, k, nats))
    if taken:
        out[k - 1] = replace(out[k - 1], last=max(out[k - 1].last, gone.first + taken - 1))
    if kept:
        out[k] = replace(out[k], first=min(out[k].first, gone.last - kept + 1))
    return out


def _neighbours(pieces: list[Piece], k: int, nats: Floats) -> tuple[Floats, Floats]:
    """What the lines of piece k gain over absence at the offsets of the pieces before and after."""
    rows = nats[pieces[k].first : pieces[k].last + 1] + ABSENT
    never = np.full(len(rows), -np.inf)
    left = rows[:, k - 1] if k else never
    right = rows[:, k + 1] if k < len(pieces) - 1 else never
    return left, right


def _shared(left: Floats, right: Floats) -> tuple[int, int, float]:
    """How many lines go to the left piece, how many to the right one, and the nats; the rest is absent."""
    before = np.concatenate([[0.0], np.cumsum(left)])
    after = np.concatenate([np.cumsum(right[::-1])[::-1], [0.0]])
    best_before = np.maximum.accumulate(before)
    total = best_before + after
    at = int(total.argmax())
    return int(before[: at + 1].argmax()), len(left) - at, float(total[at])


def run_of(gain: Floats) -> tuple[int, int, float]:
    """First and end of the stretch with the largest sum, and the sum; an empty one sums to 0."""
    total = np.concatenate([[0.0], np.cumsum(gain)])
    low = np.minimum.accumulate(total)
    stop = int((total - low).argmax())
    return int(total[: stop + 1].argmin()), stop, float(total[stop] - low[stop])


def _gain(pieces: list[Piece], k: int, nats: Floats) -> float:
    """Nats the lines of piece k lose when its neighbours take them, as far as they fit."""
    own = run_of(nats[pieces[k].first : pieces[k].last + 1, k] + ABSENT)[2]
    return own - _shared(*_neighbours(pieces, k, nats))[2]


def _price(pieces: list[Piece], k: int, nats: Floats, anno: Track, scale: float, price: float) -> float:
    """What piece k must pay: more for islands, for steps back in time, and for few lines."""
    piece, need = pieces[k], price
    before = pieces[k - 1] if k else None
    after = pieces[k + 1] if k + 1 < len(pieces) else None
    if before and after and abs(before.offset - after.offset) < 0.3:
        need = 3 * price
    if (before and _backwards(before, piece, anno, scale)) or (
        after and _backwards(piece, after, anno, scale)
    ):
        need *= 3
    support = int((nats[piece.first : piece.last + 1, k] > 1).sum())
    return max(need, _FEW) if support < 3 else need


def _backwards(left: Piece, right: Piece, anno: Track, scale: float) -> bool:
    """Whether media time runs back by over a second from one piece to the next."""
    gap = float(anno.start_s[right.first] - anno.start_s[left.last]) * scale
    return gap + right.offset - left.offset < -1.0


def fuse(pieces: list[Piece], apart: Callable[[Piece, Piece], float]) -> list[Piece]:
    """Join neighbours whose offsets differ by less than `apart` says they must."""
    out = [pieces[0]]
    for piece in pieces[1:]:
        if abs(piece.offset - out[-1].offset) < apart(out[-1], piece):
            out[-1] = out[-1].join(piece)
        else:
            out.append(piece)
    return out


def shifted(pieces: list[Piece], by: Floats) -> list[Piece]:
    """The pieces with `by` added to their offsets."""
    return [replace(p, offset=p.offset + float(d)) for p, d in zip(pieces, by, strict=True)]
