"""The worker: one title, from its candidate files to committed clips and receipt rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import AlignmentError, MediaError, MediaNotFound, MmdiaError, UsageError
from mmdia.media.probe import media_hash
from mmdia.rebuild.clips import ClipBatch, cut_batch
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.match import Candidate
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.windows import Placed, place
from mmdia.schema.cue import Cue
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.reasons import tally
from mmdia.schema.receipt import TitleReceipt
from mmdia.schema.time import TimeMap
from mmdia.schema.timemap import LineRow, TimeMapFile
from mmdia.schema.title import Title
from mmdia.store.digest import params_hash
from mmdia.sync.annotation import AnnotationTrack, track_of_title
from mmdia.sync.evidence import Evidence, gather
from mmdia.sync.timemap import AlignParams, identity_map, read_timemap, solve, write_timemap

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Copy:
    """One candidate file with its time map.

    Attributes:
        candidate: The file.
        path: Its full path.
        map_file: The time map, accepted or not.
        map_path: Where the map is written, relative to the output folder.
        time_map: The map as a value, cut to the candidate's range; empty when refused.
    """

    candidate: Candidate
    path: Path
    map_file: TimeMapFile
    map_path: str
    time_map: TimeMap


@dataclass
class _Findings:
    """What was learned about the candidates."""

    copies: list[Copy]
    reasons: list[str]
    messages: list[str]


def _media_reason(error: MmdiaError) -> str:
    text = str(error).lower()
    if isinstance(error, MediaNotFound):
        return "missing_media"
    if "git lfs" in text or "git-lfs" in text:
        return "lfs_pointer"
    return "truncated_media" if "truncated" in text or "incomplete" in text else "invalid_media"


def _map_name(job: TitleJob, candidate: Candidate) -> str:
    part = "" if candidate.part is None else f".p{candidate.part}"
    return f"timemaps/{job.title_name}{part}.json"


def _range_of(evidence: Evidence, candidate: Candidate) -> Evidence:
    """Only the cues of the candidate's range on its file."""
    low, high = candidate.start_ms, candidate.end_ms
    if low is None and high is None:
        return evidence

    def inside(cue: Cue) -> bool:
        return (low is None or cue.end_ms > low) and (high is None or cue.start_ms < high)

    cues = tuple(c for c in evidence.cues if inside(c))
    digest = params_hash([evidence.digest, low, high])
    return Evidence(evidence.kind, evidence.name, cues, evidence.language, digest)


def _clip_to_range(time_map: TimeMap, candidate: Candidate) -> TimeMap:
    if candidate.start_ms is None and candidate.end_ms is None:
        return time_map
    low = -1e7 if candidate.start_ms is None else candidate.start_ms / 1000
    high = 1e7 if candidate.end_ms is None else candidate.end_ms / 1000
    return time_map.invert().clip(low, high).invert()


def _given_map(job: TitleJob, candidate: Candidate) -> TimeMapFile:
    path = Path(job.timemap) / Path(_map_name(job, candidate)).name
    found = read_timemap(path)
    if found is None:
        raise UsageError("no usable time map for this title", path=path)
    return found


def _map_of(
    job: TitleJob, track: AnnotationTrack, candidate: Candidate, path: Path, title: Title
) -> TimeMapFile:
    cached = Path(job.out) / _map_name(job, candidate)
    if job.timemap == "identity":
        made = identity_map(track, candidate.path)
    elif job.timemap != "align":
        made = _given_map(job, candidate)
    else:
        params = AlignParams(policy=job.policy, min_confidence=job.min_confidence)
        evidences = tuple(_range_of(e, candidate) for e in gather(path, language=title.language))
        usable = tuple(e for e in evidences if e.cues)
        return solve(track, usable, media=candidate.path, params=params, cached=cached)
    write_timemap(cached, made)
    return made


def _examine(job: TitleJob, track: AnnotationTrack, title: Title) -> _Findings:
    """Make time maps of the candidates: parts all, alternatives until one is accepted."""
    found = _Findings([], [], [])
    for candidate in job.candidates:
        path = Path(job.media_dir) / candidate.path
        try:
            made = _map_of(job, track, candidate, path, title)
        except MediaError as error:
            found.reasons.append(_media_reason(error))
            found.messages.append(str(error))
            continue
        time_map = _clip_to_range(made.time_map(), candidate) if made.accepted else TimeMap()
        found.copies.append(Copy(candidate, path, made, _map_name(job, candidate), time_map))
        if made.accepted and candidate.part is None:
            break
    return found


def _choose(found: _Findings) -> list[Copy]:
    """The copies to cut from: every accepted part, or the first accepted file."""
    accepted = [c for c in found.copies if c.map_file.accepted]
    parts = [c for c in accepted if c.candidate.part is not None]
    return parts or accepted[:1]


def _lines_of(copy: Copy) -> dict[tuple[str, int], LineRow]:
    return {
        (row.dialogue_id, row.turn): row
        for row in copy.map_file.lines
        if row.dialogue_id is not None and row.turn is not None
    }


def _place_all(
    job: TitleJob, dialogues: list[Dialogue], copies: list[Copy]
) -> tuple[dict[int, list[tuple[Dialogue, Placed]]], dict[str, str]]:
    """Dialogues by copy, and reason codes of those that no copy holds whole."""
    chosen: dict[int, list[tuple[Dialogue, Placed]]] = {}
    refused: dict[str, str] = {}
    lines = [_lines_of(copy) for copy in copies]
    for dialogue in dialogues:
        codes = []
        for k, copy in enumerate(copies):
            placed = place(dialogue, copy.time_map, lines[k], job.clip, job.min_confidence)
            if isinstance(placed, Placed):
                chosen.setdefault(k, []).append((dialogue, placed))
                break
            codes.append(placed)
        else:
            spans = len(copies) > 1 and codes.count("edit_inside") > 1
            refused[dialogue.dialogue_id] = "spans_parts" if spans else codes[0]
    return chosen, refused


def rebuild_title(job: TitleJob, report: Report) -> dict[str, Any]:
    """Rebuild one title.

    Args:
        job: What to do.
        report: Takes events; finished receipt rows travel in their ``rows``.

    Returns:
        The title's receipt row.

    Raises:
        StoreError: The output cannot be written.
    """
    started = time.monotonic()
    title = Title.from_row(job.title)
    dialogues = [Dialogue.from_json(text) for text in job.dialogues]
    report({"event": "start", "dialogues": len(dialogues)})
    try:
        track = track_of_title(Path(job.release), title, dialogues)
        found = _examine(job, track, title)
    except AlignmentError as error:
        found = _Findings([], ["no_span"], [str(error)])
    copies = _choose(found)
    if not copies:
        return _refuse_title(job, dialogues, found, report, started)
    chosen, refused = _place_all(job, dialogues, copies)
    _tell_refused(job, refused, report)
    counts: dict[str, int] = {"refused": len(refused)} if refused else {}
    for k, placed in chosen.items():
        for status, n in _cut_copy(job, copies[k], placed, report).items():
            counts[status] = counts.get(status, 0) + n
    best = copies[0]
    return _title_row(job, best, found, counts, time.monotonic() - started)


def _tell_refused(job: TitleJob, refused: dict[str, str], report: Report) -> None:
    rows = []
    for i, code in refused.items():
        discard(Path(job.out), job.previous.get(i, {}))
        rows.append(
            plain_row(
                i, job.title["title_id"], "refused", (code,), annotation_version=job.annotation_version
            )
        )
    if rows:
        report({"event": "clip", "rows": rows, "n": len(rows)})


def _refuse_title(
    job: TitleJob, dialogues: list[Dialogue], found: _Findings, report: Report, started: float
) -> dict[str, Any]:
    """No candidate can be used: every dialogue says why."""
    reasons = list(dict.fromkeys([r for c in found.copies for r in c.map_file.reasons] + found.reasons))
    if not reasons:
        reasons = ["wrong_film"]
    message = "; ".join(found.messages) or None
    rows = [
        plain_row(
            d.dialogue_id,
            d.title_id,
            "refused",
            reasons,
            message=message,
            annotation_version=job.annotation_version,
        )
        for d in dialogues
    ]
    for d in dialogues:
        discard(Path(job.out), job.previous.get(d.dialogue_id, {}))
    report({"event": "clip", "rows": rows, "n": len(rows)})
    best = max(found.copies, key=lambda c: c.map_file.confidence, default=None)
    seconds = time.monotonic() - started
    if best is not None:
        return _title_row(job, best, found, {"refused": len(rows)}, seconds)
    return TitleReceipt(
        title_id=job.title["title_id"],
        file=job.candidates[0].path,
        how=job.candidates[0].how,
        reasons=tuple(reasons),
        message=message,
        counts={"refused": len(rows)},
        seconds=round(seconds, 3),
    ).to_row(nulls=True)


def _title_row(
    job: TitleJob, best: Copy, found: _Findings, counts: dict[str, int], seconds: float
) -> dict[str, Any]:
    document = best.map_file
    return TitleReceipt(
        title_id=job.title["title_id"],
        file=best.candidate.path,
        part=best.candidate.part,
        how=best.candidate.how,
        timemap=best.map_path,
        verdict=document.verdict,
        confidence=document.confidence,
        evidence=str(document.evidence.get("kind", "given")),
        scale=document.scale,
        offset=document.segments[0].offset if document.segments else None,
        reasons=tuple(dict.fromkeys([*document.reasons, *found.reasons])),
        message="; ".join(found.messages) or None,
        counts=dict(sorted(counts.items())),
        seconds=round(seconds, 3),
    ).to_row(nulls=True)


def _cut_copy(
    job: TitleJob, copy: Copy, placed: list[tuple[Dialogue, Placed]], report: Report
) -> dict[str, int]:
    """Cut what is not there yet; returns dialogues by status."""
    identity = media_hash(copy.path)
    keys = {
        d.dialogue_id: params_hash(
            [job.clip.digest(), identity, [p.start_s, p.end_s], [[s.turn, s.media_s] for s in p.stills]]
            + [list(t) if t else None for t in p.turns]
        )
        for d, p in placed
    }
    todo, kept = [], 0
    for dialogue, place_ in placed:
        row = job.previous.get(dialogue.dialogue_id)
        current = row is not None and row.get("status") == "built"
        if (
            current
            and row
            and row.get("params_hash") == keys[dialogue.dialogue_id]
            and is_there(Path(job.out), row)
        ):
            kept += 1
        else:
            todo.append((dialogue, place_))
    if kept:
        report({"event": "clip", "kept": kept, "n": kept})
    rows: list[dict[str, Any]] = []

    def finished(row: dict[str, Any]) -> None:
        rows.append(row)
        report({"event": "clip", "rows": [row], "n": 1})

    if todo:
        cut_batch(ClipBatch(job, copy.candidate, copy.path, identity, keys, tuple(todo)), finished)
    counts = tally(row["status"] for row in rows)
    if kept:
        counts["built"] = counts.get("built", 0) + kept
    return counts
