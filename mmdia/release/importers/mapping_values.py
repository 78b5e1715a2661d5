"""How one value of a release comes of a row: the small language of a mapping file.

A value is written as

* a column (of JSON: a path, ``info.speaker.0``, ``words.*.text``): ``text = "utterance"``;
* a template with columns in braces: ``title_id = "show_s{season:02d}e{episode:02d}"``;
* a table with ``column``, ``template`` or ``const``, and any of ``values`` (words of the source ->
  ours), ``default``, ``split`` (a regular expression between the items of a list), ``format`` (of a
  time), ``after`` (for a duration: the field that it is added to).

``@file``, ``@stem`` and ``@line`` are the row's place; ``@key`` is the key of an object in an object.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from mmdia.errors import UsageError
from mmdia.release.importers.clock import exact
from mmdia.release.importers.shape import split_named
from mmdia.release.importers.tables import reach
from mmdia.release.importers.text import listed, repair
from mmdia.schema.fields import FieldInfo

#: Keys that a value written as a table may have.
KEYS = ("after", "column", "const", "default", "each", "format", "split", "template", "values")
_PLACES = ("@file", "@key", "@line", "@stem")
_WHOLE = re.compile(r"[+-]?\d{1,18}(?:\.0+)?\Z")


class BadValue(Exception):
    """A value that does not fit its field; becomes a counted reason."""

    def __init__(self, code: str, what: str) -> None:
        super().__init__(what)
        self.code = code
        self.what = what


@dataclass(frozen=True, slots=True)
class Value:
    """One field's value, as the mapping describes it.

    Attributes:
        path: Its path in the mapping, for messages.
        info: The field it fills.
        column: Column or path it comes from.
        template: Text with columns in braces.
        const: The value itself.
        values: Words of the source and ours.
        default: What an empty cell stands for.
        split: Between the items of a list.
        after: Field that a duration is added to.
        time: Reads a time; None for what is none.
    """

    path: str
    info: FieldInfo
    column: str | None = None
    template: str | None = None
    const: Any = None
    values: Mapping[str, Any] = field(default_factory=dict)
    default: Any = None
    split: re.Pattern[str] | None = None
    after: str | None = None
    time: Callable[[object], int | None] | None = None

    def columns(self) -> tuple[str, ...]:
        """The columns that it reads."""
        if self.column is not None:
            return (self.column,)
        if self.template is not None:
            return tuple(name for _, name, _, _ in string.Formatter().parse(self.template) if name)
        return ()

    def of(self, cells: Mapping[str, Any]) -> Any:
        """The field's value in a row, of the field's type; None where there is none.

        Raises:
            BadValue: What stands there does not fit the field.
        """
        if self.const is not None:
            return self.const
        raw = (
            _filled(self.template, cells) if self.template is not None else reach(cells, self.column or "")
        )
        if isinstance(raw, str):
            raw = repair(raw).strip()
        if raw is None or raw == "" or raw == []:
            return self.default
        if self.values and isinstance(raw, (str, int, float, bool)):
            raw = self.values.get(_word(raw), raw)
        return self._cast(raw)

    def _cast(self, raw: Any) -> Any:
        if isinstance(raw, list) and self.info.kind == "string" and "*" in (self.column or "").split("."):
            return " ".join(_scalar(item, self.info) for item in raw)
        if self.time is not None:
            ms = self.time(raw)
            if ms is None:
                raise BadValue("bad_time", f"{self.info.name} {raw!r}")
            return ms
        if self.info.kind == "list":
            items = raw if isinstance(raw, list) else _items(str(raw), self.split)
            item = self.info.children[0]
            return [_scalar(self.values.get(_word(x), x) if self.values else x, item) for x in items]
        if self.info.name == "split" and self.info.known:
            return split_named(str(raw)) or str(raw)
        return _scalar(raw, self.info)


def _word(raw: Any) -> str:
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def _items(text: str, split: re.Pattern[str] | None) -> list[str]:
    if split is None:
        return listed(text)
    return [item.strip() for item in split.split(text) if item.strip()]


def _filled(template: str, cells: Mapping[str, Any]) -> str | None:
    """The template with a row's values; None when one of them is empty."""
    parts = []
    for literal, name, form, _ in string.Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        value = reach(cells, name)
        if value is None or str(value).strip() == "":
            return None
        if form and isinstance(value, str) and _WHOLE.match(value.strip()):
            value = int(float(value))
        try:
            parts.append(format(value, form or ""))
        except (ValueError, TypeError) as error:
            raise BadValue("bad_number", f"{name} {value!r}: {error}") from error
    return "".join(parts)


def _scalar(raw: Any, info: FieldInfo) -> Any:
    if info.kind == "string":
        if isinstance(raw, (dict, list)):
            raise BadValue("broken_row", f"{info.name} is no text but a {type(raw).__name__}")
        return _word(raw)
    if info.kind == "bool":
        return _truth(raw, info)
    number = None if isinstance(raw, (bool, dict, list)) else exact(str(raw))
    if number is None or (info.kind == "int" and number != number.to_integral_value()):
        raise BadValue("bad_number", f"{info.name} {raw!r}")
    return int(number) if info.kind == "int" else float(number)


def _truth(raw: Any, info: FieldInfo) -> bool:
    word = str(raw).strip().lower()
    if word in ("true", "yes", "1", "y", "t"):
        return True
    if word in ("false", "no", "0", "n", "f"):
        return False
    raise BadValue("broken_row", f"{info.name} {raw!r} is neither true nor false")


def compile_value(
    path: str, info: FieldInfo, spec: Any, reader: Callable[[str | None], Callable[[object], int | None]]
) -> Value:
    """One field's value from what the mapping file says of it.

    Args:
        path: Its path in the file, for messages.
        info: The field.
        spec: What the file says.
        reader: Gives the function that reads times of a format (None: the file's own).

    Raises:
        UsageError: The file says something that cannot be.
    """
    is_time = info.kind == "int" and info.name.endswith("_ms")
    if isinstance(spec, Mapping):
        refuse_unknown(path, spec, KEYS)
        if sum(key in spec for key in ("column", "template", "const")) != 1:
            raise UsageError(f"{path}: one of column, template and const is needed", got=dict(spec))
        time = reader(spec.get("format")) if is_time and "const" not in spec else None
        const = spec.get("const")
        if const is not None and info.kind == "list" and not isinstance(const, list):
            const = [const]
        values = spec.get("values", {})
        if not isinstance(values, Mapping):
            raise UsageError(f"{path}.values must be a table", got=repr(values))
        whole = Value(
            path,
            info,
            spec.get("column"),
            _checked(path, spec.get("template")),
            const,
            {str(key): value for key, value in values.items()},
            spec.get("default"),
            _pattern(path, spec.get("split")),
            spec.get("after"),
            time,
        )
        try:
            return whole if const is None else replace(whole, const=whole._cast(const))
        except BadValue as bad:
            raise UsageError(f"{path}.const does not fit: {bad.what}", got=repr(spec["const"])) from bad
    if isinstance(spec, str):
        time = reader(None) if is_time else None
        if "{" in spec:
            return Value(path, info, template=_checked(path, spec), time=time)
        return Value(path, info, column=spec, time=time)
    raise UsageError(f"{path}: a column, a template or a table is needed", got=repr(spec))


def _checked(path: str, template: object) -> str | None:
    if template is None:
        return None
    try:
        fields = list(string.Formatter().parse(str(template)))
    except ValueError as error:
        raise UsageError(f"{path}: the template cannot be read: {error}", got=repr(template)) from error
    if any(name == "" for _, name, _, _ in fields):
        raise UsageError(f"{path}: braces without a column", got=repr(template))
    return str(template)


def _pattern(path: str, text: object) -> re.Pattern[str] | None:
    if text is None:
        return None
    try:
        return re.compile(str(text))
    except re.error as error:
        raise UsageError(f"{path}.split is no regular expression: {error}", got=repr(text)) from error


def refuse_unknown(path: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    """Refuse keys that mean nothing.

    Raises:
        UsageError: There is one; the nearest known key is named.
    """
    for key in given:
        if key not in known:
            near = get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are: {', '.join(known)}."
            raise UsageError(f"the mapping has an unknown key {path + '.' if path else ''}{key}", hint=hint)
