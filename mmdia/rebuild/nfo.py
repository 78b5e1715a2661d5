"""What `.nfo` files beside a film say: identifiers, name and year, season and episode.

Media centres (Kodi, Jellyfin, Emby) write XML, with several roots for double episodes and sometimes
a web address after it; release groups write plain text with an address. All of them are read by
their marks, never as XML: such a file comes from anywhere, and most are not well formed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from mmdia.corpus.tags import Numbers, ids_in, imdb_ids, numbers_of
from mmdia.rebuild.names import RANK_ID, RANK_YEAR, Hits, NameIndex

#: Reads a small text file of the media folder; None when there is none.
ReadText = Callable[[PurePath], str | None]

_LARGEST = 1 << 20
_UNIQUE = re.compile(r"<uniqueid\b[^>]*\btype\s*=\s*[\"'](\w+)[\"'][^>]*>\s*([\w-]+)\s*<", re.IGNORECASE)
_OLD = re.compile(r"<(imdbid|imdb_id|id|tmdbid|tvdbid)\b[^>]*>\s*([\w-]+)\s*<", re.IGNORECASE)
_URL = re.compile(r"imdb\.(?:com|de)/(?:[a-z]{2}/)?(?:title/|Title\?)(tt\d{7,9})", re.IGNORECASE)
_TMDB_URL = re.compile(r"themoviedb\.org/movie/(\d+)", re.IGNORECASE)
_PEOPLE = re.compile(
    r"<(actor|director|credits|set|fanart|art|fileinfo)\b.*?</\1>", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class NfoFacts:
    """What one `.nfo` file says.

    Attributes:
        ids: ``tt0078748``, ``tmdb:348``, ``tvdb:1234``.
        name: Name of the film, the series (of a series' own file) or the show of an episode.
        year: Year of release.
        season: Season, for an episode.
        episodes: Episodes; several roots are a double episode.
    """

    ids: frozenset[str] = frozenset()
    name: str | None = None
    year: int | None = None
    season: int | None = None
    episodes: tuple[int, ...] = ()


def read_nfo(text: str) -> NfoFacts:
    """What the text of an `.nfo` file says; nothing at all when it is something else."""
    plain = _PEOPLE.sub("", text)
    ids = {one for kind, value in _UNIQUE.findall(plain) for one in _id_of(kind, value)}
    ids |= {one for tag, value in _OLD.findall(plain) for one in _id_of(tag, value)}
    ids |= {one for url in _URL.findall(plain) for one in imdb_ids(url)}
    ids |= {f"tmdb:{number}" for number in _TMDB_URL.findall(plain)}
    seasons = [int(n) for n in re.findall(r"<season\b[^>]*>\s*(\d{1,3})\s*<", plain, re.IGNORECASE)]
    episodes = [int(n) for n in re.findall(r"<episode\b[^>]*>\s*(\d{1,4})\s*<", plain, re.IGNORECASE)]
    is_episode = re.search(r"<episodedetails\b", plain, re.IGNORECASE) is not None
    names = [_first(plain, tag) for tag in (("showtitle",) if is_episode else ("title", "originaltitle"))]
    year = _first(plain, "year") or (_first(plain, "premiered") or "")[:4]
    return NfoFacts(
        frozenset(ids),
        next((n for n in names if n), None),
        int(year) if year.isdecimal() and len(year) == 4 else None,
        seasons[0] if is_episode and seasons else None,
        tuple(episodes) if is_episode else (),
    )


def _first(text: str, tag: str) -> str | None:
    found = re.search(rf"<{tag}\b[^>]*>([^<]*)<", text, re.IGNORECASE)
    return None if found is None else html.unescape(found[1]).strip() or None


def _id_of(kind: str, value: str) -> frozenset[str]:
    kind = kind.lower().removesuffix("id").removesuffix("_")
    if kind in ("tmdb", "tvdb") and value.isdecimal():
        return ids_in(f"{kind}-{value}")
    return imdb_ids(value)


def text_reader(small: Callable[[str], Path | None]) -> ReadText:
    """Reads small text files of the media folder, in whatever encoding they are.

    Args:
        small: Gives a small file of the folder as a local one, or None.
    """

    def read(relative: PurePath) -> str | None:
        path = small(str(relative))
        if path is None:
            return None
        try:
            if path.stat().st_size > _LARGEST:
                return None
            raw = path.read_bytes()
        except OSError:
            return None
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return raw.decode("utf-16", "replace")
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("cp1252", "replace")

    return read


def by_nfo(index: NameIndex, path: PurePath, read: ReadText, *, alone: bool) -> Hits:
    """The titles that `.nfo` files beside a film name.

    Args:
        index: The catalogue.
        path: Path of the film, relative to the media folder.
        read: Reads files of that folder.
        alone: Whether no other film lies in the film's folder, so that ``movie.nfo`` is its own.
    """
    beside = [path.with_suffix(".nfo")]
    if alone:
        beside += [path.with_name("movie.nfo"), path.with_name(f"{path.parent.name or 'movie'}.nfo")]
    for place in beside:
        text = read(place)
        if text is not None and (hits := _hits(index, read_nfo(text), path, place.name)):
            return hits
    for folder in list(path.parents)[:2]:
        text = read(folder / "tvshow.nfo")
        numbers = numbers_of(path)
        if text is None or numbers is None:
            continue
        facts = read_nfo(text)
        hits = index.by_ids(facts.ids, numbers, "in tvshow.nfo", "nfo")
        return hits or _by_name(index, facts, numbers, "tvshow.nfo")
    return {}


def _hits(index: NameIndex, facts: NfoFacts, path: PurePath, name: str) -> Hits:
    numbers = numbers_of(path)
    if facts.episodes:
        numbers = Numbers(facts.season, facts.episodes, "")
    hits = index.by_ids(facts.ids, numbers, f"in {name}", "nfo")
    return hits or _by_name(index, facts, numbers if facts.episodes else None, name)


def _by_name(index: NameIndex, facts: NfoFacts, numbers: Numbers | None, name: str) -> Hits:
    """The catalogue's own rules for names, on the name that the file tells."""
    if not facts.name:
        return {}
    if numbers is not None:
        season = "" if numbers.season is None else f"S{numbers.season:02d}"
        tail = "".join(f"E{n:02d}" for n in numbers.episodes)
        found = index.find(PurePath(f"{facts.name.replace('/', ' ')} {season}{tail}.mkv")) if season else {}
    else:
        year = f" ({facts.year})" if facts.year else ""
        found = index.find(PurePath(f"{facts.name.replace('/', ' ')}{year}.mkv"))
    return {
        t: type(m)("nfo", min(RANK_ID, max(RANK_YEAR, m.rank)) if facts.year or numbers else m.rank,
                   m.length, f"{m.says}, in {name}", several=m.several)
        for t, m in found.items()
    }  # fmt: skip
