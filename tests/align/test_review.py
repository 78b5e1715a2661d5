"""What a person is asked to confirm: nothing where all is clear, and the right thing where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mmdia.align.solve import align
from mmdia.schema.cue import Cue
from mmdia.schema.reasons import REASONS

Film = list[Cue]
Make = Callable[..., Film]
Move = Callable[..., Film]


def test_clean_alignments_need_nobody(make_film: Make, move: Move) -> None:
    film = make_film(80, 41)
    for media in (film, move(film, 1, 9000), move(film, 24000 / 25025, 0)):
        assert align(film, media).needs_review == ()


def test_the_paper_has_flat_translations_confirmed(make_film: Make, move: Move) -> None:
    film = make_film(80, 42)
    (item,) = align(film, move(film, 1, 9000), policy="paper").needs_review
    assert item.kind == "double_check"
    assert (item.anno_start_s, item.lines) == (film[0].start_s, ())


def test_a_free_speed_is_confirmed(make_film: Make, move: Move) -> None:
    film = make_film(200, 43)
    assert "speed_not_standard" in {i.kind for i in align(film, move(film, 1.0123, 0)).needs_review}


def test_lines_on_either_side_of_an_unsure_edit_are_named(make_film: Make) -> None:
    film = make_film(90, 44)
    # Lines 40 to 44 are missing in the media, and 10 s were put in somewhere among them.
    late = [replace(c, start_ms=c.start_ms + 10_000, end_ms=c.end_ms + 10_000) for c in film[45:]]
    result = align(film, film[:40] + late)
    items = [i for i in result.needs_review if i.kind == "edit_place_unsure"]
    assert len(items) == 1
    assert items[0].lines
    assert set(items[0].lines) <= set(range(40, 45))
    assert items[0].anno_start_s >= film[39].end_s - 0.1
    assert items[0].anno_end_s <= film[45].start_s + 0.1


def test_every_kind_has_a_reason_and_indices_are_cues(make_film: Make) -> None:
    film = make_film(90, 45)
    mixed = film[::-1]
    late = [replace(c, start_ms=c.start_ms + 10_000, end_ms=c.end_ms + 10_000) for c in film[45:]]
    items = align(mixed, film[:40] + late).needs_review
    assert items
    for item in items:
        assert item.kind in REASONS
        assert item.detail.endswith(".")
        assert item.anno_start_s <= item.anno_end_s
        # Numbers are those of the cues as given, which were in reversed order.
        assert set(item.lines) <= {len(film) - 1 - k for k in range(40, 45)}


@pytest.mark.parametrize("mode", ["auto", "timing"])
def test_the_wrong_film_has_nothing_to_confirm(make_film: Make, mode: str) -> None:
    result = align(make_film(60, 46), make_film(60, 47), mode=mode)  # type: ignore[arg-type]
    assert result.verdict == "wrong_film"
    assert result.needs_review == ()
