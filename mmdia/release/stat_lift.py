"""Which interactions go with which relationships: counts, what chance would give, lift, significance.

Lift is observed over expected: 1 means that the two have nothing to do with each other. The p-value
of a cell is exact (hypergeometric, twice the tail); ``p_adjusted`` is corrected for the number of cells
(Holm).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

#: A link is told as significant below this adjusted p-value.
LEVEL = 0.05

#: What the paper states in 3.5: relationship, interaction, and in which sense.
#: "most": no relationship has more dialogues of that interaction. "likelier": the interaction is
#: likelier within the relationship than outside it.
STATED_LINKS: tuple[tuple[str, str, str], ...] = (
    ("Workplace", "Commands", "most"),
    ("Workplace", "Questioning", "most"),
    ("Intimate", "Emotion Release", "likelier"),
    ("Intimate", "Banter", "likelier"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One pair of relationship and interaction.

    Attributes:
        relationship: Category.
        interaction: Category.
        n: Dialogues that have both.
        expected: Dialogues that chance would give: row total times column total over all.
        lift: n over expected.
        share: Of the relationship's dialogues, those with the interaction.
        rank: Place of the relationship among all of that interaction, by n; 1 is the most frequent.
        p: Two-sided p-value.
        p_adjusted: The same, corrected for the number of cells (Holm).
    """

    relationship: str
    interaction: str
    n: int
    expected: float
    lift: float
    share: float
    rank: int
    p: float
    p_adjusted: float

    @property
    def significant(self) -> bool:
        """Whether chance hardly gives this count."""
        return self.p_adjusted < LEVEL

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {**asdict(self), "significant": self.significant}


@dataclass(frozen=True, slots=True)
class Lift:
    """The whole table.

    Attributes:
        n: Dialogues with both categories.
        cells: Every pair of a relationship and an interaction that occur, in the order given.
        chi2: Pearson's statistic of independence.
        dof: Its degrees of freedom.
        cramers_v: Strength of the connection, 0 to 1.
    """

    n: int
    cells: tuple[Cell, ...]
    chi2: float
    dof: int
    cramers_v: float | None

    def cell(self, relationship: str, interaction: str) -> Cell | None:
        """The cell of a pair; None where one of the two does not occur."""
        return next(
            (c for c in self.cells if (c.relationship, c.interaction) == (relationship, interaction)), None
        )

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "n": self.n, "chi2": self.chi2, "dof": self.dof, "cramers_v": self.cramers_v,
            "cells": [cell.to_row() for cell in self.cells],
        }  # fmt: skip


def lift_table(
    counts: Mapping[tuple[str, str], int],
    relationships: Iterable[str] = (),
    interactions: Iterable[str] = (),
) -> Lift:
    """Lift of every pair.

    Args:
        counts: Dialogues by (relationship, interaction).
        relationships: Their order; words that are not in it follow by name.
        interactions: The same.
    """
    total = sum(counts.values())
    rows: Counter[str] = Counter()
    columns: Counter[str] = Counter()
    for (a, b), n in counts.items():
        rows[a] += n
        columns[b] += n
    a_order, b_order = _ordered(rows, relationships), _ordered(columns, interactions)
    raw = []
    for a in a_order:
        for b in b_order:
            n = counts.get((a, b), 0)
            expected = rows[a] * columns[b] / total
            rank = 1 + sum(counts.get((other, b), 0) > n for other in a_order)
            p = p_value(n, rows[a], columns[b], total)
            raw.append((a, b, n, expected, n / expected, n / rows[a], rank, p))
    adjusted = holm([cell[-1] for cell in raw])
    cells = tuple(Cell(*cell, p_adjusted) for cell, p_adjusted in zip(raw, adjusted, strict=True))
    chi2 = sum((c.n - c.expected) ** 2 / c.expected for c in cells)
    least = min(len(a_order), len(b_order)) - 1
    strength = math.sqrt(chi2 / total / least) if total and least > 0 else None
    return Lift(total, cells, chi2, max(0, (len(a_order) - 1) * (len(b_order) - 1)), strength)


def _ordered(found: Mapping[str, int], order: Iterable[str]) -> list[str]:
    first = [word for word in order if word in found]
    return first + sorted(set(found) - set(first))


def p_value(n: int, row: int, column: int, total: int) -> float:
    """Two-sided p-value of n dialogues in a cell, its row and column totals given.

    >>> round(p_value(3, 3, 3, 6), 6)  # one table of 20 is as extreme, on either side
    0.1
    """
    if row in (0, total) or column in (0, total):
        return 1.0  # nothing could have been otherwise
    upward = n * total >= row * column
    # Away from the mean every term is smaller than the one before, so the sum is soon complete.
    term, tail, k = 1.0, 1.0, n
    while term > tail * 1e-17:
        if upward:
            term *= (row - k) * (column - k) / ((k + 1) * (total - row - column + k + 1))
            k += 1
        else:
            term *= k * (total - row - column + k) / ((row - k + 1) * (column - k + 1))
            k -= 1
        tail += term
    return min(1.0, 2 * math.exp(_log_chance(n, row, column, total)) * tail)


def _log_chance(k: int, row: int, column: int, total: int) -> float:
    """Logarithm of the chance of k, hypergeometric."""
    return _log_choose(column, k) + _log_choose(total - column, row - k) - _log_choose(total, row)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def holm(p_values: list[float]) -> list[float]:
    """P-values corrected for their number: the chance of one false finding stays at the level.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    out = [1.0] * len(p_values)
    highest = 0.0
    for place, k in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[k] * (len(p_values) - place)))
        out[k] = highest
    return out


@dataclass(frozen=True, slots=True)
class Link:
    """One link that the paper states, checked here.

    Attributes:
        relationship: Category.
        interaction: Category.
        sense: "most" or "likelier" (`STATED_LINKS`).
        verdict: "holds", "does not hold", "not significant" (so it is, but chance could give it), or
            "no data".
        cell: The cell; None when one of the two does not occur.
    """

    relationship: str
    interaction: str
    sense: str
    verdict: str
    cell: Cell | None

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "relationship": self.relationship, "interaction": self.interaction, "sense": self.sense,
            "verdict": self.verdict, "cell": None if self.cell is None else self.cell.to_row(),
        }  # fmt: skip


def stated_links(lift: Lift) -> tuple[Link, ...]:
    """Check the links that the paper states (section 3.5)."""
    return tuple(_checked(lift, *link) for link in STATED_LINKS)


def _checked(lift: Lift, relationship: str, interaction: str, sense: str) -> Link:
    cell = lift.cell(relationship, interaction)
    if cell is None:
        verdict = "no data"
    elif sense == "most":
        # First place alone may be chance: the pair must also be commoner than chance makes it.
        first = bool(cell.n) and cell.rank == 1
        sure = cell.lift > 1 and cell.p < LEVEL
        verdict = "does not hold" if not first else "holds" if sure else "not significant"
    elif cell.lift <= 1:
        verdict = "does not hold"
    else:
        # Four links are asked of the paper's words, so its cells stand for themselves: plain p.
        verdict = "holds" if cell.p < LEVEL else "not significant"
    return Link(relationship, interaction, sense, verdict, cell)
