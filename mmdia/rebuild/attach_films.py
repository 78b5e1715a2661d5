"""Where the dialogues of a release lie in a folder of films: matched and aligned, nothing cut.

The same steps as a rebuild takes, kept under the home folder as receipts without files. A title is
looked at again only when its candidate files have changed, so adding a film costs that film alone.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import content_id, mmdia_home
from mmdia.corpus.receipts import RECEIPT_FILE
from mmdia.errors import AlignmentError, MediaError, UsageError, WindowOutside
from mmdia.media.index_cache import cached_index
from mmdia.media.probe import media_hash
from mmdia.media.window import reach, snap
from mmdia.rebuild.attach_rows import TITLES_FILE
from mmdia.rebuild.candidates import Copy, Findings, choose, examine
from mmdia.rebuild.config import ClipParams, RebuildConfig, TitleJob
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.plan import Plan, make_plan, title_jobs
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.sound_track import TrackChoice, choose_track
from mmdia.rebuild.source import MediaSource, open_source
from mmdia.rebuild.title import place_all
from mmdia.rebuild.title_row import title_row, unopened_row
from mmdia.rebuild.windows import Placed, padded, turn_facts
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import TitleReceipt
from mmdia.schema.title import Title
from mmdia.store.atomic import atomic_write, make_folder, write_json
from mmdia.store.digest import params_hash
from mmdia.store.lock import exclusive
from mmdia.sync.annotation import track_of_title

Row = dict[str, Any]
_VERSION = 1
_WAIT_S = 3600.0


def locate_in_films(
    films: str | Path, annotations: str | Path | None = None, clip: ClipParams | None = None
) -> Path:
    """Place every dialogue of a release on the films of a folder.

    Args:
        films: The folder of films.
        annotations: The release; None takes the usual order.
        clip: Padding, extension, sound track and speed; the rest has no meaning here.

    Returns:
        A folder with ``receipt.jsonl`` and ``titles.jsonl`` whose rows name films and no files.

    Raises:
        MediaNotFound: There is no such folder.
        ReleaseError: The release cannot be used.
        StoreError: The home folder cannot be written.
    """
    clip = clip or ClipParams()
    place = Path(films).expanduser().absolute()
    config = RebuildConfig(
        place, Path(), None if annotations is None else str(annotations), clip=clip, jobs=0
    )
    plan = make_plan(config)
    key = params_hash([_VERSION, content_id(plan.handle), str(place), clip.digest()])[:20]
    out = mmdia_home() / "attached" / key
    make_folder(out / "titles")
    with exclusive(out / "lock", wait_s=_WAIT_S):
        _locate(plan, RebuildConfig(place, out, config.annotations, clip=clip, jobs=0), out)
    return out


def _locate(plan: Plan, config: RebuildConfig, out: Path) -> None:
    rows: dict[str, Row] = {row["dialogue_id"]: row for row in plan.settled}
    titles: list[Row] = []
    source = open_source(config.media_dir)
    found: set[str] = set()
    try:
        for task in title_jobs(plan, config, Ledger(out)):
            made = _kept_or_made(task.payload, source, out)
            titles.append(made["title"])
            rows.update((row["dialogue_id"], row) for row in made["rows"])
            found.add(task.key)
    finally:
        source.close()
    for title_id in plan.work:
        if title_id not in found:
            version = plan.annotation_version
            rows.update(
                (i, plain_row(i, title_id, "missing_media", ("missing_media",), annotation_version=version))
                for i in plan.ids[title_id]
            )
            titles.append(TitleReceipt(title_id=title_id, reasons=("missing_media",)).to_row(nulls=True))
    _write(out / RECEIPT_FILE, [rows[i] for i in plan.order if i in rows])
    _write(out / TITLES_FILE, titles)


def _write(path: Path, rows: list[Row]) -> None:
    """Write rows, unless they stand there already: who reads them need not read anew."""
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if path.is_file() and path.read_bytes() == content:
        return
    with atomic_write(path) as file:
        file.write(content)


def _kept_or_made(job: TitleJob, source: MediaSource, out: Path) -> Row:
    """What was found of a title before, while its files are the same; else found now."""
    identity = params_hash([job.annotation_version, [_stat(job, c.path) for c in job.candidates]])
    path = out / "titles" / f"{job.title_name}.json"
    try:
        kept = json.loads(path.read_bytes())
        if kept["identity"] == identity:
            return dict(kept)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    made = {"identity": identity, **_look(job, source)}
    write_json(path, made)
    return made


def _stat(job: TitleJob, relative: str) -> list[Any]:
    """A candidate and what lies beside it: subtitles decide the alignment."""
    path = Path(job.media_dir) / relative
    try:
        beside = sorted(p for p in path.parent.iterdir() if p.name.startswith(path.stem.split(".")[0]))
        facts = [[p.name, os.stat(p).st_size, os.stat(p).st_mtime_ns] for p in beside]
    except OSError:
        facts = []
    return [relative, facts]


def _look(job: TitleJob, source: MediaSource) -> Row:
    title = Title.from_row(job.title)
    dialogues = [Dialogue.from_json(text) for text in job.dialogues]
    try:
        track = track_of_title(Path(job.release), title, dialogues, file_name=job.title_name)
        found = examine(job, track, title, source)
    except AlignmentError as error:
        found = Findings([], ["no_span"], [str(error)])
    copies = choose(found)
    if not copies:
        return _refused(job, dialogues, found)
    chosen, refused = place_all(job, dialogues, copies)
    rows = [_refusal(job, i, (code,)) for i, code in refused.items()]
    tracks = [choose_track(copy.path, title, job.clip.audio_track) for copy in copies]
    for k, placed in chosen.items():
        rows += _placed_rows(job, copies[k], tracks[k], placed)
    return {"title": title_row(job, copies[0], found, 0.0, track=tracks[0]), "rows": rows}


def _refused(job: TitleJob, dialogues: list[Dialogue], found: Findings) -> Row:
    codes = dict.fromkeys([*(r for c in found.copies for r in c.map_file.reasons), *found.reasons])
    reasons = tuple(codes) or ("wrong_film",)
    best = max(found.copies, key=lambda c: c.map_file.confidence, default=None)
    message = "; ".join(found.messages) or None
    row = title_row(job, best, found, 0.0) if best else unopened_row(job, reasons, message, 0.0)
    return {"title": row, "rows": [_refusal(job, d.dialogue_id, reasons) for d in dialogues]}


def _refusal(job: TitleJob, dialogue_id: str, reasons: tuple[str, ...], status: str = "refused") -> Row:
    title_id = job.title["title_id"]
    return plain_row(dialogue_id, title_id, status, reasons, annotation_version=job.annotation_version)


def _placed_rows(
    job: TitleJob, copy: Copy, track: TrackChoice, placed: list[tuple[Dialogue, Placed]]
) -> list[Row]:
    media = {
        "path": copy.candidate.path,
        "part": copy.candidate.part,
        "size": copy.path.stat().st_size,
        "hash": media_hash(copy.path),
    }
    lacks = () if track.refusal is None else (track.refusal,)
    rows = []
    try:
        index = cached_index(copy.path, job.cache, track.number)
    except MediaError:
        return [_refusal(job, d.dialogue_id, ("invalid_media",), "failed") for d, _ in placed]
    for dialogue, place in placed:
        span = padded(place, job.clip.pad_s, reach(index))
        try:
            window = snap(index, *span)
        except WindowOutside:
            rows.append(_refusal(job, dialogue.dialogue_id, ("outside_media",)))
            continue
        except UsageError:
            rows.append(_refusal(job, dialogue.dialogue_id, ("no_span",)))
            continue
        clip = {
            "nominal_start": span[0],
            "nominal_end": span[1],
            "media_start": window.start_s,
            "media_end": window.end_s,
            "lead_in": (span[0] - window.start_s) / float(place.speed),
            "scale": place.scale,
            "confidence": place.confidence,
            "restored": None if place.speed == 1 else float(place.speed),
        }
        turns = [turn.model_dump() for turn in turn_facts(place, window.start_s)]
        rows.append(
            plain_row(
                dialogue.dialogue_id, job.title["title_id"], "built", lacks,
                annotation_version=job.annotation_version, media=media, clip=clip, turns=turns,
            )
        )  # fmt: skip
    return rows
