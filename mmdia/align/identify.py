"""Which of many titles is this? A cheap look at all of them, before a full alignment of a few.

Two screenings, each a score a title; neither decides anything, they only say whom to ask:

* words: an inverted index of runs of words over all titles. A run that few titles have speaks for
  those that have it, with the logarithm of its rarity.
* pattern: the rhythm of speech, correlated at every offset and standard speed. It needs no common
  language and no subtitle: speech activity will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.align.tokens import tokens
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from mmdia.schema.time import STANDARD_SPEEDS

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]

#: Words in a run, and its weight against others: long runs survive recognition errors less often.
_RUNS = ((3, 1.5), (2, 1.0))

#: A run that more than this share of titles has is no name of any of them.
_COMMON = 0.25

#: Grid of the pattern, seconds: a fifth of a second tells lines apart, and halves the cost of a tenth.
STEP_S = 0.2

#: Weight of the edges of speech against speech itself.
_EDGE = 1.2

#: Least share of the shorter track that must lie over the other for an offset to count.
_OVERLAP = 0.25

#: No pattern is longer than this many steps (8 hours): a stray cue must not eat the memory.
_MOST_STEPS = 144_000

#: A cue further than this from the median start is no line of a film.
_STRAY_S = 14_000.0

_MIX = np.uint64(0x9E3779B97F4A7C15)


def words_of(cues: Iterable[Cue]) -> tuple[str, ...]:
    """All words of a track in order of time."""
    ordered = sorted(cues, key=lambda c: c.start_ms)
    return tuple(word for cue in ordered for word in tokens(cue.text))


class WordIndex:
    """An inverted index of runs of words.

    Args:
        titles: Words of each title, in order.
    """

    def __init__(self, titles: Sequence[Sequence[str]]) -> None:
        self.titles = len(titles)
        self._ids: dict[str, int] = {}
        numbered = [self._number(words) for words in titles]
        self._keys: list[Keys] = []
        self._owner: list[NDArray[np.int64]] = []
        for length, _ in _RUNS:
            keys = [np.unique(_runs(ids, length)) for ids in numbered]
            flat = np.concatenate([*keys, np.zeros(0, dtype=np.uint64)])
            owner = np.repeat(np.arange(len(keys)), [len(k) for k in keys])
            order = np.argsort(flat, kind="stable")
            self._keys.append(flat[order])
            self._owner.append(owner[order])

    def _number(self, words: Sequence[str]) -> NDArray[np.int64]:
        ids = self._ids
        return np.array([ids.setdefault(w, len(ids)) for w in words], dtype=np.int64)

    def scores(self, words: Sequence[str]) -> Floats:
        """Weight of the runs that each title shares with `words`; shape (titles,)."""
        total = np.zeros(self.titles)
        known = np.array([self._ids.get(w, -1 - k) for k, w in enumerate(words)], dtype=np.int64)
        most = max(2.0, _COMMON * self.titles)
        for (length, weight), keys, owner in zip(_RUNS, self._keys, self._owner, strict=True):
            asked = np.unique(_runs(known, length))
            low, high = np.searchsorted(keys, asked, "left"), np.searchsorted(keys, asked, "right")
            count = high - low
            good = (count > 0) & (count <= most)
            low, count = low[good], count[good]
            step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
            hit = owner[np.repeat(low, count) + step]
            rarity = weight * np.log((self.titles + 1.0) / count)
            total += np.bincount(hit, np.repeat(rarity, count), minlength=self.titles)
        return total


def _runs(ids: NDArray[np.int64], length: int) -> Keys:
    """One key a run of words (mixed to 64 bits: two runs share one with odds of one in 1e13)."""
    n = len(ids) - length + 1
    if n <= 0:
        return np.zeros(0, dtype=np.uint64)
    word = ids.astype(np.uint64)
    key = np.zeros(n, dtype=np.uint64)
    for k in range(length):
        key = (key ^ (word[k : k + n] + np.uint64(1))) * _MIX
        key ^= key >> np.uint64(29)
    return key


@dataclass(frozen=True)
class Pattern:
    """The rhythm of speech of one track on a grid of `STEP_S`; zero mean, unit variance.

    Attributes:
        signal: Speech with its edges sharpened, shape (steps,), float32.
    """

    signal: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.signal)


def pattern_of(cues: Sequence[Cue], scale: float = 1.0) -> Pattern | None:
    """The pattern of a subtitle, its times multiplied by `scale`; None where there are no lines."""
    timed = [(c.start_ms, c.end_ms) for c in cues if c.end_ms > c.start_ms]
    if not timed:
        return None
    times = np.array(timed, dtype=np.float64) * (scale / 1000.0 / STEP_S)
    times = times[np.abs(times[:, 0] - np.median(times[:, 0])) < _STRAY_S / STEP_S]
    zero = float(times[:, 0].min())
    steps = min(_MOST_STEPS, int(times[:, 1].max() - zero) + 3)
    # Lines cover parts of steps; the running sum of edges, cut at 1, is the share that is covered.
    on = np.clip(_running(times[:, 0] - zero, steps) - _running(times[:, 1] - zero, steps), 0.0, 1.0)
    return _pattern(on)


def _running(at: Floats, steps: int) -> Floats:
    """Mean over each step of how many of `at` lie before."""
    whole = np.clip(at.astype(np.int64), 0, steps - 1)
    rest = np.clip(1.0 - (at - whole), 0.0, 1.0)
    edge = np.bincount(whole, rest, minlength=steps + 1)
    edge[1:] += np.bincount(whole, 1.0 - rest, minlength=steps + 1)[:-1]
    return np.asarray(np.cumsum(edge)[:steps], dtype=np.float64)


def pattern_of_activity(activity: Activity, scale: float = 1.0) -> Pattern | None:
    """The pattern of speech activity, its times multiplied by `scale`; None where it is empty."""
    speech = np.array(activity.probability, dtype=np.float64)
    if len(speech) < 2:
        return None
    steps = min(_MOST_STEPS, int(activity.duration_s * scale / STEP_S))
    if steps < 2:
        return None
    edges = np.linspace(0.0, steps * STEP_S / (activity.step_s * scale), steps + 1)
    total = np.concatenate([[0.0], np.cumsum(speech)])
    at = np.interp(edges, np.arange(len(total)), total)
    return _pattern(np.diff(at) / np.maximum(np.diff(edges), 1e-9))


def _pattern(on: Floats) -> Pattern:
    rise = np.diff(on, prepend=on[:1])
    signal = (on - on.mean()) + _EDGE * (np.maximum(rise, 0.0) + 0.6 * np.maximum(-rise, 0.0))
    signal = signal - signal.mean()
    spread = float(signal.std())
    return Pattern((signal / spread if spread > 0 else signal).astype(np.float32))


class PatternScreen:
    """One media, at every standard speed, ready to be compared with many titles.

    Args:
        media: Its pattern at each speed; times are multiplied by the inverse of a title's scale.
        longest: Steps of the longest title that will be asked about.
    """

    def __init__(self, media: Sequence[Pattern], longest: int) -> None:
        self._lengths = [len(m) for m in media]
        self._size = _fast_length(max([1, *self._lengths]) + min(longest, _MOST_STEPS))
        self._spectra = [np.fft.rfft(m.signal, self._size).conj() for m in media]

    def score(self, title: Pattern | None) -> float:
        """How far the best offset at the best speed stands out, in standard deviations of chance."""
        if title is None or len(title) < 2:
            return 0.0
        spectrum = np.fft.rfft(title.signal, self._size)
        best = 0.0
        for length, other in zip(self._lengths, self._spectra, strict=True):
            product = np.fft.irfft(spectrum * other, self._size)
            # Lag k: the media begins k steps into the title; negative lags stand at the end.
            lag = np.arange(self._size)
            lag[lag > len(title)] -= self._size
            overlap = np.minimum(len(title), lag + length) - np.maximum(0, lag)
            counts = overlap >= max(2.0, _OVERLAP * min(len(title), length))
            if counts.any():
                height = product[counts] / np.sqrt(overlap[counts])
                spread = 1.4826 * float(np.median(np.abs(height - np.median(height))))
                best = max(best, float(height.max()) / max(spread, 1e-9))
        return best


def media_patterns(cues: Sequence[Cue], activity: Activity | None = None) -> list[Pattern]:
    """The media's patterns at the inverse of every standard speed, from subtitles or speech activity."""
    made = [
        pattern_of_activity(activity, 1.0 / float(speed))
        if activity is not None
        else pattern_of(cues, 1.0 / float(speed))
        for speed in STANDARD_SPEEDS
    ]
    return [p for p in made if p is not None]


def best_of(scores: Floats, most: int) -> list[int]:
    """Positions of the highest positive scores, best first."""
    order = np.argsort(-scores, kind="stable")[:most]
    return [int(k) for k in order if scores[k] > 0]


def _fast_length(n: int) -> int:
    """A length at least `n` that transforms are quick at: 2 to some power, perhaps times 3 or 5."""
    best = 1 << max(0, (n - 1).bit_length())
    for odd in (3, 5, 9, 15):
        best = min(best, odd << max(0, (-(-n // odd) - 1).bit_length()))
    return best
