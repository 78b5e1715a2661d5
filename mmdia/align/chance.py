"""What chance alone reaches: the same search on decoys of the annotation.

A decoy keeps the statistics of lines and words but cannot fit: the annotation reversed in time,
and, for short tracks (where one sample of chance says little), with its gaps shuffled.
"""

from __future__ import annotations

import numpy as np

from mmdia.align.emission import nearest
from mmdia.align.pieces import offsets_of
from mmdia.align.refine import Fit
from mmdia.align.search import Evidences, Found, search
from mmdia.align.track import Floats, Track
from mmdia.align.verdict import Chance

#: Tracks below this number of lines get this many more decoys.
_SHORT, _MORE = 300, 5

#: Tracks with fewer pairs of lines are compared for exact coincidences.
_SMALL = 60_000

#: Two times this close coincide, and how wide a bin of offsets is, seconds.
_SAME_S, _BIN_S = 0.002, 0.004

#: Nats of a coincidence of starts and of ends.
_START, _END = 3.0, 2.0


def against_chance(evidence: Evidences, found: Found, fit: Fit) -> Chance:
    """The search's total beside the best decoy's."""
    anno = evidence.anno
    decoys = [anno.reversed()]
    if len(anno) < _SHORT and not evidence.text:
        decoys += [_shuffled(anno, seed) for seed in range(_MORE)]
    best = max(_total(evidence, decoy, found.scale) for decoy in decoys)
    bonus = 0.0
    if len(anno) * len(evidence.media) <= _SMALL:
        bonus = _coincidences(evidence, fit, decoys)
    return Chance(found.total, best, bonus, int(anno.speech.sum()), evidence.text)


def _total(evidence: Evidences, decoy: Track, scale: float) -> float:
    pairs = None if len(evidence.pairs) else evidence.pairs
    found = search(Evidences.of(decoy, evidence.media, text=evidence.text, pairs=pairs), [scale])
    return 0.0 if found is None else max(0.0, found.total)


def _shuffled(anno: Track, seed: int) -> Track:
    """The same gaps between starts, in another order."""
    order = np.random.default_rng(seed).permutation(len(anno) - 1)
    start = anno.first_s + np.concatenate([[0.0], np.cumsum(np.diff(anno.start_s)[order])])
    move = start - anno.start_s
    times = tuple(t + m for t, m in zip(anno.token_s, move, strict=True))
    return Track(start, anno.end_s + move, anno.words, times, anno.speech)


def _coincidences(evidence: Evidences, fit: Fit, decoys: list[Track]) -> float:
    """Nats of line edges that agree to the millisecond, beyond what any decoy reaches anywhere.

    Each piece chose its own offset, so each may owe as many to chance.

    Releases made from one master share cue times exactly, whatever their language.
    """
    timing = evidence.timing
    offset = np.zeros(len(evidence.anno))
    for piece, o in zip(fit.pieces, offsets_of(fit.pieces), strict=True):
        offset[piece.first :] = o
    spoken = evidence.anno.speech
    nats = 0.0
    edges = ((evidence.anno.start_s, timing.onset, _START), (evidence.anno.end_s, timing.offset, _END))
    for n, (edge, ref, worth) in enumerate(edges):
        here = int((np.abs(nearest((edge * fit.scale + offset)[spoken], ref)) <= _SAME_S).sum())
        chance = max(_most_equal((d.end_s if n else d.start_s)[d.speech] * fit.scale, ref) for d in decoys)
        nats += worth * max(0.0, here - (1.25 * chance + 1) * len(fit.pieces))
    return nats


def _most_equal(edge: Floats, ref: Floats) -> int:
    """Most edges that coincide at any one offset."""
    key = np.round((ref[:, None] - edge).ravel() / _BIN_S).astype(np.int64)
    _, count = np.unique(key, return_counts=True)
    return int(count.max())
