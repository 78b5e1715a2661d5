"""How much of a text was heard: words in order, spelled alike on both sides."""

from __future__ import annotations

import re

from mmdia.metrics.wer import error_rate
from mmdia.metrics.words import words_of

#: Notes that stand for singing or music in subtitles; nobody says them.
_NOTES = re.compile(r"[♪♫#*]+")

#: A line that opens with its speaker's name, as subtitles for the deaf write it: "NORA: ..."
_LABEL = re.compile(r"(?m)^\s*-?\s*[A-Z][A-Z .'\-]+:\s")

#: The comma of 1,000.
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")

#: Written short, said long.
_SHORT = {"mr": "mister", "mrs": "missus", "dr": "doctor", "okay": "ok", "alright": "all right"}

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()


def said_words(text: str, language: str | None = None) -> list[str]:
    """Words of a text as they are said.

    Case, punctuation and remarks in brackets go (the "standard" normaliser of `words_of`), with
    them notes of music and names of speakers; in English, figures become words.

    Args:
        text: What is written.
        language: Its language, when known.
    """
    plain = _LABEL.sub(" ", _NOTES.sub(" ", text))
    if primary(language) not in ("en", "eng"):
        return words_of(plain, "standard")
    words = words_of(_THOUSANDS.sub("", plain), "standard")
    return [part for word in words for part in _spelled(word)]


def share_heard(text: str, heard: str, language: str | None = None) -> tuple[float, int]:
    """(share of the text's words that were heard in order, 0..1; words of the text).

    The words counted are the unchanged ones of a shortest list of changes from text to what was
    heard. A text of no words scores 0.
    """
    reference = said_words(text, language)
    rate = error_rate(reference, said_words(heard, language))
    return (rate.hits / rate.length if rate.length else 0.0), rate.length


def primary(language: str | None) -> str | None:
    """First part of a language tag, lower case."""
    return None if not language else language.replace("_", "-").split("-")[0].lower()


def _spelled(word: str) -> list[str]:
    if word.isascii() and word.isdigit() and len(word) <= 6:
        return _number(int(word), year=len(word) == 4)
    return _SHORT.get(word, word).split()


def _number(n: int, *, year: bool = False) -> list[str]:
    """English words of 0..999999; a year is read in pairs."""
    if n < 20:
        return [_ONES[n]]
    if n < 100:
        return [_TENS[n // 10 - 2], *([_ONES[n % 10]] if n % 10 else [])]
    if year and 1100 <= n < 2100 and n % 1000 >= 10:
        rest = n % 100
        tail = ["hundred"] if not rest else (["o"] if rest < 10 else []) + _number(rest)
        return _number(n // 100) + tail
    unit, name = (1000, "thousand") if n >= 1000 else (100, "hundred")
    head, rest = divmod(n, unit)
    return [*_number(head), name, *(_number(rest) if rest else [])]
