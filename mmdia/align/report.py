"""From a solution to the result: lines in the order given, reasons, discrepancy, acceptance."""

from __future__ import annotations

import numpy as np

from mmdia.align.edits import time_map
from mmdia.align.emission import nearest
from mmdia.align.pieces import offsets_of
from mmdia.align.result import Alignment, Discrepancy, LineFit, Policy
from mmdia.align.smooth import moving_mean
from mmdia.align.solution import Solution
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.align.verdict import kind_of, logistic, standard_ratio
from mmdia.schema.time import TimeMap

#: Lines on either side whose evidence a line's confidence is averaged over.
_AROUND = 6

#: Lines that end this far before the media's zero, or lie this far past its last line, are absent.
_HEAD_S, _TAIL_S = 0.3, 60.0

#: An anchor is a line whose start has a media line's start this near.
_ANCHOR_S = 0.5

#: "Low variance" (paper, section 3.1): half of the anchors within this of the median.
_FLAT_S = 0.25

#: Fewer anchors or spoken lines than this are few.
_FEW_ANCHORS, _SHORT = 8, 20


def nothing_found(anno: Track, order: Ints) -> Alignment:
    """The refusal when no evidence proposes any place."""
    lines = [
        LineFit(int(order[i]), float(anno.start_s[i]), float(anno.end_s[i]), False, 0.0)
        for i in range(len(anno))
    ]
    return Alignment(
        "wrong_film",
        0.0,
        False,
        1.0,
        None,
        TimeMap(),
        tuple(sorted(lines, key=lambda f: f.index)),
        Discrepancy(),
        {"mode": "none", "n_pairs": 0, "n_lines": len(anno)},
        ("few_anchors", "wrong_film"),
    )


def alignment(solution: Solution, order: Ints, policy: Policy, foreign: bool) -> Alignment:
    """The result of a solution."""
    fit, anno = solution.fit, solution.evidence.anno
    confidence = solution.chance.probability
    verdict = kind_of(fit.scale, fit.pieces, confidence)
    start, end = _places(solution)
    present, sure = _lines(solution, start, end, confidence)
    if verdict == "wrong_film":
        present[:] = False
    series = _discrepancy(solution, start, present)
    quality = _quality(solution, sure)
    spread = _mad(np.array(series.start_s)) if series.start_s else 0.0
    reasons = _reasons(solution, verdict, policy, foreign, series, spread)
    accepted = verdict != "wrong_film"
    if policy == "paper":
        accepted = verdict in ("identity", "translation") and spread <= _FLAT_S
    lines = [
        LineFit(int(order[i]), float(start[i]), float(end[i]), bool(present[i]), float(sure[i]))
        for i in range(len(anno))
    ]
    return Alignment(
        verdict,
        confidence,
        accepted,
        fit.scale,
        standard_ratio(fit.scale),
        TimeMap()
        if verdict == "wrong_film"
        else time_map(fit.pieces, fit.scale, solution.placed.cuts, anno, quality),
        tuple(sorted(lines, key=lambda f: f.index)),
        series,
        _figures(solution, series, present, spread),
        reasons,
    )


def _places(solution: Solution) -> tuple[Floats, Floats]:
    fit, anno = solution.fit, solution.evidence.anno
    offset = offsets_of(fit.pieces)[solution.placed.piece]
    return anno.start_s * fit.scale + offset, anno.end_s * fit.scale + offset


def _lines(solution: Solution, start: Floats, end: Floats, confidence: float) -> tuple[Flags, Floats]:
    """Presence and confidence of each line."""
    placed, media = solution.placed, solution.evidence.media
    nats = solution.nats[np.arange(len(start)), placed.piece].copy()
    nats[placed.absent] = 0.0
    mean = moving_mean(nats, _AROUND)
    sure = np.array([logistic(2.2 * m + 1.2) for m in mean]) * confidence
    outside = (end < -_HEAD_S) | (start > media.last_s + _TAIL_S)
    present = ~placed.absent & ~outside
    anno = solution.evidence.anno
    middle = 0.5 * (anno.start_s + anno.end_s)
    for a, b in placed.cuts:
        present &= (middle < a) | (middle >= b)
    sure[~present] = np.minimum(sure[~present], 0.05)
    return present, sure


def _discrepancy(solution: Solution, start: Floats, present: Flags) -> Discrepancy:
    """The media line nearest to each line, where one is near enough."""
    anno, media = solution.evidence.anno, solution.evidence.media
    spoken = np.flatnonzero(media.speech)
    onset = media.start_s[spoken]
    away = nearest(start, onset)
    anchor = np.flatnonzero((np.abs(away) <= _ANCHOR_S) & anno.speech)
    partner = (
        spoken[np.abs(onset[None, :] - (start - away)[anchor, None]).argmin(axis=1)]
        if len(anchor)
        else anchor
    )
    length = (media.end_s - media.start_s)[partner] - (anno.end_s - anno.start_s)[anchor]
    return Discrepancy(
        tuple(anno.start_s[anchor].tolist()),
        tuple((media.start_s[partner] - anno.start_s[anchor]).tolist()),
        tuple(length.tolist()),
    )


def _quality(solution: Solution, sure: Floats) -> list[tuple[float, float]]:
    """Mean line confidence and the residual, of each piece."""
    piece = solution.placed.piece
    out: list[tuple[float, float]] = []
    for k in range(len(solution.fit.pieces)):
        own = (piece == k) & ~solution.placed.absent
        out.append((float(sure[own].mean()) if own.any() else 0.0, solution.fit.residual_s))
    return out


def _mad(x: Floats) -> float:
    return float(np.median(np.abs(x - np.median(x))))


def _reasons(
    solution: Solution, verdict: str, policy: Policy, foreign: bool, series: Discrepancy, spread: float
) -> tuple[str, ...]:
    """Codes of what is doubtful or notable."""
    fit = solution.fit
    said: set[str] = set()
    if verdict == "wrong_film":
        said.add("wrong_film")
    if foreign:
        said.add("different_language")
    if len(series.start_s) < _FEW_ANCHORS:
        said.add("few_anchors")
    if solution.chance.lines < _SHORT:
        said.add("short_track")
    if policy == "paper" and spread > _FLAT_S:
        said.add("high_variance")
    if policy == "paper" and verdict in ("speed", "segments"):
        said.add("not_translation")
    if fit.scale != 1.0 and standard_ratio(fit.scale) is None:
        said.add("speed_not_standard")
    if len(fit.pieces) > 1 and verdict != "wrong_film":
        said.add("edits_found")
    return tuple(sorted(said))


def _figures(
    solution: Solution, series: Discrepancy, present: Flags, spread: float
) -> dict[str, float | int | str]:
    """Everything a person needs to judge the verdict."""
    chance, fit = solution.chance, solution.fit
    lines = max(1, chance.lines)
    return {
        "mode": "text" if chance.text else "timing",
        "n_lines": len(solution.evidence.anno),
        "n_media_lines": len(solution.evidence.media),
        "n_pairs": len(solution.evidence.pairs),
        "n_anchors": len(series.start_s),
        "n_pieces": len(fit.pieces),
        "nats": round(chance.nats, 3),
        "decoy": round(chance.decoy, 3),
        "coincidence": round(chance.bonus, 3),
        "nats_per_line": round(chance.nats / lines, 4),
        "decoy_per_line": round(chance.decoy / lines, 4),
        "text_hits": round(solution.found.hits, 4),
        "coverage": round(float(present.mean()), 4),
        "residual_mad_s": round(fit.residual_s, 4),
        "exact_share": round(fit.exact, 4),
        "discrepancy_mad_s": round(spread, 4),
    }
