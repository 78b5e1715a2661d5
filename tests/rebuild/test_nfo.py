from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from mmdia.rebuild.match import match_media
from mmdia.rebuild.nfo import read_nfo
from mmdia.schema.title import Title

TITLES = {
    t.title_id: t
    for t in (
        Title(title_id="alien", name="Alien", year=1979, imdb_id="tt0078748"),
        Title(title_id="heat", name="Heat", year=1995, imdb_id="tt0113277"),
        Title(title_id="up", name="Up & Away", year=2009, extra='{"tmdb_id": 14160}'),
        Title(title_id="e1", series="The Office", season=2, episode=1, imdb_id="tt0386676"),
        Title(title_id="e2", series="The Office", season=2, episode=2, imdb_id="tt0386676"),
    )
}


def touch(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def matched(folder: Path) -> dict[str, list[str]]:
    found = match_media(folder, TITLES)
    return {t: [f"{c.how} {c.path}" for c in rows] for t, rows in found.by_title.items()}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ('<movie><uniqueid type="imdb" default="true">tt0078748</uniqueid></movie>', "alien"),
        ("<movie><title>x</title><imdbid>tt0078748</imdbid></movie>", "alien"),
        ("<movie><id>tt0078748</id></movie>", "alien"),
        ("https://www.imdb.com/title/tt0078748/", "alien"),
        ("release notes\nIMDb.....: http://imdb.com/Title?tt0078748\n", "alien"),
        ("<movie><title>Alien</title><year>1979</year></movie>", "alien"),
        ("<movie><title>Up &amp; Away</title><premiered>2009-05-16</premiered></movie>", "up"),
        ('<movie><uniqueid type="tmdb">14160</uniqueid></movie>', "up"),
        ("https://www.themoviedb.org/movie/14160-up", "up"),
        ("<movie><title>broken</title><uniqueid type='imdb'>tt0113277</uniqueid", "heat"),
        (
            '<movie><uniqueid type="imdb">tt0113277</uniqueid><actor><id>tt0078748</id></actor></movie>',
            "heat",
        ),
        ("a web page that says nothing", None),
    ],
)
def test_what_media_centres_and_groups_write(tmp_path: Path, text: str, title: str | None) -> None:
    (tmp_path / "disc01.mkv").write_bytes(b"")
    (tmp_path / "disc01.nfo").write_text(text, encoding="utf-8")
    (tmp_path / "other.mkv").write_bytes(b"")
    assert matched(tmp_path) == ({} if title is None else {title: ["nfo disc01.mkv"]})


def test_movie_nfo_speaks_for_the_only_film_of_its_folder(tmp_path: Path) -> None:
    nfo = '<movie><uniqueid type="imdb">tt0078748</uniqueid></movie>'
    touch(tmp_path, **{"a__x.mkv": "", "a__x-trailer.mkv": "", "a__movie.nfo": nfo})
    touch(tmp_path, **{"b__y.mkv": "", "b__z.mkv": "", "b__movie.nfo": nfo})
    assert matched(tmp_path) == {"alien": [f"nfo {PurePath('a/x.mkv')}"]}


def test_an_nfo_is_believed_before_a_name(tmp_path: Path) -> None:
    touch(tmp_path, **{"Alien.1979.mkv": "", "Alien.1979.nfo": "imdb.com/title/tt0113277"})
    assert matched(tmp_path) == {"heat": ["nfo Alien.1979.mkv"]}


def test_series_have_their_nfo_above_the_seasons(tmp_path: Path) -> None:
    touch(
        tmp_path,
        **{
            "s__tvshow.nfo": "<tvshow><title>The Office</title><id>tt0386676</id></tvshow>",
            "s__Season 2__02.mkv": "",
            "s__Season 3__02.mkv": "",
        },
    )
    assert matched(tmp_path) == {"e2": [f"nfo {PurePath('s/Season 2/02.mkv')}"]}


def test_two_roots_are_a_double_episode(tmp_path: Path) -> None:
    roots = "".join(
        f"<episodedetails><showtitle>The Office</showtitle><season>2</season><episode>{n}</episode>"
        "</episodedetails>"
        for n in (1, 2)
    )
    touch(tmp_path, **{"double.mkv": "", "double.nfo": roots})
    assert matched(tmp_path) == {"e1": ["nfo double.mkv"], "e2": ["nfo double.mkv"]}


def test_encodings_do_not_matter(tmp_path: Path) -> None:
    for name, raw in {
        "a": "﻿<movie><title>Alien</title><year>1979</year></movie>".encode(),
        "b": "<movie><plot>d\xe9j\xe0</plot><title>Heat</title><year>1995</year></movie>".encode("cp1252"),
        "c": "<movie><title>Up &amp; Away</title><year>2009</year></movie>".encode("utf-16"),
    }.items():
        (tmp_path / f"{name}.mkv").write_bytes(b"")
        (tmp_path / f"{name}.nfo").write_bytes(raw)
    assert set(matched(tmp_path)) == {"alien", "heat", "up"}


def test_large_and_hostile_files_are_passed_over() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><movie><title>&b;</title></movie>'
    assert read_nfo(bomb).name == "&b;"
    assert read_nfo("").ids == frozenset()
