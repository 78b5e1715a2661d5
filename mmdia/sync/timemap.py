"""From an annotation track and a media file to a time map, cached by content."""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.align.result import Alignment, Mode, Policy
from mmdia.align.solve import align
from mmdia.errors import BrokenRow, UsageError
from mmdia.schema.activity import Activity
from mmdia.schema.fingerprint import Fingerprint, SoundBands
from mmdia.schema.names import written_path
from mmdia.schema.reasons import explain
from mmdia.schema.time import TimeMap
from mmdia.schema.timemap import DiscrepancySeries, LineRow, ReviewRow, SegmentRow, TimeMapFile
from mmdia.store.atomic import write_text
from mmdia.store.digest import params_hash
from mmdia.sync.annotation import AnnotationTrack
from mmdia.sync.evidence import Evidence
from mmdia.sync.hearing import part_of, silenced, strip

#: Raise when the solver changes, so that cached maps are made anew.
SOLVER_VERSION = 4


@dataclass(frozen=True, slots=True)
class AlignParams:
    """How to align.

    Attributes:
        mode: Which evidence may be used.
        policy: Which verdicts are accepted: all but the wrong film, or the paper's constant offset.
        min_confidence: Below this probability of the right film a map is refused.

    Raises:
        UsageError: At birth, when it is no probability.
    """

    mode: Mode = "auto"
    policy: Policy = "default"
    min_confidence: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise UsageError(
                "--min-confidence is a probability", expected="0 to 1", got=self.min_confidence
            )


def _as_annotated(track: AnnotationTrack, confidence: float, offset_s: float = 0.0) -> tuple[LineRow, ...]:
    """Every line at its annotated time: surely there (1), or nothing known (0)."""
    return tuple(
        LineRow(
            i=i,
            start=line.start_ms / 1000 + offset_s,
            end=line.end_ms / 1000 + offset_s,
            present=confidence > 0,
            confidence=confidence,
            dialogue_id=line.dialogue_id,
            turn=line.turn,
            anno_start=line.start_ms / 1000,
        )
        for i, line in enumerate(track.lines)
    )


def identity_map(track: AnnotationTrack, media: str, *, offset_s: float = 0.0) -> TimeMapFile:
    """The map of the annotated copy itself: nothing is aligned, the user vouches for the file.

    `offset_s` is the second of the file that is annotated second 0: below 0 for a later part of a film.
    """
    end = max([1.0, *(line.end_ms / 1000 for line in track.lines)])
    return TimeMapFile(
        verdict="identity",
        confidence=1.0,
        scale_ratio="1",
        segments=(SegmentRow(anno_start=-1e7, anno_end=max(end, 1e7), offset=offset_s),),
        lines=_as_annotated(track, 1.0, offset_s),
        evidence={"kind": "identity"},
        annotation=written_path(track.name),
        media=media,
    )


def _lines(track: AnnotationTrack, found: Alignment) -> list[LineRow]:
    """Every line of the track on the media timeline; turns take the confidence of their cue."""
    if track.lines_are_cues:
        return [
            LineRow(
                i=f.index,
                start=f.start_s,
                end=f.end_s,
                present=f.present,
                confidence=f.confidence,
                anno_start=line.start_ms / 1000,
            )
            for f, line in zip(found.lines, track.lines, strict=True)
        ]
    rows = []
    order = sorted(range(len(track.cues)), key=lambda k: track.cues[k].start_ms)
    starts = [track.cues[k].start_ms for k in order]
    for i, line in enumerate(track.lines):
        k = bisect_right(starts, line.start_ms)
        near = [order[j] for j in (k - 1, k) if 0 <= j < len(order)]
        cue = min(near, key=lambda j: abs(track.cues[j].start_ms - line.start_ms))
        fit = found.lines[cue]
        start_s, end_s = line.start_ms / 1000, line.end_ms / 1000
        span = found.time_map.apply_span(start_s, end_s)
        if found.time_map.segments:
            start, end = span or (found.time_map.extrapolate(start_s), found.time_map.extrapolate(end_s))
        else:
            start, end = found.scale * start_s, found.scale * end_s
        rows.append(
            LineRow(
                i=i,
                start=start,
                end=max(start, end),
                present=span is not None and fit.present,
                confidence=fit.confidence if span is not None else min(fit.confidence, 0.05),
                dialogue_id=line.dialogue_id,
                turn=line.turn,
                anno_start=start_s,
            )
        )
    return rows


@dataclass(frozen=True, slots=True)
class Heard:
    """What was listened to for one alignment; None where nobody asked.

    Attributes:
        activity: Speech activity of the copy.
        fingerprints: The annotation's fingerprint and the copy's bands.
    """

    activity: Activity | None = None
    fingerprints: tuple[Fingerprint, SoundBands] | None = None


def listen_to(track: AnnotationTrack, evidence: Evidence, mode: Mode) -> Heard:
    """Listen to the copy, as far as this evidence and mode need it.

    Speech activity stands in for lines where there are none; the annotation's fingerprint, when it
    has one, is looked for beside everything else.

    Raises:
        MediaUnreadable: The sound cannot be decoded.
    """
    sound = evidence.sound
    if sound is None:
        return Heard()
    activity = None
    if not evidence.cues and mode in ("auto", "audio"):
        activity = sound.activity()
        if evidence.span_ms != (None, None):
            activity = silenced(activity, *evidence.span_ms)
    if track.fingerprint is None or mode not in ("auto", "fingerprint"):
        return Heard(activity)
    bands = part_of(sound.bands(), *evidence.span_ms)
    # A part beyond the end of the sound must not cost the lines that speak for it.
    return Heard(activity, (track.fingerprint, bands) if bands.count else None)


def to_file(
    track: AnnotationTrack,
    evidence: Evidence,
    found: Alignment,
    params: AlignParams,
    key: str,
    heard: Heard | None = None,
) -> TimeMapFile:
    """An alignment as the document that is written to disk."""
    heard = heard or Heard()
    accepted = found.accepted and found.confidence >= params.min_confidence
    reasons = list(found.reasons)
    if found.verdict != "wrong_film" and found.confidence < params.min_confidence:
        reasons.append("low_confidence")
    name = written_path(evidence.name)
    facts: dict[str, Any] = {"kind": evidence.kind, "name": name, "key": key, **found.evidence}
    if heard.activity is not None:
        facts |= {"detector": heard.activity.detector, "speech": strip(heard.activity)}
    return TimeMapFile(
        verdict=found.verdict,
        confidence=found.confidence,
        accepted=accepted,
        policy=params.policy,
        scale=found.scale,
        scale_ratio=None if found.scale_ratio is None else str(found.scale_ratio),
        segments=tuple(SegmentRow(**row) for row in _ended(found.time_map, track, evidence).to_rows()),
        lines=tuple(_lines(track, found)),
        discrepancy=DiscrepancySeries(
            anno_time=found.discrepancy.anno_s,
            start=found.discrepancy.start_s,
            duration=found.discrepancy.duration_s,
        ),
        evidence=facts,
        reasons=tuple(dict.fromkeys(reasons)),
        needs_review=tuple(_review_rows(track, found)),
        annotation=written_path(track.name),
        media=name,
    )


def _ended(time_map: TimeMap, track: AnnotationTrack, evidence: Evidence) -> TimeMap:
    """The map as far as the copy goes, and at least to the last line: the solver does not know the film."""
    if not time_map.segments:
        return time_map
    last = time_map.segments[-1]
    high = evidence.span_ms[1]
    film = evidence.film_s if high is None else high / 1000
    if film is None:
        film = max([c.end_ms / 1000 for c in evidence.cues], default=math.inf)
    lines = max([*(c.end_ms for c in track.cues), *(line.end_ms for line in track.lines)]) / 1000
    return time_map.clip(time_map.segments[0].anno_start, max(last.unapply(film), lines))


def _review_rows(track: AnnotationTrack, found: Alignment) -> list[ReviewRow]:
    return [
        ReviewRow(
            kind=item.kind,
            anno_start=item.anno_start_s,
            anno_end=item.anno_end_s,
            lines=_concerned(track, item.lines),
            detail=item.detail or explain(item.kind),
        )
        for item in found.needs_review
    ]


def _concerned(track: AnnotationTrack, cues: tuple[int, ...]) -> tuple[int, ...]:
    """The lines that some cues are: themselves, or the turns that they share time with."""
    if track.lines_are_cues:
        return cues
    ends: list[int] = []
    starts: list[int] = []
    for cue in sorted((track.cues[k] for k in cues), key=lambda c: c.start_ms):
        if ends and cue.start_ms <= ends[-1]:
            ends[-1] = max(ends[-1], cue.end_ms)
        else:
            starts.append(cue.start_ms)
            ends.append(max(cue.start_ms, cue.end_ms))
    found = []
    for i, line in enumerate(track.lines):
        k = bisect_right(starts, max(line.start_ms, line.end_ms - 1)) - 1
        if k >= 0 and (ends[k] > line.start_ms or starts[k] == line.start_ms):
            found.append(i)
    return tuple(found)


def no_evidence(
    track: AnnotationTrack, media: str, params: AlignParams, missing: tuple[str, ...] = ()
) -> TimeMapFile:
    """A refusal: there is nothing in this copy to align with; `missing` are codes of what was sought."""
    return TimeMapFile(
        verdict="wrong_film",
        confidence=0.0,
        accepted=False,
        policy=params.policy,
        lines=_as_annotated(track, 0.0),
        evidence={"kind": "none"},
        reasons=tuple(dict.fromkeys(("no_evidence", *missing))),
        annotation=written_path(track.name),
        media=media,
    )


def map_key(
    track: AnnotationTrack, evidence: Evidence, params: AlignParams, missing: tuple[str, ...] = ()
) -> str:
    """Identity of an alignment: same key, same map."""
    policy = [params.mode, params.policy, params.min_confidence, track.language, evidence.language]
    heard = evidence.sound is not None and (not evidence.cues or track.fingerprint is not None)
    sound = evidence.sound.digest if evidence.sound is not None and heard else None
    facts = [track.digest, evidence.digest, evidence.film_s, sound]
    return params_hash([SOLVER_VERSION, *facts, *policy, list(missing)])


def solve(
    track: AnnotationTrack,
    evidences: tuple[Evidence, ...],
    *,
    media: str,
    params: AlignParams | None = None,
    cached: Path | None = None,
    missing: tuple[str, ...] = (),
    keep: bool = True,
) -> TimeMapFile:
    """The time map to one copy, from the first evidence that settles it.

    Evidence is tried in order until a map is accepted; otherwise the most confident refusal is
    returned. A cached file is used when it was made from the same content. Words, the timing of
    lines and fingerprints of one evidence are summed; speech activity is used only where an evidence
    has no lines, so it never adds to lines.

    Args:
        track: The annotation side.
        evidences: The media side, best first; none at all is a refusal with `no_evidence`.
        media: Name of the copy, for the file.
        params: How to align.
        cached: Time-map file to read from and write to.
        missing: Codes of evidence that was sought in vain; a refusal names them.
        keep: Whether the map is written to `cached`; one who tries several copies for one file
            writes the best of them.

    Raises:
        StoreError: The cache cannot be written.
        MediaUnreadable: The sound is needed and cannot be decoded.
    """
    params = params or AlignParams()
    write_to = cached if keep else None
    if params.mode == "fingerprint" and track.fingerprint is None:
        return _cache(no_evidence(track, media, params, ("no_fingerprint",)), None, write_to)
    known = read_timemap(cached) if cached is not None and cached.is_file() else None
    best: TimeMapFile | None = None
    for evidence in evidences:
        key = map_key(track, evidence, params, missing)
        if known is not None and known.evidence.get("key") == key:
            made = known
        else:
            made = _solve_one(track, evidence, params, key, missing)
        if best is None or (made.accepted, made.confidence) > (best.accepted, best.confidence):
            best = made
        if made.accepted:
            break
    return _cache(best or no_evidence(track, media, params, missing), known, write_to)


def _solve_one(
    track: AnnotationTrack, evidence: Evidence, params: AlignParams, key: str, missing: tuple[str, ...]
) -> TimeMapFile:
    heard = listen_to(track, evidence, params.mode)
    found = align(
        track.cues,
        evidence.cues,
        mode=params.mode,
        policy=params.policy,
        annotation_language=track.language,
        media_language=evidence.language,
        activity=heard.activity,
        fingerprints=heard.fingerprints,
    )
    made = to_file(track, evidence, found, params, key, heard)
    if "image_subtitles" in missing and not evidence.cues:
        return made.model_copy(update={"reasons": (*made.reasons, "image_subtitles")})
    return made


def _cache(made: TimeMapFile, known: TimeMapFile | None, path: Path | None) -> TimeMapFile:
    if path is not None and made != known:
        write_timemap(path, made)
    return made


def read_timemap(path: Path) -> TimeMapFile | None:
    """A time-map file, or None when it does not read as one (it is then made anew)."""
    try:
        return TimeMapFile.from_json(path.read_bytes(), where=str(path))
    except (OSError, BrokenRow):
        return None


def write_timemap(path: Path, document: TimeMapFile) -> None:
    """Write a time-map file atomically.

    Raises:
        StoreError: It cannot be written.
    """
    write_text(path, json.dumps(document.to_row(nulls=True), ensure_ascii=False, indent=1) + "\n")
