"""Non-verbal marks: ``[door slams]``, ``(laughs)``, ``*sighs*`` and song between music notes.

What becomes a mark, and what stays text:

* square brackets (and their full-width forms): always a mark, unless they hold a speaker's name;
* round brackets: a mark when the table knows a word of theirs (and, within a line, they do not begin as a
  clause does: "the", "he", "which"...), or when they stand alone on their lines and are short (six words at
  most); else they are an aside that is spoken, and stay text;
* asterisks: only around words of the table, for they also mean stress;
* music notes: from one to the next, or to the end of the cue; ``# song #`` on a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from mmdia.schema.cue import Mark
from mmdia.schema.nonverbal import normalise_mark

#: Stands in a text for the next mark taken out; a noncharacter, never in real text.
MARK_SIGN = "\ufdd0"

#: Stands in a text for the next speaker's name taken out of brackets.
NAME_SIGN = "\ufdd1"

NOTES = "\u2669\u266a\u266b\u266c\U0001f3b5\U0001f3b6"
#: Every sign that may begin a mark; a text without any of them holds none.
FIRST_SIGNS = re.compile(rf"[\[\uff3b\u3010(\uff08#*{NOTES}]")
_ANY = re.compile(
    r"[\[\uff3b\u3010](?P<square>[^\[\]\uff3b\uff3d\u3010\u3011]{0,300})[\]\uff3d\u3011]"
    r"|[(\uff08](?P<round>[^()\uff08\uff09]{1,300})[)\uff09]"
    rf"|[{NOTES}]+(?P<song>[^{NOTES}\n]*(?:\n(?!\s*[{NOTES}\-\u2013\u2014])[^{NOTES}\n]*)*)"
    rf"(?:[{NOTES}]+|(?=\n)|$)"
    r"|^[ \t]*# (?P<hash>[^#\n]+) #[ \t]*$"
    r"|(?<![*\w])\*(?P<stars>[^\W\d_][^*\n]{0,40})\*(?![*\w])",
    re.MULTILINE,
)
_ADVERB = re.compile(r"[a-z]{3,}ly")
#: How a spoken aside begins, other than a description of a sound: "(the dog, that is)".
_CLAUSE = re.compile(
    r"(?:the|an?|my|your|his|her|our|their|i|he|she|we|they|you|it|which|who|that|or|and|but|not|from|to|at|by"
    r"|with|for|of|if|as|so|in (?!\w+$))\b"
)
_EDGE = " \t\n\u00a0.!?\u2026,;:-\u2013\u2014\"'\u201c\u201d" + NOTES
_LONGEST_ALONE = 6


def normal_label(raw: str) -> str:
    """Label of a mark: lower case, one space between words, no brackets, notes or end punctuation."""
    stripped = " ".join(raw.split()).strip("[]()\uff08\uff09\u3010\u3011\uff3b\uff3d*# " + _EDGE)
    return stripped.lower() or raw.strip("[]()*# \n")


def kind_of(label: str) -> str | None:
    """Kind of a label by the shared table, or None when no word of it is known."""
    return normalise_mark(label).kind


def take_marks(
    text: str, *, speaker_of: Callable[[re.Match[str]], str | None]
) -> tuple[str, list[Mark], list[str]]:
    """Take marks out of a text without markup.

    Args:
        text: Text of a cue.
        speaker_of: Says whether a bracketed text is a speaker's name instead (`labels.bracket_speaker`).

    Returns:
        The text with `MARK_SIGN` and `NAME_SIGN` in place of marks and names; the marks; the names; both in
        the order of the text.
    """
    marks: list[Mark] = []
    names: list[str] = []

    def replace(found: re.Match[str]) -> str:
        mark: Mark | None
        if found["song"] is not None or found["hash"] is not None:
            label = normal_label(found["song"] or found["hash"] or "")
            mark = Mark(label or "music", found[0].strip(), "music")
        elif found["stars"] is not None:
            label = normal_label(found["stars"])
            kind = kind_of(label)
            mark = Mark(label, found[0], kind) if kind else None
        else:
            name = speaker_of(found)
            if name is not None:
                names.append(name)
                return NAME_SIGN
            mark = _mark_of_brackets(found)
        if mark is None:
            return found[0]
        marks.append(mark)
        return MARK_SIGN

    return _ANY.sub(replace, text), marks, names


def _mark_of_brackets(found: re.Match[str]) -> Mark | None:
    """The mark that a bracketed text is, or None when it is an aside that stays text."""
    inner = found["square"] if found["square"] is not None else found["round"]
    label = normal_label(inner)
    kind = kind_of(label)
    if any(note in inner for note in NOTES):
        kind = "music"
    if not inner.strip():
        return None
    if found["square"] is not None:
        is_manner = kind is None and _ADVERB.fullmatch(label) is not None
        return Mark(label, found[0], "tone" if is_manner else kind)
    if kind is not None and (_stands_alone(found) or not _CLAUSE.match(label)):
        return Mark(label, found[0], kind)
    is_short = any(char.isalpha() for char in inner) and len(inner.split()) <= _LONGEST_ALONE
    return Mark(label, found[0], None) if is_short and _stands_alone(found) else None


def _stands_alone(found: re.Match[str]) -> bool:
    text = found.string
    before = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    line_end = text.find("\n", found.end())
    after = text[found.end() : len(text) if line_end < 0 else line_end]
    ignored = " \t\u00a0-\u2013\u2014>.!?\u2026" + MARK_SIGN
    return not before.strip(ignored) and not after.strip(ignored)
