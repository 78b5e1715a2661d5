from __future__ import annotations

import pytest

from mmdia.errors import UsageError
from mmdia.schema.vocab import PAPER_15, categorise, vocabulary


def test_the_paper_has_8_relationships_and_15_interactions() -> None:
    assert len(PAPER_15.relationship) == 8
    assert len(PAPER_15.interaction) == 15


@pytest.mark.parametrize("axis", ["relationship", "interaction"])
def test_names_and_typical_labels_find_their_category(axis: str) -> None:
    for category in PAPER_15.axis(axis):
        assert categorise(category.name, axis).category == category.name
        assert categorise(category.name.upper(), axis).category == category.name
        for label in (*category.typical, *category.aliases):
            placed = categorise(label, axis)
            assert category.name in (placed.category, *placed.alternatives), label
        assert category.definition


@pytest.mark.parametrize(
    ("label", "axis", "category", "rule"),
    [
        ("Lifelong friends", "relationship", "Friends", "word"),
        ("Social banter", "interaction", "Banter", "alias"),
        ("COLLEAGUE", "relationship", "Workplace", "typical"),
        ("Fiance", "relationship", None, "unknown"),
        ("cross-talk", "interaction", "Dynamic Cross-talk", "alias"),
        ("quantum", "interaction", None, "unknown"),
        ("", "interaction", None, "unknown"),
        (None, "interaction", None, "unknown"),
    ],
)
def test_raw_labels(label: str | None, axis: str, category: str | None, rule: str) -> None:
    placed = categorise(label, axis)
    assert (placed.category, placed.rule) == (category, rule)


def test_a_label_of_two_categories_keeps_the_other_as_alternative() -> None:
    placed = categorise("boss and enemy", "relationship")
    assert {placed.category, *placed.alternatives} == {"Workplace", "Adversarial"}


def test_unknown_axes_and_vocabularies_are_refused() -> None:
    with pytest.raises(UsageError):
        categorise("x", "tone")
    with pytest.raises(UsageError):
        vocabulary("paper-99")
