"""Exact offsets and speed, once it is known which lines share an offset.

Residuals are the distances from each line edge to the nearest media line edge. Their mode, not
their mean, is the offset: lines that were retimed by hand or cut differently do not pull it.
Where most residuals agree to the millisecond the cues are shifted copies, and the median of
those is exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.balance import balance
from mmdia.align.edge import nearest
from mmdia.align.pieces import Piece, offsets_of, shifted
from mmdia.align.source import Edges
from mmdia.align.speeds import STANDARD
from mmdia.align.track import Floats, Ints, Track

#: Windows (seconds) that residuals must lie in, round by round, and the kernels used.
_ROUNDS = ((0.9, 0.25), (0.6, 0.15), (0.45, 0.1), (0.35, 0.08), (0.3, 0.08))

#: Residuals this close are the same, to the rounding of a subtitle file.
_SAME_S = 0.002

#: Share of a piece's residuals that must be the same for the cues to be copies.
_COPY_SHARE = 0.6

#: A free speed this close to a standard one is that one.
_SNAP = 2.5e-4

#: An offset below this is dropped unless it gains this many nats.
_SMALL_S, _OFFSET_PRICE = 0.05, 4.0

#: Nats a standard speed other than 1, and a free one, must gain.
_STANDARD_PRICE, _FREE_PRICE = 4.0, 12.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Speed and pieces with their final offsets.

    Attributes:
        scale: Media seconds per annotation second.
        pieces: The pieces.
        residual_s: Median absolute residual of starts, all pieces together.
        exact: Share of starts that agree within 2 ms with their piece.
    """

    scale: float
    pieces: list[Piece]
    residual_s: float
    exact: float


@dataclass(frozen=True, slots=True)
class Given:
    """What the exact fit stands on.

    Attributes:
        anno: The annotation, in time order.
        edges: Where the media begins and ends to speak.
    """

    anno: Track
    edges: Edges


@dataclass(frozen=True, slots=True)
class _Residuals:
    """Residuals near the fit: annotation time, residual, weight and piece of each, shape (n,)."""

    t: Floats
    y: Floats
    weight: Floats
    piece: Ints
    n_starts: int


def _residuals(given: Given, scale: float, pieces: list[Piece], window: float) -> _Residuals:
    """Starts first (weight 1), then ends (weight 0.5)."""
    anno = given.anno
    line = np.concatenate([np.arange(p.first, p.last + 1) for p in pieces])
    piece = np.concatenate([np.full(len(p), k) for k, p in enumerate(pieces)])
    spoken = anno.speech[line]
    line, piece = line[spoken], piece[spoken]
    offset = offsets_of(pieces)[piece]
    parts: list[tuple[Floats, Floats, Floats, Ints]] = []
    for edge, ref, weight in ((anno.start_s, given.edges.onset, 1.0), (anno.end_s, given.edges.close, 0.5)):
        y = -nearest(edge[line] * scale + offset, ref)
        near = np.abs(y) < window
        parts.append((edge[line][near], y[near], np.full(int(near.sum()), weight), piece[near]))
    t, y, weights, pieces_of = (np.concatenate(c) for c in zip(*parts, strict=True))
    return _Residuals(t, y, weights, pieces_of, len(parts[0][0]))


def _tidy(offset: float) -> float:
    """The offset to the microsecond, and never minus zero."""
    return round(offset, 6) + 0.0


def _needless(given: Given, piece: Piece) -> bool:
    """Whether a small offset gains too little over none: doing nothing needs no proof."""
    if abs(piece.offset) >= _SMALL_S:
        return False
    rest = _residuals(given, 1.0, [piece], 0.3)
    sigma = min(max(1.48 * float(np.median(np.abs(rest.y))), _SAME_S), 0.3) if len(rest.y) else 0.3
    gain = _likelihood(rest.y, rest.weight, sigma) - _likelihood(rest.y + piece.offset, rest.weight, sigma)
    return gain < _OFFSET_PRICE + 0.5 * math.log(max(2, len(rest.y)))


def _likelihood(y: Floats, weight: Floats, sigma: float) -> float:
    """Log-likelihood of residuals: a narrow peak and some that are anywhere within 0.3 s."""
    hit = np.exp(-0.5 * (y / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    return float((weight * np.log(0.9 * hit + 0.1 / 0.6)).sum())


def refine(given: Given, scale: float, pieces: list[Piece], *, hold: bool = False) -> Fit:
    """Settle offsets and speed; the lines of each piece stay as they are.

    Args:
        given: The annotation and the edges it is compared with.
        scale: Speed.
        pieces: The pieces.
        hold: Keep the speed as it is.
    """
    for turn, (window, width) in enumerate(_ROUNDS):
        found = _residuals(given, scale, pieces, window)
        if len(found.t) < 4:
            break
        moves = np.array([_mode(found, k, window, width) for k in range(len(pieces))])
        pieces = shifted(pieces, moves)
        if turn and not hold:
            scale, pieces = _tilt(given, scale, pieces, found, moves, width)
    scale, pieces = _settle_speed(given, scale, pieces, hold)
    pieces = balance(given.anno, given.edges, scale, pieces)
    pieces = [replace(p, offset=_tidy(p.offset)) for p in pieces]
    if scale == 1.0 and len(pieces) == 1 and _needless(given, pieces[0]):
        pieces = [replace(pieces[0], offset=0.0)]
    found = _residuals(given, scale, pieces, 0.3)
    starts = np.abs(found.y[: found.n_starts])
    if not len(starts):
        return Fit(scale, pieces, 0.3, 0.0)
    exact = float((starts <= _SAME_S).mean()) if given.edges.exact else 0.0
    return Fit(scale, pieces, float(np.median(starts)), exact)


def _mode(found: _Residuals, k: int, window: float, width: float) -> float:
    """Mode of the residuals of piece k by kernel density, refined by a local mean."""
    own = found.piece == k
    y, weight = found.y[own], found.weight[own]
    if len(y) < 3:
        return float(np.average(y, weights=weight)) if len(y) and window < 0.5 else 0.0
    grid = np.arange(-window, window + 1e-3, 0.01)
    kernel = np.exp(-0.5 * ((y[:, None] - grid) / width) ** 2)
    density = (weight[:, None] * kernel).sum(0) - 0.002 * len(y) * np.abs(grid)
    centre = float(grid[density.argmax()])
    near = np.abs(y - centre) < 2.5 * width
    if near.sum() < 3:
        return centre
    closeness = np.exp(-0.5 * ((y[near] - centre) / width) ** 2)
    closeness *= weight[near]
    return float(y[near] @ closeness) / float(closeness.sum())


def _tilt(
    given: Given,
    scale: float,
    pieces: list[Piece],
    found: _Residuals,
    moves: Floats,
    width: float,
) -> tuple[float, list[Piece]]:
    """Correct the speed by the common slope of the residuals within pieces."""
    rest = found.y - moves[found.piece]
    near = np.abs(rest) < 2.5 * width
    x = found.t.copy()
    for k in range(len(pieces)):
        own = near & (found.piece == k)
        if own.any():
            x[found.piece == k] -= np.average(found.t[own], weights=found.weight[own])
    weight = found.weight * near
    spread = float((weight * x**2).sum())
    slope = float((weight * x * rest).sum()) / spread if spread > 0 else 0.0
    deviation = width / math.sqrt(spread) if spread > 0 else math.inf
    if deviation > 1e-4 or abs(slope) > 0.004:
        return scale, pieces
    middle = np.array([_middle(given, p) for p in pieces])
    return scale + slope, shifted(pieces, -slope * middle)


def _middle(given: Given, piece: Piece) -> float:
    return float(given.anno.start_s[piece.first : piece.last + 1].mean())


def _settle_speed(given: Given, scale: float, pieces: list[Piece], hold: bool) -> tuple[float, list[Piece]]:
    """The speed that explains the residuals best after each paid its price: identity pays none."""
    found = _residuals(given, scale, pieces, 0.3)
    if len(found.t) < 3:
        return scale, pieces
    middle = np.array([_middle(given, p) for p in pieces])
    reach = max(float(np.ptp(found.t)), 1.0)
    trial = {scale} if hold else {s for s in STANDARD if abs(s - scale) * reach < 0.6} | {scale}
    free = min(abs(s - scale) for s in STANDARD) > _SNAP
    fits = {s: _recentre(given, found, s - scale, middle) for s in trial}
    sigma = min(float(np.median(np.abs(rest))) for rest, _ in fits.values()) * 1.48
    sigma = min(max(sigma, _SAME_S), 0.3)

    def worth(s: float) -> float:
        price = 0.0 if s == 1.0 else _STANDARD_PRICE if s in STANDARD else _FREE_PRICE
        rest = fits[s][0]
        return _likelihood(rest, found.weight, sigma) - price

    allowed = [
        s for s in trial if s in STANDARD or free or len(trial) == 1 or _exact(fits[s][0]) > _COPY_SHARE
    ]
    best = max(allowed, key=worth)
    return best, shifted(pieces, fits[best][1] - (best - scale) * middle)


def _exact(rest: Floats) -> float:
    return float((np.abs(rest) <= _SAME_S).mean())


def _recentre(given: Given, found: _Residuals, slope: float, middle: Floats) -> tuple[Floats, Floats]:
    """Residuals after a change of speed about each piece's middle, and each piece's new shift."""
    y = found.y - slope * (found.t - middle[found.piece])
    move = np.zeros(len(middle))
    for k in range(len(middle)):
        own = found.piece == k
        if own.any():
            move[k] = centre_of(y[own], found.weight[own], copies=given.edges.exact)
    return y - move[found.piece], move


def centre_of(y: Floats, weight: Floats, *, copies: bool = True) -> float:
    """Where residuals agree: the median of the copies where most are copies, else a trimmed mean.

    Starts (weight 1) decide: releases agree on them, while ends follow each one's reading speed.
    """
    first = y[weight == 1.0]
    starts = np.sort(first) if len(first) >= 2 else np.sort(y)
    after = np.searchsorted(starts, starts + 2 * _SAME_S + 1e-9, "right")
    count = after - np.arange(len(starts))
    top = int(count.argmax())
    if copies and count[top] >= max(2, _COPY_SHARE * len(starts)):
        return float(np.median(starts[top : after[top]]))
    centre = float(np.median(starts))
    for _ in range(4):
        closeness = np.exp(-0.5 * ((y - centre) / 0.1) ** 2)
        centre = float(np.average(y, weights=weight**2 * closeness + 1e-9))
    return centre
