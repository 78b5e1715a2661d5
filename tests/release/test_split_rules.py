"""Laws of splitting, on facts alone."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import ReleaseError, UsageError
from mmdia.release.split_choose import chances, choose_balanced, parts_of, split_groups
from mmdia.release.split_options import PAPER_BENCH, PAPER_HARD, SplitOptions, paper_share
from mmdia.release.split_plan import Plan, plan_split
from mmdia.release.split_tasks import choose_tasks
from tests.release.split_rows import fact_rows, facts_of, placed

SIZES = st.sampled_from(["auto", "keep", "none", 0, 1, 3, 10])
RATIOS = st.sampled_from([(90.0, 5.0, 5.0), (1.0, 1.0, 1.0), (80.0, 20.0, 0.0), (8.0, 1.0, 1.0)])


@st.composite
def options(draw: st.DrawFn, disjoint: tuple[str, ...] = ("none",)) -> SplitOptions:
    mode = draw(st.sampled_from(disjoint))
    return SplitOptions(
        seed=draw(st.integers(0, 5)), bench=draw(SIZES), hard=draw(SIZES), ratios=draw(RATIOS),
        disjoint=mode, drop_crossing=mode == "speaker" and draw(st.booleans()),
        task3_from=draw(st.sampled_from(["bench", "hard", "test"])),
    )  # fmt: skip


def planned(rows: list, asked: SplitOptions) -> Plan | None:
    try:
        plan = plan_split(facts_of(rows), asked)
    except ReleaseError:
        return None
    choose_tasks(plan)
    return plan


@pytest.mark.slow
@settings(max_examples=30)
@given(fact_rows(), options(("none", "title", "speaker")))
def test_sets_are_disjoint_and_complete(rows, asked):
    plan = planned(rows, asked)
    if plan is None:
        return
    hard, ood = plan.tags["hard"], plan.tags["ood"]
    assert not (plan.tags["bench"] & ~hard).any()
    assert not (plan.tags["task2"] & ~plan.tags["bench"]).any()
    assert (plan.split[hard | ood | plan.left_out] == -1).all()
    if sum(asked.ratios[1:]) and sum(asked.ratios[:1]):
        # Whatever is in no split has a reason to be.
        assert ((plan.split >= 0) | hard | ood | plan.left_out).all()


@pytest.mark.slow
@settings(max_examples=30)
@given(fact_rows(), options(("none", "title", "speaker")), st.randoms(use_true_random=False))
def test_order_of_rows_and_repetition_change_nothing(rows, asked, shuffler):
    first, again = planned(rows, asked), planned(rows, asked)
    mixed = list(rows)
    shuffler.shuffle(mixed)
    other = planned(mixed, asked)
    if first is None:
        assert other is None
        return
    assert again is not None
    assert other is not None
    assert placed(first) == placed(again) == placed(other)


@pytest.mark.slow
@settings(max_examples=30)
@given(fact_rows(), options(("title", "speaker")))
def test_disjoint_splits_share_no_title_and_nobody(rows, asked):
    plan = planned(rows, asked)
    if plan is None:
        return
    facts = plan.facts
    train = plan.split == 0
    sets = {"train": train, "validation": plan.split == 1, "test": plan.split == 2}
    sets["hard"] = plan.tags["hard"] & ~plan.tags["ood"]
    for first, second in (
        ("train", "validation"),
        ("train", "test"),
        ("train", "hard"),
        ("validation", "test"),
    ):
        a, b = sets[first], sets[second]
        assert not set(facts.title[a & (facts.title >= 0)]) & set(facts.title[b])
        if asked.disjoint == "speaker":
            assert not (facts.cast.present(a) & facts.cast.present(b)).any()


@pytest.mark.slow
@settings(max_examples=30)
@given(fact_rows(), options())
def test_ratios_hold_to_one_row(rows, asked):
    plan = planned(rows, asked)
    assert plan is not None
    counts = [int((plan.split == k).sum()) for k in range(3)]
    assert tuple(counts) == parts_of(sum(counts), asked.ratios)


@given(st.integers(0, 10_000), st.lists(st.floats(0, 100), min_size=1, max_size=4).filter(any))
def test_parts_sum_and_are_near(n, ratios):
    parts = parts_of(n, ratios)
    assert sum(parts) == n
    for part, ratio in zip(parts, ratios, strict=True):
        assert part >= 0
        assert ratio > 0 or part == 0
        assert abs(part - n * ratio / sum(ratios)) <= len(ratios) + 1
        assert part > 0 or ratio == 0 or max(parts) <= 1


@pytest.mark.parametrize("ratios", [(0, 0, 0), (-1, 2, 1), (float("nan"), 1, 1), (float("inf"), 1, 1)])
def test_useless_ratios_are_refused(ratios):
    with pytest.raises(UsageError):
        parts_of(10, ratios)


def test_the_paper_cut():
    assert paper_share(54_700, PAPER_BENCH) == 309
    assert paper_share(54_700, PAPER_HARD) == 598
    assert parts_of(54_700 - 598, (90, 5, 5)) == (48_692, 2_705, 2_705)


def test_another_seed_gives_another_split():
    rows = [
        {"id": f"d{k}", "title": k, "tags": 0, "relationship": 0, "interaction": 0, "intensity": 5,
         "volatility": 5, "structure": 0, "task2": 0, "task3": 0, "people": set()} for k in range(200)
    ]  # fmt: skip
    first, second = (placed(plan_split(facts_of(rows), SplitOptions(seed=s))) for s in (1, 2))
    assert first != second
    # A row that is added moves few others.
    more = [*rows, {**rows[0], "id": "new", "title": 200}]
    third = placed(plan_split(facts_of(more), SplitOptions(seed=1)))
    assert sum(first[name] != third[name] for name in first) <= 8


def test_chances_are_the_same_on_every_machine():
    assert chances(7, ["a", "tv_04 S01E21", "ü"]).tolist() == [
        10246668499907366168, 14553209519370373209, 16335516469796185530,
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 10)), max_size=40),
    st.integers(0, 45),
)
def test_balanced_choice_takes_as_many_as_there_are(cells, n):
    relationship, interaction, score = (np.array([c[k] for c in cells], dtype=np.int64) for k in range(3))
    rows = np.arange(len(cells))
    chance = chances(0, [str(k) for k in rows])
    chosen = choose_balanced(rows, n, relationship, interaction, score.astype(float), chance)
    assert len(set(chosen.tolist())) == len(chosen) == min(n, len(cells))
    # Within a cell the expressive go first.
    for cell in set(zip(relationship.tolist(), interaction.tolist(), strict=True)):
        mine = (relationship == cell[0]) & (interaction == cell[1])
        taken = np.isin(rows, chosen)
        if (mine & taken).any() and (mine & ~taken).any():
            assert score[mine & taken].min() >= score[mine & ~taken].max()


def test_balanced_choice_is_balanced():
    drawn = random.Random(3)
    # One relationship is fifty times as common as the others.
    relationship = np.array([0] * 1000 + [k for k in range(1, 8) for _ in range(20)], dtype=np.int64)
    interaction = np.array([drawn.randrange(15) for _ in relationship], dtype=np.int64)
    score = np.array([drawn.random() for _ in relationship])
    rows = np.arange(len(relationship))
    chosen = choose_balanced(rows, 80, relationship, interaction, score, chances(0, [str(r) for r in rows]))
    by_relationship = Counter(relationship[chosen].tolist())
    by_interaction = Counter(interaction[chosen].tolist())
    assert max(by_relationship.values()) - min(by_relationship.values()) <= 2
    assert set(by_interaction) == set(range(15))
    assert max(by_interaction.values()) - min(by_interaction.values()) <= 2


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=3, max_size=40), st.integers(0, 3))
def test_groups_stay_whole_and_no_part_is_empty(sizes, seed):
    names = [f"g{k}" for k in range(len(sizes))]
    total = sum(sizes)
    part = split_groups(sizes, names, chances(seed, names), [0.9 * total, 0.05 * total, 0.05 * total])
    assert set(part) == {0, 1, 2}
    for k in (1, 2):
        held = sum(s for s, p in zip(sizes, part, strict=True) if p == k)
        # Too much by less than the largest group there.
        assert held <= 0.05 * total + max(s for s, p in zip(sizes, part, strict=True) if p == k)


def test_too_few_groups_are_refused():
    with pytest.raises(ReleaseError, match="too few groups"):
        split_groups([5], ["a"], chances(0, ["a"]), [4.0, 1.0])


@pytest.mark.parametrize(
    "bad",
    [{"near": 0}, {"control": -1}, {"bench": -3}, {"hard": "all"}, {"disjoint": "series"},
     {"drop_crossing": True}, {"keep_splits": True, "disjoint": "title"}, {"hard_split": "train"}],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(bad):
    with pytest.raises(UsageError):
        SplitOptions(**bad)
