"""What all records share: frozen, strict when made, tolerant when read.

Made in Python, a record refuses unknown keys. Read from a file, unknown keys are kept: on
`Extensible` records they are folded into `extra` (JSON text) and written back where they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from mmdia.errors import BrokenRow, UsageError

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")


def _none_is_empty(value: Any) -> Any:
    return () if value is None else value


#: A list that may be missing or null in a file; both read as the empty tuple.
Many = Annotated[tuple[T, ...], BeforeValidator(_none_is_empty)]


@dataclass(frozen=True)
class Known:
    """Marks an open string field with the values that are defined today.

    Other values are read and kept (a newer release may use them); `mmdia release validate`
    counts them as `unknown_value`.
    """

    values: tuple[str, ...]

    def __init__(self, *values: str) -> None:
        object.__setattr__(self, "values", values)

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler(core_schema)
        schema["examples"] = list(self.values)
        return schema


@dataclass(frozen=True)
class Label:
    """Marks a field whose values come from a vocabulary axis ("relationship", "interaction")."""

    axis: str


class Record(BaseModel):
    """Base of every record that is read from or written to disk."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="null",
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    @classmethod
    def from_json(cls, text: str | bytes, *, where: str | None = None) -> Self:
        """Read one JSON object; unknown keys are kept.

        Args:
            text: A JSON object.
            where: ``file:line``, for the error.

        Raises:
            BrokenRow: Not JSON, a required key is missing, or a value has the wrong type.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            pass  # looking for unknown keys costs more than validating: only when there is reason to
        try:
            read: Self = _fold(cls.model_validate_json(text, extra="allow"))
        except ValidationError as error:
            raise _broken(error, cls, where) from None
        return read

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, where: str | None = None) -> Self:
        """Read one plain mapping (a row of Parquet, or decoded JSON); unknown keys are kept.

        Raises:
            BrokenRow: A required key is missing, or a value has the wrong type.
        """
        try:
            return cls.model_validate(row)
        except ValidationError:
            pass
        try:
            read: Self = _fold(cls.model_validate(row, extra="allow"))
        except ValidationError as error:
            raise _broken(error, cls, where) from None
        return read

    def to_row(self, *, nulls: bool = False) -> dict[str, Any]:
        """A JSON-ready mapping, with kept unknown keys back in their places.

        Args:
            nulls: Write keys whose value is null, too.
        """
        row = self.model_dump(mode="json", exclude_none=not nulls)
        _unfold(self, row)
        return row

    def to_json(self, *, nulls: bool = False) -> str:
        """One line of JSON (no newline at its end)."""
        return json.dumps(self.to_row(nulls=nulls), ensure_ascii=False, separators=(",", ":"))


class Extensible(Record):
    """A record that keeps keys it does not know in `extra`."""

    extra: str | None = None
    """Unknown keys found when reading, as JSON text; written back in their places."""


def _broken(error: ValidationError, cls: type[Record], where: str | None) -> BrokenRow:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the row"
    more = error.error_count() - 1
    text = f"{cls.__name__}: {field}: {first['msg']}" + (f" (and {more} more)" if more else "")
    return BrokenRow(text, path=where)


def _collect(value: Any) -> Any:
    """Unknown keys under `value`, in its shape, or None; Extensible items of a list keep their own."""
    if isinstance(value, Record):
        found: dict[str, Any] = dict(value.__pydantic_extra__ or {})
        for name in type(value).model_fields:
            child = getattr(value, name)
            if isinstance(child, (Record, tuple)) and (inner := _collect(child)) is not None:
                found[name] = inner
        return found or None
    if isinstance(value, tuple) and value and isinstance(value[0], Record):
        items = [None if isinstance(v, Extensible) else _collect(v) for v in value]
        return items if any(v is not None for v in items) else None
    return None


def _fold(record: Any) -> Any:
    """Move unknown keys into `extra`, innermost records first."""
    if not isinstance(record, Extensible):
        return record
    update: dict[str, Any] = {}
    for name in type(record).model_fields:
        child = getattr(record, name)
        if isinstance(child, tuple) and child and isinstance(child[0], Extensible):
            folded = tuple(_fold(v) for v in child)
            if any(a is not b for a, b in zip(child, folded, strict=True)):
                update[name] = folded
    found = _collect(record)
    if found is not None:
        kept = json.loads(record.extra) if record.extra else {}
        update["extra"] = json.dumps({**kept, **found}, ensure_ascii=False, sort_keys=True)
    if not update:
        return record
    values = {n: getattr(record, n) for n in type(record).model_fields} | update
    return type(record).model_construct(record.model_fields_set | set(update), **values)


def _unfold(record: Any, row: Any) -> None:
    """Merge `extra` back into the row that was dumped from `record`."""
    if isinstance(record, Extensible):
        text = row.pop("extra", None)
        if text:
            _merge(row, _parse_extra(text))
    if isinstance(record, Record):
        for name in type(record).model_fields:
            child = getattr(record, name)
            if isinstance(child, tuple) and child and isinstance(child[0], Extensible):
                for part, part_row in zip(child, row[name], strict=True):
                    _unfold(part, part_row)


def _parse_extra(text: str) -> dict[str, Any]:
    try:
        extra = json.loads(text)
    except ValueError as error:
        raise UsageError("`extra` must be the JSON text of an object", got=repr(text)) from error
    if not isinstance(extra, dict):
        raise UsageError("`extra` must be the JSON text of an object", got=repr(text))
    return extra


def _merge(row: Any, extra: Any) -> None:
    """Put unknown keys beside known ones; a known key is never overwritten."""
    if isinstance(row, dict) and isinstance(extra, dict):
        for key, value in extra.items():
            if key not in row or row[key] is None:
                row[key] = value
            else:
                _merge(row[key], value)
    elif isinstance(row, list) and isinstance(extra, list):
        for part, more in zip(row, extra, strict=False):
            _merge(part, more)
