"""Rows of CSV, TSV, JSON and JSONL files, one at a time, every bad one counted."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import ReleaseError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.text import encoding_of

#: No cell or line of an annotation table is longer; what is, is no annotation.
LONGEST_CELL = 4 << 20
LONGEST_LINE = 64 << 20
LARGEST_DOCUMENT = 1 << 30
_DELIMITERS = (",", "\t", ";", "|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table.

    Attributes:
        path: Its file.
        line: 1-based line in the file (of JSON arrays: the place in the array).
        cells: Values by column; of JSON, any JSON values.
    """

    path: Path
    line: int
    cells: dict[str, Any]

    @property
    def where(self) -> str:
        """``file:line``."""
        return f"{self.path.name}:{self.line}"

    def text(self, column: str) -> str:
        """A cell as text without outer white space; empty where there is none."""
        value = self.cells.get(column)
        return "" if value is None else str(value).strip()


def header_of(path: Path) -> tuple[str, ...]:
    """Columns of a CSV or TSV file; empty where it holds none. Never raises: it is for guessing."""
    try:
        with path.open("rb") as stream:
            first = stream.readline(1 << 16)
    except OSError:
        return ()
    marked = first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for name in ("utf-16",) if marked else ("utf-8-sig", "latin-1"):
        try:
            line = first.decode(name)
        except UnicodeError:
            continue
        try:
            cells = next(csv.reader(line.splitlines()[:1], delimiter=_delimiter(line)), [])
        except csv.Error:
            return ()
        return tuple(cell.strip() for cell in cells)
    return ()


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=lambda sign: (line.count(sign), -_DELIMITERS.index(sign)))


def csv_rows(
    path: Path,
    ledger: Ledger,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    needs: Sequence[str] = (),
) -> Iterator[Row]:
    """Rows of a table with a header line.

    A row with more or fewer cells than the header, and one in which an open quote swallowed the
    lines below, are lost as ``broken_row``.

    Args:
        path: The file.
        ledger: Counts rows read and lost.
        encoding: Its encoding; detected when None.
        delimiter: The sign between cells; told from the header when None.
        needs: Columns without which the table is another one.

    Raises:
        ReleaseError: The file cannot be read, is empty, or lacks a column of `needs`.
    """
    csv.field_size_limit(LONGEST_CELL)
    found = encoding_of(path, encoding, ledger)
    with path.open(encoding=found.encoding, errors=found.errors, newline="") as stream:
        first = stream.readline(LONGEST_CELL)
        sign = delimiter or _delimiter(first)
        stream.seek(0)
        reader = csv.reader(_without_nul(stream), delimiter=sign)
        columns = _columns(path, reader, needs)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                ledger.read()
                ledger.lose("broken_row", where=f"{path.name}:{line}", what=error)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            swallowed = _swallowed(cells, len(columns), sign)
            ledger.read(1 + swallowed)
            if swallowed or len(cells) != len(columns):
                what = (
                    "a quote that never closes"
                    if swallowed
                    else f"{len(cells)} cells for {len(columns)} columns"
                )
                ledger.lose("broken_row", 1 + swallowed, where=f"{path.name}:{line}", what=what)
                continue
            yield Row(path, line, dict(zip(columns, cells, strict=True)))


def _without_nul(stream: Iterator[str]) -> Iterator[str]:
    # NUL characters mean nothing in a table.
    for line in stream:
        yield line.replace("\0", "") if "\0" in line else line


def _columns(path: Path, reader: Iterator[list[str]], needs: Sequence[str]) -> list[str]:
    """The names of the columns, which are all that is needed."""
    try:
        columns = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
    except csv.Error as error:
        raise ReleaseError(f"the line that names the columns cannot be read: {error}", path=path) from error
    if not any(columns):
        raise ReleaseError("the table is empty", path=path, expected="a line that names the columns")
    missing = [name for name in needs if name not in columns]
    if missing:
        raise ReleaseError(
            f"the table has no column {', '.join(map(repr, missing))}",
            path=path, expected=", ".join(needs), got=", ".join(columns[:30]),
        )  # fmt: skip
    return columns


def _swallowed(cells: Sequence[str], width: int, sign: str) -> int:
    """How many further rows stand inside a cell: lines with as many delimiters as a row has."""
    if width < 3:
        return 0
    inner = [line for cell in cells if "\n" in cell for line in cell.split("\n")[1:]]
    return sum(1 for line in inner if line.count(sign) >= width - 1)


def json_rows(path: Path, ledger: Ledger, *, rows: str | None = None) -> Iterator[Row]:
    """Rows of a JSONL file, or of the array at the path `rows` of a JSON document.

    An object of objects is taken as a list of them, with the key as ``@key``.

    Raises:
        ReleaseError: The file cannot be read, or holds no list there.
    """
    if path.suffix.lower() == ".json":
        found = rows_at(load_json(path), rows, path)
        for number, item in enumerate(found, start=1):
            ledger.read()
            if isinstance(item, dict):
                yield Row(path, number, item)
            else:
                ledger.lose("broken_row", where=f"{path.name}:{number}", what="no JSON object")
        return
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise ReleaseError(
                    "a line is too long for a row",
                    path=f"{path}:{number}",
                    expected=f"at most {LONGEST_LINE} bytes",
                )
            if not line.strip():
                continue
            ledger.read()
            try:
                item = json.loads(line)
            except (ValueError, RecursionError) as error:
                ledger.lose("broken_row", where=f"{path.name}:{number}", what=error)
                continue
            if isinstance(item, dict):
                yield Row(path, number, item)
            else:
                ledger.lose("broken_row", where=f"{path.name}:{number}", what="no JSON object")


def load_json(path: Path) -> Any:
    """A whole JSON document.

    Raises:
        ReleaseError: The file cannot be read, or is no JSON.
    """
    try:
        if path.stat().st_size > LARGEST_DOCUMENT:
            raise ReleaseError("too large for one JSON document", path=path, hint="Make it JSONL.")
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"not JSON: {error}", path=path) from error
    except OSError as error:
        raise ReleaseError(f"cannot be read: {error.strerror or error}", path=path) from error


def rows_at(document: Any, path: str | None, file: Path) -> list[Any]:
    """The list at a dotted path of a document; an object of objects becomes a list (key: ``@key``)."""
    found = reach(document, path) if path else document
    if isinstance(found, dict):
        if not all(isinstance(value, dict) for value in found.values()):
            return [found]
        return [{"@key": key, **value} for key, value in found.items()]
    if isinstance(found, list):
        return found
    raise ReleaseError(
        "no list of rows there", path=file, expected=path or "a JSON array", got=type(found).__name__
    )


def reach(value: Any, path: str) -> Any:
    """What stands at a path: a column of that very name, else keys and list places with dots between."""
    if isinstance(value, Mapping) and path in value:
        return value[path]
    for key in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.lstrip("-").isdigit() and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
