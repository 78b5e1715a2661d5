"""The snap rule, against its own words written out frame by frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError, WindowOutside
from mmdia.media.index import AudioIndex, MediaIndex, VideoIndex
from mmdia.media.window import (
    Window,
    frame_on_screen,
    has_hole,
    output_length,
    sample_at,
    sample_range,
    snap,
    tile,
)


def video_of(ticks: list[int], last: int = 40) -> VideoIndex:
    """A variable-rate picture stamped in milliseconds."""
    none = np.zeros(0, np.int64)
    pts = np.array(ticks, np.int64)
    tick, zero = Fraction(1, 1000), Fraction(0)
    return VideoIndex(0, tick, zero, pts, pts, none, Fraction(25), none, zero, last * tick)


SOUND = AudioIndex(0, 0, 44100, 2, "stereo", 1024, Fraction(0), 20.0, 100)
frame_ticks = st.lists(st.integers(1, 90), min_size=2, max_size=60).map(lambda s: np.cumsum(s).tolist())


@given(frame_ticks, st.data())
def test_the_rule_word_for_word(ticks: list[int], data: st.DataObject) -> None:
    end = ticks[-1] + 40
    a = data.draw(st.integers(ticks[0], end - 1))
    b = data.draw(st.integers(a + 1, end + 240))
    window = snap(MediaIndex("x", Fraction(0), video_of(ticks), None), a / 1000, b / 1000)
    first = max([t for t in ticks if t <= a + 1], default=ticks[0])
    last = max([t for t in ticks if t <= b - 2 and t >= first], default=first)
    after = [*ticks, end][ticks.index(last) + 1]
    assert (window.start, window.end) == (Fraction(first, 1000), Fraction(after, 1000))
    assert (window.first_pts, window.last_pts) == (first, last)
    assert window.n_frames == ticks.index(last) - ticks.index(first) + 1
    again = snap(MediaIndex("x", Fraction(0), video_of(ticks), None), window.start_s, window.end_s)
    if min(np.diff([*ticks, end])) > 3:
        assert again == window


@given(frame_ticks, st.data())
def test_tiles_join_to_the_whole(ticks: list[int], data: st.DataObject) -> None:
    end = ticks[-1] + 40
    edges = sorted(data.draw(st.sets(st.integers(ticks[0], end), min_size=2, max_size=6)))
    index = MediaIndex("x", Fraction(0), video_of(ticks), SOUND)
    if edges[0] == end:
        return
    tiles = tile(index, [e / 1000 for e in edges])
    whole = snap(index, edges[0] / 1000, edges[-1] / 1000)
    assert (tiles[0].start, tiles[-1].end) == (whole.start, whole.end)
    assert all(a.end == b.start for a, b in pairwise(tiles))
    assert sum(t.n_frames for t in tiles) == whole.n_frames
    ranges = [sample_range(t, 44100) for t in tiles]
    assert sum(last - first for first, last in ranges) == np.subtract(*sample_range(whole, 44100)[::-1])


def test_ties_of_rounded_stamps() -> None:
    index = MediaIndex("x", Fraction(0), video_of([0, 42, 83, 125]), None)
    assert snap(index, 0.041, 0.1).first_pts == 42  # one millisecond early still shows frame 42
    assert snap(index, 0.0409, 0.1).first_pts == 0
    assert snap(index, 0.0, 0.085).last_pts == 83
    assert snap(index, 0.0, 0.0849).last_pts == 42


@pytest.mark.parametrize(("a", "b"), [(-5.0, -1.0), (9.0, 10.0), (-2.0, 1.0), (1.0, 7.1), (2.4, 3.0)])
def test_windows_outside_are_refused(a: float, b: float) -> None:
    index = MediaIndex("x", Fraction(0), video_of(list(range(0, 2400, 40))), None)
    with pytest.raises(WindowOutside, match="outside"):
        snap(index, a, b)


def test_a_little_overhang_is_cut_off() -> None:
    index = MediaIndex("x", Fraction(0), video_of(list(range(0, 2400, 40))), None)
    window = snap(index, -0.2, 2.6)
    assert (window.start, window.end) == (0, Fraction(24, 10))
    for a, b in ((-0.3, 2.0), (1.0, 2.7)):
        with pytest.raises(WindowOutside):
            snap(index, a, b)
        assert snap(index, a, b, overhang_s=1.0).n_frames > 0


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf"))])
def test_windows_that_are_none(a: float, b: float) -> None:
    with pytest.raises(UsageError):
        snap(MediaIndex("x", Fraction(0), video_of([0, 40]), None), a, b)


def test_without_a_picture_nothing_is_snapped() -> None:
    index = MediaIndex("x", Fraction(0), None, SOUND)
    window = snap(index, 1.2345, 3.001)
    assert (window.start, window.end) == (Fraction("1.2345"), Fraction("3.001"))
    assert (window.n_frames, window.first_pts) == (0, None)
    with pytest.raises(WindowOutside):
        snap(index, 20.0, 21.0)


def test_frames_on_screen() -> None:
    video = video_of([10, 50, 90])
    assert [frame_on_screen(video, t) for t in (0.0, 0.048, 0.049, 0.129)] == [0, 0, 1, 2]
    for outside in (-2.0, 0.13, 5.0):
        with pytest.raises(WindowOutside):
            frame_on_screen(video, outside)


def test_samples_round_half_up() -> None:
    assert [sample_at(Fraction(n, 2), 1) for n in (-1, 0, 1, 3, 5)] == [0, 0, 1, 2, 3]


@given(st.integers(0, 10**6), st.integers(1, 10**5))
def test_lengths(start_ms: int, length_ms: int) -> None:
    index = MediaIndex("x", Fraction(0), None, replace(SOUND, end_s=1e4))
    window = snap(index, start_ms / 1000, (start_ms + length_ms) / 1000)
    first, last = sample_range(window, 44100)
    assert abs((last - first) - length_ms * 44.1) < 1
    assert output_length(window, 44100, 44100) == last - first
    assert output_length(window, 44100, 24000) == length_ms * 24


def test_a_hole_longer_than_the_film_is_one_all_the_same() -> None:
    ticks = [*range(0, 4000, 40), *range(8_000_000, 8_004_000, 40)]
    index = MediaIndex("x", Fraction(0), video_of(ticks), None)
    assert has_hole(index.video, snap(index, 3.0, 5.0))
    assert not has_hole(index.video, snap(index, 1.0, 3.0))


def test_a_window_outside_is_told_where_the_picture_ends() -> None:
    index = MediaIndex("x", Fraction(0), video_of([1000, 1040]), None)
    with pytest.raises(WindowOutside, match=r"the picture ends at 1\.080 s"):
        snap(index, 5.0, 6.0)
    with pytest.raises(WindowOutside, match=r"the picture begins at 1\.000 s"):
        snap(index, 0.0, 0.5)


@pytest.mark.parametrize(
    ("start", "length", "samples"),
    [("0", "1/2", 1), ("0", "49/100", 0), ("1/4", "1/2", 1), ("1/2", "3/2", 2), ("3/5", "9/10", 1)],
)
def test_a_resampled_window_is_as_long_as_it_lasts(start: str, length: str, samples: int) -> None:
    """Ties go upward, and where it begins does not matter. Times in samples of the output."""
    window = Window(Fraction(start) / 24000, (Fraction(start) + Fraction(length)) / 24000)
    assert output_length(window, 44100, 24000) == samples
