"""Decide for every dialogue of a release where it goes.

Order of decisions: out-of-domain rows are set aside; the hard set with the bench in it is kept
or chosen; the rest is cut into train, validation and test; tasks and control sets follow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mmdia.corpus.leaves import Bools, Floats, Ints
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.split_choose import (
    any_of,
    chances,
    choose_balanced,
    choose_highest,
    parts_of,
    split_groups,
    split_rows,
)
from mmdia.release.split_faces import Bits, bit
from mmdia.release.split_facts import UNSPLIT, Facts, Small
from mmdia.release.split_options import PAPER_BENCH, PAPER_HARD, SplitOptions, paper_share
from mmdia.release.split_speakers import joined
from mmdia.release.split_texts import Hashes
from mmdia.schema.dialogue import SPLITS

TRAIN, VALIDATION, TEST = range(3)
#: A group that is held out of train, before it is known for what.
_HELD = 9


@dataclass(slots=True)
class Plan:
    """Where every dialogue goes; arrays have one value a dialogue.

    Attributes:
        facts: What was known of them.
        options: What was asked for.
        split: 0 train, 1 validation, 2 test, -1 none.
        tags: Which dialogues get each tag.
        bench_failed: Bits of the bench tests that each dialogue fails.
        bounds: Least intensity and volatility that were asked.
        kept: Tags that were kept as they were.
        left_out: Rows in no set, because their people also speak in train.
        control: Dialogue -> number of its control set, axis.
        notes: What a reader should know.
    """

    facts: Facts
    options: SplitOptions
    split: Small
    tags: dict[str, Bools]
    bench_failed: Bits
    bounds: tuple[float, float]
    kept: list[str] = field(default_factory=list)
    left_out: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    control: dict[int, tuple[int, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def in_split(self, number: int) -> Bools:
        """Which dialogues are in a split."""
        return np.asarray(self.split == number, dtype=np.bool_)


def plan_split(facts: Facts, options: SplitOptions) -> Plan:
    """Apply the rules.

    Raises:
        ReleaseError: The rules cannot be met: no row passes, or a series is too large to be held out.
        UsageError: An option names a title that is not there.
    """
    chance = chances(options.seed, facts.ids)
    n = len(facts)
    bounds = (
        _bound(facts.intensity, options.min_intensity),
        _bound(facts.volatility, options.min_volatility),
    )
    empty = np.zeros(n, dtype=np.bool_)
    plan = Plan(
        facts, options, np.full(n, UNSPLIT, dtype=np.int8),
        {tag: empty.copy() for tag in ("bench", "hard", "ood", "task2", "task3")},
        _bench_tests(facts, options, bounds), bounds, left_out=empty.copy(),
    )  # fmt: skip
    plan.tags["ood"] = facts.tagged("ood") | _of_titles(facts, options.ood_titles)
    free = ~plan.tags["ood"]
    if options.keep_splits:
        _hard_and_bench(plan, chance, free, free)
        plan.split[free] = facts.split[free]
    elif options.disjoint == "none":
        _hard_and_bench(plan, chance, free, free)
        rest = any_of(free & ~plan.tags["hard"])
        for number, rows in enumerate(
            split_rows(rows=rest, chance=chance, ids=facts.ids, ratios=options.ratios)
        ):
            plan.split[rows] = number
    elif options.hard_titles == "any":
        _disjoint_but_hard(plan, chance, free)
    else:
        _disjoint(plan, chance, free)
    hard = plan.tags["hard"]
    plan.split[hard] = UNSPLIT if options.hard_split is None else SPLITS.index(options.hard_split)
    plan.split[plan.tags["ood"]] = UNSPLIT
    _tell_empty(plan)
    return plan


def _tell_empty(plan: Plan) -> None:
    for name, number, ratio in zip(SPLITS, range(3), plan.options.ratios, strict=True):
        if ratio and not plan.in_split(number).any():
            plan.notes.append(f"{name}: there is no dialogue for it")
    whole = int((plan.split >= 0).sum())
    for name, number, ratio in zip(SPLITS, range(3), plan.options.ratios, strict=True):
        asked = ratio / sum(plan.options.ratios)
        if whole and plan.options.disjoint != "none" and not plan.options.keep_splits:
            share = int(plan.in_split(number).sum()) / whole
            if abs(share - asked) > 0.02:
                plan.notes.append(f"{name} has {share:.1%} where {asked:.1%} was asked: groups stay whole")
    if n := int(plan.left_out.sum()):
        plan.notes.append(f"{n} dialogues are in no set: their people also speak in train or test")


def _bound(values: Floats, asked: float | None) -> float:
    if asked is not None:
        return asked
    there = values[~np.isnan(values)]
    # A mean of floats depends on their order in the last bits; sorted, it does not.
    return float(np.sort(there).mean()) if len(there) else 0.0


def _of_titles(facts: Facts, wanted: tuple[str, ...]) -> Bools:
    out = np.zeros(len(facts), dtype=np.bool_)
    if unknown := sorted(set(wanted) - set(facts.titles)):
        raise UsageError("no dialogue is of this title", got=", ".join(map(repr, unknown[:5])))
    for name in wanted:
        out |= facts.title == facts.titles.index(name)
    return out


def _bench_tests(facts: Facts, options: SplitOptions, bounds: tuple[float, float]) -> Bits:
    out: Bits = facts.structure.copy()
    out |= facts.every_turn if options.visible == "turns" else facts.every_speaker
    out[np.isnan(facts.expressiveness)] |= bit("no_scores")
    with np.errstate(invalid="ignore"):
        out[facts.intensity < bounds[0]] |= bit("low_intensity")
        out[facts.volatility < bounds[1]] |= bit("low_volatility")
    out[(facts.relationship < 0) | (facts.interaction < 0)] |= bit("no_category")
    return out


def _sizes(plan: Plan, free: Bools) -> tuple[int, int]:
    """How many bench and hard rows to choose; -1 keeps what is tagged."""
    sizes = []
    total = int(free.sum())
    for tag, printed in (("bench", PAPER_BENCH), ("hard", PAPER_HARD)):
        asked = getattr(plan.options, tag)
        # Bench rows are hard rows: keeping one keeps the other's rows in it.
        there = bool((plan.facts.tagged(tag) & free).any())
        if asked == "keep" or (asked == "auto" and there):
            sizes.append(-1)
        elif asked == "none":
            sizes.append(0)
        else:
            sizes.append(paper_share(total, printed) if asked == "auto" else int(asked))
    return sizes[0], sizes[1]


def _hard_and_bench(plan: Plan, chance: Hashes, free: Bools, pool: Bools) -> None:
    """Keep or choose the hard set, with the bench in it, from the rows of the pool."""
    facts = plan.facts
    n_bench, n_hard = _sizes(plan, free)
    score = facts.expressiveness
    if n_hard < 0:
        plan.kept.append("hard")
        plan.tags["hard"] = facts.tagged("hard") & (pool | plan.tags["ood"])
    if n_bench < 0:
        plan.kept.append("bench")
        plan.tags["bench"] = facts.tagged("bench") & (pool | plan.tags["ood"])
    else:
        able = pool & (plan.bench_failed == 0)
        if n_hard < 0 and n_bench:
            able &= plan.tags["hard"]  # a hard set that is kept keeps its size, too
        chosen = choose_balanced(
            any_of(able),
            n_bench,
            facts.relationship.astype(np.int64),
            facts.interaction.astype(np.int64),
            score,
            chance,
        )
        plan.tags["bench"][chosen] = True
        _tell(plan, "bench", n_bench, len(chosen))
    if n_hard >= 0:
        plan.tags["hard"] = plan.tags["bench"].copy()
        low = bit("no_scores") | bit("low_intensity") | bit("low_volatility")
        able = pool & (plan.bench_failed & low == 0) & ~plan.tags["hard"]
        more = choose_highest(any_of(able), n_hard - int(plan.tags["hard"].sum()), score, chance)
        plan.tags["hard"][more] = True
        _tell(plan, "hard", n_hard, int(plan.tags["hard"].sum()))
    if (outside := plan.tags["bench"] & ~plan.tags["hard"]).any():
        plan.notes.append(f"{int(outside.sum())} bench dialogues were not tagged hard; now they are")
        plan.tags["hard"] |= plan.tags["bench"]


def _tell(plan: Plan, tag: str, wanted: int, got: int) -> None:
    if got < wanted and getattr(plan.options, tag) == "auto":
        plan.notes.append(f"{tag}: the paper's share would be {wanted} dialogues, {got} pass the rule")
    elif got < wanted:
        plan.notes.append(f"{tag}: {wanted} dialogues wanted, {got} pass the rule")
    elif got > wanted:
        plan.notes.append(f"{tag}: {wanted} dialogues wanted, but the bench alone has {got}")


def _groups(plan: Plan, free: Bools) -> tuple[Ints, list[str]]:
    """Group of every dialogue, and a name of each group that does not depend on the order of rows."""
    facts = plan.facts
    group = np.concatenate((facts.film, [-1]))[facts.title].astype(np.int64)
    if plan.options.disjoint == "speaker" and not plan.options.drop_crossing and facts.titles:
        # Rows that are set aside join nothing.
        cast = facts.cast
        whole = np.where(free, facts.title, -1)
        roots = joined(facts.film, whole, cast)
        group[group >= 0] = roots[group[group >= 0]]
    scripts = any_of(group < 0)
    group[scripts] = len(facts.titles) + np.arange(len(scripts))
    smallest: dict[int, str] = {}
    for row in any_of(free).tolist():
        name, number = facts.ids[row], int(group[row])
        if number not in smallest or name < smallest[number]:
            smallest[number] = name
    renumber = {number: k for k, number in enumerate(sorted(smallest, key=smallest.__getitem__))}
    out = np.array([renumber.get(int(g), -1) for g in group], dtype=np.int64)
    return out, sorted(smallest.values())


def _disjoint_but_hard(plan: Plan, chance: Hashes, free: Bools) -> None:
    """Groups are split whole, but for their hard rows, which may be of any group."""
    _hard_and_bench(plan, chance, free, free)
    rest = free & ~plan.tags["hard"]
    if not rest.any():
        return
    group, names = _groups(plan, rest)
    sizes = np.bincount(group[rest], minlength=len(names))
    lucky = chances(plan.options.seed, names)
    total = sum(plan.options.ratios)
    targets = [sizes.sum() * ratio / total for ratio in plan.options.ratios]
    part = np.array(split_groups(sizes.tolist(), names, lucky, targets), dtype=np.int8)
    plan.split[rest] = part[group[rest]]


def _disjoint(plan: Plan, chance: Hashes, free: Bools) -> None:
    """Whole groups are held out; the hard set comes from among them."""
    facts, ratios = plan.facts, plan.options.ratios
    group, names = _groups(plan, free)
    n_bench, n_hard = _sizes(plan, free)
    kept = np.zeros(len(facts), dtype=np.bool_)
    for tag, size in (("bench", n_bench), ("hard", n_hard)):
        if size < 0:
            kept |= facts.tagged(tag) & free
    total = int(free.sum())
    n_hard = max(n_bench, n_hard, int(kept.sum()))
    rest = parts_of(max(0, total - n_hard), (ratios[0], ratios[1] + ratios[2]))
    sizes = np.bincount(group[free], minlength=len(names))
    lucky = chances(plan.options.seed, names)
    forced = np.bincount(group[kept], minlength=len(names)) > 0
    held = forced.copy()
    wanted = rest[1] + n_hard - int(sizes[forced].sum())
    open_groups = any_of(~forced)
    if wanted > 0 and len(open_groups):
        part = split_groups(
            sizes[open_groups].tolist(),
            [names[i] for i in open_groups],
            lucky[open_groups],
            (rest[0], wanted),
        )
        held[open_groups[np.array(part) == 1]] = True
    _refuse_lopsided(plan, sizes, forced, held)
    out = free & held[group.clip(min=0)]
    plan.split[free & ~out] = TRAIN
    if plan.options.drop_crossing:
        people = facts.cast.present(plan.in_split(TRAIN))
        plan.left_out = out & facts.cast.touched(people)
        out = out & ~plan.left_out
    _hard_and_bench(plan, chance, free, out)
    _validation_and_test(plan, group, names, lucky, out & ~plan.tags["hard"])


def _refuse_lopsided(plan: Plan, sizes: Ints, forced: Bools, held: Bools) -> None:
    if held.any() and not held.all():
        return
    if forced.all():
        why = "every group of titles has hard rows"
    else:
        why = "train would be empty" if held.all() else "there is nothing small enough to hold out"
    raise ReleaseError(
        f"no split is {plan.options.disjoint}-disjoint here: {why}",
        expected="several groups of titles that share nobody",
        got=f"{len(sizes)} groups, the largest with {int(sizes.max(initial=0))} of {int(sizes.sum())} rows",
        hint="Use --drop-crossing, --disjoint title or --hard-titles any, or choose the hard set anew: "
        "--hard N --bench N.",
    )


def _validation_and_test(plan: Plan, group: Ints, names: list[str], lucky: Hashes, rows: Bools) -> None:
    ratios = plan.options.ratios[1:]
    there = np.unique(group[rows])
    if not len(there) or sum(ratios) == 0:
        return
    sizes = np.bincount(group[rows], minlength=len(names))
    targets = [sizes.sum() * r / sum(ratios) for r in ratios]
    if len(there) < sum(t > 0 for t in targets):
        plan.notes.append("one group of titles alone is held out: it is the test split")
        part = [1] * len(there)
    else:
        part = split_groups(sizes[there].tolist(), [names[i] for i in there], lucky[there], targets)
    number = np.full(len(names), UNSPLIT, dtype=np.int8)
    number[there] = np.array([VALIDATION, TEST], dtype=np.int8)[part]
    plan.split[rows] = number[group[rows]]
    if plan.options.drop_crossing:
        people = plan.facts.cast.present(plan.in_split(TEST))
        crossing = plan.in_split(VALIDATION) & plan.facts.cast.touched(people)
        plan.split[crossing] = UNSPLIT
        plan.left_out |= crossing
