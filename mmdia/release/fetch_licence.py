"""Which licences let anybody fetch a film.

The rule: a title is fetched when its release names a licence that lets everybody make copies. That
is the public domain, CC0, every Creative Commons licence, and the few other free licences of
`FREE`. A licence that is not named, or not of these, is refused, whatever the address: a release
cannot know the rights of whoever runs it. The user can vouch for a licence or for a title.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

#: Other licences under which everybody may copy, by SPDX identifier in lower case.
FREE = frozenset(
    {
        "0bsd", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "fdl-1.3", "gfdl-1.2", "gfdl-1.2-only",
        "gfdl-1.2-or-later", "gfdl-1.3", "gfdl-1.3-only", "gfdl-1.3-or-later", "isc", "lal-1.2",
        "lal-1.3", "mit", "odbl-1.0", "odc-by-1.0", "ogl-uk-1.0", "ogl-uk-2.0", "ogl-uk-3.0",
        "pddl-1.0", "unlicense",
    }
)  # fmt: skip
#: The public domain, as releases write it.
PUBLIC_DOMAIN = frozenset(
    {"cc-pddc", "cc-pdm-1.0", "pd", "pdm", "public-domain", "publicdomain", "public-domain-mark"}
)
_CC = re.compile(r"cc-by(?P<terms>(?:-(?:nc|nd|sa))*)(?:-\d\.\d(?:-[a-z]{2,4})?)?\Z")
_CC0 = re.compile(r"cc0(?:-1\.0)?\Z|cc-zero(?:-1\.0)?\Z")
_JOINED = re.compile(r"\s+(?:AND|OR|WITH)\s+|[()]")
_TOKEN = re.compile(r"\(|\)|[^\s()]+")
_TERMS = {
    "nc": "not for commercial use",
    "nd": "no adaptations may be passed on",
    "sa": "adaptations under the same licence",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a title may be fetched.

    Attributes:
        allowed: Whether it may.
        reason: Reason code, when it may not.
        terms: What the licence asks for, in words; empty for none that we know.
    """

    allowed: bool
    reason: str | None = None
    terms: str = ""


def judge(licence: str | None, title_id: str, vouched: Collection[str] = ()) -> Verdict:
    """Whether a title may be fetched under the licence that its release names.

    An SPDX expression is understood: of licences joined by OR one is enough, by AND all must be open.

    Args:
        licence: The licence, as the release writes it.
        title_id: The title.
        vouched: Licences and titles that the user has checked, in any case.

    >>> judge("CC-BY-NC-3.0", "t").terms
    'name the makers; not for commercial use'
    >>> judge(None, "t").reason, judge(None, "t", ["T"]).allowed
    ('licence_unknown', True)
    """
    words = {v.strip().casefold() for v in vouched}
    written = (licence or "").strip()
    if title_id.casefold() in words or (written and written.casefold() in words):
        return Verdict(True)
    if not written or written.casefold() in ("unknown", "none", "noassertion", "other"):
        return Verdict(False, "licence_unknown")
    terms = _terms(written)
    return Verdict(False, "licence_not_open") if terms is None else Verdict(True, terms="; ".join(terms))


def _terms(written: str) -> list[str] | None:
    """What a licence or expression asks for; None when it is not open."""
    if not _JOINED.search(written):
        return _one(written)
    tokens = _TOKEN.findall(written)
    found, rest = _either(tokens)
    return None if rest else found


def _either(tokens: list[str]) -> tuple[list[str] | None, list[str]]:
    found, tokens = _both(tokens)
    while tokens and tokens[0] == "OR":
        other, tokens = _both(tokens[1:])
        found = other if found is None else found
    return found, tokens


def _both(tokens: list[str]) -> tuple[list[str] | None, list[str]]:
    found, tokens = _single(tokens)
    while tokens and tokens[0] == "AND":
        other, tokens = _single(tokens[1:])
        found = None if found is None or other is None else list(dict.fromkeys([*found, *other]))
    return found, tokens


def _single(tokens: list[str]) -> tuple[list[str] | None, list[str]]:
    if not tokens:
        return None, ["unfinished"]
    if tokens[0] == "(":
        found, rest = _either(tokens[1:])
        return (found, rest[1:]) if rest[:1] == [")"] else (None, ["unclosed"])
    found, rest = _one(tokens[0]), tokens[1:]
    # An exception (WITH) only ever allows more.
    return found, rest[2:] if rest[:1] == ["WITH"] else rest


def _one(written: str) -> list[str] | None:
    name = _name(written)
    if name in PUBLIC_DOMAIN or name in FREE or _CC0.match(name):
        return []
    match = _CC.match(name)
    if match is None:
        return None
    return ["name the makers", *(_TERMS[t] for t in match["terms"].split("-") if t)]


def _name(written: str) -> str:
    """A licence's name in one form, whichever way it is written: address, words, or SPDX."""
    text = written.strip().casefold()
    if text.startswith(("http://", "https://")):
        parts = urlsplit(text)
        steps = [p for p in parts.path.split("/") if p]
        if parts.hostname in ("creativecommons.org", "www.creativecommons.org") and len(steps) >= 2:
            if steps[:2] == ["publicdomain", "zero"]:
                return "cc0"
            if steps[:2] == ["publicdomain", "mark"]:
                return "pdm"
            if steps[0] == "licenses":
                return "-".join(["cc", *steps[1:3]])
        return text
    return re.sub(r"[\s_]+", "-", text)
