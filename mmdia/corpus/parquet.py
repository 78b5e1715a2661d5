"""Parquet tables as Arrow batches of our schema.

Only `ParquetFile.iter_batches` reads: scanners of ``pyarrow.dataset`` abort the interpreter at exit
when they are left half-way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmdia.corpus.columns import Fields, Misfit, fit_batch
from mmdia.corpus.jsonl import OnBroken, RecordT, Rows, report, rows_of_records
from mmdia.corpus.parquet_guard import refuse_footer, refuse_schema
from mmdia.errors import BrokenRow, ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table, walk


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
    fields: Fields | None = None,
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
        fields: Fields of the record that are needed; others may be left unread.

    Raises:
        ReleaseError: The file is no Parquet file, is damaged, or holds another kind of table.
        BrokenRow: A row does not fit, unless `on_broken` takes it.
    """
    with open_parquet(path) as file:
        refuse_schema(file.schema_arrow, model, path)
        leaves = None if fields is None else _leaves(file, fields)
        for group in range(file.num_row_groups) if groups is None else groups:
            size, done = file.metadata.row_group(group).num_rows, 0
            for batch in _batches(file, path, batch_size, group, leaves) if leaves else ():
                if (fitted := _fitted(batch, model, fields)) is None:
                    leaves = None  # what is wrong takes whole rows to tell
                    break
                yield Rows(path, list(range(first + done, first + done + batch.num_rows)), fitted)
                done += batch.num_rows
            at = 0
            for whole in _batches(file, path, batch_size, group) if done < size else ():
                batch = whole.slice(min(max(done - at, 0), whole.num_rows))
                at += whole.num_rows
                numbers = list(range(first + at - batch.num_rows, first + at))
                if (fitted := _fitted(batch, model)) is not None:
                    yield Rows(path, numbers, fitted)
                elif numbers:
                    yield _one_by_one(path, numbers, batch, model, on_broken)
            first += size


def _fitted(
    batch: pa.RecordBatch, model: type[Record], fields: Fields | None = None
) -> pa.RecordBatch | None:
    try:
        # Bytes that are no UTF-8 would otherwise reach the user as text.
        batch.validate(full=True)
        return fit_batch(batch, model, fields)
    except (Misfit, pa.ArrowInvalid):
        return None


def _leaves(file: pq.ParquetFile, fields: Fields) -> list[str] | None:
    """The columns of Parquet that hold the fields; None where not each of them is there."""
    wanted = {path.replace("[]", "") for path, info in walk(fields) if not _holds_fields(info)}
    names = (name for field in file.schema_arrow for name in _leaf_names(field.name, field.type))
    stored = (file.schema.column(i).path for i in range(len(file.schema)))
    # Lists have steps of their own in there, whose names depend on who wrote the file.
    found = {name: column for name, column in zip(names, stored, strict=True) if name in wanted}
    return list(found.values()) if found.keys() == wanted else None


def _holds_fields(info: FieldInfo) -> bool:
    return info.kind == "struct" or (info.kind == "list" and info.children[0].kind == "struct")


def _leaf_names(name: str, found: pa.DataType) -> Iterator[str]:
    if pa.types.is_struct(found):
        for i in range(found.num_fields):
            yield from _leaf_names(f"{name}.{found.field(i).name}", found.field(i).type)
    elif pa.types.is_map(found):
        yield from _leaf_names(name, found.key_type)
        yield from _leaf_names(name, found.item_type)
    elif hasattr(found, "value_type") and not pa.types.is_dictionary(found):
        yield from _leaf_names(name, found.value_type)
    else:
        yield name


def _batches(
    file: pq.ParquetFile, path: Path, batch_size: int, group: int, columns: list[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """Batches of a row group; damage met on the way is told with the file's name."""
    batches = _undamaged(file, batch_size, group, columns)
    while True:
        try:
            batch = next(batches)
        except StopIteration:
            return
        except (pa.ArrowException, OSError) as error:
            raise ReleaseError(f"the Parquet file is damaged: {error}", path=path) from error
        yield batch


def _undamaged(
    file: pq.ParquetFile, batch_size: int, group: int, columns: list[str] | None
) -> Iterator[pa.RecordBatch]:
    """Batches of a row group. One that fits is read whole, which takes half the time."""
    how = {"columns": columns, "use_threads": False}
    if file.metadata.row_group(group).num_rows <= batch_size:
        yield from file.read_row_group(group, **how).combine_chunks().to_batches()
    else:
        yield from file.iter_batches(batch_size=batch_size, row_groups=[group], **how)


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
