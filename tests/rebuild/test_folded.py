"""Rows that are read once: never staler than the files, never other than a fresh reading."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.rebuild.folded import Folded
from mmdia.store.atomic import Journal

Row = dict[str, Any]


def folded(folder: Path) -> Folded:
    (folder / "state").mkdir(exist_ok=True)
    return Folded(folder / "rows.jsonl", folder / "state", "journal-*.jsonl", "id")


def row(name: str, value: int = 0, status: str = "built") -> Row:
    return {"id": name, "value": value, "status": status}


def test_what_others_write_is_seen(tmp_path: Path) -> None:
    mine, theirs = folded(tmp_path), folded(tmp_path)
    one, two = (
        Journal(tmp_path / "state" / "journal-a.jsonl"),
        Journal(tmp_path / "state" / "journal-b.jsonl"),
    )
    assert mine.rows() == {}
    mine.append(one, [row("a")])
    theirs.append(two, [row("b")])
    mine.append(one, [row("c")])
    assert set(mine.rows()) == set(theirs.rows()) == {"a", "b", "c"}
    theirs.write(["b", "a", "c"])
    theirs.drop([two.path])
    assert list(mine.rows()) == ["b", "a", "c"]


def test_being_left_out_says_nothing(tmp_path: Path) -> None:
    mine = folded(tmp_path)
    journal = Journal(tmp_path / "state" / "journal-a.jsonl")
    mine.append(journal, [row("a", 1), row("a", 2, "not_selected"), row("b", 3, "not_selected")])
    for view in (mine, folded(tmp_path)):
        assert [(r["id"], r["value"]) for r in view.rows().values()] == [("a", 1), ("b", 3)]


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    lines = ['{"id": "a"}', "[1]", '{"id": "b", "va', '{"other": 1}', "", '{"id": "c"}', '{"id":']
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    mine = folded(tmp_path)
    assert list(mine.rows()) == ["a", "c"]
    Journal(tmp_path / "state" / "journal-a.jsonl").append([{"id": "ü"}])
    mine.write([])
    assert [json.loads(x)["id"] for x in (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()] == [
        "a", "c", "ü"
    ]  # fmt: skip


def test_the_file_is_left_alone_when_it_says_the_same(tmp_path: Path) -> None:
    mine = folded(tmp_path)
    mine.append(Journal(tmp_path / "state" / "journal-a.jsonl"), [row("a"), row("b")])
    mine.write(["b", "a"])
    mine.drop(mine.journals())
    stamp = (tmp_path / "rows.jsonl").stat().st_ino
    for view in (mine, folded(tmp_path)):
        view.write(["b", "a"])
        assert (tmp_path / "rows.jsonl").stat().st_ino == stamp
    folded(tmp_path).write(["a", "b"])
    assert list(folded(tmp_path).rows()) == ["a", "b"]


@settings(max_examples=25)  # every step waits for the disk
@given(
    st.lists(
        st.one_of(
            st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 9)), max_size=3),
            st.lists(st.sampled_from("abcd"), max_size=4),
        ),
        max_size=8,
    )
)
def test_it_is_always_what_a_fresh_reading_is(tmp_path_factory: Any, steps: list[list[Any]]) -> None:
    folder = tmp_path_factory.mktemp("f")
    mine = folded(folder)
    journal = Journal(folder / "state" / "journal-a.jsonl")
    expected: dict[str, int] = {}
    for step in steps:
        if step and isinstance(step[0], tuple):
            mine.append(journal, [row(name, value) for name, value in step])
            expected |= dict(step)
        else:
            mine.write(step)
            mine.drop(mine.journals() if (folder / "rows.jsonl").exists() else [])
        assert {i: r["value"] for i, r in mine.rows().items()} == expected
        assert mine.rows() == folded(folder).rows()
