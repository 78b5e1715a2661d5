"""JSONL tables: lines with their numbers, as records or as Arrow batches.

Arrow's JSON reader is fast but trusting: it takes two objects on one line for two rows, and a bare
``null`` crashes the process (pyarrow 26). So only blocks whose lines all look like one object reach
it, and only if every line gives one row that fits; all others go line by line through the records.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import pyarrow as pa
import pyarrow.json as pj
from pydantic import ValidationError

from mmdia.corpus.arrow import arrow_schema, batch_of
from mmdia.corpus.columns import Misfit, fit_batch
from mmdia.corpus.folding import fold_line
from mmdia.errors import BrokenRow
from mmdia.schema.base import Record

#: What to do with a row that cannot be read: raise, or tell a function and go on without it.
OnBroken = Literal["raise"] | Callable[[BrokenRow], None]
RecordT = TypeVar("RecordT", bound=Record)

BLOCK_BYTES = 4 << 20
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
    """Lines of a file in blocks of bounded size; BOM, CRLF and blank lines are taken away."""
    numbers: list[int] = []
    lines: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
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
    for i, line in enumerate(block.lines):
        try:
            record = _record(line, model, block.where(i))
        except BrokenRow as error:
            report(error, on_broken)
        else:
            yield block.numbers[i], record


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


def rows_of(block: Lines, model: type[Record], on_broken: OnBroken) -> Rows:
    """The block as an Arrow batch, without its broken lines."""
    try:
        return Rows(block.path, block.numbers, _fast(block.lines, model))
    except Misfit:
        pass
    try:
        folded = [fold_line(line, model) for line in block.lines]
        return Rows(block.path, block.numbers, _fast(folded, model))
    except Misfit:
        good = list(records_of(block, model, on_broken))
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
                report(BrokenRow(f"{model.__name__}: {error}", path=f"{path}:{number}"), on_broken)
            else:
                good.append((number, record))
        return Rows(path, [n for n, _ in good], batch_of((r for _, r in good), model))


def _fast(lines: list[bytes], model: type[Record]) -> pa.RecordBatch:
    if not all(line.startswith(b"{") and line.endswith(b"}") for line in lines):
        raise Misfit
    text = b"\n".join(lines)
    if _NULL_ROW.search(text):
        raise Misfit
    try:
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(
                explicit_schema=arrow_schema(model), unexpected_field_behavior="error"
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        raise Misfit from None
    if table.num_rows != len(lines):
        raise Misfit
    batch = table.combine_chunks().to_batches()[0]
    try:
        # Bytes that are no UTF-8 would otherwise reach the user as text.
        text.decode("utf-8")
    except UnicodeDecodeError:
        raise Misfit from None
    return fit_batch(batch, model)
