"""The demo's results in the shape that its page takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdia.cli.demo_check import ClipCheck, CopyResult
from mmdia.errors import StoreError
from mmdia.pages.demo import ClipLine, DemoClip, DemoCopy
from mmdia.schema.dialogue import Dialogue
from mmdia.sync.timemap import read_timemap


def _names(dialogue: Dialogue) -> dict[str, str]:
    return {s.speaker_id: s.name or s.speaker_id for s in dialogue.speakers}


def _lines(dialogue: Dialogue, row: dict[str, Any]) -> list[ClipLine]:
    names = _names(dialogue)
    lines = []
    for turn, fact in zip(dialogue.turns, row["turns"], strict=False):
        if fact["start"] is None:
            continue
        who = " + ".join(names.get(s, s) for s in turn.speakers)
        lines.append((who, turn.text or "(text withheld)", fact["start"], fact["end"]))
    return lines


def _clip(result: CopyResult, dialogue: Dialogue) -> DemoClip:
    row = result.rows[dialogue.dialogue_id]
    check = result.clips.get(dialogue.dialogue_id, ClipCheck(dialogue.dialogue_id))
    name = result.copy.name

    def href(path: str | None) -> str | None:
        return None if path is None else f"{name}/{path}"

    relationship = dialogue.relationship.category if dialogue.relationship else None
    interaction = dialogue.interaction.category if dialogue.interaction else None
    stills = row["keyframes"]
    return DemoClip(
        dialogue_id=dialogue.dialogue_id,
        title=", ".join(filter(None, (relationship, interaction, dialogue.emotional_tone))),
        audio_href=href(row["audio"]["path"] if row["audio"] else None),
        video_href=href(row["video"]["path"] if row["video"] else None),
        poster_href=href(stills[0]["path"] if stills else None),
        lines=_lines(dialogue, row),
        first_frame_ok=check.first_frame_ok,
        last_frame_ok=check.last_frame_ok,
        status=row["status"],
        reasons=row["reasons"],
    )


def page_copies(out: Path, results: list[CopyResult]) -> list[DemoCopy]:
    """What the page shows of each copy; hrefs are relative to `out`.

    Raises:
        StoreError: A time map that was just written is gone.
    """
    copies = []
    for result in results:
        path = out / result.copy.name / "timemaps" / "mmdia_demo_01.json"
        timemap = read_timemap(path)
        if timemap is None:
            raise StoreError("the copy's time map is gone", path=path)
        copies.append(
            DemoCopy(
                name=result.copy.label,
                description=result.copy.description,
                verdict=result.verdict,
                confidence=result.confidence,
                offset_s=result.offset_s,
                scale=timemap.scale,
                scale_ratio=timemap.scale_ratio,
                built=result.built,
                total=result.total,
                refused=result.refused,
                timemap=timemap,
                clips=[_clip(result, d) for d in result.dialogues],
            )
        )
    return copies
