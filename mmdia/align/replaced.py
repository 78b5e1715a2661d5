"""Runs of lines at whose place the copy says something else: present by geometry, and yet not there.

The pieces around a run place it, whatever is said there. Where words lead, the words of the copy at
that time are asked: those of a line that is there turn up at a rate that the rest of the film
tells, and those of any other line by chance only, at a rate that the same film tells at wrong
places. Two states along the film ("here" and "replaced") with a price for every change give the
runs. A place without words is no evidence: recognised speech leaves lines out.

Line times alone say less, so there a long run of bad fits is only doubted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.smooth import moving_mean
from mmdia.align.solution import Solution
from mmdia.align.track import Flags, Floats, Ints, Track

#: Words of the copy this far before and after a line may be its own, seconds.
_SLACK_S = 1.5

#: Wrong places at which the rate of chance is measured, seconds away.
_ELSEWHERE_S = (-97.0, -41.0, 43.0, 101.0)

#: Least lines of a run whose place holds other words, and the share of all its lines these must be.
_LEAST, _WITH_WORDS = 8, 0.4

#: Words of the copy during a line, of as many as it has, that make its place one with words.
_ENOUGH = 0.35

#: Most nats one line may say, and nats that a change of state costs.
_MOST, _CHANGE = 2.5, 6.0

#: Rates of words found, beyond which neither state is believed to be that sure.
_HERE, _CHANCE = (0.35, 0.9), (0.05, 0.6)

#: Rates closer than this cannot be told apart.
_APART = 0.2

#: Part of the way from chance to here that the words of a run may reach.
_NEARER_CHANCE = 0.3

#: Least lines of a badly timed run, its mean nats, and where its lines are split from the others.
_LEAST_TIMED, _POOR, _SPLIT = 12, -0.35, 0.25

#: Share of a line during which the copy must speak for the line to be missed there.
_SPOKEN = 0.5


@dataclass(frozen=True, slots=True)
class Runs:
    """What is not there, and what may not be; lines in the solver's order.

    Attributes:
        replaced: First line and end (exclusive) of each run whose place holds other words.
        doubted: The same for runs that fit badly where only times speak.
    """

    replaced: tuple[tuple[int, int], ...] = ()
    doubted: tuple[tuple[int, int], ...] = ()


def runs_of(solution: Solution, start: Floats, end: Floats, present: Flags) -> Runs:
    """Runs of spoken lines that something else took the place of.

    Args:
        solution: The solution.
        start: Start of each line on the media timeline, shape (n,).
        end: End of each, shape (n,).
        present: Lines that the map holds, shape (n,); others are not asked.
    """
    anno, layout = solution.evidence.anno, solution.layout
    soft = np.array([s.family != "fingerprint" for s in layout.stretches])[layout.owner]
    rows = np.flatnonzero(anno.speech & present & soft).astype(np.int64)
    if solution.evidence.lead == "text" and solution.media is not None:
        return Runs(replaced=_by_words(anno, solution.media, rows, (start, end)))
    if solution.evidence.lead in ("timing", "audio"):
        nats = np.clip(solution.nats, -_MOST, _MOST)
        if solution.media is not None:
            # A copy that leaves lines out says nothing at their place, which is not another dialogue.
            nats = np.where(_covered(solution.media, start, end), nats, -_SPLIT)
        return Runs(doubted=_by_nats(nats, rows))
    return Runs()


def _by_words(
    anno: Track, media: Track, rows: Ints, places: tuple[Floats, Floats]
) -> tuple[tuple[int, int], ...]:
    """Runs whose words are not those of the copy."""
    rows = rows[[len(anno.words[i]) > 0 for i in rows]] if len(rows) else rows
    if len(rows) < _LEAST:
        return ()
    heard = _Heard.of(media)
    own = [frozenset(anno.words[i]) for i in rows]
    start, end = places[0][rows], places[1][rows]
    found, said = heard.share(own, start, end)
    size = np.array([len(w) for w in own], dtype=np.float64)
    asked = said >= _ENOUGH * np.array([len(anno.words[i]) for i in rows])
    if asked.sum() < _LEAST:
        return ()
    by_chance = [_rate(*heard.share(own, start + s, end + s), size) for s in _ELSEWHERE_S]
    chance = float(np.clip(np.mean(by_chance), *_CHANCE))
    around = moving_mean(found[asked] / size[asked], _LEAST)
    here = float(np.clip(np.percentile(around, 75), *_HERE))
    if here - chance < _APART:
        return ()
    # Nats for "replaced" against "here".
    nats = found * np.log(chance / here) + (size - found) * np.log((1 - chance) / (1 - here))
    nats = np.where(asked, np.clip(nats, -_MOST, _MOST), 0.0)
    out = []
    for a, b in _two_states(nats):
        a, b = _trimmed(nats, a, b)
        inside = asked[a:b]
        if inside.sum() < max(_LEAST, _WITH_WORDS * (b - a)):
            continue
        rate = float(found[a:b][inside].sum() / size[a:b][inside].sum())
        if rate <= chance + _NEARER_CHANCE * (here - chance):
            out.append((int(rows[a]), int(rows[b - 1]) + 1))
    return tuple(out)


@dataclass(frozen=True)
class _Heard:
    """Words of the copy in order of time."""

    word: tuple[str, ...]
    time: Floats

    @classmethod
    def of(cls, media: Track) -> _Heard:
        word = [w for words in media.words for w in words]
        time = np.concatenate(media.token_s) if word else np.zeros(0)
        order = np.argsort(time, kind="stable")
        return cls(tuple(word[i] for i in order), time[order])

    def share(self, own: list[frozenset[str]], start: Floats, end: Floats) -> tuple[Floats, Floats]:
        """Words of each line found at its place, and all words that the copy has there."""
        low = np.searchsorted(self.time, start - _SLACK_S).tolist()
        high = np.searchsorted(self.time, end + _SLACK_S).tolist()
        found = [len(w.intersection(self.word[a:b])) for w, a, b in zip(own, low, high, strict=True)]
        # The slack catches neighbours; what is said is asked of the line's own time only.
        said = np.searchsorted(self.time, end) - np.searchsorted(self.time, start)
        return np.array(found, dtype=np.float64), said.astype(np.float64)


def _rate(found: Floats, said: Floats, size: Floats) -> float:
    """Share of words found, over lines at whose place anything is said."""
    asked = said > 0
    return float(found[asked].sum() / size[asked].sum()) if asked.any() else 0.0


def _covered(media: Track, start: Floats, end: Floats) -> Flags:
    """Lines during half of which the copy speaks."""
    begin, close = np.sort(media.start_s[media.speech]), np.sort(media.end_s[media.speech])
    tick = np.unique(np.concatenate([begin, close]))
    speaking = np.searchsorted(begin, tick, "right") > np.searchsorted(close, tick, "right")
    total = np.concatenate([[0.0], np.cumsum(np.diff(tick) * speaking[:-1])])
    inside = np.interp(end, tick, total) - np.interp(start, tick, total)
    return np.asarray(inside >= _SPOKEN * np.maximum(end - start, 1e-3), dtype=np.bool_)


def _by_nats(nats: Floats, rows: Ints) -> tuple[tuple[int, int], ...]:
    """Runs of lines that fit badly."""
    own = nats[rows]
    out = []
    for a, b in _two_states(-own - _SPLIT):
        a, b = _trimmed(-own, a, b)
        if b - a >= _LEAST_TIMED and float(own[a:b].mean()) <= _POOR:
            out.append((int(rows[a]), int(rows[b - 1]) + 1))
    return tuple(out)


def _two_states(gain: Floats) -> list[tuple[int, int]]:
    """Runs of the second state on the best path; it gains `gain` a line, and changes cost."""
    # The film may begin or end in either state: half of the price is paid then.
    first, second = 0.0, -0.5 * _CHANGE
    back = np.zeros((len(gain), 2), dtype=np.bool_)
    for i, g in enumerate(gain.tolist()):
        from_second, from_first = second - _CHANGE, first - _CHANGE
        back[i] = from_second > first, from_first > second
        first, second = max(first, from_second), max(second, from_first) + g
    state = second - 0.5 * _CHANGE > first
    on = np.zeros(len(gain), dtype=np.int64)
    for i in range(len(gain) - 1, -1, -1):
        on[i] = state
        if back[i, int(state)]:
            state = not state
    edge = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]])))
    return [(a, b) for a, b in edge.reshape(-1, 2).tolist()]


def _trimmed(gain: Floats, a: int, b: int) -> tuple[int, int]:
    """A run without the lines at its ends that do not speak for it."""
    while b > a and gain[b - 1] <= 0:
        b -= 1
    while a < b and gain[a] <= 0:
        a += 1
    return a, b
