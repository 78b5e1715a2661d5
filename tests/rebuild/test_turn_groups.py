"""Sentence clips: which turns share one, and where each begins."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.rebuild.config import ClipParams
from mmdia.rebuild.windows import (
    Placed,
    TurnGroup,
    exact_speed,
    join_empty,
    padded,
    place,
    turn_facts,
    turn_groups,
)
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.time import STANDARD_SPEEDS, TimeMap

Times = tuple[float, float] | None


def placed(*turns: Times, speed: Fraction = Fraction(1)) -> Placed:
    timed = [t for t in turns if t is not None]
    start, end = min((t[0] for t in timed), default=0.0), max((t[1] for t in timed), default=1.0)
    rows = tuple(None if t is None else (t[0], t[1], None) for t in turns)
    return Placed(start, end, float(speed), 1.0, (), rows, speed)


def groups(*turns: Times, window: tuple[float, float] = (0.5, 20.0)) -> list[tuple[tuple[int, ...], float]]:
    return [(g.turns, g.start_s) for g in turn_groups(placed(*turns), window)]


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        # each runs to the next one's start; the first begins with the window
        (((1, 2), (3, 4), (4, 5)), [((0,), 0.5), ((1,), 3), ((2,), 4)]),
        # overlap, however far it reaches
        (((1, 3), (2, 4), (5, 6)), [((0, 1), 0.5), ((2,), 5)]),
        (((1, 9), (2, 3), (4, 5), (9, 10)), [((0, 1, 2), 0.5), ((3,), 9)]),
        # disk order is not time order
        (((5, 6), (1, 2)), [((1,), 0.5), ((0,), 5)]),
        # no times: with the turn before, at the head with the first that has them
        ((None, (1, 2), None, (3, 4), None), [((0, 1, 2), 0.5), ((3, 4), 3)]),
        ((None, None), [((0, 1), 0.5)]),
        # no length, and the same start
        (((1, 1), (1, 2), (3, 3), (3, 3)), [((0, 1), 0.5), ((2, 3), 3)]),
        # rounding is no overlap
        (((1, 2.0000001), (2, 3)), [((0,), 0.5), ((1,), 2)]),
    ],
)
def test_groups(turns: tuple[Times, ...], expected: list[tuple[tuple[int, ...], float]]) -> None:
    assert groups(*turns) == expected


times = st.tuples(st.integers(0, 2000), st.integers(0, 300)).map(
    lambda t: (t[0] / 100, (t[0] + t[1]) / 100)
)


@given(st.lists(st.one_of(st.none(), times), min_size=1, max_size=12), st.floats(0, 2))
def test_every_turn_has_one_clip_and_edges_rise(turns: list[Times], pad: float) -> None:
    whole = placed(*turns)
    window = (whole.start_s - pad, whole.end_s + pad + 0.01)
    found = turn_groups(whole, window)
    assert sorted(i for g in found for i in g.turns) == list(range(len(turns)))
    edges = [*(g.start_s for g in found), window[1]]
    assert edges[0] == window[0]
    assert all(a < b for a, b in pairwise(edges))
    for group, (start, end) in zip(found, pairwise(edges), strict=True):
        for i in group.turns:
            turn = turns[i]
            if turn is not None and any(turns[k] is not None for k in group.turns):
                assert start - 1e-3 <= turn[0]
                assert turn[1] <= end + 1e-3


def test_a_clip_without_a_frame_joins_its_neighbour() -> None:
    four = [TurnGroup((n,), float(n)) for n in range(4)]
    assert [g.turns for g in join_empty(four, [0, 1, 2, 3])] == [(0,), (1,), (2,), (3,)]
    assert [g.turns for g in join_empty(four, [0, 2])] == [(0,), (1, 2, 3)]
    assert [g.turns for g in join_empty(four, [1, 3])] == [(0, 1), (2, 3)]
    assert [g.start_s for g in join_empty(four, [0, 2])] == [0.0, 2.0]


@pytest.mark.parametrize("ratio", [*STANDARD_SPEEDS, Fraction(1001, 960), Fraction(30000, 30030)])
def test_a_recognised_scale_is_exact_again(ratio: Fraction) -> None:
    assert exact_speed(float(ratio)) == ratio


@given(st.floats(0.8, 1.25))
def test_any_scale_is_kept_to_the_microsecond(scale: float) -> None:
    assert abs(float(exact_speed(scale)) - scale) <= 2e-6
    if abs(scale - 1) > 1e-5:
        assert abs(float(exact_speed(scale)) - scale) < 1e-8


def test_restored_times_are_the_clips_own() -> None:
    row = Dialogue(
        dialogue_id="d",
        title_id="t",
        turns=(
            Turn(speakers=("a",), start_ms=10_000, end_ms=11_000),
            Turn(speakers=("a",), start_ms=12_000, end_ms=14_000, next_start_ms=15_000),
        ),
    )
    ratio = Fraction(24000, 25025)
    pal = TimeMap.affine(float(ratio), 3.0)
    kept = place(row, pal, {}, ClipParams(profile="video"), 0.5)
    back = place(row, pal, {}, ClipParams(profile="video", speed="restore"), 0.5)
    assert isinstance(kept, Placed)
    assert isinstance(back, Placed)
    assert (kept.speed, back.speed) == (1, ratio)
    assert (kept.start_s, kept.end_s) == (back.start_s, back.end_s)
    facts = turn_facts(back, back.start_s)
    # annotation times, from the dialogue's start
    assert [(f.start, f.end, f.end_extended) for f in facts] == [(0.0, 1.0, None), (2.0, 4.0, 5.0)]
    start, end = padded(back, 1.0, (0.0, 1000.0))
    assert (back.start_s - start, end - back.end_s) == pytest.approx((float(ratio), float(ratio)))
    same = place(row, TimeMap.affine(1.0, 3.0), {}, ClipParams(speed="restore"), 0.5)
    assert isinstance(same, Placed)
    assert same.speed == 1
