from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mmdia.errors import BrokenRow
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue, Keyframe, Turn, nominal_span_ms, runs
from mmdia.schema.fields import field_table, walk
from mmdia.schema.prediction import Prediction
from mmdia.schema.receipt import Receipt
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.timemap import TimeMapFile
from mmdia.schema.title import Title

TABLES: list[type[Record]] = [Title, Dialogue, Scene, Withdrawal, Release, Prediction]
names = st.text("abcdefghij_", min_size=1, max_size=8).map(lambda s: f"x_{s}")
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
).filter(lambda v: v is not None)


def dialogue_row(**more: Any) -> dict[str, Any]:
    return {"dialogue_id": "d", "turns": [{"speakers": ["a"]}], **more}


@pytest.mark.slow
@given(st.dictionaries(names, values, max_size=3), st.dictionaries(names, values, max_size=3),
       st.dictionaries(names, values, max_size=3))  # fmt: skip
def test_unknown_keys_come_back_in_their_places(
    top: dict[str, Any], in_turn: dict[str, Any], in_face: dict[str, Any]
) -> None:
    row = dialogue_row(**top)
    row["turns"][0].update(in_turn)
    row["turns"][0]["keyframe"] = {"t_ms": 3, "faces": [{"score": 0.5, **in_face}]}
    written = Dialogue.from_json(json.dumps(row)).to_row()
    assert {k: written[k] for k in top} == top
    assert {k: written["turns"][0][k] for k in in_turn} == in_turn
    face = written["turns"][0]["keyframe"]["faces"][0]
    assert {k: face[k] for k in in_face} == in_face
    assert Dialogue.from_row(written).to_row() == written


def test_reading_json_and_mappings_agree() -> None:
    row = dialogue_row(novel={"deep": [1]}, title_id="t", emotion_intensity=7)
    assert Dialogue.from_json(json.dumps(row)) == Dialogue.from_row(row)


def test_a_record_with_unknown_keys_equals_itself_after_a_round_trip() -> None:
    row = dialogue_row(novel=1, source={"dataset": "m", "shelf": 4})
    read = Dialogue.from_row(row)
    assert Dialogue.from_row(read.to_row()) == read
    assert row == dialogue_row(novel=1, source={"dataset": "m", "shelf": 4}), "the caller's row was changed"


@pytest.mark.parametrize("extra", ["{", "[1]", "3"])
def test_an_extra_that_is_no_object_is_a_broken_row(extra: str) -> None:
    with pytest.raises(BrokenRow):
        Dialogue.from_row(dialogue_row(extra=extra, novel=1))


def test_unknown_keys_are_refused_when_a_record_is_made() -> None:
    with pytest.raises(ValidationError):
        Dialogue(dialogue_id="d", turns=(), novel=1)  # type: ignore[call-arg]


def test_known_keys_are_never_overwritten_by_extra() -> None:
    dialogue = Dialogue(
        dialogue_id="d", turns=(), description="mine", extra='{"description": "theirs", "n": 1}'
    )
    row = dialogue.to_row()
    assert row["description"] == "mine"
    assert row["n"] == 1
    assert "extra" not in row


def test_records_cannot_be_changed() -> None:
    turn = Turn(speakers=("a",))
    with pytest.raises(ValidationError):
        turn.text = "new"


@pytest.mark.parametrize(
    "line",
    ["", "null", "[]", "{", '{"turns": []}', '{"dialogue_id": 3, "turns": []}',
     '{"dialogue_id": "d", "turns": [{"speakers": "a"}]}', '{"dialogue_id": "d", "turns": [{}]}',
     '{"dialogue_id": "d", "turns": [], "start_ms": 1.5}'],
)  # fmt: skip
def test_broken_rows_say_where(line: str) -> None:
    with pytest.raises(BrokenRow, match=r"rows\.jsonl:7"):
        Dialogue.from_json(line, where="rows.jsonl:7")


def test_null_lists_read_as_empty() -> None:
    dialogue = Dialogue.from_json('{"dialogue_id": "d", "turns": [{"speakers": null}], "subsets": null}')
    assert dialogue.subsets == ()
    assert dialogue.turns[0].speakers == ()


def test_documents_carry_their_schema_key() -> None:
    assert Release(name="r", version="1").to_row()["schema"] == "mmdia.release/1"
    assert Receipt(dialogue_id="d", status="built").to_row()["schema"] == "mmdia.receipt/1"
    assert TimeMapFile(verdict="identity", confidence=1).to_row()["schema"] == "mmdia.timemap/1"


@pytest.mark.parametrize("model", TABLES)
def test_every_field_is_documented_and_has_a_column(model: type[Record]) -> None:
    table = list(walk(field_table(model)))
    assert table
    for path, field in table:
        assert field.doc, f"{model.__name__}.{path} has no documentation"


@pytest.mark.parametrize("model", TABLES)
def test_field_table_and_json_schema_agree(model: type[Record]) -> None:
    schema = model.model_json_schema()
    top = {field.name for field in field_table(model)}
    assert top == set(schema["properties"])
    assert {f.name for f in field_table(model) if f.required} == set(schema.get("required", []))


def test_category_fields_name_their_axis() -> None:
    axes = {path: f.axis for path, f in walk(field_table(Dialogue)) if f.axis}
    assert axes == {"relationship.category": "relationship", "interaction.category": "interaction"}


def turns(*speakers: str) -> list[Turn]:
    return [Turn(speakers=tuple(s)) for s in speakers]


@pytest.mark.slow
@given(st.lists(st.sampled_from(["a", "b", "ab"]), max_size=20))
def test_runs_tile_the_turns_and_change_speakers(speakers: list[str]) -> None:
    lines = turns(*speakers)
    found = runs(lines)
    assert [i for a, b in found for i in range(a, b)] == list(range(len(lines)))
    for a, b in found:
        assert len({t.speakers for t in lines[a:b]}) == 1
    for (a, _), (c, _) in pairwise(found):
        assert lines[a].speakers != lines[c].speakers


def test_nominal_span_is_the_hull_of_turns() -> None:
    def turn(a: int, b: int, nxt: int | None = None) -> Turn:
        return Turn(speakers=("a",), start_ms=a, end_ms=b, next_start_ms=nxt)

    dialogue = Dialogue(
        dialogue_id="d", title_id="t", turns=(turn(500, 900), turn(400, 1200), turn(700, 1000, 1500))
    )
    assert nominal_span_ms(dialogue) == (400, 1200)
    assert nominal_span_ms(dialogue, extend_to_next=True) == (400, 1500)
    script = Dialogue(dialogue_id="d", turns=(Turn(speakers=("a",)),))
    assert nominal_span_ms(script) is None
    backwards = Dialogue(dialogue_id="d", title_id="t", turns=(turn(900, 100),))
    assert nominal_span_ms(backwards) is None


def test_keyframes_default_to_no_faces() -> None:
    assert Keyframe(t_ms=3).faces == ()
