"""JSONL tables: lines with their numbers, as records or as Arrow batches.

Arrow's JSON reader is fast but trusting: it takes two objects on one line for two rows, and a bare
``null`` crashes the process (pyarrow 26). So only blocks whose lines all look like one object reach
it, and only if every line gives one row that fits; all others go line by line through the records.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import pyarrow as pa
import pyarrow.json as pj
from pydantic import ValidationError

from mmdia.corpus.arrow import arrow_schema, arrow_type, batch_of
from mmdia.corpus.columns import Fields, Misfit, fit_batch
from mmdia.corpus.folding import fold_line
from mmdia.corpus.lines import OVERLONG, bounded_lines, strict_loads
from mmdia.errors import BrokenRow
from mmdia.schema.base import Record

#: What to do with a row that cannot be read: raise, or tell a function and go on without it.
OnBroken = Literal["raise"] | Callable[[BrokenRow], None]
RecordT = TypeVar("RecordT", bound=Record)

BLOCK_BYTES = 4 << 20
#: Lines that are looked at to learn which keys a block has.
_SAMPLE = 16
_BOM = b"\xef\xbb\xbf"
_NULL_ROW = re.compile(rb"\}\s*null")


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one file, without their ends; blank lines are left out.

    Attributes:
        path: The file.
        numbers: 1-based number of each line.
        lines: The lines.
    """

    path: Path
    numbers: list[int]
    lines: list[bytes]

    def where(self, i: int) -> str:
        """``file:line`` of the i-th line here."""
        return f"{self.path}:{self.numbers[i]}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one file as an Arrow batch.

    Attributes:
        path: The file.
        numbers: 1-based line (JSONL) or row (Parquet) of each row.
        batch: The rows, in our schema.
    """

    path: Path
    numbers: list[int]
    batch: pa.RecordBatch

    def where(self, i: int) -> str:
        """``file:line`` of the i-th row here."""
        return f"{self.path}:{self.numbers[i]}"


def report(error: BrokenRow, on_broken: OnBroken) -> None:
    """Raise a broken row, or hand it to the caller's function."""
    if on_broken == "raise":
        raise error
    on_broken(error)


def line_blocks(path: Path, *, max_rows: int = 1 << 30, max_bytes: int = BLOCK_BYTES) -> Iterator[Lines]:
    """Lines of a file in blocks of bounded size; BOM, CRLF and blank lines are taken away.

    A line longer than `mmdia.corpus.lines.MAX_LINE_BYTES` comes as `OVERLONG`, which no reader takes.
    """
    numbers: list[int] = []
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for number, line in enumerate(bounded_lines(file), start=1):
            if line is not OVERLONG:
                if number == 1:
                    line = line.removeprefix(_BOM)
                line = line.strip(b" \t\r\n")
                if not line:
                    continue
            numbers.append(number)
            lines.append(line)
            size += len(line)
            if len(lines) >= max_rows or size >= max_bytes:
                yield Lines(path, numbers, lines)
                numbers, lines, size = [], [], 0
    if lines:
        yield Lines(path, numbers, lines)


def records_of(block: Lines, model: type[RecordT], on_broken: OnBroken) -> Iterator[tuple[int, RecordT]]:
    """Line number and record of every good line."""
    try:
        _fast(block.lines, model)
        plain = True  # Arrow's reader is strict about twice-named keys, and the fit about numbers
    except Misfit:
        plain = False
    yield from _records(block, model, on_broken, plain=plain)


def _records(
    block: Lines, model: type[RecordT], on_broken: OnBroken, *, plain: bool
) -> Iterator[tuple[int, RecordT]]:
    for i, line in enumerate(block.lines):
        try:
            if not plain:
                _refuse_loose(line, model, block.where(i))
            record = _record(line, model, block.where(i))
        except BrokenRow as error:
            report(error, on_broken)
        else:
            yield block.numbers[i], record


def _refuse_loose(line: bytes, model: type[Record], where: str) -> None:
    """Refuse a line that is too long, or JSON that readers disagree about."""
    if line is OVERLONG:
        raise BrokenRow(f"{model.__name__}: {OVERLONG[1:].decode()}", path=where)
    try:
        strict_loads(line)
    except json.JSONDecodeError:
        pass  # the record says what is wrong
    except UnicodeDecodeError as error:
        raise BrokenRow(f"{model.__name__}: not UTF-8 text: {error.reason}", path=where) from None
    except RecursionError:
        raise BrokenRow(f"{model.__name__}: nested too deeply", path=where) from None
    except ValueError as error:
        raise BrokenRow(f"{model.__name__}: {error}"[:300], path=where) from None


def _record(line: bytes, model: type[RecordT], where: str) -> RecordT:
    try:
        return model.model_validate_json(line)
    except ValidationError:
        pass
    try:
        line = fold_line(line, model)
    except Misfit:
        pass  # no JSON, or nothing that could be folded: the record says what is wrong
    return model.from_json(line, where=where)


def rows_of(block: Lines, model: type[Record], on_broken: OnBroken, fields: Fields | None = None) -> Rows:
    """The block as an Arrow batch, without its broken lines.

    Args:
        block: The lines.
        model: The record.
        on_broken: "raise", or a function that is told of each row that cannot be read.
        fields: Fields of the record that are needed; others may be left unread.
    """
    try:
        return Rows(block.path, block.numbers, _fast(block.lines, model, fields))
    except Misfit:
        pass
    try:
        folded = [fold_line(line, model) for line in block.lines]
        return Rows(block.path, block.numbers, _fast(folded, model))
    except Misfit:
        good = list(_records(block, model, on_broken, plain=False))
        return rows_of_records(block.path, good, model, on_broken)


def rows_of_records(
    path: Path, numbered: list[tuple[int, RecordT]], model: type[RecordT], on_broken: OnBroken
) -> Rows:
    """Numbered records as an Arrow batch; one whose integers overflow 64 bits counts as broken."""
    try:
        return Rows(path, [n for n, _ in numbered], batch_of((r for _, r in numbered), model))
    except (pa.ArrowInvalid, OverflowError):
        good: list[tuple[int, RecordT]] = []
        for number, record in numbered:
            try:
                batch_of([record], model)
            except (pa.ArrowInvalid, OverflowError) as error:
                text = "an integer beyond 64 bits" if isinstance(error, OverflowError) else str(error)
                report(BrokenRow(f"{model.__name__}: {text}", path=f"{path}:{number}"), on_broken)
            else:
                good.append((number, record))
        return Rows(path, [n for n, _ in good], batch_of((r for _, r in good), model))


def _parse(text: bytes, *schemas: pa.Schema, strangers: str = "error") -> pa.Table:
    """The text as a table of the first schema that has all its keys; strangers may be ignored.

    Raises:
        Misfit: None has.
    """
    for schema in schemas:
        try:
            return pj.read_json(
                pa.BufferReader(text),
                read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
                parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior=strangers),
            )
        except (pa.ArrowInvalid, UnicodeDecodeError):
            pass
    raise Misfit


def _schema_of(lines: list[bytes], whole: pa.Schema) -> pa.Schema:
    """The part of a schema that a few of the lines use: every column more costs time, used or not."""
    if len(lines) < 8 * _SAMPLE:
        return whole
    try:
        sample = _parse(b"\n".join(lines[:: len(lines) // _SAMPLE]), whole).combine_chunks()
    except Misfit:
        return whole
    fields = [_used(field, sample.column(field.name)) for field in whole]
    return pa.schema([field for field in fields if field is not None])


def _used(field: pa.Field, values: pa.Array | pa.ChunkedArray) -> pa.Field | None:
    if values.null_count == len(values):
        return None
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_list(field.type):
        item = _used(field.type.value_field, values.flatten())
        return field if item is None else field.with_type(pa.list_(item))
    if pa.types.is_struct(field.type):
        children = [_used(child, values.field(child.name)) for child in field.type]
        kept = [child for child in children if child is not None]
        return field.with_type(pa.struct(kept)) if kept else field
    return field


def _fast(lines: list[bytes], model: type[Record], fields: Fields | None = None) -> pa.RecordBatch:
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        raise Misfit
    text = b"\n".join(lines)
    if _NULL_ROW.search(text):
        raise Misfit
    if fields is None:
        table = _parse(text, _schema_of(lines, arrow_schema(model)), arrow_schema(model))
    else:
        table = _parse(text, pa.schema([(f.name, arrow_type(f)) for f in fields]), strangers="ignore")
    if table.num_rows != len(lines):
        raise Misfit
    batch = table.combine_chunks().to_batches()[0]
    try:
        # Bytes that are no UTF-8 would otherwise reach the user as text.
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Misfit from None
    return fit_batch(batch, model, fields)
