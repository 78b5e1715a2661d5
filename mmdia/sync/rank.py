"""Which of many uncalibrated subtitles suits a copy of the film best, and why.

Every subtitle is aligned with the same evidence of the copy. The order is fixed and can be
explained: each subtitle says at which question it lost to the one above it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from mmdia.errors import AlignmentError, SubtitleError
from mmdia.schema.activity import Activity
from mmdia.schema.ranking import Ranking, RankRow
from mmdia.schema.reasons import explain
from mmdia.schema.timemap import TimeMapFile
from mmdia.subtitles.read import read_subtitles
from mmdia.sync.annotation import AnnotationTrack, track_of_file
from mmdia.sync.evidence import Collected, Evidence
from mmdia.sync.language import same_language
from mmdia.sync.timemap import AlignParams, solve

#: Verdicts by how much must be undone; the paper takes the first two only.
_EASE = {"identity": 0, "translation": 1, "speed": 2, "segments": 3}

#: A constant offset that nobody sees: the subtitle is in step.
_IN_STEP_S = 0.25

#: A line that begins further from any of the copy's counts as this far: it has no partner.
_APART_S = 0.5


@dataclass(frozen=True, slots=True)
class _Judged:
    row: RankRow
    document: TimeMapFile | None


def rank(
    media: str,
    collected: Collected,
    subtitles: Sequence[Path],
    *,
    params: AlignParams | None = None,
    language: str | None = None,
) -> tuple[Ranking, dict[str, TimeMapFile]]:
    """Order subtitles by how well they suit a copy.

    Questions in order; what differs first decides: may it be used; is it dialogue; is it in the
    language wanted; how much of the copy's speech does it cover (tenths); what must be undone
    (nothing, a constant offset, a speed, edits); how far do the starts of all its lines lie from
    the copy's, and how widely do durations scatter, once that is undone (hundredths of a second);
    how many lines do words confirm (tenths); confidence (hundredths); how much must a person
    confirm. Those that agree in all share a rank, and are in order of their names.

    Args:
        media: Name of the copy.
        collected: Its evidence. Subtitles that are themselves to be ranked are not evidence.
        subtitles: Files to rank.
        params: How to align.
        language: Language wanted, when one is.

    Returns:
        The ranking, and the time map of each file that could be aligned.
    """
    params = params or AlignParams()
    ranked = {p.resolve() for p in subtitles}
    evidences = [e for e in collected.evidences if not _is_one_of(e, ranked)]
    judged: list[_Judged] = [_unread(p, None) for p in subtitles]
    used: Evidence | None = None
    for evidence in evidences:
        judged = [_judge(p, evidence, media, params) for p in subtitles]
        used = evidence
        if any(j.row.usable for j in judged):
            break
    rows = _ordered([j.row for j in judged], language, used is not None)
    facts = _facts(used, judged)
    maps = {j.row.name: j.document for j in judged if j.document is not None}
    return Ranking(media, facts, rows, collected.missing), maps


def _is_one_of(evidence: Evidence, files: set[Path]) -> bool:
    return evidence.kind in ("given", "sidecar") and Path(evidence.name).resolve() in files


def _facts(used: Evidence | None, judged: Sequence[_Judged]) -> dict[str, str | None]:
    if used is None:
        return {"kind": "none", "name": None, "detector": None}
    documents = [j.document for j in judged if j.document is not None]
    detector = next((str(d.evidence["detector"]) for d in documents if "detector" in d.evidence), None)
    return {"kind": used.kind, "name": used.name, "detector": detector}


def _unread(path: Path, error: Exception | None) -> _Judged:
    reason = "no_evidence" if error is None else "unreadable_subtitle"
    why = explain(reason) if error is None else str(error)
    return _Judged(RankRow(None, str(path), False, reasons=(reason,), why=why), None)


def _judge(path: Path, evidence: Evidence, media: str, params: AlignParams) -> _Judged:
    try:
        kind = read_subtitles(path).kind
        track = track_of_file(path)
        document = solve(track, (evidence,), media=media, params=params)
    except (SubtitleError, AlignmentError) as error:
        return _unread(path, error)
    reasons = document.reasons if kind == "dialogue" else (*document.reasons, "not_dialogue")
    present = [line for line in document.lines if line.present]
    starts = _start_spread(document, sum(bool(line.text.strip()) for line in track.lines))
    hits = document.evidence.get("text_hits")
    row = RankRow(
        rank=None,
        name=str(path),
        usable=document.accepted and kind == "dialogue",
        verdict=document.verdict,
        confidence=document.confidence,
        offset_s=document.segments[0].offset if document.segments else None,
        scale=document.scale,
        edits=max(0, len(document.segments) - 1),
        lines=len(document.lines),
        present=len(present) / max(1, len(document.lines)),
        covers=_covers(document, evidence, track),
        start_spread_s=starts,
        duration_spread_s=_mad(document.discrepancy.duration),
        text_hits=float(hits) if isinstance(hits, (int, float)) and evidence.cues else None,
        language=track.language,
        kind=kind,
        review=len(document.needs_review),
        reasons=reasons,
    )
    return _Judged(row, document)


def _undone(verdict: str | None, offset_s: float | None) -> int:
    """How much must be undone before the subtitle can be used: the more, the worse."""
    if verdict == "translation" and offset_s is not None and abs(offset_s) < _IN_STEP_S:
        return 0
    return _EASE.get(verdict or "", 4)


def _start_spread(document: TimeMapFile, spoken: int) -> float | None:
    """Mean distance of the starts of all spoken lines from the copy's, once what must be is undone.

    The discrepancy series has only the lines that lie near one of the copy's; the others count, too.
    """
    series, pieces = document.discrepancy, sorted(document.segments, key=lambda s: s.anno_start)
    if not series.anno_time or not pieces:
        return None
    as_is = _undone(document.verdict, pieces[0].offset) == 0
    begins = [p.anno_start for p in pieces]
    away = _APART_S * max(0, spoken - len(series.anno_time))
    for t, d in zip(series.anno_time, series.start, strict=True):
        piece = pieces[max(0, bisect_right(begins, t) - 1)]
        undone = 0.0 if as_is else (piece.scale - 1.0) * t + piece.offset
        away += min(_APART_S, abs(d - undone))
    return away / max(spoken, len(series.anno_time))


def _mad(values: Sequence[float]) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    away = sorted(abs(v - middle) for v in values)
    return away[len(away) // 2]


def _covers(document: TimeMapFile, evidence: Evidence, track: AnnotationTrack) -> float:
    """Share of the copy's speech for which the subtitle has a line."""
    if document.verdict == "wrong_film":
        return 0.0
    spans = sorted(
        (line.start, line.end)
        for line, ref in zip(document.lines, track.lines, strict=True)
        if line.present and ref.text.strip()
    )
    merged = _merged(spans)
    if evidence.cues:
        spoken = [(c.start_s, c.end_s) for c in evidence.cues if c.text.strip() and c.end_ms > c.start_ms]
        held = [min(1.0, _overlap(a, b, merged) / (b - a)) >= 0.25 for a, b in spoken]
        return sum(held) / max(1, len(held))
    activity = evidence.sound.activity() if evidence.sound is not None else None
    return 0.0 if activity is None else _heard(activity, merged)


def _merged(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    out: list[tuple[float, float]] = []
    for a, b in spans:
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], b))
        else:
            out.append((a, b))
    return out


def _overlap(start: float, end: float, merged: Sequence[tuple[float, float]]) -> float:
    k = max(0, bisect_right(merged, (start,)) - 1)
    total = 0.0
    while k < len(merged) and merged[k][0] < end:
        total += max(0.0, min(end, merged[k][1]) - max(start, merged[k][0]))
        k += 1
    return total


def _heard(activity: Activity, merged: Sequence[tuple[float, float]]) -> float:
    """Share of the speech that was heard which lies under a line."""
    total = sum(activity.probability)
    under = 0.0
    for a, b in merged:
        low = max(0, int((a - activity.start_s) / activity.step_s))
        high = max(low, int((b - activity.start_s) / activity.step_s))
        under += sum(activity.probability[low:high])
    return min(1.0, under / total) if total > 0 else 0.0


#: A question of the order: the lower answer is better.
Answer = tuple[float, ...]


def _answers(row: RankRow, language: str | None) -> Answer:
    wanted = language is not None and row.language is not None and same_language(row.language, language)
    return (
        float(not row.usable),
        float(row.kind != "dialogue"),
        float(language is not None and not wanted),
        -round(row.covers, 1),
        float(_undone(row.verdict, row.offset_s)),
        _step(row.start_spread_s),
        _step(row.duration_spread_s),
        -round(row.text_hits or 0.0, 1),
        -round(row.confidence, 2),
        float(row.review),
    )


def _step(spread: float | None) -> float:
    return 99.0 if spread is None else round(spread, 2)


def _ordered(rows: Sequence[RankRow], language: str | None, compared: bool) -> tuple[RankRow, ...]:
    """Rows in order, with ranks and reasons, whatever their order was; those of no use last."""
    rows = sorted(rows, key=lambda r: r.name)
    good = sorted((r for r in rows if r.usable), key=lambda r: _answers(r, language))
    out: list[RankRow] = []
    for k, row in enumerate(good):
        tied = k > 0 and _answers(row, language) == _answers(good[k - 1], language)
        place = out[-1].rank if tied else k + 1
        out.append(replace(row, rank=place, why=_first_place(good) if k == 0 else ""))
    for k, (above, row) in enumerate(pairwise(good), start=1):
        out[k] = replace(out[k], why=_lost(row, above, language))
    bad = [r for r in rows if not r.usable]
    bad.sort(key=lambda r: -r.confidence if compared else 0.0)
    return (*out, *(replace(r, why=r.why or _refused(r)) for r in bad))


def _first_place(good: Sequence[RankRow]) -> str:
    row = good[0]
    said = f"covers {row.covers:.0%} of the speech; {_change(row)}"
    if row.start_spread_s is not None:
        said += f"; starts lie {row.start_spread_s:.2f} s off"
    return said


def _change(row: RankRow) -> str:
    if row.verdict == "segments":
        return f"{row.edits} edits to undo"
    if row.verdict == "speed":
        return "another speed to undo"
    if _undone(row.verdict, row.offset_s) and row.offset_s is not None:
        return f"a constant offset to undo, {row.offset_s:+.2f} s"
    return "nothing to undo"


def _lost(row: RankRow, above: RankRow, language: str | None) -> str:
    """The first question at which a row did worse than the one above it."""
    name = Path(above.name).name
    sentences = (
        "",
        f"not dialogue ({row.kind})",
        f"in {row.language or 'an unknown language'}, not in the one wanted",
        f"covers {row.covers:.0%} of the speech, {name} {above.covers:.0%}",
        f"{_change(row)}; {name}: {_change(above)}",
        f"starts lie {_seconds(row.start_spread_s)} off, those of {name} {_seconds(above.start_spread_s)}",
        f"durations scatter by {_seconds(row.duration_spread_s)}, those of {name} by "
        f"{_seconds(above.duration_spread_s)}",
        f"words confirm {row.text_hits or 0:.0%} of its lines, {above.text_hits or 0:.0%} of {name}",
        f"confidence {row.confidence:.2f}, {name} {above.confidence:.2f}",
        f"{row.review} things to confirm, {name} {above.review}",
    )
    mine, other = _answers(row, language), _answers(above, language)
    for said, a, b in zip(sentences, mine, other, strict=True):
        if a != b:
            return said
    return f"equal to {name} in every question: take either"


def _seconds(spread: float | None) -> str:
    return "an unknown amount" if spread is None else f"{spread:.2f} s"


def _refused(row: RankRow) -> str:
    if "not_dialogue" in row.reasons:
        return f"not dialogue: {row.kind}"
    return "; ".join(explain(code) for code in row.reasons) or "refused"
