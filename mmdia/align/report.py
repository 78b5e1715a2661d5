"""From a solution to the result: lines in the order given, reasons, discrepancy, acceptance."""

from __future__ import annotations

import numpy as np

from mmdia.align.calibration import line_probability
from mmdia.align.edge import nearest
from mmdia.align.features import Features, features_of, in_order
from mmdia.align.result import Alignment, Discrepancy, LineFit, Policy
from mmdia.align.review import Judged, needs_review
from mmdia.align.solution import Solution
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.align.verdict import kind_of, standard_ratio
from mmdia.schema.time import TimeMap

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
    layout, anno = solution.layout, solution.evidence.anno
    confidence = solution.chance.probability
    verdict = kind_of(layout.stretches, confidence)
    scale = layout.stretches[0].scale
    start, end = layout.place(anno.start_s), layout.place(anno.end_s)
    features = features_of(solution)
    present, sure = _lines(solution, features, start, end, confidence)
    if verdict == "wrong_film":
        present[:] = False
    series = _discrepancy(solution, start)
    quality = _quality(solution, sure)
    spread = _mad(np.array(series.start_s)) if series.start_s else 0.0
    reasons = _reasons(solution, verdict, policy, foreign, series, spread)
    accepted = verdict != "wrong_film"
    if policy == "paper":
        accepted = verdict in ("identity", "translation") and spread <= _FLAT_S
    judged = Judged(solution, verdict, confidence, present, sure, spread <= _FLAT_S)
    lines = [
        LineFit(int(order[i]), float(start[i]), float(end[i]), bool(present[i]), float(sure[i]))
        for i in range(len(anno))
    ]
    return Alignment(
        verdict,
        confidence,
        accepted,
        scale,
        standard_ratio(scale),
        TimeMap() if verdict == "wrong_film" else layout.time_map(quality),
        tuple(sorted(lines, key=lambda f: f.index)),
        series,
        _figures(solution, series, present, spread),
        reasons,
        needs_review(judged, order, policy),
        in_order(features, order),
    )


def _lines(
    solution: Solution, features: Features, start: Floats, end: Floats, confidence: float
) -> tuple[Flags, Floats]:
    """Presence and confidence of each line."""
    layout, media = solution.layout, solution.media
    sure = line_probability(features) * confidence
    present = ~layout.absent & (end >= -_HEAD_S)
    if media is not None and "fingerprint" not in {s.family for s in layout.stretches}:
        present &= (start <= media.last_s + _TAIL_S) | ~solution.evidence.anno.speech
    sure[~present] = np.minimum(sure[~present], 0.05)
    return present, sure


def _discrepancy(solution: Solution, start: Floats) -> Discrepancy:
    """The media line nearest to each line, where one is near enough."""
    anno = solution.evidence.anno
    if solution.media is not None:
        media = solution.media
        onset, close = media.start_s[media.speech], media.end_s[media.speech]
    elif (edges := solution.evidence.edges) is not None and len(edges.onset) == len(edges.close):
        onset, close = edges.onset, edges.close
    else:
        return Discrepancy()
    away = nearest(start, onset)
    anchor = np.flatnonzero((np.abs(away) <= _ANCHOR_S) & anno.speech & ~solution.layout.absent)
    partner = np.clip(np.searchsorted(onset, (start - away)[anchor] - 1e-9), 0, len(onset) - 1)
    length = (close - onset)[partner] - (anno.end_s - anno.start_s)[anchor]
    return Discrepancy(
        tuple(anno.start_s[anchor].tolist()),
        tuple((onset[partner] - anno.start_s[anchor]).tolist()),
        tuple(length.tolist()),
    )


def _quality(solution: Solution, sure: Floats) -> list[tuple[float, float]]:
    """Mean line confidence and the residual, of each piece."""
    layout = solution.layout
    out: list[tuple[float, float]] = []
    for k, stretch in enumerate(layout.stretches):
        own = (layout.owner == k) & ~layout.absent
        hard = stretch.family == "fingerprint"
        alone = solution.chance.sound if hard else 0.0
        residual = 0.0 if hard else solution.fit.residual_s
        out.append((float(sure[own].mean()) if own.any() else alone, residual))
    return out


def _mad(x: Floats) -> float:
    return float(np.median(np.abs(x - np.median(x))))


def _reasons(
    solution: Solution, verdict: str, policy: Policy, foreign: bool, series: Discrepancy, spread: float
) -> tuple[str, ...]:
    """Codes of what is doubtful or notable."""
    scale = solution.layout.stretches[0].scale
    said: set[str] = set()
    if verdict == "wrong_film":
        said.add("wrong_film")
    if solution.chance.contradicted:
        said.add("sources_disagree")
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
    if verdict != "wrong_film" and scale != 1.0 and standard_ratio(scale) is None:
        said.add("speed_not_standard")
    if verdict == "segments":
        said.add("edits_found")
    return tuple(sorted(said))


def _figures(
    solution: Solution, series: Discrepancy, present: Flags, spread: float
) -> dict[str, float | int | str]:
    """Everything a person needs to judge the verdict."""
    chance, fit, text = solution.chance, solution.fit, solution.evidence.text
    lines = max(1, chance.lines)
    return {
        "mode": chance.lead,
        "n_lines": len(solution.evidence.anno),
        "n_media_lines": 0 if solution.media is None else len(solution.media),
        "n_pairs": 0 if text is None else len(text.pairs),
        "n_anchors": len(series.start_s),
        "n_pieces": len(solution.layout.stretches),
        "nats": round(chance.nats, 3),
        "decoy": round(chance.decoy, 3),
        "coincidence": round(chance.bonus, 3),
        "nats_per_line": round(chance.nats / lines, 4),
        "decoy_per_line": round(chance.decoy / lines, 4),
        "text_hits": round(solution.found.hits, 4) if solution.found else 0.0,
        "typical": round(chance.typical, 4),
        "sound": round(chance.sound, 4),
        "coverage": round(float(present.mean()), 4),
        "residual_mad_s": round(fit.residual_s, 4),
        "exact_share": round(fit.exact, 4),
        "discrepancy_mad_s": round(spread, 4),
    }
