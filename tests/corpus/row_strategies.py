"""Rows of any record, drawn from the field table, with and without keys nobody knows."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mmdia.schema.base import Extensible, Record
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.title import Title

TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
STRANGE_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
STRANGE_KEYS = st.sampled_from(["zz", "future key", "übrig", "next"])
_EXTENSIBLE: tuple[type[Extensible], ...] = (Title, Dialogue, Turn)


def _scalar(kind: str) -> st.SearchStrategy[Any]:
    if kind == "string":
        return TEXT
    if kind == "int":
        return st.integers(-(2**63), 2**63 - 1)
    if kind == "bool":
        return st.booleans()
    return st.floats(allow_nan=False, allow_infinity=False)


def _value(field: FieldInfo, strange: bool) -> st.SearchStrategy[Any]:
    if field.kind == "struct":
        return _struct(field.children, strange)
    if field.kind == "list":
        return st.lists(_value(field.children[0], strange), max_size=2)
    return _scalar(field.kind)


@st.composite
def _struct(draw: st.DrawFn, fields: tuple[FieldInfo, ...], strange: bool) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields:
        if field.name == "extra":
            continue
        if field.required:
            row[field.name] = draw(_value(field, strange))
        elif draw(st.integers(0, 3)) == 0:
            row[field.name] = draw(st.none() | _value(field, strange))
    if strange and draw(st.integers(0, 2)) == 0:
        row[draw(STRANGE_KEYS)] = draw(STRANGE_VALUES)
    return row


def rows(model: type[Record], *, strange: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """JSON-ready rows of a record; `strange` adds unknown keys at any depth."""
    return _struct(field_table(model), strange)
