"""Filters of the templates: text of a release as Markdown that stays text, and numbers for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")
_NO_WORD = re.compile(r"\W+")


def md(text: object) -> str:
    """Text of a release in one line, with Markdown's and HTML's own characters escaped.

    >>> print(md("a <b>" + chr(10) + "c"))
    a &lt;b&gt; c
    """
    line = " ".join(str(text).split())
    if re.match(r"https?://[^\s<>|`\"]+\Z", line):
        return f"<{line}>"
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped)


def code(text: object) -> str:
    """Text for a code span."""
    return " ".join(str(text).split()).replace("`", "'").replace("|", "\\|")


def fence(text: object) -> str:
    """Text for a fenced block, which it cannot end."""
    return str(text).strip().replace("```", "'''")


def variable(name: str) -> str:
    """A name of Python."""
    word = _NO_WORD.sub("_", name).strip("_") or "rows"
    return word if not word[0].isdigit() else f"_{word}"


def number(value: object) -> str:
    """A number for people: thousands with commas, fractions with two places, a dash for none.

    >>> number(449138), number(8.2109), number(None)
    ('449,138', '8.21', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    return md(value)


def many(count: int, word: str) -> str:
    """A number with its noun.

    >>> many(1, "title"), many(2000, "title")
    ('1 title', '2,000 titles')
    """
    return f"{number(count)} {word}" if count == 1 else f"{number(count)} {word}s"


def flat(rows: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Names and values of a nested mapping, names of people to read; empty values are left out."""
    for key, value in rows.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}: ")
        elif value is not None and not isinstance(value, (list, tuple)):
            yield name, value


def grid(table: Mapping[str, Mapping[str, int]]) -> str:
    """A table of counts: a line a word of the second kind, a column a word of the first."""
    columns = list(table)
    lines: dict[str, None] = {}
    for counts in table.values():
        lines |= dict.fromkeys(counts)
    head = f"| | {' | '.join(md(c) for c in columns)} |\n|---|{'--:|' * len(columns)}"
    body = (
        f"| {md(line)} | {' | '.join(number(table[column].get(line, 0)) for column in columns)} |"
        for line in lines
    )
    return "\n".join([head, *body])


FILTERS: dict[str, Callable[..., Any]] = {
    "md": md,
    "code": code,
    "fence": fence,
    "var": variable,
    "n": number,
    "many": many,
    "flat": flat,
    "grid": grid,
}
