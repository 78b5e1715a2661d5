"""Cutting the clips of one copy, committing their files, and writing their receipt rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, StoreError, UsageError
from mmdia.media.audio import AudioParams
from mmdia.media.cut import ClipRequest, ClipResult, cut_media
from mmdia.media.index_cache import cached_index
from mmdia.media.video import VideoParams
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.files import clip_path, discard, still_ending
from mmdia.rebuild.match import Candidate
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.windows import Placed, padded, turn_facts
from mmdia.schema.dialogue import Dialogue
from mmdia.store.atomic import commit, is_disk_full, make_folder, part_path

#: Error codes of the cutter that say the copy lacks something: refusals, not failures.
_REFUSED = frozenset({"outside_media", "no_audio", "no_video", "no_such_track"})

Span = tuple[float, float]
OnRow = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class ClipBatch:
    """The clips to cut from one file.

    Attributes:
        job: The title's job.
        candidate: The file as matched.
        path: Its full path.
        identity: Its content identity.
        keys: Parameter hash of each dialogue.
        placed: Dialogues with their places.
    """

    job: TitleJob
    candidate: Candidate
    path: Path
    identity: str
    keys: dict[str, str]
    placed: tuple[tuple[Dialogue, Placed], ...]

    def media_fact(self) -> dict[str, Any]:
        """The file, as the receipt has it."""
        return {
            "path": self.candidate.path,
            "part": self.candidate.part,
            "size": self.path.stat().st_size,
            "hash": self.identity,
        }


@dataclass(frozen=True)
class _Files:
    """Final paths of one dialogue's files, relative to the output folder."""

    audio: str | None
    video: str | None
    stills: tuple[str, ...]


def _files_of(job: TitleJob, dialogue_id: str, placed: Placed, lacks: frozenset[str]) -> _Files:
    """What is written: all that the profile wants, but for what the film does not have.

    A silent film still gives its picture (`video`, `all`), a film without a picture its sound
    (`all`). What was asked for by name and is not there stays asked for, and is refused.
    """
    name, params = job.names[dialogue_id], job.clip
    silent = "no_audio" in lacks and params.wants_video
    blind = "no_video" in lacks and params.profile == "all"
    return _Files(
        clip_path(job.title_name, name, ".flac") if params.wants_audio and not silent else None,
        clip_path(job.title_name, name, ".mp4") if params.wants_video and not blind else None,
        ()
        if blind
        else tuple(clip_path(job.title_name, name, still_ending(s.turn)) for s in placed.stills),
    )


def _request(out: Path, dialogue_id: str, placed: Placed, files: _Files, span: Span) -> ClipRequest:
    return ClipRequest(
        key=dialogue_id,
        start_s=span[0],
        end_s=span[1],
        audio_path=None if files.audio is None else part_path(out / files.audio),
        video_path=None if files.video is None else part_path(out / files.video),
        stills=tuple(
            (still.media_s, part_path(out / path))
            for still, path in zip(placed.stills, files.stills, strict=False)
        ),
    )


def _track(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.isdigit() else text


def cut_batch(batch: ClipBatch, on_row: OnRow) -> None:
    """Cut all clips of a batch; each row is reported after its files have their final names.

    Raises:
        StoreError: The disk is full or the output cannot be written.
    """
    job, out = batch.job, Path(batch.job.out)
    make_folder(out / "clips" / job.title_name)
    by_id = {d.dialogue_id: (d, p) for d, p in batch.placed}
    files: dict[str, _Files] = {}
    spans: dict[str, Span] = {}
    lacks: frozenset[str] = frozenset()
    left = dict.fromkeys(by_id)

    def finish(result: ClipResult) -> None:
        dialogue_id = str(result.key)
        dialogue, placed = by_id[dialogue_id]
        if result.error_code is None:
            row = _built(batch, dialogue, placed, files[dialogue_id], spans[dialogue_id], result)
            row["reasons"] = sorted(lacks) if job.clip.wants_video else []
            discard(out, job.previous.get(dialogue_id, {}), but=row)
        else:
            row = _not_built(batch, dialogue, result.error_code, result.message)
        left.pop(dialogue_id)
        on_row(row)

    try:
        index = cached_index(batch.path, job.cache, _track(job.clip.audio_track))
        missing = {"no_audio": index.audio is None, "no_video": index.video is None}
        lacks = frozenset(code for code, is_missing in missing.items() if is_missing)
        files.update({i: _files_of(job, i, p, lacks) for i, (_, p) in by_id.items()})
        spans.update({i: padded(p, job.clip.pad_s, index.duration_s) for i, (_, p) in by_id.items()})
        cut_media(
            batch.path,
            [_request(out, i, p, files[i], spans[i]) for i, (_, p) in by_id.items()],
            index=index,
            on_clip=finish,
            audio=AudioParams(job.clip.sample_rate, job.clip.channels),
            video=VideoParams(height=job.clip.height),
        )
    except StoreError as error:
        if is_disk_full(error):
            raise StoreError(
                "no space left on the device", path=out, hint="Free some space and run again."
            ) from error
        raise
    except (MediaError, UsageError) as error:
        # The film cannot be read (any further), or has no such audio track: what is left says so.
        code = "no_such_track" if isinstance(error, UsageError) else "decode_error"
        for dialogue_id in list(left):
            on_row(_not_built(batch, by_id[dialogue_id][0], code, str(error)))


def _not_built(batch: ClipBatch, dialogue: Dialogue, code: str, message: str) -> dict[str, Any]:
    discard(Path(batch.job.out), batch.job.previous.get(dialogue.dialogue_id, {}))
    return plain_row(
        dialogue.dialogue_id,
        dialogue.title_id,
        "refused" if code in _REFUSED else "failed",
        ("no_span" if code == "bad_window" else code,),
        message=message or None,
        annotation_version=batch.job.annotation_version,
        media=batch.media_fact(),
        params_hash=batch.keys[dialogue.dialogue_id],
    )


def _committed(out: Path, relative: str) -> int:
    """Give a file its final name; returns its size."""
    final = out / relative
    commit(part_path(final), final)
    return final.stat().st_size


def _built(
    batch: ClipBatch, dialogue: Dialogue, placed: Placed, files: _Files, span: Span, result: ClipResult
) -> dict[str, Any]:
    out, window = Path(batch.job.out), result.window
    if window is None:
        raise StoreError("the cutter reported a clip without a window", path=batch.path)
    audio = video = None
    if result.audio is not None and files.audio is not None:
        audio = {
            "path": files.audio,
            "sample_rate": result.audio.sample_rate,
            "n_samples": result.audio.n_samples,
            "sha256": result.audio.sha256,
            "channels": result.audio.channels,
            "channel_rule": result.audio.channel_rule,
            "bytes": _committed(out, files.audio),
        }
    if result.video is not None and files.video is not None:
        video = {
            "path": files.video,
            "fps": result.video.fps if result.video.constant_rate else None,
            "first_pts": result.video.first_pts,
            "n_frames": result.video.n_frames,
            "sha256": result.video.sha256,
            "bytes": _committed(out, files.video),
        }
    stills = [
        {
            "path": path,
            "turn": still.turn,
            "media_time": fact.media_time_s,
            "sha256": fact.sha256,
            "bytes": _committed(out, path),
        }
        for still, path, fact in zip(placed.stills, files.stills, result.stills, strict=False)
    ]
    start = float(window.start)
    return plain_row(
        dialogue.dialogue_id,
        dialogue.title_id,
        "built",
        annotation_version=batch.job.annotation_version,
        media=batch.media_fact(),
        clip={
            "nominal_start": span[0],
            "nominal_end": span[1],
            "media_start": start,
            "media_end": float(window.end),
            "lead_in": span[0] - start,
            "scale": placed.scale,
            "confidence": placed.confidence,
        },
        audio=audio,
        video=video,
        keyframes=stills,
        turns=turn_facts(placed, start),
        params_hash=batch.keys[dialogue.dialogue_id],
    )
