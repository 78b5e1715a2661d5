"""SegLST: segments as a JSON list of session_id, speaker, words, start_time, end_time (CHiME, meeteval)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.errors import ReleaseError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, items, seconds_ms, split_uem
from mmdia.release.importers.tables import Row, json_rows, load_json

_NEEDS = ({"session_id", "start_time", "end_time"}, {"session_id", "speaker", "words"})


_PLACED = frozenset({"session_id", "speaker", "words", "start_time", "end_time"})


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
        and any(names <= set(document[0]) for names in _NEEDS)
    )


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each session."""
    tables, regions = split_uem(files, options, ledger)
    segments = []
    for path in tables:
        for row in json_rows(path, ledger):
            segment = _segment(row, ledger)
            if segment is not None:
                segments.append(segment)
    yield from items(segments, regions, options, ledger, dataset="SegLST")


def _segment(row: Row, ledger: Ledger) -> Segment | None:
    session, words = row.text("session_id"), row.cells.get("words")
    times = [row.cells.get(name) for name in ("start_time", "end_time")]
    # Words and their times may be lists, one of each for every word; there may be no times at all.
    first, last = (t[k] if isinstance(t, list) and t else t for t, k in zip(times, (0, -1), strict=True))
    start, end = (None if t is None else seconds_ms(str(t)) for t in (first, last))
    if isinstance(words, list) and all(isinstance(word, str) for word in words):
        words = " ".join(words)
    if not session:
        ledger.lose("missing_field", where=row.where, what="session_id")
    elif (start is None or end is None) and not (first is last is None):
        ledger.lose("bad_time", where=row.where, what=f"{times[0]} to {times[1]}")
    elif isinstance(words, (list, dict)) or isinstance(row.cells.get("speaker"), (list, dict)):
        ledger.lose("broken_row", where=row.where, what="words or speaker are no text")
    else:
        text = None if words is None else str(words).strip()
        more = {key: value for key, value in row.cells.items() if key not in _PLACED}
        return Segment(session, row.text("speaker"), start, end, text, row.where, extra=more)
    return None


IMPORTER = Importer("seglst", "SegLST (JSON segments), with UEM", (".json", ".uem"), accepts, read)
