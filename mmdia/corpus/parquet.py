"""Parquet tables as Arrow batches of our schema.

Only `ParquetFile.iter_batches` reads: scanners of ``pyarrow.dataset`` abort the interpreter at exit
when they are left half-way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmdia.corpus.columns import Misfit, fit_batch
from mmdia.corpus.jsonl import OnBroken, RecordT, Rows, report, rows_of_records
from mmdia.corpus.parquet_guard import refuse_footer, refuse_schema
from mmdia.errors import BrokenRow, ReleaseError
from mmdia.schema.fields import FieldInfo, field_table


def open_parquet(path: Path) -> pq.ParquetFile:
    """A Parquet file; to be used as a context.

    Raises:
        ReleaseError: The file is no Parquet file, or its sizes are a trap.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise ReleaseError(f"not a readable Parquet file: {error}", path=path) from error
    refuse_footer(file, path)
    return file


def parquet_rows(
    path: Path,
    model: type[RecordT],
    on_broken: OnBroken,
    *,
    batch_size: int = 1000,
    groups: Sequence[int] | None = None,
    first: int = 1,
) -> Iterator[Rows]:
    """Batches of a Parquet file, in our schema.

    Columns that are missing become null; columns that we do not know are kept in `extra`.

    Args:
        path: The file.
        model: The record.
        on_broken: "raise", or a function that is told of each row that cannot be read.
        batch_size: Most rows in a batch.
        groups: Only these row groups, null for all.
        first: 1-based number in the file of the first row that is read.

    Raises:
        ReleaseError: The file is no Parquet file, is damaged, or holds another kind of table.
        BrokenRow: A row does not fit, unless `on_broken` takes it.
    """
    with open_parquet(path) as file:
        refuse_schema(file.schema_arrow, model, path)
        for batch in _batches(file, path, batch_size, groups):
            numbers = list(range(first, first + batch.num_rows))
            first += batch.num_rows
            try:
                # Bytes that are no UTF-8 would otherwise reach the user as text.
                batch.validate(full=True)
                fitted = fit_batch(batch, model)
            except (Misfit, pa.ArrowInvalid):
                yield _one_by_one(path, numbers, batch, model, on_broken)
            else:
                yield Rows(path, numbers, fitted)


def _batches(
    file: pq.ParquetFile, path: Path, batch_size: int, groups: Sequence[int] | None
) -> Iterator[pa.RecordBatch]:
    """Batches of a file; damage met on the way is told with the file's name."""
    batches = _undamaged(file, batch_size, range(file.num_row_groups) if groups is None else groups)
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except (pa.ArrowException, OSError) as error:
            raise ReleaseError(f"the Parquet file is damaged: {error}", path=path) from error
        yield batch


def _undamaged(file: pq.ParquetFile, batch_size: int, groups: Iterable[int]) -> Iterator[pa.RecordBatch]:
    """Batches of row groups. A group that fits is read whole, which takes half the time."""
    for group in groups:
        if file.metadata.row_group(group).num_rows <= batch_size:
            yield from file.read_row_group(group, use_threads=False).combine_chunks().to_batches()
        else:
            yield from file.iter_batches(batch_size=batch_size, row_groups=[group], use_threads=False)


def _one_by_one(
    path: Path, numbers: list[int], batch: pa.RecordBatch, model: type[RecordT], on_broken: OnBroken
) -> Rows:
    fields = field_table(model)
    good: list[tuple[int, RecordT]] = []
    for i, number in enumerate(numbers):
        where = f"{path}:{number}"
        try:
            (row,) = batch.slice(i, 1).to_pylist()
            _refuse_not_finite(row, model, where)
            record = model.from_row(_without_empty_strangers(row, fields), where=where)
        except UnicodeDecodeError as error:
            report(BrokenRow(f"{model.__name__}: not UTF-8 text: {error.reason}", path=where), on_broken)
        except (TypeError, RecursionError) as error:
            report(BrokenRow(f"{model.__name__}: {error}", path=where), on_broken)
        except BrokenRow as error:
            report(error, on_broken)
        else:
            good.append((number, record))
    return rows_of_records(path, good, model, on_broken)


def _refuse_not_finite(value: Any, model: type[RecordT], where: str) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise BrokenRow(f"{model.__name__}: {value} is no number that a release can hold", path=where)
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            _refuse_not_finite(inner, model, where)


def _without_empty_strangers(row: Mapping[str, Any], fields: tuple[FieldInfo, ...]) -> dict[str, Any]:
    """Drop unknown keys that are null: in a table, a null says that the row has no such key."""
    known = {field.name: field for field in fields}
    out: dict[str, Any] = {}
    for key, value in row.items():
        field = known.get(key)
        if field is None:
            if value is not None:
                out[key] = value
        elif field.kind == "struct" and isinstance(value, Mapping):
            out[key] = _without_empty_strangers(value, field.children)
        elif field.kind == "list" and isinstance(value, list) and field.children[0].kind == "struct":
            inner = field.children[0].children
            out[key] = [
                _without_empty_strangers(item, inner) if isinstance(item, Mapping) else item
                for item in value
            ]
        else:
            out[key] = value
    return out
