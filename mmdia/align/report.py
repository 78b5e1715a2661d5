"""From a solution to the result: lines in the order given, reasons, discrepancy, acceptance."""

from __future__ import annotations

import numpy as np

from mmdia.align.activity import ActivitySource
from mmdia.align.calibration import line_probability
from mmdia.align.edge import nearest
from mmdia.align.features import Features, features_of, in_order
from mmdia.align.paper import paper_spread
from mmdia.align.replaced import Runs, runs_of
from mmdia.align.result import Alignment, Discrepancy, LineFit, Policy
from mmdia.align.review import Judged, needs_review
from mmdia.align.solution import Solution
from mmdia.align.track import Flags, Floats, Ints, Track
from mmdia.align.verdict import kind_of, standard_ratio
from mmdia.schema.time import TimeMap

#: Lines that end this far before the media's zero, or lie this far past its last line, are absent.
_HEAD_S, _TAIL_S = 0.3, 60.0

#: Lines this far outside the copy's lines have nothing that speaks for them, and lines that gain as
#: many nats do.
_OUTSIDE_S, _SPEAKS = 4.0, 1.0

#: Most confidence of a line that nothing speaks for, and of one that is not there.
_UNPROVEN, _GONE = 0.5, 0.05

#: The sound may be cut off this much early.
_SOUND_END_S = 1.0

#: An anchor is a line whose start has a media line's start this near.
_ANCHOR_S = 0.5

#: "Low variance" (paper, section 3.1): half of the anchors within this of the median.
_FLAT_S = 0.25

#: Fingerprints this sure need no anchors.
_SOUND_SURE = 0.9

#: Fewer anchors or spoken lines than this are few.
_FEW_ANCHORS, _SHORT = 8, 20


def nothing_found(anno: Track, media: Track | None, order: Ints, foreign: bool) -> Alignment:
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
        {"mode": "none", "n_pairs": 0, "n_lines": len(anno), "n_media_lines": len(media or ())},
        ("few_anchors" if _untold(int(anno.speech.sum()), media, foreign) else "wrong_film",),
    )


def _untold(lines: int, media: Track | None, foreign: bool) -> bool:
    """Whether what was compared is too little to say that it is another film.

    A few lines whose words nobody could compare tell nothing, and neither does a copy of a few lines.
    """
    if media is None or foreign:
        return lines < _SHORT
    return int(media.speech.sum()) < _FEW_ANCHORS


def alignment(solution: Solution, order: Ints, policy: Policy, foreign: bool) -> Alignment:
    """The result of a solution."""
    layout, anno = solution.layout, solution.evidence.anno
    confidence = solution.chance.probability
    verdict = kind_of(layout.stretches, confidence)
    series = _discrepancy(solution, layout.place(anno.start_s))
    if len(series.start_s) < _FEW_ANCHORS and solution.chance.sound < _SOUND_SURE:
        # What holds for n lines holds for the film with (n + 1) / (n + 2), by the rule of succession.
        confidence = min(confidence, (len(series.start_s) + 1) / (len(series.start_s) + 2))
    scale = layout.stretches[0].scale
    start, end = layout.place(anno.start_s), layout.place(anno.end_s)
    features = features_of(solution)
    present, sure, runs = _lines(solution, features, start, end)
    if verdict == "wrong_film":
        present[:] = False
    sure[~present] = np.minimum(sure[~present], _GONE)
    sure = np.minimum(sure, confidence)
    quality = _quality(solution, sure)
    spread = _mad(np.array(series.start_s)) if series.start_s else 0.0
    paper = paper_spread(solution, start) if policy == "paper" else None
    reasons = _reasons(solution, verdict, foreign, series)
    if verdict != "wrong_film" and not present.any():
        reasons |= {"no_line_present"}
    accepted = verdict != "wrong_film" and bool(present.any())
    if policy == "paper":
        flat = paper is not None and paper <= _FLAT_S
        reasons |= _paper_reasons(verdict, paper)
        accepted = accepted and flat and verdict in ("identity", "translation")
    else:
        flat = spread <= _FLAT_S
    few = len(series.start_s) if "few_anchors" in reasons else None
    judged = Judged(solution, verdict, confidence, present, sure, flat, runs, few)
    time_map = TimeMap() if verdict == "wrong_film" else layout.time_map(quality)
    start, end = _in_gaps(time_map, anno, start, end)
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
        time_map,
        tuple(sorted(lines, key=lambda f: f.index)),
        series,
        _figures(solution, series, present, spread),
        tuple(sorted(reasons)),
        needs_review(judged, order, policy),
        in_order(features, order),
    )


def _in_gaps(time_map: TimeMap, anno: Track, start: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Lines that the copy lacks go where the map puts a gap: no line before the one before it."""
    start, end = start.copy(), end.copy()
    for i in range(len(anno)) if time_map.segments else ():
        if time_map.segment_at(float(anno.start_s[i])) is None:
            start[i] = time_map.extrapolate(float(anno.start_s[i]))
            end[i] = max(start[i], time_map.extrapolate(float(anno.end_s[i])))
    return start, end


def _lines(
    solution: Solution, features: Features, start: Floats, end: Floats
) -> tuple[Flags, Floats, Runs]:
    """Presence and confidence of each line, and the runs that something else took the place of."""
    layout, anno = solution.layout, solution.evidence.anno
    sure = line_probability(features) * solution.chance.probability
    present = ~layout.absent & (end >= -_HEAD_S)
    if "fingerprint" not in {s.family for s in layout.stretches}:
        first, last = _bounds(solution)
        present &= ((start <= last) & (end >= first)) | ~anno.speech
    runs = runs_of(solution, start, end, present)
    for a, b in runs.replaced:
        present[a:b] &= ~anno.speech[a:b]
    unproven = _unproven(solution, start, end)
    for a, b in runs.doubted:
        unproven[a:b] |= anno.speech[a:b]
    for low, high in solution.unsure_edits:
        unproven |= (anno.end_s >= low) & (anno.start_s <= high)
    sure[unproven] = np.minimum(sure[unproven], _UNPROVEN)
    return present, sure, runs


def _bounds(solution: Solution) -> tuple[float, float]:
    """Media seconds before and after which no line of the copy can be."""
    first, last = -np.inf, np.inf
    media, sound = solution.media, solution.evidence.source("audio")
    if media is not None:
        last = media.last_s + _TAIL_S
    if isinstance(sound, ActivitySource):
        # A copy's subtitles may be longer than what was heard of it.
        heard = sound.zero_s + sound.seconds + _SOUND_END_S
        last = heard if media is None else max(heard, media.last_s)
        first = sound.zero_s - _SOUND_END_S if media is None else first
    return float(first), float(last)


def _unproven(solution: Solution, start: Floats, end: Floats) -> Flags:
    """Lines outside what the copy says, which nothing speaks for."""
    layout, media = solution.layout, solution.media
    if media is None:
        return np.zeros(len(start), dtype=np.bool_)
    soft = np.array([s.family != "fingerprint" for s in layout.stretches])[layout.owner]
    outside = (start > media.last_s + _OUTSIDE_S) | (end < media.first_s - _OUTSIDE_S)
    return np.asarray(outside & soft & (solution.nats < _SPEAKS), dtype=np.bool_)


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


def _reasons(solution: Solution, verdict: str, foreign: bool, series: Discrepancy) -> set[str]:
    """Codes of what is doubtful or notable."""
    scale = solution.layout.stretches[0].scale
    said: set[str] = set()
    few = len(series.start_s) < _FEW_ANCHORS and solution.chance.sound < _SOUND_SURE
    short = solution.chance.lines < _SHORT
    if verdict == "wrong_film":
        few = _untold(solution.chance.lines, solution.media, foreign)
        said.add("few_anchors" if few else "wrong_film")
    elif few:
        said.add("few_anchors")
    if short and not few:
        said.add("short_track")
    if solution.chance.contradicted:
        said.add("sources_disagree")
    if foreign:
        said.add("different_language")
    if verdict != "wrong_film" and scale != 1.0 and standard_ratio(scale) is None:
        said.add("speed_not_standard")
    if verdict == "segments":
        said.add("edits_found")
    return said


def _paper_reasons(verdict: str, spread: float | None) -> set[str]:
    """Why the paper's rule refuses; `spread` is None without anchors."""
    said: set[str] = set()
    if spread is None:
        said.add("few_anchors")
    elif spread > _FLAT_S:
        said.add("high_variance")
    if verdict in ("speed", "segments"):
        said.add("not_translation")
    return said


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
