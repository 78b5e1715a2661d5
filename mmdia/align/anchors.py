"""Anchor pairs: words that both tracks share, rare ones first.

A pair says "this word of annotation line i may be that word of the media". Most pairs of common
words are false; true ones agree with each other on one offset, and that is what is counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mmdia.align.track import Floats, Ints, Track

#: (words in the gram, most pairs one gram may give): longer grams are rarer, so trusted earlier.
_GRAMS = ((3, 30), (2, 40), (1, 60))

#: A gram heard more often than this in the media says nothing about where.
_MOST_IN_MEDIA = 30

#: Pairs kept in all; a feature film gives 10 to 60 thousand.
_MOST_PAIRS = 160_000

#: Films shorter than this are weighted as if so long: rarity cannot be read off a few lines.
_SHORTEST_S = 600.0


@dataclass(frozen=True)
class Pairs:
    """Anchor pairs, sorted by annotation line; all arrays of shape (n,).

    Attributes:
        line: Annotation line (position in the solver's order).
        anno_s: Time of the word on the annotation timeline.
        media_s: Time of the word on the media timeline.
        weight: Evidence of the pair, about nats / 2.
    """

    line: Ints
    anno_s: Floats
    media_s: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.line)

    def residual(self, scale: float) -> Floats:
        """Offset that each pair votes for at speed `scale`."""
        return self.media_s - scale * self.anno_s


def no_pairs() -> Pairs:
    """No pairs: text has nothing to say."""
    none = np.zeros(0)
    return Pairs(np.zeros(0, dtype=np.int64), none, none, none)


def find_pairs(anno: Track, media: Track) -> Pairs:
    """All anchor pairs of two tracks (none when they share no words)."""
    ids: dict[str, int] = {}
    a_id, a_line, a_time = _flatten(anno, ids)
    m_id, _, m_time = _flatten(media, ids)
    span = max(media.span_s, _SHORTEST_S)
    short = _shortness(ids)
    parts: list[tuple[Ints, Floats, Floats, Floats]] = []
    for n, most in _GRAMS:
        ia, im, count = _join(_grams(a_id, n, len(ids)), _grams(m_id, n, len(ids)), most)
        if not len(ia):
            continue
        rarity = 0.5 * span / (1.2 * count + 1.0) / (4.0 if n == 1 else 1.0)
        weight = n * np.log(np.maximum(rarity, 1.05)) / np.log(span)
        if n == 1:
            weight = weight * short[a_id[ia]]
        parts.append((a_line[ia], a_time[ia], m_time[im], weight))
    if not parts:
        return no_pairs()
    line, anno_s, media_s, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(line) > _MOST_PAIRS:
        keep = np.argsort(-weight, kind="stable")[:_MOST_PAIRS]
        line, anno_s, media_s, weight = line[keep], anno_s[keep], media_s[keep], weight[keep]
    order = np.argsort(line, kind="stable")
    return Pairs(line[order], anno_s[order], media_s[order], weight[order])


def _shortness(ids: dict[str, int]) -> Floats:
    """Factor of a single word by its length: "I" and "no" are common in every film."""
    factor = np.ones(len(ids))
    for word, k in ids.items():
        factor[k] = min(1.0, 0.25 * len(word)) if word.isascii() else 1.0
    return factor


def _flatten(track: Track, ids: dict[str, int]) -> tuple[Ints, Ints, Floats]:
    """Word number, line and time of every token of a track."""
    number = [ids.setdefault(w, len(ids)) for words in track.words for w in words]
    counts = np.array([len(w) for w in track.words], dtype=np.int64)
    line = np.repeat(np.arange(len(track), dtype=np.int64), counts)
    times = np.concatenate(track.token_s) if len(number) else np.zeros(0)
    return np.array(number, dtype=np.int64), line, times


def _grams(number: Ints, n: int, vocabulary: int) -> Ints:
    """One integer a run of `n` words (exact: vocabularies are far below 2**21)."""
    if len(number) < n:
        return np.zeros(0, dtype=np.int64)
    gram: Ints = number[: len(number) - n + 1].copy()
    for k in range(1, n):
        gram = gram * vocabulary + number[k : len(number) - n + 1 + k]
    return gram


def _join(a: Ints, m: Ints, most: int) -> tuple[Ints, Ints, Floats]:
    """Positions of equal grams in both, and how often the gram is in the media."""
    order = np.argsort(m, kind="stable")
    lo, hi = np.searchsorted(m[order], a, "left"), np.searchsorted(m[order], a, "right")
    in_media = hi - lo
    _, inverse, in_anno = np.unique(a, return_inverse=True, return_counts=True)
    good = (in_media > 0) & (in_media <= _MOST_IN_MEDIA)
    if len(a):
        good &= in_anno[inverse] * in_media <= most
    ia = np.flatnonzero(good)
    times = in_media[ia]
    left = np.repeat(ia, times)
    step = np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times)
    right = order[np.repeat(lo[ia], times) + step]
    return left.astype(np.int64), right.astype(np.int64), np.repeat(times, times).astype(np.float64)
