"""What the paper prints: its tables, the numbers of its text, and what else it defines.

Values are kept as printed, each with its place in the paper and with what the text leaves open.
Nothing is guessed: a cell that cannot be read for certain says so in its table's ambiguities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mmdia.errors import UsageError

FACTS_SCHEMA = "mmdia.facts/1"
_FILE = Path(__file__).with_name("paper.json")
_MANY = {"K": 1e3, "M": 1e6, "B": 1e9}
_NUMBER = re.compile(r"([+-]?\d+(?:,\d{3})*(?:\.\d+)?)([KMB]?)\s*%?")
#: What stands between the numbers of one cell: "Gemini / human", "mean ± spread", "train : valid : test".
_BETWEEN = re.compile(r"\s*(?:/|±|:)\s*")


def printed(text: str) -> float | tuple[float, ...] | None:
    """A printed value as a number; several of one cell as a tuple; None for what is no number.

    A percentage stays what is printed (47.97, not 0.4797): its unit is percent.

    >>> printed("449,138"), printed("54.7K"), printed("47.97%"), printed("6.76 / 5.22")
    (449138.0, 54700.0, 47.97, (6.76, 5.22))
    >>> printed("2.410 ± 0.940"), printed("-")
    ((2.41, 0.94), None)
    """
    found = []
    for part in _BETWEEN.split(text.strip()):
        match = _NUMBER.fullmatch(part.strip())
        if match is None:
            return None
        # Rounded: 16.1 * 1000 is 16100.000000000002 in binary.
        found.append(round(float(match[1].replace(",", "")) * _MANY.get(match[2], 1.0), 9))
    return found[0] if len(found) == 1 else tuple(found)


@dataclass(frozen=True, slots=True)
class Table:
    """One printed table.

    Attributes:
        name: "table1" ... "table12".
        caption: Its caption, as printed.
        place: Where it stands.
        columns: Column heads, as printed; "(no heading)" where a value has none.
        keys: The columns that name a row.
        rows: Cells as printed, by column.
        ambiguities: What the text leaves open.
        notes: Arithmetic about its values, and marks that are no value.
    """

    name: str
    caption: str
    place: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    ambiguities: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def row(self, *key: str) -> dict[str, str]:
        """The row that the key columns name; a unique beginning of each is enough ("MELD").

        Raises:
            UsageError: No row, or several, are so named.
        """
        fits = [r for r in self.rows if self._named(r, key, whole=True)]
        fits = fits or [r for r in self.rows if self._named(r, key, whole=False)]
        if len(fits) != 1:
            names = ", ".join(" / ".join(r[k] for k in self.keys) for r in self.rows)
            raise UsageError(
                f"{self.name} has {'no' if not fits else 'more than one'} such row",
                expected=names, got=" / ".join(key),
            )  # fmt: skip
        return fits[0]

    def _named(self, row: Mapping[str, str], key: tuple[str, ...], *, whole: bool) -> bool:
        if len(key) != len(self.keys):
            return False
        pairs = [(row[k], part) for k, part in zip(self.keys, key, strict=True)]
        return all(cell == part if whole else cell.startswith(part) for cell, part in pairs)

    def cell(self, *key: str, column: str) -> str:
        """One cell as printed, such as ``paper().table("table3").cell("Total Turns", column="MM-DIA")``.

        Raises:
            UsageError: There is no such row or column.
        """
        if column not in self.columns:
            raise UsageError(
                f"{self.name} has no such column", expected=", ".join(self.columns), got=column
            )
        return self.row(*key)[column]

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "name": self.name,
            "kind": "table",
            "caption": self.caption,
            "place": self.place,
            "columns": list(self.columns),
            "keys": list(self.keys),
            "rows": [dict(r) for r in self.rows],
            "ambiguities": list(self.ambiguities),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class Number:
    """One number that the text states.

    Attributes:
        name: Our name for it.
        value: The number, or several that are stated together.
        unit: Unit; empty where there is none.
        text: The words as printed; empty where we counted.
        place: Where they stand.
        note: What the text leaves open.
    """

    name: str
    value: float | tuple[float, ...]
    unit: str
    text: str
    place: str
    note: str = ""

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {
            "name": self.name, "kind": "number", "value": value, "unit": self.unit,
            "text": self.text, "place": self.place, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """A figure, algorithm, formula, metric or claim.

    Attributes:
        name: Our name for it.
        kind: figure, algorithm, formula, metric, or claim.
        text: What it is, in our words.
        place: Where it stands.
        note: What the text leaves open.
    """

    name: str
    kind: str
    text: str
    place: str
    note: str = ""

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "name": self.name, "kind": self.kind, "text": self.text, "place": self.place, "note": self.note,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the paper prints.

    Attributes:
        source: Which paper.
        rule: How values are kept.
        tables: Tables by name.
        numbers: Numbers of the text by name.
        items: Figures, algorithms, formulas, metrics and claims by name.
    """

    source: str
    rule: str
    tables: Mapping[str, Table]
    numbers: Mapping[str, Number]
    items: Mapping[str, Item]

    def table(self, name: str) -> Table:
        """A table.

        Raises:
            UsageError: There is none of that name.
        """
        if name not in self.tables:
            raise UsageError("the paper has no such table", expected=", ".join(self.tables), got=repr(name))
        return self.tables[name]

    def number(self, name: str) -> Number:
        """A number of the text.

        Raises:
            UsageError: There is none of that name.
        """
        if name not in self.numbers:
            raise UsageError(
                "no such number of the paper", expected=", ".join(self.numbers), got=repr(name)
            )
        return self.numbers[name]

    def find(self, name: str) -> Table | Number | Item:
        """Whatever has that name; "Table 3" and "3" are ``table3``.

        Raises:
            UsageError: Nothing has.
        """
        plain = "".join(name.split()).casefold()
        if plain.isdecimal():
            plain = f"table{plain}"
        everything: dict[str, Table | Number | Item] = {**self.tables, **self.numbers, **self.items}
        for key in (name, plain):
            if key in everything:
                return everything[key]
        raise UsageError("the paper has nothing of that name", got=repr(name), hint="Run: mmdia facts")

    def to_row(self) -> dict[str, Any]:
        """The document of ``mmdia facts --json`` (``mmdia.facts/1``)."""
        return {
            "schema": FACTS_SCHEMA,
            "source": self.source,
            "rule": self.rule,
            "tables": [t.to_row() for t in self.tables.values()],
            "numbers": [n.to_row() for n in self.numbers.values()],
            "items": [i.to_row() for i in self.items.values()],
        }


@lru_cache(maxsize=1)
def paper() -> Facts:
    """The paper's facts, read once."""
    raw = json.loads(_FILE.read_text(encoding="utf-8"))
    return Facts(
        source=raw["source"],
        rule=raw["rule"],
        tables=MappingProxyType({name: _table(name, t) for name, t in raw["tables"].items()}),
        numbers=MappingProxyType({name: _number(name, n) for name, n in raw["numbers"].items()}),
        items=MappingProxyType({i["name"]: Item(**i) for i in raw["items"]}),
    )


def _table(name: str, raw: Mapping[str, Any]) -> Table:
    lists = {k: tuple(raw[k]) for k in ("columns", "keys", "rows", "ambiguities", "notes")}
    return Table(name=name, caption=raw["caption"], place=raw["place"], **lists)


def _number(name: str, raw: Mapping[str, Any]) -> Number:
    value = tuple(raw["value"]) if isinstance(raw["value"], list) else raw["value"]
    return Number(name, value, raw["unit"], raw["text"], raw["place"], raw["note"])
