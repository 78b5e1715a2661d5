"""What a split did, and how the sets look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmdia.corpus.leaves import Bools, Floats
from mmdia.release.leakage import LeakageReport
from mmdia.release.split_facts import Facts
from mmdia.release.split_ood import OodPlan
from mmdia.release.split_options import SplitOptions
from mmdia.release.split_plan import Plan
from mmdia.release.split_tasks import (
    Coverage,
    Screening,
    coverage,
    label_pairs,
    screened,
    spare_rows,
    task_bits,
)
from mmdia.schema.dialogue import SPLITS
from mmdia.schema.facts import paper

SPLIT_SCHEMA = "mmdia.split/1"
#: Numbers of the paper that are the sizes of its sets (3.5, 5.1, 5.2, A.5).
PAPER_NUMBERS = {
    "hard": "hard_clips",
    "bench": "bench_dialogues",
    "ood": "ood_clips",
    "task2": "task2_clips",
    "task3": "task3_clips",
}


@dataclass(frozen=True, slots=True)
class SetRow:
    """One set of the new release.

    Attributes:
        name: train, validation, test, hard, bench, ood, task2, task3, or left_out.
        dialogues: Its dialogues.
        turns: Their turns.
        titles: Titles it draws on.
        share: Share of train, validation and test together; None for other sets.
        intensity: Mean emotion intensity of those rated; None where none is.
        volatility: Mean emotion volatility.
        before: Dialogues that had this place in the release read.
        printed: The paper's count.
    """

    name: str
    dialogues: int
    turns: int
    titles: int
    share: float | None
    intensity: float | None
    volatility: float | None
    before: int
    printed: int | None

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "name": self.name,
            "dialogues": self.dialogues,
            "turns": self.turns,
            "titles": self.titles,
            "share": self.share,
            "intensity": self.intensity,
            "volatility": self.volatility,
            "before": self.before,
            "paper": self.printed,
        }


@dataclass(frozen=True, slots=True)
class SplitReport:
    """All that a split did.

    Attributes:
        path: Folder of the new release; None if nothing was written.
        name: Name and version of the release.
        options: What was asked for.
        dialogues: Dialogues of the new release.
        sets: Its sets.
        bounds: Least intensity and volatility of bench and hard rows that were chosen.
        kept: Tags that were kept as they were.
        tests: Screening of bench, task2 and task3, with who failed them.
        coverage: Set -> axis -> how it covers the labels.
        pairs: Set -> relationship -> interaction -> dialogues: all pairs of labels.
        control: Control sets built, by axis.
        ood: What was brought in; None if nothing.
        leakage: What train shares with the other sets.
        notes: What a reader should know.
    """

    path: str | None
    name: str
    options: SplitOptions
    dialogues: int
    sets: tuple[SetRow, ...]
    bounds: tuple[float, float]
    kept: tuple[str, ...]
    tests: dict[str, Screening]
    coverage: dict[str, dict[str, Coverage]]
    pairs: dict[str, dict[str, dict[str, int]]]
    control: dict[str, int]
    ood: OodPlan | None
    leakage: LeakageReport | None
    notes: tuple[str, ...] = field(default=())

    def set(self, name: str) -> SetRow:
        """One set by name.

        Raises:
            KeyError: There is no such set.
        """
        for row in self.sets:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.split/1``)."""
        return {
            "schema": SPLIT_SCHEMA,
            "path": self.path,
            "release": self.name,
            "options": self.options.to_row(),
            "dialogues": self.dialogues,
            "sets": [row.to_row() for row in self.sets],
            "bounds": {"intensity": self.bounds[0], "volatility": self.bounds[1]},
            "kept": list(self.kept),
            "tests": {name: tests.to_row() for name, tests in self.tests.items()},
            "coverage": {
                name: {**{axis: found.to_row() for axis, found in axes.items()}, "pairs": self.pairs[name]}
                for name, axes in self.coverage.items()
            },
            "control": self.control,
            "ood": None if self.ood is None else self.ood.to_row(),
            "leakage": None if self.leakage is None else self.leakage.to_row(),
            "notes": list(self.notes),
        }


def report_of(
    plan: Plan, name: str, path: str | None, ood: OodPlan | None, leaks: LeakageReport | None
) -> SplitReport:
    """The report of a plan that was carried out."""
    facts, examples = plan.facts, plan.options.examples
    everything = np.ones(len(facts), dtype=np.bool_)
    bench = plan.tags["bench"]
    tests = {
        "bench": screened(
            facts, "all", everything & ~plan.tags["ood"], plan.bench_failed, examples=examples
        ),
        "task2": screened(facts, "bench", bench, task_bits(facts, 2), examples=0),
        "task3": screened(facts, "bench", bench, task_bits(facts, 3), examples=0),
    }
    able = {"rest": ~bench & ~plan.tags["ood"] & (plan.bench_failed == 0)}
    spare = {"bench": able, "task2": spare_rows(plan, 2), "task3": spare_rows(plan, 3)}
    covered = {
        tag: {
            axis: coverage(facts, axis, plan.tags[tag], spare[tag])
            for axis in ("relationship", "interaction")
        }
        for tag in ("bench", "task2", "task3")
    }
    axes = [axis for number, axis in {(n, a) for n, a in plan.control.values()}]
    brought = 0 if ood is None else len(ood.ids)
    return SplitReport(
        path, name, plan.options, len(facts) + brought, tuple(_sets(plan, brought)), plan.bounds,
        tuple(plan.kept), tests, covered,
        {tag: label_pairs(facts, plan.tags[tag]) for tag in covered},
        {axis: axes.count(axis) for axis in sorted(set(axes))},
        ood, leaks, tuple(plan.notes),
    )  # fmt: skip


def _sets(plan: Plan, brought: int) -> list[SetRow]:
    facts = plan.facts
    whole = int((plan.split >= 0).sum())
    out = []
    for number, name in enumerate(SPLITS):
        rows = plan.in_split(number)
        share = int(rows.sum()) / whole if whole else None
        out.append(_set_row(facts, name, rows, share, int((facts.split == number).sum())))
    for tag in ("hard", "bench", "ood", "task2", "task3"):
        row = _set_row(facts, tag, plan.tags[tag], None, int(facts.tagged(tag).sum()))
        out.append(_grown(row, brought) if tag == "ood" and brought else row)
    if plan.left_out.any():
        out.append(_set_row(facts, "left_out", plan.left_out, None, 0))
    return out


def _grown(row: SetRow, brought: int) -> SetRow:
    """The set with rows of another release, of which only the number is known here."""
    return SetRow(
        row.name, row.dialogues + brought, row.turns, row.titles, None, None, None, row.before, row.printed
    )


def _set_row(facts: Facts, name: str, rows: Bools, share: float | None, before: int) -> SetRow:
    titles = np.unique(facts.title[rows])
    return SetRow(
        name, int(rows.sum()), int(facts.n_turns[rows].sum()), int((titles >= 0).sum()), share,
        _mean(facts.intensity[rows]), _mean(facts.volatility[rows]), before, paper_size(name),
    )  # fmt: skip


def paper_size(name: str) -> int | None:
    """Dialogues of the paper's set of that name; None where it prints none."""
    if (number := PAPER_NUMBERS.get(name)) is None:
        return None
    value = paper().number(number).value
    return None if isinstance(value, tuple) else int(value)


def _mean(values: Floats) -> float | None:
    there = np.sort(values[~np.isnan(values)])
    return round(float(there.mean()), 4) if len(there) else None
