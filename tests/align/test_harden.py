"""Fingerprints go before lines, and lines decide where fingerprints are silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

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
    found = from_sound(Sound((shared(0.0, 90.0, 5.0), shared(140.0, 400.0, 5.0))), anno)
    assert len(found.stretches) == 1
    assert not found.absent[(anno.end_s < 400.0)].any()


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
