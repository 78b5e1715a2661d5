"""Marks in file names: identifiers, episode numbers, parts, and what is no film at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import Any

from mmdia.corpus.spelling import ARTICLES, extra_of, words
from mmdia.schema.title import Title

#: Where an episode stands in its series: season and episode, number through all seasons, or day.
Place = tuple[int, int] | int | str

_IMDB = re.compile(r"(?<![a-z0-9])tt(\d{7,9})(?!\d)", re.IGNORECASE)
_OTHER_ID = re.compile(r"(?<![a-z0-9])(tmdb|tvdb)(?:id)?[-=_: ](\d+)", re.IGNORECASE)

_SEASON = r"(?:season|series|staffel|saison|temporada|stagione|seizoen|säsong|sezon)"
_EPISODE = r"(?:episode|épisode|episodio|folge|aflevering|avsnitt|odcinek|ep)"
_NUMBERED = [
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<![a-z0-9])s(\d{1,2})[ ._-]*(?:ep?)[ ._]?(\d{1,3})(?!\d)",
        r"(?<![a-z0-9])s?(\d{1,2})x(\d{2,3})(?!\d)(?<!x264)(?<!x265)",
        rf"(?<![a-z0-9]){_SEASON}[ ._-]*(\d{{1,2}})[ ._,-]*(?:{_EPISODE}|e)[ ._-]*(\d{{1,3}})(?!\d)",
        r"第\s*(\d{1,2})\s*[季期]\s*第?\s*(\d{1,3})\s*[集話话回]",
        r"(?<![a-z0-9])s(?:eason[ ._]*)?(\d{1,2})[ ._]*-[ ._]*(\d{2,3})(?:v\d)?(?=[ ._\[(]|$)",
        r"(?<!\d)(\d)(?:st|nd|rd|th)[ ._]season[ ._]*-[ ._]*(\d{1,3})(?:v\d)?(?=[ ._\[(]|$)",
    )
]
#: What may follow the first number of a file with several episodes: "E02", "-E06", "-14", "x02".
_MORE = re.compile(
    r"(?:[ ._]*(-|to|bis)[ ._]*(?:s\d{1,2})?[ ._]*ep?|(-)(?:\d{1,2}x)?|"
    r"[ ._]*[+&]?[ ._]*(?:s\d{1,2})?ep?|x|[+&])"
    r"(\d{2,3})(?![0-9pi])",
    re.IGNORECASE,
)
_FOLDER = re.compile(rf"(?:(?<![a-z0-9])(?:{_SEASON}|s)|第)[ ._-]*(\d{{1,2}})\s*季?$", re.IGNORECASE)
_IN_FOLDER = (
    re.compile(rf"(?:^|[ ._-])(?:e|{_EPISODE})[ ._-]*(\d{{1,3}})(?![0-9])", re.IGNORECASE),
    re.compile(r"^(\d{1,3})(?![0-9])"),
    re.compile(r" - (\d{1,3})(?= - |$)"),
)
_SEASONLESS = (
    re.compile(r"(?<=[\s_])-[ _]?(\d{2,4})(?:v\d)?(?=[\s_\[(]|$)"),
    re.compile(r"第\s*(\d{1,3})\s*[集話话回]"),
    re.compile(rf"(?<![a-z0-9]){_EPISODE}[ ._]*(\d{{1,3}})(?!\d)", re.IGNORECASE),
    re.compile(r"(?<![a-z0-9])e(\d{2,3})(?!\d)", re.IGNORECASE),
)
#: "show 14v2 [1080p]": a bare number before what is about the copy.
_BARE = re.compile(r"(?<=[\s_#])(?!(?:19|20)\d\d)(\d{2,4})(?:v\d)?(?=[\s_]*[\[(]|$)")
#: "show part two", "show (2 of 3)".
_PIECE = re.compile(
    r"(?<![a-z0-9])(?:(?:part|pt|teil|partie|parte|deel|del|chapter|kapitel)[ ._-]*(\d{1,2}|[a-z]+)|"
    r"(\d{1,2})[ ._]?of[ ._]?\d{1,2})(?![a-z0-9])",
    re.IGNORECASE,
)
#: "2021.03.14", "20210314", "14.03.2021".
_DAYS = (
    re.compile(r"(?<!\d)((?:19|20)\d\d)[ ._-]?(\d\d)[ ._-]?(\d\d)(?!\d)"),
    re.compile(r"(?<!\d)(\d\d)[ ._-](\d\d)[ ._-]((?:19|20)\d\d)(?!\d)"),
)
#: A year beside a name; a later one is part of it ("2049").
_YEAR = re.compile(r"(?<=[\s._(\[-])((?:19\d|20[0-3])\d)(?=[\s._)\]-]|$)")
#: "show.102": season 1, episode 2.
_JOINED = re.compile(r"(?<=[ ._-])(1?\d)(\d{2})(?=[ ._-]|$)")

_PART = re.compile(r"(cd|disc|disk|part|pt|teil|partie|parte|tape)(\d{1,2})?")
_ROMAN = {"i": 1, "v": 5, "a": 1, "b": 2, "c": 3}

#: A longer range of episodes than this is a whole season, which no title is.
_LONGEST_RANGE = 6

#: Words about a copy that are words of names, too: only what follows tells ("Final Cut", "Final Voyage").
_EITHER = frozenset(
    "extended unrated uncut directors director theatrical proper limited internal multi dual sub edition "
    "cut final open matte criterion collection anniversary special german french spanish italian english "
    "japanese korean chinese russian complete version original restored restoration disc disk redux "
    "roadshow assembly sample trailer teaser".split()
)
_ORDINARY = _EITHER | {"collectors", "ultimate", "digital", "digitally", "deluxe"}
#: Words that end the name of a film in a file name: what follows is about the copy.
_TECHNICAL = _EITHER | frozenset(
    "2160p 1440p 1080p 1080i 720p 576p 576i 540p 480p 360p 4k 8k uhd hdr hdr10 sdr dv bluray blu bd brrip "
    "bdrip bdremux remux dvd dvd5 dvd9 dvdrip dvdscr dvdr webrip web webdl hdtv hdrip pdtv sdtv tvrip "
    "vhsrip vhs cam x264 x265 h264 h265 h 264 265 hevc avc av1 vp9 mpeg2 xvid divx aac ac3 eac3 dts dd ddp "
    "dd5 truehd atmos flac opus mp3 10bit 8bit hi10p remastered repack rerip dubbed dub subbed subs pal "
    "ntsc cd imax eng ger fra ita jpn imdb imdbid tmdb tmdbid tvdb tvdbid featurette nf amzn dsnp hmax "
    "atvp yify yts rarbg bw colorized 3d hsbs sbs dc workprint".split()
)
#: Words that name the edition of what a film shows; a restoration of it is none.
_EDITIONS = {
    word: row.split()[0]
    for row in (
        "extended langfassung longue|unrated|uncut uncensored|director directors dc|theatrical kinofassung|"
        "final|imax|ultimate|special|redux|assembly|workprint|roadshow|producer producers"
    ).split("|")
    for word in row.split()
}

_EXTRA_FOLDERS = frozenset(
    "extras|extra|bonus|bonus features|special features|featurettes|featurette|behind the scenes|"
    "deleted scenes|interviews|trailers|trailer|sample|samples|proof|making of".split("|")
)
#: Names that people also give to folders of real films; only below a film's folder they mean extras.
_EXTRA_SUBFOLDERS = frozenset({"shorts", "scenes", "other", "clips", "backdrops"})
#: Endings that players know ("Heat-trailer"); "short" ends real names, too, so the hyphen counts.
_EXTRA_SUFFIX = re.compile(
    r"-(?:behindthescenes|deleted|featurette|interview|scene|short|trailer|teaser|other|sample|clip|theme)"
    r"(?:[-_. ]?\d{1,2})?$",
    re.IGNORECASE,
)
_EXTRA_WORDS = frozenset("sample trailer teaser featurette featurettes trailers bloopers".split())
_EXTRA_PHRASE = re.compile(
    r"\b(?:making of|behind the scenes|deleted scenes?|gag reel|interviews? with|cast interviews?)\b"
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Season and episodes that a path names.

    Attributes:
        season: None when only episodes are counted.
        episodes: One, or several for a file that holds several.
        before: The file's name up to the numbers: the series, when the name says it.
        sure: Whether the numbers are written as such (S01E02), not a bare number.
        part: Whether the number is that of a part ("part two").
        end: Where the numbers end in the name.
    """

    season: int | None
    episodes: tuple[int, ...]
    before: str
    sure: bool = True
    part: bool = False
    end: int = 0


def imdb_ids(text: str) -> frozenset[str]:
    """IMDb ids in a text, in the plain form of seven digits or more."""
    return frozenset(f"tt{int(m[1]):07d}" for m in _IMDB.finditer(text))


def ids_in(text: str) -> frozenset[str]:
    """All identifiers in a text: ``tt0078748``, ``tmdb:348``, ``tvdb:1234``."""
    return imdb_ids(text) | {f"{m[1].lower()}:{int(m[2])}" for m in _OTHER_ID.finditer(text)}


def ids_of(title: Title) -> frozenset[str]:
    """Identifiers of a title."""
    extra = extra_of(title)
    found = imdb_ids(title.imdb_id or "")
    found |= imdb_ids(title.title_id) if title.title_id.startswith("tt") else frozenset()
    return found | {f"{k}:{extra[f'{k}_id']}" for k in ("tmdb", "tvdb") if f"{k}_id" in extra}


def places_of(title: Title) -> list[Place]:
    """Where an episode stands in its series: season and number, number through all seasons, day."""
    number = None if title.season is None or title.episode is None else (title.season, title.episode)
    if title.series is None and number is None:
        return []
    extra = extra_of(title)
    absolute = title.absolute_episode or extra.get("absolute") or extra.get("absolute_number")
    found = (number, absolute if isinstance(absolute, int) else None, (title.air_date or "")[:10])
    return [place for place in found if place]


def numbers_of(path: PurePath) -> Numbers | None:
    """Season and episodes that a path names, or None."""
    return next(readings(path), None)


def readings(path: PurePath) -> Iterator[Numbers]:
    """Every way to read season and episodes in a path; one alone where they are written as such."""
    stem = path.stem
    for form in _NUMBERED:
        if m := form.search(stem):
            episodes, end = _episodes(stem, m.end(), int(m[2]))
            yield Numbers(int(m[1]), episodes, stem[: m.start()], end=end)
            return
    if (season := _season_of(path.parent.name)) is not None:
        for form in _IN_FOLDER:
            if m := form.search(stem):
                episode = int(m[1])
                if episode >= 100 and episode // 100 == season:
                    episode %= 100
                episodes, end = _episodes(stem, m.end(), episode)
                yield Numbers(season, episodes, stem[: m.start()], end=end)
                return
    for form in (*_SEASONLESS, _BARE):
        if m := form.search(stem):
            yield Numbers(None, (int(m[1]),), stem[: m.start()].rstrip(" -_#"), sure=False)
            break
    if m := _JOINED.search(stem):
        yield Numbers(int(m[1]), (int(m[2]),), stem[: m.start()], sure=False)
    for m in _PIECE.finditer(stem):
        number = part_of(("part", *words(m[1] or m[2])))
        if number is not None:
            yield Numbers(None, (number,), stem[: m.start()].rstrip(" -(["), sure=False, part=True)


def dates_of(stem: str) -> Iterator[tuple[str, str]]:
    """Days that a name tells (``2021-03-14``), with the name up to them; 03.04.2021 may be two."""
    for k, form in enumerate(_DAYS):
        for m in form.finditer(stem):
            orders = [(m[1], m[2], m[3])] if k == 0 else [(m[3], m[2], m[1]), (m[3], m[1], m[2])]
            yield from (("-".join(order), stem[: m.start()]) for order in orders)


def name_facts(stem: str) -> dict[str, Any]:
    """What a file's name tells of its title: fields of `Title`; empty where it bears no mark of one.

    A year or the number of an episode is such a mark; what stands before is the name of the film or
    series, and what follows the number, up to the first word about the copy, that of the episode.

    >>> name_facts("The.Cold.Kettle.2011.720p")
    {'kind': 'movie', 'name': 'The Cold Kettle', 'year': 2011}
    >>> name_facts("Show.S01E02.Pilot.1080p")
    {'kind': 'episode', 'series': 'Show', 'season': 1, 'episode': 2, 'name': 'Pilot'}
    """
    numbers = next((n for n in readings(PurePath(stem)) if n.sure and n.season is not None), None)
    before = stem if numbers is None else numbers.before
    # The last year, "2001 (1968)", where nothing but marks of the copy follow: "meeting_2015_a" tells none.
    years = [
        m
        for m in _YEAR.finditer(before)
        if before[m.start() - 1] in "([" or about_copy(words(before[m.end() :]))
    ]
    year = years[-1] if years else None
    name = _told(before if year is None else before[: year.start()])
    found: dict[str, Any] = {}
    if numbers is not None:
        found = {
            "kind": "episode",
            "series": name,
            "season": numbers.season,
            "episode": numbers.episodes[0],
        }
        found["name"] = _told(stem[numbers.end :])
    elif year is not None and name:
        found = {"kind": "movie", "name": name}
    if year is not None and name:
        found["year"] = int(year[1])
    return {key: value for key, value in found.items() if value is not None}


def _told(text: str) -> str | None:
    """A name as people write it, up to the first word that is about the copy."""
    kept = []
    for word in re.split(r"[\s._]+", re.sub(r"[\[({].*?[\])}]", " ", text)):
        plain = words(word)
        if plain and plain[0] not in _ORDINARY and may_follow(plain[0]):
            break
        kept.append(word)
    return " ".join(kept).strip(" -_,([{") or None


def _season_of(folder: str) -> int | None:
    if m := _FOLDER.search(folder):
        return int(m[1])
    return 0 if folder.casefold() == "specials" else None


def _episodes(stem: str, at: int, first: int) -> tuple[tuple[int, ...], int]:
    """The first episode, those that follow it at once (E01E02, E01-E02, 1x01-02), and where they end."""
    found = [first]
    while m := _MORE.match(stem, at):
        last = int(m[3])
        is_range = bool(m[1] or m[2])
        if last <= found[-1] or last - first >= _LONGEST_RANGE or (not is_range and last != found[-1] + 1):
            break
        found += range(found[-1] + 1, last + 1) if is_range else [last]
        at = m.end()
    return tuple(found), at


def part_of(rest: Sequence[str]) -> int | None:
    """Number of the part that the words after a film's name tell (``cd1``, ``part 2``, ``pt i``).

    Args:
        rest: Words of the name after the title's, as `names.words` gives them.
    """
    for k, word in enumerate(rest):
        m = _PART.fullmatch(word)
        if m is None:
            continue
        number = m[2] or (rest[k + 1] if k + 1 < len(rest) else "")
        if number.isdecimal() and 1 <= int(number) <= 20:
            return int(number)
        if number in _ROMAN:
            return _ROMAN[number]
    return None


def may_follow(word: str) -> bool:
    """Whether a word is about the copy, and so ends the name of a film."""
    return word in _TECHNICAL or part_of((word,)) is not None


def about_copy(rest: Sequence[str]) -> bool:
    """Whether the words after a name are about the copy, and not the rest of a longer name.

    Args:
        rest: Those words; what follows a technical one is anything (the group that made the copy).
    """
    for word in rest:
        if word not in _ORDINARY and len(word) > 3 and not word.isdecimal():
            return may_follow(word)
    return not rest or may_follow(rest[0]) or part_of(rest[:2]) is not None


def editions_of(title: Title) -> frozenset[str]:
    """What names the edition of a title: "director", "extended"; nothing for one that names none."""
    found = words(title.edition or "")
    return frozenset(_EDITIONS.get(w, w) for w in found if w in _EDITIONS or not _is_common(w))


def told_editions(rest: Sequence[str], wanted: frozenset[str]) -> frozenset[str]:
    """The editions that words beside a title name; "X cut" is one, whatever X."""
    cuts = {a for a, b in pairwise(rest) if b == "cut" and not _is_common(a) and a not in ARTICLES}
    return frozenset(_EDITIONS.get(w, w) for w in rest if w in _EDITIONS or w in cuts or w in wanted)


def _is_common(word: str) -> bool:
    return may_follow(word) or word.isdecimal()


def part_folder(path: PurePath) -> int | None:
    """Number of the part that a file's own folder names (``Film/CD1/film.avi``)."""
    m = re.fullmatch(r"(?:cd|disc|disk|part|pt|teil)[ ._-]*(\d{1,2})", path.parent.name.casefold())
    return None if m is None else int(m[1])


def in_extras(path: PurePath, *, known: Callable[[str], bool] = lambda _: False) -> bool:
    """Whether a path lies in a folder for samples, trailers and other extras, as players name them.

    Args:
        path: Path relative to the media folder.
        known: Whether a folder's name is that of a title ("Extras" is a series, too).
    """
    folders = [part.casefold() for part in path.parts[:-1]]
    named = any(folder in _EXTRA_FOLDERS and not known(folder) for folder in folders)
    return named or any(folder in _EXTRA_SUBFOLDERS and not known(folder) for folder in folders[1:])


def is_extra(stem: str, rest: Sequence[str]) -> bool:
    """Whether a name is that of a sample, a trailer or another extra.

    Args:
        stem: The file's name without its ending.
        rest: Its words; only those after the title's when it begins with one ("The Big Short" is a
            film, and "Trailer Park Boys" a series).
    """
    named = not _EXTRA_WORDS.isdisjoint(rest) or _EXTRA_PHRASE.search(" ".join(rest)) is not None
    return bool(rest) and (named or bool(_EXTRA_SUFFIX.search(stem)))
