"""What a person must confirm before an alignment is used, and nothing else.

A clean alignment has nothing to confirm. What is listed is where the evidence leaves a choice that
changes what would be cut from the media.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mmdia.align.replaced import Runs
from mmdia.align.result import Policy, ReviewItem, Verdict
from mmdia.align.solution import Solution
from mmdia.align.track import Flags, Floats, Ints
from mmdia.align.verdict import continues, standard_ratio
from mmdia.schema.reasons import explain

#: Alignments of this film probability and below are confirmed as a whole.
_FILM = 0.95

#: Lines below this are unsure, and so many unsure ones in a row are listed.
_UNSURE, _ROW = 0.5, 4

#: A stretch between two edits with fewer spoken lines than this stands on little.
_FEW = 5

#: Most items of one kind: a list that nobody reads confirms nothing.
_MOST = 40


@dataclass(frozen=True, slots=True)
class Judged:
    """A solution with its verdict, in the solver's order.

    Attributes:
        solution: The solution.
        verdict: The verdict.
        confidence: Probability of the right film.
        present: Whether the media holds each line, shape (n,).
        sure: Confidence of each line, shape (n,).
        flat: Whether the discrepancy is flat enough for the paper's rule.
        runs: Runs of lines that something else took, or may have taken, the place of.
        few: How many anchors there are, where these are too few to tell; else None.
    """

    solution: Solution
    verdict: Verdict
    confidence: float
    present: Flags
    sure: Floats
    flat: bool
    runs: Runs
    few: int | None = None


def needs_review(judged: Judged, order: Ints, policy: Policy) -> tuple[ReviewItem, ...]:
    """Everything that a person must confirm, in order of time.

    Args:
        judged: The solution and its verdict.
        order: Cue index of each line of the solver's order.
        policy: The paper has every map that it accepts double-checked by a person.

    Returns:
        Items; none for the wrong film (there is no map to confirm) and for a clean alignment.
    """
    if judged.verdict == "wrong_film":
        return ()
    items = [
        *_whole(judged, policy),
        *_edits(judged, order),
        *_short(judged, order),
        *_replaced(judged, order),
        *_unsure(judged, order),
    ]
    return tuple(sorted(items, key=lambda i: (i.anno_start_s, i.anno_end_s, i.kind)))


def _whole(judged: Judged, policy: Policy) -> Iterator[ReviewItem]:
    """What concerns the whole film."""
    anno, chance = judged.solution.evidence.anno, judged.solution.chance
    whole = (anno.first_s, anno.last_s, ())
    scale = judged.solution.layout.stretches[0].scale
    if chance.contradicted:
        said = "The sound is that of this film, but the lines are of another copy: check which is right."
        yield ReviewItem("sources_disagree", *whole, said)
    if judged.few is not None:
        yield ReviewItem("few_anchors", *whole, explain("few_anchors", judged.few))
    elif judged.confidence < _FILM:
        said = (
            f"The film is the right one with probability {judged.confidence:.2f} only: look at any scene."
        )
        yield ReviewItem("low_confidence", *whole, said)
    if scale != 1.0 and standard_ratio(scale) is None:
        said = (
            f"The speed {scale:.6f} is none that releases are made with: compare the first and last scene."
        )
        yield ReviewItem("speed_not_standard", *whole, said)
    if policy == "paper" and judged.flat and judged.verdict in ("identity", "translation"):
        said = "One offset fits the whole film: the paper has such maps confirmed by a person."
        yield ReviewItem("double_check", *whole, said)


def _edits(judged: Judged, order: Ints) -> Iterator[ReviewItem]:
    """Edits that may lie elsewhere, so that a line would change sides."""
    anno = judged.solution.evidence.anno
    for low, high in judged.solution.unsure_edits[:_MOST]:
        lines = np.flatnonzero((anno.end_s > low) & (anno.start_s < high) & anno.speech)
        if len(lines):
            said = f"An edit lies somewhere between {low:.1f} and {high:.1f} s: check which lines it takes."
            yield ReviewItem("edit_place_unsure", low, high, _cues(order, lines), said)


def _short(judged: Judged, order: Ints) -> Iterator[ReviewItem]:
    """Stretches between edits that few lines speak for."""
    layout, anno = judged.solution.layout, judged.solution.evidence.anno
    found = 0
    for k, s in enumerate(layout.stretches):
        before = k > 0 and not continues(layout.stretches[k - 1], s)
        after = k + 1 < len(layout.stretches) and not continues(s, layout.stretches[k + 1])
        lines = np.flatnonzero((layout.owner == k) & judged.present & anno.speech)
        if s.family != "fingerprint" and (before or after) and 0 < len(lines) < _FEW and found < _MOST:
            found += 1
            said = f"Only {len(lines)} lines say that {s.start_s:.1f} to {s.end_s:.1f} s moved on its own."
            yield ReviewItem("short_piece", s.start_s, s.end_s, _cues(order, lines), said)


def _replaced(judged: Judged, order: Ints) -> Iterator[ReviewItem]:
    """Runs at whose place the copy has other words, or speech that fits badly."""
    anno = judged.solution.evidence.anno
    found = [(a, b, True) for a, b in judged.runs.replaced]
    found += [(a, b, False) for a, b in judged.runs.doubted]
    for a, b, sure in found[:_MOST]:
        lines = a + np.flatnonzero(anno.speech[a:b])
        start, end = float(anno.start_s[a]), float(anno.end_s[a:b].max())
        if sure:
            said = f"The copy says other words in place of {len(lines)} lines: check one of them."
        else:
            said = f"{len(lines)} lines fit badly where they should be: check that the copy holds them."
        yield ReviewItem("replaced" if sure else "low_confidence", start, end, _cues(order, lines), said)


def _unsure(judged: Judged, order: Ints) -> Iterator[ReviewItem]:
    """Runs of lines whose place is not sure."""
    anno = judged.solution.evidence.anno
    if judged.confidence < _FILM:
        return  # the whole film is listed
    listed = np.zeros(len(anno), dtype=np.bool_)
    for first, stop in judged.runs.doubted:
        listed[first:stop] = True
    rows = np.flatnonzero(anno.speech & judged.present & ~listed)
    low = judged.sure[rows] < _UNSURE
    edge = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int64), [0]])))
    runs = [(a, b) for a, b in edge.reshape(-1, 2).tolist() if b - a >= _ROW]
    for a, b in runs[:_MOST]:
        lines = rows[a:b]
        start, end = float(anno.start_s[lines[0]]), float(anno.end_s[lines].max())
        said = f"{len(lines)} lines find little to agree with at their place: check one of them."
        yield ReviewItem("low_confidence", start, end, _cues(order, lines), said)


def _cues(order: Ints, lines: Ints) -> tuple[int, ...]:
    return tuple(sorted(int(i) for i in order[lines]))
