"""Which of many films a sound track is.

Words of all fingerprints stand in one sorted table. Of the user's track the words whose bits are
surest are looked up, each with its shakiest bits turned as well; what comes back votes for a title
and an offset. Chance spreads over all titles and offsets, the right film piles up. The best few are
then matched in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.align.fp_bits import BITS, Heard, heard
from mmdia.align.fp_fit import FingerprintFit
from mmdia.align.fp_match import match
from mmdia.errors import UsageError
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands

#: Of the annotated words each fourth is kept; the user's frames come eight times as often.
_KEPT = 4
#: Frames that are looked up, and their shakiest bits that are turned in all combinations.
_ASKED, _TURNED = 12000, 5
#: Votes of one title count together when their offsets agree within this, seconds.
_BIN_S = 4.0
_PITCHES = (1.0, 25 / 24, 24 / 25)
#: A place of a word in the table: title in the upper bits, kept word in the lower ones.
_WORD_BITS = 20

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Identified:
    """One title as an answer.

    Attributes:
        title: Its name in the catalogue.
        votes: Looked-up words that agree on one offset.
        score: Share of all such votes that it has, 0..1.
        probability: That it is the film; None where it was not matched in full.
        fit: The match, where it was made.
    """

    title: str
    votes: int
    score: float
    probability: float | None = None
    fit: FingerprintFit | None = None


@dataclass(frozen=True)
class Catalogue:
    """Fingerprints of many titles, ready for look-up.

    Attributes:
        titles: Names, in order.
        fingerprints: Theirs.
        keys: Sorted: word in the upper 32 bits, place in the lower.
    """

    titles: tuple[str, ...]
    fingerprints: tuple[Fingerprint, ...]
    keys: Keys

    @classmethod
    def of(cls, fingerprints: Mapping[str, Fingerprint]) -> Catalogue:
        """Index fingerprints; those of another method are left out.

        Raises:
            UsageError: There are more than 4,096 titles, or one is longer than 37 hours.
        """
        usable = {t: f for t, f in fingerprints.items() if f.method == METHOD and f.count}
        if len(usable) > 1 << (32 - _WORD_BITS):
            raise UsageError("too many titles for one catalogue", expected="up to 4,096", got=len(usable))
        parts = []
        for number, (title, each) in enumerate(usable.items()):
            words = np.frombuffer(each.data, "<u4")[::_KEPT]
            if len(words) > 1 << _WORD_BITS:
                raise UsageError("a fingerprint of more than 37 hours", path=title)
            place = np.arange(len(words), dtype=np.uint64) | np.uint64(number << _WORD_BITS)
            parts.append((words.astype(np.uint64) << np.uint64(32)) | place)
        keys = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
        keys.sort()
        return cls(tuple(usable), tuple(usable.values()), keys)


def identify(
    media: SoundBands | Fingerprint, catalogue: Catalogue | Mapping[str, Fingerprint], *, confirm: int = 2
) -> list[Identified]:
    """Titles that the media may be, best first; those without a vote are left out.

    Args:
        media: The user's copy.
        catalogue: The titles.
        confirm: How many of the best are matched in full.

    Raises:
        AlignmentError: The media holds no sound.
    """
    known = catalogue if isinstance(catalogue, Catalogue) else Catalogue.of(catalogue)
    votes = _votes(media, known)
    order = [int(k) for k in np.argsort(-votes, kind="stable") if votes[k] > 0]
    total = max(float(votes.sum()), 1.0)
    found = []
    for rank, k in enumerate(order):
        fit = match(known.fingerprints[k], media) if rank < confirm else None
        probability = None if fit is None else fit.probability
        found.append(Identified(known.titles[k], int(votes[k]), float(votes[k]) / total, probability, fit))
    return sorted(found, key=lambda i: (-(i.probability or 0.0), -i.votes))


def _votes(media: SoundBands | Fingerprint, known: Catalogue) -> NDArray[np.int64]:
    """For each title the votes of its best offset, over pitches and speeds."""
    best = np.zeros(len(known.titles), dtype=np.int64)
    for pitch in _PITCHES if isinstance(media, SoundBands) else (1.0,):
        title, anno_s, media_s = _hits(heard(media, pitch), known)
        # The pitch may have been kept: each pitch is tried at its own speed and at none.
        speeds = {1.0, 1 / pitch} if pitch != 1.0 else set(_PITCHES)
        for scale in speeds:
            np.maximum(best, _piles(title, media_s - scale * anno_s, len(best)), out=best)
    return best


def _piles(title: NDArray[np.int64], offset_s: NDArray[np.float64], titles: int) -> NDArray[np.int64]:
    """Votes of each title in its fullest bin of offsets."""
    best = np.zeros(titles, dtype=np.int64)
    for shift in (0.0, 0.5):
        bins = np.floor(offset_s / _BIN_S + shift).astype(np.int64) + (1 << 24)
        piles, counts = np.unique((title << 26) | bins, return_counts=True)
        np.maximum.at(best, piles >> 26, counts)
    return best


def _hits(
    media: Heard, known: Catalogue
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """(title, annotation second, media second) of every word found."""
    asked, frames = _asked(media)
    low = np.searchsorted(known.keys, asked << np.uint64(32))
    high = np.searchsorted(known.keys, (asked + np.uint64(1)) << np.uint64(32))
    # Words that stand everywhere (silence, a hum) tell nothing.
    some = np.flatnonzero((high > low) & (high - low <= 50))
    counts = (high - low)[some]
    first = np.repeat(low[some], counts)
    within = np.arange(len(first)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = (known.keys[first + within] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    title, word = place >> _WORD_BITS, place & ((1 << _WORD_BITS) - 1)
    steps = np.array([f.step_s for f in known.fingerprints]) if known.fingerprints else np.zeros(1)
    anno_s: NDArray[np.float64] = word * _KEPT * steps[title] if len(title) else np.zeros(0)
    media_s = media.start_s + media.step_s * np.repeat(frames[some], counts).astype(np.float64)
    return title, anno_s, media_s


def _asked(media: Heard) -> tuple[Keys, NDArray[np.int64]]:
    """Words to look up, and the frame of each."""
    sure = np.minimum(np.abs(media.codes), 4).sum(axis=1, dtype=np.int32)
    # The surest frames of each part, so that one loud scene does not take all.
    part = max(1, -(-len(sure) // 300))
    each = max(1, _ASKED // 300)
    chosen = []
    for at in range(0, len(sure), part):
        order = np.argsort(-sure[at : at + part], kind="stable")[:each] + at
        chosen.append(order[sure[order] > 2 * BITS])
    frames = np.concatenate(chosen) if chosen else np.zeros(0, np.int64)
    codes = media.codes[frames]
    power = np.uint64(1) << np.arange(BITS, dtype=np.uint64)
    words = ((codes > 0) * power).sum(axis=1, dtype=np.uint64)
    shaky = np.argsort(np.abs(codes), axis=1, kind="stable")[:, :_TURNED]
    asked = [words]
    for combination in range(1, 1 << _TURNED):
        turn = np.zeros(len(words), np.uint64)
        for k in range(_TURNED):
            if combination >> k & 1:
                turn |= power[shaky[:, k]]
        asked.append(words ^ turn)
    return np.concatenate(asked), np.tile(frames.astype(np.int64), 1 << _TURNED)
