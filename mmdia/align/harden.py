"""What fingerprints say of the sound goes before what lines say of it.

Where two sound tracks are the same, their fingerprints give the offset to some 10 ms, the speed and
the edits, whether anybody speaks there or not. Lines decide only where fingerprints are silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np

from mmdia.align.layout import TAIL_S, Layout, Stretch
from mmdia.align.track import Track

#: A stretch of lines is the same as one of sound when they differ by less than this.
SAME_S = 0.35

#: Fingerprints lose this much at the edge of what is shared; an edge is not closer to it than that.
_REACH_S = 1.0

#: A stretch of lines between two of sound is kept when it is at least so long.
_LEAST_S = 2.0

#: Neighbours closer than this are one stretch; shorter ones than this are rounding.
_ONE_S, _THIN_S = 0.02, 1e-3

#: A hole in one stretch of sound is filled up to this length. The comparison of sound has bridged
#: longer ones where nothing spoke against it: what it left open holds something else.
_HOLE_S = 20.0


class SoundSegment(Protocol):
    """Shared sound: media = scale * anno + offset on [anno_start_s, anno_end_s)."""

    @property
    def anno_start_s(self) -> float: ...  # noqa: D102
    @property
    def anno_end_s(self) -> float: ...  # noqa: D102
    @property
    def scale(self) -> float: ...  # noqa: D102
    @property
    def offset_s(self) -> float: ...  # noqa: D102


class SoundFit(Protocol):
    """The comparison of two fingerprints."""

    @property
    def segments(self) -> Sequence[SoundSegment]:
        """What is shared, in order on both timelines."""
        ...

    @property
    def probability(self) -> float:
        """Probability that the two are of one film."""
        ...


def from_sound(sound: SoundFit, anno: Track) -> Layout:
    """The layout that fingerprints alone give."""
    return _laid_out(_closed([], _stretches(sound), anno), anno)


def harden(layout: Layout, sound: SoundFit, anno: Track, soft: Sequence[Stretch] | None = None) -> Layout:
    """The layout of lines with what fingerprints know put over it.

    Args:
        layout: What lines say.
        sound: What sound is shared.
        anno: The annotation, in time order.
        soft: Stretches that are believed where no sound is shared; those of the layout if not given.
    """
    hard = _stretches(sound)
    if not hard:
        return layout
    out = _laid_out(_closed(list(layout.stretches if soft is None else soft), hard, anno), anno)
    of_lines = np.array([s.family != "fingerprint" for s in out.stretches])[out.owner]
    return replace(out, absent=out.absent | (layout.absent & of_lines))


def agree(layout: Layout, sound: SoundFit) -> float:
    """Share of the time that both cover in which they say the same, 0..1; 1 where none is shared."""
    both = same = 0.0
    for hard in _stretches(sound):
        for soft in layout.stretches:
            a, b = max(hard.start_s, soft.start_s), min(hard.end_s, soft.end_s)
            if b > a:
                both += b - a
                middle = 0.5 * (a + b)
                same += (b - a) * (abs(hard.apply(middle) - soft.apply(middle)) < SAME_S)
    return same / both if both else 1.0


def _stretches(sound: SoundFit) -> list[Stretch]:
    return [
        Stretch(s.anno_start_s, s.anno_end_s, s.scale, s.offset_s, "fingerprint") for s in sound.segments
    ]


def _closed(soft: list[Stretch], hard: list[Stretch], anno: Track) -> list[Stretch]:
    """The hard stretches, what the soft ones hold before, between and after them, in order."""
    first, last = min(0.0, anno.first_s), anno.last_s + TAIL_S
    out: list[Stretch] = []
    bounds = [None, *hard, None]
    for left, right in pairwise(bounds):
        low = left.end_s if left else min(first, right.start_s if right else first)
        high = right.start_s if right else max(last, left.end_s if left else last)
        inside = [replace(s, start_s=max(s.start_s, low), end_s=min(s.end_s, high)) for s in soft]
        inside = [s for s in inside if s.end_s - s.start_s > _THIN_S]
        out += _between(left, inside, right, low, high)
        if right:
            out.append(right)
    return _joined(out, anno)


def _between(
    left: Stretch | None, inside: list[Stretch], right: Stretch | None, low: float, high: float
) -> list[Stretch]:
    """What lies between two hard stretches; times of neighbours are taken over where lines agree."""
    if high - low <= _THIN_S:
        return []
    one = left and right and abs(left.apply(high) - right.apply(high)) < _ONE_S
    if left and right and one and high - low <= _HOLE_S:
        # A hole in one stretch of sound; where the right part lies a hair lower the left one stops short.
        end = min(high, (right.apply(high) - left.offset) / left.scale)
        return [replace(left, start_s=low, end_s=end)] if end - low > _THIN_S else []
    kept: list[Stretch] = []
    floor = left.apply(left.end_s) if left else -np.inf
    top = right.apply(right.start_s) if right else np.inf
    for s in inside:
        at = 0.5 * (s.start_s + s.end_s)
        near = [h for h in (left, right) if h and abs(h.apply(at) - s.apply(at)) < SAME_S]
        if near:
            # The same place, known better.
            s = replace(s, scale=near[0].scale, offset=near[0].offset)
        elif s.end_s - s.start_s < _LEAST_S:
            continue
        a = max(s.start_s, (floor - s.offset) / s.scale)
        b = min(s.end_s, (top - s.offset) / s.scale)
        if b - a > _THIN_S:
            kept.append(replace(s, start_s=a, end_s=b))
            floor = kept[-1].apply(b)
    return kept or _met(left, right, low, high)


def _met(left: Stretch | None, right: Stretch | None, low: float, high: float) -> list[Stretch]:
    """Hard stretches run on a little over their ends: to the file's ends, and to where they meet.

    An edit removes or inserts, seldom both; fingerprints lose a moment on either side of it.
    """
    if left and right:
        slack = min(high - low, (right.apply(high) - left.apply(low)) / left.scale)
        if not 0 < slack <= 2 * _REACH_S:
            return []
        half = 0.5 * slack
        first = replace(left, start_s=low, end_s=low + half)
        return [first, replace(right, start_s=high - half, end_s=high)]
    reach = min(high - low, _REACH_S if low > 0 or left else 2 * _REACH_S)
    if left:
        return [replace(left, start_s=low, end_s=low + reach)]
    return [replace(right, start_s=high - reach, end_s=high)] if right else []


def _joined(stretches: list[Stretch], anno: Track) -> list[Stretch]:
    """Neighbours of equal speed and offset that touch become one.

    Lines that stand on words or times are not passed off as heard: such a stretch stays apart.
    """
    middle = 0.5 * (anno.start_s + anno.end_s)

    def bare(s: Stretch) -> bool:
        short = s.end_s - s.start_s <= 2 * _REACH_S
        return short or not bool(((middle >= s.start_s) & (middle < s.end_s)).any())

    out: list[Stretch] = []
    for s in stretches:
        last = out[-1] if out else None
        same = last and (last.scale, last.offset) == (s.scale, s.offset)
        touch = last and same and s.start_s - last.end_s < _THIN_S
        if last and touch and (last.family == s.family or bare(s) or bare(last)):
            family = "fingerprint" if "fingerprint" in (last.family, s.family) else s.family
            out[-1] = replace(last, end_s=s.end_s, family=family)
        else:
            out.append(s)
    return out


def _laid_out(stretches: list[Stretch], anno: Track) -> Layout:
    """The lines by the stretch that holds them; absent where none does."""
    edge = np.array([s.start_s for s in stretches])
    stop = np.array([s.end_s for s in stretches])
    middle = 0.5 * (anno.start_s + anno.end_s)
    owner = np.clip(np.searchsorted(edge, middle, "right") - 1, 0, len(stretches) - 1)
    inside = (middle >= edge[owner]) & (middle < stop[owner])
    after = np.minimum(owner + 1, len(stretches) - 1)
    nearer = ~inside & (middle - stop[owner] > edge[after] - middle) & (after > owner)
    return Layout(tuple(stretches), np.where(nearer, after, owner).astype(np.int64), ~inside)
