"""Audacity's labels: start, end and text between tabs, in seconds; a line of frequencies may follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, items, seconds_ms
from mmdia.release.importers.text import encoding_of


def accepts(files: Sequence[Path]) -> bool:
    """Whether the text files begin with such a line."""
    tables = [path for path in files if path.suffix.lower() == ".txt"]
    return bool(tables) and all(_begins(path) for path in tables)


def _begins(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            cells = stream.readline(1 << 16).decode("utf-8-sig", "replace").split("\t")
    except OSError:
        return False
    return len(cells) in (2, 3) and None not in (_ms(cells[0]), _ms(cells[1]))


def _ms(text: str) -> int | None:
    # Old versions write the comma of the user's language.
    return seconds_ms(text.strip().replace(",", "."))


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file; a label is a turn, a label at a point one without length."""
    segments: list[Segment] = []
    for path in files:
        found = encoding_of(path, options.encoding, ledger)
        last: Segment | None = None
        with path.open(encoding=found.encoding, errors=found.errors) as stream:
            for number, line in enumerate(stream, start=1):
                if not line.strip():
                    continue
                ledger.read()
                cells, where = line.rstrip("\n").lstrip("\ufeff").split("\t", 2), f"{path.name}:{number}"
                if cells[0] == "\\" and len(cells) == 3 and last is not None:
                    last.extra |= {"low_hz": cells[1].strip(), "high_hz": cells[2].strip()}
                    last.n_rows += 1
                    continue
                start, end = (_ms(cell) for cell in cells[:2]) if len(cells) > 1 else (None, None)
                if start is None or end is None:
                    last = None
                    ledger.lose("broken_row" if len(cells) < 2 else "bad_time", where=where, what=line)
                    continue
                last = Segment(path.stem, "", start, end, "".join(cells[2:]).strip(), where)
                segments.append(last)
    yield from items(segments, None, options, ledger, dataset="Audacity")


IMPORTER = Importer("audacity", "Audacity's labels", (".txt",), accepts, read, any_suffix=True)
