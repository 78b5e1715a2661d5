from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.metrics.intervals import wilson
from mmdia.metrics.timestamps import (
    TAUS,
    TimedLine,
    drift_of,
    line_errors,
    no_lines,
    summary,
    timestamp_accuracy,
)


def film(n: int = 30, seed: int = 3) -> list[TimedLine]:
    """Lines of words that occur once each."""
    dice = random.Random(seed)
    return [
        (10.0 * i, 10.0 * i + 2.5, " ".join(f"w{i}x{k}" for k in range(dice.randint(2, 7))))
        for i in range(n)
    ]


def moved(lines: list[TimedLine], start: float, end: float) -> list[TimedLine]:
    return [(a + start, b + end, t) for a, b, t in lines]


def test_a_track_is_right_about_itself() -> None:
    found = timestamp_accuracy(film(), film())
    assert (found.value, found.n, found.matched) == (1.0, 30, 30)
    assert set(found.curve.values()) == {1.0}
    assert (found.median_start_s, found.median_end_s) == (0.0, 0.0)
    assert found.drift == pytest.approx(0.0, abs=1e-9)


@given(st.integers(-2000, 2000), st.integers(-2000, 2000))
def test_both_ends_must_be_within_the_tolerance(start_ms: int, end_ms: int) -> None:
    lines = moved(film(8), start_ms / 1000, end_ms / 1000)
    found = timestamp_accuracy(film(8), lines)
    assert found.value == float(abs(start_ms) <= 500 and abs(end_ms) <= 500)
    assert found.start_only == float(abs(start_ms) <= 500)
    assert found.median_start_s == pytest.approx(start_ms / 1000, abs=1e-6)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("sign", [-1, 1])
def test_the_tolerance_itself_is_within_and_a_millisecond_more_is_not(tau: float, sign: int) -> None:
    for more_ms, right in ((0, 1.0), (1, 0.0)):
        error = sign * (tau + more_ms / 1000)
        at_start = timestamp_accuracy(film(8), moved(film(8), error, 0.0), tau=tau)
        assert (at_start.value, at_start.start_only, at_start.curve[tau]) == (right, right, right)
        at_end = timestamp_accuracy(film(8), moved(film(8), 0.0, error), tau=tau)
        assert (at_end.value, at_end.start_only, at_end.curve[tau]) == (right, 1.0, right)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=20), st.floats(0.05, 2), st.floats(0.05, 2))
def test_a_wider_tolerance_never_loses_a_line(errors: list[float], one: float, two: float) -> None:
    ref = film(len(errors))
    hyp = [(a + e, b + e, t) for (a, b, t), e in zip(ref, errors, strict=True)]
    found = line_errors(ref, hyp)
    narrow, wide = sorted((one, two))
    assert found.right(narrow) <= found.right(wide) <= found.right(wide, start_only=True) <= len(found)


def test_the_order_of_lines_in_a_file_does_not_matter() -> None:
    ref, hyp = film(), moved(film(), 0.3, 0.3)
    random.Random(1).shuffle(hyp)
    assert timestamp_accuracy(ref, hyp).value == 1.0


def test_lines_are_matched_by_words_not_by_number() -> None:
    ref = film()
    assert timestamp_accuracy(ref, ref[5:]).value == pytest.approx(25 / 30)
    advert = [(1.0 + k, 1.5 + k, f"buy{k} now{k}") for k in range(7)]
    assert timestamp_accuracy(ref, [*advert, *ref]).value == 1.0


def test_missing_lines_are_wrong() -> None:
    found = timestamp_accuracy(film(), [])
    assert (found.value, found.matched, found.median_start_s, found.drift) == (0.0, 0, None, None)
    assert timestamp_accuracy(film(), [(0, 1, "quite another film")]).value == 0.0


def test_a_split_line_keeps_both_ends() -> None:
    ref = [(0.0, 4.0, "one two three four"), (5.0, 6.0, "five six")]
    hyp = [(0.0, 2.0, "one two"), (2.0, 4.0, "three four"), (5.0, 6.0, "five six")]
    assert timestamp_accuracy(ref, hyp).value == 1.0


def test_merged_lines_are_wrong_at_one_end_each() -> None:
    ref = [(0.0, 2.0, "one two"), (3.0, 5.0, "three four")]
    found = timestamp_accuracy(ref, [(0.0, 5.0, "one two three four")])
    assert (found.value, found.matched, found.start_only) == (0.0, 2, 0.5)


def test_a_stray_word_does_not_move_a_line() -> None:
    ref = [(0.0, 2.0, "yes we can do that"), (8.0, 9.0, "so do not wait here")]
    hyp = [(0.0, 2.0, "yes we can do that so"), (8.0, 9.0, "do not wait here")]
    assert timestamp_accuracy(ref, hyp).value == 1.0


def test_lines_without_words_are_not_counted() -> None:
    found = timestamp_accuracy([(0, 1, "[music]"), (2, 3, "hello")], [(2, 3, "hello")])
    assert (found.n, found.value) == (1, 1.0)
    empty = timestamp_accuracy([(0, 1, "♪")], [(2, 3, "hello")])
    assert (empty.value, empty.ci95, empty.curve) == (None, None, {})


def test_drift_is_seconds_an_hour() -> None:
    ref = film(80)
    hyp = [(a * 1.001 + 3, b * 1.001 + 3, t) for a, b, t in ref]
    assert timestamp_accuracy(ref, hyp).drift == pytest.approx(3.6, abs=1e-6)
    many = film(2000)
    assert drift_of(line_errors(many, many)) == pytest.approx(0.0, abs=1e-9)


def test_titles_pool_by_lines() -> None:
    one, two = film(10), film(30, seed=8)
    pooled = no_lines() + line_errors(one, one) + line_errors(two, moved(two, 2, 2))
    found = summary(pooled, 0.5, drift=0.0)
    assert (found.value, found.n, found.drift) == (0.25, 40, 0.0)


@pytest.mark.parametrize("tau", [0.0, -1.0, float("nan"), float("inf")])
def test_a_tolerance_is_positive(tau: float) -> None:
    with pytest.raises(UsageError):
        timestamp_accuracy(film(2), film(2), tau=tau)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_in_0_1(right: int, more: int) -> None:
    n = right + more
    found = wilson(right, n)
    if n == 0:
        assert found is None
    else:
        low, high = found
        assert 0 <= low <= right / n + 1e-12
        assert right / n - 1e-12 <= high <= 1


def test_wilson_of_a_known_case() -> None:
    low, high = wilson(81, 263)
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
