"""The sets of tasks 2 and 3, chosen from the faces of keyframes, and what labels they cover."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmdia.corpus.leaves import Bools, Ints
from mmdia.release.split_choose import any_of, chances
from mmdia.release.split_faces import FAILURES, Bits, bit
from mmdia.release.split_facts import Facts
from mmdia.release.split_plan import TEST, Plan


@dataclass(frozen=True, slots=True)
class Screening:
    """Which dialogues of a pool failed which test.

    Attributes:
        pool: Name of the pool.
        looked_at: Dialogues in it.
        passed: How many pass every test.
        failed: Test -> number of dialogues that fail it; one may fail several.
        ids: Test -> identifiers of those, by name, as many as were asked for.
    """

    pool: str
    looked_at: int
    passed: int
    failed: dict[str, int]
    ids: dict[str, tuple[str, ...]]

    def to_row(self) -> dict[str, Any]:
        """JSON-ready; every test says what it means."""
        return {
            "pool": self.pool,
            "looked_at": self.looked_at,
            "passed": self.passed,
            "failed": [
                {"test": t, "text": FAILURES[t], "count": n, "ids": list(self.ids[t])}
                for t, n in self.failed.items()
            ],
        }


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a set covers the labels of one axis.

    Attributes:
        counts: Category -> dialogues of the set, every category of the vocabulary named.
        none: Dialogues without a category.
        elsewhere: Category that is not covered -> dialogues outside the set that pass its tests, by pool.
    """

    counts: dict[str, int]
    none: int
    elsewhere: dict[str, dict[str, int]]

    @property
    def missing(self) -> tuple[str, ...]:
        """Categories that the set does not cover."""
        return tuple(name for name, n in self.counts.items() if not n)

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "counts": self.counts,
            "covered": len(self.counts) - len(self.missing),
            "of": len(self.counts),
            "missing": list(self.missing),
            "no_category": self.none,
            "elsewhere": self.elsewhere,
        }


def screened(facts: Facts, pool: str, rows: Bools, failed: Bits, *, examples: int) -> Screening:
    """Count the tests that the dialogues of a pool fail.

    Args:
        facts: The dialogues.
        pool: Name of the pool, for the report.
        rows: The pool.
        failed: Bits of the tests that each dialogue fails.
        examples: Most identifiers for each test; 0 for all.
    """
    counts: dict[str, int] = {}
    ids: dict[str, tuple[str, ...]] = {}
    for name in FAILURES:
        hit = any_of(rows & (failed & bit(name) != 0))
        if len(hit):
            counts[name] = len(hit)
            named = sorted(facts.ids[i] for i in hit.tolist())
            ids[name] = tuple(named[:examples] if examples else named)
    return Screening(pool, int(rows.sum()), int((rows & (failed == 0)).sum()), counts, ids)


def coverage(facts: Facts, axis: str, rows: Bools, others: dict[str, Bools]) -> Coverage:
    """How a set covers the categories of one axis.

    Args:
        facts: The dialogues.
        axis: "relationship" or "interaction".
        rows: The set.
        others: Pools outside the set, with the dialogues that could fill it up.
    """
    codes = getattr(facts, axis)
    names = facts.vocab.names(axis)
    found = Counter(codes[rows].tolist())
    counts = {name: found.get(k, 0) for k, name in enumerate(names)}
    elsewhere: dict[str, dict[str, int]] = {}
    for k, name in enumerate(names):
        if not counts[name]:
            per_pool = {pool: int((able & (codes == k)).sum()) for pool, able in others.items()}
            elsewhere[name] = {pool: n for pool, n in per_pool.items() if n}
    return Coverage(counts, found.get(-1, 0), elsewhere)


def label_pairs(facts: Facts, rows: Bools) -> dict[str, dict[str, int]]:
    """Dialogues of a set by relationship and interaction; every pair of the vocabulary is named."""
    found = Counter(zip(facts.relationship[rows].tolist(), facts.interaction[rows].tolist(), strict=True))
    return {
        a: {b: found.get((i, j), 0) for j, b in enumerate(facts.vocab.names("interaction"))}
        for i, a in enumerate(facts.vocab.names("relationship"))
    }


def choose_tasks(plan: Plan) -> None:
    """Tag the sets of tasks 2 and 3.

    Task 2: every bench dialogue that passes. Task 3: the same by its own tests; with a wider pool,
    labels that no bench dialogue covers are then filled from the hard set, and from the test
    split, one dialogue at a time: the one that covers most that is missing.
    """
    facts = plan.facts
    plan.tags["task2"] = plan.tags["bench"] & (task_bits(facts, 2) == 0)
    able = task_bits(facts, 3) == 0
    plan.tags["task3"] = plan.tags["bench"] & able
    pools = {"bench": (), "hard": ("hard",), "test": ("hard", "test")}[plan.options.task3_from]
    for pool in pools:
        rows = plan.tags["hard"] if pool == "hard" else plan.in_split(TEST)
        _fill(plan, any_of(rows & able & ~plan.tags["task3"]))


def task_bits(facts: Facts, task: int) -> Bits:
    """Bits of all tests that a dialogue fails for a task, those of its film and turns included."""
    structure = facts.structure & (bit("no_film") | bit("no_turns"))
    return np.asarray((facts.task2 if task == 2 else facts.task3) | structure, dtype=np.uint32)


def spare_rows(plan: Plan, task: int) -> dict[str, Bools]:
    """Dialogues outside the set of a task that pass its tests, by where they are."""
    able = (task_bits(plan.facts, task) == 0) & ~plan.tags[f"task{task}"]
    return {
        "hard": plan.tags["hard"] & able,
        "test": plan.in_split(TEST) & ~plan.tags["hard"] & able,
    }


def _fill(plan: Plan, rows: Ints) -> None:
    facts = plan.facts
    chance = chances(plan.options.seed, [facts.ids[r] for r in rows.tolist()])
    left = list(zip(rows.tolist(), (int(c) for c in chance), strict=True))
    axes = (facts.relationship, facts.interaction)
    covered = [set(axis[plan.tags["task3"]].tolist()) | {-1} for axis in axes]

    def gain(row: int) -> int:
        return sum(int(axis[row]) not in seen for axis, seen in zip(axes, covered, strict=True))

    while left:
        best = min(left, key=lambda item: (-gain(item[0]), item[1]))
        if not gain(best[0]):
            return
        left.remove(best)
        plan.tags["task3"][best[0]] = True
        for axis, seen in zip(axes, covered, strict=True):
            seen.add(int(axis[best[0]]))
