"""What chance alone reaches: the same search on decoys of the annotation.

A decoy keeps the statistics of lines and words but cannot fit: the annotation reversed in time,
and, for short tracks (where one sample of chance says little), with its gaps shuffled.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mmdia.align.edge import nearest
from mmdia.align.evidence import Evidence
from mmdia.align.pieces import offsets_of
from mmdia.align.refine import Fit
from mmdia.align.search import Found, search
from mmdia.align.source import Edges
from mmdia.align.track import Floats, Ints, Track
from mmdia.align.verdict import Chance

#: Tracks below this number of lines get this many more decoys.
_SHORT, _MORE = 300, 5

#: Tracks with fewer pairs of lines are compared for exact coincidences.
_SMALL = 60_000

#: Two times this close coincide, and how wide a bin of offsets is, seconds.
_SAME_S, _BIN_S = 0.002, 0.004

#: Nats of a coincidence of starts and of ends.
_START, _END = 3.0, 2.0


def against_chance(evidence: Evidence, found: Found) -> Chance:
    """The search's total beside the best decoy's.

    Words need no decoy: a reversed line still holds its words, and finds places for them one by one,
    while the typical line of a wrong film finds none (`mmdia.align.calibration`).
    """
    anno = evidence.anno
    if evidence.lead in ("text", "fingerprint"):
        return Chance(found.total, 0.0, 0.0, int(anno.speech.sum()), evidence.lead)
    best = max(_total(evidence, decoy, order, found.scale) for decoy, order in _decoys(anno))
    return Chance(found.total, best, 0.0, int(anno.speech.sum()), evidence.lead)


def with_coincidences(chance: Chance, evidence: Evidence, fit: Fit) -> Chance:
    """Short tracks may prove by exact times what they cannot by their number of lines."""
    edges = evidence.edges
    if not comparable(evidence) or edges is None:
        return chance
    decoys = [decoy for decoy, _ in _decoys(evidence.anno)]
    return replace(chance, bonus=_coincidences(evidence, edges, fit, decoys))


def comparable(evidence: Evidence) -> bool:
    """Whether the track is short enough to be compared for exact coincidences."""
    edges = evidence.edges
    if edges is None or not edges.exact or evidence.lead != "timing":
        return False
    return len(evidence.anno) * len(edges.onset) <= _SMALL


def _decoys(anno: Track) -> list[tuple[Track, Ints]]:
    """Decoys, and the line that each of their lines was."""
    out = [(anno.reversed(), np.arange(len(anno) - 1, -1, -1))]
    if len(anno) < _SHORT:
        out += [(_shuffled(anno, seed), np.arange(len(anno))) for seed in range(_MORE)]
    return out


def _total(evidence: Evidence, decoy: Track, order: Ints, scale: float) -> float:
    found = search(evidence.decoy(decoy, order), [scale])
    return max(0.0, found[0].total) if found else 0.0


def _shuffled(anno: Track, seed: int) -> Track:
    """The same gaps between starts, in another order."""
    order = np.random.default_rng(seed).permutation(len(anno) - 1)
    start = anno.first_s + np.concatenate([[0.0], np.cumsum(np.diff(anno.start_s)[order])])
    move = start - anno.start_s
    times = tuple(t + m for t, m in zip(anno.token_s, move, strict=True))
    return Track(start, anno.end_s + move, anno.words, times, anno.speech)


def _coincidences(evidence: Evidence, edges: Edges, fit: Fit, decoys: list[Track]) -> float:
    """Nats of line edges that agree to the millisecond, beyond what any decoy reaches anywhere.

    Each piece chose its own offset, so each may owe as many to chance.

    Releases made from one master share cue times exactly, whatever their language.
    """
    offset = np.zeros(len(evidence.anno))
    for piece, o in zip(fit.pieces, offsets_of(fit.pieces), strict=True):
        offset[piece.first :] = o
    spoken = evidence.anno.speech
    nats = 0.0
    both = ((evidence.anno.start_s, edges.onset, _START), (evidence.anno.end_s, edges.close, _END))
    for n, (edge, ref, worth) in enumerate(both):
        here = int((np.abs(nearest((edge * fit.scale + offset)[spoken], ref)) <= _SAME_S).sum())
        chance = max(_most_equal((d.end_s if n else d.start_s)[d.speech] * fit.scale, ref) for d in decoys)
        nats += worth * max(0.0, here - (1.25 * chance + 1) * len(fit.pieces))
    return nats


def _most_equal(edge: Floats, ref: Floats) -> int:
    """Most edges that coincide at any one offset."""
    key = np.round((ref[:, None] - edge).ravel() / _BIN_S).astype(np.int64)
    _, count = np.unique(key, return_counts=True)
    return int(count.max())
