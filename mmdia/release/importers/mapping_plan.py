"""A mapping file, read and checked: which fields are filled, and from what."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mmdia.errors import ReleaseError, UsageError
from mmdia.release.importers.clock import time_reader
from mmdia.release.importers.mapping_values import BadValue, Value, compile_value, refuse_unknown
from mmdia.release.importers.tables import reach
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.time import parse_rate
from mmdia.schema.title import Title

_SECTIONS = ("dialogue", "keep", "source", "times", "title", "turn")
_SOURCE = ("dataset", "delimiter", "each", "encoding", "format", "quoting", "rows", "turns")
_TIMES = ("format", "fps", "relative")


@dataclass(frozen=True, slots=True)
class Branch:
    """Fields of a record, each with a value, a branch, or a branch for every item of a list.

    Attributes:
        values: Fields that have a value.
        structs: Fields that are records.
        lists: Fields that are lists of records, each with the path of the source's list.
    """

    values: Mapping[str, Value]
    structs: Mapping[str, Branch]
    lists: Mapping[str, tuple[str, Branch]]

    def columns(self) -> Iterator[str]:
        """All columns that are read here, those of lists by the list's own path and behind a star."""
        for value in self.values.values():
            yield from value.columns()
        for branch in self.structs.values():
            yield from branch.columns()
        for each, branch in self.lists.values():
            yield each
            yield from (f"{each}.*.{name}" for name in branch.columns() if not name.startswith("@"))

    def of(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """The record's fields in a row, without those that are empty.

        Raises:
            BadValue: What stands in the row does not fit a field.
        """
        out: dict[str, Any] = {}
        for name, value in self.values.items():
            found = value.of(cells)
            if found is not None:
                out[name] = found
        for name, value in self.values.items():
            if value.after is not None and name in out:
                if not isinstance(out.get(value.after), int):
                    raise BadValue("bad_time", f"{name} counts from {value.after}, which is empty")
                out[name] += out[value.after]
        for name, branch in self.structs.items():
            if inner := branch.of(cells):
                out[name] = inner
        for name, (each, branch) in self.lists.items():
            found = reach(cells, each)
            if isinstance(found, Mapping):
                found = [
                    {"@key": k, **v} if isinstance(v, Mapping) else {"@key": k, "@value": v}
                    for k, v in found.items()
                ]
            if isinstance(found, list):
                rows = (item if isinstance(item, Mapping) else {"@value": item} for item in found)
                out[name] = [inner for row in rows if (inner := branch.of(row))]
        return out


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping.

    Attributes:
        title: Fields of titles.
        dialogue: Fields of dialogues.
        turn: Fields of turns.
        each: What a row of the source is: turn or dialogue.
        turns: Of a dialogue's row: path of its turns, or paths of lists that run side by side.
        rows: Of a JSON document: path of its rows.
        form: csv, jsonl, json or parquet; None reads it from the file's name.
        delimiter: Sign between the cells of a CSV.
        encoding: Encoding of the files.
        dataset: Name of the data set.
        relative: Turn times count from their dialogue's start.
        quoting: Whether quotes hold the cell of a table together.
        keep: Whether columns without a place are kept as extra keys.
    """

    title: Branch
    dialogue: Branch
    turn: Branch
    each: str
    turns: tuple[str, ...]
    rows: str | None
    form: str | None
    delimiter: str | None
    encoding: str | None
    dataset: str | None
    relative: bool
    quoting: bool
    keep: bool

    def placed(self) -> tuple[frozenset[str], frozenset[str]]:
        """Columns of rows, and of turns, that fill a field; all others may be kept."""
        return frozenset(self._named()), frozenset(self.turn.columns())

    def columns(self) -> frozenset[str]:
        """The columns that a row must have (of turns within a row: only their list)."""
        return frozenset(name for name in self._named() if name[0] != "@" and "*" not in name.split("."))

    def _named(self) -> Iterator[str]:
        yield from filter(None, (*self.title.columns(), *self.dialogue.columns()))
        yield from self.turns if self.each == "dialogue" else filter(None, self.turn.columns())


def load_plan(path: Path, fps: Fraction | None) -> Plan:
    """Read and check a mapping file.

    Args:
        path: The TOML file.
        fps: Frame rate that overrules the file's.

    Raises:
        ReleaseError: It cannot be read.
        UsageError: It says something that cannot be.
    """
    document = _toml(path)
    refuse_unknown("", document, _SECTIONS)
    source, times = _section(document, "source"), _section(document, "times")
    refuse_unknown("source", source, _SOURCE)
    refuse_unknown("times", times, _TIMES)
    rate = fps or (parse_rate(str(times["fps"])) if "fps" in times else None)
    form = str(times.get("format", "auto"))

    def reader(own: str | None) -> Callable[[object], int | None]:
        return time_reader(own or form, rate)

    time_reader(form, rate)
    branches = {}
    for name, model in (("title", Title), ("dialogue", Dialogue), ("turn", Turn)):
        branches[name] = _branch(name, _section(document, name), _fields(model), reader)
    each = source.get("each", "turn")
    if each not in ("turn", "dialogue"):
        raise UsageError("source.each says what a row is", expected="turn or dialogue", got=repr(each))
    turns = source.get("turns") or ()
    turns = (turns,) if isinstance(turns, str) else tuple(map(str, turns))
    if each == "dialogue" and not turns:
        raise UsageError(
            "source.turns must name the list of a dialogue's turns", hint='turns = "utterances"'
        )
    if not branches["turn"].values:
        raise UsageError("the mapping has no [turn]", path=path, expected="at least [turn] speakers")
    return Plan(
        branches["title"],
        branches["dialogue"],
        branches["turn"],
        each,
        turns,
        source.get("rows"),
        source.get("format"),
        source.get("delimiter"),
        source.get("encoding"),
        source.get("dataset"),
        bool(times.get("relative", False)),
        source.get("quoting", True) is not False,
        bool(document.get("keep", True)),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ReleaseError(f"cannot be read: {error.strerror or error}", path=path) from error
    except ValueError as error:
        raise ReleaseError(f"the mapping is no TOML: {error}", path=path) from error
    return found


def _section(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise UsageError(f"[{name}] of the mapping must be a table", got=repr(found))
    return found


def _fields(model: type[Record]) -> tuple[FieldInfo, ...]:
    # `turns` come of [turn], `extra` of what has no place.
    return tuple(f for f in field_table(model) if f.name not in ("turns", "extra"))


def _branch(
    path: str,
    spec: Mapping[str, Any],
    fields: tuple[FieldInfo, ...],
    reader: Callable[[str | None], Callable[[object], int | None]],
) -> Branch:
    known = {info.name: info for info in fields}
    refuse_unknown(path, {k: v for k, v in spec.items() if k != "each"}, tuple(known))
    values: dict[str, Value] = {}
    structs: dict[str, Branch] = {}
    lists: dict[str, tuple[str, Branch]] = {}
    for name, part in spec.items():
        if name == "each":
            continue
        info, here = known[name], f"{path}.{name}"
        if info.kind == "struct":
            structs[name] = _branch(here, _demand_table(here, part), info.children, reader)
        elif info.kind == "list" and info.children[0].kind == "struct":
            inner = _demand_table(here, part)
            if not isinstance(inner.get("each"), str):
                raise UsageError(
                    f"{here}.each must name the source's list", hint=f'{here} = {{ each = "..." }}'
                )
            lists[name] = (inner["each"], _branch(here, inner, info.children[0].children, reader))
        else:
            values[name] = compile_value(here, info, part, reader)
    return Branch(values, structs, lists)


def _demand_table(path: str, part: object) -> Mapping[str, Any]:
    if not isinstance(part, Mapping):
        raise UsageError(f"{path} is a record: a table is needed", got=repr(part))
    return part
