"""After cutting: is it the right sound, and how good is it? Both on request, both resumable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from mmdia.rebuild.config import TitleJob
from mmdia.rebuild.listen import check_title
from mmdia.rebuild.quality import is_measured, measure
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import TitleSpeech
from mmdia.schema.title import Title
from mmdia.store.shards import read_stored

Row = dict[str, Any]


class Rows(Protocol):
    """Where events go."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take an event."""

    def phase(self, name: str) -> None:
        """Say what is being done."""


def check_sound(
    job: TitleJob, title: Title, dialogues: Sequence[Dialogue], rows: Sequence[Row], report: Rows
) -> tuple[TitleSpeech | None, tuple[str, ...]]:
    """Measure and listen to the clips of a title, as far as the job asks for it.

    Args:
        job: The title's job.
        title: The title.
        dialogues: Its dialogues.
        rows: Receipt rows of the clips that are there.
        report: Takes the rows that changed.

    Returns:
        What listening told of the title, and reason codes for its row.

    Raises:
        MissingExtra: An engine is not installed.
    """
    if not rows or not (job.quality or job.check_speech is not None):
        return None, ()
    report.phase("check")
    if job.quality:
        rows = _measured(job, dialogues, rows, report)
    if job.check_speech is None:
        return None, ()
    out = Path(job.out)
    checked = check_title(job, title, list(dialogues), list(rows), lambda fact: read_stored(out, fact))
    if checked.rows:
        report({"event": "clip", "rows": checked.rows, "n": 0})
    return checked.speech, checked.reasons


def _measured(job: TitleJob, dialogues: Sequence[Dialogue], rows: Sequence[Row], report: Rows) -> list[Row]:
    by_id = {d.dialogue_id: d for d in dialogues}
    out: list[Row] = []
    for row in rows:
        parts = [part["audio"] for part in row.get("turn_clips") or () if part.get("audio")]
        facts = [row["audio"]] if row.get("audio") else parts
        if facts and not is_measured(row):
            flacs = [read_stored(Path(job.out), fact) for fact in facts]
            row = {**row, "quality": measure(flacs, row, by_id[row["dialogue_id"]])}
            report({"event": "clip", "rows": [row], "n": 0})
        out.append(row)
    return out
