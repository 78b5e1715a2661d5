"""One search: candidates, evidence and path at each speed; the best total wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmdia.align import offsets, speeds
from mmdia.align.evidence import Evidence
from mmdia.align.track import Floats, Ints
from mmdia.align.viterbi import best_path

#: A path this good a line (nats) is right; then only speeds this close are still compared.
_CLEAR, _NEIGHBOUR = 0.9, 0.003

#: Nats that a standard speed, and a free one, costs in the search: at least, and a line. Lines that a
#: translator timed do not scatter independently, so their number proves less than it seems to.
_STANDARD_PRICE, _FREE_PRICE = (2.0, 0.01), (6.0, 0.02)


@dataclass(frozen=True)
class Found:
    """The best path at one speed.

    Attributes:
        scale: The speed.
        offsets: Candidates, shape (k,).
        path: Candidate of each line; k where absent.
        total: Nats of the path.
        hits: Share of the spoken lines that lie on the path and that text speaks for.
    """

    scale: float
    offsets: Floats
    path: Ints
    total: float
    hits: float = 0.0


def search(evidence: Evidence, scales: Sequence[float] | None = None) -> list[Found]:
    """The best path at each speed given, or at those the evidence suggests; best first.

    Speeds that could not win are not looked at.
    """
    if scales is None:
        scales = evidence.speeds()
    tried: list[Found] = []
    lines = max(1, int(evidence.anno.speech.sum()))
    for scale in scales:
        best = max(tried, key=lambda f: worth(f, lines), default=None)
        if best is not None and best.total > _CLEAR * lines and not _mistaken(scale, best.scale):
            continue
        found = at_speed(evidence, scale)
        if found is not None:
            tried.append(found)
    return sorted(tried, key=lambda f: -worth(f, lines))


def _mistaken(scale: float, best: float) -> bool:
    """Whether the best speed so far may be a staircase that stands for this one."""
    if best not in speeds.STANDARD and scale in speeds.STANDARD:
        return scale == 1.0 or abs(scale - best) <= 2 * _NEIGHBOUR
    return abs(scale - best) <= _NEIGHBOUR


def worth(found: Found, lines: int) -> float:
    """Nats of a path after its speed paid its price."""
    return found.total - speed_price(found.scale, lines)


def speed_price(scale: float, lines: int) -> float:
    """Nats a speed must gain over identity."""
    if scale == 1.0:
        return 0.0
    least, a_line = _STANDARD_PRICE if scale in speeds.STANDARD else _FREE_PRICE
    return least + a_line * lines


def at_speed(evidence: Evidence, scale: float) -> Found | None:
    """The best path at one speed, or None when nothing proposes an offset."""
    anno = evidence.anno
    found = evidence.offsets(scale)
    if not found:
        return None
    candidates = offsets.strongest(found, [0.0] if scale == 1.0 else [])
    nats = evidence.nats(scale, candidates)
    path, total = best_path(nats, candidates, anno.start_s, scale, evidence.switch)
    text = evidence.text
    hits = text.hits(scale, np.append(candidates, np.nan)[path]) if text is not None else 0.0
    return Found(scale, candidates, path, total, hits)
