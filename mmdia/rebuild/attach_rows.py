"""Receipt rows found by dialogue, a row at a time: a rebuild of any size costs an offset a row."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from mmdia.corpus.receipts import RECEIPT_FILE, receipt_path
from mmdia.schema.receipt import Receipt

TITLES_FILE = "titles.jsonl"


@dataclass
class ReceiptRows(Mapping[str, Receipt]):
    """Receipts of a folder by dialogue; of several rows of a dialogue the last counts.

    Attributes:
        folder: The folder that paths are relative to.
        tracks: Number of the sound track that was taken, by title.
    """

    folder: Path
    tracks: dict[str, int] = field(default_factory=dict)
    _places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __getitem__(self, dialogue_id: str) -> Receipt:
        offset, size = self._places[dialogue_id]
        path = self.folder / RECEIPT_FILE
        with path.open("rb") as file:
            file.seek(offset)
            line = file.read(size)
        return Receipt.from_row(json.loads(line), where=f"{path}: {dialogue_id}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def receipt_rows(folder: str | Path) -> ReceiptRows:
    """The receipts of a folder as they are now; read anew when the file has changed.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
    """
    path = receipt_path(folder)
    stat = os.stat(path)
    return _read(str(path.parent), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _read(folder: str, size: int, changed: int) -> ReceiptRows:
    found = ReceiptRows(Path(folder), _tracks(Path(folder) / TITLES_FILE))
    places = found._places
    at = 0
    with (found.folder / RECEIPT_FILE).open("rb") as file:
        for line in file:
            row = _row(line)
            if row is not None:
                places[str(row.get("dialogue_id"))] = (at, len(line))
            at += len(line)
    return found


def _tracks(path: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    if not path.is_file():
        return found
    with path.open("rb") as file:
        for line in file:
            row = _row(line) or {}
            track = row.get("track")
            if isinstance(track, dict) and isinstance(track.get("number"), int):
                found[str(row.get("title_id"))] = track["number"]
    return found


def _row(line: bytes) -> dict[str, object] | None:
    """A row; None for a line that a crash tore."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
