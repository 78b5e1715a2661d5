"""File names by kind, each with the title that it is, or none: a wrong one is worse than none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmdia.rebuild import guess
from mmdia.rebuild.candidate import Matches
from mmdia.rebuild.match import match_media
from mmdia.schema.title import Title


def movie(title_id: str, name: str, year: int, language: str = "en", **more: Any) -> Title:
    return Title(title_id=title_id, kind="movie", name=name, year=year, language=language, **more)


def episode(title_id: str, series: str, season: int, number: int, **more: Any) -> Title:
    return Title(title_id=title_id, kind="episode", series=series, season=season, episode=number, **more)


TITLES = {
    t.title_id: t
    for t in (
        movie("a1", "The Copper Mill", 1971),
        movie("a2", "Copper Mill II: The Flood", 1974),
        movie("a3", "The Copper Mill Part III", 1980),
        movie("b1", "Rocket Boys V", 1988),
        movie("b0", "Rocket Boys", 1976),
        movie("c1", "Das Haus am Fluß", 1969, "de", aka=("The House by the River",)),
        movie("c2", "Die Brücke von Müllheim", 1982, "de"),
        movie("d1", "L'Étrangère", 1978, "fr", aka=("The Stranger Woman",)),
        movie("d2", "Les Années douces", 1991, "fr"),
        movie("d3", "Le Pont", 1966, "fr"),
        movie("e1", "El último faro", 2002, "es"),
        movie("e2", "Las doce lunas", 1999, "es"),
        movie("f1", "Il ponte di ghiaccio", 1964, "it"),
        movie("f2", "L'Ora del tè", 1985, "it"),
        movie("f3", "Gli amanti di Torino", 1958, "it"),
        movie("g1", "O rio escuro", 2010, "pt"),
        movie("g2", "De stille wateren", 1997, "nl"),
        movie("h1", "Twelve Lanterns", 1955),
        movie("h2", "Twenty-Two Bridges", 2007),
        movie("h3", "The Fifth Harbor", 1983),
        movie("h4", "One Hundred and Eight Steps", 1990),
        movie("i1", "Осенний поезд", 1977, "ru"),
        movie("i2", "夜の橋", 1960, "ja", aka=("Bridge of Night", "Yoru no hashi")),
        movie("i3", "Smørøyet", 2012, "no", aka=("The Butter Eye",)),
        movie("j1", "Dr. Pallas", 2001),
        movie("j2", "Wolf & Daughter", 2018),
        movie("j3", "Saint Anselm", 1949),
        movie("k1", "Die Nacht", 2005),
        movie("k2", "Night Ferry 1:1", 2020),
        movie("l1", "Marble", 1979, edition="Director's Cut"),
        movie("l2", "Marble", 1979, edition="Theatrical"),
        movie("l3", "Quarry", 1988),
        movie("l4", "Quarry", 1988, edition="Extended Edition"),
        movie("n1", "3 Summers", 2014),
        movie("n2", "1984 Degrees", 1999),
        movie("n3", "Area 12", 2003),
        movie("n4", "Mirror, Mirror", 1990),
        movie("n5", "8½ Weeks", 1986),
        movie("o1", "Final Cut", 1998),
        movie("o2", "The Last Part", 1961),
        movie("o3", "Part One", 1994),
        movie("o4", "V", 2011),
        movie("o5", "X", 2012),
        episode("s11", "Salt Road", 1, 1),
        episode("s12", "Salt Road", 1, 2, air_date="2010-05-04"),
        episode("s21", "Salt Road", 2, 1, absolute_episode=11),
        episode("t1", "Hoshi no Machi", 1, 5, absolute_episode=5),
        episode("t2", "Hoshi no Machi", 2, 3, absolute_episode=28),
        episode("u1", "The Morning Table", 2019, 40, air_date="2019-09-03"),
        episode("u2", "The Morning Table", 2019, 41, air_date="2019-03-09"),
        episode("v1", "The Silver Coast", 1, 1),
        episode("v2", "The Silver Coast", 1, 2),
        episode("v3", "The Silver Coast", 1, 3),
        episode("w1", "Die Familie Kern", 1, 4),
    )
}

#: Files and their title: "" for none, "?" where several fit.
NAMES = [
    ("Copper Mill, The (1971).mkv", "a1"),
    ("Copper.Mill.1971.1080p.mkv", "a1"),
    ("The.Copper.Mill.2.1974.mkv", "a2"),
    ("Copper Mill Part II (1974).mkv", "a2"),
    ("Copper Mill - The Flood (1974).mkv", "a2"),
    ("Copper.Mill.II.mkv", "a2"),
    ("Copper Mill 3 (1980).mkv", "a3"),
    ("The Copper Mill III.mkv", "a3"),
    ("Copper Mill, The - Part 3 (1980).mkv", "a3"),
    ("Copper.Mill.4.1985.mkv", ""),
    ("Copper Mill Part IV (1986).mkv", ""),
    ("The Copper Mill Part II.mkv", ""),
    ("Copper Mill 1 (1971).mkv", "a1"),
    ("Rocket Boys 5 (1988).mkv", "b1"),
    ("Rocket.Boys.V.mkv", "b1"),
    ("Rocket Boys (1976).mkv", "b0"),
    ("Rocket Boys Part V (1988).avi", "b1"),
    ("Rocket.Boys.Part.2.1979.mkv", ""),
    ("Rocket Boys Part Two.mkv", ""),
    ("Rocket Boys II.mkv", ""),
    ("Rocket.Boys.Part2.mkv", ""),
    ("Haus am Fluß, Das (1969).mkv", "c1"),
    ("Das.Haus.am.Fluss.1969.German.mkv", "c1"),
    ("House by the River, The.mkv", "c1"),
    ("Haus am Fluss (1969).mkv", "c1"),
    ("Bruecke von Muellheim, Die (1982).avi", "c2"),
    ("Die.Brucke.von.Mullheim.1982.mkv", "c2"),
    ("Die Bruecke von Muellheim.mkv", "c2"),
    ("Etrangere, L' (1978).mkv", "d1"),
    ("L.Etrangere.1978.FRENCH.mkv", "d1"),
    ("letrangere 1978.mkv", "d1"),
    ("L'Étrangère (The Stranger Woman) (1978).mkv", "d1"),
    ("Années douces, Les (1991).mkv", "d2"),
    ("Pont, Le (1966).mkv", "d3"),
    ("Le Pont.mkv", "d3"),
    ("Ultimo faro, El.mkv", "e1"),
    ("último faro, El (2002) [Spanish].mkv", "e1"),
    ("Las 12 lunas (1999).mkv", "e2"),
    ("doce lunas, Las 1999.avi", "e2"),
    ("Ponte di ghiaccio, Il (1964).mkv", "f1"),
    ("Ora del te, L' (1985).mkv", "f2"),
    ("Amanti di Torino, Gli (1958).mkv", "f3"),
    ("rio escuro, O (2010).mkv", "g1"),
    ("Stille wateren, De (1997).mkv", "g2"),
    ("12 Lanterns.mkv", "h1"),
    ("12.Lanterns.1955.mkv", "h1"),
    ("22 Bridges (2007).mkv", "h2"),
    ("Twenty.Two.Bridges.2007.mkv", "h2"),
    ("5th Harbor 1983.mkv", "h3"),
    ("108 Steps (1990).mkv", "h4"),
    ("One.Hundred.Eight.Steps.1990.mkv", "h4"),
    ("Osenniy poezd (1977).avi", "i1"),
    ("Osenniy.poyezd.1977.mkv", "i1"),
    ("Осенний поезд.mkv", "i1"),
    ("Yoru.no.Hashi.1960.mkv", "i2"),
    ("[JPN] 夜の橋 (1960).mkv", "i2"),
    ("Yoru no hashi - Bridge of Night (1960).mkv", "i2"),
    ("Smoroyet.2012.mkv", "i3"),
    ("Smoeroeyet (2012).mkv", "i3"),
    ("Doctor Pallas 2001.mkv", "j1"),
    ("Dr Pallas.mkv", "j1"),
    ("Wolf and Daughter (2018).mkv", "j2"),
    ("Wolf.Daughter.2018.mkv", "j2"),
    ("St. Anselm (1949).mkv", "j3"),
    ("Night.Ferry.1-1.2020.mkv", "k2"),
    ("Hard Nacht (2005).mkv", ""),
    ("Die.Nacht.2005.mkv", "k1"),
    ("Marble (1979) {edition-Director's Cut}.mkv", "l1"),
    ("Marble.1979.DC.1080p.mkv", "l1"),
    ("Marble.1979.Theatrical.mkv", "l2"),
    ("Marble (1979).mkv", "?"),
    ("Marble.1979.Extended.mkv", "?"),
    ("Quarry.1988.mkv", "l3"),
    ("Quarry.1988.Extended.Cut.mkv", "l4"),
    ("Quarry (1988) Extended/Quarry.mkv", "l4"),
    ("Quarry.1988.Theatrical.mkv", "l3"),
    ("Quarry.1988.REMASTERED.mkv", "l3"),
    ("Quarry.1988.Unrated.mkv", "?"),
    ("3.Summers.2014.mkv", "n1"),
    ("Three Summers (2014).mkv", "n1"),
    ("1984.Degrees.1999.mkv", "n2"),
    ("1984 Degrees.mkv", "n2"),
    ("Area 12.mkv", "n3"),
    ("Area Twelve (2003).mkv", "n3"),
    ("Mirror Mirror 1990.mkv", "n4"),
    ("8.5 Weeks (1986).mkv", "n5"),
    ("Eight and a Half Weeks 1986.mkv", "n5"),
    ("8 1-2 Weeks (1986).mkv", "n5"),
    ("Final.Cut.1998.mkv", "o1"),
    ("Last Part, The (1961).mkv", "o2"),
    ("Part 1 (1994).mkv", "o3"),
    ("V (2011).mkv", "o4"),
    ("5 (2011).mkv", ""),
    ("X.2012.1080p.mkv", "o5"),
    ("10.mkv", ""),
    ("Salt.Road.S01E02.mkv", "s12"),
    ("Salt Road - 11 [1080p].mkv", "s21"),
    ("Salt.Road.2010.05.04.mkv", "s12"),
    ("Salt Road - Part 2.mkv", ""),
    ("[G] Hoshi no Machi - 28 (1080p).mkv", "t2"),
    ("[G]_Hoshi_no_Machi_-_05_[720p].mkv", "t1"),
    ("Hoshi no Machi S2 - 03 [1080p].mkv", "t2"),
    ("[G] Hoshi no Machi 2nd Season - 03.mkv", "t2"),
    ("Hoshi no Machi 28v2 [BD].mkv", "t2"),
    ("Hoshi no Machi - 27 [1080p].mkv", ""),
    ("[G] Hoshi no Machi - Episode 28.mkv", "t2"),
    ("The.Morning.Table.2019.09.03.mkv", "u1"),
    ("Morning Table - 2019-03-09 - Guest.mkv", "u2"),
    ("TV/The Morning Table/2019/20190903.mkv", "u1"),
    ("Morning Table 03.09.2019.mkv", "?"),
    ("Morning.Table.2019.09.04.mkv", ""),
    ("The Silver Coast - Part 2.mkv", "v2"),
    ("Silver.Coast.Part.III.mkv", "v3"),
    ("Silver Coast (1 of 3).mkv", "v1"),
    ("Silver Coast, The - S01E03.mkv", "v3"),
    ("The.Silver.Coast.Pt.2.720p.mkv", "v2"),
    ("Familie Kern, Die - S01E04.mkv", "w1"),
    ("Die.Familie.Kern.1x04.mkv", "w1"),
    ("The Silver Coast - Part 4.mkv", ""),
    ("The Copper Mill (1971) Making of.mkv", ""),
    ("Copper Mill (1971)/Behind the Scenes/x.mkv", ""),
    ("Rocket.Boys.1976.Sample.mkv", ""),
    ("Copper Millions (1971).mkv", ""),
    ("Rocket Boys Return (1988).mkv", ""),
    ("House of the River (1969).mkv", ""),
    ("Wolf Son (2018).mkv", ""),
    ("Mirror (1990).mkv", ""),
    ("Seven Lanterns (1955).mkv", ""),
    ("Steps 108 (1991).mkv", ""),
    ("Le Pont du Nord 1966.mkv", ""),
    ("Pont (1981).mkv", ""),
    ("Marble Hall (1979).mkv", ""),
    ("Lanterns (1955).mkv", ""),
    ("Copper.Mill.Final.Voyage.mkv", ""),
    ("Copper Mill Final Voyage (1971).mkv", ""),
    ("Copper Mill (Smith Cut) 1971/Copper Mill.mkv", "a1"),
    ("Rocket.Boys.Part2.1977.mkv", ""),
    ("Marble.1979.Theatrical.Directors.Cut.mkv", "?"),
]


@pytest.fixture(scope="module", params=["without", "with"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Matches:
    """All names in one folder, with and without guessit."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "without":
            patch.setattr(guess, "is_installed", lambda: False)
        elif not guess.is_installed():
            pytest.skip("guessit is not installed")
        folder = tmp_path_factory.mktemp("names")
        for path, _ in NAMES:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).touch()
        return match_media(folder, TITLES)


@pytest.mark.parametrize(("path", "title"), NAMES, ids=[n for n, _ in NAMES])
def test_names_of_every_kind(found: Matches, path: str, title: str) -> None:
    path = str(Path(path))
    got = [t for t, rows in found.by_title.items() if any(c.path == path for c in rows)]
    assert (got, path in found.ambiguous) == ([title] if title not in ("", "?") else [], title == "?")
