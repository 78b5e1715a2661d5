"""The neutral field table: the one source from which other type systems are derived.

`corpus` makes the Arrow schema of it, `builder` the `datasets.Features`, the docs their table.
Only what those need is in it: names, kinds, children, documentation, vocabulary axis.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from mmdia.errors import UsageError
from mmdia.schema.base import Known, Label, Record

Kind = Literal["string", "int", "float", "bool", "struct", "list"]

_SCALARS: dict[Any, Kind] = {str: "string", int: "int", float: "float", bool: "bool"}


@dataclass(frozen=True)
class FieldInfo:
    """One field of a record.

    Attributes:
        name: Key on disk.
        kind: Scalar kind, ``struct``, or ``list``.
        children: Fields of a struct; the single item (named "item") of a list.
        required: Whether the key must be present.
        doc: One sentence of documentation, with the unit.
        known: Values defined today, for open vocabularies.
        axis: Vocabulary axis ("relationship", "interaction") of a category field.
    """

    name: str
    kind: Kind
    children: tuple[FieldInfo, ...] = ()
    required: bool = False
    doc: str = ""
    known: tuple[str, ...] = ()
    axis: str | None = None


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Strip Annotated and Optional; collect their markers."""
    markers: tuple[Any, ...] = ()
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            inner, *more = get_args(annotation)
            annotation, markers = inner, markers + tuple(more)
        elif origin in (Union, types.UnionType):
            options = [a for a in get_args(annotation) if a is not type(None)]
            if len(options) != 1:
                raise UsageError("only Optional unions can become columns", got=annotation)
            annotation = options[0]
        else:
            return annotation, markers


def _describe(name: str, annotation: Any, markers: tuple[Any, ...], doc: str, required: bool) -> FieldInfo:
    inner, more = _unwrap(annotation)
    markers += more
    known = next((m.values for m in markers if isinstance(m, Known)), ())
    axis = next((m.axis for m in markers if isinstance(m, Label)), None)
    if inner in _SCALARS:
        return FieldInfo(name, _SCALARS[inner], (), required, doc, known, axis)
    if isinstance(inner, type) and issubclass(inner, Record):
        return FieldInfo(name, "struct", field_table(inner), required, doc)
    if get_origin(inner) is tuple:
        item = _describe("item", get_args(inner)[0], (), "", False)
        return FieldInfo(name, "list", (item,), required, doc, item.known)
    raise UsageError(f"field {name!r} has a type that no table can hold", got=annotation)


@lru_cache(maxsize=64)
def field_table(model: type[Record]) -> tuple[FieldInfo, ...]:
    """The fields of a record, in order, by their keys on disk.

    Raises:
        UsageError: A field has a type that has no column (a union, a mapping).
    """
    fields = [
        _describe(
            f.alias or name, f.annotation, tuple(f.metadata), (f.description or "").strip(), f.is_required()
        )
        for name, f in model.model_fields.items()
    ]
    # `extra` is inherited, so it would come first; readers look for the data first.
    return tuple(sorted(fields, key=lambda field: field.name == "extra"))


def walk(fields: tuple[FieldInfo, ...], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """All fields, depth first, with their paths: ``turns[].keyframe.t_ms``."""
    for field in fields:
        path = f"{prefix}{field.name}"
        yield path, field
        if field.kind == "struct":
            yield from walk(field.children, f"{path}.")
        elif field.kind == "list" and field.children[0].kind == "struct":
            yield from walk(field.children[0].children, f"{path}[].")
