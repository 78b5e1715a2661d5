"""SubRip (.srt): numbered cues between empty lines, as strict files and as torn ones have it.

A cue begins at its timing line. The number above it, and the empty line above that, may be missing. What
stands between two timing lines belongs to the upper one. Three rules settle what is doubtful:

* a number directly above a timing line is the cue's number, if an empty line stands above it or if the cue
  before had a number; else it is text of the cue before;
* text after an empty line belongs to the cue above (reported), for SRT has no other owner for it;
* but a block that begins with the very next cue number has lost its timing line: its text is reported as
  such (`missing_time`), not given to the cue above.
"""

from __future__ import annotations

import re

from mmdia.subtitles.draft import (
    Draft,
    DraftCue,
    Head,
    blocks,
    cue_number,
    find_heads,
    follows,
    report_cue,
    trim_blank,
)
from mmdia.subtitles.lines import is_blank, payload_in, split_lines

_COORDINATES = re.compile(r"(?:[XYxy][12]\s*:\s*-?\d+\s*)+")
_VTT_SETTINGS = re.compile(r"(?:(?:vertical|line|position|size|align|region)\s*:\s*\S+\s*)+")


def parse_srt(text: str) -> Draft:
    """Cues of an SRT text; nothing is dropped without a problem that says so."""
    draft = Draft()
    lines = split_lines(text)
    heads = find_heads(lines, draft)
    numbers = _Numbers(lines, draft)
    first, identifier = numbers.above(heads[0], 0, "") if heads else (len(lines), "")
    _report_stray(lines[:first], 0, draft)
    seen: set[str] = set()
    for place, head in enumerate(heads):
        if identifier and identifier in seen:
            draft.report("duplicate_index", head.at + 1, identifier)
        seen.add(identifier)
        end, next_identifier = len(lines), ""
        if place + 1 < len(heads):
            end, next_identifier = numbers.above(heads[place + 1], head.at + 1, identifier)
        _add_cue(draft, head, identifier, next_identifier, lines, end)
        identifier = next_identifier
    return draft


class _Numbers:
    """Finds the number line of a cue."""

    def __init__(self, lines: list[str], draft: Draft) -> None:
        self._lines = lines
        self._draft = draft

    def above(self, head: Head, floor: int, previous: str) -> tuple[int, str]:
        """Where the cue of `head` begins (not above `floor`), and its number ("" for none)."""
        if head.timing is not None and head.timing.number:
            return head.at, head.timing.number
        at, lines = head.at - 1, self._lines
        if at >= floor:
            number = cue_number(lines[at])
            if number and (previous or at == 0 or (at > floor and is_blank(lines[at - 1]))):
                return at, number
            if is_blank(lines[at]):
                while at > floor and is_blank(lines[at]):
                    at -= 1
                number = cue_number(lines[at])
                alone = at == 0 or (at > floor and is_blank(lines[at - 1]))
                if number and alone and (floor == 0 or follows(number, previous)):
                    self._draft.report("blank_after_index", at + 1, number)
                    return at, number
        self._draft.report("missing_index", head.at + 1)
        return head.at, ""


def _add_cue(
    draft: Draft, head: Head, identifier: str, next_identifier: str, lines: list[str], end: int
) -> None:
    begin = head.at + 1
    if head.timing is None:
        payload = lines[begin:end]
        first, last = trim_blank(payload)
        draft.report("bad_time", head.at + 1, "\n".join([lines[head.at].strip(), *payload[first:last]]))
        return
    glued, settings = _split_rest(head.timing.rest)
    payload = _own_lines(draft, lines[begin:end], begin, identifier, next_identifier)
    notes = head.timing.notes
    if glued:
        payload.insert(0, glued)
        notes = (*notes, "glued_text")
    cue = DraftCue(
        head.timing.start_ms, head.timing.end_ms, payload_in(payload), identifier, settings, head.at + 1
    )
    report_cue(draft, cue, notes)


def _own_lines(
    draft: Draft, payload: list[str], offset: int, identifier: str, next_identifier: str
) -> list[str]:
    """The payload without empty lines around it and without blocks that lost their timing line."""
    first, last = trim_blank(payload)
    own = payload[first:last]
    if first == 0 and all(own) and not any(map(is_blank, own)):
        return own
    kept: list[str] = []
    reported = False
    kept_to = first
    previous = identifier
    for begin, end in blocks(payload):
        number = cue_number(payload[begin])
        if begin > 0 and end - begin > 1 and follows(number, previous) and number != next_identifier:
            draft.report("missing_time", offset + begin + 1, "\n".join(payload[begin:end]))
            previous = number
            continue
        if begin > 0 and not reported:
            draft.report("text_after_blank", offset + begin + 1, payload[begin].strip())
            reported = True
        if kept:
            kept.extend(line for line in payload[kept_to:begin] if is_blank(line))
        kept.extend(payload[begin:end])
        kept_to = end
    return kept


def _split_rest(rest: str) -> tuple[str, str]:
    """What follows the times on their line, as (text, settings)."""
    if not rest or _COORDINATES.fullmatch(rest) or _VTT_SETTINGS.fullmatch(rest):
        return "", rest
    return rest, ""


def _report_stray(lines: list[str], offset: int, draft: Draft) -> None:
    for begin, end in blocks(lines):
        draft.report("stray_text", offset + begin + 1, "\n".join(lines[begin:end]).lstrip("\ufeff"))
