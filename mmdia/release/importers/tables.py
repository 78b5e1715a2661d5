"""Rows of CSV, TSV, JSON and JSONL files, one at a time, every bad one counted."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from pathlib import Path
from typing import IO, Any, Literal

from mmdia.corpus.parquet_guard import refuse_bombs
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
    quoting: bool = True,
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
        quoting: Whether quotes hold a cell together; else they are signs like others.

    Raises:
        ReleaseError: The file cannot be read, is empty, or lacks a column of `needs`.
    """
    csv.field_size_limit(LONGEST_CELL)
    found = encoding_of(path, encoding, ledger)
    with path.open(encoding=found.encoding, errors=found.errors, newline="") as stream:
        first = stream.readline(LONGEST_CELL)
        sign = delimiter or _delimiter(first)
        stream.seek(0)
        rule: Literal[0, 3] = csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE
        told = (path.name, ledger) if quoting and sign == "\t" else None
        reader = csv.reader(_without_nul(stream, told), delimiter=sign, quoting=rule)
        columns = _columns(path, reader, needs, ledger)
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
                    "a quote that never closes (are quotes but text? quoting = false)"
                    if swallowed
                    else f"{len(cells)} cells for {len(columns)} columns"
                )
                ledger.lose("broken_row", 1 + swallowed, where=f"{path.name}:{line}", what=what)
                continue
            yield Row(path, line, dict(zip(columns, cells, strict=True)))


def _without_nul(stream: Iterator[str], told: tuple[str, Ledger] | None) -> Iterator[str]:
    # NUL characters mean nothing in a table; quotes may mean nothing in a TSV, so they are noted.
    for number, line in enumerate(stream, start=1):
        if told is not None and '"' in line and number > 1:
            told[1].note("quotes_read", where=f"{told[0]}:{number}")
        yield line.replace("\0", "") if "\0" in line else line


def _columns(path: Path, reader: Iterator[list[str]], needs: Sequence[str], ledger: Ledger) -> list[str]:
    """The names of the columns, which are all that is needed; each column has one of its own."""
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
    columns = [name or f"column {k}" for k, name in enumerate(columns, start=1)]
    return [name for name, _ in _apart([(name, None) for name in columns], path.name, ledger)]


def _apart(pairs: Sequence[tuple[str, Any]], where: str, ledger: Ledger) -> list[tuple[str, Any]]:
    """Pairs whose names differ: the first of one name has it, further ones a number behind it."""
    if len({name for name, _ in pairs}) == len(pairs):
        return list(pairs)
    out: dict[str, Any] = {}
    for name, value in pairs:
        free, k = name, 1
        while free in out:
            k += 1
            free = f"{name} ({k})"
        if k > 1:
            ledger.note("duplicate_column", where=where, what=f"{name}: the {k}. is {free!r}")
        out[free] = value
    return list(out.items())


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
    if plain_suffix(path) == ".json":
        found = rows_at(load_json(path, ledger), rows, path)
        for number, item in enumerate(found, start=1):
            ledger.read()
            if isinstance(item, dict):
                yield Row(path, number, item)
            else:
                ledger.lose("broken_row", where=f"{path.name}:{number}", what="no JSON object")
        return
    for number, line in _lines(path, ledger):
        ledger.read()
        try:
            item = _loads(line, f"{path.name}:{number}", ledger)
        except (ValueError, RecursionError) as error:
            ledger.lose("broken_row", where=f"{path.name}:{number}", what=error)
            continue
        if isinstance(item, dict):
            yield Row(path, number, item)
        else:
            ledger.lose("broken_row", where=f"{path.name}:{number}", what="no JSON object")


def plain_suffix(path: Path) -> str:
    """The ending of a file's name, lower case, before ``.gz``.

    >>> plain_suffix(Path("cuts.JSONL.gz"))
    '.jsonl'
    """
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _open(path: Path) -> IO[bytes]:
    """The file's bytes, unpacked where it is gzipped."""
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _lines(path: Path, ledger: Ledger) -> Iterator[tuple[int, bytes]]:
    """Number and text of each line that is not empty; a gzip file that breaks off ends with a lost row."""
    with _open(path) as stream:
        number = 0
        while True:
            number += 1
            try:
                line = stream.readline(LONGEST_LINE)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                ledger.read()
                ledger.lose("broken_row", where=f"{path.name}:{number}", what=error)
                return
            if not line:
                return
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise ReleaseError(
                    "a line is too long for a row",
                    path=f"{path}:{number}",
                    expected=f"at most {LONGEST_LINE} bytes",
                )
            if line.strip():
                yield number, line


def _loads(text: str | bytes, where: str, ledger: Ledger | None) -> Any:
    """JSON; ``NaN`` is nothing, and of a key that comes twice both values stay."""
    return json.loads(
        text,
        parse_constant=lambda word: None if word == "NaN" else word,
        object_pairs_hook=None if ledger is None else lambda pairs: dict(_apart(pairs, where, ledger)),
    )


def parquet_rows(path: Path, ledger: Ledger, *, needs: Sequence[str] = ()) -> Iterator[Row]:
    """Rows of a Parquet file, as JSON would give them; bytes (sound, pictures) are left out and noted.

    Raises:
        ReleaseError: It cannot be read, is unsafe, or lacks a column of `needs`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    refuse_bombs(path)
    try:
        with pq.ParquetFile(path) as file:
            _columns(path, iter([file.schema_arrow.names]), needs, ledger)
            number = 0
            for batch in file.iter_batches(batch_size=1000):
                for cells in batch.to_pylist():
                    number += 1
                    ledger.read()
                    yield Row(path, number, _plain(cells, f"{path.name}:{number}", ledger))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise ReleaseError(f"the Parquet file cannot be read: {error}", path=path) from error


def _plain(value: Any, where: str, ledger: Ledger) -> Any:
    """A value as JSON has it; what JSON has no word for as text."""
    if isinstance(value, Mapping):
        return {key: _plain(inner, where, ledger) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, where, ledger) for inner in value]
    if isinstance(value, (bytes, bytearray)):
        ledger.note("bytes_left_out", where=where)
        return None
    if isinstance(value, float) and not isfinite(value):
        return None if isnan(value) else str(value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def load_json(path: Path, ledger: Ledger | None = None) -> Any:
    """A whole JSON document, gzipped or not.

    Raises:
        ReleaseError: The file cannot be read, or is no JSON.
    """
    try:
        data = bytearray()
        with _open(path) as stream:
            while chunk := stream.read(1 << 20):
                data += chunk
                if len(data) > LARGEST_DOCUMENT:
                    raise ReleaseError("too large for one JSON document", path=path, hint="Make it JSONL.")
        return _loads(data.decode("utf-8-sig"), path.name, ledger)
    except (ValueError, RecursionError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ReleaseError(f"not JSON: {error}", path=path) from error
    except OSError as error:
        raise ReleaseError(f"cannot be read: {error.strerror or error}", path=path) from error


def document_of(path: Path, ledger: Ledger) -> Any:
    """A whole JSON document; None where it cannot be read, which counts as a lost row."""
    try:
        return load_json(path, ledger)
    except ReleaseError as error:
        ledger.read()
        ledger.lose("broken_row", where=path.name, what=error.message)
        return None


def first_of(path: Path) -> Mapping[str, Any]:
    """The first row of a JSON or JSONL file, or the object that it is. Never raises: it is for guessing."""
    try:
        if plain_suffix(path) == ".json":
            found = load_json(path)
        else:
            found = json.loads(next(_lines(path, Ledger()), (1, b"0"))[1])
    except (ReleaseError, OSError, ValueError, RecursionError):
        return {}
    while isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, Mapping) else {}


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
    """What stands at a path: a column of that very name, else keys and list places with dots between.

    ``*`` stands for every item of a list (or value of an object); lists within become one.
    """
    if isinstance(value, Mapping) and path in value:
        return value[path]
    keys = path.split(".")
    for k, key in enumerate(keys):
        if key == "*":
            items = list(value.values()) if isinstance(value, Mapping) else value
            if not isinstance(items, list):
                return None
            rest = ".".join(keys[k + 1 :])
            found = [reach(item, rest) if rest else item for item in items]
            lists = [item if isinstance(item, list) else [item] for item in found if item is not None]
            return [item for inner in lists for item in inner]
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.lstrip("-").isdigit() and -len(value) <= int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
