"""A list of file names as people have them, and the title of the catalogue that each one is."""

from __future__ import annotations

import unicodedata
from pathlib import PurePath

import pytest

from mmdia.corpus.spelling import words
from mmdia.corpus.tags import Numbers, in_extras, is_extra, numbers_of, part_folder, part_of
from mmdia.rebuild.names import NameIndex
from mmdia.schema.title import Title


def movie(title_id: str, name: str, year: int | None, **more: str) -> Title:
    return Title(title_id=title_id, kind="movie", name=name, year=year, **more)


def episode(title_id: str, series: str, season: int, number: int, name: str = "") -> Title:
    return Title(title_id=title_id, kind="episode", name=name, series=series, season=season, episode=number)


CATALOGUE = {
    t.title_id: t
    for t in (
        movie("tt0050083", "12 Angry Men", 1957),
        movie("odyssey", "2001: A Space Odyssey", 1968),
        movie("nineteen", "1917", 2019),
        movie("br49", "Blade Runner 2049", 2017),
        movie("br", "Blade Runner", 1982, edition="Final Cut"),
        movie("se7en", "Se7en", 1995),
        movie("heat95", "Heat", 1995, imdb_id="tt0113277"),
        movie("oldheat", "Heat", 1986),
        movie("kb1", "Kill Bill: Vol. 1", 2003),
        movie("kb2", "Kill Bill: Vol. 2", 2004),
        movie("fotr", "The Lord of the Rings: The Fellowship of the Ring", 2001),
        movie("leon", "Léon: The Professional", 1994),
        movie("up", "Up", 2009),
        movie("air", "Up in the Air", 2009),
        movie("summer", "(500) Days of Summer", 2009),
        movie("oceans", "Ocean's Eleven", 2001),
        movie("birdman", "Birdman or (The Unexpected Virtue of Ignorance)", 2014),
        movie("amelie", "Amélie", 2001, extra='{"original_title": "Le Fabuleux Destin d\'Amélie Poulain"}'),
        movie("spider", "Spider-Man", 2002),
        movie("walle", "WALL·E", 2008),
        movie("chihiro", "千と千尋の神隠し", 2001, extra='{"aka": ["Spirited Away", "千与千寻"]}'),
        movie("himom", "你好，李焕英", 2021),
        movie("gf2", "The Godfather Part II", 1974),
        movie("short", "The Big Short", 2015),
        movie("fuer", "Für immer", 1998),
        movie("matrix", "The Matrix", 1999, extra='{"tmdb_id": 603}'),
        movie("annie", "Annie Hall", 1977),
        movie("rec2", "[REC]²", 2009),
        episode("friends12", "Friends", 1, 2, "The One with the Sonogram at the End"),
        episode("friends13", "Friends", 1, 3),
        episode("tbbt5", "The Big Bang Theory", 3, 5),
        episode("tbbt6", "The Big Bang Theory", 3, 6),
        episode("office", "The Office", 1, 1),
        episode("hoc", "House of Cards", 1, 1),
        episode("who", "Doctor Who", 1, 1),
        episode("lost24", "Lost", 1, 24),
        episode("lost25", "Lost", 1, 25),
        episode("s24", "24", 1, 1),
        episode("ww", "The West Wing", 1, 5),
        episode("downton", "Downton Abbey", 1, 1),
        episode("anime7", "Some Show", 1, 7),
        episode("shield", "Agents of S.H.I.E.L.D.", 2, 3),
        episode("trek", "Star Trek", 1, 1),
        episode("tpb", "Trailer Park Boys", 1, 1),
    )
}

NAMES: list[tuple[str, tuple[str, ...]]] = [
    ("12 Angry Men (1957).mkv", ("tt0050083",)),
    ("12.Angry.Men.1957.1080p.BluRay.x264-ABC.mkv", ("tt0050083",)),
    ("Twelve Angry Men 1957.avi", ("tt0050083",)),
    ("2001 - A Space Odyssey (1968) 2160p UHD.mkv", ("odyssey",)),
    ("1917.2019.1080p.WEB-DL.DDP5.1.H264.mkv", ("nineteen",)),
    ("1917.mkv", ("nineteen",)),
    ("Blade.Runner.2049.2017.2160p.mkv", ("br49",)),
    ("Blade Runner 2049.mkv", ("br49",)),
    ("Blade.Runner.1982.Final.Cut.1080p.mkv", ("br",)),
    ("Blade Runner - The Final Cut.mkv", ("br",)),
    ("Se7en.1995.REMASTERED.1080p.BluRay.REMUX.AVC.DTS-HD.mkv", ("se7en",)),
    ("Heat (1995) [imdbid-tt0113277] - 1080p.mkv", ("heat95",)),
    ("Heat {imdb-tt0113277}/disc.mkv", ("heat95",)),
    ("Heat.1986.DVDRip.XviD.avi", ("oldheat",)),
    ("Heat.mkv", ("heat95", "oldheat")),
    ("Heat (1995)/Heat.mkv", ("heat95",)),
    ("Kill.Bill.Vol.1.2003.Extended.Cut.1080p.mkv", ("kb1",)),
    ("Kill Bill Volume 2 (2004).mkv", ("kb2",)),
    ("Kill.Bill.Vol.2.mkv", ("kb2",)),
    ("Kill Bill (2003).mp4", ("kb1",)),
    ("The.Lord.of.the.Rings.The.Fellowship.of.the.Ring.2001.EXTENDED.CD1.mkv", ("fotr",)),
    ("Lord of the Rings 1 - The Fellowship of the Ring (2001).mkv", ()),
    ("Leon.The.Professional.1994.Directors.Cut.mkv", ("leon",)),
    ("Léon (1994).mkv", ("leon",)),
    ("Up.2009.1080p.mkv", ("up",)),
    ("Up.in.the.Air.2009.720p.mkv", ("air",)),
    ("500.Days.Of.Summer.2009.mkv", ("summer",)),
    ("Oceans.Eleven.2001.m4v", ("oceans",)),
    ("Ocean’s 11 (2001).m4v", ("oceans",)),
    ("Birdman.2014.mkv", ("birdman",)),
    ("Birdman.or.The.Unexpected.Virtue.of.Ignorance.2014.mkv", ("birdman",)),
    ("Amelie AKA Le Fabuleux Destin (2001).mkv", ("amelie",)),
    ("Le.Fabuleux.Destin.d.Amelie.Poulain.2001.FRENCH.mkv", ("amelie",)),
    ("Spiderman (2002).mkv", ("spider",)),
    ("Wall-E.2008.mkv", ("walle",)),
    ("千与千寻.2001.1080p.mkv", ("chihiro",)),
    ("千と千尋の神隠し (2001).mkv", ("chihiro",)),
    ("千与千寻2001.mkv", ("chihiro",)),
    ("[你好，李焕英].Hi.Mom.2021.1080p.mkv", ("himom",)),
    ("The Godfather Part 2 (1974).mkv", ("gf2",)),
    ("Godfather, The - Part II.mkv", ("gf2",)),
    ("The Big Short.mkv", ("short",)),
    ("Fuer.immer.1998.GERMAN.mkv", ("fuer",)),
    ("Matrix, The (1999).mkv", ("matrix",)),
    ("01 - The Matrix (1999).mkv", ("matrix",)),
    ("(1999) The Matrix.mkv", ("matrix",)),
    ("anything [tmdbid-603].mkv", ("matrix",)),
    ("[GRP] The Matrix [1080p].mkv", ("matrix",)),
    ("www.example.org - The.Matrix.1999.mkv", ("matrix",)),
    ("Woody Allen - Annie Hall (1977).avi", ("annie",)),
    ("Rec 2 (2009).mkv", ("rec2",)),
    ("Matrix.Reloaded.2003.mkv", ()),
    ("Friends.S01E02.1080p.BluRay.x265.mkv", ("friends12",)),
    ("Friends - 1x02 - The One.avi", ("friends12",)),
    ("Friends/Season 1/102 - Sonogram.mkv", ("friends12",)),
    ("Friends/Staffel 01/Folge 3.mkv", ("friends13",)),
    ("Friends Season 1 Episode 3.mkv", ("friends13",)),
    ("Friends.S01E02-E03.mkv", ("friends12", "friends13")),
    ("The Big Bang Theory S03E05-E06 720p.mkv", ("tbbt5", "tbbt6")),
    ("The.Big.Bang.Theory.S03E05E06.mkv", ("tbbt5", "tbbt6")),
    ("the big bang theory 3x05-06.avi", ("tbbt5", "tbbt6")),
    ("The Office (US) (2005) - S01E01 - Pilot.mkv", ("office",)),
    ("House.of.Cards.2013.S01E01.1080p.mkv", ("hoc",)),
    ("Doctor.Who.2005.1x01.Rose.avi", ("who",)),
    ("Lost.S01E24E25.Exodus.Part.2.mkv", ("lost24", "lost25")),
    ("24.S01E01.DVDRip.XviD.avi", ("s24",)),
    ("the.west.wing.s01.e05.mkv", ("ww",)),
    ("Downton Abbey/Season 01/01 - Episode One.mkv", ("downton",)),
    ("Downton Abbey/Season 01/S01E01.mkv", ("downton",)),
    ("[GRP] Some Show - 07 [1080p][A1B2C3D4].mkv", ("anime7",)),
    ("Some Show 第07話.mkv", ("anime7",)),
    ("Agents of SHIELD S02E03.mkv", ("shield",)),
    ("Star.Trek.Discovery.S01E01.mkv", ()),
    ("Star Trek (1966) S01E01.mkv", ("trek",)),
    ("Trailer.Park.Boys.S01E01.mkv", ("tpb",)),
    ("friends.102.hdtv.avi", ("friends12",)),
    ("Some.Show.E07.mkv", ("anime7",)),
    ("The.Godfather.1972.mkv", ()),
    ("Ocean's Twelve (2004).mkv", ()),
    ("Spider-Man.2.2004.mkv", ()),
    ("Friends.S02E02.mkv", ()),
    ("Holiday in Rome.mp4", ()),
]

INDEX = NameIndex(CATALOGUE)


def found(path: str) -> tuple[str, ...]:
    hits = INDEX.find(PurePath(path))
    best = max((m.strength for m in hits.values()), default=None)
    return tuple(sorted(t for t, m in hits.items() if m.strength == best))


@pytest.mark.parametrize(("path", "titles"), NAMES, ids=[n for n, _ in NAMES])
def test_names_as_people_have_them(path: str, titles: tuple[str, ...]) -> None:
    assert found(path) == tuple(sorted(titles)), INDEX.find(PurePath(path))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_letters_are_one(form: str) -> None:
    assert found(unicodedata.normalize(form, "Léon (1994).mkv")) == ("leon",)  # type: ignore[arg-type]


def test_every_match_says_why() -> None:
    for path, titles in NAMES:
        hits = INDEX.find(PurePath(path))
        assert all(hits[t].says for t in titles)


def test_one_title_alone_is_asked_the_same_way() -> None:
    match = NameIndex({"matrix": CATALOGUE["matrix"]}).find(PurePath("Matrix.1999.mkv")).get("matrix")
    assert match is not None
    assert (match.how, match.says) == ("name", "name and year 1999 agree")


def test_an_id_of_a_series_needs_the_number_of_the_episode() -> None:
    show = {
        t: Title(title_id=t, series="X", season=1, episode=k, imdb_id="tt7654321")
        for k, t in enumerate(("e1", "e2"), 1)
    }
    hits = NameIndex(show).find(PurePath("X {imdb-tt7654321}/Season 1/X - S01E02.mkv"))
    assert list(hits) == ["e2"]


def test_a_series_is_not_another_that_is_spelled_like_it() -> None:
    shows = NameIndex({"a": episode("a", "The Bloses", 1, 1), "b": episode("b", "Шерлок на троих", 1, 1)})
    assert list(shows.find(PurePath("The Blouses S01E01.mkv"))) == []
    assert list(shows.find(PurePath("Sherlok na troikh S01E01.mkv"))) == ["b"]


def test_editions_are_told_apart() -> None:
    def edition(name: str) -> int:
        return INDEX.find(PurePath(name))["br"].edition

    assert edition("Blade.Runner.1982.Final.Cut.mkv") == 2
    assert edition("Blade.Runner.1982.Theatrical.mkv") == -1
    assert edition("Blade.Runner.1982.mkv") == 0


@pytest.mark.parametrize(
    ("path", "numbers"),
    [
        ("S01E01-E03.mkv", (1, (1, 2, 3))),
        ("x.s01e01+e02.mkv", (1, (1, 2))),
        ("x.S01E01.S01E02.mkv", (1, (1, 2))),
        ("x.1x01x02.mkv", (1, (1, 2))),
        ("x.S01E01-1080p.mkv", (1, (1,))),
        ("x.S01E01.720p.mkv", (1, (1,))),
        ("x.S01E08 - 24 Hours.mkv", (1, (8,))),
        ("x.S01E01-E99.mkv", (1, (1,))),
        ("x.1920x1080.mkv", None),
        ("Season 2/07.mkv", (2, (7,))),
        ("Season 2/207 a.mkv", (2, (7,))),
        ("Specials/E03.mkv", (0, (3,))),
        ("x 第2季 第03集.mkv", (2, (3,))),
        ("Film 2010.mkv", None),
    ],
)
def test_numbers_of_episodes(path: str, numbers: tuple[int, tuple[int, ...]] | None) -> None:
    got = numbers_of(PurePath(path))
    assert (None if got is None else (got.season, got.episodes)) == numbers
    assert got is None or isinstance(got, Numbers)


@pytest.mark.parametrize(
    ("rest", "part"),
    [("cd1", 1), ("1999 cd 2", 2), ("part ii", 2), ("disc3 dvd9", 3), ("dvd9", None), ("pt one", 1),
     ("extended", None), ("part of it", None)],
)  # fmt: skip
def test_parts(rest: str, part: int | None) -> None:
    assert part_of(words(rest)) == part


def test_a_folder_may_be_the_part() -> None:
    assert part_folder(PurePath("Film (1999)/CD2/film.avi")) == 2
    assert INDEX.find(PurePath("Matrix (1999)/CD2/x.avi"))["matrix"].part == 2


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("Heat-trailer.mkv", True),
        ("Heat-behindthescenes.mkv", True),
        ("heat.sample.mkv", True),
        ("sample-heat.mkv", True),
        ("Heat (1995)/Extras/Pacino.mkv", True),
        ("Heat (1995)/Featurettes/a.mkv", True),
        ("Heat (1995)/Shorts/a.mkv", True),
        ("Shorts/a.mkv", False),
        ("The Big Short.mkv", False),
        ("The Others (2001).mkv", False),
    ],
)
def test_extras(path: str, extra: bool) -> None:
    place = PurePath(path)
    assert (in_extras(place) or is_extra(place.stem, words(place.stem))) is extra
