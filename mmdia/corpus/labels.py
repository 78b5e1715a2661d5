"""Category words as numbers: the position in the vocabulary's table, or null when it has no such word.

A word that the vocabulary does not have goes where unknown keys are kept, into the row's `extra`, from
which it is written back in its place.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.arrow import arrow_type
from mmdia.corpus.columns import Fields
from mmdia.corpus.layout import vocabulary_or_default
from mmdia.corpus.strays import EXTRA, extra_with_strays
from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.vocab import Vocabulary

__all__ = ["encode_labels", "has_labels", "label_schema", "label_type", "vocabulary_or_default"]


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


def label_schema(model: type[Record], fields: Fields | None = None) -> pa.Schema:
    """The Arrow schema of a record, or of some of its fields, with categories as int64."""
    return pa.schema([pa.field(field.name, label_type(field)) for field in fields or field_table(model)])


def encode_labels(
    batch: pa.RecordBatch,
    model: type[Record],
    vocab: Vocabulary,
    unknown: Counter[tuple[str, str]] | None = None,
    fields: Fields | None = None,
) -> pa.RecordBatch:
    """The batch with categories as numbers (`label_schema`); other words are kept in `extra`.

    Args:
        batch: Rows in the schema `arrow_schema(model)`.
        model: The record.
        vocab: The vocabulary.
        unknown: Where words that the vocabulary does not have are counted, by axis and word.
        fields: The fields of the record that the batch has; null for all.
    """
    counts: Counter[tuple[str, str]] = Counter()
    fields = fields or field_table(model)
    arrays = [_encode(batch.column(field.name), field, vocab, counts) for field in fields]
    if counts and EXTRA in batch.schema.names:
        at = batch.schema.get_field_index(EXTRA)
        labelled = [field for field in fields if has_labels(field)]
        arrays[at] = extra_with_strays(batch, labelled, vocab)
    if unknown is not None:
        unknown.update(counts)
    return pa.RecordBatch.from_arrays(arrays, schema=label_schema(model, fields))


def _encode(
    array: pa.Array, field: FieldInfo, vocab: Vocabulary, counts: Counter[tuple[str, str]]
) -> pa.Array:
    """A column with the categories in it as numbers; columns without any are given back as they are."""
    if field.axis is not None:
        numbers = pc.index_in(array, value_set=pa.array(vocab.names(field.axis), pa.string()))
        _count(array, numbers, field.axis, counts)
        return numbers.cast(pa.int64())
    if not has_labels(field):
        return array
    if field.kind == "list":
        if array.offset:
            array = pa.concat_arrays([array.slice(0, 0), array])  # offsets of a slice start elsewhere
        item = _encode(array.values, field.children[0], vocab, counts)
        mask = array.is_null() if array.null_count else None
        return pa.ListArray.from_arrays(array.offsets, item, type=label_type(field), mask=mask)
    # Unlike `.field()`, `struct_field` makes a child null where its parent is, so that what lies
    # under a null is not counted.
    children = [_encode(pc.struct_field(array, [c.name]), c, vocab, counts) for c in field.children]
    wanted = label_type(field)
    mask = array.is_null() if array.null_count else None
    return pa.StructArray.from_arrays(
        children, fields=[wanted.field(i) for i in range(len(children))], mask=mask
    )


def _count(words: pa.Array, numbers: pa.Array, axis: str, counts: Counter[tuple[str, str]]) -> None:
    if numbers.null_count > words.null_count:
        strange = words.filter(pc.and_(pc.is_null(numbers), pc.is_valid(words)))
        for item in strange.value_counts().to_pylist():
            counts[axis, item["values"]] += item["counts"]
