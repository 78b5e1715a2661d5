"""Words of a text, under a named normaliser."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal, get_args

from mmdia.errors import UsageError

Normalizer = Literal["none", "standard"]
NORMALIZERS: tuple[str, ...] = get_args(Normalizer)

#: Remarks that nobody says: [door slams], <i>, (sighs).
_REMARKS = re.compile(r"\[[^\[\]]*\]|<[^<>]*>|\([^()]*\)")

#: All that is written as an apostrophe.
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´ʹ", "'"))


def words_of(text: str, normalizer: str = "none") -> list[str]:
    """The words of a text.

    Args:
        text: A line, or many.
        normalizer: "none" splits at white space and changes nothing. "standard" compares what is
            said: compatibility forms unified (NFKC), case folded, remarks in brackets and markup
            left out, apostrophes kept inside words, all other punctuation a space. Scripts that
            write no spaces (Chinese, Japanese, Thai) are split into characters, so that an error
            rate means something there.

    Raises:
        UsageError: There is no such normaliser.
    """
    if normalizer == "none":
        return text.split()
    if normalizer != "standard":
        raise UsageError("no such normaliser", expected=" or ".join(NORMALIZERS), got=repr(normalizer))
    plain = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    plain = _REMARKS.sub(" ", plain)
    return [word for part in "".join(map(_kept, plain)).split() if (word := part.strip("'"))]


@lru_cache(maxsize=4096)
def _kept(character: str) -> str:
    if _stands_alone(character):
        return f" {character} "
    # Letters, marks on letters, digits, and the apostrophe of "it's".
    return character if character == "'" or unicodedata.category(character)[0] in "LMN" else " "


def _stands_alone(character: str) -> bool:
    """Whether a character belongs to a script without spaces between words."""
    code = ord(character)
    return (
        0x3040 <= code <= 0x30FF  # kana
        or 0x3400 <= code <= 0x4DBF  # Han
        or 0x4E00 <= code <= 0x9FFF
        or 0x20000 <= code <= 0x3134F
        or 0xF900 <= code <= 0xFAFF
        or (0x0E00 <= code <= 0x0E7F and unicodedata.category(character)[0] == "L")  # Thai
    )
