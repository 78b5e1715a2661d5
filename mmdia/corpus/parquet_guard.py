"""Refuse Parquet files that no honest tool wrote: another schema, or sizes that are a trap.

A few kilobytes of Parquet can stand for terabytes: pages are compressed, and one long string of a
dictionary can be repeated a billion times. The sizes in the footer bound the first, and counting
the dictionary's strings before they are spelled out bounds the second.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmdia.errors import ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.fields import FieldInfo, field_table

MAX_COLUMNS = 2_000
MAX_DEPTH = 40
#: Most bytes of one row group when its pages are unpacked, and most values of one of its columns.
MAX_GROUP_BYTES = 1 << 30
MAX_GROUP_VALUES = 1 << 26
#: Most bytes of one column in a block of rows, with every string spelled out.
MAX_BLOCK_BYTES = 256 << 20
BLOCK_ROWS = 2_000
_HINT = "Ask whoever made it for a release written in smaller row groups."


def refuse_footer(file: pq.ParquetFile, path: Path) -> None:
    """Refuse sizes that would fill the memory; reads the footer only.

    Raises:
        ReleaseError: Too many columns, too deep, or too much in one row group.
    """
    meta = file.metadata
    if meta.num_columns > MAX_COLUMNS:
        raise ReleaseError(
            "too many columns", path=path, expected=f"<= {MAX_COLUMNS}", got=meta.num_columns
        )
    for i in range(meta.num_columns):
        depth = meta.schema.column(i).path.count(".")
        if depth > MAX_DEPTH:
            raise ReleaseError("nested too deeply", path=path, expected=f"<= {MAX_DEPTH}", got=depth)
    for g in range(meta.num_row_groups):
        group = meta.row_group(g)
        chunks = [group.column(i) for i in range(group.num_columns)]
        size = max(group.total_byte_size, sum(c.total_uncompressed_size for c in chunks))
        if size > MAX_GROUP_BYTES:
            raise ReleaseError(
                "a row group unpacks to too much", path=path, expected=f"<= {MAX_GROUP_BYTES} bytes",
                got=f"{size} bytes in row group {g}", hint=_HINT,
            )  # fmt: skip
        values = max((c.num_values for c in chunks), default=0)
        if max(values, group.num_rows) > MAX_GROUP_VALUES:
            raise ReleaseError(
                "a row group has too many values", path=path, expected=f"<= {MAX_GROUP_VALUES}",
                got=f"{max(values, group.num_rows)} in row group {g}", hint=_HINT,
            )  # fmt: skip


def refuse_schema(schema: pa.Schema, model: type[Record], path: Path) -> None:
    """Refuse a table whose columns can never be those of the record.

    Raises:
        ReleaseError: A column that is required is missing or comes twice, or one has a type that
            none of our values has.
    """
    what = model.__name__.lower()
    if len(set(schema.names)) != len(schema.names):
        twice = next(n for n in schema.names if schema.names.count(n) > 1)
        raise ReleaseError("a column comes twice", path=path, got=repr(twice))
    for field in field_table(model):
        found = schema.get_field_index(field.name)
        if found < 0:
            if field.required:
                raise ReleaseError(
                    f"not a table of {what}s: the column {field.name!r} is missing", path=path,
                    expected=", ".join(f.name for f in field_table(model) if f.required),
                    got=", ".join(schema.names[:8]) or "no columns",
                )  # fmt: skip
        else:
            _refuse_type(schema.field(found).type, field, field.name, path)
    known = {field.name for field in field_table(model)}
    for column in schema:
        if column.name not in known and (bad := _no_json(column.type)) is not None:
            raise ReleaseError(
                f"the column {column.name!r} holds what an annotation release cannot keep",
                path=path, expected="text, numbers, truth values, lists and structs of them", got=bad,
            )  # fmt: skip


def _refuse_type(found: pa.DataType, field: FieldInfo, name: str, path: Path) -> None:
    types = pa.types
    if types.is_dictionary(found):
        found = found.value_type
    if types.is_null(found):
        return
    wanted = field.kind
    is_list = types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found)
    is_text = types.is_string(found) or types.is_large_string(found) or types.is_string_view(found)
    is_number = types.is_integer(found) or types.is_floating(found)
    fits = {
        "list": is_list,
        "struct": types.is_struct(found),
        "string": is_text,
        # Text is left to the rows: "7" reads as a number there.
        "int": is_number or is_text,
        "float": is_number or is_text,
        "bool": types.is_boolean(found) or is_number or is_text,
    }[wanted]
    if not fits:
        raise ReleaseError(
            f"the column {name!r} has another type", path=path, expected=wanted, got=str(found)[:200]
        )
    if wanted == "list":
        _refuse_type(found.value_type, field.children[0], f"{name}[]", path)
    elif wanted == "struct":
        inner = {found.field(i).name: found.field(i).type for i in range(found.num_fields)}
        for child in field.children:
            if child.name in inner:
                _refuse_type(inner.pop(child.name), child, f"{name}.{child.name}", path)
        for other, kind in inner.items():
            if (bad := _no_json(kind)) is not None:
                raise ReleaseError(
                    f"the column {f'{name}.{other}'!r} holds what an annotation release cannot keep",
                    path=path, expected="text, numbers, truth values, lists and structs of them", got=bad,
                )  # fmt: skip


def _no_json(found: pa.DataType) -> str | None:
    """The part of a type whose values no JSON can hold, or None."""
    types = pa.types
    if types.is_dictionary(found):
        found = found.value_type
    if types.is_list(found) or types.is_large_list(found) or types.is_fixed_size_list(found):
        return _no_json(found.value_type)
    if types.is_struct(found):
        parts = (_no_json(found.field(i).type) for i in range(found.num_fields))
        return next((part for part in parts if part is not None), None)
    text = types.is_string(found) or types.is_large_string(found) or types.is_string_view(found)
    number = types.is_integer(found) or types.is_floating(found) or types.is_boolean(found)
    return None if text or number or types.is_null(found) else str(found)


def refuse_bombs(path: Path) -> None:
    """Read the strings of a file as numbers of their dictionaries, and refuse if they spell too much.

    Reads the file once, in blocks, whatever it stands for. For files from strangers, before anything
    else reads their rows.

    Raises:
        ReleaseError: A column is larger in one block of rows than any honest one.
    """
    try:
        with pq.ParquetFile(path) as plain:
            refuse_footer(plain, path)
            for g in range(plain.metadata.num_row_groups):
                group = plain.metadata.row_group(g)
                for i in range(group.num_columns):
                    leaf = group.column(i)
                    # Spelled out, n values take at most n times what their pages hold.
                    most = leaf.num_values * leaf.total_uncompressed_size
                    if leaf.physical_type == "BYTE_ARRAY" and most > MAX_BLOCK_BYTES:
                        _refuse_leaf(path, g, leaf.path_in_schema)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(f"not a readable Parquet file: {error}", path=path) from error


def _refuse_leaf(path: Path, group: int, leaf: str) -> None:
    """Refuse one column of one row group if a block of it is too large."""
    try:
        with pq.ParquetFile(path, read_dictionary=[leaf]) as file:
            _refuse_blocks(file, path, group, leaf, BLOCK_ROWS)
    except pa.ArrowNotImplementedError:
        # Strings partly without a dictionary, inside lists, are what Arrow cannot give as numbers:
        # then a few rows at a time.
        with pq.ParquetFile(path) as file:
            _refuse_blocks(file, path, group, leaf, 16)


def _refuse_blocks(file: pq.ParquetFile, path: Path, group: int, leaf: str, rows: int) -> None:
    for batch in file.iter_batches(batch_size=rows, row_groups=[group], columns=[leaf], use_threads=False):
        size = sum(_spelled(column) for column in batch.columns)
        if size > MAX_BLOCK_BYTES:
            raise ReleaseError(
                f"the column {leaf!r} unpacks to too much", path=path,
                expected=f"<= {MAX_BLOCK_BYTES} bytes in {rows} rows", got=f"{size} bytes",
            )  # fmt: skip


def _spelled(array: pa.Array) -> int:
    """Bytes of a column with its strings written out."""
    types = pa.types
    if types.is_dictionary(array.type):
        if not len(array.dictionary):
            return 0
        lengths = pc.binary_length(array.dictionary).cast(pa.int64())
        return int(pc.sum(lengths.take(array.indices)).as_py() or 0)
    if types.is_list(array.type) or types.is_large_list(array.type):
        return _spelled(array.flatten())
    if types.is_struct(array.type):
        return sum(_spelled(part) for part in array.flatten())
    return int(array.nbytes)
