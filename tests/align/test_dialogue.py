"""A dialogue is as sure as its weakest turn, and only in one piece."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.align.dialogue import group, judge
from mmdia.align.result import LineFit
from mmdia.schema.time import Segment, TimeMap

TWO = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.0, 35.0)))


def _lines(*sure: float, absent: tuple[int, ...] = ()) -> list[LineFit]:
    return [LineFit(i, 0.0, 1.0, i not in absent, p) for i, p in enumerate(sure)]


def test_the_weakest_turn_decides() -> None:
    found = judge([(10, 12), (13, 15), (16, 18)], _lines(0.9, 0.4, 0.99), TWO)
    assert (found.confidence, found.weakest, found.flaw) == (0.4, 1, None)
    assert (found.start_s, found.end_s) == pytest.approx((15.0, 23.0))


def test_an_edit_between_two_turns_rules_it_out() -> None:
    found = judge([(96, 98), (102, 104)], _lines(1.0, 1.0), TWO)
    assert (found.confidence, found.flaw, found.start_s) == (0.0, "edit_inside", None)


def test_an_edit_at_the_very_edge_does_not() -> None:
    assert judge([(96, 98), (98, 100)], _lines(0.9, 0.8), TWO).confidence == 0.8
    assert judge([(100, 102)], _lines(0.7), TWO).start_s == pytest.approx(135.0)


def test_an_absent_turn_rules_it_out_however_sure() -> None:
    found = judge([(10, 12), (13, 15)], _lines(0.9, 0.9, absent=(0,)), TWO)
    assert (found.confidence, found.weakest, found.flaw) == (0.0, 0, "turn_absent")


def test_outside_the_map_and_without_turns() -> None:
    assert judge([(300, 301)], _lines(0.9), TWO).flaw == "not_mapped"
    assert judge([(1, 2)], _lines(0.9), TimeMap()).flaw == "not_mapped"
    assert judge([], [], TWO).flaw == "no_turns"


def test_a_drift_is_no_edit() -> None:
    bent = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.001, 4.9)))
    found = judge([(96, 98), (102, 104)], _lines(0.9, 0.8), bent)
    assert (found.confidence, found.flaw) == (0.8, None)
    assert found.end_s == pytest.approx(1.001 * 104 + 4.9, abs=1e-5)


@given(st.lists(st.tuples(st.floats(0, 99), st.floats(0.01, 1)), min_size=1, max_size=8))
def test_never_surer_than_any_turn(turns: list[tuple[float, float]]) -> None:
    spans = [(t, t + 0.5) for t, _ in turns]
    found = judge(spans, _lines(*(p for _, p in turns)), TWO)
    assert found.confidence <= min(p for _, p in turns)


def test_groups_end_at_silence_and_at_their_size() -> None:
    spans = [(float(i), i + 0.8) for i in range(10)] + [(40.0, 41.0), (42.0, 43.0)]
    assert group(spans, most=8) == [[*range(8)], [8, 9], [10, 11]]
    assert group([(5.0, 6.0), (1.0, 2.0)]) == [[1, 0]]
    assert group([]) == []
