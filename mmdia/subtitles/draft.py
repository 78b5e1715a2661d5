"""What a format parser hands on: cues before cleaning, and the timing lines they come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mmdia.subtitles.lines import is_blank
from mmdia.subtitles.times import ARROW, Timing, is_broken_timing, read_timing
from mmdia.subtitles.track import Problem

_NUMBER = re.compile(r"[\s\ufeff]*(\d{1,9})\s*")


@dataclass(slots=True)
class DraftCue:
    """One cue as a parser finds it; `name` is the speaker that the format itself gives (ASS)."""

    start_ms: int
    end_ms: int
    raw_text: str
    identifier: str
    settings: str
    line: int
    name: str = ""


@dataclass(slots=True)
class Draft:
    """The result of one format parser."""

    cues: list[DraftCue] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    header: str = ""
    n_arrows: int = 0

    def report(self, code: str, line: int, text: str = "") -> None:
        """Note one problem."""
        self.problems.append(Problem(code, line, text))


class Head(NamedTuple):
    """A timing line: its 0-based place, and its times (None when they cannot be read)."""

    at: int
    timing: Timing | None


def find_heads(lines: Sequence[str], draft: Draft) -> list[Head]:
    """All timing lines; counts arrows, and reports arrows that stand in text."""
    heads: list[Head] = []
    for at, line in enumerate(lines):
        if ">" not in line and "\u2192" not in line:
            continue
        timing = read_timing(line)
        if timing is not None:
            heads.append(Head(at, timing))
        elif is_broken_timing(line):
            heads.append(Head(at, None))
        elif ARROW in line:
            draft.report("arrow_in_text", at + 1, line.strip())
        else:
            continue
        draft.n_arrows += 1
    return heads


def cue_number(line: str) -> str:
    """The number on a line that holds nothing else, as written; else ""."""
    match = _NUMBER.fullmatch(line)
    return match[1] if match else ""


def follows(number: str, previous: str) -> bool:
    """Whether `number` is the cue number right after `previous`."""
    pair = (number, previous)
    are_numbers = all(word.isdecimal() and len(word) < 10 for word in pair)
    return are_numbers and int(number) == int(previous) + 1


def trim_blank(lines: Sequence[str]) -> tuple[int, int]:
    """First and one-past-last place of the lines without empty lines at both ends."""
    first, last = 0, len(lines)
    while first < last and is_blank(lines[first]):
        first += 1
    while last > first and is_blank(lines[last - 1]):
        last -= 1
    return first, last


def blocks(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Places (first, one past last) of the runs of lines between empty lines."""
    found: list[tuple[int, int]] = []
    first: int | None = None
    for at, line in enumerate(lines):
        if is_blank(line):
            if first is not None:
                found.append((first, at))
            first = None
        elif first is None:
            first = at
    if first is not None:
        found.append((first, len(lines)))
    return found


def report_cue(draft: Draft, cue: DraftCue, notes: tuple[str, ...] = ()) -> None:
    """Add a cue and report what is odd about it: its times, its order, its emptiness."""
    if cue.end_ms < cue.start_ms:
        draft.report("end_before_start", cue.line)
    if draft.cues and cue.start_ms < draft.cues[-1].start_ms:
        draft.report("out_of_order", cue.line)
    if not cue.raw_text.strip():
        draft.report("empty_text", cue.line)
    for note in notes:
        draft.report(note, cue.line)
    draft.cues.append(cue)
