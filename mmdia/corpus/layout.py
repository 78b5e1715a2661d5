"""The columns of the dataset in plain words, so that a table that is prepared opens without the records.

``layout.json`` is made of the field table, which needs the records and so a third of a second. It is
made anew by ``python -m mmdia.corpus.layout > mmdia/corpus/layout.json``; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
