"""Lines of a subtitle file, and how a payload that the format cannot hold is written all the same.

SRT and WebVTT end a cue at an empty line, and an arrow starts a new one, so a text that holds either would
be torn apart. Such lines are written with a WORD JOINER (U+2060), which no player shows:

* an empty line inside a cue becomes a line with one WORD JOINER;
* ``-->`` inside a text becomes ``--`` + WORD JOINER + ``>``;
* a text line that reads as a timing line by another arrow gets a WORD JOINER before it.

Reading takes exactly one WORD JOINER away at these places, so writing and reading are inverse to each
other, for texts that hold WORD JOINERs of their own too.
"""

from __future__ import annotations

import re

from mmdia.subtitles.times import ARROW, read_timing

JOINER = "\u2060"

_LINE_ENDS = re.compile(r"\r+\n|\r")
_ARROW_OUT = re.compile(f"--({JOINER}*)>")
_ARROW_IN = re.compile(f"--{JOINER}({JOINER}*)>")


def split_lines(text: str) -> list[str]:
    """Lines of a text with mixed LF, CRLF, CR and CR CR LF ends (no other character ends a line)."""
    return _LINE_ENDS.sub("\n", text).split("\n") if "\r" in text else text.split("\n")


def is_blank(line: str) -> bool:
    """Whether a line holds nothing but white space and byte order marks."""
    return not line or line.isspace() or not line.replace("\ufeff", "").strip()


def payload_out(raw: str) -> list[str]:
    """The lines to write for a payload; none for an empty one."""
    if not raw:
        return []
    return [_line_out(line) for line in split_lines(raw.replace("\0", ""))]


def payload_in(lines: list[str]) -> str:
    """The payload that the lines of a file stand for; the inverse of `payload_out`."""
    joined = "\n".join(lines)
    if JOINER not in joined:
        return joined
    return "\n".join(_line_in(line) for line in lines)


def _line_out(line: str) -> str:
    line = _ARROW_OUT.sub(lambda found: f"--{JOINER}{found[1]}>", line)
    return JOINER + line if _would_break(line.lstrip(JOINER)) else line


def _line_in(line: str) -> str:
    if line.startswith(JOINER) and _would_break(line.lstrip(JOINER)):
        line = line[1:]
    return _ARROW_IN.sub(lambda found: f"--{found[1]}>", line)


def _would_break(rest: str) -> bool:
    return is_blank(rest) or (ARROW not in rest and read_timing(rest) is not None)
