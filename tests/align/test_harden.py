"""Fingerprints go before lines, and lines decide where fingerprints are silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align import known, solve
from mmdia.align.fp_fit import FingerprintFit, FpSegment
from mmdia.align.harden import agree, from_sound, harden
from mmdia.align.layout import Layout, Stretch
from mmdia.align.track import Track
from mmdia.schema.cue import Cue
from mmdia.schema.fingerprint import Fingerprint

Film = list[Cue]
Make = Callable[..., Film]


@dataclass(frozen=True)
class Sound:
    """A comparison of sound tracks, written down."""

    segments: tuple[FpSegment, ...]
    probability: float = 1.0


def shared(start: float, end: float, offset: float, scale: float = 1.0) -> FpSegment:
    return FpSegment(start, end, scale, offset, 1.0, 0.005)


def lay(anno: Track, *stretches: tuple[float, float, float]) -> Layout:
    made = tuple(Stretch(a, b, 1.0, o, "text") for a, b, o in stretches)
    owner = np.searchsorted([s.start_s for s in made], anno.start_s, "right") - 1
    return Layout(made, np.maximum(owner, 0), np.zeros(len(anno), dtype=bool))


@pytest.fixture
def anno(make_film: Make) -> Track:
    return Track.from_cues(make_film(60, 31)).by_time()[0]


def spans(layout: Layout) -> list[tuple[float, float, float]]:
    return [(round(s.start_s, 2), round(s.end_s, 2), round(s.offset, 3)) for s in layout.stretches]


def test_sound_gives_the_exact_place_of_a_cut(anno: Track) -> None:
    lines = lay(anno, (0.0, 95.0, 2.05), (115.0, 999.0, -18.0))
    found = harden(lines, Sound((shared(0.0, 100.0, 2.0), shared(120.0, 400.0, -18.0))), anno)
    assert spans(found)[:2] == [(0.0, 100.0, 2.0), (120.0, pytest.approx(999.0, abs=1000), -18.0)]
    middle = 0.5 * (anno.start_s + anno.end_s)
    gone = (middle >= 100.0) & (middle < 120.0)
    assert gone.any()
    assert (found.absent == gone).all()


def test_lines_decide_where_sound_is_silent(anno: Track) -> None:
    lines = lay(anno, (0.0, 100.0, 0.1), (100.0, 200.0, 30.0), (200.0, 400.0, 60.02))
    found = harden(lines, Sound((shared(0.0, 90.0, 0.0), shared(210.0, 400.0, 60.0))), anno)
    places = {round(o, 2) for _, _, o in spans(found)}
    assert {0.0, 30.0, 60.0} <= places
    assert not any(b > c for (_, b, _), (c, _, _) in zip(spans(found), spans(found)[1:], strict=False))


def test_a_hole_in_one_stretch_of_sound_is_no_edit(anno: Track) -> None:
    found = from_sound(Sound((shared(0.0, 90.0, 5.0), shared(108.0, 400.0, 5.0))), anno)
    assert len(found.stretches) == 1
    assert not found.absent[(anno.end_s < 400.0)].any()


def test_a_long_hole_is_left_to_the_lines(anno: Track) -> None:
    sound = Sound((shared(0.0, 90.0, 5.0), shared(140.0, 400.0, 5.0)))
    middle = 0.5 * (anno.start_s + anno.end_s)
    gone = (middle >= 90.0) & (middle < 140.0)
    assert gone.any()
    assert (from_sound(sound, anno).absent == gone).all()
    # What lines find there stays theirs.
    found = harden(lay(anno, (0.0, 400.0, 5.1)), sound, anno)
    assert [s.family for s in found.stretches] == ["fingerprint", "text", "fingerprint"]
    assert not found.absent[anno.end_s < 400.0].any()
    assert (harden(lay(anno, (0.0, 400.0, 5.1)), sound, anno, soft=[]).absent == gone).all()


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.3, 300), st.floats(0, 60), st.one_of(st.floats(-0.03, 0.03), st.floats(-40, 40))
        ),
        min_size=1,
        max_size=5,
    ),
    st.lists(st.tuples(st.floats(0.3, 400), st.floats(-40, 40)), max_size=4),
    st.sampled_from([1.0, 24 / 25, 1.0123]),
)
def test_what_is_laid_out_is_always_a_time_map(
    hard: list[tuple[float, float, float]], soft: list[tuple[float, float]], scale: float
) -> None:
    anno = Track.from_cues([Cue(9000 * k, 9000 * k + 2000, "a line") for k in range(60)])
    segments: list[FpSegment] = []
    now, offset = 0.0, 0.0
    for length, hole, by in hard:
        # The media never runs back: a lower offset needs a hole as long.
        offset += max(by, -hole * scale) if segments else by
        now += hole
        segments.append(FpSegment(now, now + length, scale, offset, 1.0, 0.005))
        now += length
    lines: list[Stretch] = []
    at, place = 0.0, 0.0
    for length, by in soft:
        place += by
        at += max(0.0, -by / scale)
        lines.append(Stretch(at, at + length, scale, place, "text"))
        at += length
    none = Layout(tuple(lines), np.zeros(len(anno), dtype=np.int64), np.zeros(len(anno), dtype=bool))
    found = harden(none, Sound(tuple(segments)), anno)
    assert len(found.time_map([(1.0, 0.0)] * len(found.stretches)).segments) == len(found.stretches)


def test_a_hair_of_difference_makes_no_overlap(anno: Track) -> None:
    for by in (-0.015, 0.015):
        found = from_sound(Sound((shared(0.0, 90.0, 5.0), shared(100.0, 400.0, 5.0 + by))), anno)
        assert len(found.time_map([(1.0, 0.0)] * 2).segments) == 2
        assert found.stretches[0].end_s == pytest.approx(100.0, abs=0.02)


def test_an_edit_loses_no_more_than_it_must(anno: Track) -> None:
    # The sound is lost for 0.8 s around an insertion of 30 s: nothing was removed.
    found = from_sound(Sound((shared(0.0, 90.0, 0.0), shared(90.8, 400.0, 30.0))), anno)
    assert found.stretches[0].end_s == pytest.approx(found.stretches[1].start_s)


def test_stretches_without_lines_are_mapped_too(make_film: Make) -> None:
    few = Track.from_cues(make_film(12, 3)).by_time()[0]
    found = from_sound(Sound((shared(0.0, 300.0, 0.0), shared(900.0, 2000.0, -600.0))), few)
    assert spans(found)[-1][:2] == (900.0, 2000.0)


def test_agreement_is_a_share_of_time(anno: Track) -> None:
    lines = lay(anno, (0.0, 100.0, 0.0), (100.0, 400.0, 70.0))
    assert agree(lines, Sound((shared(0.0, 400.0, 0.1),))) == pytest.approx(0.25)
    assert agree(lines, Sound((shared(500.0, 600.0, 0.0),))) == 1.0


def fake(segments: tuple[FpSegment, ...], probability: float = 0.999) -> FingerprintFit:
    return FingerprintFit(segments, 1.0, None, False, 1.0, 1.0, 0.1, 0.5, 99.0, 0.0, probability)


PRINT = Fingerprint(b"\0" * 8, 4, 0.1, 0.0, "none/0")


def test_sound_alone_makes_a_map(make_film: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    film = make_film(50, 8)
    fit = fake((shared(0.0, 80.0, 1.0), shared(100.0, 500.0, -19.0)))
    monkeypatch.setattr(known, "match", lambda *_: fit)
    result = solve.align(film, [], fingerprints=(PRINT, PRINT))
    assert result.verdict == "segments"
    assert result.confidence > 0.99
    assert result.evidence["mode"] == "fingerprint"
    assert [s.offset for s in result.time_map.segments] == [1.0, -19.0]
    for line, cue in zip(result.lines, film, strict=True):
        middle = 0.5 * (cue.start_s + cue.end_s)
        assert line.present == (not 80.0 <= middle < 100.0)


def test_sound_corrects_lines_and_knows_a_foreign_subtitle(
    make_film: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(60, 9)
    late = [replace(c, start_ms=c.start_ms + 120, end_ms=c.end_ms + 120) for c in film]
    monkeypatch.setattr(known, "match", lambda *_: fake((shared(0.0, 900.0, 0.0),)))
    result = solve.align(film, late, fingerprints=(PRINT, PRINT))
    assert result.verdict == "identity"
    assert [s.offset for s in result.time_map.segments] == [0.0]
    # Lines of another cut of the same film: the sound is believed, and a person is told.
    far = [replace(c, start_ms=c.start_ms + 50_000, end_ms=c.end_ms + 50_000) for c in film]
    other = solve.align(film, far, fingerprints=(PRINT, PRINT))
    assert other.time_map.segments[0].offset == 0.0
    assert "sources_disagree" in other.reasons
    assert "sources_disagree" in {item.kind for item in other.needs_review}


def test_sound_of_another_film_does_not_refuse_lines(
    make_film: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_film(60, 10)
    monkeypatch.setattr(known, "match", lambda *_: fake((), 0.0))
    assert solve.align(film, film, fingerprints=(PRINT, PRINT)).verdict == "identity"


def test_sound_vouches_only_for_what_was_heard(make_film: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    film, other = make_film(80, 11), make_film(80, 12)
    half = film[40].start_s
    late = [c.start_s > half + 10 for c in film]
    monkeypatch.setattr(known, "match", lambda *_: fake((shared(0.0, half, 0.0),)))
    for cues in ([], other, film[:40]):
        result = solve.align(film, cues, fingerprints=(PRINT, PRINT))
        assert result.accepted
        assert all(fit.present for fit in result.lines[:39])
        beyond = [fit for fit, far in zip(result.lines, late, strict=True) if far]
        assert not any(fit.present for fit in beyond)
        assert all(fit.confidence <= 0.05 for fit in beyond)
    # Lines that are there speak for themselves.
    whole = solve.align(film, film, fingerprints=(PRINT, PRINT))
    assert all(fit.present for fit in whole.lines)


def test_sound_of_doubt_lends_nothing_to_lines(make_film: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    film, other = make_film(60, 13), make_film(60, 14)
    monkeypatch.setattr(known, "match", lambda *_: fake((shared(0.0, 100.0, 0.0),), 0.45))
    assert solve.align(film, other, fingerprints=(PRINT, PRINT)).verdict == "wrong_film"
