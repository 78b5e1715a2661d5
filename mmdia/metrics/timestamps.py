"""Timestamp accuracy: how many lines of a reference a subtitle puts at the right time.

The paper (Table 6) had people judge boundaries and prints no tolerance. Here lines are matched by
their words, never by their number: the words of both tracks are aligned in order (least edit
distance), and a line's partner is made of the lines that say its words. A reference line is right
when both of its ends are within the tolerance; a line without a partner is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from mmdia.errors import UsageError
from mmdia.metrics.intervals import wilson
from mmdia.metrics.words import words_of

#: (start, end, text), seconds.
TimedLine = tuple[float, float, str]

#: Tolerances of the curve, seconds.
TAUS = (0.1, 0.2, 0.5, 1.0)

#: Lines of which the drift is read; more are thinned, for its cost grows with their square.
_MOST_FOR_DRIFT = 1200

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LineErrors:
    """Errors of every reference line that has words; arrays of shape (n,).

    Attributes:
        time_s: Start of the line in the reference, seconds.
        start_s: Hypothesis minus reference at the start; NaN without a partner.
        end_s: The same at the end.
    """

    time_s: Floats
    start_s: Floats
    end_s: Floats

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def matched(self) -> int:
        """Lines that have a partner."""
        return int(np.isfinite(self.start_s).sum())

    def right(self, tau: float, *, start_only: bool = False) -> int:
        """Lines whose ends (or starts) are within `tau` seconds."""
        # Files hold milliseconds: a difference of exactly tau must count, whatever binary makes of it.
        near = tau + 1e-6
        with np.errstate(invalid="ignore"):
            good = np.abs(self.start_s) <= near
            if not start_only:
                good &= np.abs(self.end_s) <= near
        return int(good.sum())

    def __add__(self, other: LineErrors) -> LineErrors:
        """Both, one after the other: titles pooled."""
        return LineErrors(
            np.concatenate([self.time_s, other.time_s]),
            np.concatenate([self.start_s, other.start_s]),
            np.concatenate([self.end_s, other.end_s]),
        )


def no_lines() -> LineErrors:
    """Nothing yet: what pooling begins with."""
    return LineErrors(np.zeros(0), np.zeros(0), np.zeros(0))


def line_errors(
    reference: Sequence[TimedLine], hypothesis: Sequence[TimedLine], *, normalizer: str = "standard"
) -> LineErrors:
    """Match lines by a monotone alignment of words, and measure their ends.

    A line of the hypothesis serves the reference line that it shares most words with; a reference
    line that nobody serves takes the line that shares most words with it. So a line split in two
    keeps both its ends, and one that was merged with its neighbour is wrong at one end.

    Args:
        reference: Lines with true times, in any order.
        hypothesis: Lines to judge, in any order.
        normalizer: See `mmdia.metrics.words.words_of`.

    Returns:
        One entry for each reference line that has words, by start.
    """
    ref, hyp = _by_time(reference), _by_time(hypothesis)
    ref_words, ref_line = _flat(ref, normalizer)
    hyp_words, hyp_line = _flat(hyp, normalizer)
    shared = _shared(ref_words, ref_line, hyp_words, hyp_line)
    partners = _partners(shared)
    spoken = sorted(set(ref_line))
    start = np.full(len(spoken), np.nan)
    end = np.full(len(spoken), np.nan)
    for k, r in enumerate(spoken):
        mine = partners.get(r)
        if mine:
            start[k] = min(hyp[h][0] for h in mine) - ref[r][0]
            end[k] = max(hyp[h][1] for h in mine) - ref[r][1]
    return LineErrors(np.array([ref[r][0] for r in spoken], dtype=np.float64), start, end)


def _by_time(lines: Sequence[TimedLine]) -> list[TimedLine]:
    return sorted(lines, key=lambda line: (line[0], line[1]))


def _flat(lines: Sequence[TimedLine], normalizer: str) -> tuple[list[str], list[int]]:
    """All words in order, and the line of each."""
    words: list[str] = []
    owner: list[int] = []
    for k, (_, _, text) in enumerate(lines):
        found = words_of(text, normalizer)
        words += found
        owner += [k] * len(found)
    return words, owner


def _shared(
    ref_words: list[str], ref_line: list[int], hyp_words: list[str], hyp_line: list[int]
) -> dict[tuple[int, int], int]:
    """How many aligned words each pair of lines shares."""
    counts: dict[tuple[int, int], int] = {}
    for block in Levenshtein.editops(ref_words, hyp_words).as_matching_blocks():
        for k in range(block.size):
            pair = (ref_line[block.a + k], hyp_line[block.b + k])
            counts[pair] = counts.get(pair, 0) + 1
    return counts


def _partners(shared: dict[tuple[int, int], int]) -> dict[int, list[int]]:
    """Lines of the hypothesis that stand for each line of the reference."""
    owner: dict[int, tuple[int, int]] = {}
    closest: dict[int, tuple[int, int]] = {}
    for (r, h), n in shared.items():
        if n > owner.get(h, (0, 0))[0]:
            owner[h] = (n, r)
        if n > closest.get(r, (0, 0))[0]:
            closest[r] = (n, h)
    out: dict[int, list[int]] = {}
    for h, (_, r) in owner.items():
        out.setdefault(r, []).append(h)
    for r, (_, h) in closest.items():
        out.setdefault(r, [h])
    return out


@dataclass(frozen=True, slots=True)
class TimestampAccuracy:
    """Accuracy of a subtitle's times.

    Attributes:
        tau: Tolerance of `value`, seconds.
        value: Share of reference lines right at both ends; None without lines.
        n: Reference lines that have words.
        matched: Those with a partner.
        ci95: Wilson interval of `value`; None without lines.
        curve: Share right at each tolerance of `TAUS`.
        start_only: Share whose start alone is right, at `tau`.
        start_curve: The same at each tolerance of `TAUS`.
        median_start_s: Median of hypothesis minus reference at starts; None without partners.
        median_end_s: The same at ends.
        drift: Seconds gained an hour of the reference (median slope); None below two partners.
    """

    tau: float
    value: float | None
    n: int
    matched: int
    ci95: tuple[float, float] | None
    curve: dict[float, float]
    start_only: float | None
    start_curve: dict[float, float]
    median_start_s: float | None
    median_end_s: float | None
    drift: float | None

    def to_row(self) -> dict[str, object]:
        """Plain figures, the accuracy first."""
        return {
            "value": self.value,
            "tau": self.tau,
            "n": self.n,
            "n_matched": self.matched,
            "ci95": None if self.ci95 is None else list(self.ci95),
            "curve": {f"{tau:g}": share for tau, share in self.curve.items()},
            "start_only": self.start_only,
            "start_curve": {f"{tau:g}": share for tau, share in self.start_curve.items()},
            "median_start_s": self.median_start_s,
            "median_end_s": self.median_end_s,
            "drift_s_per_hour": self.drift,
        }


def summary(errors: LineErrors, tau: float = 0.5, *, drift: float | None = None) -> TimestampAccuracy:
    """Accuracy from errors of lines, of one title or of many pooled.

    Args:
        errors: Of one title, or added up.
        tau: Tolerance, seconds.
        drift: Drift to report instead of that of `errors`; titles that are pooled share no clock.

    Raises:
        UsageError: The tolerance is no positive number.
    """
    if not 0 < tau < float("inf"):
        raise UsageError("a tolerance must be positive", expected="seconds", got=tau)
    n = len(errors)
    at_tau = errors.right(tau)
    return TimestampAccuracy(
        tau=tau,
        value=at_tau / n if n else None,
        n=n,
        matched=errors.matched,
        ci95=wilson(at_tau, n),
        curve={t: errors.right(t) / n for t in TAUS} if n else {},
        start_only=errors.right(tau, start_only=True) / n if n else None,
        start_curve={t: errors.right(t, start_only=True) / n for t in TAUS} if n else {},
        median_start_s=_median(errors.start_s),
        median_end_s=_median(errors.end_s),
        drift=drift_of(errors) if drift is None else drift,
    )


def timestamp_accuracy(
    reference: Sequence[TimedLine],
    hypothesis: Sequence[TimedLine],
    *,
    tau: float = 0.5,
    normalizer: str = "standard",
) -> TimestampAccuracy:
    """Share of reference lines that the hypothesis puts at the right time.

    Args:
        reference: (start, end, text) of each line, seconds: the truth.
        hypothesis: The same of the track to judge.
        tau: Tolerance at both ends, seconds.
        normalizer: How words are compared.

    Raises:
        UsageError: The tolerance is no positive number, or there is no such normaliser.
    """
    return summary(line_errors(reference, hypothesis, normalizer=normalizer), tau)


def drift_of(errors: LineErrors) -> float | None:
    """Median slope of the start error, in seconds an hour; None below two partners."""
    good = np.isfinite(errors.start_s)
    time, error = errors.time_s[good], errors.start_s[good]
    if len(time) > _MOST_FOR_DRIFT:
        pick = np.linspace(0, len(time) - 1, _MOST_FOR_DRIFT).astype(int)
        time, error = time[pick], error[pick]
    apart = time[:, None] - time[None, :]
    pairs = np.triu(np.abs(apart) > 0, 1)
    if not pairs.any():
        return None
    return float(np.median((error[:, None] - error[None, :])[pairs] / apart[pairs]) * 3600.0)


def _median(values: Floats) -> float | None:
    good = values[np.isfinite(values)]
    return float(np.median(good)) if len(good) else None
