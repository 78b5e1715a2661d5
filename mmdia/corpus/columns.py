"""Fit a column read from a file to our type, or say that it does not fit.

Fitting never changes a value. Where it would have to (an unknown key to keep, a number written as
text, a null where a value is required) it raises `Misfit`, and the caller reads those rows
one by one through the records, which decide. So the fast way and the slow way agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.arrow import arrow_type
from mmdia.corpus.layout import Words
from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table


class Misfit(Exception):
    """These rows must be read one by one: a signal between two readers, never shown to anyone."""


#: Fields of a record, or those of them that are wanted.
Fields = tuple[FieldInfo, ...]


def chosen_fields(fields: Fields, words: Mapping[str, Words]) -> Fields:
    """Those fields, at any depth, that the columns name (`mmdia.corpus.layout.chosen`)."""

    def part(field: FieldInfo, word: Words) -> FieldInfo:
        if isinstance(word, str):
            return field
        if isinstance(word, list):
            return replace(field, children=(part(field.children[0], word[0]),))
        return replace(field, children=chosen_fields(field.children, word))

    return tuple(part(field, words[field.name]) for field in fields if field.name in words)


def fit_batch(batch: pa.RecordBatch, model: type[Record], fields: Fields | None = None) -> pa.RecordBatch:
    """The batch with exactly the columns and types of `model`, or of those `fields` of it.

    Missing columns become null (lists: empty); lists are never null afterwards.

    Raises:
        Misfit: An unknown column at any depth, a type that is not plainly ours, a required value
            that is null, or a null item in a list.
    """
    fields = fields or field_table(model)
    known = {field.name for field in fields}
    if not known.issuperset(batch.schema.names) or len(set(batch.schema.names)) != batch.num_columns:
        raise Misfit
    arrays, names = [], []
    for field in fields:
        found = batch.schema.get_field_index(field.name)
        array = batch.column(found) if found >= 0 else pa.nulls(batch.num_rows, arrow_type(field))
        arrays.append(_fit(array, field))
        names.append(field.name)
        if field.required and array.null_count:
            raise Misfit
    types = [pa.field(n, arrow_type(f)) for n, f in zip(names, fields, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(types))


def pick(rows: Any, schema: pa.Schema) -> Any:
    """A batch or table with only the columns of the schema, and within them only its fields."""
    columns = [rows.column(field.name).cast(field.type) for field in schema]
    return type(rows).from_arrays(columns, schema=schema)


def _fit(array: pa.Array, field: FieldInfo) -> pa.Array:
    if pa.types.is_null(array.type):
        array = pa.nulls(len(array), arrow_type(field))
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if field.kind == "list":
        return _fit_list(array, field)
    if field.kind == "struct":
        return _fit_struct(array, field)
    return _fit_scalar(array, field)


def _fit_scalar(array: pa.Array, field: FieldInfo) -> pa.Array:
    wanted, found = arrow_type(field), array.type
    if pa.types.is_floating(found) and pc.any(pc.invert(pc.is_finite(array))).as_py():
        raise Misfit  # NaN and infinity are no JSON: the records refuse them
    if found == wanted:
        return array
    types = pa.types
    plain = {
        "string": types.is_large_string(found) or types.is_string_view(found),
        "int": types.is_signed_integer(found),
        "float": types.is_floating(found) or types.is_integer(found),
        "bool": False,
    }
    if not plain[field.kind]:
        raise Misfit
    try:
        return array.cast(wanted)
    except pa.ArrowInvalid:  # an integer that no float64 holds exactly
        raise Misfit from None


def _fit_list(array: pa.Array, field: FieldInfo) -> pa.Array:
    types = pa.types
    found = array.type
    if not (types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found)):
        raise Misfit
    values = array.flatten()
    if values.null_count:
        raise Misfit
    if (
        types.is_list(found)
        and array.null_count == 0
        and array.offset == 0
        and len(values) == len(array.values)
    ):
        offsets = array.offsets
    else:
        lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
        offsets = pa.array(np.concatenate(([0], np.cumsum(lengths))).astype(np.int32))
    return pa.ListArray.from_arrays(offsets, _fit(values, field.children[0]), type=arrow_type(field))


def _fit_struct(array: pa.Array, field: FieldInfo) -> pa.Array:
    if not pa.types.is_struct(array.type):
        raise Misfit
    found = {array.type.field(i).name: i for i in range(array.type.num_fields)}
    if not {child.name for child in field.children}.issuperset(found):
        raise Misfit
    valid = pc.is_valid(array) if array.null_count else None
    children = []
    for child in field.children:
        index = found.get(child.name)
        part = array.field(index) if index is not None else pa.nulls(len(array), arrow_type(child))
        if child.required and part.null_count:
            null = pc.is_null(part)
            if pc.any(null if valid is None else pc.and_(null, valid)).as_py():
                raise Misfit
        children.append(_fit(part, child))
    wanted = arrow_type(field)
    mask = None if valid is None else pc.invert(valid)
    return pa.StructArray.from_arrays(
        children, fields=[wanted.field(i) for i in range(len(children))], mask=mask
    )
