"""What lines vouch for where no sound is shared.

Where fingerprints lead, the pieces of the search stand on them; so where they are silent a piece
stands on nothing. It is kept only over lines that words, times or speech find there themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.evidence import Evidence
from mmdia.align.harden import SoundFit
from mmdia.align.layout import TAIL_S, Layout, Stretch
from mmdia.align.source import Family
from mmdia.align.track import Floats

#: Nats that a run of lines must bring: as much as a piece of its own costs where fingerprints
#: proposed the place, little where lines led and have paid for it already.
_LED, _LINES = 14.0, 3.0
#: Each spoken line of a run costs this, so that no run reaches over lines that say nothing.
_COST = 0.2
#: A run reaches on to the edge of its hole over so many seconds: where fingerprints proposed the
#: place, and where lines led.
_NEAR_S, _FAR_S = 5.0, 20.0
_THIN_S = 1e-3


@dataclass(frozen=True)
class _Own:
    """Nats of every kind but fingerprints, of each line at the place of one stretch.

    Attributes:
        families: The kinds.
        nats: Theirs, shape (kinds, n).
    """

    families: tuple[Family, ...]
    nats: Floats

    @classmethod
    def of(cls, stretch: Stretch, evidence: Evidence, sigma_s: float) -> _Own:
        parts = [p for p in evidence.parts if p.source.name != "fingerprint"]
        offset = np.array([stretch.offset])
        rows = [p.near * p.source.within(sigma_s).nats(stretch.scale, offset)[:, 0] for p in parts]
        nats = np.array(rows) if rows else np.zeros((0, len(evidence.anno)))
        return cls(tuple(p.source.name for p in parts), nats)


def vouched(layout: Layout, sound: SoundFit, evidence: Evidence, sigma_s: float) -> list[Stretch]:
    """The parts of a layout outside shared sound that lines vouch for, with the kind that does.

    Args:
        layout: What the search found.
        sound: What sound is shared.
        evidence: All that is known.
        sigma_s: Line starts are expected within this.
    """
    out: list[Stretch] = []
    holes = list(_holes(sound, evidence))
    for stretch in layout.stretches:
        own = _Own.of(stretch, evidence, sigma_s)
        for low, high in holes:
            a, b = max(low, stretch.start_s), min(high, stretch.end_s)
            if b - a > _THIN_S:
                part = _part(replace(stretch, start_s=a, end_s=b), own, evidence)
                out += [part] if part else []
    return out


def _holes(sound: SoundFit, evidence: Evidence) -> Iterator[tuple[float, float]]:
    """Annotation seconds that no shared sound covers, in order."""
    anno = evidence.anno
    low = min(0.0, anno.first_s)
    for s in sound.segments:
        yield low, s.anno_start_s
        low = s.anno_end_s
    yield low, anno.last_s + TAIL_S


def _part(stretch: Stretch, own: _Own, evidence: Evidence) -> Stretch | None:
    """What lines vouch for of a stretch that lies in one hole."""
    anno, led = evidence.anno, evidence.lead == "fingerprint"
    middle = 0.5 * (anno.start_s + anno.end_s)
    rows = np.flatnonzero((middle >= stretch.start_s) & (middle < stretch.end_s) & anno.speech)
    if not led and (not len(rows) or stretch.end_s - stretch.start_s <= _FAR_S):
        return stretch
    first, stop, nats = best_run(own.nats[:, rows].sum(axis=0) - _COST)
    if nats < (_LED if led else _LINES):
        return None
    near = _NEAR_S if led else _FAR_S
    begin, end = float(anno.start_s[rows[first]]), float(anno.end_s[rows[stop - 1]])
    # Where lines led and none is left to speak, the piece runs on.
    if begin - stretch.start_s <= near or (not led and first == 0):
        begin = stretch.start_s
    if stretch.end_s - end <= near or (not led and stop == len(rows)):
        end = stretch.end_s
    if not led:
        return replace(stretch, start_s=begin, end_s=end)
    most = int(own.nats[:, rows[first:stop]].sum(axis=1).argmax())
    return replace(stretch, start_s=begin, end_s=end, family=own.families[most])


def best_run(values: Floats) -> tuple[int, int, float]:
    """(first, stop, sum) of the run of neighbours whose sum is highest; (0, 0, 0.0) if none is above 0."""
    best, begin, total = (0, 0, 0.0), 0, 0.0
    for k, value in enumerate(values.tolist()):
        if total <= 0.0:
            begin, total = k, 0.0
        total += value
        if total > best[2]:
            best = (begin, k + 1, total)
    return best
