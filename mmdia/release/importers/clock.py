"""Times as annotation sets write them -> integer milliseconds, rounded once, from exact numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from math import floor

from mmdia.errors import UsageError

FORMATS = ("auto", "clock", "frames", "ms", "s", "timecode")

_CLOCK = re.compile(r"([+-]?)(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2})(?:[.,](\d{1,9}))?\Z")
_DOTS = re.compile(r"(\d{1,3})\.(\d{2})\.(\d{2})\.(\d{1,3})\Z")
_TIMECODE = re.compile(r"(\d{1,3}):(\d{2}):(\d{2})([:;.])(\d{1,3})\Z")
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?\Z")
#: Wide enough for every number that `_NUMBER` takes: nothing is rounded but the milliseconds.
_EXACT = Context(prec=200)
_THOUSAND = Decimal(1000)
#: No title is longer; a larger number is a mistake (milliseconds read as seconds, say).
LONGEST_MS = 1000 * 3600 * 1000


def round_ms(seconds: Fraction) -> int:
    """Exact seconds to the nearest millisecond, ties away from zero."""
    ms = abs(seconds) * 1000
    whole = floor(ms + Fraction(1, 2))
    return whole if seconds >= 0 else -whole


def exact(text: str) -> Decimal | None:
    """A decimal number as it is written, or None when the text is none (nan and inf included)."""
    stripped = text.strip()
    return Decimal(stripped) if _NUMBER.match(stripped) else None


def seconds_ms(*parts: Decimal) -> int:
    """The sum of exact seconds to the nearest millisecond, ties away from zero."""
    total = Decimal(0)
    for part in parts:
        total = _EXACT.add(total, part)
    return int(_EXACT.multiply(total, _THOUSAND).to_integral_value(ROUND_HALF_UP, _EXACT))


def clock_ms(text: str) -> int | None:
    """``H:MM:SS``, ``MM:SS``, with ``.`` or ``,`` and a decimal fraction; None when it is no such time.

    >>> clock_ms("0:12:43,012"), clock_ms("01:02.5"), clock_ms("00:61:00")
    (763012, 62500, None)
    """
    found = _CLOCK.match(text.strip())
    if found is None:
        return None
    sign, hours, minutes, seconds, fraction = found.groups()
    if int(seconds) > 59 or (hours is not None and int(minutes) > 59):
        return None
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    ms = whole * 1000 + (seconds_ms(Decimal(f"0.{fraction}")) if fraction else 0)
    return -ms if sign == "-" else ms


def dots_ms(text: str) -> int | None:
    """``HH.MM.SS.mmm``, as in names of files; None when it is no such time."""
    found = _DOTS.match(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(found[k]) for k in (1, 2, 3))
    if minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + round_ms(
        Fraction(int(found[4]), 10 ** len(found[4]))
    )


def timecode_ms(text: str, rate: Fraction) -> int | None:
    """``HH:MM:SS:FF`` (SMPTE); a semicolon before the frames is drop-frame. None when it is no such time.

    The numbers count frames at the nominal rate, so at 30000/1001 one hour of time code is 3603.6 s.
    A frame number that the second does not have is a mistake, not a time.

    >>> timecode_ms("00:00:01:12", Fraction(25)), timecode_ms("00:00:01:30", Fraction(25))
    (1480, None)
    """
    found = _TIMECODE.match(text.strip())
    if found is None:
        return None
    hours, minutes, seconds, frame = (int(found[k]) for k in (1, 2, 3, 5))
    nominal = floor(rate + Fraction(1, 2))
    if minutes > 59 or seconds > 59 or frame >= nominal:
        return None
    frames = ((hours * 60 + minutes) * 60 + seconds) * nominal + frame
    if found[4] == ";":
        if nominal % 30 or rate.denominator != 1001:
            return None
        dropped = nominal // 15
        if minutes % 10 and not seconds and frame < dropped:
            return None
        all_minutes = hours * 60 + minutes
        frames -= dropped * (all_minutes - all_minutes // 10)
    return round_ms(Fraction(frames) / rate)


def looks_like_timecode(text: str) -> bool:
    """Whether a text has the form HH:MM:SS:FF."""
    return bool(_TIMECODE.match(text.strip())) and "." not in text


def time_reader(form: str = "auto", rate: Fraction | None = None) -> Callable[[object], int | None]:
    """A function from a value of a table to milliseconds, or None when it is no time.

    Args:
        form: clock (``H:MM:SS.mmm``), s, ms, frames (a number of frames), timecode
            (``HH:MM:SS:FF``), or auto: a clock or time code where there are colons, else seconds.
        rate: Frames a second.

    Raises:
        UsageError: No such format, or one that needs the frame rate is asked for without.
    """
    if form not in FORMATS:
        raise UsageError("no such time format", expected=", ".join(FORMATS), got=repr(form))
    if form in ("frames", "timecode") and rate is None:
        raise UsageError(f"times in {form} cannot be read without the frame rate", hint="Name it: --fps 25")

    def read(value: object) -> int | None:
        if value is None or isinstance(value, bool):
            return None
        text = str(value).strip()
        ms = _read(text, form, rate)
        return ms if ms is not None and abs(ms) <= LONGEST_MS else None

    return read


def _read(text: str, form: str, rate: Fraction | None) -> int | None:
    if form == "timecode" or (form == "auto" and looks_like_timecode(text)):
        if rate is None:
            raise UsageError(
                "the time's last part counts frames, so the frame rate must be known",
                got=repr(text), hint="Name it: --fps 25",
            )  # fmt: skip
        return timecode_ms(text, rate)
    if form == "clock" or (form == "auto" and ":" in text):
        return clock_ms(text)
    number = exact(text)
    if number is None:
        return None
    if form == "ms":
        return seconds_ms(_EXACT.scaleb(number, -3))
    if form == "frames":
        return round_ms(Fraction(number) / (rate or 1))
    return seconds_ms(number)
