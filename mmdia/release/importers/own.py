"""Our own format: a release folder, or its tables alone (``dialogues.jsonl``, ``*.parquet``).

Rows come over as they are, unknown keys included; broken ones are counted. Tables without a head are
told apart by their names: ``titles*``, ``scenes*``, ``withdrawn*``; everything else holds dialogues.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mmdia.corpus.locate import HEAD_FILE, open_release, release_files
from mmdia.corpus.read import Withdrawals, iter_numbered
from mmdia.errors import BrokenRow, MmdiaError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.tables import LONGEST_LINE
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Scene, Withdrawal
from mmdia.schema.title import Title

RecordT = TypeVar("RecordT", bound=Record)
_TABLES: tuple[tuple[str, type[Record]], ...] = (
    ("titles", Title),
    ("scenes", Scene),
    ("withdrawn", Withdrawal),
)
_SUFFIXES = (".jsonl", ".parquet", ".json")


def accepts(files: Sequence[Path]) -> bool:
    """Whether files are of a release: its head, or a table of dialogues whose first row reads."""
    if any(path.name == HEAD_FILE for path in files):
        return True
    tables = [path for path in files if path.suffix in (".jsonl", ".parquet") and _model(path) is Dialogue]
    return bool(tables) and all(_first_reads(path) for path in tables)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """Head, titles, dialogues, scenes and withdrawals, as they are, without what is withdrawn."""
    heads = [path for path in files if path.name == HEAD_FILE]
    tables: dict[Path, Path] = {}
    for head in heads:
        handle = open_release(head.parent)
        yield handle.head
        tables |= {path.resolve(): path for path in release_files(handle).present()}
    folders = {head.parent.resolve() for head in heads}
    for path in files:
        inside = any(folder in path.resolve().parents for folder in folders)
        if path.suffix in (".jsonl", ".parquet") and not inside:
            tables.setdefault(path.resolve(), path)
    lists = [path for path in tables.values() if _model(path) is Withdrawal]
    gone = Withdrawals.of(row for p in lists for _, row in iter_numbered(p, Withdrawal, lambda _: None))
    for path in tables.values():
        yield from _rows(path, _model(path), gone, ledger)


def _model(path: Path) -> type[Record]:
    if path.parent.name == "dialogues":
        return Dialogue
    return next((model for name, model in _TABLES if path.name.startswith(name)), Dialogue)


def _rows(path: Path, model: type[Record], gone: Withdrawals, ledger: Ledger) -> Iterator[Item]:
    def broken(error: BrokenRow) -> None:
        ledger.read()
        ledger.lose("broken_row", where=error.path, what=error.message)

    seen: set[object] = set()
    for number, row in iter_numbered(path, model, broken):
        ledger.read()
        # Titles come again in every table of other formats; here a second row is a mistake.
        key = _key(row)
        if key is not None and key in seen:
            ledger.lose("duplicate_row", where=f"{path.name}:{number}", what=key)
            continue
        seen.add(key)
        n = max(1, len(row.turns)) if isinstance(row, Dialogue) else 1
        ledger.read(n - 1)
        if not isinstance(row, Withdrawal) and gone.covers(
            getattr(row, "dialogue_id", None), getattr(row, "title_id", None)
        ):
            ledger.lose("withdrawn", n, where=f"{path.name}:{number}")
            continue
        ledger.keep(n)
        yield row  # type: ignore[misc]


def _key(row: Record) -> object:
    if isinstance(row, Title):
        return row.title_id
    return (row.title_id, row.scene_id) if isinstance(row, Scene) else None


def _first_reads(path: Path) -> bool:
    """Whether the first row of a table is a dialogue, told without reading the others."""
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            return {"dialogue_id", "turns"} <= set(pq.read_schema(path).names)
        with path.open("rb") as stream:
            line = stream.readline(LONGEST_LINE).removeprefix(b"\xef\xbb\xbf")
        Dialogue.from_json(line)
    except (MmdiaError, OSError, ValueError):
        return False
    return True


IMPORTER = Importer("release", "a release, or its JSONL or Parquet tables alone", _SUFFIXES, accepts, read)
