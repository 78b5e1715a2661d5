"""The row of a title: which file was taken, which were not, and what was found of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmdia.rebuild.candidates import Copy, Findings, title_files
from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.sound_track import TrackChoice
from mmdia.schema.receipt import TitleReceipt, TitleSpeech


def title_row(
    job: TitleJob,
    best: Copy,
    found: Findings,
    seconds: float,
    *,
    track: TrackChoice | None = None,
    speech: TitleSpeech | None = None,
    reasons: Sequence[str] = (),
) -> dict[str, Any]:
    """The row of a title of which at least one file could be looked at.

    Args:
        job: The title's job.
        best: The file that clips were cut from, or the best of those that were refused.
        found: All that was learned of the candidates.
        seconds: Wall time spent.
        track: The sound track that was taken.
        speech: What listening to the clips told.
        reasons: Reason codes beside those of the time map.
    """
    document = best.map_file
    said = [found.messages, [track.message] if track is not None and track.message else []]
    refusal = [track.refusal] if track is not None and track.refusal else []
    return TitleReceipt(
        title_id=job.title["title_id"],
        file=best.candidate.path,
        part=best.candidate.part,
        how=best.candidate.how,
        timemap=best.map_path,
        verdict=document.verdict,
        confidence=_confidence(document.confidence, speech),
        evidence=str(document.evidence.get("kind", "given")),
        scale=document.scale,
        offset=document.segments[0].offset if document.segments else None,
        reasons=tuple(dict.fromkeys([*document.reasons, *found.reasons, *refusal, *reasons])),
        message="; ".join(text for texts in said for text in texts) or None,
        files=title_files(found),
        track=None if track is None else track.fact,
        speech=speech,
        seconds=round(seconds, 3),
    ).to_row(nulls=True)


def _confidence(of_map: float, speech: TitleSpeech | None) -> float:
    """That of the map; no more than the share of its text that the title's sound says, when it fails."""
    failed = speech is not None and speech.score < speech.threshold
    return min(of_map, speech.score) if failed and speech is not None else of_map


def unopened_row(
    job: TitleJob, reasons: Sequence[str], message: str | None, seconds: float
) -> dict[str, Any]:
    """The row of a title none of whose files could be looked at."""
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
