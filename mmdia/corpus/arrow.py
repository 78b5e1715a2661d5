"""The Arrow schema of a record, derived from the neutral field table. Nothing is listed by hand."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import pyarrow as pa

from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table

_SCALARS: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}


def arrow_type(field: FieldInfo) -> pa.DataType:
    """The Arrow type of one field."""
    if field.kind == "struct":
        return pa.struct([_arrow_field(child) for child in field.children])
    if field.kind == "list":
        # The item's name is part of a list type; Arrow's own default keeps types comparable.
        return pa.list_(pa.field("item", arrow_type(field.children[0])))
    return _SCALARS[field.kind]


def _arrow_field(field: FieldInfo) -> pa.Field:
    return pa.field(field.name, arrow_type(field), nullable=True)


@lru_cache(maxsize=32)
def arrow_schema(model: type[Record]) -> pa.Schema:
    """The Arrow schema of a record.

    Every field is nullable: `datasets` drops "not null", and Parquet casts would refuse it.
    What must not be null is checked row by row instead (`mmdia.corpus.columns`).

    Args:
        model: A record class whose fields all have columns (`Title`, `Dialogue`, ...).

    Raises:
        UsageError: A field has a type that has no column.
    """
    return pa.schema([_arrow_field(field) for field in field_table(model)])


def batch_of(records: Iterable[Record], model: type[Record]) -> pa.RecordBatch:
    """Records as one Arrow batch; lists are empty rather than null.

    Raises:
        pyarrow.ArrowInvalid, OverflowError: An integer does not fit into 64 bits.
    """
    rows = [record.model_dump() for record in records]
    return pa.RecordBatch.from_pylist(rows, schema=arrow_schema(model))
