"""Lines at whose place the copy says something else are not there; lines it merely lacks are left alone."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mmdia.align.replaced import _two_states
from mmdia.align.solve import align
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue

Film = list[Cue]
Make = Callable[..., Film]


def shifted(film: Film, ms: int) -> Film:
    return [replace(c, start_ms=c.start_ms + ms, end_ms=c.end_ms + ms) for c in film]


def with_other(film: Film, other: Film, first: int, stop: int) -> Film:
    """The film with the lines of another in place of some of its own."""
    begin, end = film[first].start_ms, film[stop - 1].end_ms
    moved = [c for c in shifted(other, begin - other[0].start_ms) if c.end_ms <= end]
    return film[:first] + moved + film[stop:]


@pytest.mark.parametrize(("first", "stop"), [(0, 40), (80, 110), (160, 200)])
def test_a_replaced_scene_is_absent_and_listed(make_film: Make, first: int, stop: int) -> None:
    film = make_film(200, 61)
    result = align(film, with_other(film, make_film(120, 62), first, stop))
    gone = [f.index for f in result.lines if not f.present]
    assert set(gone) <= set(range(first, stop))
    assert len(gone) >= 0.9 * (stop - first)
    assert all(result.lines[i].confidence <= 0.05 for i in gone)
    (item,) = (i for i in result.needs_review if i.kind == "replaced")
    assert set(item.lines) == set(gone)


@pytest.mark.slow
def test_where_only_times_speak_it_is_doubted(make_film: Make) -> None:
    film = make_film(200, 61)
    result = align(film, with_other(film, make_film(200, 62), 80, 140), mode="timing")
    inside, outside = result.lines[80:140], result.lines[:75] + result.lines[145:]
    assert sum(f.confidence <= 0.5 for f in inside) >= 50
    assert all(f.present for f in result.lines)
    assert all(f.confidence > 0.5 for f in outside)
    assert "low_confidence" in {i.kind for i in result.needs_review}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "timing"])
def test_lines_that_the_copy_lacks_are_not_replaced(make_film: Make, mode: str) -> None:
    film = make_film(200, 63)
    result = align(film, film[:80] + film[110:], mode=mode)  # type: ignore[arg-type]
    assert all(f.present for f in result.lines)
    assert "replaced" not in {i.kind for i in result.needs_review}


def test_no_run_is_named_where_changes_cost_more_than_they_gain() -> None:
    gain = np.full(30, -1.0)
    assert _two_states(gain) == []
    gain[10:20] = 1.0
    assert _two_states(gain) == []
    gain[10:20] = 2.0
    assert _two_states(gain) == [(10, 20)]
    gain[:] = 2.0
    assert _two_states(gain) == [(0, 30)]


def test_lines_past_the_copys_last_are_not_believed(make_film: Make) -> None:
    film = make_film(100, 64)
    result = align(film, film[:90])
    late = [f for f in result.lines if f.start_s > film[89].end_s + 4.0]
    assert late
    assert all(f.confidence <= 0.5 for f in late)
    assert all(f.confidence > 0.5 for f in result.lines[:90])


def test_a_line_at_an_unsure_edit_is_not_believed(make_film: Make) -> None:
    film = make_film(90, 65)
    length = film[40].end_ms - film[40].start_ms
    result = align(film, film[:40] + shifted(film[41:], -length))
    sides = {i for item in result.needs_review if item.kind == "edit_place_unsure" for i in item.lines}
    assert all(result.lines[i].confidence <= 0.5 for i in sides)
    assert result.lines[40].confidence <= 0.5


def test_a_copy_that_holds_no_line_is_not_accepted(make_film: Make) -> None:
    film = make_film(60, 66)
    result = align(film, shifted(film, -3_600_000))
    assert not any(f.present for f in result.lines)
    assert "no_line_present" in result.reasons
    assert not result.accepted


def test_the_papers_rule_refuses_what_varies(make_film: Make) -> None:
    film, random_ms = make_film(150, 67), random.Random(5)
    loose = []
    for cue in film:
        by = random_ms.randint(-900, 900)
        loose.append(replace(cue, start_ms=cue.start_ms + by, end_ms=cue.end_ms + by))
    result = align(film, sorted(loose, key=lambda c: c.start_ms), policy="paper")
    assert not result.accepted
    assert "high_variance" in result.reasons
    assert align(film, film, policy="paper").accepted


@pytest.mark.slow
def test_sound_that_ends_early_holds_no_later_line(make_film: Make) -> None:
    film, step = make_film(200, 68), 0.05
    half = film[99].end_s + 2.0
    heard = [0.1] * int(half / step)
    for cue in film[:100]:
        for k in range(int(cue.start_s / step), min(len(heard), int(cue.end_s / step))):
            heard[k] = 0.9
    result = align(film, [], activity=Activity(0.0, step, array("f", heard), "made"))
    assert result.verdict != "wrong_film"
    assert all(f.present for f in result.lines[:100])
    assert not any(f.present for f in result.lines[102:])
