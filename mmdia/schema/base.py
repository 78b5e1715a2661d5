"""What all records share: frozen, strict when made, tolerant when read.

Made in Python, a record refuses unknown keys. Read from a file, unknown keys are kept: on
`Extensible` records they are folded into `extra` (JSON text) and written back where they were.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Any, Self, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from mmdia.errors import BrokenRow, UsageError

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
        except ValidationError as error:
            # Looking for unknown keys costs more than validating: only when there are some.
            if not _has_strangers(error):
                raise _broken(error, cls, where) from None
        return cls._folded(json.loads(text), where, as_json=True)

    @classmethod
    def from_row(cls, row: Mapping[str, Any], *, where: str | None = None) -> Self:
        """Read one plain mapping (a row of Parquet, or decoded JSON); unknown keys are kept.

        Raises:
            BrokenRow: A required key is missing, or a value has the wrong type.
        """
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            if not _has_strangers(error):
                raise _broken(error, cls, where) from None
        return cls._folded(row, where, as_json=False)

    @classmethod
    def _folded(cls, row: Mapping[str, Any], where: str | None, *, as_json: bool) -> Self:
        try:
            known = fold_row(row, cls)
            # JSON is validated as JSON, so that both ways give the same records and the same errors.
            return cls.model_validate_json(json.dumps(known)) if as_json else cls.model_validate(known)
        except ValidationError as error:
            raise _broken(error, cls, where) from None
        except UsageError as error:
            raise BrokenRow(f"{cls.__name__}: {error.message}", path=where, got=error.got) from None

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


#: Faults of one row that are told.
_MOST_FAULTS = 3


def _broken(error: ValidationError, cls: type[Record], where: str | None) -> BrokenRow:
    faults = error.errors(include_url=False)
    told = "; ".join(_fault(fault) for fault in faults[:_MOST_FAULTS])
    more = len(faults) - _MOST_FAULTS
    return BrokenRow(f"{cls.__name__}: {told}" + (f" (and {more} more)" if more > 0 else ""), path=where)


def _fault(fault: Mapping[str, Any]) -> str:
    """One fault of a row: the field, the reason, and an unknown key beside it that may be meant."""
    text = f"{'.'.join(str(part) for part in fault['loc']) or 'the row'}: {fault['msg']}"
    row = fault["input"]
    if fault["type"] != "missing" or not isinstance(row, Mapping):
        return text
    wanted = str(fault["loc"][-1])
    try:
        strangers = [*json.loads(row.get("extra") or "{}")]  # where folding has put unknown keys
    except (TypeError, ValueError):
        return text
    found = get_close_matches(wanted, strangers, 1)
    return f"{text} (unknown key {found[0]!r}: did you mean {wanted!r}?)" if found else text


def _has_strangers(error: ValidationError) -> bool:
    return any(
        e["type"] == "extra_forbidden" for e in error.errors(include_url=False, include_context=False)
    )


def _record_in(annotation: Any) -> type[Record] | None:
    """The record inside an annotation such as ``Record | None`` or a tuple of records."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    return next((found for part in get_args(annotation) if (found := _record_in(part)) is not None), None)


@lru_cache(maxsize=64)
def _shape(model: type[Record]) -> dict[str, type[Record] | None]:
    """Keys of a record on disk, each with the record that it holds, if any."""
    return {info.alias or name: _record_in(info.annotation) for name, info in model.model_fields.items()}


def _sort(row: Mapping[str, Any], model: type[Record]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Known and unknown keys of a row, the unknown in the shape of the row."""
    known: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    shape = _shape(model)
    for key, value in row.items():
        if key not in shape:
            unknown[key] = value
            continue
        inner = shape[key]
        if inner is None or not isinstance(value, (Mapping, list, tuple)):
            known[key] = value
        elif isinstance(value, Mapping):
            known[key], strange = _sort_one(value, inner)
            if strange:
                unknown[key] = strange
        else:
            pairs = [_sort_one(v, inner) if isinstance(v, Mapping) else (v, None) for v in value]
            known[key] = [pair[0] for pair in pairs]
            if any(pair[1] for pair in pairs):
                unknown[key] = [pair[1] for pair in pairs]
    return known, unknown


def _sort_one(row: Mapping[str, Any], model: type[Record]) -> tuple[Any, dict[str, Any] | None]:
    """The same for a row within a row; one that can keep its own unknown keys does so."""
    if issubclass(model, Extensible):
        return fold_row(row, model), None
    known, unknown = _sort(row, model)
    return known, unknown or None


def fold_row(row: Mapping[str, Any], model: type[Record]) -> dict[str, Any]:
    """A row with its unknown keys moved into `extra`; the row given is not changed.

    Records that keep no unknown keys lose them.

    Raises:
        UsageError: The row's own `extra` is no JSON text of an object.
    """
    known, unknown = _sort(row, model)
    if unknown and issubclass(model, Extensible):
        kept = _parse_extra(known["extra"]) if known.get("extra") else {}
        known["extra"] = json.dumps({**kept, **unknown}, ensure_ascii=False, sort_keys=True)
    return known


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
    except (ValueError, TypeError) as error:
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
