"""Numbers and verdicts as a person says them."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from mmdia.pages.edits import edits_of
from mmdia.schema.timemap import TimeMapFile

DASH = "–"
MINUS = "−"

#: Recognised speeds by their exact ratio (media seconds per annotation second), in words.
_SPEEDS = {
    Fraction(24, 25): "PAL speed-up 25/24",
    Fraction(25, 24): "PAL slow-down 24/25",
    Fraction(960, 1001): "PAL speed-up 25/23.976",
    Fraction(1001, 960): "PAL slow-down 23.976/25",
    Fraction(1001, 1000): "film to NTSC slow-down 1000/1001",
    Fraction(1000, 1001): "NTSC to film speed-up 1001/1000",
}

#: Below this an offset or a difference of speed is none.
_SAME_S, _SAME_SPEED = 0.05, 1e-9


def clock(seconds: float, digits: int = 0) -> str:
    """``1:02:03`` or, with digits, ``1:02:03.456``; a dash when it is no time of a film."""
    if not math.isfinite(seconds) or abs(seconds) >= 1e7:
        return DASH
    units = 10**digits
    whole = math.floor(abs(seconds) * units + 0.5)
    total, part = divmod(whole, units)
    sign = MINUS if seconds < 0 and whole else ""
    tail = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{total // 3600}:{total // 60 % 60:02d}:{total % 60:02d}{tail}"


def number(value: float, digits: int = 3) -> str:
    """A number with a true minus sign, halves rounded away from zero; a dash when it is none."""
    if not math.isfinite(value):
        return DASH
    text = f"{value:.3g}"
    if abs(value) < 1e9:
        # Rounded as it is written: 12.5125 becomes 12.513, though its binary form lies below.
        text = str(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, digits: int = 3) -> str:
    """A number that always shows its sign; zero has none."""
    text = number(value, digits)
    positive = math.isfinite(value) and value > 0 and float(text) != 0
    return f"+{text}" if positive else text


def percent(share: float) -> str:
    """A probability or share; never rounded up to certainty."""
    if not math.isfinite(share):
        return DASH
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    if 0.995 <= share < 0.9995:
        return f"{math.floor(share * 1000) / 10} %"
    return (
        "100 %"
        if share >= 1
        else "0 %"
        if share <= 0
        else "< 0.1 %"
        if share < 0.001
        else f"{share * 100:.3g} %"
    )


def plural(n: int, one: str, many: str | None = None) -> str:
    """``1 line``, ``1,400 lines``."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def sentence(text: str) -> str:
    """Text as a sentence: a capital first, a full stop last."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def lasting(seconds: float) -> str:
    """A duration in the unit that reads best."""
    if not math.isfinite(seconds):
        return DASH
    if abs(seconds) < 120:
        return f"{number(seconds, 1 if abs(seconds) >= 10 else 2)} s"
    return f"{number(seconds / 60, 1)} min"


def later(offset: float) -> str:
    """An offset in words."""
    if not math.isfinite(offset) or abs(offset) < _SAME_S:
        return "at the same time"
    return f"{number(abs(offset))} s {'later' if offset > 0 else 'earlier'}"


def ratio_of(document: TimeMapFile) -> Fraction | None:
    """The exact speed, where one was recognised and can be read."""
    try:
        return Fraction(document.scale_ratio or "")
    except (ValueError, ZeroDivisionError):
        return None


def speed(document: TimeMapFile) -> str | None:
    """The speed in words, such as "PAL speed-up 25/24 (×0.96)"; None when it is the same."""
    scale = document.scale
    if not math.isfinite(scale) or abs(scale - 1.0) <= _SAME_SPEED:
        return None
    ratio = ratio_of(document)
    named = _SPEEDS.get(ratio) if ratio is not None else None
    if named is None:
        named = f"{'plays slower' if scale > 1 else 'plays faster'}, by {number(abs(scale - 1) * 100)} %"
    return f"{named} (×{scale:.6g})"


def verdict(document: TimeMapFile) -> str:
    """The verdict as one sentence."""
    if document.verdict == "wrong_film":
        if "no_evidence" in document.reasons:
            return "Cannot tell: nothing to compare"
        return "Cannot tell: not enough lines" if document.undecided else "Different film"
    first = document.segments[0].offset if document.segments else math.nan
    faster = speed(document)
    if document.verdict == "identity":
        return "Same film, same timing"
    if document.verdict == "translation":
        return f"Same film, {later(first)}"
    if document.verdict == "speed":
        return f"Same film, {faster or 'another speed'}"
    if document.verdict == "segments":
        parts = f"edited: {plural(len(document.segments), 'piece')}{_edits(document)}"
        return f"Same film, {parts}" + (f", {faster}" if faster else "")
    return document.verdict.replace("_", " ")


def _edits(document: TimeMapFile) -> str:
    edits = edits_of(document.segments)
    missing, added = (sum(e.missing_s for e in edits), sum(e.added_s for e in edits))
    said = [f"{lasting(missing)} missing"] if missing > _SAME_S else []
    said += [f"{lasting(added)} added"] if added > _SAME_S else []
    return f" ({', '.join(said)})" if said else ""


def tone(document: TimeMapFile) -> str:
    """How the verdict is coloured: good, warn, or bad."""
    if document.verdict == "wrong_film":
        return "warn" if document.undecided else "bad"
    sure = document.accepted and document.confidence >= 0.95
    return "good" if sure else "warn"


def standing(document: TimeMapFile) -> str:
    """Accepted or refused, in words."""
    if document.accepted:
        return "Accepted, in doubt" if "few_anchors" in document.reasons else "Accepted"
    by_policy = document.policy != "default" and document.verdict != "wrong_film"
    return f"Refused by the policy “{document.policy}”" if by_policy else "Refused"
