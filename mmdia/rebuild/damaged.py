"""Clips that a verification found to be damaged: noted, and made anew by the next run.

A run looks at sizes only. So ``--verify`` writes down what it found, and the next run that has the
film takes those clips for failed, and cuts them again.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmdia.errors import StoreError
from mmdia.rebuild.rows import plain_row
from mmdia.store.atomic import write_text

#: Name of the note within the folder ``state``.
NOTE = "damaged.json"


def note_damaged(state: Path, dialogue_ids: Iterable[str]) -> None:
    """Write down which dialogues have damaged files; none takes the note away.

    An output that cannot be written can be verified all the same: then there is no note.
    """
    ids = sorted(set(dialogue_ids))
    with suppress(OSError, StoreError):
        if ids:
            write_text(state / NOTE, json.dumps(ids, ensure_ascii=False))
        else:
            (state / NOTE).unlink(missing_ok=True)


def noted_damage(state: Path) -> list[str]:
    """The dialogues that are noted; none where there is no note that reads as one."""
    try:
        noted = json.loads((state / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [i for i in noted if isinstance(i, str)] if isinstance(noted, list) else []


def damaged_rows(
    noted: Iterable[str], rows: Mapping[str, Mapping[str, Any]], titles: Container[str]
) -> list[dict[str, Any]]:
    """Rows that say of damaged clips that they failed, for titles that will be worked on now.

    Args:
        noted: The dialogues that were noted.
        rows: Receipt rows by dialogue.
        titles: Titles that will be worked on; clips of others stay as they are.
    """
    found = [row for i in noted if (row := rows.get(i)) and row.get("status") == "built"]
    return [
        plain_row(
            str(row["dialogue_id"]),
            row["title_id"],
            "failed",
            ("damaged",),
            annotation_version=row.get("annotation_version"),
        )
        for row in found
        if row.get("title_id") in titles
    ]
