"""Pieces: runs of lines that share one offset, and the pruning of those that do not pay.

An edit is a claim; each must be worth its price in evidence, or its lines go to a neighbour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.track import Floats, Ints, Track

#: Most nats one line may add: no single line carries an edit.
CAP = 8.0

#: Offsets closer than this are one offset while the path is read.
SAME_S = 0.15

#: Price in nats of a piece with fewer than three lines that speak for it.
_FEW = 60.0

Score = Callable[[float, Floats], Floats]


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
    pieces: list[Piece], score: Score, anno: Track, scale: float, price: float, same_s: float = SAME_S
) -> list[Piece]:
    """Take away, worst first, the pieces whose evidence does not pay for their edits."""
    kept = list(pieces)
    while len(kept) > 1:
        nats = np.minimum(score(scale, offsets_of(kept)), CAP)
        paid = [_gain(kept, k, nats) / _price(kept, k, nats, anno, scale, price) for k in range(len(kept))]
        worst = int(np.argmin(paid))
        if paid[worst] >= 1.0:
            break
        kept = _without(kept, worst, nats)
        if 0 < worst < len(kept) and abs(kept[worst - 1].offset - kept[worst].offset) < same_s:
            kept[worst - 1 : worst + 1] = [kept[worst - 1].join(kept[worst])]
    return kept


def _without(pieces: list[Piece], k: int, nats: Floats) -> list[Piece]:
    """The other pieces; the neighbours take over the lines of piece k as far as they fit."""
    out = [p for n, p in enumerate(pieces) if n != k]
    gone = pieces[k]
    rows = nats[gone.first : gone.last + 1]
    if k:
        taken = int(np.concatenate([[0.0], np.cumsum(rows[:, k - 1])]).argmax())
        if k < len(pieces) - 1:
            taken = _boundary(rows[:, k - 1], rows[:, k + 1])[0]
        out[k - 1] = replace(out[k - 1], last=max(out[k - 1].last, gone.first + taken - 1))
        gone = replace(gone, first=gone.first + taken)
        rows = rows[taken:]
    if k < len(pieces) - 1 and len(rows):
        kept = int(np.concatenate([[0.0], np.cumsum(rows[::-1, k + 1])]).argmax())
        out[k] = replace(out[k], first=min(out[k].first, gone.last - kept + 1))
    return out


def _boundary(left: Floats, right: Floats) -> tuple[int, float]:
    """How many lines go to the left piece when the rest goes to the right one, and the nats."""
    zero = np.zeros(1)
    total = np.concatenate([zero, np.cumsum(left)]) + np.concatenate([np.cumsum(right[::-1])[::-1], zero])
    best = int(total.argmax())
    return best, float(total[best])


def _gain(pieces: list[Piece], k: int, nats: Floats) -> float:
    """Nats the lines of piece k lose when its neighbours take them, at the best boundary."""
    piece = pieces[k]
    rows = nats[piece.first : piece.last + 1]
    if 0 < k < len(pieces) - 1:
        other = _boundary(rows[:, k - 1], rows[:, k + 1])[1]
    else:
        other = float(rows[:, k - 1 if k else k + 1].sum())
    return float(rows[:, k].sum()) - max(other, -0.3 * len(piece))


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
