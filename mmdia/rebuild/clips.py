"""Cutting the clips of one copy, committing their files, and reporting their receipt rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, StoreError, UsageError, WindowOutside
from mmdia.media.audio import AudioParams
from mmdia.media.cut import ClipRequest, ClipResult, PartRequest, cut_media
from mmdia.media.index import MediaIndex
from mmdia.media.index_cache import cached_index
from mmdia.media.refusal import is_cut_off
from mmdia.media.video import VideoParams
from mmdia.media.window import Window, has_hole, numbered_tiles, reach
from mmdia.rebuild.clip_rows import ClipFiles, clip_facts, files_of
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.kept import marked, options_hash
from mmdia.rebuild.match import Candidate
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.sound_track import TrackChoice
from mmdia.rebuild.windows import Placed, TurnGroup, join_empty, padded, turn_groups
from mmdia.schema.dialogue import Dialogue
from mmdia.store.atomic import commit, is_disk_full, make_folder, part_path

#: Error codes of the cutter that say the copy lacks something: refusals, not failures.
_REFUSED = frozenset(
    "audio_language_mismatch clock_jumps commentary dolby_vision_5 encrypted invalid_media no_audio "
    "no_such_track no_video not_copyable outside_media picture_gap spans_parts truncated_media".split()
)

#: Shorter gaps are how tracks begin and end: a frame of sound more or less.
_GAP_S = 0.05
#: Tracks of subtitles and chapters may outlast picture and sound by so much, seconds.
_CUT_S = 2.0

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
        track: The sound track, or why there is none.
        promised_s: Length of the file as its header says, seconds; None when it says nothing.
    """

    job: TitleJob
    candidate: Candidate
    path: Path
    identity: str
    keys: dict[str, str]
    placed: tuple[tuple[Dialogue, Placed], ...]
    track: TrackChoice
    promised_s: float | None = None

    def options(self) -> str:
        """Identity of what the run asks for."""
        return options_hash(self.job.clip, self.job.policy, self.job.min_confidence)

    def asked_now(self) -> dict[str, Any]:
        """What may change in the row of a clip that stays as it is."""
        return {
            "media": self.media_fact(),
            "annotation_version": self.job.annotation_version,
            "options_hash": self.options(),
        }

    def media_fact(self) -> dict[str, Any]:
        """The file, as the receipt has it."""
        return {
            "path": self.candidate.path,
            "part": self.candidate.part,
            "size": self.path.stat().st_size,
            "hash": self.identity,
        }


@dataclass(frozen=True)
class _Plan:
    """What is cut for one dialogue."""

    dialogue: Dialogue
    placed: Placed
    span: Span
    files: ClipFiles
    windows: tuple[Window, ...]
    reach: Span

    def _shown(self, media_s: float) -> float:
        """A still's second, held within the pictures there are: a last line may outlive the film."""
        return min(max(media_s, self.reach[0]), self.reach[1] - 1e-4)

    def request(self, out: Path) -> ClipRequest:
        def part(path: str | None) -> Path | None:
            return None if path is None else part_path(out / path)

        stills = zip(self.placed.stills, self.files.stills, strict=False)
        return ClipRequest(
            key=self.dialogue.dialogue_id,
            start_s=self.span[0],
            end_s=self.span[1],
            audio_path=part(self.files.audio),
            video_path=part(self.files.video),
            stills=tuple((self._shown(still.media_s), part_path(out / path)) for still, path in stills),
            parts=tuple(
                PartRequest(n, window, part(files.audio), part(files.video))
                for n, (files, window) in enumerate(zip(self.files.parts, self.windows, strict=True))
            ),
            speed=self.placed.speed,
        )


def _plan(batch: ClipBatch, dialogue: Dialogue, placed: Placed, index: MediaIndex) -> _Plan:
    """What is written: all that the profile wants, but for what the film does not have.

    A film without (usable) sound still gives its picture (`video`, `lossless`, `all`), a film
    without a picture its sound (`all`). What was asked for by name and is not there stays asked
    for, and is refused.
    """
    params = batch.job.clip
    silent = index.audio is None and params.wants_video
    # What the user can mend, or get, is not given up for the sound alone.
    cure = "video" in index.encrypted or "stamps" in index.damaged
    blind = index.video is None and not cure and params.profile == "all"
    span = padded(placed, params.pad_s, reach(index))
    groups, windows = _sentences(placed, span, index) if params.wants_turns else ((), ())
    files = files_of(
        batch.job.title_name,
        batch.job.names[dialogue.dialogue_id],
        placed,
        groups,
        audio=params.wants_audio and not silent,
        video=params.wants_video and not blind,
        stills=params.wants_stills and not blind,
        whole=params.wants_whole,
    )
    return _Plan(dialogue, placed, span, files, windows, reach(index))


def _sentences(
    placed: Placed, span: Span, index: MediaIndex
) -> tuple[tuple[TurnGroup, ...], tuple[Window, ...]]:
    """Sentence clips with their windows; none for a window that the cutter will refuse as a whole."""
    groups = turn_groups(placed, span)
    try:
        tiles = numbered_tiles(index, [*(g.start_s for g in groups), span[1]])
    except (WindowOutside, UsageError):
        return (), ()
    return tuple(join_empty(groups, [n for n, _ in tiles])), tuple(window for _, window in tiles)


def cut_batch(batch: ClipBatch, on_row: OnRow) -> None:
    """Cut all clips of a batch; each row is reported after its files have their final names.

    Raises:
        StoreError: The disk is full or the output cannot be written.
    """
    refusal = _refusal(batch)
    if refusal is not None:
        for dialogue, _ in batch.placed:
            on_row(_kept(batch, dialogue) or _not_built(batch, dialogue, *refusal))
        return
    out = Path(batch.job.out)
    make_folder(out / "clips" / batch.job.title_name)
    left = {dialogue.dialogue_id: dialogue for dialogue, _ in batch.placed}

    def tell(dialogue_id: str, row: dict[str, Any]) -> None:
        left.pop(dialogue_id)
        on_row(row)

    try:
        _cut(batch, out, tell)
    except StoreError as error:
        if is_disk_full(error):
            raise StoreError(
                "no space left on the device", path=out, hint="Free some space and run again.",
                code="disk_full",
            ) from error  # fmt: skip
        raise
    except (MediaError, UsageError) as error:
        # The film cannot be read (any further): what is left says so.
        for dialogue in left.values():
            on_row(_not_built(batch, dialogue, error.code or "decode_error", str(error)))


def _kept(batch: ClipBatch, dialogue: Dialogue) -> dict[str, Any] | None:
    """The row of a clip of an earlier run, from another copy: this copy's lack does not undo it."""
    before = batch.job.previous.get(dialogue.dialogue_id)
    if before is None or before.get("status") != "built" or not is_there(Path(batch.job.out), before):
        return None
    return marked(before, batch.options())


def _refusal(batch: ClipBatch) -> tuple[str, str] | None:
    """(code, message) when there is nothing to cut: sound alone is wanted and refused.

    A track that the user named and that is not there is refused with the picture, too, and so is one
    that is there and locked.
    """
    params, track = batch.job.clip, batch.track
    named = track.refusal in ("no_such_track", "encrypted") and params.wants_audio
    if track.refusal is None or not (params.profile == "audio" or named):
        return None
    return track.refusal, track.message or ""


def _cut(batch: ClipBatch, out: Path, tell: Callable[[str, dict[str, Any]], None]) -> None:
    job, track = batch.job, batch.track
    index = cached_index(batch.path, job.cache, track.number)
    if track.refusal is not None:
        index = replace(index, audio=None)
    # A DVD's part may begin amid pictures that only the part before it could show.
    first = reach(index)[0] + 0.001 if (batch.candidate.part or 1) > 1 else -math.inf
    for d, p in batch.placed:
        if p.start_s < first:
            tell(d.dialogue_id, _not_built(batch, d, "spans_parts", "the part begins within it"))
    plans = {d.dialogue_id: _plan(batch, d, p, index) for d, p in batch.placed if p.start_s >= first}
    lacks = _lacks(batch, index)

    def finish(result: ClipResult) -> None:
        plan = plans[str(result.key)]
        i = plan.dialogue.dialogue_id
        code = result.error_code
        if code is not None:
            if code == "outside_media" and plan.span[1] > plan.reach[1] and _is_cut_off(batch, index):
                code = "truncated_media"
            tell(i, _not_built(batch, plan.dialogue, code, result.message))
            return
        row = _built(batch, plan, result, [*lacks, *_gaps(result, index)])
        discard(out, job.previous.get(i, {}), but=row)
        tell(i, row)

    cut_media(
        batch.path,
        [plan.request(out) for plan in plans.values()],
        index=index,
        on_clip=finish,
        audio=AudioParams(job.clip.sample_rate, job.clip.channels),
        video=VideoParams(height=job.clip.height, tone_map=job.clip.tone_map),
        lossless=job.clip.lossless,
        proof=job.proof,
    )


def _is_cut_off(batch: ClipBatch, index: MediaIndex) -> bool:
    """Whether the file ends before its end: by its header, or by its form."""
    # Streams promise nothing: their length is told by their last stamps.
    promised = 0.0 if index.container in ("mpegts", "mpeg") else batch.promised_s or 0.0
    short = promised > index.duration_s * 1.01 + _CUT_S
    return short or is_cut_off(batch.path, index.container)


def _lacks(batch: ClipBatch, index: MediaIndex) -> list[str]:
    """Reason codes of clips that are built all the same: what of the film is missing in them."""
    codes = set()
    if batch.track.refusal not in (None, "no_audio") and batch.job.clip.wants_audio:
        codes.add(str(batch.track.refusal))
    elif index.audio is None and batch.job.clip.wants_video:
        codes.add("no_audio")
    if index.video is None and batch.job.clip.wants_video:
        codes.add("invalid_media" if index.damaged else "no_video")
    return sorted(codes)


def _gaps(result: ClipResult, index: MediaIndex) -> list[str]:
    """Reason codes of a clip with holes: of sound that does not decode, of a picture that stands."""
    facts = [result.audio, *(part.audio for part in result.parts)]
    seen = result.video or result.stills or any(part.video for part in result.parts)
    codes = []
    if (
        seen
        and index.video is not None
        and result.window is not None
        and has_hole(index.video, result.window)
    ):
        codes.append("picture_gap")
    if any(fact is not None and fact.reshaped for fact in (result.video, *(p.video for p in result.parts))):
        codes.append("shape_changes")
    if any(fact is not None and fact.missing_s > _GAP_S for fact in facts):
        codes.append("sound_gap")
    return codes


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


def _built(batch: ClipBatch, plan: _Plan, result: ClipResult, lacks: list[str]) -> dict[str, Any]:
    out = Path(batch.job.out)
    if result.window is None:
        raise StoreError("the cutter reported a clip without a window", path=batch.path)

    def committed(relative: str) -> int:
        final = out / relative
        commit(part_path(final), final)
        return final.stat().st_size

    return plain_row(
        plan.dialogue.dialogue_id,
        plan.dialogue.title_id,
        "built",
        lacks,
        annotation_version=batch.job.annotation_version,
        media=batch.media_fact(),
        params_hash=batch.keys[plan.dialogue.dialogue_id],
        options_hash=batch.options(),
        **clip_facts(plan.placed, plan.files, plan.span, result, result.window, committed),
    )
