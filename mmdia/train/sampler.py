"""The order of rows in training, which a stopped run takes up again at the very row where it stopped.

A stream that is shuffled through a buffer cannot be resumed exactly. Annotations are small, so rows
are drawn by index instead: the order of an epoch is a function of seed and epoch, and the place in
it is one number.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mmdia.errors import MissingExtra, UsageError

STATE_SCHEMA = "mmdia.sampler/1"

Batch = TypeVar("Batch")


def shuffled(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The numbers 0 .. n-1 in an order that depends on seed and epoch alone.

    Indices are sorted by a 64-bit mix of themselves (the finaliser of SplitMix64, Steele et al.
    2014), so that every version of numpy and every machine gives the same order.

    Returns:
        Indices, int64 (n,).
    """
    with np.errstate(over="ignore"):
        base = _mixed(np.array([seed & _WORD], dtype=np.uint64))
        base = _mixed(base + np.uint64(epoch & _WORD))
        keys = _mixed(np.arange(n, dtype=np.uint64) + base)
    return np.argsort(keys, kind="stable").astype(np.int64)


_WORD = 0xFFFF_FFFF_FFFF_FFFF


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + np.uint64(0x9E37_79B9_7F4A_7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed


class ResumableSampler:
    """Row indices of one epoch after the other; for `torch.utils.data.DataLoader(sampler=...)`.

    Every rank draws from the same order, in turns (rank r takes places r, r + world_size, ...), so a
    run may be resumed with another number of ranks. Where the rows do not divide by the ranks, the
    last places are filled from the start of the order (every rank must make as many steps), or left
    out with `drop_last`.

    A loader reads ahead of the training loop, so only the loop knows what was used: let
    `ResumableLoader` count, or `follow` a loader of your own.

    Args:
        data: The rows, or their number.
        seed: Seed of all orders.
        shuffle: Draw in random order; else in the order of the rows.
        rank: This process among `world_size`; null asks ``torch.distributed`` where it is set up,
            else the environment (``RANK``, ``WORLD_SIZE``), else there is one.
        world_size: Number of processes.
        drop_last: Leave out rows that do not divide by the ranks.

    Attributes:
        epoch: The epoch, from 0.
        position: Places of the epoch's order that all ranks together have used.

    Raises:
        UsageError: Rank and world size do not fit, or only one of them is given.
    """

    def __init__(
        self,
        data: Sized | int,
        *,
        seed: int = 0,
        shuffle: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = False,
    ) -> None:
        self._n = data if isinstance(data, int) else len(data)
        self._seed, self._shuffle, self._drop_last = seed, shuffle, drop_last
        self._rank, self._world = place_among(rank, world_size)
        self.epoch = 0
        self.position = 0

    @property
    def total(self) -> int:
        """Places in this epoch, all ranks together: what is left divides by the ranks."""
        left, world = max(0, self._n - self.position), self._world
        return self.position + (left // world if self._drop_last else -(-left // world)) * world

    def __len__(self) -> int:
        """Rows that this rank still draws in this epoch."""
        return max(0, self.total - self.position) // self._world

    def __iter__(self) -> Iterator[int]:
        if not self._n:
            return
        order = shuffled(self._n, self._seed, self.epoch) if self._shuffle else np.arange(self._n)
        places = np.arange(self.position + self._rank, self.total, self._world)
        yield from order[places % self._n].tolist()

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch, unless it is the one at hand (trainers call this each epoch)."""
        if epoch != self.epoch:
            self.epoch, self.position = epoch, 0

    def advance(self, rows: int) -> None:
        """Count rows of this rank as used, as many by every other rank."""
        self.position = min(self.total, self.position + rows * self._world)

    def follow(self, batches: Iterable[Batch], batch_size: int) -> Iterator[Batch]:
        """The batches of a loader over this sampler, counted as they are handed out.

        Args:
            batches: The loader; it must keep the order of the sampler.
            batch_size: Its rows in a batch, of this rank; the last batch of an epoch may be short.
        """
        left = len(self)
        for batch in batches:
            # Before it is handed out: a state that is taken while the loop works on a batch counts it.
            rows = min(batch_size, left)
            left -= rows
            self.advance(rows)
            yield batch
        self.finish_epoch()

    def finish_epoch(self) -> None:
        """Go to the start of the next epoch."""
        self.epoch, self.position = self.epoch + 1, 0

    def state_dict(self) -> dict[str, Any]:
        """The place, JSON-ready; the same on every rank."""
        return {
            "schema": STATE_SCHEMA, "epoch": self.epoch, "position": self.position, "rows": self._n,
            "seed": self._seed, "shuffle": self._shuffle,
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go to a place that `state_dict` told.

        Raises:
            UsageError: It was told of other rows, another seed or another order: what follows would
                repeat some rows and miss others.
        """
        if state.get("schema") != STATE_SCHEMA:
            raise UsageError(
                "not the state of a sampler", expected=STATE_SCHEMA, got=repr(state.get("schema"))
            )
        mine = self.state_dict()
        differ = [key for key in ("rows", "seed", "shuffle") if state.get(key) != mine[key]]
        if differ:
            raise UsageError(
                "the state is of another order of rows",
                expected=", ".join(f"{key}={state.get(key)!r}" for key in differ),
                got=", ".join(f"{key}={mine[key]!r}" for key in differ),
                hint="Make the sampler as in the run that was stopped.",
            )
        self.epoch, self.position = int(state["epoch"]), int(state["position"])


def place_among(rank: int | None, world_size: int | None) -> tuple[int, int]:
    """Rank and number of processes: given, else found (`ResumableSampler`).

    Raises:
        UsageError: They do not fit, or only one of them is given.
    """
    if (rank is None) != (world_size is None):
        raise UsageError("rank and world_size go together", got=f"rank={rank}, world_size={world_size}")
    if rank is None or world_size is None:
        rank, world_size = _found_place()
    if not 0 <= rank < world_size:
        raise UsageError("there is no such rank", expected=f"0 .. {world_size - 1}", got=str(rank))
    return rank, world_size


def _found_place() -> tuple[int, int]:
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


class ResumableLoader:
    """A `torch.utils.data.DataLoader` over rows by index that knows which batches were used.

    Iterate it once an epoch. `state_dict` may be taken after any batch: the run that loads it goes
    on with the next one, whatever the workers had read ahead.

    Args:
        data: A map-style dataset.
        batch_size: Rows in a batch, of this rank.
        collate_fn: Makes a batch of a list of rows (`DialogueCollator`).
        sampler: Order of the rows; null shuffles with seed 0.
        drop_last: Leave out the last batch where it is short.
        loader: Further arguments of the DataLoader (``num_workers``, ``pin_memory``, ...).

    Raises:
        MissingExtra: torch is not installed.
        UsageError: `batch_size` is no positive number, or an argument belongs to the sampler.
    """

    def __init__(
        self,
        data: Any,
        *,
        batch_size: int,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        sampler: ResumableSampler | None = None,
        drop_last: bool = False,
        **loader: Any,
    ) -> None:
        try:
            from torch.utils.data import BatchSampler, DataLoader
        except ImportError as error:
            raise MissingExtra.of("torch", "torch") from error
        if batch_size < 1:
            raise UsageError("batch_size must be positive", got=str(batch_size))
        if taken := sorted({"shuffle", "batch_sampler"} & loader.keys()):
            raise UsageError("this belongs to the sampler", got=taken[0], hint="Give a ResumableSampler.")
        self.sampler = ResumableSampler(data) if sampler is None else sampler
        self._batch_size, self._drop_last = batch_size, drop_last
        batches = BatchSampler(self.sampler, batch_size, drop_last)
        self._loader = DataLoader(data, batch_sampler=batches, collate_fn=collate_fn, **loader)
        self._resumed = False

    def __len__(self) -> int:
        """Batches that are left of this epoch, or in a whole one before it begins."""
        return len(self._loader)

    def __iter__(self) -> Iterator[Any]:
        """Batches to the end of the epoch: from where a state was loaded, else from its start."""
        if not self._resumed:
            self.sampler.position = 0
        self._resumed = False
        yield from self.sampler.follow(self._loader, self._batch_size)

    def state_dict(self) -> dict[str, Any]:
        """The place in training, JSON-ready."""
        return self.sampler.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on after the last batch that was used.

        Raises:
            UsageError: The state is of other rows or of another order.
        """
        self.sampler.load_state_dict(state)
        self._resumed = True
