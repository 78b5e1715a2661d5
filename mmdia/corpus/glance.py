"""A glance at a release: what its head says, taken as it stands.

The records check a head and name what is wrong with it, but importing them takes longer than opening
a table that was prepared. Whoever has only glanced must not read rows: `open_release` comes first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.corpus.containment import refuse_links_out
from mmdia.corpus.lines import MAX_LINE_BYTES
from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle, folder_files
from mmdia.errors import ReleaseError


@dataclass(frozen=True, slots=True)
class HeadFacts:
    """What a prepared table is named and described by.

    Attributes:
        path: Folder of the release.
        name: Name of the release.
        version: Its version.
        license: Its licence.
        vocab: Vocabulary of its categories.
        citations: How to cite its sources.
    """

    path: Path
    name: str
    version: str
    license: str | None
    vocab: str | None
    citations: tuple[str, ...]


def facts_of(handle: ReleaseHandle) -> HeadFacts:
    """The facts of a release that was opened."""
    head = handle.head
    cited = tuple(source.citation for source in head.sources if source.citation)
    return HeadFacts(handle.path, head.name, head.version, head.license, head.vocab, cited)


def glance_at_release(place: str | Path) -> HeadFacts | None:
    """The facts of a release, or None where there is anything to wonder about.

    Args:
        place: Its folder, or its ``release.json``.
    """
    folder = Path(place).expanduser()
    if folder.name == HEAD_FILE:
        folder = folder.parent
    head = folder / HEAD_FILE
    try:
        files = folder_files(folder)
        if not files.dialogues or not head.is_file() or head.stat().st_size > MAX_LINE_BYTES:
            return None
        refuse_links_out(folder, [head, *files.present()])
        raw = json.loads(head.read_bytes().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError, ReleaseError):
        return None
    return _facts(folder, raw) if isinstance(raw, dict) else None


def _facts(folder: Path, raw: dict[str, Any]) -> HeadFacts | None:
    name, version = raw.get("name"), raw.get("version")
    words = raw.get("license"), raw.get("vocab")
    sources = raw.get("sources") or []
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(sources, list):
        return None
    if not all(isinstance(source, dict) for source in sources):
        return None
    cited = [source.get("citation") for source in sources]
    if not all(word is None or isinstance(word, str) for word in (*words, *cited)):
        return None
    return HeadFacts(folder, name, version, *words, tuple(word for word in cited if word))
