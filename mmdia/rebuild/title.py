"""The worker: one title, from its candidate files to committed clips and receipt rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmdia.errors import AlignmentError
from mmdia.media.probe import media_hash
from mmdia.rebuild.candidates import Copy, Findings, choose, examine
from mmdia.rebuild.clips import ClipBatch, cut_batch
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.windows import Placed, place
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import TitleFile, TitleReceipt
from mmdia.schema.timemap import LineRow
from mmdia.schema.title import Title
from mmdia.store.digest import params_hash
from mmdia.sync.annotation import track_of_title

Report = Callable[[dict[str, Any]], None]


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
        track = track_of_title(Path(job.release), title, dialogues, file_name=job.title_name)
        found = examine(job, track, title)
    except AlignmentError as error:
        found = Findings([], ["no_span"], [str(error)])
    copies = choose(found)
    if not copies:
        return _refuse_title(job, dialogues, found, report, started)
    chosen, refused = _place_all(job, dialogues, copies)
    _tell_refused(job, refused, report)
    for k, placed in chosen.items():
        _cut_copy(job, copies[k], placed, report)
    return _title_row(job, copies[0], found, time.monotonic() - started)


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
    job: TitleJob, dialogues: list[Dialogue], found: Findings, report: Report, started: float
) -> dict[str, Any]:
    """No candidate can be used: every dialogue says why.

    Clips of an earlier run are deleted only when the film was looked at and is another one; a
    drive that is away, or subtitles that are, say nothing about them.
    """
    reasons = list(dict.fromkeys([r for c in found.copies for r in c.map_file.reasons] + found.reasons))
    reasons = reasons or ["wrong_film"]
    away = not found.copies and set(reasons) == {"missing_media"}
    message = "; ".join(found.messages) or None
    rows, kept = [], []
    for d in dialogues:
        before = job.previous.get(d.dialogue_id)
        if "wrong_film" in reasons:
            discard(Path(job.out), before or {})
        elif before is not None and before.get("status") == "built" and is_there(Path(job.out), before):
            kept.append(d.dialogue_id)
            continue
        status = "missing_media" if away else "refused"
        version = job.annotation_version
        rows.append(
            plain_row(
                d.dialogue_id, d.title_id, status, reasons, message=message, annotation_version=version
            )
        )
    report({"event": "clip", "rows": rows, "kept": kept, "n": len(dialogues)})
    best = max(found.copies, key=lambda c: c.map_file.confidence, default=None)
    seconds = time.monotonic() - started
    if best is not None:
        return _title_row(job, best, found, seconds)
    first = job.candidates[0]
    return TitleReceipt(
        title_id=job.title["title_id"],
        file=first.path,
        part=first.part,
        how=first.how,
        reasons=tuple(reasons),
        message=message,
        seconds=round(seconds, 3),
    ).to_row(nulls=True)


def _title_row(job: TitleJob, best: Copy, found: Findings, seconds: float) -> dict[str, Any]:
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
        files=tuple(
            TitleFile(
                path=c.candidate.path,
                part=c.candidate.part,
                timemap=c.map_path,
                verdict=c.map_file.verdict,
                confidence=c.map_file.confidence,
            )
            for c in found.copies
        ),
        seconds=round(seconds, 3),
    ).to_row(nulls=True)


def _cut_copy(job: TitleJob, copy: Copy, placed: list[tuple[Dialogue, Placed]], report: Report) -> None:
    """Cut what is not there yet."""
    identity = media_hash(copy.path)
    keys = {
        d.dialogue_id: params_hash(
            [job.clip.digest(), identity, [p.start_s, p.end_s], [[s.turn, s.media_s] for s in p.stills]]
            + [list(t) if t else None for t in p.turns]
        )
        for d, p in placed
    }
    batch = ClipBatch(job, copy.candidate, copy.path, identity, keys, tuple(placed))
    todo: list[tuple[Dialogue, Placed]] = []
    kept, renewed = [], []
    for dialogue, place_ in placed:
        i = dialogue.dialogue_id
        row = job.previous.get(i)
        made = row is not None and row.get("status") == "built" and row.get("params_hash") == keys[i]
        if not made or row is None or not is_there(Path(job.out), row):
            todo.append((dialogue, place_))
            continue
        kept.append(i)
        # The clip is the same; where its film lies now and which release asks may have changed.
        now = {**row, "media": batch.media_fact(), "annotation_version": job.annotation_version}
        if now != row:
            renewed.append(now)
    if kept:
        report({"event": "clip", "kept": kept, "rows": renewed, "n": len(kept)})
    if todo:
        rest = replace(batch, placed=tuple(todo))
        cut_batch(rest, lambda row: report({"event": "clip", "rows": [row], "n": 1}))
