"""WebVTT (.vtt): header, NOTE, STYLE and REGION blocks, cues with identifiers and settings.

Read more kindly than browsers do: the first line may be missing, commas and other forms of time are
accepted (`times.py`), and what a browser would drop without a word is reported. As in browsers, a timing
line begins a cue wherever it stands, below a NOTE too, and an empty line ends the cue: text after it is no
cue's text and is reported as `stray_text`.

``X-TIMESTAMP-MAP`` (HLS segments) ties local times to the clock of the transport stream. It is reported and
kept in the header but not applied: where that clock starts in a given film file is not known here.
`timestamp_map_ms` gives the two times for those who know.
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
    report_cue,
    trim_blank,
)
from mmdia.subtitles.lines import is_blank, payload_in, split_lines
from mmdia.subtitles.times import read_time

_SIGNATURE = re.compile(r"[\s\ufeff]*WEBVTT", re.IGNORECASE)
_COMMENT = re.compile(r"NOTE(?:\s|$)")
_STYLE = re.compile(r"(?:STYLE|REGION|Style:|Region:)\s*$")
_FIELD = re.compile(r"\s*([A-Za-z][\w-]*)\s*[:=]\s*(.*?)\s*")
_SETTING = re.compile(r"[A-Za-z-]+:\S+")


def has_signature(text: str) -> bool:
    """Whether a text begins with WEBVTT (after empty lines and byte order marks)."""
    return _SIGNATURE.match(text) is not None


def parse_vtt(text: str) -> Draft:
    """Cues of a WebVTT text; nothing is dropped without a problem that says so."""
    draft = Draft()
    lines = split_lines(text)
    heads = find_heads(lines, draft)
    body = _header(lines, heads, draft, signed=has_signature(text))
    first, identifier = _identifier(lines, heads[0], body, "", draft) if heads else (len(lines), "")
    _rest(lines[body:first], body, draft)
    for place, head in enumerate(heads):
        end, next_identifier = len(lines), ""
        if place + 1 < len(heads):
            end, next_identifier = _identifier(lines, heads[place + 1], head.at + 1, identifier, draft)
        _add_cue(draft, head, identifier, lines, end)
        identifier = next_identifier
    return draft


def header_field(header: str, name: str) -> str | None:
    """The value of ``Name: value`` in a WebVTT header, or None."""
    for line in split_lines(header):
        match = _FIELD.fullmatch(line)
        if match and match[1].lower() == name.lower():
            return match[2]
    return None


def timestamp_map_ms(header: str) -> tuple[int, float] | None:
    """The (local ms, stream ms) pair of an X-TIMESTAMP-MAP header, or None.

    A cue at local time t is at stream time ``t - local + stream``, on the 90 kHz clock of the stream.
    """
    value = header_field(header, "X-TIMESTAMP-MAP") or ""
    parts = dict(part.split(":", 1) for part in value.split(",") if ":" in part)
    named = {key.strip().upper(): content.strip() for key, content in parts.items()}
    local = read_time(named.get("LOCAL", ""))
    ticks = named.get("MPEGTS", "")
    if local is None or not (ticks.isdecimal() and len(ticks) < 20):
        return None
    return local, int(ticks) / 90.0


def _header(lines: list[str], heads: list[Head], draft: Draft, *, signed: bool) -> int:
    """Read the header block; returns the place of the first line after it."""
    if not signed:
        draft.report("no_header", 1)
        return 0
    first, _ = trim_blank(lines)
    stop = heads[0].at if heads else len(lines)
    at = first
    while at < stop and not is_blank(lines[at]):
        at += 1
    draft.header = "\n".join(lines[first:at]).lstrip("\ufeff")
    if header_field(draft.header, "X-TIMESTAMP-MAP") is not None:
        draft.report("timestamp_map", first + 1, header_field(draft.header, "X-TIMESTAMP-MAP") or "")
    return at


def _identifier(lines: list[str], head: Head, floor: int, previous: str, draft: Draft) -> tuple[int, str]:
    """Where the cue of `head` begins, and its identifier.

    An identifier is the line above, with an empty line (or the header) above it. A number counts without
    the empty line too, where the cue before had a number.
    """
    if head.timing is not None and head.timing.number:
        return head.at, head.timing.number
    at = head.at - 1
    if at < floor or is_blank(lines[at]):
        return head.at, ""
    # At the floor stands the first payload line of the cue above, or the first line of the file.
    begins_block = is_blank(lines[at - 1]) if at > floor else at == 0
    glued_number = bool(cue_number(lines[at])) and bool(cue_number(previous))
    if begins_block and _COMMENT.match(lines[at]):
        draft.report("cue_in_comment", head.at + 1, lines[at])
        return head.at, ""
    if (begins_block or glued_number) and "-->" not in lines[at]:
        return at, lines[at].strip().strip("\ufeff")
    return head.at, ""


def _add_cue(draft: Draft, head: Head, identifier: str, lines: list[str], end: int) -> None:
    begin = head.at + 1
    close = begin
    while close < end and not is_blank(lines[close]):
        close += 1
    payload = lines[begin:close]
    if head.timing is None:
        named = [identifier] if identifier and not cue_number(identifier) else []
        draft.report("bad_time", head.at + 1, "\n".join([*named, lines[head.at].strip(), *payload]))
    else:
        notes, settings = head.timing.notes, head.timing.rest
        words = settings.split()
        if words and not any(_SETTING.fullmatch(word) for word in words):
            payload.insert(0, settings)
            notes, settings = (*notes, "glued_text"), ""
        timing = head.timing
        raw = payload_in(payload)
        cue = DraftCue(timing.start_ms, timing.end_ms, raw, identifier, settings, head.at + 1)
        report_cue(draft, cue, notes)
    _rest(lines[close:end], close, draft)


def _rest(lines: list[str], offset: int, draft: Draft) -> None:
    """Blocks that are no cues: comments are passed over, styles kept, the rest reported."""
    for begin, end in blocks(lines):
        block = lines[begin:end]
        if _STYLE.match(block[0]):
            draft.header += "\n\n" + "\n".join(block)
        elif not _COMMENT.match(block[0]):
            draft.report("stray_text", offset + begin + 1, "\n".join(block).lstrip("\ufeff"))
