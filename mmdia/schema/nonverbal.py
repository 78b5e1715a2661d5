"""Non-verbal marks by a shipped table: what annotators write, as one label of one kind.

Annotators and subtitles write the same sound in many ways (``[LAUGHS]``, ``laughing softly``,
``*chuckles*``). The table gives each sound one label, its kind, and where speech models have one, the
tag that makes them utter it. What no rule places stays as it was written, and is counted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

NONVERBAL_TABLE = "marks-1"


@dataclass(frozen=True, slots=True)
class Sound:
    """One row of the table.

    Attributes:
        label: Normalised name, as a verb in the third person where there is one ("laughs").
        kind: vocal, speech_event, ambient, music, visual, or tone.
        forms: Words and phrases that mean it, lower case; the label itself is one of them.
        tag: Tag in the notation of dialogue speech models ("(laughs)"); None where they have none.
    """

    label: str
    kind: str
    forms: tuple[str, ...]
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Normal:
    """Where a raw mark was placed.

    Attributes:
        kind: Kind, or None when no rule applies.
        label: Normalised label; the raw text without its brackets when no rule applies.
        tag: Tag of speech models, if any.
        rule: label | form | word | unknown.
        alternatives: Other labels that words of the mark speak for.
    """

    kind: str | None
    label: str
    tag: str | None
    rule: str
    alternatives: tuple[str, ...] = ()


def _read() -> Iterator[Sound]:
    """The rows of ``marks.txt``, whose head says how it is written."""
    text = _FILE.read_text(encoding="utf-8").replace("\n  ", " ")
    kind = ""
    for row in text.splitlines():
        if row.startswith("["):
            kind = row.strip("[]")
        elif row.startswith("+ "):
            yield from (Sound(word.lstrip("="), kind, (word,)) for word in row[2:].split(", "))
        elif row and not row.startswith("#"):
            head, _, forms = row.partition(":")
            label, _, tag = head.partition(" (")
            listed = (label, *(form for form in forms.strip().split(", ") if form))
            yield Sound(label, kind, tuple(dict.fromkeys(listed)), f"({tag}" if tag else None)


_FILE = Path(__file__).with_name("marks.txt")
#: The table, in the order in which its words are tried. A form after "=" means a whole mark only.
SOUNDS: tuple[Sound, ...] = tuple(_read())

_BRACKETS = "[](){}<>\uff08\uff09\u3010\u3011\uff3b\uff3d*#_"
_NOTES = "\u2669\u266a\u266b\u266c\U0001f3b5\U0001f3b6"
_EDGE = " \t\n\u00a0.!?\u2026,;:-\u2013\u2014\"'\u201c\u201d\u2018\u2019"
_WORD = re.compile(r"[^\W_]+(?:[.'\u2019-][^\W_]+)*")
#: In a phrase these say who or how, while another word says what.
_WEAK_KINDS = ("tone",)
#: What is heard from the surroundings decides a phrase: "crowd screaming", "music playing softly".
_STRONG_KINDS = ("music", "ambient")


def plain_mark(raw: str) -> str:
    """A mark in lower case, without brackets, notes and punctuation at its ends.

    >>> plain_mark(" [LAUGHS  softly.] ")
    'laughs softly'
    """
    text = " ".join(unicodedata.normalize("NFKC", raw).split())
    return text.strip(_BRACKETS + _EDGE + _NOTES).casefold()


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Sound], dict[str, Sound]]:
    """Sounds by what stands for them in a longer mark, and by all that stands for them alone."""
    words = {form: sound for sound in SOUNDS for form in sound.forms if not form.startswith("=")}
    return words, {form.lstrip("="): sound for sound in SOUNDS for form in sound.forms}


@lru_cache(maxsize=65_536)
def normalise_mark(raw: str) -> Normal:
    """Place a raw mark in the table.

    The whole mark is tried first, then phrases of two words, then single words. Of several sounds
    in one mark, surroundings go before voices and voices before manners; the first one written wins.

    >>> normalise_mark("[Laughing nervously]")
    Normal(kind='vocal', label='laughs', tag='(laughs)', rule='word', alternatives=('nervously',))
    >>> normalise_mark("xylophonic").rule
    'unknown'
    """
    words, whole = _tables()
    plain = plain_mark(raw)
    if plain in whole:
        return _placed(whole[plain], "label" if plain == whole[plain].label else "form")
    if not plain:
        # A bare note sign is how subtitles write music.
        return _placed(words["music"], "form") if any(n in raw for n in _NOTES) else _stray(raw)
    found = _in_words(_WORD.findall(plain), words)
    if any(note in raw for note in _NOTES):
        found.insert(0, words["sings"])
    if not found:
        return _stray(plain)
    best = min(found, key=lambda sound: _rank(sound.kind))
    others = dict.fromkeys(sound.label for sound in found if sound is not best)
    return _placed(best, "word", tuple(others))


def _in_words(words: list[str], forms: dict[str, Sound]) -> list[Sound]:
    found = []
    k = 0
    while k < len(words):
        pair = " ".join(words[k : k + 2])
        if k + 1 < len(words) and pair in forms:
            found.append(forms[pair])
            k += 2
            continue
        if words[k] in forms:
            found.append(forms[words[k]])
        k += 1
    return list(dict.fromkeys(found))


def _rank(kind: str) -> int:
    return 0 if kind in _STRONG_KINDS else 2 if kind in _WEAK_KINDS else 1


def _placed(sound: Sound, rule: str, alternatives: tuple[str, ...] = ()) -> Normal:
    return Normal(sound.kind, sound.label, sound.tag, rule, alternatives)


def _stray(text: str) -> Normal:
    return Normal(None, text.strip(), None, "unknown")
