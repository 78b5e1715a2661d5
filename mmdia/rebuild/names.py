"""What a file's path says about the title it holds, constrained by the catalogue.

Free parsing of release names goes wrong on films whose names hold numbers ("12 Angry Men",
"2001"). Here a name is only compared with titles that exist: the title's words must open the
name, and what follows must be its year, a technical word, or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from mmdia.corpus.spelling import ARTICLES, FOREIGN, loose, moved_article, names_of, own_names, words
from mmdia.corpus.tags import (
    Numbers,
    Place,
    about_copy,
    dates_of,
    editions_of,
    ids_in,
    ids_of,
    may_follow,
    numbers_of,
    part_folder,
    part_of,
    places_of,
    readings,
    told_editions,
)
from mmdia.schema.names import safe_name
from mmdia.schema.title import Title

#: Strength of a match, by kind of evidence; the user's map is stronger than all.
RANK_MAP, RANK_ID, RANK_YEAR, RANK_NEAR, RANK_NAME, RANK_GUESS, RANK_ONLY = 9, 6, 5, 4, 3, 2, 0

_YEAR = re.compile(r"(?:19|20)\d\d")
_COUNTRIES = frozenset("us uk usa gb au ca nz de fr es it jp kr".split())
#: Countries beside a year ("Spain 2016"); without one they may be part of another name.
_NATIONS = frozenset(
    "usa uk america britain england france germany austria switzerland italy spain portugal netherlands "
    "belgium sweden norway denmark finland russia poland japan china korea india iran mexico brazil "
    "argentina canada".split()
)
#: Words before a number that may be that of a sequel as well as that of a piece of one film.
_SEQUEL = re.compile(r"(?:part|pt|teil|partie|parte)(\d*)")
#: A loose spelling shorter than this (letters) is met by chance; a longer one needs no year beside it.
_SHORTEST, _LONG = 6, 10

#: Names of main files that say nothing, in folders that do.
_GENERIC = frozenset("movie film video main title feature vts index 00000 00800".split())


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How well a path fits a title; a higher rank is better evidence.

    Attributes:
        how: id, nfo, episode, name or guess.
        rank: One of the RANK constants.
        length: Letters of the name that matched: the longer title wins among equals.
        says: The evidence in words.
        part: Part number that the name tells, when it does.
        rest: Words of the name after the title's.
        edition: 2 when the name says just the title's edition, 1 when that and more, -1 when it says
            another one, else 0.
        several: Whether the file holds other titles, too (double episodes).
    """

    how: str
    rank: int
    length: int = 0
    says: str = ""
    part: int | None = None
    rest: tuple[str, ...] = ()
    edition: int = 0
    several: bool = False

    @property
    def strength(self) -> tuple[int, int]:
        """For comparing titles that fit one file."""
        return self.rank, self.length


Hits = dict[str, NameMatch]
_Found = Iterator[tuple[str, NameMatch]]
_Show = dict[Place, list[str]]
_Table = dict[str, list[tuple[str, bool]]]


class NameIndex:
    """The names, numbers and identifiers of a catalogue, ready to be looked up."""

    def __init__(self, titles: Mapping[str, Title]) -> None:
        self.titles = titles
        self._ids: dict[str, list[str]] = {}
        self._stems: dict[str, str] = {}
        self._films: _Table = {}
        self._loose: _Table = {}
        self._names: dict[str, set[str]] = {}
        self._shows: dict[str, _Show] = {}
        for title_id, title in titles.items():
            self._add(title_id, title)

    def _add(self, title_id: str, title: Title) -> None:
        for stem in (title_id, safe_name(title_id)):
            self._stems.setdefault(stem.casefold(), title_id)
        for one in ids_of(title):
            self._ids.setdefault(one, []).append(title_id)
        if places := places_of(title):
            names = own_names(title, title.series or title.name)
            for key in {key for name in names for key in _show_keys(words(name))}:
                for place in places:
                    self._shows.setdefault(key, {}).setdefault(place, []).append(title_id)
            return
        for name, short in names_of(title):
            found = words(name)
            if key := "".join(found):
                self._films.setdefault(key, []).append((title_id, short))
                self._names.setdefault(title_id, set()).add(key)
                self._loose.setdefault(loose(found), []).append((title_id, short))

    def knows(self, name: str) -> bool:
        """Whether this is the whole name of a title or a series."""
        key = "".join(words(name))
        return key in self._films or key in self._shows

    def find(self, path: PurePath, *, alone: bool = True) -> Hits:
        """The titles that a path may mean, each with its best match.

        Args:
            path: Path relative to the media folder.
            alone: Whether no other film lies in its folder, so that the folder's name is the file's.
        """
        numbers = numbers_of(path)
        hits = self.by_ids(ids_in(path.stem), numbers, "in the file's name")
        own = self._stems.get(path.stem.casefold())
        if own is not None:
            _keep(hits, [(own, NameMatch("id", RANK_ID, says="the file is named by the title's id"))])
        above = list(path.parents)[part_folder(path) is not None :]
        places = [p.name for p in above[:2] if p.name]
        for place in places:
            _keep(hits, self.by_ids(ids_in(place), numbers, "in the folder's name").items())
        if hits:
            return self.dressed(hits, path)
        for day, before in dates_of(path.stem):
            for text in (before, *places):
                _keep(hits, self._aired(text, day))
        if hits:
            return hits
        for reading in readings(path):
            for text in (reading.before, *places):
                _keep(hits, self._episodes(text, reading))
        if numbers is not None and numbers.sure:
            return hits
        _keep(hits, self._named(path.stem).items())
        return self.dressed(self._with_folders(hits, path, places[:1], alone=alone), path)

    def by_ids(self, ids: Iterable[str], numbers: Numbers | None, where: str, how: str = "id") -> Hits:
        """The titles of identifiers; an id of a series needs the number of the episode, too."""
        hits: Hits = {}
        for one in sorted(ids):
            sharing = self._ids.get(one, [])
            for title_id in sharing:
                title = self.titles[title_id]
                several = False
                if numbers is not None and title.season is not None and (numbers.sure or len(sharing) > 1):
                    if title.episode not in numbers.episodes or numbers.season not in (title.season, None):
                        continue
                    several = len(numbers.episodes) > 1
                match = NameMatch(how, RANK_ID, says=f"id {one} {where}", several=several)
                _keep(hits, [(title_id, match)])
        return hits

    def _shows_in(self, text: str) -> Iterator[tuple[int, _Show]]:
        """Series that a text names, with the letters of their names."""
        for variant, sure in _variants(text) if text else ():
            found = words(variant)
            for k in range(1, min(len(found), 24) + 1) if sure else ():
                rest = found[k:]
                if not all(may_follow(w) or w in _COUNTRIES or w.isdecimal() for w in rest):
                    continue
                if key := next((key for key in _show_keys(found[:k]) if key in self._shows), None):
                    yield len(key), self._shows[key]

    def _aired(self, text: str, day: str) -> _Found:
        for length, show in self._shows_in(text):
            for title_id in show.get(day, ()):
                yield title_id, NameMatch("episode", RANK_YEAR, length, f"series and day {day} agree")

    def _episodes(self, text: str, numbers: Numbers) -> _Found:
        rank, several = RANK_YEAR if numbers.sure else RANK_NAME, len(numbers.episodes) > 1
        for length, show in self._shows_in(text):
            if numbers.part and any(isinstance(place, tuple) and place[0] != 1 for place in show):
                continue  # part 2 of which season?
            for episode in numbers.episodes:
                for title_id, says in self._numbered(show, numbers.season, episode):
                    yield title_id, NameMatch("episode", rank, length, says, several=several)

    def _numbered(self, show: _Show, season: int | None, episode: int) -> Iterator[tuple[str, str]]:
        """Titles of a series with this number, with what agrees."""
        if season is not None:
            for title_id in show.get((season, episode), ()):
                yield title_id, f"series, season {season} and episode {episode} agree"
            if (season, episode) in show:
                return
        for title_id in show.get(episode, ()):
            if season is None or self.titles[title_id].season == season:
                yield title_id, f"series and episode {episode}, counted through all seasons, agree"
        if season is None:
            for title_id in show.get((1, episode), ()):
                yield title_id, f"series and episode {episode} agree; no season is named"

    def _named(self, text: str) -> Hits:
        hits: Hits = {}
        opened = [
            (found[:k], found[k:], sure)
            for variant, sure in _variants(text)
            for found in [words(variant)]
            for k in range(1, min(len(found), 24) + 1)
        ]
        for name, rest, sure in opened:
            key = "".join(name)
            _keep(hits, self._judged(key, rest, sure=sure))
            if rest and rest[0] in FOREIGN:  # "Himmel über Berlin Der 1987"
                _keep(hits, self._judged(rest[0] + key, rest[1:], sure=sure))
        for name, rest, sure in opened if not hits else ():
            if len(key := loose(name)) >= _SHORTEST:
                _keep(hits, self._judged_loosely(key, rest, sure=sure))
        return hits

    def _judged(self, key: str, rest: tuple[str, ...], *, sure: bool) -> _Found:
        for title_id, short in self._films.get(key, ()):
            own, year = self._names[title_id], self.titles[title_id].year
            if (match := _judge(key, rest, year, own, sure=sure and not short)) is not None:
                yield title_id, match

    def _judged_loosely(self, key: str, rest: tuple[str, ...], *, sure: bool) -> _Found:
        for title_id, short in self._loose.get(key, ()):
            own, year = self._names[title_id], self.titles[title_id].year
            match = _judge(key, rest, year, own, sure=False)
            if match is None and sure and not short and len(key) >= _LONG:
                match = _judge(key, rest, year, own, sure=True)
                if match is None or match.rank != RANK_NAME:
                    continue  # another year beside another spelling
                match = replace(match, rank=RANK_GUESS)
            if match is not None:
                yield title_id, replace(match, says=f"{match.says}, spelled otherwise")

    def _with_folders(self, hits: Hits, path: PurePath, places: list[str], *, alone: bool) -> Hits:
        """The folder's name, where the file's own says nothing or leaves a choice."""
        stem = words(path.stem)
        plain = alone or not stem or stem[0] in _GENERIC or (part_of(stem) or part_folder(path)) is not None
        for place in places:
            for t, m in self._named(place).items():
                if (hits and t not in hits) or (not hits and m.rank < RANK_NEAR and not plain):
                    continue
                rest = hits[t].rest if t in hits else stem
                _keep(hits, [(t, replace(m, says=f"{m.says}, by the folder's name", rest=rest))])
        return hits

    def dressed(self, hits: Hits, path: PurePath) -> Hits:
        """The same with parts and editions, which the words beside the title tell."""
        stem = words(path.stem)
        for title_id, match in hits.items():
            title = self.titles[title_id]
            own = set(words(title.name or ""))
            rest = match.rest or tuple(w for w in stem if w not in own)
            wanted = editions_of(title)
            told = told_editions(rest, wanted)
            folder = words(path.parent.name)
            if not told and "".join(folder).startswith(tuple(self._names.get(title_id, ()))):
                told = told_editions(tuple(w for w in folder if w not in own), wanted)
            default = told == {"theatrical"} and not wanted
            edition = 1 + (told == wanted) if told & wanted else -bool(told) * (not default)
            part = part_of(rest) or part_folder(path)
            hits[title_id] = replace(match, rest=rest, part=part, edition=edition)
        return hits


def _show_keys(found: tuple[str, ...]) -> list[str]:
    """What the words of a series are looked up by, the sure spelling before the loose one."""
    key = loose(found)
    return ["".join(found), *([f"~{key}"] if len(key) >= _LONG else [])] if found else []


def _keep(hits: Hits, found: Iterable[tuple[str, NameMatch]]) -> None:
    for title_id, match in found:
        if title_id not in hits or match.strength > hits[title_id].strength:
            hits[title_id] = match


def _variants(text: str) -> Iterator[tuple[str, bool]]:
    """The text, and what is left of it without a group, a number or a year in front.

    With each, whether a bare name in it counts; else the year must stand beside it.
    """
    bare = re.sub(r"^(?:\s*[\[【(][^\]】)]*[\]】)])+[ ._-]*", "", text)
    for one in dict.fromkeys((text, bare)):
        yield one, True
        if (moved := moved_article(one)) is not None:
            yield moved, True
    for inside in re.findall(r"[\[【]([^\]】]+)[\]】]", text) if bare != text else ():
        yield f"{inside} {' '.join(_YEAR.findall(bare)[-1:])}", False
    if (m := re.match(r"\s*[(\[]?((?:19|20)\d\d)[)\]]?[ ._-]+(.+)", text)) and not _YEAR.search(m[2]):
        yield f"{m[2]} {m[1]}", False
    if m := re.match(r"\s*\d{1,3}[ ._-]+(.+)", text):
        yield m[1], False
    if m := re.match(r"www\.[\w-]+\.\w{2,4}[ ._-]+(.+)", text, re.IGNORECASE):
        yield m[1], True
    for piece in re.split(r"\s[-–]\s", text)[1:]:
        yield piece, False
    year = " ".join(_YEAR.findall(text)[-1:])
    pieces = re.split(r"[ ._(\[]+(?:aka|a\.k\.a\.?)[ ._]+", text, flags=re.IGNORECASE)
    if len(pieces) > 1:
        yield f"{pieces[0]} {year}", True
        yield from ((piece, True) for piece in pieces[1:])


def _judge(
    key: str, rest: tuple[str, ...], year: int | None, names: Collection[str], *, sure: bool
) -> NameMatch | None:
    """What the words after a name say: its year, about the copy, or that it is another film."""
    if rest and rest[0] in ARTICLES:  # "Matrix, The (1999)"
        rest = rest[1:]
    for k in range(min(len(rest), 16), 0, -1):  # "Spirited Away - 千と千尋の神隠し (2001)"
        if "".join(rest[:k]) in names and not rest[k - 1].isdecimal():
            rest = rest[k:]
            break
    exact = False  # whether only the very year tells it from another film
    while len(rest) > 1 and (rest[0] in _NATIONS or rest[0] == "1"):
        rest, exact = rest[1:], True
    told = next((int(w) for w in rest if _YEAR.fullmatch(w)), None)
    piece = _SEQUEL.fullmatch(rest[0]) if rest and part_of(rest[:2]) is not None else None
    exact = exact or (piece is not None and (told is not None or not piece[1]))
    if exact and (told is None or told != year):
        return None
    bare = NameMatch("name", RANK_NAME, len(key), "the name agrees", rest=rest) if sure else None
    if rest and _YEAR.fullmatch(rest[0]):
        return bare if year is None else _by_year(key, rest, int(rest[0]), year, sure=sure)
    if rest and not about_copy(rest if told is None else rest[: rest.index(str(told))]):
        return None
    found = None if told is None or year is None else _by_year(key, rest, told, year, sure=sure)
    return found or bare  # a year behind other words may be that of a restoration


def _by_year(key: str, rest: tuple[str, ...], told: int, year: int, *, sure: bool) -> NameMatch | None:
    if told == year:
        rank = RANK_YEAR if sure else RANK_NEAR
        return NameMatch("name", rank, len(key), f"name and year {year} agree", rest=rest)
    if abs(told - year) == 1 and sure:
        # Release years differ by one between countries.
        says = f"the name agrees, the year is {told} for {year}"
        return NameMatch("name", RANK_NEAR, len(key), says, rest=rest)
    return None
