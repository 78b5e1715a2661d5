"""What a user adds to a source: facts on titles, scenes, identifiers of films."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from mmdia.errors import BrokenRow, ReleaseError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.shape import whole_number
from mmdia.release.importers.tables import Row, csv_rows, json_rows, load_json
from mmdia.schema.base import Record
from mmdia.schema.fields import field_table
from mmdia.schema.release import Scene
from mmdia.schema.title import Title

RecordT = TypeVar("RecordT", bound=Record)


def read_titles(path: Path) -> tuple[Title, ...]:
    """Facts on titles, from a CSV or JSONL file with keys of `Title`.

    Raises:
        ReleaseError: The file or a row of it cannot be read.
    """
    return tuple(_records(path, Title))


def read_scenes(path: Path) -> tuple[Scene, ...]:
    """Scenes, from a CSV or JSONL file with title_id, scene_id, start_ms and end_ms.

    Raises:
        ReleaseError: The file or a row of it cannot be read.
    """
    return tuple(_records(path, Scene))


def read_name_map(path: Path) -> tuple[tuple[str, str], ...]:
    """Names of titles and their IMDb identifiers, from a JSON object or a CSV of two columns.

    Raises:
        ReleaseError: The file cannot be read, or holds something else.
    """
    if path.suffix.lower() == ".json":
        found = load_json(path)
        if isinstance(found, dict) and all(isinstance(value, str) for value in found.values()):
            return tuple(found.items())
        raise ReleaseError("not a map of names", path=path, expected='{"name": "tt0000000", ...}')
    rows = [list(row.cells.values()) for row in csv_rows(path, _strict(path))]
    if any(len(row) != 2 for row in rows):
        raise ReleaseError("not a map of names", path=path, expected="two columns: name, identifier")
    return tuple((str(name).strip(), str(value).strip()) for name, value in rows)


def _records(path: Path, model: type[RecordT]) -> Iterator[RecordT]:
    is_json = path.suffix.lower() in (".json", ".jsonl", ".ndjson")
    ledger = _strict(path)
    rows = json_rows(path, ledger) if is_json else csv_rows(path, ledger)
    for row in rows:
        try:
            yield model.from_row(row.cells if is_json else _typed(row, model))
        except BrokenRow as error:
            raise ReleaseError(f"{row.where}: {error.message}", path=path) from error


class _Strict(Ledger):
    """What a user wrote by hand is small: a row that cannot be read is an error."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def lose(self, code: str, n: int = 1, *, where: str | None = None, what: object = None) -> None:
        raise ReleaseError(f"{where}: {code}: {what}", path=self._path)


def _strict(path: Path) -> Ledger:
    return _Strict(path)


def _typed(row: Row, model: type[Record]) -> dict[str, Any]:
    """Cells of a CSV as the types of the record's fields; empty cells are left out."""
    kinds = {info.name: info.kind for info in field_table(model)}
    out: dict[str, Any] = {}
    for name, cell in row.cells.items():
        text = str(cell).strip()
        if not text:
            continue
        number = whole_number(text)
        if kinds.get(name) == "int" and number is not None:
            out[name] = number
        elif kinds.get(name) == "list":
            out[name] = [part.strip() for part in text.split(";") if part.strip()]
        else:
            out[name] = text
    return out
