"""SegLST: segments as a JSON list of session_id, speaker, words, start_time, end_time (CHiME, meeteval)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.errors import ReleaseError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, items, seconds_ms, split_uem
from mmdia.release.importers.tables import json_rows, load_json

_NEEDS = frozenset({"session_id", "start_time", "end_time"})


def accepts(files: Sequence[Path]) -> bool:
    """Whether the JSON files hold such lists."""
    tables = [path for path in files if path.suffix.lower() == ".json"]
    return bool(tables) and all(_is_list(path) for path in tables)


def _is_list(path: Path) -> bool:
    if path.name.lower().endswith(".seglst.json"):
        return True
    try:
        document = load_json(path)
    except ReleaseError:
        return False
    return (
        isinstance(document, list)
        and bool(document)
        and isinstance(document[0], dict)
        and set(document[0]) >= _NEEDS
    )


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each session."""
    tables, regions = split_uem(files, options, ledger)
    segments = []
    for path in tables:
        for row in json_rows(path, ledger):
            session = row.text("session_id")
            start, end = seconds_ms(row.text("start_time")), seconds_ms(row.text("end_time"))
            if not session:
                ledger.lose("missing_field", where=row.where, what="session_id")
            elif start is None or end is None:
                what = f"{row.text('start_time')} to {row.text('end_time')}"
                ledger.lose("bad_time", where=row.where, what=what)
            else:
                text = row.text("words") if row.cells.get("words") is not None else None
                segments.append(Segment(session, row.text("speaker"), start, end, text, row.where))
    yield from items(segments, regions, options, ledger, dataset="SegLST")


IMPORTER = Importer("seglst", "SegLST (JSON segments), with UEM", (".json", ".uem"), accepts, read)
