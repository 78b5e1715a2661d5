"""From the paths of the search to exact pieces: look closer, prune, make exact; then compare speeds.

A wrong speed can be made up for by steps, and steps by a wrong speed. Each reading is worked out and
pays for what it claims: its speed, its pieces. Identity claims nothing.
"""

from __future__ import annotations

import numpy as np

from mmdia.align.evidence import Evidence
from mmdia.align.pieces import CAP, Piece, from_path, fuse, offsets_of, prune
from mmdia.align.refine import Fit, Given, refine
from mmdia.align.search import Found, speed_price, worth
from mmdia.align.sharpen import NARROW_S, sharpen, width_of
from mmdia.align.speeds import STANDARD
from mmdia.align.steps import small_steps

#: Where so many starts agree to the millisecond, speed and steps are all known.
_COPIES = 0.5

#: Readings within this many nats a line (and at least so many) of the best may still win.
_RIVAL_A_LINE, _RIVAL = 0.08, 20.0

#: Deviation of lines of a path that is not made exact, seconds.
_ROUGH_S = 0.2

#: Steps below this may be the blur of words within long cues, seconds.
_BLUR_S = 4.0

#: Speeds further apart than this are not mistaken for each other.
_NEIGHBOUR = 0.003


def settle(evidence: Evidence, tried: list[Found], *, rough: bool = False) -> tuple[Found, Fit] | None:
    """The best reading of the search, made exact; None when no line has a place.

    Args:
        evidence: The evidence.
        tried: Paths at the speeds that were searched, best first.
        rough: Take the best path as it is: it is known to be wrong, and only shown.
    """
    found = [(f, from_path(f.path, f.offsets)) for f in tried]
    found = [(f, pieces) for f, pieces in found if pieces]
    if not found:
        return None
    best, pieces = found[0]
    if rough:
        return best, Fit(best.scale, _pruned(evidence, best.scale, pieces, _ROUGH_S), _ROUGH_S, 0.0)
    fit = _exact(evidence, best.scale, pieces, hold=False)
    if fit.exact >= _COPIES or evidence.edges is None:
        return best, fit
    lines = int(evidence.anno.speech.sum())
    least = worth(best, lines) - max(_RIVAL, _RIVAL_A_LINE * lines)
    readings = [(best, fit)]
    for other, parts in found:
        near = abs(other.scale - best.scale) <= _NEIGHBOUR or best.scale not in STANDARD
        near = near and worth(other, lines) >= least
        if near and other.scale in STANDARD and other.scale != fit.scale:
            readings.append((other, _exact(evidence, other.scale, parts, hold=True)))
    if len(readings) == 1:
        return readings[0]
    sigma = max(NARROW_S, min(width_of(f) for _, f in readings))
    return max(readings, key=lambda r: _worth(evidence, r[1], sigma, lines))


def _worth(evidence: Evidence, fit: Fit, sigma_s: float, lines: int) -> float:
    """Nats of a reading after it paid for its speed and its pieces.

    Words say which line is which, and there all readings agree. When within a long cue a word was
    said is only estimated, so between readings a few tenths apart the edges of lines decide alone.
    """
    offsets = offsets_of(fit.pieces)
    timing = evidence.source("timing") if evidence.lead == "text" else None
    if timing is None:
        nats = evidence.nats(fit.scale, offsets, sigma_s)
    else:
        nats = timing.within(sigma_s).nats(fit.scale, offsets)
    nats = np.minimum(nats, CAP)
    own = sum(float(nats[p.first : p.last + 1, k].sum()) for k, p in enumerate(fit.pieces))
    return own - evidence.price * len(fit.pieces) - speed_price(fit.scale, lines)


def _exact(evidence: Evidence, scale: float, pieces: list[Piece], *, hold: bool) -> Fit:
    """Look again at close range, then prune and make exact, in turns."""
    edges = evidence.edges
    if edges is None:
        return Fit(scale, pieces, 0.0, 0.0)
    given = Given(evidence.anno, edges)
    fit = refine(given, scale, pieces, hold=hold)
    for turn in range(2):
        # Offsets proposed in the first turn are not exact yet, so nor may be what is asked of them.
        sigma = width_of(fit) if turn else max(NARROW_S, width_of(fit))
        pieces = sharpen(evidence, fit, sigma)
        pieces = _pruned(evidence, fit.scale, pieces, max(NARROW_S, sigma))
        fit = refine(given, fit.scale, pieces, hold=hold)
        fused = fuse(fit.pieces, _apart)
        if len(fused) < len(fit.pieces):
            fit = refine(given, fit.scale, fused, hold=hold)
    if fit.exact < _COPIES:
        sigma = width_of(fit)
        parted = _pruned(evidence, fit.scale, small_steps(evidence, fit, sigma), sigma)
        fit = refine(given, fit.scale, parted, hold=hold)
    kept = _pruned(evidence, fit.scale, fit.pieces, width_of(fit))
    if fit.exact < _COPIES:
        kept = _borne_out(evidence, fit.scale, kept, max(NARROW_S, width_of(fit)))
    return fit if len(kept) == len(fit.pieces) else refine(given, fit.scale, kept, hold=hold)


def _borne_out(evidence: Evidence, scale: float, pieces: list[Piece], sigma_s: float) -> list[Piece]:
    """Without steps of a few seconds that words propose and the edges of lines deny.

    A recogniser that joins lines into one long cue blurs when each word was said by as much.
    """
    timing = evidence.source("timing") if evidence.lead == "text" else None
    if timing is None or len(pieces) == 1:
        return pieces
    source = timing.within(sigma_s)
    out = [pieces[0]]
    for piece in pieces[1:]:
        left = out[-1]
        if abs(piece.offset - left.offset) < _BLUR_S:
            offsets = np.array([left.offset, piece.offset])
            nats = np.minimum(source.nats(scale, offsets), CAP)
            gains = [
                float((nats[p.first : p.last + 1, own] - nats[p.first : p.last + 1, 1 - own]).sum())
                for own, p in ((0, left), (1, piece))
            ]
            if min(gains) < 0:
                longer = left if gains[1] < gains[0] else piece
                out[-1] = Piece(left.first, piece.last, longer.offset)
                continue
        out.append(piece)
    return out


def _pruned(evidence: Evidence, scale: float, pieces: list[Piece], sigma_s: float) -> list[Piece]:
    if len(pieces) == 1:
        return pieces
    nats = evidence.nats(scale, offsets_of(pieces), sigma_s)
    return prune(pieces, nats, evidence.anno, scale, evidence.price)


def _apart(left: Piece, right: Piece) -> float:
    """Seconds two neighbours must differ by: less where both are long."""
    return 0.12 if min(len(left), len(right)) >= 20 else 0.25
