"""A subtitle track as arrays, ready for arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.align.tokens import tokens
from mmdia.errors import AlignmentError
from mmdia.schema.cue import Cue

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
        times = _spread(words, start, end)
        for i, (cue, own) in enumerate(zip(cues, words, strict=True)):
            if cue.words and len(cue.words) == len(own):
                times[i] = np.array([w.start_s for w in cue.words], dtype=np.float64)
        withheld = [not c.text.strip() and not c.raw_text.strip() and not c.marks for c in cues]
        speech = np.array([bool(w) or h for w, h in zip(words, withheld, strict=True)], dtype=bool)
        if not speech.any():
            speech = np.ones(len(cues), dtype=bool)
        return cls(start, end, words, tuple(times), speech)

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


def _spread(words: Sequence[Sequence[str]], start: Floats, end: Floats) -> list[Floats]:
    """Token starts of each line, in proportion to the characters that come before them."""
    count = np.array([len(w) for w in words], dtype=np.int64)
    length = np.array([len(token) + 1 for line in words for token in line], dtype=np.float64)
    after = np.concatenate([[0.0], np.cumsum(length)])
    stop = np.cumsum(count)
    first = stop - count
    line = np.repeat(np.arange(len(words)), count)
    whole = (after[stop] - after[first])[line]
    at = start[line] + (after[:-1] - after[first][line]) / whole * (end - start)[line]
    return [at[a:b] for a, b in zip(first.tolist(), stop.tolist(), strict=True)]
