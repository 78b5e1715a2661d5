from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmdia.errors import TimeMapError, UsageError
from mmdia.schema.time import (
    STANDARD_SPEEDS,
    Segment,
    Span,
    TimeMap,
    format_rate,
    ms_to_s,
    parse_rate,
    s_to_ms,
    snap_rate,
)

seconds = st.floats(0, 8000, allow_nan=False)


@st.composite
def time_maps(draw: st.DrawFn) -> TimeMap:
    """Monotone maps of pieces of one speed each; they meet as often as a cut or an insert parts them."""
    anno = draw(st.floats(0, 50))
    media = draw(st.floats(-100, 100))
    pieces = []
    for _ in range(draw(st.integers(1, 5))):
        length = draw(st.floats(1, 600))
        scale = float(draw(st.sampled_from(STANDARD_SPEEDS)))
        pieces.append(Segment(anno, anno + length, scale, media - scale * anno, draw(st.floats(0, 1))))
        meet = draw(st.booleans())
        anno += length + draw(st.sampled_from([0.0, 0.0008] if meet else [0.0, 0.5, 90.0]))
        media += scale * length + draw(st.sampled_from([0.0, 0.0008] if meet else [0.0, 2.0, 120.0]))
    return TimeMap(tuple(pieces))


@st.composite
def maps_and_spans(draw: st.DrawFn) -> tuple[TimeMap, float, float]:
    """A map, and a span whose ends like to lie at the edges of its pieces."""
    time_map = draw(time_maps())
    edges = [t for s in time_map.segments for t in (s.anno_start, s.anno_end)]
    near = st.builds(float.__add__, st.sampled_from(edges), st.sampled_from([0.0, 0.0005, -0.0005, 0.3]))
    start, end = sorted((draw(near | seconds), draw(near | seconds)))
    return time_map, start, end


def inside(time_map: TimeMap) -> list[float]:
    return [
        s.anno_start + (s.anno_end - s.anno_start) * f for s in time_map.segments for f in (0.0, 0.3, 0.9)
    ]


@given(seconds)
def test_milliseconds_and_seconds_round_trip(t: float) -> None:
    assert abs(ms_to_s(s_to_ms(t)) - t) <= 0.0005 + 1e-9
    assert s_to_ms(-t) == -s_to_ms(t)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("24000/1001", Fraction(24000, 1001)), ("23.976", Fraction(24000, 1001)), ("25", Fraction(25)),
     ("29.97", Fraction(30000, 1001)), ("24.0", Fraction(24))],
)  # fmt: skip
def test_rates_are_exact(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate
    assert parse_rate(format_rate(rate)) == rate


@pytest.mark.parametrize("text", ["", "fast", "0", "-25", "1/0"])
def test_bad_rates_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_rate(text)


def test_snapping_keeps_unusual_rates() -> None:
    assert snap_rate(12.5) == Fraction(25, 2)


@given(st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 1000))
def test_span_intersection_is_symmetric_and_inside(a: int, b: int, c: int, d: int) -> None:
    one, two = Span(min(a, b), max(a, b)), Span(min(c, d), max(c, d))
    common = one & two
    assert common == two & one
    if common is None:
        assert (
            one.end_ms <= two.start_ms
            or two.end_ms <= one.start_ms
            or not (one.duration_ms and two.duration_ms)
        )
    else:
        assert common.duration_ms > 0
        assert all(t in one and t in two for t in (common.start_ms, common.end_ms - 1))


def test_spans_are_half_open_and_forward() -> None:
    assert 5 in Span(5, 6)
    assert 6 not in Span(5, 6)
    with pytest.raises(UsageError):
        Span(6, 5)


@given(time_maps())
def test_identity_is_neutral(time_map: TimeMap) -> None:
    for composed in (time_map.compose(TimeMap.identity()), TimeMap.identity().compose(time_map)):
        for t in inside(time_map):
            assert composed.apply(t) == pytest.approx(time_map.apply(t), abs=1e-6)


@given(time_maps())
def test_inverse_brings_back(time_map: TimeMap) -> None:
    back = time_map.invert()
    for segment in time_map.segments:
        for f in (0.001, 0.4, 0.999):
            t = segment.anno_start + (segment.anno_end - segment.anno_start) * f
            media = time_map.apply(t)
            assert media is not None
            assert back.apply(media) == pytest.approx(t, abs=1e-6)
    twice = back.invert()
    for a, b in zip(time_map.segments, twice.segments, strict=True):
        assert b.anno_start == pytest.approx(a.anno_start, abs=1e-6)
        assert b.offset == pytest.approx(a.offset, abs=1e-6)


@given(time_maps(), st.floats(0.9, 1.1), st.floats(-500, 500))
def test_composition_applies_one_after_the_other(time_map: TimeMap, scale: float, offset: float) -> None:
    then = TimeMap.affine(scale, offset)
    composed = time_map.compose(then)
    for t in inside(time_map):
        first = time_map.apply(t)
        assert first is not None
        assert composed.apply(t) == pytest.approx(then.apply(first), abs=1e-6)


@given(time_maps(), st.lists(seconds, min_size=2, max_size=20))
def test_maps_are_monotone_even_where_extrapolated(time_map: TimeMap, times: list[float]) -> None:
    times = sorted(times)
    placed = [time_map.extrapolate(t) for t in times]
    assert all(b >= a - 1e-6 for a, b in pairwise(placed))


@given(time_maps())
def test_rows_round_trip(time_map: TimeMap) -> None:
    assert TimeMap.from_rows(time_map.to_rows()) == time_map


@given(maps_and_spans())
@example((TimeMap((Segment(0, 1), Segment(1, 2))), 0.0, 2.0))
@example((TimeMap((Segment(0, 1), Segment(1, 2, offset=0.0008))), 1.0, 1.0))
@example((TimeMap((Segment(0, 1), Segment(1.0008, 2, offset=-0.0008))), 0.9999, 1.0004))
def test_a_span_maps_only_inside_one_run(case: tuple[TimeMap, float, float]) -> None:
    time_map, start, end = case
    runs = [[time_map.segments[0]]]
    for left, right in pairwise(time_map.segments):
        gaps = (right.anno_start - left.anno_end, right.media_start - left.media_end)
        if all(abs(gap) <= 1e-3 for gap in gaps):
            runs[-1].append(right)
        else:
            runs.append([right])
    run = next(
        (r for r in runs if r[0].anno_start <= start < r[-1].anno_end and end <= r[-1].anno_end), None
    )
    placed = time_map.apply_span(start, end)
    assert (placed is not None) == (run is not None)
    if placed is not None and run is not None:
        low, high = (pick(s.scale for s in run) * (end - start) for pick in (min, max))
        slack = 1e-6 + 2e-3 * (len(run) - 1)
        assert low - slack <= placed[1] - placed[0] <= high + slack
        assert placed[0] <= placed[1] + 1e-6
        assert run[0].media_start - 1e-6 <= placed[0]
        assert placed[1] <= run[-1].media_end + 1e-6


def test_gaps_are_absent() -> None:
    time_map = TimeMap((Segment(0, 10), Segment(20, 30, offset=-10)))
    assert time_map.apply(9.999) == pytest.approx(9.999)
    assert time_map.apply(10) is None
    assert time_map.apply(20) == 10
    assert time_map.apply(30) is None
    assert time_map.apply_span(8, 10) == (8, 10)
    assert time_map.apply_span(9, 21) is None


@given(time_maps(), seconds, seconds)
def test_clipping_keeps_what_is_inside(time_map: TimeMap, a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    clipped = time_map.clip(low, high)
    for t in inside(time_map):
        assert clipped.apply(t) == (time_map.apply(t) if low <= t < high else None)


@pytest.mark.parametrize(
    "segments",
    [
        (Segment(0, 10), Segment(5, 20)),
        (Segment(10, 20), Segment(0, 5)),
        (Segment(0, 10), Segment(10, 20, offset=-5)),
        (Segment(0, 10, scale=0),),
        (Segment(0, 10, scale=-1),),
        (Segment(3, 3),),
        (Segment(0, math.inf),),
        (Segment(0, 10, offset=math.nan),),
    ],
)
def test_what_is_no_monotone_map_is_refused(segments: tuple[Segment, ...]) -> None:
    with pytest.raises(TimeMapError):
        TimeMap(segments)


def test_a_gap_is_filled_forwards() -> None:
    time_map = TimeMap((Segment(0, 1), Segment(91, 92, offset=-88)))
    assert [time_map.extrapolate(t) for t in (-5, 0.5, 2, 47, 91, 95)] == [-5, 0.5, 2, 3, 3, 7]


def test_an_empty_map_places_nothing() -> None:
    assert TimeMap().apply(3) is None
    with pytest.raises(TimeMapError):
        TimeMap().extrapolate(3)


def test_rows_with_holes_are_refused() -> None:
    with pytest.raises(TimeMapError):
        TimeMap.from_rows([{"anno_start": 0}])
    with pytest.raises(TimeMapError):
        TimeMap.from_rows([{"anno_start": "a", "anno_end": 3}])


def test_a_drift_is_no_edit() -> None:
    # 25/24 up to 100 s, then a little slower; both pieces meet at 100 s.
    joined = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.001, 4.9)))
    assert joined.apply_span(90, 110) == pytest.approx((95.0, 115.01))
    assert joined.run_at(150) == joined
    assert joined.apply_span(90, 201) is None
    # The same with half a second more at 100 s: an insertion.
    edited = TimeMap((Segment(0, 100, 1.0, 5.0), Segment(100, 200, 1.001, 5.4)))
    assert edited.apply_span(90, 110) is None
    assert edited.run_at(150) == TimeMap(edited.segments[1:])
    assert edited.apply_span(100, 110) == pytest.approx((105.5, 115.51))
    assert not TimeMap((Segment(0, 100),)).run_at(100).segments
