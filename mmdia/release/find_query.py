"""What is looked for: conditions on dialogues, checked when they are made.

Several words of one condition mean "any of them"; conditions are joined by "and". What a dialogue
does not say (a null) fits no condition, except the word "none", which asks for just that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal

from mmdia.errors import UsageError
from mmdia.schema.dialogue import NONVERBAL_KINDS, SPLITS
from mmdia.schema.vocab import vocabulary

#: Asks for rows that do not say.
NONE = "none"
#: Asks for rows that have any at all (non-verbal sounds).
ANY = "any"
#: Genders that a condition may name; with "+" between them they are all speakers of a dialogue.
GENDERS = ("female", "male", "unknown")
MIXED = "mixed"

Visible = Literal["all", "some", "none"]
_RANGE = re.compile(r"(?P<lo>\d+(?:\.\d+)?)?(?P<sep>\.\.|-)?(?P<hi>\d+(?:\.\d+)?)?\Z")


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `lo` to `hi`, both included; None is open."""

    lo: float | None = None
    hi: float | None = None

    def __post_init__(self) -> None:
        """An empty range is refused.

        Raises:
            UsageError: `lo` is above `hi`, or one of them is no number.
        """
        for end in (self.lo, self.hi):
            if end is not None and end != end:
                raise UsageError("not a number in a range", got=str(end))
        if self.lo is not None and self.hi is not None and self.lo > self.hi:
            raise UsageError("nothing lies in this range", got=f"{self.lo:g} to {self.hi:g}")

    def __bool__(self) -> bool:
        return self.lo is not None or self.hi is not None


def parse_range(text: str) -> Range:
    """``2``, ``2-3``, ``2..3``, ``3-`` (3 or more), ``..5`` (5 or less).

    Raises:
        UsageError: It is none of these.
    """
    match = _RANGE.match(text.strip())
    if match is None or (match["lo"] is None and match["hi"] is None):
        raise UsageError("not a number or a range", expected="2, 2-3, 3- or ..5", got=repr(text))
    lo, hi = (None if match[k] is None else float(match[k]) for k in ("lo", "hi"))
    return Range(lo, lo if match["sep"] is None else hi)


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions on a dialogue; empty ones always hold.

    Attributes:
        ids: Identifiers.
        relationship: Categories, in any case; "none" for dialogues without one.
        interaction: The same.
        label: Words within the raw labels of either.
        tone: Words within the emotional tone.
        text: Words within the text of one turn.
        style: Words within a description of style: of the dialogue, a speaker, or a turn.
        nonverbal: Kinds, or words within label, raw mark or tag; "any" for any at all.
        emotion: Emotion labels of turns.
        regex: `label`, `tone`, `text`, `style` and `nonverbal` are regular expressions (RE2).
        intensity: Emotion intensity.
        volatility: Emotion volatility.
        speakers: Number of speakers who have a turn.
        turns: Number of turns.
        seconds: From the earliest turn's start to the latest turn's end.
        year: Year of the title.
        genders: "female", "male", "unknown": all speakers are; "mixed": women and men; joined by
            "+" ("female+male"): just these speakers.
        speaker: Words within the id or name of a speaker.
        split: Splits; "none" for rows without one.
        subset: Tags.
        title: Identifier of a title, or words within its name.
        series: Words within the name of the series.
        language: Language tags; "en" fits "en-GB", too.
        genre: Genres.
        country: Countries.
        visible: "all": every turn's speaker is seen; "some": at least one is; "none": no turn's is.
    """

    ids: tuple[str, ...] = ()
    relationship: tuple[str, ...] = ()
    interaction: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    tone: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    style: tuple[str, ...] = ()
    nonverbal: tuple[str, ...] = ()
    emotion: tuple[str, ...] = ()
    regex: bool = False
    intensity: Range = Range()
    volatility: Range = Range()
    speakers: Range = Range()
    turns: Range = Range()
    seconds: Range = Range()
    year: Range = Range()
    genders: tuple[str, ...] = ()
    speaker: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    subset: tuple[str, ...] = ()
    title: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    genre: tuple[str, ...] = ()
    country: tuple[str, ...] = ()
    visible: Visible | None = None

    @property
    def about_titles(self) -> bool:
        """Whether a condition is on the title rather than on the dialogue."""
        words = (self.title, self.series, self.language, self.genre, self.country)
        return any(words) or bool(self.year)

    def to_row(self) -> dict[str, Any]:
        """The conditions that are set, JSON-ready; identifiers as their number."""
        row: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value and field.name == "ids":
                row["ids"] = len(value)
            elif isinstance(value, Range):
                if value:
                    row[field.name] = asdict(value)
            elif value:
                row[field.name] = list(value) if isinstance(value, tuple) else value
        return row


def check_words(query: Query, vocab: str | None) -> None:
    """Refuse words that can fit nothing, before a long search comes back empty.

    Args:
        query: The conditions.
        vocab: Vocabulary of the release.

    Raises:
        UsageError: A category, split, gender or pattern is none; near ones are named.
    """
    table = vocabulary(vocab)
    for axis in ("relationship", "interaction"):
        known = (*table.names(axis), NONE)
        _known(axis, getattr(query, axis), known, "To search the raw labels, use --label.")
    _known("split", query.split, (*SPLITS, NONE))
    for word in query.genders:
        _known("gender", gender_words(word), (*GENDERS, *(() if "+" in word else (MIXED,))))
    if query.regex:
        for word in (*query.label, *query.tone, *query.text, *query.style, *query.nonverbal):
            _pattern(word)
    for name in ("label", "tone", "text", "style", "nonverbal", "title", "series", "speaker"):
        if any(not word.strip() for word in getattr(query, name)):
            raise UsageError(f"nothing to look for in {name}", got="an empty word")


def gender_words(word: str) -> list[str]:
    """The speakers of a word such as "female+male", in lower case."""
    return [part.strip().casefold() for part in word.split("+")]


def is_kind(word: str) -> bool:
    """Whether a word of `nonverbal` names a kind of sound."""
    return word.casefold() in NONVERBAL_KINDS


def _known(what: str, words: Iterable[str], known: Sequence[str], hint: str | None = None) -> None:
    folded = {k.casefold(): k for k in known}
    for word in words:
        if word.strip().casefold() not in folded:
            near = get_close_matches(word.casefold(), list(folded), n=3)
            names = ", ".join(folded[n] for n in near) if near else ", ".join(known)
            raise UsageError(f"no such {what}", expected=names, got=repr(word), hint=hint)


def _pattern(word: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.match_substring_regex(pa.array([""]), word)
    except pa.ArrowInvalid as error:
        raise UsageError("not a regular expression", got=repr(word), expected="RE2 syntax") from error
