"""Known changes of made-up films are recovered, and other films are refused."""

from __future__ import annotations

import math
import random
from array import array
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdia.align.result import Alignment, Mode
from mmdia.align.solve import align
from mmdia.errors import AlignmentError
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue, Mark
from mmdia.schema.reasons import REASONS
from mmdia.schema.time import TimeMap

Film = list[Cue]
Make = Callable[..., Film]
BOTH = pytest.mark.parametrize("mode", ["auto", "timing"])
few = settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PAL = Fraction(24000, 25025)


def worst(result: Alignment, truth: dict[int, float]) -> float:
    """Largest error of the starts of the lines in `truth`, seconds."""
    return max(abs(result.lines[i].start_s - t) for i, t in truth.items())


def check(result: Alignment, annotation: Film) -> None:
    """What holds for every result."""
    assert [f.index for f in result.lines] == list(range(len(annotation)))
    numbers = [result.confidence, result.scale]
    numbers += [x for f in result.lines for x in (f.start_s, f.end_s, f.confidence)]
    numbers += [v for v in result.evidence.values() if not isinstance(v, str)]
    numbers += [*result.discrepancy.anno_s, *result.discrepancy.start_s, *result.discrepancy.duration_s]
    assert all(math.isfinite(x) for x in numbers)
    assert all(0.0 <= f.confidence <= 1.0 for f in result.lines)
    assert 0.0 <= result.confidence <= 1.0
    assert list(result.reasons) == sorted(set(result.reasons))
    assert set(result.reasons) <= set(REASONS)
    assert (result.verdict == "wrong_film") == (result.confidence < 0.5) == (not result.time_map.segments)
    lengths = {
        len(result.discrepancy.anno_s),
        len(result.discrepancy.start_s),
        len(result.discrepancy.duration_s),
    }
    assert len(lengths) == 1
    if result.scale_ratio is not None:
        assert float(result.scale_ratio) == pytest.approx(result.scale, abs=1e-12)
    if result.time_map.segments:
        inside = [f for f in result.lines if f.present]
        for f in inside:
            begin, end = annotation[f.index].start_s, annotation[f.index].end_s
            middle = (begin + max(begin, end)) / 2
            mapped = result.time_map.apply(middle)
            assert mapped is not None
            assert abs(mapped - (f.start_s + f.end_s) / 2) < 0.1


@BOTH
def test_the_same_track_is_identity_exactly(make_film: Make, mode: Mode) -> None:
    film = make_film(60, 1)
    result = align(film, film, mode=mode)
    check(result, film)
    assert result.verdict == "identity"
    assert result.accepted
    assert (result.scale, result.scale_ratio) == (1.0, Fraction(1))
    (segment,) = result.time_map.segments
    assert (segment.scale, segment.offset) == (1.0, 0.0)
    assert segment.anno_start == 0.0
    assert segment.anno_end > film[-1].end_s
    assert set(result.discrepancy.start_s) == {0.0}
    assert result.reasons == ()


@BOTH
@pytest.mark.parametrize("offset_ms", [12_512, -3_777, 1_900_001])
def test_an_offset_is_found_to_the_millisecond(
    make_film: Make, move: Make, mode: Mode, offset_ms: int
) -> None:
    film = make_film(60, 2)
    result = align(film, move(film, 1, offset_ms), mode=mode)
    check(result, film)
    assert result.verdict == "translation"
    assert result.time_map.segments[0].offset == pytest.approx(offset_ms / 1000, abs=1e-4)


@BOTH
@pytest.mark.parametrize("ratio", [PAL, 1 / PAL, Fraction(25, 24), Fraction(1000, 1001)])
def test_a_standard_speed_is_found_as_a_ratio(
    make_film: Make, move: Make, mode: Mode, ratio: Fraction
) -> None:
    film = make_film(90, 3)
    media = move(film, ratio, 5000)
    result = align(film, media, mode=mode)
    check(result, film)
    assert result.verdict == "speed"
    assert result.scale_ratio == ratio
    assert worst(result, {i: c.start_s for i, c in enumerate(media)}) < 0.005


def test_a_free_speed_is_found_and_marked(make_film: Make, move: Make) -> None:
    film = make_film(200, 4)
    media = move(film, 1.0123, 0)
    result = align(film, media)
    check(result, film)
    assert result.verdict == "speed"
    assert result.scale_ratio is None
    assert "speed_not_standard" in result.reasons
    assert worst(result, {i: c.start_s for i, c in enumerate(media)}) < 0.02


@pytest.mark.slow
@BOTH
@given(
    seed=st.integers(0, 10_000), offset_ms=st.integers(-500_000, 500_000), ratio=st.sampled_from([1, PAL])
)
@few
def test_shift_and_speed_are_recovered(
    make_film: Make, move: Make, mode: Mode, seed: int, offset_ms: int, ratio: Fraction
) -> None:
    film = make_film(70, seed)
    media = move(film, ratio, offset_ms)
    result = align(film, media, mode=mode)
    check(result, film)
    assert worst(result, {i: c.start_s for i, c in enumerate(media)}) < 0.005


def cut(film: Film, first: int, last: int) -> tuple[Film, int, int]:
    """The film without lines first..last; also begin and end of what was removed, ms."""
    a = (film[first - 1].end_ms + film[first].start_ms) // 2
    b = (film[last].end_ms + film[last + 1].start_ms) // 2
    later = [replace(c, start_ms=c.start_ms - (b - a), end_ms=c.end_ms - (b - a)) for c in film[last + 1 :]]
    return film[:first] + later, a, b


@pytest.mark.slow
@BOTH
@given(seed=st.integers(0, 10_000), first=st.integers(25, 60), lines=st.integers(4, 12))
@few
def test_a_removed_scene_is_found_and_its_lines_are_absent(
    make_film: Make, mode: Mode, seed: int, first: int, lines: int
) -> None:
    film = make_film(110, seed)
    media, a, b = cut(film, first, first + lines - 1)
    result = align(film, media, mode=mode)
    check(result, film)
    assert result.verdict == "segments"
    assert "edits_found" in result.reasons
    gone = [f.index for f in result.lines if not f.present]
    assert gone == list(range(first, first + lines))
    left, right = result.time_map.segments
    assert right.anno_start - left.anno_end == pytest.approx((b - a) / 1000, abs=2e-3)
    assert right.media_start == pytest.approx(left.media_end, abs=1e-5)
    kept = [f for f in result.lines if f.present]
    assert max(abs(f.start_s - c.start_s) for f, c in zip(kept, media, strict=True)) < 0.005


def test_an_inserted_advertisement_is_found(make_film: Make) -> None:
    film, other = make_film(80, 7), make_film(20, 8)
    at, length = 40, 95_000
    ad = [
        replace(c, start_ms=c.start_ms + film[at].start_ms, end_ms=c.end_ms + film[at].start_ms)
        for c in other
    ]
    ad = [c for c in ad if c.end_ms < film[at].start_ms + length]
    late = [replace(c, start_ms=c.start_ms + length, end_ms=c.end_ms + length) for c in film[at:]]
    result = align(film, film[:at] + ad + late)
    check(result, film)
    assert result.verdict == "segments"
    assert all(f.present for f in result.lines)
    left, right = result.time_map.segments
    assert film[at - 1].end_s <= left.anno_end == right.anno_start <= film[at].start_s
    assert right.media_start - left.media_end == pytest.approx(length / 1000, abs=2e-3)


def test_all_changes_of_a_short_film_at_once(make_film: Make, move: Make) -> None:
    film = make_film(36, 11)
    media, _, _ = cut(film, 14, 19)
    media = move(media, PAL, 12_512)
    result = align(film, media)
    check(result, film)
    assert result.verdict == "segments"
    assert result.scale_ratio == PAL
    kept = [f for f in result.lines if f.present]
    assert len(kept) == 30
    assert max(abs(f.start_s - c.start_s) for f, c in zip(kept, media, strict=True)) < 0.005


@pytest.mark.slow
@given(a=st.integers(0, 500), b=st.integers(501, 1000), lines=st.sampled_from([5, 14, 40, 90]))
@few
def test_another_film_is_refused(make_film: Make, a: int, b: int, lines: int) -> None:
    film = make_film(lines, a)
    for mode in ("auto", "timing"):
        result = align(film, make_film(lines, b), mode=mode)  # type: ignore[arg-type]
        check(result, film)
        assert result.verdict == "wrong_film"
        assert not result.accepted
        assert ("few_anchors" if lines < 8 else "wrong_film") in result.reasons


@given(seed=st.integers(0, 1000))
@few
def test_five_lines_of_a_clip_are_placed_but_doubted(make_film: Make, seed: int) -> None:
    clip = [c for c in make_film(40, seed, 0) if len(c.text.split()) >= 3][:5]
    result = align(clip, clip)
    check(result, clip)
    assert result.verdict == "identity"
    assert result.accepted
    assert result.confidence == pytest.approx(6 / 7)
    assert result.reasons == ("few_anchors",)
    assert [item.kind for item in result.needs_review] == ["few_anchors"]
    assert "not enough lines to tell (5): add subtitles" in result.needs_review[0].detail


@pytest.mark.parametrize("lines", [4, 15])
def test_few_lines_that_fit_no_sound_are_not_called_another_film(make_film: Make, lines: int) -> None:
    heard = Activity(0.05, 0.0, array("f", [0.5] * 1200), "test")
    for result in (align(make_film(lines), [], activity=heard), align(make_film(40), make_film(3, 5))):
        assert (result.verdict, result.accepted, result.reasons) == ("wrong_film", False, ("few_anchors",))
    assert align(make_film(lines), make_film(60, 5)).reasons[-1] == "wrong_film"


def test_case_markup_and_splitting_of_lines_change_nothing(make_film: Make) -> None:
    film = make_film(60, 12)
    media: Film = []
    for c in film:
        words = c.text.upper().split()
        if len(words) >= 6:
            half, middle = len(words) // 2, (c.start_ms + c.end_ms) // 2
            media += [
                replace(c, end_ms=middle, text=" ".join(words[:half]) + "..."),
                replace(c, start_ms=middle, text="- " + " ".join(words[half:])),
            ]
        else:
            media.append(replace(c, text="\n".join(words) + "!"))
    result = align(film, media)
    check(result, film)
    assert result.verdict == "identity"
    assert result.time_map.segments[0].offset == 0.0


@pytest.mark.slow
def test_another_language_falls_back_to_timing(make_film: Make, move: Make) -> None:
    film = make_film(150, 13)
    rng = random.Random(1)
    media = [
        replace(
            c,
            start_ms=c.start_ms + rng.randint(-90, 90),
            text=c.text[::-1].translate({97: 1072, 101: 1077}),
        )
        for c in move(film, 1, 7300)
        if rng.random() > 0.1
    ]
    result = align(film, media, annotation_language="en", media_language="ru")
    check(result, film)
    assert result.verdict == "translation"
    assert result.evidence["mode"] == "timing"
    assert "different_language" in result.reasons
    assert worst(result, {i: c.start_s + 7.3 for i, c in enumerate(film)}) < 0.1


def test_lines_whose_text_is_withheld_are_aligned_by_timing(make_film: Make, move: Make) -> None:
    film = make_film(60, 14)
    blank = [replace(c, text="") for c in film]
    result = align(blank, move(film, 1, 4321))
    check(result, blank)
    assert result.verdict == "translation"
    assert result.time_map.segments[0].offset == pytest.approx(4.321, abs=1e-4)


def test_marks_only_lines_get_a_place_but_prove_nothing(make_film: Make) -> None:
    film = make_film(30, 15)
    mark = Cue(1000, 2000, "", "[music]", marks=(Mark("music", "[music]"),))
    result = align([mark, *film], film)
    check(result, [mark, *film])
    assert result.lines[0].start_s == 1.0
    assert result.verdict == "identity"


def test_order_of_cues_does_not_matter_and_negative_times_are_kept(make_film: Make, move: Make) -> None:
    film = move(make_film(40, 16), 1, -30_000)
    mixed = film.copy()
    random.Random(3).shuffle(mixed)
    result = align(mixed, move(film, 1, 2500))
    check(result, mixed)
    assert result.verdict == "translation"
    assert worst(result, {i: c.start_s + 2.5 for i, c in enumerate(mixed)}) < 1e-4
    assert result.time_map.segments[0].anno_start == film[0].start_s


def test_the_map_is_monotone_and_covers_all_that_is_not_cut(make_film: Make) -> None:
    film = make_film(110, 17)
    media, a, b = cut(film, 40, 49)
    result = align(film, media)
    assert isinstance(result.time_map, TimeMap)
    times = [result.time_map.extrapolate(t / 10) for t in range(int(film[-1].end_s * 10))]
    assert all(x <= y + 1e-6 for x, y in pairwise(times))
    covered = sum(s.anno_end - s.anno_start for s in result.time_map.segments)
    whole = result.time_map.segments[-1].anno_end - result.time_map.segments[0].anno_start
    assert whole - covered == pytest.approx((b - a) / 1000, abs=2e-3)


def test_the_papers_rule_accepts_flat_translations_only(make_film: Make, move: Make) -> None:
    film = make_film(80, 18)
    assert align(film, move(film, 1, 9000), policy="paper").accepted
    fast = align(film, move(film, PAL, 0), policy="paper")
    assert (fast.verdict, fast.accepted) == ("speed", False)
    assert "not_translation" in fast.reasons
    edited = align(film, cut(film, 30, 40)[0], policy="paper")
    assert (edited.verdict, edited.accepted) == ("segments", False)
    assert align(film, move(film, PAL, 0)).accepted


def test_the_discrepancy_series_show_the_change(make_film: Make, move: Make) -> None:
    film = make_film(60, 19)
    longer = [replace(c, end_ms=c.end_ms + 40) for c in move(film, 1, 1000)]
    series = align(film, longer).discrepancy
    assert series.start_s == pytest.approx([1.0] * 60, abs=1e-9)
    assert series.duration_s == pytest.approx([0.04] * 60, abs=1e-9)


def test_nothing_to_align_is_an_error(make_film: Make) -> None:
    film = make_film(5, 20)
    for a, m in (([], film), (film, []), ([], [])):
        with pytest.raises(AlignmentError):
            align(a, m)


@pytest.mark.parametrize("times", [(0, 0), (5000, 2000), (10**12, 10**12 + 5)])
def test_dirty_and_tiny_tracks_give_an_answer(make_film: Make, times: tuple[int, int]) -> None:
    odd = Cue(*times, "odd")
    film = make_film(10, 21)
    for a, m in (([odd], [odd]), ([odd, *film], film), (film, [odd]), ([odd], film)):
        for mode in ("auto", "text", "timing"):
            check(align(a, m, mode=mode), a)  # type: ignore[arg-type]


def test_lines_of_a_removed_scene_keep_their_order(make_film: Callable[..., Film]) -> None:
    film = make_film(200, 5)
    low, high = film[80].start_ms - 30, film[120].start_ms - 30
    copy = [
        replace(c, start_ms=c.start_ms - (high - low), end_ms=c.end_ms - (high - low)) if k >= 120 else c
        for k, c in enumerate(film)
        if k < 80 or k >= 120
    ]
    found = align(film, copy)
    assert found.verdict == "segments"
    assert sum(not line.present for line in found.lines) >= 38
    starts = [line.start_s for line in found.lines]
    assert all(a <= b + 1e-6 for a, b in pairwise(starts))
