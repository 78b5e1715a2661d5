"""The page on the paper names everything that the paper prints, and only what is here."""

from __future__ import annotations

import ast
import importlib.util
import shlex
import sys
from types import ModuleType

import pytest

from mmdia.cli.main import build_parser
from mmdia.metrics.paper import TABLE_6
from mmdia.schema.facts import paper, printed

from .blocks import REPO


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("paper_map", REPO / "tools" / "paper_map.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["paper_map"] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module


MAP = _load()


def test_everything_of_the_paper_is_on_the_page_once() -> None:
    facts = paper()
    assert set(MAP.PAPER_MAP) == {*facts.tables, *facts.numbers, *facts.items}
    text = MAP.paper_page()
    for name in MAP.PAPER_MAP:
        assert text.count(f"| `{name}` |") == 1


@pytest.mark.parametrize("command", sorted({c for e in MAP.PAPER_MAP.values() for c in e.commands}))
def test_every_command_parses(command: str) -> None:
    words = shlex.split(command)
    assert words[0] == "mmdia"
    build_parser().parse_args(words[1:])


@pytest.mark.parametrize("test", sorted({t for e in MAP.PAPER_MAP.values() for t in e.tests}))
def test_every_test_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    tree = ast.parse((REPO / path).read_text(encoding="utf-8"))
    functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    assert (name in functions) if name else any(f.startswith("test_") for f in functions)


def test_what_has_no_command_says_so_and_why() -> None:
    for name, entry in MAP.PAPER_MAP.items():
        if not entry.commands:
            assert entry.state == "not yet", name
            assert entry.note, name
        else:
            assert entry.tests, name
        assert not entry.part or entry.note, name


def test_table_6_is_the_same_wherever_it_is_kept() -> None:
    table = paper().table("table6")
    for row in TABLE_6:
        printed_row = table.row(row.name)
        assert printed(printed_row["TimeStamp Accuracy"]) == row.accuracy
        assert printed(printed_row["WER"]) == row.wer
