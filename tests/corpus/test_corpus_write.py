"""What is written is read back, in the contract's order, with nothing lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.census import census
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, load_titles, withdrawals
from mmdia.corpus.write import write_release
from mmdia.errors import ReleaseError, ReleaseNotFound
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Title
from mmdia.store.atomic import part_path
from tests.corpus.row_strategies import rows

HEAD = Release(name="n", version="1")


def plain(records: Iterable[Dialogue | Title]) -> list[dict[str, Any]]:
    """All values, unknown keys in their places, in the order of their identifiers."""
    return sorted((r.to_row(nulls=True) for r in records), key=lambda row: json.dumps(row, sort_keys=True))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(
    st.lists(rows(Title, strange=True), max_size=2, unique_by=lambda r: r["title_id"]),
    st.lists(rows(Dialogue, strange=True), max_size=2, unique_by=lambda r: r["dialogue_id"]),
)
def test_round_trip(
    tmp_path_factory: pytest.TempPathFactory, titles: list[dict[str, Any]], dialogues: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("r")
    records = [Dialogue.from_row(row) for row in dialogues]
    handle = write_release(folder, HEAD, [Title.from_row(row) for row in titles], records)
    assert handle == open_release(folder)
    back = {d.dialogue_id: d for d in iter_dialogues(handle)}
    assert plain(back.values()) == plain(records)
    assert plain(load_titles(handle).values()) == plain(Title.from_row(row) for row in titles)
    again = write_release(folder, handle.head, load_titles(handle).values(), back.values())
    assert again.head == handle.head


def dialogue(i: str, title: str | None, start: int | None) -> Dialogue:
    end = None if start is None else start + 5
    return Dialogue(
        dialogue_id=i, title_id=title, start_ms=start, end_ms=end,
        turns=(Turn(start_ms=start, end_ms=end, speakers=("x",)),),
    )  # fmt: skip


def test_order_counts_and_optional_tables(tmp_path: Path) -> None:
    late = dialogue("late", "a", 9)
    untimed = late.model_copy(update={"dialogue_id": "u", "start_ms": None, "turns": late.turns})
    dialogues = [dialogue("s", None, None), dialogue("b", "b", 0), untimed, late, dialogue("early", "a", 1)]
    scenes = [
        Scene(title_id="b", scene_id="1", start_ms=0, end_ms=5),
        Scene(title_id="a", scene_id="1", start_ms=0, end_ms=5),
    ]
    titles = [Title(title_id="b"), Title(title_id="a")]
    gone = [Withdrawal(dialogue_id="zz")]
    handle = write_release(tmp_path / "r", HEAD, titles, iter(dialogues), scenes=scenes, withdrawn=gone)
    assert [d.dialogue_id for d in iter_dialogues(handle)] == ["early", "u", "late", "b", "s"]
    assert list(load_titles(handle)) == ["a", "b"]
    assert [s.title_id for s in iter_scenes(handle)] == ["a", "b"]
    assert withdrawals(handle).dialogues == {"zz"}
    head = json.loads((tmp_path / "r" / "release.json").read_text())
    assert head["schema"] == "mmdia.release/1"
    assert head["counts"] == {"titles": 2, "dialogues": 5, "turns": 5}
    write_release(tmp_path / "r", HEAD, titles, dialogues)
    assert not (tmp_path / "r" / "scenes.jsonl").exists()
    assert not list((tmp_path / "r").glob("*.part"))


def test_twins_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="dialogues share"):
        write_release(tmp_path, HEAD, [], [dialogue("a", "t", 0), dialogue("a", "t", 1)])
    with pytest.raises(ReleaseError, match="titles share"):
        write_release(tmp_path, HEAD, [Title(title_id="a")] * 2, [])


def test_parquet_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dialogues").mkdir()
    (tmp_path / "dialogues" / "0.parquet").touch()
    with pytest.raises(ReleaseError, match="Parquet"):
        write_release(tmp_path, HEAD, [], [])


def test_a_crash_leaves_no_release(tmp_path: Path) -> None:
    write_release(tmp_path, HEAD, [], [dialogue("a", "t", 0)])

    def broken() -> Any:
        yield dialogue("b", "t", 0)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_release(tmp_path, HEAD, [], broken())
    assert [d.dialogue_id for d in iter_dialogues(open_release(tmp_path))] == [
        "a"
    ]  # nothing was touched yet
    part_path(tmp_path / "dialogues.jsonl").mkdir()  # the second table cannot be written
    with pytest.raises(OSError, match="cannot write"):
        write_release(tmp_path, HEAD, [], [dialogue("b", "t", 0)])
    with pytest.raises(ReleaseNotFound):
        open_release(tmp_path)


def test_census(tmp_path: Path) -> None:
    rows_ = [
        dialogue("a", "t", 0).model_copy(update={"split": "train", "subsets": ("hard", "bench")}),
        dialogue("b", "t", 3_600_000).model_copy(update={"split": "train", "subsets": ("hard",)}),
        dialogue("s", None, None),
    ]
    handle = write_release(tmp_path, HEAD, [Title(title_id="t", language="en")], rows_)
    got = census(handle)
    assert (got.titles, got.dialogues, got.turns, got.scripts) == (1, 3, 3, 1)
    assert got.splits == {"train": 2, None: 1}
    assert got.subsets == {"bench": 1, "hard": 2}
    assert got.languages == {"en": 1}
    assert got.hours == pytest.approx(10 / 3_600_000)
