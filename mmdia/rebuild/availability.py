"""What of a release an output folder holds: the receipt's word, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.corpus.coverage import Share, cover
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_dialogues
from mmdia.rebuild.files import is_there


@dataclass(frozen=True)
class Availability:
    """What a user has of a release.

    Attributes:
        parts: Shares by split and tag; "all" first.
        gone: Dialogues that the receipt calls built and whose files are not there.
    """

    parts: dict[str, Share]
    gone: tuple[str, ...] = ()

    def to_row(self) -> dict[str, Any]:
        """The document's part of ``--status --json`` and of the report."""
        return {
            "parts": {name: share.to_row() for name, share in self.parts.items()},
            "gone": len(self.gone),
        }


def available(
    handle: ReleaseHandle,
    rows: Mapping[str, Mapping[str, Any]],
    out: Path | None,
    on_broken: OnBroken = "raise",
) -> Availability:
    """What an output folder holds of a release; clips count only where their files lie.

    Args:
        handle: The release.
        rows: Receipt rows by dialogue.
        out: The output folder; None when its files lie elsewhere, and the receipt is believed.
        on_broken: "raise", or a function that is told of each row that cannot be read.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    gone: list[str] = []

    def has(dialogue_id: str) -> bool:
        row = rows.get(dialogue_id)
        if row is None or row.get("status") != "built":
            return False
        there = out is None or is_there(out, row)
        if not there:
            gone.append(dialogue_id)
        return there

    parts = cover(iter_dialogues(handle, on_broken=on_broken), has)
    return Availability(parts, tuple(gone))
