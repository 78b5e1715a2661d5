"""What a catalogue calls its titles: every name, number and edition that a file's name may agree with."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from mmdia.rebuild.spelling import ARTICLES, ARTICLES_OF, moved_article, words
from mmdia.rebuild.tags import imdb_ids, may_follow
from mmdia.schema.title import Title

#: Where an episode stands in its series: season and episode, number through all seasons, or day.
Place = tuple[int, int] | int | str

#: Words that name the edition of what a film shows; a restoration of it is none.
_EDITIONS = {
    w: w for w in "extended unrated uncut director theatrical final imax ultimate special redux assembly "
    "workprint roadshow producer".split()
} | {
    "directors": "director", "dc": "director", "producers": "producer", "uncensored": "uncut",
    "kinofassung": "theatrical", "langfassung": "extended", "longue": "extended",
}  # fmt: skip


def extra_of(title: Title) -> dict[str, object]:
    """Keys of a title that the schema does not know."""
    try:
        found = json.loads(title.extra) if title.extra else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def editions_of(title: Title) -> frozenset[str]:
    """What names the edition of a title: "director", "extended"; nothing for one that names none."""
    found = (
        w for w in words(title.edition or "") if w in _EDITIONS or not (may_follow(w) or w.isdecimal())
    )
    return frozenset(_EDITIONS.get(w, w) for w in found)


def told_editions(rest: tuple[str, ...], wanted: frozenset[str]) -> frozenset[str]:
    """The editions that words beside a title name; "X cut" is one, whatever X."""
    cuts = {
        a for a, b in pairwise(rest) if b == "cut" and not (may_follow(a) or a.isdecimal() or a in ARTICLES)
    }
    return frozenset(_EDITIONS.get(w, w) for w in rest if w in _EDITIONS or w in cuts or w in wanted)


def ids_of(title: Title) -> frozenset[str]:
    """Identifiers of a title."""
    found = imdb_ids(title.imdb_id or "") | (
        imdb_ids(title.title_id) if title.title_id.startswith("tt") else frozenset()
    )
    extra = extra_of(title)
    return found | {f"{k}:{extra[f'{k}_id']}" for k in ("tmdb", "tvdb") if f"{k}_id" in extra}


def spellings(name: str) -> Iterator[str]:
    """A name, and the same with umlauts written out, as file names often have them."""
    yield name
    spelled = unicodedata.normalize("NFC", name)
    for letter, two in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("å", "aa")):
        spelled = spelled.replace(letter, two).replace(letter.upper(), two.title())
    if spelled != unicodedata.normalize("NFC", name):
        yield spelled


def own_names(title: Title, first: str | None) -> list[str]:
    """The name, and all others that the catalogue has."""
    extra = extra_of(title)
    names = [first or "", *title.aka]
    for key in ("original_name", "original_title", "aka", "alternative_names", "alternative_titles"):
        value = extra.get(key)
        names += [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]
    return names + [moved for name in names if (moved := moved_article(name))]


def places_of(title: Title) -> list[Place]:
    """Where an episode stands in its series: season and number, number through all seasons, day."""
    places: list[Place] = []
    if title.season is not None and title.episode is not None:
        places.append((title.season, title.episode))
    if title.series is None and not places:
        return []
    extra = extra_of(title)
    absolute = title.absolute_episode or extra.get("absolute") or extra.get("absolute_number")
    return [
        *places,
        *([absolute] if isinstance(absolute, int) else []),
        *([title.air_date[:10]] if title.air_date else []),
    ]


def names_of(title: Title) -> Iterator[tuple[str, bool]]:
    """Names of a film, with whether one is short for it (and needs the year beside it)."""
    articles = ARTICLES_OF.get((title.audio_language or title.language or "")[:2], frozenset())
    for name in own_names(title, title.name):
        for spelled in spellings(name):
            yield spelled, False
            yield from _numbered_otherwise(spelled)
        if (m := re.match(r"(\w+)['’ ]+(.+)", name)) and m[1].casefold() in articles:
            yield m[2], True
        for shorter in {*re.split(r"\s(?:/|aka|or)\s|\(|\)", name), re.split(r":\s|\s[-–]\s", name)[0]}:
            if shorter.strip() and shorter.strip() != name:
                # "Alien 3: X" is the only Alien 3, "Alien: X" not the only Alien.
                yield shorter, not re.search(r"\w\s+([2-9]|I[IVX]|VI*|III)\s*$", shorter)


_ROMAN = {"1": "I", "5": "V", "10": "X"} | {"I": "1", "V": "5", "X": "10"}
_SEQUEL = re.compile(
    r"(?P<name>.+?)[\s,:–-]+(?P<word>(?:part|pt\.?|vol\.?|volume|chapter|teil|partie|parte)\s+)?"
    r"(?P<n>\d{1,2}|[IVX]+|one|two|three|four|five|six)(?P<more>\s*[:–-]\s.*)?$",
    re.IGNORECASE,
)


def _numbered_otherwise(name: str) -> Iterator[tuple[str, bool]]:
    """A sequel's name with its number written otherwise: "Rocky V", "Rocky 5", "Rocky Part 5"."""
    m = _SEQUEL.fullmatch(name)
    if m is None:
        return
    more = m["more"] or ""
    if m["n"] in _ROMAN:
        yield f"{m['name']} {m['word'] or ''}{_ROMAN[m['n']]}{more}", False
    if m["word"]:
        yield f"{m['name']} {m['n']}{more}", False
    else:
        yield from ((f"{m['name']} Part {m['n']}{tail}", True) for tail in dict.fromkeys((more, "")))
    if more:  # the name of a sequel tells it as well as its number
        yield f"{m['name']}{more}", True
