"""Resuming a stream: exact, for any number of workers and ranks, at any batch."""

from __future__ import annotations

import json
import random
from itertools import islice
from typing import Any

import datasets
import pytest

torch = pytest.importorskip("torch")

from mmdia.errors import UsageError  # noqa: E402
from mmdia.train.stream import ShardStream  # noqa: E402

pytestmark = pytest.mark.needs_torch
SIZES = (7, 1, 12, 5, 9, 3, 8, 10, 2)
N = sum(SIZES)


def numbers(shards: list[int]) -> Any:
    for shard in shards:
        first = sum(SIZES[:shard])
        for n in range(first, first + SIZES[shard]):
            yield {"n": n, "words": [str(n)] * (n % 3)}


@pytest.fixture(scope="module")
def rows() -> Any:
    return datasets.IterableDataset.from_generator(numbers, gen_kwargs={"shards": list(range(len(SIZES)))})


def take(loader: Any, count: int | None = None) -> list[int]:
    found: list[int] = []
    for i, batch in enumerate(loader):
        found += [row["n"] for row in batch]
        if count is not None and i + 1 == count:
            break
    return found


def test_one_epoch_is_every_row_once_and_epochs_differ(rows: Any) -> None:
    stream = ShardStream(rows, seed=3)
    first, second = ([row["n"] for row in stream] for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(N))
    assert first != second
    assert stream.epoch == 2
    assert [row["n"] for row in ShardStream(rows, shuffle=False)] == list(range(N))
    assert next(iter(ShardStream(rows, shuffle=False))) == {"n": 0, "words": []}


def test_every_stop_of_plain_iteration_resumes_exactly(rows: Any) -> None:
    whole = [row["n"] for row in ShardStream(rows, seed=5)]
    for stop in range(1, N):
        stream = ShardStream(rows, seed=5)
        head = [row["n"] for row in islice(stream, stop)]
        again = ShardStream(rows, seed=5)
        again.load_state_dict(json.loads(json.dumps(stream.state_dict())))
        assert head[:stop] + [row["n"] for row in again] == whole


@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_batches_resume_in_the_same_order(rows: Any, workers: int) -> None:
    whole = take(ShardStream(rows, seed=1).loader(4, num_workers=workers))
    assert sorted(whole) == list(range(N))
    for stop in (1, 3, 6, 11) if workers else range(1, 15):
        loader = ShardStream(rows, seed=1).loader(4, num_workers=workers)
        head = take(loader, stop)
        again = ShardStream(rows, seed=1).loader(4, num_workers=workers)
        again.load_state_dict(loader.state_dict())
        assert head + take(again) == whole, stop
        assert again.stream.epoch == 1


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:This DataLoader will create"
)  # more workers than this machine has cores
@pytest.mark.parametrize(("before", "after"), [(0, 2), (3, 0), (2, 8)])
def test_another_number_of_workers_loses_nothing(rows: Any, before: int, after: int) -> None:
    loader = ShardStream(rows, seed=1).loader(3, num_workers=before)
    head = take(loader, 7)
    again = ShardStream(rows, seed=1).loader(5, num_workers=after)
    again.load_state_dict(loader.state_dict())
    assert sorted(head + take(again)) == list(range(N))


@pytest.mark.parametrize("after", [1, 2, 3, 5])
def test_ranks_share_an_epoch_and_may_change_in_number(rows: Any, after: int) -> None:
    used: list[int] = []
    states = []
    for rank in range(3):
        loader = ShardStream(rows, seed=9, rank=rank, world_size=3).loader(2)
        used += take(loader, 3)
        states.append(loader.state_dict())
    for rank in range(after):
        stream = ShardStream(rows, seed=9, rank=rank, world_size=after)
        stream.load_state_dict(*states)
        used += [row["n"] for row in stream]
    assert sorted(used) == list(range(N))


def test_mapped_and_filtered_streams_resume_too(rows: Any) -> None:
    mapped = rows.filter(lambda row: row["n"] % 4).map(lambda row: {"n": row["n"] * 10})
    rng = random.Random(0)
    whole = [row["n"] for row in ShardStream(mapped, seed=2)]
    assert sorted(whole) == [n * 10 for n in range(N) if n % 4]
    for stop in rng.sample(range(1, len(whole)), 5):
        stream = ShardStream(mapped, seed=2)
        head = [row["n"] for row in islice(stream, stop)]
        again = ShardStream(mapped, seed=2)
        again.load_state_dict(stream.state_dict())
        assert head[:stop] + [row["n"] for row in again] == whole


def test_a_place_of_another_stream_is_refused(rows: Any) -> None:
    state = ShardStream(rows, seed=1).state_dict()
    for other in (ShardStream(rows, seed=2), ShardStream(rows, seed=1, shuffle=False)):
        with pytest.raises(UsageError, match="another stream"):
            other.load_state_dict(state)
    with pytest.raises(UsageError, match="no such rank"):
        ShardStream(rows, rank=2, world_size=2)
