"""A second reader of file names, guessit, where it is installed; constrained by the catalogue.

It is asked only where the catalogue's own words find nothing, or a choice, and only for names that
hold a title of the catalogue at all. It is told what kind of title to expect, and what it reads
counts only when the catalogue has it: so "12 Angry Men" is no episode 12, and a number that belongs
to a name stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any

from mmdia.corpus.spelling import words
from mmdia.rebuild.names import RANK_GUESS, Hits, NameMatch
from mmdia.schema.title import Title

#: A name shorter than this (letters) is found in too many others by chance.
_SHORTEST = 3


def by_guess(path: PurePath, titles: Mapping[str, Title]) -> Hits:
    """The titles that guessit reads in a path; nothing where it is not installed.

    Args:
        path: Path relative to the media folder.
        titles: Titles to choose from.
    """
    if not is_installed():
        return {}
    letters = "".join(words(str(path.with_suffix(""))))
    possible = {t: x for t, x in titles.items() if len(key := _key(x)) >= _SHORTEST and key in letters}
    hits: Hits = {}
    for episodes in (False, True):
        chosen = {t: title for t, title in possible.items() if _is_episode(title) is episodes}
        if not chosen:
            continue
        read = _read(str(path), "episode" if episodes else "movie")
        for title_id, title in chosen.items():
            if (says := _fits(read, title)) is not None:
                says = f"{says}, as guessit reads the name"
                hits[title_id] = NameMatch("guess", RANK_GUESS, len(_key(title)), says)
    return hits


@lru_cache(maxsize=1)
def is_installed() -> bool:
    """Whether guessit can be imported."""
    return find_spec("guessit") is not None


@lru_cache(maxsize=4096)
def _read(path: str, kind: str) -> dict[str, Any]:
    found = import_module("guessit").guessit(path, {"type": kind})
    return dict(found)


def _is_episode(title: Title) -> bool:
    return title.season is not None and title.episode is not None


def _letters(name: str | None) -> str:
    return "".join(words(name or ""))


def _key(title: Title) -> str:
    """Letters of the name that a file of this title bears."""
    return _letters((title.series or title.name) if _is_episode(title) else title.name)


def _list(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _fits(read: Mapping[str, Any], title: Title) -> str | None:
    """What agrees, in words, or None."""
    names = [_letters(str(n)) for key in ("title", "alternative_title") for n in _list(read.get(key))]
    if _is_episode(title):
        same = _key(title) in names
        seasons = list(_list(read.get("season"))) or [1]
        if same and title.season in seasons and title.episode in list(_list(read.get("episode"))):
            return f"series, season {title.season} and episode {title.episode} agree"
        return None
    if _key(title) not in names and "".join(names) != _key(title):
        return None
    year = read.get("year")
    if "part" in read and year != title.year:
        return None  # part 2 may be a sequel as well as a piece
    if isinstance(year, int) and title.year is not None:
        return f"name and year {year} agree" if abs(year - title.year) <= 1 else None
    return "the name agrees"
