"""Raw labels to categories over a release: counts, strays, the user's own table, marks."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.corpus.write import write_release
from mmdia.errors import UsageError
from mmdia.release.categorise import categorised, categoriser_of, survey
from mmdia.release.categorise_write import write_categorised, write_unknown
from mmdia.release.marks import MarkCounts, fill_mark
from mmdia.schema.dialogue import Dialogue, NonVerbal

ROWS: list[dict[str, Any]] = [
    {"dialogue_id": "a", "turns": [], "relationship": {"label": "Lifelong friends"},
     "interaction": {"category": "Banter", "label": "Accusation"}},
    {"dialogue_id": "b", "turns": [], "relationship": {"category": "Buddy"},
     "interaction": {"labels": ["qwxz", "Teasing"]}},
    {"dialogue_id": "c", "turns": [], "relationship": {"category": "qwxz", "label": "zzyx"},
     "interaction": {"label": "Inquiry", "pairs": [{"a": "x", "b": "y", "label": "Joke"},
                                                     {"a": "x", "b": "y", "category": "zzyx"}]}},
    {"dialogue_id": "d", "turns": [{"speakers": ["x"], "nonverbal": [
        {"label": "LAUGHING softly"}, {"raw": "[zither]"}, {"raw": "(sighs)", "kind": "ambient"}]}]},
    {"dialogue_id": "gone", "turns": [], "relationship": {"label": "Uncle"}},
]  # fmt: skip


@pytest.fixture
def handle(make_release: Any) -> ReleaseHandle:
    made: ReleaseHandle = make_release(dialogues=ROWS, withdrawn=[{"dialogue_id": "gone"}])
    return made


def by_id(dialogues: Any) -> dict[str, Dialogue]:
    return {d.dialogue_id: d for d in dialogues}


def test_labels_are_placed_and_counted(handle: ReleaseHandle) -> None:
    categoriser = categoriser_of(handle)
    found = by_id(categorised(handle, categoriser))
    assert found["a"].relationship.category == "Friends"
    assert found["a"].relationship.label == "Lifelong friends"
    # A category of the vocabulary stays, though the rules would say otherwise.
    assert found["a"].interaction.category == "Banter"
    # A stray word that can be placed moves to the raw labels.
    assert (found["b"].relationship.category, found["b"].relationship.label) == ("Friends", "Buddy")
    assert found["b"].interaction.category == "Banter"
    # One that cannot stays.
    assert (found["c"].relationship.category, found["c"].relationship.label) == ("qwxz", "zzyx")
    assert [p.category for p in found["c"].interaction.pairs] == ["Banter", "zzyx"]
    report = json.loads(json.dumps(categoriser.to_row()))
    assert report["schema"] == "mmdia.categorise/1"
    assert (report["dialogues"], report["changed"]) == (4, 4)
    relationship, interaction = report["relationship"], report["interaction"]
    assert (relationship["placed"], relationship["strays"], relationship["unknown"]) == (2, 2, 1)
    assert relationship["without"] == 1
    assert relationship["unknown_labels"] == [{"label": "zzyx", "n": 1}]
    assert relationship["categories"] == {"Friends": 2}
    assert relationship["rules"] == {"typical": 1, "word": 1}
    assert interaction["kept"] == 1
    assert interaction["disagreements"] == [
        {"label": "Accusation", "category": "Banter", "rules_give": "Conflict", "n": 1}
    ]
    assert (interaction["pairs_placed"], interaction["pairs_unknown"]) == (1, 1)


def test_a_survey_counts_the_same(handle: ReleaseHandle) -> None:
    for again in (False, True):
        made, seen = categoriser_of(handle, again=again), categoriser_of(handle, again=again)
        list(categorised(handle, made))
        survey(handle, seen)
        assert seen.to_row() == made.to_row()


def test_parquet_stays_parquet(handle: ReleaseHandle, tmp_path: Path) -> None:
    folder = tmp_path / "parquet"
    source = write_release(folder, handle.head, [], iter_dialogues(handle), form="parquet")
    write_categorised(source, tmp_path / "out", categoriser_of(source))
    made = open_release(tmp_path / "out")
    assert list((tmp_path / "out").glob("dialogues/*.parquet"))
    expected = by_id(categorised(handle, categoriser_of(handle)))
    assert by_id(iter_dialogues(made)) == expected


def test_again_places_anew(handle: ReleaseHandle) -> None:
    found = by_id(categorised(handle, categoriser_of(handle, again=True)))
    assert found["a"].interaction.category == "Conflict"
    assert found["a"].interaction.label == "Accusation"


def test_alternatives_are_told(make_release: Any) -> None:
    row = {"dialogue_id": "a", "turns": [], "relationship": {"label": "Monologue", "labels": ["Uncle"]}}
    handle = make_release(dialogues=[row])
    categoriser = categoriser_of(handle)
    list(categorised(handle, categoriser))
    label = categoriser.to_row()["relationship"]["labels"][0]
    assert (label["category"], label["alternatives"]) == ("Individual", ["Family"])


def test_own_table_goes_first(handle: ReleaseHandle, tmp_path: Path) -> None:
    first = categoriser_of(handle)
    list(categorised(handle, first))
    table = tmp_path / "own.csv"
    assert write_unknown(table, first) == 1
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"axis": "relationship", "label": "zzyx", "category": "", "n": "1"}]
    table.write_text("axis,label,category\nrelationship,ZZYX,Family\nrelationship,buddy,Social\n", "utf-8")
    found = by_id(categorised(handle, categoriser_of(handle, own=table)))
    assert found["c"].relationship.category == "Family"
    assert found["c"].relationship.labels == ("qwxz",)
    assert found["b"].relationship.category == "Social"


@pytest.mark.parametrize(
    "text",
    ["axis,label,category\nmood,x,Family\n", "axis,label,category\nrelationship,x,Banter\n", "a,b\n1,2\n"],
)
def test_tables_that_are_not_sound(handle: ReleaseHandle, tmp_path: Path, text: str) -> None:
    table = tmp_path / "own.csv"
    table.write_text(text, "utf-8")
    with pytest.raises(UsageError):
        categoriser_of(handle, own=table)


def test_no_such_table_and_vocabulary(handle: ReleaseHandle, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        categoriser_of(handle, own=tmp_path / "none.csv")
    with pytest.raises(UsageError):
        categoriser_of(handle, vocab="other")


@pytest.mark.parametrize("in_place", [False, True])
def test_writing(handle: ReleaseHandle, tmp_path: Path, in_place: bool) -> None:
    (handle.path / "subtitles").mkdir()
    (handle.path / "README.md").write_text("words", "utf-8")
    out = handle.path if in_place else tmp_path / "out"
    write_categorised(handle, out, categoriser_of(handle), in_place=in_place)
    made = open_release(out)
    assert made.head.history[-1].step == "categorise"
    assert made.head.counts is not None
    assert made.head.counts.dialogues == 4
    assert (made.path / "README.md").read_text("utf-8") == "words"
    found = by_id(iter_dialogues(made))
    assert found["b"].relationship.category == "Friends"
    assert "gone" not in (made.path / "dialogues.jsonl").read_text("utf-8")
    assert "gone" in (made.path / "withdrawn.jsonl").read_text("utf-8")
    # Once more changes nothing.
    again = categoriser_of(made)
    assert list(categorised(made, again)) == list(iter_dialogues(made))
    assert again.changed == 0


def test_writing_over_another_folder_is_refused(handle: ReleaseHandle, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError):
        write_categorised(handle, tmp_path / "out", categoriser_of(handle))
    assert (tmp_path / "out" / "thesis.txt").read_text() == "mine"


def test_marks_are_filled_and_nothing_is_lost(handle: ReleaseHandle) -> None:
    categoriser = categoriser_of(handle)
    marks = by_id(categorised(handle, categoriser))["d"].turns[0].nonverbal
    assert [(m.kind, m.label, m.raw, m.tag) for m in marks] == [
        ("vocal", "laughs", "LAUGHING softly", "(laughs)"),
        (None, None, "[zither]", None),
        ("ambient", "sighs", "(sighs)", "(sighs)"),
    ]
    report = categoriser.to_row()["nonverbal"]
    assert (report["events"], report["filled"], report["disagree"]) == (3, 2, 1)
    assert report["unknown"] == 1
    assert {"kind": None, "label": "zither", "n": 1, "known": False} in report["labels"]


def test_label_with_words_of_its_own_stays() -> None:
    mark = NonVerbal(label="laughs bitterly", raw="[ha ha]")
    filled = fill_mark(mark)
    assert (filled.mark.label, filled.mark.raw, filled.mark.kind) == ("laughs bitterly", "[ha ha]", "vocal")


def test_strays_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmdia.release.marks.MOST_STRAYS", 2)
    counts = MarkCounts()
    counts.add([(None, f"qq{k}") for k in range(5)] + [(None, "laughs")])
    assert counts.total == 6
    assert (len(counts.strays), counts.lost) == (2, 3)
    assert counts.known["vocal", "laughs"] == 1
