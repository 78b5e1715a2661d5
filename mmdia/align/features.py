"""What is known of each line beside its place: the raw material of its confidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.layout import Layout
from mmdia.align.smooth import moving_mean
from mmdia.align.solution import Solution
from mmdia.align.source import Family
from mmdia.align.track import Floats, Ints
from mmdia.align.verdict import continues

#: Lines on either side whose evidence is averaged.
AROUND = 6


@dataclass(frozen=True, eq=False)
class Features:
    """Figures of every line, all of shape (n,), in the order of the annotation's cues.

    Attributes:
        own_nats: Evidence of the line at its place; 0 where it is absent.
        mean_nats: Mean of that over the line and up to six on either side.
        edit_lines: Lines to the nearest edit (0: the next one lies beyond it); inf when there is none.
        edit_s: Annotation seconds from the line's middle to the nearest edit; inf when there is none.
        family: Kind of evidence that its stretch stands on.
        residual_s: Median absolute residual of starts near their own place, of its stretch.
        present: Whether the map holds the line.
        spoken: Whether it is a spoken line.
    """

    own_nats: Floats
    mean_nats: Floats
    edit_lines: Floats
    edit_s: Floats
    family: tuple[Family, ...]
    residual_s: Floats
    present: np.ndarray[tuple[int], np.dtype[np.bool_]]
    spoken: np.ndarray[tuple[int], np.dtype[np.bool_]]


def features_of(solution: Solution) -> Features:
    """The figures of every line, in the solver's order."""
    layout, anno = solution.layout, solution.evidence.anno
    own = np.where(layout.absent, 0.0, solution.nats)
    edits = edit_times(layout)
    middle = 0.5 * (anno.start_s + anno.end_s)
    away = np.full(len(anno), np.inf)
    lines = np.full(len(anno), np.inf)
    for a, b in edits:
        away = np.minimum(away, np.maximum(0.0, np.maximum(a - middle, middle - b)))
        row = np.arange(len(anno))
        first, stop = np.searchsorted(middle, [a, b])
        lines = np.minimum(lines, np.where(row < first, first - 1 - row, np.maximum(0, row - stop)))
    hard = np.array([s.family == "fingerprint" for s in layout.stretches])[layout.owner]
    return Features(
        own,
        moving_mean(own, AROUND),
        lines.astype(np.float64),
        away,
        tuple(layout.stretches[k].family for k in layout.owner),
        np.where(hard, 0.0, solution.fit.residual_s),
        ~layout.absent,
        anno.speech,
    )


def in_order(features: Features, order: Ints) -> Features:
    """The same in the order of the cues given: `order` names the cue of each line."""
    back = np.argsort(order, kind="stable")
    return Features(
        features.own_nats[back],
        features.mean_nats[back],
        features.edit_lines[back],
        features.edit_s[back],
        tuple(features.family[k] for k in back),
        features.residual_s[back],
        features.present[back],
        features.spoken[back],
    )


def edit_times(layout: Layout) -> list[tuple[float, float]]:
    """End of the stretch before, and start of the one after, of every edit; annotation seconds."""
    pairs = zip(layout.stretches, layout.stretches[1:], strict=False)
    return [(a.end_s, b.start_s) for a, b in pairs if not continues(a, b)]
