from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.metrics.wer import ErrorRate, error_rate, wer
from mmdia.metrics.words import words_of

word_lists = st.lists(st.sampled_from("abcd"), max_size=12)


def distance(a: list[str], b: list[str]) -> int:
    """Edit distance by its textbook recurrence: the oracle."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


@given(word_lists, word_lists)
def test_errors_are_the_edit_distance_and_add_up(a: list[str], b: list[str]) -> None:
    found = error_rate(a, b)
    assert found.errors == distance(a, b)
    assert found.length == len(a)
    assert found.hits + found.substitutions + found.deletions == len(a)
    assert found.hits + found.substitutions + found.insertions == len(b)


@given(word_lists, word_lists)
def test_turned_round_deletions_and_insertions_change_places(a: list[str], b: list[str]) -> None:
    one, two = error_rate(a, b), error_rate(b, a)
    assert one.errors == two.errors
    assert one.deletions - one.insertions == two.insertions - two.deletions


@given(word_lists)
def test_equal_texts_have_no_errors(a: list[str]) -> None:
    assert error_rate(a, a).errors == 0


def test_counts_of_each_kind() -> None:
    found = wer("the cat sat on the mat", "the bat sat the mat now")
    assert (found.substitutions, found.deletions, found.insertions) == (1, 1, 1)
    assert found.value == 0.5


def test_a_corpus_pools_errors_and_lengths() -> None:
    found = wer(["a b c d", "e"], ["a b c d", "x y"])
    assert found.value == pytest.approx(2 / 5)  # not the mean of 0 and 2
    assert found == wer("a b c d", "a b c d") + wer("e", "x y")


def test_an_empty_reference_has_no_rate() -> None:
    assert wer("", "a b").to_row() == {
        "value": None, "errors": 2, "length": 0, "substitutions": 0, "deletions": 0, "insertions": 2,
    }  # fmt: skip
    assert wer([], []).value is None
    assert ErrorRate().value is None


def test_corpora_must_pair_and_normalisers_exist() -> None:
    with pytest.raises(UsageError, match="2 hypotheses"):
        wer(["a", "b"], ["a"])
    with pytest.raises(UsageError, match="zip"):
        wer("a", "a", normalizer="zip")


def test_normalisers() -> None:
    assert words_of("Hello,  World!", "none") == ["Hello,", "World!"]
    assert words_of("Hello,  World!", "standard") == ["hello", "world"]
    assert words_of("It’s 'fine' [sighs] <i>twenty-five</i>", "standard") == [
        "it's", "fine", "twenty", "five",
    ]  # fmt: skip
    assert words_of("(door slams)", "standard") == []
    assert words_of("ＡＢＣ ﬁne", "standard") == ["abc", "fine"]
    assert words_of("你好 world", "standard") == ["你", "好", "world"]


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = words_of(text, "standard")
    assert words_of(" ".join(once), "standard") == once
