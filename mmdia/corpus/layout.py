"""The columns of the dataset in plain words, so that a table that is prepared opens without the records.

``layout.json`` is made of the field table, which needs the records and so a third of a second. It is
made anew by ``python -m mmdia.corpus.layout > mmdia/corpus/layout.json``; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mmdia.errors import UsageError
from mmdia.schema.vocab import PAPER_15, VOCABULARIES, Vocabulary

if TYPE_CHECKING:
    from mmdia.schema.fields import FieldInfo

#: A word for a scalar, ``@relationship`` for a category of that axis, a dictionary for a struct, and
#: a list of one item for a list.
Words = str | list[Any] | dict[str, Any]
TableName = Literal["dialogues", "titles"]
AXIS = "@"
#: The rows without a split (or with one that this version does not know): their split and its files.
UNSPLIT = "unsplit"
_SCALARS = {"string": "string", "int": "int64", "float": "float64", "bool": "bool"}


@lru_cache(maxsize=1)
def _layouts() -> dict[str, dict[str, Words]]:
    path = Path(__file__).with_name("layout.json")
    told: dict[str, dict[str, Words]] = json.loads(path.read_text(encoding="utf-8"))
    return told


def layout(table: TableName) -> dict[str, Words]:
    """The columns of a table, in order."""
    return _layouts()[table]


def chosen(columns: dict[str, Words], paths: Sequence[str]) -> dict[str, Words]:
    """The columns at some paths (``turns.text``), in the order of the table.

    Raises:
        UsageError: There is no such column.
    """
    if isinstance(paths, str) or not paths:
        raise UsageError("columns is a list of names", expected='["turns.text", ...]', got=repr(paths))
    tree: dict[str, Any] = {}
    for path in paths:
        here, into = columns, tree
        for name in path.replace("[]", "").split("."):
            here = _inner(here)
            if name not in here:
                raise UsageError("there is no such column", got=path, hint=_near(name, here))
            here, into = here[name], into.setdefault(name, {})  # type: ignore[assignment]
        into[""] = {}  # all of it, whatever another path takes of it
    return _pruned(columns, tree)


def _inner(column: Words) -> dict[str, Words]:
    while isinstance(column, list):
        column = column[0]
    return column if isinstance(column, dict) else {}


def _near(name: str, known: dict[str, Words]) -> str:
    from difflib import get_close_matches

    names = get_close_matches(name, known, 3) or list(known)
    return f"There is: {', '.join(names)}." if names else "Nothing lies within that column."


def _pruned(columns: dict[str, Words], tree: dict[str, Any]) -> dict[str, Words]:
    def part(column: Words, wanted: dict[str, Any]) -> Words:
        if "" in wanted or isinstance(column, str):
            return column
        return [part(column[0], wanted)] if isinstance(column, list) else _pruned(column, wanted)

    return {name: part(column, tree[name]) for name, column in columns.items() if name in tree}


def vocabulary_or_default(name: str | None) -> Vocabulary:
    """The vocabulary that a release names; the paper's when it is unknown here or not named."""
    return VOCABULARIES.get(name or PAPER_15.name, PAPER_15)


def made_layouts() -> dict[str, dict[str, Words]]:
    """The layouts of all tables, worked out from the records."""
    from mmdia.schema.base import Record
    from mmdia.schema.dialogue import Dialogue
    from mmdia.schema.fields import field_table
    from mmdia.schema.title import Title

    models: dict[str, type[Record]] = {"dialogues": Dialogue, "titles": Title}
    return {name: {f.name: _words(f) for f in field_table(model)} for name, model in models.items()}


def layouts_text() -> str:
    """What ``layout.json`` must hold."""
    return json.dumps(made_layouts(), indent=1) + "\n"


def _words(field: FieldInfo) -> Words:
    if field.axis is not None:
        return f"{AXIS}{field.axis}"
    if field.kind == "struct":
        return {child.name: _words(child) for child in field.children}
    if field.kind == "list":
        return [_words(field.children[0])]
    return _SCALARS[field.kind]


if __name__ == "__main__":
    sys.stdout.write(layouts_text())
