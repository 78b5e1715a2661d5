"""Timing lines: ``00:00:01,000 --> 00:00:02,500`` and the many ways people write it.

Accepted beyond the standards: comma or dot, one or two digits of hours, no hours, one to nine digits of
fraction, no fraction at all, spaces inside, a colon before three digits of milliseconds, full-width signs,
other digits than ASCII, a minus sign, and the arrows ``->``, ``-- >`` and U+2192.

A fraction is read as decimal: ``,5`` is 500 ms. Some programs mean 5 ms; such times are reported.
``HH:MM:SS:FF`` (frames) is refused: the frame rate is not in the file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ARROW = "-->"

_STANDARD = re.compile(
    r"(\d\d):(\d\d):(\d\d)[,.](\d{3}) --> (\d\d):(\d\d):(\d\d)[,.](\d{3})[ \t]*", re.ASCII
)


def _time_pattern(side: str) -> str:
    return (
        rf"(?P<{side}_minus>[-\u2212]\s?)?"
        rf"(?:(?P<{side}_h>\d{{1,6}})\s*[:\uff1a]\s*)?"
        rf"(?P<{side}_m>\d{{1,3}})\s*[:\uff1a]\s*(?P<{side}_s>\d{{1,2}})(?!\d)"
        rf"(?:\s*(?:[.,\uff0c]|:(?=\d{{3}}(?!\d)))\s*(?P<{side}_f>\d{{1,9}})(?!\d))?"
    )


_TOLERANT = re.compile(
    r"[\s\ufeff]*(?:(?P<index>\d{1,9})[ \t]+)?"
    + _time_pattern("a")
    + r"\s*(?:-{1,3}\s?>|[\u2013\u2014]>|\u2192)\s*"
    + _time_pattern("b")
    + r"(?P<rest>.*)",
    re.DOTALL,
)
_TIME_START = re.compile(r"[\s\ufeff\"'(\[-]{0,8}\d{1,6}\s*[:.,;\uff1a]\s*\d")
_ONE_TIME = re.compile(r"\s*" + _time_pattern("a") + r"\s*")


class Timing(NamedTuple):
    """A timing line that was read.

    Attributes:
        start_ms: Start, integer milliseconds.
        end_ms: End, integer milliseconds.
        rest: What follows the times on the line, stripped.
        number: A cue number written before the times on the same line, or "".
        notes: Problem codes that the form of the times asks for.
    """

    start_ms: int
    end_ms: int
    rest: str = ""
    number: str = ""
    notes: tuple[str, ...] = ()


def read_timing(line: str) -> Timing | None:
    """The times of a timing line, or None when the line is none (or a broken one)."""
    match = _STANDARD.fullmatch(line)
    if match:
        h1, m1, s1, f1, h2, m2, s2, f2 = map(int, match.groups())
        return Timing(((h1 * 60 + m1) * 60 + s1) * 1000 + f1, ((h2 * 60 + m2) * 60 + s2) * 1000 + f2)
    match = _TOLERANT.match(line) if ">" in line or "\u2192" in line else None
    if match is None:
        return None
    rest: str = match["rest"]
    # Text may be glued to three digits of milliseconds; after anything less it is a broken time.
    if rest and not rest[0].isspace() and (len(match["b_f"] or "") < 3 or rest[0] in ":.,"):
        return None
    notes = []
    fractions = [match["a_f"], match["b_f"]]
    if None in fractions:
        notes.append("coarse_time")
    if any(fraction is not None and len(fraction) < 3 for fraction in fractions):
        notes.append("short_fraction")
    start_ms, end_ms = _ms(match, "a"), _ms(match, "b")
    if start_ms < 0 or end_ms < 0:
        notes.append("negative_time")
    return Timing(start_ms, end_ms, rest.strip(), match["index"] or "", tuple(notes))


def read_time(text: str) -> int | None:
    """Milliseconds of one time such as ``01:02.500`` or ``0:00:01.20``; None when it is none."""
    match = _ONE_TIME.fullmatch(text)
    return None if match is None else _ms(match, "a")


def is_broken_timing(line: str) -> bool:
    """Whether a line with an arrow was meant as a timing line though its times cannot be read."""
    if ARROW not in line:
        return False
    left, _, right = line.partition(ARROW)
    return bool(_TIME_START.match(left) or _TIME_START.match(right))


def srt_time(ms: int) -> str:
    """``HH:MM:SS,mmm`` of a time that is not negative."""
    return _clock(ms, ",")


def vtt_time(ms: int) -> str:
    """``HH:MM:SS.mmm`` of a time that is not negative."""
    return _clock(ms, ".")


def _clock(ms: int, point: str) -> str:
    seconds, millis = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}{point}{millis:03d}"


def _ms(match: re.Match[str], side: str) -> int:
    hours, minutes = int(match[f"{side}_h"] or 0), int(match[f"{side}_m"])
    total = ((hours * 60 + minutes) * 60 + int(match[f"{side}_s"])) * 1000
    fraction = match[f"{side}_f"]
    if fraction:
        total += (int(fraction) * 1000 + 10 ** len(fraction) // 2) // 10 ** len(fraction)
    return -total if match[f"{side}_minus"] else total
