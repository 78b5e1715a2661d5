"""Turns of a row on the clock of its clip."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmdia.train.turns import turn_table

ROW = {
    "turns": [
        {"start_ms": 61_000, "end_ms": 62_500, "next_start_ms": 63_000, "speakers": ["b"], "text": "One."},
        {"start_ms": 60_000, "end_ms": 61_200, "next_start_ms": None, "speakers": ["a", "b"], "text": None},
        {"start_ms": None, "end_ms": None, "next_start_ms": None, "speakers": [], "text": "Three."},
    ]
}


def test_annotation_times_start_at_the_earliest_turn() -> None:
    table = turn_table(ROW)
    np.testing.assert_allclose(table.spans_s, [[1.0, 2.5], [0.0, 1.2], [np.nan, np.nan]])
    assert table.speakers == ((0,), (1, 0), ())
    assert table.names == ("b", "a")
    assert table.texts == ("One.", None, "Three.")


def test_extended_runs_to_the_next_line() -> None:
    np.testing.assert_allclose(turn_table(ROW, extended=True).spans_s[:2], [[1.0, 3.0], [0.0, 1.2]])


def test_clip_times_win() -> None:
    clip_turns = [
        {"start": 0.021, "end": 1.5, "end_extended": 1.75},
        {"start": 1.0, "end": 1.6, "end_extended": None},
    ]
    row = {**ROW, "clip_turns": clip_turns}
    np.testing.assert_allclose(turn_table(row).spans_s, [[0.021, 1.5], [1.0, 1.6], [np.nan, np.nan]])
    np.testing.assert_allclose(turn_table(row, extended=True).spans_s[:2], [[0.021, 1.75], [1.0, 1.6]])


def test_overlap_is_shared_time_or_several_speakers() -> None:
    assert turn_table(ROW).overlapping().tolist() == [True, True, False]
    one = {"turns": [{"start_ms": 0, "end_ms": 10, "speakers": ["a", "b"]}]}
    assert turn_table(one).overlapping().tolist() == [True]


def test_touching_turns_do_not_overlap() -> None:
    row = {
        "turns": [
            {"start_ms": 0, "end_ms": 10, "speakers": ["a"]},
            {"start_ms": 10, "end_ms": 20, "speakers": ["b"]},
        ]
    }
    assert not turn_table(row).overlapping().any()


def test_a_row_without_turns() -> None:
    table = turn_table({"turns": None})
    assert len(table) == 0
    assert table.spans_s.shape == (0, 2)
    assert table.overlapping().shape == (0,)


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=3, unique=True), max_size=8))
def test_local_numbers_are_dense_and_in_order_of_appearance(casts: list[list[str]]) -> None:
    table = turn_table({"turns": [{"speakers": cast} for cast in casts]})
    flat = [number for who in table.speakers for number in who]
    firsts = list(dict.fromkeys(flat))
    assert firsts == list(range(len(table.names)))
    assert [[table.names[n] for n in who] for who in table.speakers] == casts
