"""What a file's path says about the title it holds, constrained by the catalogue.

Free parsing of release names goes wrong on films whose names hold numbers ("12 Angry Men",
"2001"). Here a name is only compared with titles that exist: the title's words must open the
name, and what follows must be its year, a technical word, or nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath

from mmdia.rebuild.tags import Numbers, ids_in, imdb_ids, numbers_of, part_folder, part_of
from mmdia.schema.names import safe_name
from mmdia.schema.title import Title

#: Strength of a match, by kind of evidence; the user's map is stronger than all.
RANK_MAP, RANK_ID, RANK_YEAR, RANK_NEAR, RANK_NAME, RANK_GUESS, RANK_ONLY = 9, 6, 5, 4, 3, 2, 0

_ARTICLES = frozenset({"the", "a", "an"})
_YEAR = re.compile(r"(?:19|20)\d\d")
_COUNTRIES = frozenset("us uk usa gb au ca nz de fr es it jp kr".split())

#: Words that end the name of a film in a file name: what follows is about the copy.
_TECHNICAL = frozenset(
    "2160p 1440p 1080p 1080i 720p 576p 576i 540p 480p 360p 4k 8k uhd hdr hdr10 sdr dv bluray blu bd "
    "brrip bdrip bdremux remux dvd dvd5 dvd9 dvdrip dvdscr dvdr webrip web webdl hdtv hdrip pdtv sdtv "
    "tvrip vhsrip vhs cam x264 x265 h264 h265 h 264 265 hevc avc av1 vp9 mpeg2 xvid divx aac ac3 eac3 "
    "dts dd ddp dd5 truehd atmos flac opus mp3 10bit 8bit hi10p extended unrated uncut directors "
    "director theatrical remastered restored restoration proper repack rerip limited internal multi "
    "dual dubbed dub subbed subs sub pal ntsc cd disc disk part pt teil cd1 cd2 cd3 disc1 disc2 part1 "
    "part2 pt1 pt2 edition cut final imax open matte criterion collection anniversary special german "
    "french spanish italian english japanese korean chinese russian eng ger fra ita jpn imdb imdbid "
    "tmdb tmdbid tvdb tvdbid sample trailer teaser featurette complete nf amzn dsnp hmax atvp yify "
    "yts rarbg bw colorized 3d hsbs sbs version original".split()
)

#: Words of an edition; a file that has some which the title's edition lacks is another cut.
_EDITIONS = frozenset(
    "extended unrated uncut directors theatrical final imax ultimate special redux".split()
)

#: Names of main files that say nothing, in folders that do.
_GENERIC = frozenset(
    {"movie", "film", "video", "main", "title", "feature", "vts", "index", "00000", "00800"}
)

_DIGITS = "one two three four five six seven eight nine ten eleven twelve".split()
_SAME_WORD = {
    **{word: str(n) for n, word in enumerate(_DIGITS, 1)},
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "volume": "vol",
}
#: Letters that do not decompose, as file names write them.
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ł": "l", "ð": "d", "þ": "th", "ı": "i"}
)
#: One run of one script: "千与千寻2001" is a name and a year.
_WORD = re.compile(r"[぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+|[^\W_぀-ヿ㐀-鿿가-힯豈-﫿ᄀ-ᇿ]+")


def words(text: str) -> tuple[str, ...]:
    """Words in small letters without accents and apostrophes, numbers as digits, no leading article."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = _WORD.findall(re.sub(r"['’‘`´·]", "", plain).replace("&", " and "))
    if len(found) > 1 and found[0] in _ARTICLES:
        found = found[1:]
    return tuple(_SAME_WORD.get(w, w) for w in found)


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
        edition: 1 when the name says the title's edition, -1 when it says another one, else 0.
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


class NameIndex:
    """The names, numbers and identifiers of a catalogue, ready to be looked up."""

    def __init__(self, titles: Mapping[str, Title]) -> None:
        self.titles = titles
        self._ids: dict[str, list[str]] = {}
        self._stems: dict[str, str] = {}
        self._films: dict[str, list[tuple[str, bool]]] = {}
        self._shows: dict[str, dict[tuple[int, int], list[str]]] = {}
        for title_id, title in titles.items():
            self._add(title_id, title)

    def _add(self, title_id: str, title: Title) -> None:
        for stem in (title_id, safe_name(title_id)):
            self._stems.setdefault(stem.casefold(), title_id)
        for one in _ids_of(title):
            self._ids.setdefault(one, []).append(title_id)
        if title.season is not None and title.episode is not None:
            for name in _spellings(title.series or title.name or ""):
                show = self._shows.setdefault("".join(words(name)), {})
                show.setdefault((title.season, title.episode), []).append(title_id)
            return
        for name, short in _names_of(title):
            if key := "".join(words(name)):
                self._films.setdefault(key, []).append((title_id, short))

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
            _keep(hits, own, NameMatch("id", RANK_ID, says="the file is named by the title's id"))
        above = list(path.parents)
        if part_folder(path) is not None:
            above = above[1:]
        places = [p.name for p in above[:2] if p.name]
        for place in places:
            for t, m in self.by_ids(ids_in(place), numbers, "in the folder's name").items():
                _keep(hits, t, m)
        if hits:
            return self.dressed(hits, path)
        if numbers is not None:
            for text in (numbers.before, *places):
                for t, m in self._episodes(text, numbers).items():
                    _keep(hits, t, m)
            if numbers.sure:
                return hits
        for t, m in self._named(path.stem).items():
            _keep(hits, t, m)
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
                    if not _agrees(title, numbers):
                        continue
                    several = len(numbers.episodes) > 1
                _keep(hits, title_id, NameMatch(how, RANK_ID, says=f"id {one} {where}", several=several))
        return hits

    def _episodes(self, text: str, numbers: Numbers) -> Hits:
        hits: Hits = {}
        openings = [o for variant, sure in _variants(text) if sure for o in _openings(variant)]
        for key, rest in openings:
            show = self._shows.get(key)
            if show is None or not all(_may_follow(w) or w in _COUNTRIES or w.isdecimal() for w in rest):
                continue
            season = 1 if numbers.season is None else numbers.season
            for episode in numbers.episodes:
                for title_id in show.get((season, episode), []):
                    says = f"series, season {season} and episode {episode} agree"
                    if numbers.season is None:
                        says = f"series and episode {episode} agree; no season is named"
                    rank = RANK_YEAR if numbers.sure else RANK_NAME
                    match = NameMatch(
                        "episode", rank, len(key), says,
                        several=len(numbers.episodes) > 1,
                    )  # fmt: skip
                    _keep(hits, title_id, match)
        return hits

    def _named(self, text: str) -> Hits:
        hits: Hits = {}
        for variant, sure in _variants(text):
            for key, rest in _openings(variant):
                for title_id, short in self._films.get(key, []):
                    match = _judge(key, rest, self.titles[title_id].year, sure=sure and not short)
                    if match is not None:
                        _keep(hits, title_id, match)
        return hits

    def _with_folders(self, hits: Hits, path: PurePath, places: list[str], *, alone: bool) -> Hits:
        """The folder's name, where the file's own says nothing or leaves a choice."""
        stem = words(path.stem)
        plain = alone or not stem or stem[0] in _GENERIC or (part_of(stem) or part_folder(path)) is not None
        for place in places:
            for t, m in self._named(place).items():
                if (hits and t not in hits) or (not hits and m.rank < RANK_NEAR and not plain):
                    continue
                rest = hits[t].rest if t in hits else stem
                _keep(hits, t, replace(m, says=f"{m.says}, by the folder's name", rest=rest))
        return hits

    def dressed(self, hits: Hits, path: PurePath) -> Hits:
        """The same with parts and editions, which the words beside the title tell."""
        stem = words(path.stem)
        for title_id, match in hits.items():
            title = self.titles[title_id]
            own = set(words(title.name or ""))
            rest = match.rest or tuple(w for w in stem if w not in own)
            wanted = set(words(title.edition or ""))
            told = _EDITIONS.intersection(rest)
            edition = (1 if told & wanted else -1) if told else 0
            part = part_of(rest) or part_folder(path)
            hits[title_id] = replace(match, rest=rest, part=part, edition=edition)
        return hits


def match_name(path: PurePath, title: Title) -> NameMatch | None:
    """How a file's path fits one title, or None when it says nothing for it.

    Args:
        path: Path relative to the media folder.
        title: A title of the catalogue.
    """
    return NameIndex({title.title_id: title}).find(path).get(title.title_id)


def _keep(hits: Hits, title_id: str, match: NameMatch) -> None:
    if title_id not in hits or match.strength > hits[title_id].strength:
        hits[title_id] = match


def extra_of(title: Title) -> dict[str, object]:
    """Keys of a title that the schema does not know."""
    try:
        found = json.loads(title.extra) if title.extra else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ids_of(title: Title) -> frozenset[str]:
    found = imdb_ids(title.imdb_id or "") | (
        imdb_ids(title.title_id) if title.title_id.startswith("tt") else frozenset()
    )
    extra = extra_of(title)
    return found | {f"{k}:{extra[f'{k}_id']}" for k in ("tmdb", "tvdb") if f"{k}_id" in extra}


def _spellings(name: str) -> Iterator[str]:
    """A name, and the same with umlauts written out, as file names often have them."""
    yield name
    spelled = unicodedata.normalize("NFC", name)
    for letter, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa")):
        spelled = spelled.replace(letter, two).replace(letter.upper(), two.title())
    if spelled != unicodedata.normalize("NFC", name):
        yield spelled


def _names_of(title: Title) -> Iterator[tuple[str, bool]]:
    """Names of a film, with whether one is short for it (and needs the year beside it)."""
    extra = extra_of(title)
    names = [title.name or ""]
    for key in ("original_name", "original_title", "aka", "alternative_names", "alternative_titles"):
        value = extra.get(key)
        names += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
    for name in names:
        for spelled in _spellings(name):
            yield spelled, False
        for shorter in {*re.split(r"\s(?:/|aka|or)\s|\(|\)", name), re.split(r":\s|\s[-–]\s", name)[0]}:
            if shorter.strip() and shorter.strip() != name:
                yield shorter, True


def _openings(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every way to split a text's words into a name and a rest; the name without spaces.

    Without spaces "Spider-Man" and "Spiderman", "S.H.I.E.L.D." and "SHIELD" are the same.
    """
    found = words(text)
    for k in range(1, min(len(found), 24) + 1):
        yield "".join(found[:k]), found[k:]


def _variants(text: str) -> Iterator[tuple[str, bool]]:
    """The text, and what is left of it without a group, a number or a year in front.

    With each, whether a bare name in it counts; else the year must stand beside it.
    """
    yield text, True
    bare = re.sub(r"^(?:\s*[\[【(][^\]】)]*[\]】)])+[ ._-]*", "", text)
    if bare != text:
        yield bare, True
        for inside in re.findall(r"[\[【]([^\]】]+)[\]】]", text):
            yield f"{inside} {' '.join(_YEAR.findall(bare)[-1:])}", False
    if m := re.match(r"\s*[(\[]?((?:19|20)\d\d)[)\]]?[ ._-]+(.+)", text):
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


def _may_follow(word: str) -> bool:
    return word in _TECHNICAL or part_of((word,)) is not None


def _judge(key: str, rest: tuple[str, ...], year: int | None, *, sure: bool) -> NameMatch | None:
    """What the words after a name say: its year, about the copy, or that it is another film."""
    if rest and rest[0] in _ARTICLES:  # "Matrix, The (1999)"
        rest = rest[1:]
    bare = NameMatch("name", RANK_NAME, len(key), "the name agrees", rest=rest) if sure else None
    if not rest:
        return bare
    if _YEAR.fullmatch(rest[0]):
        if year is None:
            return bare
        return _by_year(key, rest, int(rest[0]), year, sure=sure)
    if not _may_follow(rest[0]):
        return None
    told = next((int(w) for w in rest if _YEAR.fullmatch(w)), None)
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


def _agrees(title: Title, numbers: Numbers) -> bool:
    return title.episode in numbers.episodes and numbers.season in (title.season, None)
