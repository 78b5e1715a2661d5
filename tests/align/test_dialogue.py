"""A dialogue is as sure as its weakest turn, and only in one piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.align.dialogue import DialogueFit, group, judge
from mmdia.align.result import LineFit
from mmdia.schema.time import Segment, TimeMap

TWO = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.0, 35.0)))


def _lines(*sure: float, absent: tuple[int, ...] = ()) -> list[LineFit]:
    return [LineFit(i, 0.0, 1.0, i not in absent, p) for i, p in enumerate(sure)]


def _fit(start: float, end: float, *sure: float, within: TimeMap = TWO) -> DialogueFit:
    found = judge(start, end, _lines(*sure), within)
    assert isinstance(found, DialogueFit)
    return found


def test_the_weakest_turn_decides() -> None:
    found = _fit(10, 18, 0.9, 0.4, 0.99)
    assert (found.confidence, found.start_s, found.end_s) == (0.4, 15.0, 23.0)
    assert found.pieces == TWO.segments[:1]


def test_an_edit_between_two_turns_rules_it_out() -> None:
    assert judge(96, 104, _lines(1.0, 1.0), TWO) == "edit_inside"


def test_an_edit_at_the_very_edge_does_not() -> None:
    assert _fit(96, 100, 0.9, 0.8).confidence == 0.8
    assert _fit(100, 102, 0.7).start_s == pytest.approx(135.0)


def test_times_rounded_to_a_millisecond_do_not_reach_over_an_edit() -> None:
    """Half a millisecond at either end is rounding; the copy is read on as if there were no edit."""
    gap = TimeMap((Segment(0, 9.9997), Segment(20.0003, 100, offset=-10.0)))
    assert (_fit(8, 10, 0.9, within=gap).end_s, _fit(20, 22, 0.9, within=gap).start_s) == (10.0, 10.0)
    assert judge(8, 10.001, _lines(0.9), gap) == "edit_inside"
    assert judge(19.999, 22, _lines(0.9), gap) == "edit_inside"
    assert judge(12, 12, _lines(0.9), gap) == "absent_in_media"


def test_an_absent_turn_rules_it_out_however_sure() -> None:
    assert judge(10, 15, _lines(0.9, 0.9, absent=(0,)), TWO) == "absent_in_media"


def test_outside_the_map() -> None:
    assert judge(300, 301, _lines(0.9), TWO) == "absent_in_media"
    assert judge(1, 2, _lines(0.9), TimeMap()) == "absent_in_media"


def test_a_piece_speaks_for_turns_that_have_no_line() -> None:
    unsure = TimeMap((Segment(0, 100, confidence=0.6),))
    assert (_fit(1, 2, within=unsure).confidence, _fit(1, 2, 0.3, within=unsure).confidence) == (0.6, 0.3)


def test_a_drift_is_no_edit() -> None:
    bent = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.001, 4.9)))
    found = _fit(96, 104, 0.9, 0.8, within=bent)
    assert found.confidence == 0.8
    assert found.end_s == pytest.approx(1.001 * 104 + 4.9, abs=1e-5)


@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0.01, 1)), min_size=1, max_size=8))
def test_never_surer_than_any_turn(turns: list[tuple[float, float]]) -> None:
    start, end = min(t for t, _ in turns), max(t for t, _ in turns) + 0.5
    assert _fit(start, end, *(p for _, p in turns)).confidence <= min(p for _, p in turns)


def test_groups_end_at_silence_and_at_their_size() -> None:
    spans = [(float(i), i + 0.8) for i in range(10)] + [(40.0, 41.0), (42.0, 43.0)]
    assert group(spans, most=8) == [[*range(8)], [8, 9], [10, 11]]
    assert group([(5.0, 6.0), (1.0, 2.0)]) == [[1, 0]]
    assert group([]) == []
