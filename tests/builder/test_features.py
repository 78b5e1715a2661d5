"""The features follow the records, and Arrow agrees with them."""

from __future__ import annotations

from collections import Counter

import datasets
import pyarrow as pa
import pytest

from mmdia.builder import features
from mmdia.corpus.arrow import arrow_schema, batch_of
from mmdia.corpus.clips import CLIP_SCHEMA
from mmdia.corpus.labels import encode_labels, label_schema
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title
from mmdia.schema.vocab import PAPER_15


def plain(schema: pa.Schema) -> pa.Schema:
    return schema.remove_metadata()


@pytest.mark.parametrize("model", [Dialogue, Title])
def test_features_are_the_arrow_schema_with_numbers_for_categories(
    model: type[Dialogue] | type[Title],
) -> None:
    assert plain(features(model).arrow_schema) == label_schema(model)
    assert label_schema(model).names == arrow_schema(model).names


def test_only_categories_differ_from_the_records() -> None:
    ours, theirs = label_schema(Dialogue), arrow_schema(Dialogue)
    differing = [name for name in ours.names if ours.field(name).type != theirs.field(name).type]
    assert differing == ["relationship", "interaction"]


def test_clip_columns_come_last_and_fit() -> None:
    made = features(Dialogue, clips=True)
    expected = [*label_schema(Dialogue), *CLIP_SCHEMA]
    assert list(plain(made.arrow_schema)) == expected


def test_category_names_are_in_the_papers_order() -> None:
    made = features(Dialogue)
    for axis, count in (("relationship", 8), ("interaction", 15)):
        label = made[axis]["category"]
        assert isinstance(label, datasets.ClassLabel)
        assert tuple(label.names) == PAPER_15.names(axis)
        assert label.num_classes == count


def test_an_unknown_vocabulary_falls_back_on_the_papers() -> None:
    assert features(Dialogue, vocab="paper-99") == features(Dialogue)


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
