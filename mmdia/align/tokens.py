"""Words of a subtitle line as comparable tokens.

Two releases of one film differ in case, punctuation, line breaks, hearing-impaired marks and
speaker labels. Tokens are what is left when all of that is taken away.
"""

from __future__ import annotations

import re
import unicodedata

_MARKS = re.compile(r"\[[^\]]*\]|\([^)]*\)|（[^）]*）|<[^>]*>|\{[^}]*\}|[♪♫#]")

#: A speaker label: "ANNA:" or "Anna Lee:" at the head of a line.
_LABEL = re.compile(r"(?m)^\s*(?:-\s*)?[^\W\d_a-z][\w'.]*(?: [^\W\d_a-z][\w'.]*){0,2}\s*:\s+")

#: Scripts written without spaces give one token a character; all others one a word.
_TOKEN = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯฀-๿]|[^\W_]+(?:['’][^\W_]+)*")


def tokens(text: str) -> list[str]:
    """Tokens of `text`: case-folded, compatibility-normalised, without marks and labels."""
    plain = _LABEL.sub(" ", _MARKS.sub(" ", text))
    folded = unicodedata.normalize("NFKC", plain).casefold().replace("’", "'")
    return _TOKEN.findall(folded)
