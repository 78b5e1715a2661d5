"""A run that stops anywhere and goes on sees every row of every epoch exactly once."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.train.sampler import ResumableLoader, ResumableSampler, shuffled

SMALL = st.integers(0, 60)


def drawn(sampler: ResumableSampler) -> list[int]:
    return list(sampler)


@given(n=SMALL, seed=st.integers(), epoch=st.integers(0, 5))
def test_an_order_is_a_permutation(n: int, seed: int, epoch: int) -> None:
    assert sorted(shuffled(n, seed, epoch).tolist()) == list(range(n))


def test_orders_are_the_same_everywhere_and_differ_by_seed_and_epoch() -> None:
    # Written down, so that a change of machine, numpy or code is seen.
    assert shuffled(8, 0, 0).tolist() == GOLDEN
    assert shuffled(1000, 0, 0).tolist() != shuffled(1000, 0, 1).tolist()
    assert shuffled(1000, 0, 1).tolist() != shuffled(1000, 1, 0).tolist()


GOLDEN = [4, 0, 1, 7, 6, 2, 5, 3]


@given(n=SMALL, world=st.integers(1, 5), drop=st.booleans(), seed=st.integers(0, 9))
def test_ranks_share_an_epoch(n: int, world: int, drop: bool, seed: int) -> None:
    ranks = [
        drawn(ResumableSampler(n, seed=seed, rank=r, world_size=world, drop_last=drop))
        for r in range(world)
    ]
    assert len({len(rows) for rows in ranks}) == 1
    together = [row for rows in ranks for row in rows]
    if drop:
        assert len(set(together)) == len(together) == n // world * world
    else:
        assert set(together) == set(range(n))
        assert len(together) - n < world or n == 0


@given(n=st.integers(1, 60), before=st.integers(1, 4), after=st.integers(1, 4), steps=st.integers(0, 20))
def test_a_run_goes_on_with_another_number_of_ranks(n: int, before: int, after: int, steps: int) -> None:
    first = [ResumableSampler(n, seed=3, rank=r, world_size=before) for r in range(before)]
    used = [row for s in first for row in islice(s, steps)]
    for s in first:
        s.advance(min(steps, len(s)))
    assert all(s.state_dict() == first[0].state_dict() for s in first)
    second = [ResumableSampler(n, seed=3, rank=r, world_size=after) for r in range(after)]
    for s in second:
        s.load_state_dict(json.loads(json.dumps(first[0].state_dict())))
    rest = [row for s in second for row in s]
    assert set(used) | set(rest) == set(range(n))
    assert len(used) + len(rest) - n < before + after
    lengths = [len(list(s)) for s in second]
    assert lengths == [len(s) for s in second], "a rank promises what it draws"
    assert len(set(lengths)) == 1, "every rank makes as many steps"


@given(n=st.integers(1, 60), before=st.integers(1, 5), after=st.integers(1, 5), steps=st.integers(0, 9))
def test_leaving_out_a_tail_leaves_no_rank_behind(n: int, before: int, after: int, steps: int) -> None:
    first = ResumableSampler(n, rank=0, world_size=before, drop_last=True)
    first.advance(min(steps, len(first)))
    second = [ResumableSampler(n, rank=r, world_size=after, drop_last=True) for r in range(after)]
    for s in second:
        s.load_state_dict(first.state_dict())
    drawn_rows = [list(s) for s in second]
    assert {len(rows) for rows in drawn_rows} == {(n - first.position) // after}
    together = [row for rows in drawn_rows for row in rows]
    assert len(set(together)) == len(together)


@pytest.mark.parametrize("change", [{"seed": 4}, {"shuffle": False}, {"data": 11}])
def test_a_state_of_another_order_is_refused(change: dict[str, Any]) -> None:
    state = ResumableSampler(10, seed=3).state_dict()
    with pytest.raises(UsageError, match="another order"):
        ResumableSampler(**({"data": 10, "seed": 3} | change)).load_state_dict(state)
    with pytest.raises(UsageError, match="not the state"):
        ResumableSampler(10).load_state_dict({"epoch": 0})


def test_ranks_are_checked() -> None:
    with pytest.raises(UsageError, match="no such rank"):
        ResumableSampler(3, rank=2, world_size=2)
    with pytest.raises(UsageError, match="go together"):
        ResumableSampler(3, rank=0)


@pytest.mark.slow
@pytest.mark.needs_torch
@pytest.mark.parametrize(("workers", "n", "size"), [(0, 53, 5), (2, 53, 5), (0, 20, 5), (0, 3, 5)])
def test_a_loader_that_stops_after_any_batch_goes_on_with_the_next(workers: int, n: int, size: int) -> None:
    pytest.importorskip("torch")

    def loader(seed: int = 7) -> ResumableLoader:
        return ResumableLoader(
            list(range(n)), batch_size=size, sampler=ResumableSampler(n, seed=seed),
            collate_fn=list, num_workers=workers,
        )  # fmt: skip

    whole = loader()
    epochs = [list(whole), list(whole)]
    assert [sorted(row for batch in e for row in batch) for e in epochs] == [list(range(n))] * 2
    assert epochs[0] != epochs[1] or n < 4
    stops = range(1, len(epochs[0]) + 1) if not workers else (1, 4)
    for stop in stops:
        run = loader()
        seen = list(islice(iter(run), stop))
        state = run.state_dict()
        again = loader()
        again.load_state_dict(state)
        assert len(again) == len(epochs[0]) - stop
        assert seen + list(again) == epochs[0]
        assert list(again) == epochs[1]


@pytest.mark.needs_torch
def test_a_loop_that_is_left_starts_its_epoch_anew() -> None:
    pytest.importorskip("torch")
    run = ResumableLoader(list(range(9)), batch_size=2, collate_fn=list)
    first = list(islice(iter(run), 2))
    assert list(run)[:2] == first


def test_the_sampler_needs_no_torch() -> None:
    code = (
        "from mmdia.train import ResumableSampler; list(ResumableSampler(5)); print('torch' in sys.modules)"
    )
    code = f"import sys; {code}"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert out.stdout.strip() == "False"
