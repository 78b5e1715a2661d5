"""From a raw payload to what is said, who says it, and what is heard beside it.

A cue may hold several *parts*, each said by one speaker. A part begins with a dialogue dash, a speaker
label or a ``<v Name>`` voice; lines without any of these go on with the part above. `Cue.text` has the
parts one below the other; `split_dashes` gives each its own cue.

Clean text has no markup, labels, dialogue dashes or marks. Bidirectional control characters, zero-width
spaces and soft hyphens are taken out of it too (joiners stay, for Persian and Hindi are spelt with them);
letters stay in logical order. `Cue.raw_text` keeps everything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from mmdia.schema.cue import Cue, Mark, Word
from mmdia.subtitles.labels import bracket_speaker, split_dash, split_label
from mmdia.subtitles.marks import FIRST_SIGNS, MARK_SIGN, NAME_SIGN, NOTES, take_marks
from mmdia.subtitles.markup import voices_of, words_of

_INVISIBLE = re.compile(
    f"[\\u00ad\\u061c\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060\\u2066-\\u2069\\ufeff{MARK_SIGN}{NAME_SIGN}]"
)
_SPACES = re.compile(r"[^\S\n]+")
_DASHES = "-\\u2010-\\u2015\\u2212\\ufe63\\uff0d"
#: What the long way of reading looks for; a payload with none of it is its own clean text.
_SPECIAL = re.compile(
    rf"[<>{{&\\\[(*#\uff08\uff1a\uff3b\u3010{NOTES}]|:(?=\s|$)|^\s*[{_DASHES}]|[{_DASHES}]\s*$|"
    + _INVISIBLE.pattern,
    re.MULTILINE,
)
_CLOSING = tuple(",.!?;:\u2026)")


class Part(NamedTuple):
    """What one speaker says in a cue; offsets of `marks` count within `text`."""

    speaker: str | None
    text: str
    marks: tuple[Mark, ...] = ()


class Reading(NamedTuple):
    """What a payload says: the fields of a `Cue` of the same names."""

    text: str
    speakers: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    words: tuple[Word, ...] = ()


def clean_cue(cue: Cue, *, form: str = "srt") -> Cue:
    """The cue with text, speakers, marks and words read from its `raw_text`.

    Args:
        cue: A cue whose `raw_text` is the payload; its other reading is replaced.
        form: Markup of the payload: srt, vtt or ass.
    """
    reading = read_payload(cue.raw_text, cue.start_ms, cue.end_ms, form=form)
    return replace(
        cue, text=reading.text, speakers=reading.speakers, marks=reading.marks, words=reading.words
    )


def read_payload(raw: str, start_ms: int, end_ms: int, *, form: str = "srt") -> Reading:
    """What a payload says; the times of its cue are needed for karaoke words only."""
    if not _SPECIAL.search(raw):
        return Reading("\n".join(_tidy_lines(raw)))
    parts = parts_of(raw, form=form)
    if len(parts) == 1:
        text, marks = parts[0].text, parts[0].marks
    else:
        text, marks = _join(parts)
    speakers = tuple(dict.fromkeys(part.speaker for part in parts if part.speaker))
    return Reading(text, speakers, marks, words_of(raw, start_ms, end_ms, form))


def plain_text(raw: str, *, form: str = "srt") -> str:
    """A payload without markup and invisible characters only: for descriptions and chapter titles."""
    text = "".join(run for _, run in voices_of(raw, form))
    return "\n".join(_tidy_lines(_INVISIBLE.sub("", text)))


def parts_of(raw: str, *, form: str = "srt") -> tuple[Part, ...]:
    """The parts of a payload, in order; a part may have no text (only marks)."""
    runs = [(voice, _INVISIBLE.sub("", run)) for voice, run in voices_of(raw, form)]
    n_lines = len(_tidy_lines("\n".join(run for _, run in runs)))
    drafts: list[_DraftPart] = []
    for voice, run in runs:
        if not run.strip(" \t\n\u00a0-\u2010\u2011\u2012\u2013\u2014\u2015") and len(runs) > 1:
            continue  # the dash between two voices on one line
        _read_run(run, voice, drafts, alone=n_lines < 2)
    finished = [draft.finish() for draft in drafts]
    return tuple(_merge(finished) if len(finished) > 1 else finished)


def split_dashes(cue: Cue, *, form: str = "srt") -> tuple[Cue, ...]:
    """One cue per part, so that each line is with its speaker; ``(cue,)`` when it has only one.

    The span is divided in proportion to the characters of the parts and covered without gaps. The parts
    have no `raw_text` of their own. `form` is the markup of the cue's `raw_text`; a cue without one is
    split by its `text`.
    """
    parts = parts_of(cue.raw_text or cue.text, form=form if cue.raw_text else "srt")
    if len(parts) < 2:
        return (cue,)
    weights = [max(1, len(part.text)) for part in parts]
    total = sum(weights)
    bounds = [cue.start_ms]
    for count in range(1, len(parts) + 1):
        done = sum(weights[:count])
        bounds.append(cue.start_ms + ((cue.end_ms - cue.start_ms) * done * 2 + total) // (2 * total))
    return tuple(
        replace(
            cue,
            start_ms=begin,
            end_ms=end,
            text=part.text,
            raw_text="",
            speakers=(part.speaker,) if part.speaker else (),
            marks=part.marks,
            words=tuple(word for word in cue.words if begin <= word.start_s * 1000 < end),
        )
        for part, begin, end in zip(parts, bounds, bounds[1:], strict=False)
    )


class _DraftPart:
    """A part while its lines are gathered; lines hold `MARK_SIGN` for each of `marks`."""

    def __init__(self, speaker: str | None) -> None:
        self.speaker = speaker
        self.lines: list[str] = []
        self.marks: list[Mark] = []

    def finish(self) -> Part:
        if not self.marks:
            return Part(self.speaker, "\n".join(_tidy_lines("\n".join(self.lines))))
        text = ""
        placed: list[Mark] = []
        waiting = iter(self.marks)
        for line in self.lines:
            pieces = line.split(MARK_SIGN)
            out, offsets = _join_pieces(pieces)
            base = len(text) + 1 if text and out else len(text)
            placed.extend(
                replace(mark, char_offset=base + offset)
                for offset, mark in zip(offsets, waiting, strict=False)
            )
            if out:
                text = f"{text}\n{out}" if text else out
        return Part(self.speaker, text, tuple(placed))


def _read_run(run: str, voice: str | None, drafts: list[_DraftPart], *, alone: bool) -> None:
    names: list[str] = []
    marks: list[Mark] = []
    if FIRST_SIGNS.search(run):
        run, marks, names = take_marks(run, speaker_of=bracket_speaker)
    fresh = True
    for line in run.split("\n"):
        if not line.strip():
            continue
        line, dashed = split_dash(line, alone=alone)
        line, label = split_label(line, names)
        while NAME_SIGN in line:  # a name in a place where it labels nothing is text
            line = line.replace(NAME_SIGN, f"[{names.pop(0)}]", 1)
        # After a closing </v> plain text has no speaker; below a line it goes on with the part.
        new_voice = fresh and (not drafts or drafts[-1].speaker != voice)
        if not drafts or new_voice or dashed or label:
            drafts.append(_DraftPart(voice or label))
        fresh = False
        drafts[-1].lines.append(line)
        if marks:
            count = line.count(MARK_SIGN)
            drafts[-1].marks.extend(marks[:count])
            del marks[:count]


def _merge(parts: Sequence[Part]) -> list[Part]:
    """Parts without text and speaker join their neighbour, so that no part is only a noise."""
    merged: list[Part] = []
    for part in parts:
        if merged and not part.text and not part.speaker:
            marks = tuple(replace(mark, char_offset=len(merged[-1].text)) for mark in part.marks)
            merged[-1] = merged[-1]._replace(marks=merged[-1].marks + marks)
        elif merged and not merged[-1].text and not merged[-1].speaker:
            marks = tuple(replace(mark, char_offset=0) for mark in merged[-1].marks)
            merged[-1] = part._replace(marks=marks + part.marks)
        else:
            merged.append(part)
    return merged


def _join(parts: Sequence[Part]) -> tuple[str, tuple[Mark, ...]]:
    text = ""
    marks: list[Mark] = []
    for part in parts:
        base = len(text) + 1 if text and part.text else len(text)
        marks.extend(replace(mark, char_offset=base + mark.char_offset) for mark in part.marks)
        if part.text:
            text = f"{text}\n{part.text}" if text else part.text
    return text, tuple(marks)


def _join_pieces(pieces: Sequence[str]) -> tuple[str, list[int]]:
    """Pieces of a line around marks, joined with single spaces, and the offset of each mark."""
    out = ""
    offsets: list[int] = []
    for place, piece in enumerate(pieces):
        if place:
            offsets.append(len(out))
        tidy = _SPACES.sub(" ", piece)
        if not out or out.endswith(" "):
            tidy = tidy.lstrip()
        if place and tidy.startswith(_CLOSING):
            out = out.rstrip()
            offsets[-1] = len(out)
        out += tidy
    out = out.rstrip()
    return out, [min(offset, len(out)) for offset in offsets]


def _tidy_lines(text: str) -> list[str]:
    return [tidy for line in text.split("\n") if (tidy := " ".join(line.split()))]
