"""A subtitle track as arrays, ready for arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.align.tokens import tokens
from mmdia.errors import AlignmentError
from mmdia.schema.cue import Cue, Word

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Track:
    """Lines of one track; index i is cue i, in the order the cues were given.

    Attributes:
        start_s: Starts, seconds, shape (n,).
        end_s: Ends, seconds, shape (n,); never before the start.
        words: Tokens of each line.
        token_s: Estimated start of each token of each line, seconds.
        speech: Whether the line is spoken, shape (n,). A line whose text is withheld counts as
            spoken; one that holds nothing but marks ("[music]") does not.
    """

    start_s: Floats
    end_s: Floats
    words: tuple[tuple[str, ...], ...]
    token_s: tuple[Floats, ...]
    speech: Flags

    @classmethod
    def from_cues(cls, cues: Sequence[Cue]) -> Track:
        """Read cues as they come: unsorted, overlapping or negative times are kept.

        Raises:
            AlignmentError: There are no cues.
        """
        if not cues:
            raise AlignmentError("there are no cues to align")
        start = np.array([c.start_ms for c in cues], dtype=np.float64) / 1000.0
        end = np.maximum(np.array([c.end_ms for c in cues], dtype=np.float64) / 1000.0, start)
        words = tuple(tuple(tokens(c.text)) for c in cues)
        times = tuple(
            _word_times(c.words, len(w)) if _one_to_one(c, w) else _spread(w, float(s), float(e))
            for c, w, s, e in zip(cues, words, start, end, strict=True)
        )
        withheld = [not c.text.strip() and not c.raw_text.strip() and not c.marks for c in cues]
        speech = np.array([bool(w) or h for w, h in zip(words, withheld, strict=True)], dtype=bool)
        if not speech.any():
            speech = np.ones(len(cues), dtype=bool)
        return cls(start, end, words, times, speech)

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def first_s(self) -> float:
        """Start of the earliest line."""
        return float(self.start_s.min())

    @property
    def last_s(self) -> float:
        """End of the latest line."""
        return float(self.end_s.max())

    @property
    def span_s(self) -> float:
        """Seconds from the earliest start to the latest end; positive."""
        return max(self.last_s - self.first_s, 1e-3)

    def take(self, order: Ints) -> Track:
        """The lines named by `order`, in that order."""
        return Track(
            self.start_s[order],
            self.end_s[order],
            tuple(self.words[i] for i in order),
            tuple(self.token_s[i] for i in order),
            self.speech[order],
        )

    def by_time(self) -> tuple[Track, Ints]:
        """The lines sorted by start, and the cue index of each."""
        order = np.argsort(self.start_s, kind="stable").astype(np.int64)
        return self.take(order), order

    def reversed(self) -> Track:
        """The same lines in reversed time: the decoy that keeps every statistic but the order.

        Words inside a line stay in reading order.
        """
        total = self.first_s + self.last_s
        flip = np.arange(len(self) - 1, -1, -1)
        start, end = (total - self.end_s)[flip], (total - self.start_s)[flip]
        moved = tuple(self.token_s[i] - self.start_s[i] + start[k] for k, i in enumerate(flip))
        return Track(start, end, tuple(self.words[i] for i in flip), moved, self.speech[flip])


def _one_to_one(cue: Cue, words: tuple[str, ...]) -> bool:
    return bool(cue.words) and len(cue.words) == len(words)


def _word_times(words: Sequence[Word], n: int) -> Floats:
    return np.array([w.start_s for w in words[:n]], dtype=np.float64)


def _spread(words: tuple[str, ...], start: float, end: float) -> Floats:
    """Token starts in proportion to the characters that come before them."""
    if not words:
        return np.zeros(0)
    lengths = np.array([len(w) + 1 for w in words], dtype=np.float64)
    before = np.concatenate([[0.0], np.cumsum(lengths)[:-1]]) / lengths.sum()
    return np.asarray(start + before * (end - start), dtype=np.float64)
