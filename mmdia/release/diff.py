"""Two releases side by side: what was added, taken away and changed, field by field."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.read import iter_dialogues, iter_numbered, iter_scenes, iter_titles, withdrawals
from mmdia.errors import UsageError
from mmdia.schema.base import Record
from mmdia.schema.release import Withdrawal

DIFF_SCHEMA = "mmdia.release-diff/1"
#: What differs of itself in the heads of any two releases is no difference of their content.
_HEAD_KEYS = frozenset({"schema", "created", "history"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row that differs.

    Attributes:
        id: The row.
        field: Its field; ``turns.text`` and the like within turns.
        a: The first release's value; None where it has none.
        b: The second's.
    """

    id: str
    field: str
    a: Any
    b: Any

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"id": self.id, "field": self.field, "a": self.a, "b": self.b}


@dataclass(frozen=True, slots=True)
class TableDiff:
    """How one table differs.

    Attributes:
        same: Rows that are equal in both.
        added: Identifiers of rows that the second release alone has.
        removed: Identifiers of rows that the first alone has.
        changed: Fields that differ, by identifier.
        fields: Rows by the field that differs.
        examples: A few changes of each field, with both values.
    """

    same: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fields: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Change, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "same": self.same,
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": {key: list(names) for key, names in self.changed.items()},
            "fields": dict(self.fields),
            "examples": [change.to_row() for change in self.examples],
        }


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """How two releases differ; withdrawn rows count like all others.

    Attributes:
        a: Name and version of the first.
        b: Name and version of the second.
        head: Fields of ``release.json`` that differ, but for dates and history.
        tables: ``titles``, ``dialogues``, ``scenes`` and ``withdrawn``.
    """

    a: str
    b: str
    head: tuple[Change, ...]
    tables: Mapping[str, TableDiff]

    @property
    def same(self) -> bool:
        """Whether no row differs; the heads may."""
        return all(table.equal for table in self.tables.values())

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.release-diff/1``)."""
        return {
            "schema": DIFF_SCHEMA,
            "a": self.a,
            "b": self.b,
            "same": self.same,
            "head": [change.to_row() for change in self.head],
            **{name: table.to_row() for name, table in self.tables.items()},
        }


#: Gives all rows of a table anew, each with its identifier.
Rows = Callable[[], Iterator[tuple[str, Record]]]


def diff(
    a: ReleaseHandle, b: ReleaseHandle, *, examples: int = 3, on_broken: OnBroken = "raise"
) -> ReleaseDiff:
    """Compare two releases by the identifiers of their rows; the order of rows is no difference.

    Rows are read one at a time, at most twice. Some 100 bytes a dialogue are held, and half a
    kilobyte for each that differs.

    Args:
        a: The first release.
        b: The second.
        examples: Changes of each field to show.
        on_broken: "raise", or a function that is told of each row that cannot be read.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
        UsageError: Rows of one release share an identifier.
    """

    def rows(handle: ReleaseHandle) -> dict[str, Rows]:
        return {
            "titles": lambda: (
                (t.title_id, t) for t in iter_titles(handle, on_broken=on_broken, keep_withdrawn=True)
            ),
            "dialogues": lambda: (
                (d.dialogue_id, d) for d in iter_dialogues(handle, on_broken=on_broken, keep_withdrawn=True)
            ),
            "scenes": lambda: (
                (f"{s.title_id}::{s.scene_id}", s)
                for s in iter_scenes(handle, on_broken=on_broken, keep_withdrawn=True)
            ),
            "withdrawn": lambda: _withdrawn(handle, on_broken),
        }

    first, second = rows(a), rows(b)
    gone = (withdrawals(a, on_broken=on_broken), withdrawals(b, on_broken=on_broken))

    def is_gone(row: Record) -> bool:
        named = (getattr(row, "dialogue_id", None), getattr(row, "title_id", None))
        return not isinstance(row, Withdrawal) and any(one.covers(*named) for one in gone)

    tables = {name: _compare(name, first[name], second[name], examples, is_gone) for name in first}
    head = tuple(
        Change("release.json", key, one, other)
        for key, one, other in _fields_that_differ(a.head.to_row(), b.head.to_row())
        if key not in _HEAD_KEYS
    )
    return ReleaseDiff(_called(a), _called(b), head, tables)


def _called(handle: ReleaseHandle) -> str:
    return f"{handle.head.name} {handle.head.version}"


def _withdrawn(handle: ReleaseHandle, on_broken: OnBroken) -> Iterator[tuple[str, Record]]:
    path = release_files(handle).withdrawn
    if path is not None:
        seen: set[str] = set()
        for _, row in iter_numbered(path, Withdrawal, on_broken):
            key = f"title {row.title_id}" if row.dialogue_id is None else f"dialogue {row.dialogue_id}"
            if key not in seen:  # said twice is withdrawn once
                seen.add(key)
                yield key, row


def _digest(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def row_digest(row: Record) -> bytes:
    """16 bytes that two rows share if and only if they are equal, unknown keys included."""
    return _digest(row.to_row())


def _parts(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row by field; turns by their number and, over all of them, by each of their fields."""
    parts = dict(row)
    turns = parts.pop("turns", None)
    if isinstance(turns, list):
        parts["turns"] = len(turns)
        names = sorted({name for turn in turns for name in turn})
        parts |= {f"turns.{name}": [turn.get(name) for turn in turns] for name in names}
    return parts


def _fields_that_differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    one, other = _parts(a), _parts(b)
    for name in [*one, *(key for key in other if key not in one)]:
        if one.get(name) != other.get(name):
            yield name, one.get(name), other.get(name)


def _compare(name: str, a: Rows, b: Rows, examples: int, is_gone: Callable[[Record], bool]) -> TableDiff:
    known = _by_id(a(), name)
    same, added = 0, []
    differ: dict[str, dict[str, bytes]] = {}
    seen: set[str] = set()
    for key, row in b():
        _refuse_twin(key, seen, name)
        mine = known.get(key)
        if mine is None:
            added.append(key)
        elif mine == row_digest(row):
            same += 1
        else:
            differ[key] = {part: _digest(value) for part, value in _parts(row.to_row()).items()}
    removed = tuple(key for key in known if key not in seen)
    changed = _changed(a, differ) if differ else {}
    fields = Counter(part for parts in changed.values() for part in parts)
    # What is withdrawn is counted; its words are not shown.
    hidden = {key for rows in (a, b) if changed for key, row in rows() if key in changed and is_gone(row)}
    shown = _examples(a, b, {k: v for k, v in changed.items() if k not in hidden}, examples)
    ordered = dict(sorted(fields.items(), key=lambda item: (-item[1], item[0])))
    return TableDiff(same, tuple(added), removed, changed, ordered, shown)


def _by_id(rows: Iterable[tuple[str, Record]], name: str) -> dict[str, bytes]:
    known: dict[str, bytes] = {}
    for key, row in rows:
        _refuse_twin(key, known, name)
        known[key] = row_digest(row)
    return known


def _refuse_twin(key: str, seen: set[str] | dict[str, bytes], name: str) -> None:
    if key in seen:
        raise UsageError(
            f"two rows of {name} share one identifier",
            got=repr(key),
            hint="Run: mmdia release validate",
        )
    if isinstance(seen, set):
        seen.add(key)


def _changed(a: Rows, differ: Mapping[str, dict[str, bytes]]) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    for key, row in a():
        other = differ.get(key)
        if other is not None:
            mine = {part: _digest(value) for part, value in _parts(row.to_row()).items()}
            out[key] = tuple(p for p in [*mine, *other.keys() - mine.keys()] if mine.get(p) != other.get(p))
    return out


def _examples(a: Rows, b: Rows, changed: Mapping[str, tuple[str, ...]], most: int) -> tuple[Change, ...]:
    wanted: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for key, parts in changed.items():
        for part in parts:
            if counts[part] < most:
                counts[part] += 1
                wanted.setdefault(key, []).append(part)
    if not wanted:
        return ()
    before = {key: row.to_row() for key, row in a() if key in wanted}
    after = {key: row.to_row() for key, row in b() if key in wanted}
    found = [
        Change(key, part, one, other)
        for key, parts in wanted.items()
        for part, one, other in _fields_that_differ(before[key], after[key])
        if part in parts
    ]
    return tuple(sorted(found, key=lambda change: (change.field, change.id)))
