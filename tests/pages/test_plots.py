import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.pages.axes import MOST_DOTS, fence, median, thin, time_ticks, value_ticks
from mmdia.pages.edits import edits_of
from mmdia.pages.plots import confidence_strip, discrepancy_plot, histogram, residual_plot, residuals
from mmdia.pages.timeline import timeline_plot
from mmdia.schema.timemap import LineRow, SegmentRow
from tests.pages.page_checks import classes, dots, picture
from tests.pages.page_documents import (
    documents,
    edited,
    lines,
    numbers,
    pal,
    segments,
    track,
    translation,
    wrong,
)

NAN, INF = float("nan"), float("inf")


def drawn(doc, segments=None):
    s = doc.discrepancy
    return picture(
        discrepancy_plot(s.anno_time, s.start, s.duration, doc.segments if segments is None else segments)
    )


def fit_heights(root):
    """First and last height of each fitted line."""
    found = []
    for path in classes(root, "fit"):
        points = re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d"))
        found.append((float(points[0][1]), float(points[-1][1])))
    return found


def test_a_translation_is_flat_a_speed_slopes_an_edit_steps():
    ((a, b),) = fit_heights(drawn(translation()))
    assert a == b
    ((a, b),) = fit_heights(drawn(pal()))
    assert b - a > 100  # a faster copy falls behind: down the panel
    steps = fit_heights(drawn(edited()))
    assert [a == b for a, b in steps] == [True] * 3
    assert steps[1][0] > steps[2][0] > steps[0][0]  # -79.5 lies lowest, then -34.5, then +12.5


def test_every_anchor_is_drawn_in_both_panels():
    doc = translation()
    assert dots(drawn(doc)) == pytest.approx(2 * len(doc.discrepancy.anno_time), abs=2)


def test_missing_ranges_are_shaded_and_added_ones_marked():
    root = drawn(edited())
    shades = classes(root, "gap")
    assert len(shades) == 2  # one a panel
    assert float(shades[0].get("width")) == pytest.approx(1000 * 92 / 700, rel=0.01)
    assert len(classes(root, "edge")) == 2 * (2 + 1)
    assert not classes(drawn(translation()), "gap")


def test_an_outlier_does_not_flatten_the_rest():
    times = [float(t) for t in range(100)]
    start = [1.0 + 0.01 * (t % 3) for t in times]
    start[50] = 500.0
    start[60] = -900.0
    root = picture(
        discrepancy_plot(times, start, [0.0] * 100, [SegmentRow(anno_start=0, anno_end=100, offset=1)])
    )
    assert [e.text or e[0].tail for e in classes(root, "out")] == ["▲", "▼"]
    assert "+500.000 s" in classes(root, "out")[0][0].text
    labels = [e.text for e in root.iter("text")]
    assert "+1.0" in labels  # the axis still shows tenths


def test_noise_is_not_blown_up():
    times = [float(t) for t in range(50)]
    root = picture(discrepancy_plot(times, [5 + 1e-4 * (t % 2) for t in times], [0.0] * 50))
    heights = {y for e in classes(root, "dots")[:1] for y in re.findall(r"M\d+ (\d+)h0", e.get("d"))}
    assert len(heights) == 1


def test_tooltips_name_time_and_value():
    root = picture(discrepancy_plot([3723.5], [12.5125], [-0.25]))
    tips = [e.text for e in root.iter("title")]
    assert "1:02:03.500: start +12.513 s" in tips
    assert "1:02:03.500: duration −0.250 s" in tips


@settings(max_examples=40)
@given(st.lists(numbers, max_size=8), st.lists(numbers, max_size=8), st.lists(numbers, max_size=8),
       st.lists(segments, max_size=4))  # fmt: skip
def test_any_numbers_can_be_drawn(times, start, duration, pieces):
    picture(discrepancy_plot(times, start, duration, pieces))
    picture(residual_plot(times, start, pieces))
    picture(histogram(start, title="x"))


@settings(max_examples=40)
@given(st.lists(lines, max_size=8))
def test_any_lines_can_be_drawn(some):
    picture(confidence_strip(some))


@pytest.mark.slow
@settings(max_examples=30)
@given(documents)
def test_any_document_has_timelines(doc):
    picture(timeline_plot(doc))


def test_nothing_is_said_in_words():
    assert "No anchors" in discrepancy_plot([], [], [])
    assert "No anchors" in discrepancy_plot([NAN], [1.0], [INF])
    assert "No residuals" in residual_plot([1.0], [1.0], [])
    assert "no values" in histogram([NAN], title="x")
    assert "no lines" in confidence_strip([])


@pytest.mark.slow
def test_many_points_stay_small():
    dice = random.Random(1)
    n = 30_000
    times = [dice.uniform(0, 7200) for _ in range(n)]
    start = [dice.gauss(0, 1) for _ in range(n)]
    svg = discrepancy_plot(times, start, start)
    assert len(svg) < 200_000
    assert 500 < dots(picture(svg)) <= 2 * MOST_DOTS


def test_residuals_use_the_piece_that_holds_the_anchor():
    doc = edited()
    left = residuals(doc.discrepancy.anno_time, doc.discrepancy.start, doc.segments)
    assert len(left) == len(doc.discrepancy.anno_time)
    assert max(abs(r) for _, r in left) < 0.2


def test_residuals_in_a_gap_use_the_nearer_piece():
    pieces = [SegmentRow(anno_start=0, anno_end=10), SegmentRow(anno_start=20, anno_end=30, offset=5)]
    assert residuals([12.0, 19.0, 40.0, -3.0], [0.0, 5.0, 5.0, 0.0], pieces) == [
        (-3.0, 0.0), (12.0, 0.0), (19.0, 0.0), (40.0, 0.0)
    ]  # fmt: skip


def test_timelines_show_what_is_missing_and_added():
    root = picture(timeline_plot(edited()))
    assert len(classes(root, "join")) == 3
    assert len(classes(root, "missing")) == 1
    (added,) = classes(root, "added")
    assert "45.0 s added" in added[0].text
    labels = [e.text for e in root.iter("text")]
    assert "92.0 s missing" in labels
    assert "45.0 s added" in labels


def test_timelines_of_the_wrong_film_have_no_bands():
    root = picture(timeline_plot(wrong()))
    assert not classes(root, "join")
    assert "No part of the annotation" in classes(root, "missing")[0][0].text


def test_a_map_for_ever_is_drawn_over_the_lines():
    root = picture(timeline_plot(translation(segments=(SegmentRow(anno_start=-1e7, anno_end=1e7),))))
    labels = [e.text for e in root.iter("text")]
    assert "0:05:00" in labels
    assert "500:00:00" not in labels


def test_confidence_strip_shows_the_worst_of_a_column():
    rows = [
        LineRow(i=i, start=float(t), end=t + 1.0, present=True, confidence=0.99)
        for i, (t, _) in enumerate(track(1400))
    ]
    rows[700] = rows[700].model_copy(update={"confidence": 0.3})
    rows[900] = rows[900].model_copy(update={"present": False})
    root = picture(confidence_strip(rows))
    low = classes(root, "low")
    assert len(low) == 2
    assert "lowest confidence 0.30" in low[0][0].text
    assert "1 line not in this copy" in low[1][0].text
    assert len(classes(root, "high")) == 239


def test_histogram_counts_every_value():
    values = [0.0] * 10 + [0.3] * 5 + [50.0]
    root = picture(histogram(values, title="r"))
    counts = [int(e[0].text.rsplit(": ", 1)[1]) for e in classes(root, "bar")]
    assert sorted(counts) == [5, 10]
    assert "(1 beyond)" in histogram(values, title="r")


@settings(max_examples=40)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low, width):
    high = low + width
    ticks, digits = value_ticks(low, high)
    assert 2 <= len(ticks) <= 9
    assert all(low - 1e-6 * width <= t <= high + 1e-6 * width for t in ticks)
    assert len({f"{t:.{digits}f}" for t in ticks}) == len(ticks)
    if width >= 1:
        times = time_ticks(low, high)
        assert len(times) <= 12
        assert all(t == int(t) for t in times)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 200)), max_size=50))
def test_thinning_keeps_few_points_as_they_are(points):
    assert set(thin(points)) == {(round(x), round(y)) for x, y in points}


@settings(max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_fence_holds_the_median(values):
    low, high = fence(values)
    assert min(values) <= low <= high <= max(values)
    assert low <= median(values) <= high or len(values) < 3


def test_fence_keeps_outliers_out():
    values = [k / 100 for k in range(100)]
    assert fence([*values, 60.0, -9.0]) == pytest.approx((-0.88, 1.83), abs=0.05)
    assert fence(values) == (0.0, 0.99)


def test_edits_between_pieces():
    missing, added = edits_of(edited().segments)
    assert (missing.missing_s, missing.added_s) == (92.0, 0.0)
    assert (added.missing_s, added.added_s) == (0.0, 45.0)
    assert (added.media_start, added.media_end) == (320.5, 365.5)
