"""Advanced SubStation Alpha and SubStation Alpha (.ass, .ssa): events in the order of their Format line.

Each ``Dialogue:`` line is a cue. ``Comment:`` lines are no cues; each is reported as such, and so is every
line of the events section that is neither. The payload is the last field, commas included. The Name (or
Actor) field gives the speaker; the other fields are kept, comma-joined, as the cue's settings.
"""

from __future__ import annotations

import re

from mmdia.subtitles.draft import Draft, DraftCue, report_cue
from mmdia.subtitles.lines import split_lines
from mmdia.subtitles.times import read_time

_EVENT = re.compile(r"[\s\ufeff]*(Dialogue|Comment)\s*:\s?(.*)", re.IGNORECASE | re.DOTALL)
_FORMAT = re.compile(r"\s*Format\s*:(.*)", re.IGNORECASE | re.DOTALL)
_SECTION = re.compile(r"[\s\ufeff]*\[([^\]]*)\]\s*")
_OTHER_EVENT = re.compile(r"\s*(?:Picture|Sound|Movie|Command)\s*:", re.IGNORECASE)
_DRAWING = re.compile(r"\{[^}]*\\p[1-9]")
_SCRIPT = re.compile(
    r"^[ \t\ufeff]*(?:\[(?:script info|events|v4\+? styles)\]\s*$|Dialogue\s*:[^,\n]*,\s*\d+:\d)",
    re.IGNORECASE | re.MULTILINE,
)
_FIELDS = ["layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text"]


def looks_like_ass(text: str) -> bool:
    """Whether a text has the section heads or event lines of an ASS script."""
    return _SCRIPT.search(text) is not None


def parse_ass(text: str) -> Draft:
    """Cues of an ASS or SSA script; nothing is dropped without a problem that says so."""
    draft = Draft()
    fields = _FIELDS
    section, formatted, in_events = "", False, False
    head: list[str] = []
    for number, line in enumerate(split_lines(text), start=1):
        event = _EVENT.match(line)
        named = _SECTION.fullmatch(line)
        if event:
            in_events = True
            if not formatted:
                draft.report("no_header", number, "no Format line above the first event")
                formatted = True
            _add_event(draft, event[1].lower(), event[2], fields, number)
        elif named:
            section = named[1].strip().lower()
            in_events = section == "events"
            head.append(line)
        elif in_events and (format_line := _FORMAT.match(line)):
            fields = [name.strip().lower() for name in format_line[1].split(",")]
            formatted = True
        elif in_events and line.strip() and not line.lstrip().startswith((";", "!:")):
            draft.report("comment" if _OTHER_EVENT.match(line) else "stray_text", number, line)
            draft.n_arrows += 1 if _OTHER_EVENT.match(line) else 0
        elif not in_events:
            head.append(line)
    draft.header = "\n".join(head).strip().lstrip("\ufeff")
    return draft


def _add_event(draft: Draft, kind: str, content: str, fields: list[str], number: int) -> None:
    draft.n_arrows += 1
    if kind == "comment":
        draft.report("comment", number, content)
        return
    values = content.split(",", len(fields) - 1)
    by_name = dict(zip(fields, values, strict=False))
    start_ms = read_time(by_name.get("start", ""))
    end_ms = read_time(by_name.get("end", ""))
    if start_ms is None or end_ms is None:
        draft.report("bad_time", number, content)
        return
    raw = by_name.get("text", "")
    others = [value for name, value in zip(fields, values, strict=False) if name not in _OWN]
    name = by_name.get("name", by_name.get("actor", "")).strip()
    notes = ("drawing",) if _DRAWING.search(raw) else ()
    report_cue(draft, DraftCue(start_ms, end_ms, raw, "", ",".join(others), number, name), notes)


_OWN = frozenset({"start", "end", "text"})
