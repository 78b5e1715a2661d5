"""Parquet tables as Arrow batches of our schema.

Only `ParquetFile.iter_batches` reads: scanners of ``pyarrow.dataset`` abort the interpreter at exit
when they are left half-way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mmdia.corpus.columns import Misfit, fit_batch
from mmdia.corpus.jsonl import OnBroken, RecordT, Rows, report, rows_of_records
from mmdia.errors import BrokenRow, ReleaseError
from mmdia.schema.fields import FieldInfo, field_table


def parquet_rows(
    path: Path, model: type[RecordT], on_broken: OnBroken, *, batch_size: int = 1000
) -> Iterator[Rows]:
    """Batches of a Parquet file, in our schema.

    Columns that are missing become null; columns that we do not know are kept in `extra`.

    Raises:
        ReleaseError: The file is no Parquet file.
        BrokenRow: A row does not fit, unless `on_broken` takes it.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ReleaseError(f"not a readable Parquet file: {error}", path=path) from error
    with file:
        first = 1
        for batch in file.iter_batches(batch_size=batch_size, use_threads=False):
            numbers = list(range(first, first + batch.num_rows))
            first += batch.num_rows
            try:
                yield Rows(path, numbers, fit_batch(batch, model))
            except Misfit:
                yield _one_by_one(path, numbers, batch, model, on_broken)


def _one_by_one(
    path: Path, numbers: list[int], batch: pa.RecordBatch, model: type[RecordT], on_broken: OnBroken
) -> Rows:
    fields = field_table(model)
    good: list[tuple[int, RecordT]] = []
    for number, row in zip(numbers, batch.to_pylist(), strict=True):
        try:
            record = model.from_row(_without_empty_strangers(row, fields), where=f"{path}:{number}")
        except BrokenRow as error:
            report(error, on_broken)
        else:
            good.append((number, record))
    return rows_of_records(path, good, model, on_broken)


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
