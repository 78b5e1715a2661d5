from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePath

import pytest

from mmdia.errors import MediaNotFound, UsageError
from mmdia.rebuild.match import match_media
from mmdia.rebuild.media_map import propose_map, read_media_map
from mmdia.rebuild.names import NameIndex
from mmdia.rebuild.source import FolderSource
from mmdia.schema.title import Title

FILMS = {
    t.title_id: t
    for t in (
        Title(title_id="tt0050083", name="12 Angry Men", year=1957),
        Title(title_id="tt0062622", name="2001: A Space Odyssey", year=1968),
        Title(title_id="tt0078748", name="Alien", year=1979),
        Title(title_id="tt0090605", name="Aliens", year=1986),
        Title(title_id="alien3", name="Alien 3", year=1992),
        Title(title_id="amelie", name="Le Fabuleux Destin d'Amélie Poulain", year=2001),
        Title(title_id="matrix", name="The Matrix", year=1999, imdb_id="tt0133093"),
        Title(
            title_id="tv_01_S02E08",
            kind="episode",
            name="The One",
            series="The Office",
            season=2,
            episode=8,
        ),
        Title(
            title_id="tv_01_S02E09",
            kind="episode",
            name="The Two",
            series="The Office",
            season=2,
            episode=9,
        ),
    )
}


@pytest.mark.parametrize(
    ("path", "title_id"),
    [
        ("12 Angry Men (1957).mkv", "tt0050083"),
        ("12.Angry.Men.1957.1080p.BluRay.x264-GROUP.mkv", "tt0050083"),
        ("2001.A.Space.Odyssey.1968.mkv", "tt0062622"),
        ("2001 A Space Odyssey.mkv", "tt0062622"),
        ("Alien.1979.Directors.Cut.mp4", "tt0078748"),
        ("Aliens (1986)/Aliens.mkv", "tt0090605"),
        ("Alien 3 (1992).avi", "alien3"),
        ("Le fabuleux destin d’Amelie Poulain 2001.mkv", "amelie"),
        ("Matrix.1999.mkv", "matrix"),
        ("The Matrix [imdbid-tt0133093]/movie.mkv", "matrix"),
        ("x {imdb-tt0078748}.mkv", "tt0078748"),
        ("alien3.mkv", "alien3"),
        ("The.Office.S02E08.720p.mkv", "tv_01_S02E08"),
        ("The Office/Season 02/S02E09 - The Two.mkv", "tv_01_S02E09"),
        ("the office 2x08.avi", "tv_01_S02E08"),
        ("The Office/Season 2/08 The One.mkv", "tv_01_S02E08"),
        ("tv_01_S02E08.mkv", "tv_01_S02E08"),
        ("Alien.2003.mkv", None),
        ("Alien Covenant (2017).mkv", None),
        ("Some Other Film.mkv", None),
        ("The Office S03E08.mkv", None),
        ("Other Show S02E08.mkv", None),
        ("tt00787481.mkv", None),
    ],
)
def test_names_find_their_title(path: str, title_id: str | None) -> None:
    found = {t: NameIndex({t: title}).find(PurePath(path)).get(t) for t, title in FILMS.items()}
    hits = {t: m for t, m in found.items() if m is not None}
    best = max(hits, key=lambda t: (hits[t].rank, hits[t].length), default=None)
    assert best == title_id, hits


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_a_folder_is_matched_with_what_belongs_to_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.1979.mkv", "sub/Holiday.mp4", "notes.txt", ".hidden.mkv", "out/clips/x.mp4")
    found = match_media(tmp_path, FILMS, skip=frozenset({(tmp_path / "out").resolve()}))
    assert {t: [c.path for c in rows] for t, rows in found.by_title.items()} == {
        "tt0078748": ["Alien.1979.mkv"]
    }
    assert found.unmatched == (str(PurePath("sub/Holiday.mp4")),)


def test_links_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    touch(tmp_path, "elsewhere/Alien.1979.mkv")
    (tmp_path / "media" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(tmp_path / "media")
    found = match_media(tmp_path / "media", FILMS)
    assert [c.path for c in found.by_title["tt0078748"]] == [str(PurePath("link/Alien.1979.mkv"))]


def test_two_titles_that_fit_equally_are_ambiguous(tmp_path: Path) -> None:
    titles = {i: Title(title_id=i, name="Twins") for i in ("a", "b")}
    touch(tmp_path, "Twins.mkv")
    found = match_media(tmp_path, titles)
    assert found.by_title == {}
    assert found.ambiguous == {"Twins.mkv": ("a", "b")}


def test_the_only_file_is_tried_for_the_only_title(tmp_path: Path) -> None:
    touch(tmp_path, "whatever.mkv")
    found = match_media(tmp_path, {"x": Title(title_id="x", name="Film")})
    assert [(c.path, c.how) for c in found.by_title["x"]] == [("whatever.mkv", "only")]


def test_the_users_map_goes_first_and_knows_parts(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.1979.mkv", "cd1.avi", "cd2.avi")
    (tmp_path / "media.csv").write_text(
        "title_id, path, part, start_ms, end_ms\n# a comment\ntt0078748,cd2.avi,2,,\n"
        "tt0078748,cd1.avi,1,1000,\n"
    )
    found = match_media(tmp_path, FILMS)
    rows = found.by_title["tt0078748"]
    assert [(c.path, c.part, c.start_ms, c.how) for c in rows] == [
        ("cd1.avi", 1, 1000, "map"),
        ("cd2.avi", 2, None, "map"),
    ]
    assert found.unmatched == ()


@pytest.mark.parametrize(
    "text",
    ["title,file\nx,y\n", "title_id,path,part\ntt0078748,x.mkv,one\n",
     "title_id,path\ntt0078748,\n", ""],
)  # fmt: skip
def test_bad_maps_are_refused_with_their_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "media.csv").write_text(text)
    with pytest.raises(UsageError, match=r"media\.csv"):
        read_media_map(tmp_path / "media.csv", FILMS)


def test_a_map_may_serve_several_releases(tmp_path: Path) -> None:
    (tmp_path / "media.csv").write_text("title_id,path\nnobody,x.mkv\ntt0078748,y.mkv\n")
    found, strangers = read_media_map(tmp_path / "media.csv", FILMS)
    assert list(found) == ["tt0078748"]
    assert len(strangers) == 1
    assert "media.csv:2" in next(iter(strangers))


def test_rows_of_the_map_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "x.mkv", "y.mkv")
    (tmp_path / "media.csv").write_text("title_id,path\ntt007874,x.mkv\ntt0078748,z.mkv\n")
    found = match_media(tmp_path, FILMS)
    assert found.by_title == {}
    assert [text.rpartition("media.csv:")[2] for text in found.strangers] == [
        "2: tt007874 is no title of this release (nearest: tt0078748)", "3: z.mkv: no such file",
    ]  # fmt: skip
    assert found.unmatched == ("y.mkv",)  # x.mkv was named


def test_a_map_in_another_encoding_is_told(tmp_path: Path) -> None:
    (tmp_path / "media.csv").write_bytes("title_id,path\ntt0078748,Am\xe9lie.mkv\n".encode("latin-1"))
    with pytest.raises(UsageError, match="UTF-8"):
        read_media_map(tmp_path / "media.csv", FILMS)


def test_absolute_paths_of_the_map_are_files_of_the_folder(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.1979.mkv")
    (tmp_path / "media.csv").write_text(f"title_id,path\ntt0090605,{tmp_path / 'Alien.1979.mkv'}\n")
    found = match_media(tmp_path, FILMS)
    assert set(found.by_title) == {"tt0090605"}
    assert found.unmatched == ()


def test_outputs_of_other_rebuilds_are_no_media(tmp_path: Path) -> None:
    touch(tmp_path, "clips/clips/x/tt0078748.flac", "Alien.1979.mkv")
    (tmp_path / "clips" / "receipt.jsonl").write_text("")
    found = match_media(tmp_path, FILMS)
    assert [c.path for c in found.by_title["tt0078748"]] == ["Alien.1979.mkv"]


def test_missing_folders_and_maps_are_told(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        match_media(tmp_path / "none", FILMS)
    with pytest.raises(MediaNotFound):
        match_media(tmp_path, FILMS, media_map=tmp_path / "none.csv")


def test_extras_are_passed_over_and_told(tmp_path: Path) -> None:
    touch(tmp_path, "Alien (1979)/Alien (1979).mkv", "Alien (1979)/Alien (1979)-trailer.mkv")
    touch(tmp_path, "Alien (1979)/Extras/Making of.mkv", "Alien (1979)/sample/alien.mkv", "x.sample.avi")
    found = match_media(tmp_path, FILMS)
    assert [c.path for c in found.by_title["tt0078748"]] == [str(PurePath("Alien (1979)/Alien (1979).mkv"))]
    assert len(found.passed) == 4
    assert found.unmatched == ()


def test_a_series_may_be_called_extras(tmp_path: Path) -> None:
    titles = {"e": Title(title_id="e", series="Extras", season=1, episode=1)}
    touch(tmp_path, "Extras/Season 1/Extras S01E01.mkv", "Extras/Season 1/Featurettes/a.mkv")
    found = match_media(tmp_path, titles)
    assert len(found.by_title["e"]) == len(found.passed) == 1


def test_a_file_far_smaller_than_its_rival_is_a_sample(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.1979.mkv", "a/Alien.1979.mkv")
    (tmp_path / "Alien.1979.mkv").write_bytes(bytes(100_000))
    (tmp_path / "a" / "Alien.1979.mkv").write_bytes(bytes(100))
    found = match_media(tmp_path, FILMS)
    assert [c.path for c in found.by_title["tt0078748"]] == ["Alien.1979.mkv"]
    assert found.passed == (str(PurePath("a/Alien.1979.mkv")),)


@pytest.mark.parametrize(
    "names",
    [
        ("Alien.1979.CD1.avi", "Alien.1979.CD2.avi"),
        ("Alien (1979) - part1.mkv", "Alien (1979) - part2.mkv"),
        ("Alien (1979)/CD1/film.avi", "Alien (1979)/CD2/film.avi"),
        ("Alien (1979)/cd1.avi", "Alien (1979)/cd2.avi"),
        ("Alien (1979)/x {imdb-tt0078748} pt1.mkv", "Alien (1979)/x {imdb-tt0078748} pt2.mkv"),
        ("Alien.1979.CD1.REPACK.avi", "Alien.1979.CD2.avi"),
    ],
)
def test_parts_are_put_in_order(tmp_path: Path, names: tuple[str, str]) -> None:
    touch(tmp_path, *names)
    found = match_media(tmp_path, FILMS)
    assert [(c.path, c.part) for c in found.by_title["tt0078748"]] == [
        (str(PurePath(names[0])), 1),
        (str(PurePath(names[1])), 2),
    ]


def test_a_part_without_its_fellows_is_a_copy(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.1979.CD2.avi")
    assert [c.part for c in match_media(tmp_path, FILMS).by_title["tt0078748"]] == [None]


def test_a_double_episode_is_a_candidate_of_both(tmp_path: Path) -> None:
    touch(tmp_path, "The Office/Season 2/The.Office.S02E08-E09.mkv")
    found = match_media(tmp_path, FILMS)
    assert set(found.by_title) == {"tv_01_S02E08", "tv_01_S02E09"}
    assert found.ambiguous == {}
    assert "the file holds several episodes" in found.by_title["tv_01_S02E08"][0].evidence


def test_better_evidence_comes_first(tmp_path: Path) -> None:
    touch(tmp_path, "Alien.mkv", "b/Alien.1979.mkv", "c/x {imdb-tt0078748}.mkv")
    rows = match_media(tmp_path, FILMS).by_title["tt0078748"]
    assert [c.how for c in rows] == ["id", "name", "name"]
    assert rows[0].rank > rows[1].rank > rows[2].rank
    assert all(c.evidence for c in rows)


def test_a_proposed_map_reads_back_the_same(tmp_path: Path) -> None:
    touch(
        tmp_path, "Alien.1979.CD1.avi", "Alien.1979.CD2.avi", 'odd, "name" Aliens (1986)/x.mkv',
        "Aliens.1986.mkv", "Angry Mob 12.mkv", "zzz.mkv", "Twins.mkv",
    )  # fmt: skip
    titles = FILMS | {i: Title(title_id=i, name="Twins") for i in ("a", "b")}
    found = match_media(tmp_path, titles)
    text = propose_map(found, titles)
    (tmp_path / "media.csv").write_text(text, encoding="utf-8")
    again = match_media(tmp_path, titles)
    assert {t: [(c.path, c.part) for c in rows] for t, rows in again.by_title.items()} == {
        t: [(c.path, c.part) for c in rows] for t, rows in found.by_title.items()
    }
    assert again.unmatched == found.unmatched
    assert "# tt0050083,Angry Mob 12.mkv,,,\n" in text
    assert "# a,Twins.mkv,,,\n" in text
    assert "# ,zzz.mkv,,,\n" in text
    assert "titles have no file" in text


def test_a_map_from_a_spreadsheet_or_another_system(tmp_path: Path) -> None:
    touch(tmp_path, "sub/L\u00e9on.mkv")
    decomposed = unicodedata.normalize("NFD", "sub\\L\u00e9on.mkv")
    (tmp_path / "media.csv").write_text(
        f"\ufefftitle_id;path;part\r\ntt0078748;{decomposed};\r\n;;\r\n", "utf-8"
    )
    found = match_media(tmp_path, FILMS)
    assert [c.path for c in found.by_title["tt0078748"]] == [str(PurePath("sub/L\u00e9on.mkv"))]
    assert found.unmatched == ()


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_that_are_no_utf8_are_escaped_and_found_again(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path)
    titles = {"amelie": Title(title_id="amelie", name="Amélie Song", year=2001)}
    try:
        os.mkdir(raw + b"/sub\xff")
        for name in (b"/sub\xff/Am\xe9lie Song (2001).mkv", b"/bad\xff\xfebytes.mkv", b"/lit\\xff.mkv"):
            open(raw + name, "wb").close()
    except OSError:
        pytest.skip("this file system takes no such names")
    found = match_media(tmp_path, titles)
    assert [c.path for c in found.by_title["amelie"]] == ["sub\\xff/Am\\xe9lie Song (2001).mkv"]
    assert found.unmatched == ("bad\\xff\\xfebytes.mkv", "lit\\x5cxff.mkv")
    text = propose_map(found, titles)
    (tmp_path / "media.csv").write_text(text.replace("# ,bad", "amelie,bad"), encoding="utf-8")
    again = match_media(tmp_path, titles)
    assert [c.path for c in again.by_title["amelie"]] == [
        "sub\\xff/Am\\xe9lie Song (2001).mkv", "bad\\xff\\xfebytes.mkv",
    ]  # fmt: skip
    assert again.unmatched == ("lit\\x5cxff.mkv",)
    assert all(FolderSource(tmp_path).local(c.path).is_file() for c in again.by_title["amelie"])


@pytest.mark.parametrize(
    ("editions", "file", "right"),
    [
        (("Director's Cut", "Theatrical"), "Gate (1981) {edition-Director's Cut}.mkv", {"a"}),
        (("Director's Cut", "Theatrical"), "Gate.1981.Theatrical.Cut.mkv", {"b"}),
        (("Director's Cut", "Theatrical"), "Gate.1981.DC.1080p.mkv", {"a"}),
        (("Director's Cut", "Theatrical"), "Gate.1981.mkv", set()),
        (("Director's Cut", "Theatrical"), "Gate.1981.Unrated.mkv", set()),
        (("Director's Cut", None), "Gate.1981.REMASTERED.mkv", {"b"}),
        (("Director's Cut", None), "Gate.1981.Theatrical.mkv", {"b"}),
        (("Director's Cut", None), "Gate (1981) Director's Cut/Gate.mkv", {"a"}),
        (("Director's Cut", "Extended Director's Cut"), "Gate.1981.Extended.Directors.Cut.mkv", {"b"}),
        (("Rogue Cut", None), "Gate.1981.Rogue.Cut.mkv", {"a"}),
        ((None, None), "Gate.1981.mkv", set()),
    ],
)
def test_the_edition_decides_between_two_cuts(
    tmp_path: Path, editions: tuple[str | None, str | None], file: str, right: set[str]
) -> None:
    touch(tmp_path, file)
    titles = {
        i: Title(title_id=i, name="Gate", year=1981, edition=e) for i, e in zip("ab", editions, strict=True)
    }
    found = match_media(tmp_path, titles)
    assert set(found.by_title) == right
    assert bool(found.ambiguous) is not bool(right)
