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
from mmdia.rebuild.config import ClipParams, TitleJob
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.kept import as_asked, marked, options_hash
from mmdia.rebuild.pack import pack_title
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.sound_check import check_sound
from mmdia.rebuild.sound_track import TrackChoice, choose_track
from mmdia.rebuild.source import open_source
from mmdia.rebuild.title_row import title_row, unopened_row
from mmdia.rebuild.windows import Placed, place
from mmdia.schema.dialogue import Dialogue, nominal_span_ms
from mmdia.schema.timemap import LineRow
from mmdia.schema.title import Title
from mmdia.store.digest import params_hash
from mmdia.sync.annotation import track_of_title

#: Refusals by the user's own rule: asked for anew, they undo what a laxer run built.
_BY_RULE = frozenset({"low_confidence", "not_translation"})

Report = Callable[[dict[str, Any]], None]


def _lines_of(copy: Copy) -> dict[tuple[str, int], LineRow]:
    return {
        (row.dialogue_id, row.turn): row
        for row in copy.map_file.lines
        if row.dialogue_id is not None and row.turn is not None
    }


def place_all(
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


class _Rows:
    """The rows of a title as they stand, while events pass on their way to the supervisor."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.rows: dict[str, dict[str, Any]] = {}

    def __call__(self, event: dict[str, Any]) -> None:
        self.rows.update((row["dialogue_id"], row) for row in event.get("rows", ()))
        self._report(event)

    def phase(self, name: str) -> None:
        """Say what is being done."""
        self._report({"event": "phase", "phase": name})

    def built(self) -> list[dict[str, Any]]:
        """Rows whose clips are there."""
        return [row for row in self.rows.values() if row["status"] == "built"]


def rebuild_title(job: TitleJob, report: Report) -> dict[str, Any]:
    """Rebuild one title.

    Args:
        job: What to do.
        report: Takes events; finished receipt rows travel in their ``rows``.

    Returns:
        The title's receipt row.

    Raises:
        StoreError: The output cannot be written.
        MissingExtra: A check was asked for whose engine is not installed.
    """
    started = time.monotonic()
    title = Title.from_row(job.title)
    dialogues = [Dialogue.from_json(text) for text in job.dialogues]
    rows = _Rows(report)
    report({"event": "start", "dialogues": len(dialogues), "clip_s": _seconds(dialogues)})
    rows.phase("align")
    source = open_source(job.media_dir, job.scratch)
    try:
        try:
            track = track_of_title(Path(job.release), title, dialogues, file_name=job.title_name)
            found = examine(job, track, title, source)
        except AlignmentError as error:
            found = Findings([], ["no_span"], [str(error)])
        copies = choose(found)
        if not copies:
            return _refuse_title(job, dialogues, found, rows, started)
        chosen, refused = place_all(job, dialogues, copies)
        _tell_refused(job, refused, rows)
        rows.phase("cut")
        tracks = [choose_track(copy.path, title, job.clip.audio_track) for copy in copies]
        for k, placed in chosen.items():
            _cut_copy(job, copies[k], tracks[k], placed, rows)
    finally:
        source.close()
    speech, reasons = check_sound(job, title, dialogues, rows.built(), rows)
    rows.phase("pack")
    pack_title(job, list(rows.rows.values()), rows)
    return title_row(
        job,
        copies[0],
        found,
        time.monotonic() - started,
        track=tracks[0],
        speech=speech,
        reasons=reasons,
    )


def _seconds(dialogues: list[Dialogue]) -> float:
    """Seconds of clips that a title may give."""
    spans = [nominal_span_ms(d) for d in dialogues]
    return sum(b - a for a, b in filter(None, spans)) / 1000


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
    job: TitleJob, dialogues: list[Dialogue], found: Findings, report: _Rows, started: float
) -> dict[str, Any]:
    """No candidate can be used: every dialogue says why.

    Clips of an earlier run are deleted only when the film was looked at and is another one; a
    drive that is away, or subtitles that are, say nothing about them. A clip that was made by other
    options stays and says so, unless a stricter rule than then refuses it.
    """
    reasons = list(dict.fromkeys([r for c in found.copies for r in c.map_file.reasons] + found.reasons))
    reasons = reasons or ["wrong_film"]
    away = not found.copies and set(reasons) == {"missing_media"}
    message = "; ".join(found.messages) or None
    rows, kept = [], []
    options = options_hash(job.clip, job.policy, job.min_confidence)
    for d in dialogues:
        before = job.previous.get(d.dialogue_id)
        stricter = not _BY_RULE.isdisjoint(reasons) and before and not as_asked(before, options)
        if "wrong_film" in reasons or stricter:
            discard(Path(job.out), before or {})
        elif before is not None and before.get("status") == "built" and is_there(Path(job.out), before):
            kept.append(d.dialogue_id)
            now = marked(before, options)
            rows += [now] if now is not before else []
            continue
        status = "missing_media" if away else "refused"
        version = job.annotation_version
        rows.append(
            plain_row(
                d.dialogue_id, d.title_id, status, reasons, message=message, annotation_version=version
            )
        )
    report({"event": "clip", "rows": rows, "kept": kept, "n": len(dialogues)})
    pack_title(job, list(report.rows.values()), report)  # what is kept changes its layout, too
    best = max(found.copies, key=lambda c: c.map_file.confidence, default=None)
    seconds = time.monotonic() - started
    if best is not None:
        return title_row(job, best, found, seconds)
    return unopened_row(job, reasons, message, seconds)


def clip_key(clip: ClipParams, identity: str, placed: Placed, track: TrackChoice) -> str:
    """Identity of a clip: same key, same clip. `identity` is that of the film."""
    return params_hash(
        [clip.digest(), identity, [placed.start_s, placed.end_s]]
        + [[[still.turn, still.media_s] for still in placed.stills]]
        + [list(turn) if turn else None for turn in placed.turns]
        + [track.number, track.refusal, str(placed.speed)]
    )


def _cut_copy(
    job: TitleJob, copy: Copy, track: TrackChoice, placed: list[tuple[Dialogue, Placed]], report: _Rows
) -> None:
    """Cut what is not there yet."""
    identity = media_hash(copy.path)
    keys = {d.dialogue_id: clip_key(job.clip, identity, p, track) for d, p in placed}
    batch = ClipBatch(
        job, copy.candidate, copy.path, identity, keys, tuple(placed), track, copy.duration_s
    )  # fmt: skip
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
        report.rows[i] = row
        # The clip is the same; where its film lies now and which release asks may have changed.
        now = marked({**row, **batch.asked_now()}, batch.options())
        if now != row:
            renewed.append(now)
    if kept:
        report({"event": "clip", "kept": kept, "rows": renewed, "n": len(kept)})
    if todo:
        rest = replace(batch, placed=tuple(todo))
        cut_batch(rest, lambda row: report({"event": "clip", "rows": [row], "n": 1}))
