"""The features follow the records, and Arrow agrees with them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

import mmdia.corpus.layout
from mmdia.builder import features
from mmdia.corpus.arrow import arrow_schema, batch_of
from mmdia.corpus.clips import CLIP_SCHEMA
from mmdia.corpus.labels import encode_labels, label_schema
from mmdia.corpus.layout import TableName, layouts_text
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table, walk
from mmdia.schema.title import Title
from mmdia.schema.vocab import PAPER_15


def plain(schema: pa.Schema) -> pa.Schema:
    return schema.remove_metadata()


@pytest.mark.parametrize(("table", "model"), [("dialogues", Dialogue), ("titles", Title)])
def test_features_are_the_arrow_schema_with_numbers_for_categories(
    table: TableName, model: type[Dialogue] | type[Title]
) -> None:
    assert plain(features(table).arrow_schema) == label_schema(model)
    assert label_schema(model).names == arrow_schema(model).names


def test_the_layout_that_is_read_is_the_one_the_records_give() -> None:
    kept = Path(mmdia.corpus.layout.__file__).with_name("layout.json").read_text(encoding="utf-8")
    cure = "run: python -m mmdia.corpus.layout > layout.json, and put it beside layout.py"
    assert kept == layouts_text(), cure


def test_only_categories_differ_from_the_records() -> None:
    ours, theirs = label_schema(Dialogue), arrow_schema(Dialogue)
    differing = [name for name in ours.names if ours.field(name).type != theirs.field(name).type]
    assert differing == ["relationship", "interaction"]


def test_clip_columns_come_last_and_fit() -> None:
    made = features("dialogues", clips=True)
    expected = [*label_schema(Dialogue), *CLIP_SCHEMA]
    assert list(plain(made.arrow_schema)) == expected


def test_category_names_are_in_the_papers_order() -> None:
    made = features("dialogues")
    for axis, count in (("relationship", 8), ("interaction", 15)):
        label = made[axis]["category"]
        assert isinstance(label, datasets.ClassLabel)
        assert tuple(label.names) == PAPER_15.names(axis)
        assert label.num_classes == count


def test_an_unknown_vocabulary_falls_back_on_the_papers() -> None:
    assert features("dialogues", vocab="paper-99") == features("dialogues")


def test_encoding_numbers_known_words_and_counts_others() -> None:
    rows = [
        Dialogue.from_row({"dialogue_id": "a", "turns": [], "relationship": {"category": "Family"}}),
        Dialogue.from_row({"dialogue_id": "b", "turns": [], "relationship": {"category": "Rivals"}}),
        Dialogue.from_row({"dialogue_id": "c", "turns": [], "relationship": {"label": "x"}}),
        Dialogue.from_row({"dialogue_id": "d", "turns": [], "interaction": {"category": "Suggesting"}}),
    ]
    unknown: Counter[tuple[str, str]] = Counter()
    batch = encode_labels(batch_of(rows, Dialogue), Dialogue, PAPER_15, unknown)
    assert batch.schema == label_schema(Dialogue)
    found = batch.column("relationship").to_pylist()
    assert [None if r is None else r["category"] for r in found] == [3, None, None, None]
    assert found[3] is None, "a missing triplet stays missing"
    assert batch.column("interaction").to_pylist()[3]["category"] == 0
    assert unknown == {("relationship", "Rivals"): 1}


def test_a_word_without_a_number_is_kept_in_extra_and_written_back() -> None:
    def row(name: str, category: str | None, **more: Any) -> dict[str, Any]:
        return {"dialogue_id": name, "turns": [], "relationship": {"category": category}, **more}

    rows = [
        row("a", "Rivals"),
        row("b", "Family", interaction={"category": "\u00c9change"}, weather="rain"),
        row("c", "Rivals", relationship={"category": "Rivals", "since": 1999}),
        row("d", "Friends", weather="sun"),
        row("e", "", extra='{"relationship": 5, "x": [1]}'),
        row("f", "Rivals", extra="no JSON"),
    ]
    records = [Dialogue.from_row(one) for one in rows]
    found = encode_labels(batch_of(records, Dialogue), Dialogue, PAPER_15).to_pylist()
    extras = [one["extra"] and one["extra"][:1] == "{" and json.loads(one["extra"]) for one in found]
    assert extras == [
        {"relationship": {"category": "Rivals"}},
        {"interaction": {"category": "\u00c9change"}, "weather": "rain"},
        {"relationship": {"category": "Rivals", "since": 1999}},
        {"weather": "sun"},
        {"relationship": {"category": ""}, "x": [1]},
        False,
    ]
    assert found[5]["extra"] == "no JSON", "what nothing can be read from stays as it is"
    assert [one["relationship"]["category"] for one in found] == [None, 3, None, 1, None, None]
    for before, one in zip(records[:5], found, strict=False):
        for axis in ("relationship", "interaction"):
            if one[axis] and one[axis]["category"] is not None:
                one[axis]["category"] = PAPER_15.names(axis)[one[axis]["category"]]
        assert Dialogue.from_row(one).to_row(nulls=True) == before.to_row(nulls=True)


def test_no_category_lies_in_a_list_where_a_stray_word_would_be_lost() -> None:
    labelled = [path for path, field in walk(field_table(Dialogue)) if field.axis]
    assert labelled
    assert not [path for path in labelled if "[]" in path]
    assert not [path for path, field in walk(field_table(Title)) if field.axis]
