"""Category words as numbers: the position in the vocabulary's table, or null when it has no such word."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

import pyarrow as pa

from mmdia.corpus.arrow import arrow_type
from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.vocab import PAPER_15, VOCABULARIES, Vocabulary


def vocabulary_or_default(name: str | None) -> Vocabulary:
    """The vocabulary that a release names; the paper's when it is unknown here or not named."""
    return VOCABULARIES.get(name or PAPER_15.name, PAPER_15)


def has_labels(field: FieldInfo) -> bool:
    """Whether the field is a category, or holds one at any depth."""
    return field.axis is not None or any(has_labels(child) for child in field.children)


@lru_cache(maxsize=32)
def label_type(field: FieldInfo) -> pa.DataType:
    """The Arrow type of a field, with categories as int64."""
    if field.axis is not None:
        return pa.int64()
    if not has_labels(field):
        return arrow_type(field)
    if field.kind == "list":
        return pa.list_(pa.field("item", label_type(field.children[0])))
    return pa.struct([pa.field(child.name, label_type(child)) for child in field.children])


def label_schema(model: type[Record]) -> pa.Schema:
    """The Arrow schema of a record, with categories as int64."""
    return pa.schema([pa.field(field.name, label_type(field)) for field in field_table(model)])


def encode_labels(
    batch: pa.RecordBatch,
    model: type[Record],
    vocab: Vocabulary,
    unknown: Counter[tuple[str, str]] | None = None,
) -> pa.RecordBatch:
    """The batch with categories as numbers (`label_schema`).

    Args:
        batch: Rows in the schema `arrow_schema(model)`.
        model: The record.
        vocab: The vocabulary.
        unknown: Where words that the vocabulary does not have are counted, by axis and word.
    """
    places = {
        axis: {n: i for i, n in enumerate(vocab.names(axis))} for axis in ("relationship", "interaction")
    }
    counts: Counter[tuple[str, str]] = Counter() if unknown is None else unknown
    arrays = []
    for field in field_table(model):
        column = batch.column(field.name)
        if has_labels(field):
            values = [_numbered(value, field, places, counts) for value in column.to_pylist()]
            column = pa.array(values, label_type(field))
        arrays.append(column)
    return pa.RecordBatch.from_arrays(arrays, schema=label_schema(model))


def _numbered(
    value: Any, field: FieldInfo, places: dict[str, dict[str, int]], unknown: Counter[tuple[str, str]]
) -> Any:
    if value is None:
        return None
    if field.axis is not None:
        found = places[field.axis].get(value)
        if found is None:
            unknown[field.axis, value] += 1
        return found
    if field.kind == "list":
        return [_numbered(item, field.children[0], places, unknown) for item in value]
    for child in field.children:
        if has_labels(child):
            value[child.name] = _numbered(value[child.name], child, places, unknown)
    return value
