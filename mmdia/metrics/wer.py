"""Word error rate: the least number of changes from one text to another, a word of the first.

Errors add up over items before they are divided: a corpus is one long text whose lines stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from mmdia.errors import UsageError
from mmdia.metrics.words import words_of


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Changes from a reference to a hypothesis, in words.

    Attributes:
        length: Words of the reference.
        substitutions: Words replaced by others.
        deletions: Words of the reference that are missing.
        insertions: Words that the reference does not have.
    """

    length: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    @property
    def errors(self) -> int:
        """All changes."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def hits(self) -> int:
        """Words that are right."""
        return self.length - self.substitutions - self.deletions

    @property
    def value(self) -> float | None:
        """The rate as a fraction (above 1 where much is inserted); None for an empty reference."""
        return self.errors / self.length if self.length else None

    def __add__(self, other: ErrorRate) -> ErrorRate:
        return ErrorRate(
            self.length + other.length,
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
        )

    def to_row(self) -> dict[str, float | int | None]:
        """Plain figures, the rate first."""
        return {
            "value": self.value,
            "errors": self.errors,
            "length": self.length,
            "substitutions": self.substitutions,
            "deletions": self.deletions,
            "insertions": self.insertions,
        }


def error_rate(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorRate:
    """Errors between two lists of words, by a shortest list of changes.

    The number of errors is unique; its split into three kinds is that of one shortest list.
    """
    ops = Levenshtein.editops(list(reference), list(hypothesis))
    kinds = [op.tag for op in ops]
    return ErrorRate(len(reference), kinds.count("replace"), kinds.count("delete"), kinds.count("insert"))


def wer(
    reference: str | Iterable[str], hypothesis: str | Iterable[str], *, normalizer: str = "none"
) -> ErrorRate:
    """Word error rate of a text, or of a corpus.

    Args:
        reference: What was said: one text, or one a corpus item.
        hypothesis: What was recognised; as many items.
        normalizer: See `mmdia.metrics.words.words_of`.

    Returns:
        Counts, with the rate as `value` (a fraction).

    Raises:
        UsageError: The numbers of items differ, or there is no such normaliser.
    """
    left = [reference] if isinstance(reference, str) else list(reference)
    right = [hypothesis] if isinstance(hypothesis, str) else list(hypothesis)
    if len(left) != len(right):
        raise UsageError(
            "a corpus needs one hypothesis a reference", expected=f"{len(left)} hypotheses", got=len(right)
        )
    total = ErrorRate()
    for a, b in zip(left, right, strict=True):
        total += error_rate(words_of(a, normalizer), words_of(b, normalizer))
    return total
