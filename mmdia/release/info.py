"""What a release holds, in a few lines."""

from __future__ import annotations

from typing import Any

from mmdia.corpus.census import census
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle

INFO_SCHEMA = "mmdia.release-info/1"


def release_info(handle: ReleaseHandle, *, on_broken: OnBroken = "raise") -> dict[str, Any]:
    """Name, licence, sizes and languages of a release, JSON-ready (``mmdia.release-info/1``).

    Withdrawn rows do not count. Rows without a split, and titles without a language, count
    under the key ``null`` as JSON has no null keys.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    found = census(handle, on_broken=on_broken)
    head = handle.head
    return {
        "schema": INFO_SCHEMA,
        "name": head.name,
        "version": head.version,
        "license": head.license,
        "created": head.created,
        "vocab": head.vocab,
        "path": str(handle.path),
        "titles": found.titles,
        "dialogues": found.dialogues,
        "turns": found.turns,
        "scripts": found.scripts,
        "hours": round(found.hours, 4),
        "splits": _by_size(found.splits),
        "subsets": dict(found.subsets),
        "languages": _by_size(found.languages),
        "sources": [source.to_row() for source in head.sources],
    }


def _by_size(counts: dict[str | None, int]) -> dict[str, int]:
    items = sorted(counts.items(), key=lambda item: (-item[1], item[0] or ""))
    return {"null" if key is None else key: n for key, n in items}
