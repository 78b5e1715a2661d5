"""Words as they are said, and the share of them that was heard."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.engines.comparison import said_words, share_heard


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is 9:58, [sighs] Mr. Vale!", "it is nine fifty eight mister vale"),
        ("♪ Hallelujah ♪ (laughs)", "hallelujah"),
        ("NORA: Don’t.\n- SAM VALE: I won't", "don't i won't"),
        ("Twenty-five of 1,000?", "twenty five of one thousand"),
        ("In 1813 and 1905, 2026 and 2004", None),
        ("100 2000 1900 340512", None),
    ],
)
def test_texts_become_what_is_said(text: str, said: str | None) -> None:
    expected = {
        "In 1813 and 1905, 2026 and 2004": "in eighteen thirteen and nineteen o five twenty twenty six and "
        "two thousand four",
        "100 2000 1900 340512": "one hundred two thousand nineteen hundred three hundred forty thousand "
        "five hundred twelve",
    }
    assert " ".join(said_words(text, "en-GB")) == (said or expected[text])


def test_other_languages_keep_their_figures() -> None:
    assert said_words("Es ist 9 Uhr", "de") == ["es", "ist", "9", "uhr"]
    assert said_words("Es ist 9 Uhr") == ["es", "ist", "9", "uhr"]
    assert said_words("你好", "zh") == ["你", "好"]


def test_words_count_in_order() -> None:
    assert share_heard("a b c d", "a x c d", "en") == (0.75, 4)
    assert share_heard("one two three", "three two one", "en")[0] < 0.5
    assert share_heard("[door slams]", "anything", "en") == (0.0, 0)
    assert share_heard("Nine fifty eight.", "9:58", "en") == (1.0, 3)


@given(st.text(max_size=60), st.text(max_size=60))
def test_shares_are_shares(text: str, heard: str) -> None:
    score, n = share_heard(text, heard, "en")
    assert 0 <= score <= 1
    assert share_heard(text, text, "en") == (1.0 if n else 0.0, n)
