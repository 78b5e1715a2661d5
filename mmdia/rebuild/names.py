"""What a file name says about the title it holds, constrained by the catalogue.

Free parsing of release names goes wrong on films whose names hold numbers ("12 Angry Men",
"2001"). Here a name is only compared with titles that exist: the title's words must open the
name, and what follows must be its year, a technical word, or nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath

from mmdia.schema.names import safe_name
from mmdia.schema.title import Title

_IMDB = re.compile(r"(?<![a-z0-9])tt\d{7,8}(?!\d)", re.IGNORECASE)
_EPISODE = re.compile(
    r"(?<![a-z0-9])(?:s(\d{1,2})[ ._-]*e(\d{1,3})|(\d{1,2})x(\d{2,3}))(?![0-9])", re.IGNORECASE
)
_SEASON_FOLDER = re.compile(r"(?:season|staffel|saison|s)[ ._-]*(\d{1,2})$", re.IGNORECASE)
_ARTICLES = frozenset({"the", "a", "an"})

#: Words that end the name of a film in a file name: what follows is about the copy.
_TECHNICAL = frozenset(
    "2160p 1440p 1080p 1080i 720p 576p 576i 480p 4k uhd hdr hdr10 sdr bluray blu brrip bdrip bdremux "
    "remux dvd dvdrip dvdscr webrip web webdl hdtv pdtv sdtv vhsrip x264 x265 h264 h265 hevc avc av1 "
    "xvid divx aac ac3 dts ddp flac opus 10bit 8bit extended unrated directors director theatrical "
    "remastered restored proper repack limited internal multi dual dubbed subbed pal ntsc cd1 cd2 "
    "disc1 disc2 part1 part2 edition cut final imax german french spanish italian english japanese "
    "criterion".split()
)


def words(text: str) -> tuple[str, ...]:
    """Lower-case words without accents, apostrophes and a leading article."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = re.findall(r"[^\W_]+", re.sub(r"['’`]", "", plain).replace("&", " and "))
    if len(found) > 1 and found[0] in _ARTICLES:
        found = found[1:]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How well a path fits a title; a higher rank is better evidence.

    Attributes:
        how: id, episode, or name.
        rank: 3 for an identifier, 2 for series and episode, 2 for name and year, 1 for a bare name.
        length: Words of the name that matched: the longer title wins among equals.
    """

    how: str
    rank: int
    length: int = 0


def _id_match(path: PurePath, title: Title) -> bool:
    wanted = {t.lower() for t in (title.imdb_id, title.title_id) if t}
    places = [path.stem, *(p.name for p in list(path.parents)[:2])]
    if any(m.group().lower() in wanted for place in places for m in _IMDB.finditer(place)):
        return True
    stems = {title.title_id.casefold(), safe_name(title.title_id).casefold()}
    return path.stem.casefold() in stems


def _name_match(text: str, title: Title) -> NameMatch | None:
    wanted = words(title.name or "")
    got = words(text)
    if not wanted or got[: len(wanted)] != wanted:
        return None
    rest = got[len(wanted) :]
    if not rest:
        return NameMatch("name", 1, len(wanted))
    year = title.year
    if re.fullmatch(r"(19|20)\d\d", rest[0]):
        if year is None:
            return NameMatch("name", 1, len(wanted))
        # Release years differ by one between countries.
        return NameMatch("name", 2, len(wanted)) if abs(int(rest[0]) - year) <= 1 else None
    return NameMatch("name", 1, len(wanted)) if rest[0] in _TECHNICAL else None


def _episode_of(path: PurePath) -> tuple[int, int] | None:
    if m := _EPISODE.search(path.stem):
        season, episode = (m[1], m[2]) if m[1] else (m[3], m[4])
        return int(season), int(episode)
    folder = _SEASON_FOLDER.search(path.parent.name)
    if folder and (m := re.match(r"(\d{1,3})(?!\d)", path.stem)):
        return int(folder[1]), int(m[1])
    return None


def _episode_match(path: PurePath, title: Title) -> NameMatch | None:
    if title.season is None or title.episode is None or _episode_of(path) != (title.season, title.episode):
        return None
    series = words(title.series or title.name or "")
    if not series:
        return None
    before = _EPISODE.split(path.stem)[0]
    places = [before, *(p.name for p in list(path.parents)[:2])]
    for place in places:
        if words(place)[: len(series)] == series:
            return NameMatch("episode", 2, len(series))
    return None


def match_name(path: PurePath, title: Title) -> NameMatch | None:
    """How a file's path fits a title, or None when it says nothing for it.

    Args:
        path: Path relative to the media folder.
        title: A title of the catalogue.
    """
    if _id_match(path, title):
        return NameMatch("id", 3)
    if title.season is not None and title.episode is not None:
        return _episode_match(path, title)
    stem = path.stem
    found = [m for text in (stem, path.parent.name) if text and (m := _name_match(text, title)) is not None]
    return max(found, key=lambda m: (m.rank, m.length), default=None)
