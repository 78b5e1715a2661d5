"""Time: integer milliseconds on disk, rationals for frames, and the time map.

Units: a name that ends in ``_ms`` is an int of milliseconds, one that ends in ``_s`` a float
of seconds. Spans are half-open, [start, end).

The *annotation timeline* is the clock of the copy that was annotated; the *media timeline* is
the player's clock of the copy a user owns. A `TimeMap` carries times from one to the other.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from mmdia.errors import TimeMapError, UsageError

#: Half the width of the whole timeline, in seconds: wider than any film, finite for JSON.
FOREVER_S = 1e7

#: Speeds by which releases of one film differ: NTSC, PAL and film rates, and their inverses.
STANDARD_SPEEDS: tuple[Fraction, ...] = (
    Fraction(1),
    Fraction(1001, 1000),
    Fraction(1000, 1001),
    Fraction(25, 24),
    Fraction(24, 25),
    Fraction(25025, 24000),
    Fraction(24000, 25025),
)

#: Segments may overlap on the media side by this much: rounding, not disorder.
_MONOTONE_SLACK_S = 1e-6

#: Neighbours that meet this closely on both timelines have no edit between them.
_JOINED_S = 1e-3


def ms_to_s(ms: int) -> float:
    """Milliseconds to seconds."""
    return ms / 1000.0


def s_to_ms(seconds: float) -> int:
    """Seconds to the nearest millisecond (ties away from zero, as people round)."""
    return math.floor(seconds * 1000.0 + 0.5) if seconds >= 0 else -math.floor(-seconds * 1000.0 + 0.5)


def parse_rate(text: str) -> Fraction:
    """A frame rate such as ``"24000/1001"``, ``"25"`` or ``"23.976"`` as an exact rational.

    Decimal spellings of NTSC rates become the true ratio (23.976 -> 24000/1001).

    Raises:
        UsageError: The text is no positive rate.
    """
    try:
        rate = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        raise UsageError("not a frame rate", expected='"24000/1001" or "25"', got=repr(text)) from None
    if rate <= 0:
        raise UsageError("a frame rate must be positive", got=repr(text))
    return snap_rate(rate) if "." in text else rate


def snap_rate(rate: Fraction | float) -> Fraction:
    """The broadcast rate nearest to `rate` when it is only a rounded spelling of one.

    NTSC rates are n*1000/1001; three printed decimals are off by at most 5e-4 of a frame a
    second, and neighbouring true rates differ by 0.02 or more, so the tolerance is safe.
    """
    for nominal in (24, 25, 30, 48, 50, 60, 120):
        for exact in (Fraction(nominal), Fraction(nominal * 1000, 1001)):
            if abs(float(rate) - float(exact)) < 6e-4:
                return exact
    return Fraction(rate).limit_denominator(100_000)


def format_rate(rate: Fraction) -> str:
    """``24000/1001``, or ``25/1`` for a whole rate."""
    return f"{rate.numerator}/{rate.denominator}"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open span [start_ms, end_ms) of integer milliseconds.

    Raises:
        UsageError: At birth, when the end lies before the start.
    """

    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        if self.end_ms < self.start_ms:
            raise UsageError("a span ends before it starts", got=f"[{self.start_ms}, {self.end_ms})")

    @property
    def duration_ms(self) -> int:
        """Length in milliseconds."""
        return self.end_ms - self.start_ms

    def __contains__(self, t_ms: int) -> bool:
        return self.start_ms <= t_ms < self.end_ms

    def __and__(self, other: Span) -> Span | None:
        """The common part, or None when there is none (touching spans share nothing)."""
        start, end = max(self.start_ms, other.start_ms), min(self.end_ms, other.end_ms)
        return Span(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Segment:
    """One affine piece of a time map: media = scale * anno + offset on [anno_start, anno_end).

    Attributes:
        anno_start: First second on the annotation timeline.
        anno_end: End (exclusive) on the annotation timeline.
        scale: Media seconds per annotation second; positive.
        offset: Media second of annotation second 0.
        confidence: Probability (0..1) that lines of this piece are placed right.
        residual_s: Median absolute residual of its anchors, seconds.
    """

    anno_start: float
    anno_end: float
    scale: float = 1.0
    offset: float = 0.0
    confidence: float = 1.0
    residual_s: float = 0.0

    def apply(self, t: float) -> float:
        """Annotation second -> media second (also outside the piece: extrapolated)."""
        return self.scale * t + self.offset

    def unapply(self, t: float) -> float:
        """Media second -> annotation second."""
        return (t - self.offset) / self.scale

    @property
    def media_start(self) -> float:
        """First second on the media timeline."""
        return self.apply(self.anno_start)

    @property
    def media_end(self) -> float:
        """End (exclusive) on the media timeline."""
        return self.apply(self.anno_end)


def _meet(left: Segment, right: Segment) -> bool:
    """Whether two neighbours continue each other: no edit between them."""
    return (
        abs(right.anno_start - left.anno_end) <= _JOINED_S
        and abs(right.media_start - left.media_end) <= _JOINED_S
    )


@dataclass(frozen=True, slots=True)
class TimeMap:
    """A monotone piecewise-affine map from annotation time to media time.

    What no segment covers on the annotation side is missing from the media; what none covers
    on the media side was inserted there. A map is a value: it can be applied, inverted,
    composed and written down. An empty map maps nothing.

    Raises:
        TimeMapError: At birth, when segments are out of order, overlap on either side, or
            have a scale that is not a positive number.
    """

    segments: tuple[Segment, ...] = ()

    def __post_init__(self) -> None:
        for s in self.segments:
            numbers = (s.anno_start, s.anno_end, s.scale, s.offset)
            if not all(map(math.isfinite, numbers)) or s.scale <= 0 or s.anno_end <= s.anno_start:
                raise TimeMapError("a segment must be finite, with start < end and scale > 0", got=s)
        for a, b in zip(self.segments, self.segments[1:], strict=False):
            slack = _MONOTONE_SLACK_S
            if b.anno_start < a.anno_end - slack or b.media_start < a.media_end - slack:
                raise TimeMapError("segments overlap or run backwards", got=f"{a} then {b}")

    @classmethod
    def identity(cls, start: float = -FOREVER_S, end: float = FOREVER_S) -> TimeMap:
        """The map of the annotated copy itself."""
        return cls((Segment(start, end),))

    @classmethod
    def affine(
        cls, scale: float, offset: float, start: float = -FOREVER_S, end: float = FOREVER_S
    ) -> TimeMap:
        """One speed and one offset on [start, end) of the annotation timeline."""
        return cls((Segment(start, end, scale, offset),))

    def segment_at(self, t: float) -> Segment | None:
        """The piece that holds annotation second `t`, or None when it is missing from the media."""
        k = bisect_right([s.anno_start for s in self.segments], t) - 1
        if k < 0 or t >= self.segments[k].anno_end:
            return None
        return self.segments[k]

    def apply(self, t: float) -> float | None:
        """Media second of annotation second `t`, or None when it is missing from the media."""
        segment = self.segment_at(t)
        return None if segment is None else segment.apply(t)

    def run_at(self, t: float) -> TimeMap:
        """The longest part of the map around `t` without an edit; empty where `t` is missing.

        Pieces that meet on both timelines within a millisecond are one run: the speed of a
        transfer may drift, and that is no edit. What lies between them belongs to the run.
        """
        k = bisect_right([s.anno_start for s in self.segments], t) - 1
        if k < 0:
            return TimeMap()
        first = last = k
        while first > 0 and _meet(self.segments[first - 1], self.segments[first]):
            first -= 1
        while last + 1 < len(self.segments) and _meet(self.segments[last], self.segments[last + 1]):
            last += 1
        return TimeMap(self.segments[first : last + 1] if t < self.segments[last].anno_end else ())

    def apply_span(self, start: float, end: float) -> tuple[float, float] | None:
        """Media times of a span inside one run (see `run_at`), or None when an edit touches it.

        The end is exclusive, so it may coincide with the end of the run.
        """
        run = self.run_at(start)
        if not run.segments or end > run.segments[-1].anno_end:
            return None
        last = next((s for s in run.segments if s.anno_start < end <= s.anno_end), None)
        first = run.extrapolate(start)
        # An empty span in a seam begins with the piece after it, and must not end with the one before.
        return first, max(first, run.extrapolate(end) if last is None else last.apply(end))

    def extrapolate(self, t: float) -> float:
        """Media second of `t` even where it is missing, monotone everywhere.

        Before the first piece and after the last, by that piece; in a gap by the piece before it, up
        to where the next one begins.

        Raises:
            TimeMapError: The map is empty.
        """
        if not self.segments:
            raise TimeMapError("an empty time map places nothing")
        inside = self.segment_at(t)
        if inside is not None:
            return inside.apply(t)
        after = next((s for s in self.segments if s.anno_start > t), None)
        before = next((s for s in reversed(self.segments) if s.anno_end <= t), None)
        if before is None or after is None:
            outer = after or before or self.segments[0]
            return outer.apply(t)
        # One rule for the whole gap keeps it monotone: run on, and wait where the next piece begins.
        return min(before.apply(t), after.media_start)

    def invert(self) -> TimeMap:
        """The map from media time to annotation time."""
        return TimeMap(
            tuple(
                replace(
                    s,
                    anno_start=s.media_start,
                    anno_end=s.media_end,
                    scale=1.0 / s.scale,
                    offset=-s.offset / s.scale,
                    residual_s=s.residual_s / s.scale,
                )
                for s in self.segments
            )
        )

    def compose(self, then: TimeMap) -> TimeMap:
        """First this map, then `then`: ``f.compose(g).apply(t) == g.apply(f.apply(t))``.

        Confidence of a piece is the lower of the two; pieces shorter than a nanosecond are left out.
        """
        out: list[Segment] = []
        for s in self.segments:
            for g in then.segments:
                start = max(s.anno_start, s.unapply(g.anno_start))
                end = min(s.anno_end, s.unapply(g.anno_end))
                if end - start <= 1e-9:
                    continue
                out.append(
                    Segment(
                        start,
                        end,
                        s.scale * g.scale,
                        g.scale * s.offset + g.offset,
                        min(s.confidence, g.confidence),
                        g.scale * s.residual_s + g.residual_s,
                    )
                )
        return TimeMap(tuple(out))

    def clip(self, start: float, end: float) -> TimeMap:
        """The same map on [start, end) of the annotation timeline only."""
        kept = [
            replace(s, anno_start=max(s.anno_start, start), anno_end=min(s.anno_end, end))
            for s in self.segments
            if min(s.anno_end, end) > max(s.anno_start, start)
        ]
        return TimeMap(tuple(kept))

    def to_rows(self) -> list[dict[str, float]]:
        """Plain rows, one a segment, as in the ``segments`` of a time-map file."""
        return [
            {
                "anno_start": s.anno_start,
                "anno_end": s.anno_end,
                "scale": s.scale,
                "offset": s.offset,
                "confidence": s.confidence,
                "residual_s": s.residual_s,
            }
            for s in self.segments
        ]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> TimeMap:
        """Read rows written by `to_rows`; unknown keys are ignored.

        Raises:
            TimeMapError: A row lacks a key or holds no number.
        """
        try:
            return cls(
                tuple(
                    Segment(
                        float(r["anno_start"]),
                        float(r["anno_end"]),
                        float(r.get("scale", 1.0)),
                        float(r.get("offset", 0.0)),
                        float(r.get("confidence", 1.0)),
                        float(r.get("residual_s", 0.0)),
                    )
                    for r in rows
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, TimeMapError):
                raise
            raise TimeMapError("a time-map segment cannot be read", got=repr(error)) from error
