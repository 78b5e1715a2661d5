"""Bad input: clear answers in bounded time and memory."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align.solve import align
from mmdia.errors import AlignmentError
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue

Film = list[Cue]
Make = Callable[..., Film]
HOUR_MS = 3_600_000


@pytest.mark.parametrize("mode", ["auto", "text", "timing", "audio", "fingerprint"])
def test_a_mode_without_its_evidence_says_what_is_missing(make_film: Make, mode: str) -> None:
    with pytest.raises(AlignmentError, match=r"there (is|are) n"):
        align(make_film(5, 1), [], mode=mode)  # type: ignore[arg-type]


def test_an_empty_sound_track_is_an_error(make_film: Make) -> None:
    with pytest.raises(AlignmentError):
        align(make_film(5, 1), [], activity=Activity(0.0, 0.02, array("f"), "webrtc"))


def test_silence_fits_nothing(make_film: Make) -> None:
    silence = Activity(0.0, 0.05, array("f", [0.0] * 6000), "webrtc")
    result = align(make_film(40, 2), [], activity=silence)
    assert result.verdict == "wrong_film"
    assert len(result.lines) == 40


def test_a_stray_cue_at_a_hundred_hours_does_no_harm(make_film: Make) -> None:
    film = make_film(60, 3)
    far = [*film, Cue(100 * HOUR_MS, 100 * HOUR_MS + 2000, "far away")]
    for a, m in ((far, film), (film, far), (far, far)):
        result = align(a, m)
        assert result.verdict == "identity"
        assert len(result.lines) == len(a)
        assert max(abs(f.start_s - c.start_s) for f, c in zip(result.lines, a, strict=True)) < 1e-3


@pytest.mark.slow
def test_all_times_beyond_a_hundred_hours(make_film: Make) -> None:
    film = make_film(60, 4)
    late = [replace(c, start_ms=c.start_ms + 100 * HOUR_MS, end_ms=c.end_ms + 100 * HOUR_MS) for c in film]
    for mode in ("auto", "timing"):
        result = align(film, late, mode=mode)  # type: ignore[arg-type]
        assert result.verdict == "translation"
        assert result.time_map.segments[0].offset == pytest.approx(360_000.0, abs=1e-3)


@pytest.mark.parametrize("mode", ["auto", "timing"])
def test_cues_all_at_one_time(make_film: Make, mode: str) -> None:
    heap = [Cue(5000, 7000, f"line {k}") for k in range(30)]
    result = align(heap, make_film(30, 5), mode=mode)  # type: ignore[arg-type]
    assert result.verdict == "wrong_film"
    assert len(result.lines) == 30


@pytest.mark.slow
def test_very_many_cues_end_in_bounded_time(make_film: Make) -> None:
    long = make_film(6000, 6)
    result = align(long, long[1000:5000])
    assert len(result.lines) == 6000
    assert result.verdict == "identity"
    assert sum(f.present for f in result.lines) >= 4000


@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 5_000)), max_size=60),
    moved=st.integers(-5_000, 60_000), seed=st.integers(0, 3), cut=st.booleans(),
)  # fmt: skip
def test_clocks_that_start_over_have_an_answer(times, moved: int, seed: int, cut: bool) -> None:
    """Whatever the order of the times: a verdict, or an error of ours."""
    words = "moon river stone walks under never again house light dark".split()
    said = [" ".join(words[(k * 7 + j + seed) % 10] for j in range(1 + k % 4)) for k in range(len(times))]
    anno = [Cue(at, at + length, text) for (at, length), text in zip(times, said, strict=True)]
    media = [Cue(max(0, c.start_ms + moved), max(0, c.end_ms + moved), c.text) for c in anno]
    with suppress(AlignmentError):
        found = align(anno, media[len(media) // 2 :] if cut else media)
        assert len(found.lines) == len(anno)
