from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mmdia.schema.cue import Cue
from mmdia.schema.ranking import Ranking
from mmdia.sync.evidence import Wanted, collect
from mmdia.sync.rank import rank
from tests.sync.films import cut, dubbed, film, jittered, moved, write

FILM = film(1)


@pytest.fixture
def media(tmp_path: Path) -> Path:
    return write(tmp_path / "media.srt", jittered(moved(FILM, 20.0), 0.03, seed=9))


def ranked(tmp_path: Path, media: Path, language: str | None = None, **subs: tuple[Cue, ...]) -> Ranking:
    paths = [write(tmp_path / f"{name.replace('_', '.')}.srt", cues) for name, cues in subs.items()]
    return rank(str(media), collect(media, Wanted()), paths, language=language)[0]


def names(ranking: Ranking) -> list[str]:
    return [Path(row.name).stem for row in ranking.rows]


@pytest.mark.slow
def test_the_documented_order(tmp_path: Path, media: Path) -> None:
    made = ranked(
        tmp_path, media,
        wrong=film(2), half=FILM[:60], pal=moved(FILM, 1.0, 0.96), loose=jittered(FILM, 0.25),
        cut=cut(FILM, 100, 102), good=moved(FILM, -7.0),
    )  # fmt: skip
    assert names(made) == ["good", "loose", "pal", "cut", "half", "wrong"]
    assert [row.rank for row in made.rows] == [1, 2, 3, 4, 5, None]
    assert made.best is not None
    assert Path(made.best.name).stem == "good"
    why = {Path(row.name).stem: row.why for row in made.rows}
    assert "covers 100%" in why["good"]
    assert "starts lie 0." in why["loose"]
    assert "another speed to undo" in why["pal"]
    assert "edits to undo" in why["cut"]
    assert "covers 50%" in why["half"]
    assert "not the annotated film" in why["wrong"]


@pytest.mark.slow
def test_a_subtitle_in_step_is_better_than_one_that_is_off_whatever_the_order(tmp_path: Path) -> None:
    """What must be undone is asked first; an offset that nobody sees is none, and costs what it costs."""
    media = write(tmp_path / "media.srt", jittered(FILM, 0.03, seed=9))
    late = tuple(replace(c, start_ms=c.start_ms + 2_500) if k % 4 == 0 else c for k, c in enumerate(FILM))
    subs = {
        "b_instep": FILM, "c_nearly": moved(FILM, 0.15), "a_off30": moved(FILM, 30.0),
        "d_off": moved(FILM, -2.0), "e_late": late, "f_dub": dubbed(FILM), "g_half": FILM[:60],
        "h_other": film(2),
    }  # fmt: skip
    first = ranked(tmp_path, media, **subs)
    again = ranked(tmp_path, media, **dict(reversed(subs.items())))
    assert first.rows == again.rows
    assert names(first)[:2] == ["b.instep", "c.nearly"]
    assert names(first)[-2:] == ["g.half", "h.other"]
    places = {name: row.rank for name, row in zip(names(first), first.rows, strict=True)}
    assert places["a.off30"] == places["d.off"] == 3
    why = {name: row.why for name, row in zip(names(first), first.rows, strict=True)}
    assert "a constant offset to undo, -30.00 s" in why["a.off30"]


def test_lines_without_a_partner_count(tmp_path: Path, media: Path) -> None:
    """A quarter of the lines begins 0.7 s late: a median would not see them."""
    late = tuple(replace(c, start_ms=c.start_ms + 700) if k % 4 == 0 else c for k, c in enumerate(FILM))
    made = ranked(tmp_path, media, a_late=late, b_good=FILM)
    spread = {Path(row.name).stem: row.start_spread_s for row in made.rows}
    assert names(made)[0] == "b.good"
    assert spread["a.late"] is not None
    assert spread["b.good"] is not None
    assert spread["a.late"] > 0.12 > 0.05 > spread["b.good"]


def test_ties_are_told(tmp_path: Path, media: Path) -> None:
    made = ranked(tmp_path, media, a=moved(FILM, 2.0), b=moved(FILM, 3.0))
    assert [row.rank for row in made.rows] == [1, 1]
    assert "equal to a.srt in every question" in made.rows[1].why


@pytest.mark.slow
def test_the_language_wanted_comes_first(tmp_path: Path, media: Path) -> None:
    loose = jittered(FILM, 0.2)
    assert names(ranked(tmp_path, media, film_en=moved(FILM, 2.0), film_de=loose))[0] == "film.en"
    made = ranked(tmp_path, media, "de-DE", film_en=moved(FILM, 2.0), film_de=loose)
    assert names(made)[0] == "film.de"
    assert "in en, not in the one wanted" in made.rows[1].why


def test_chapters_and_unreadable_files_are_refused(tmp_path: Path, media: Path) -> None:
    chapters = tmp_path / "film.chapters.vtt"
    chapters.write_text("WEBVTT\n\n00:00.000 --> 05:00.000\nChapter 1\n")
    broken = tmp_path / "broken.srt"
    broken.write_bytes(b"PK\x03\x04 zip")
    empty = tmp_path / "empty.srt"
    empty.write_text("")
    made, _ = rank(
        str(media), collect(media, Wanted()), [broken, chapters, empty, write(tmp_path / "g.srt", FILM)]
    )
    assert [row.usable for row in made.rows] == [True, False, False, False]
    why = {Path(row.name).name: row.why for row in made.rows}
    assert "zip archive" in why["broken.srt"]
    assert "not dialogue" in why["film.chapters.vtt"]
    assert "no cues" in why["empty.srt"]


def test_a_subtitle_is_no_evidence_for_itself(tmp_path: Path, media: Path) -> None:
    only = write(tmp_path / "only.srt", FILM)
    made, maps = rank("x", collect(only, Wanted()), [only])
    assert made.best is None
    assert made.evidence["kind"] == "none"
    assert made.rows[0].reasons == ("no_evidence",)
    assert maps == {}


@pytest.mark.slow
def test_all_are_judged_by_one_evidence(tmp_path: Path, media: Path) -> None:
    """The first evidence under which any subtitle may be used serves for all."""
    wrong = collect(write(tmp_path / "other.srt", film(8)), Wanted())
    right = collect(media, Wanted())
    both = replace(right, evidences=(*wrong.evidences, *right.evidences))
    made, _ = rank("x", both, [write(tmp_path / "a.srt", FILM), write(tmp_path / "b.srt", film(8))])
    assert Path(made.rows[0].name).stem == "b"
    assert not made.rows[1].usable


def test_the_document_is_plain_json(tmp_path: Path, media: Path) -> None:
    import json

    row = json.loads(json.dumps(ranked(tmp_path, media, a=FILM).to_row()))
    assert row["schema"] == "mmdia.rank/1"
    assert row["best"].endswith("a.srt")
    assert row["rows"][0]["rank"] == 1
