"""Streams that a stopped run takes up again at the very row where it stopped, whatever reads them.

A stream of `datasets` that is shuffled through a buffer loses rows and repeats others when it is
resumed. Here the pieces (shards) of a stream are put in random order, and rows within a piece keep
theirs; so a place is a number of rows for each piece, and it is exact. The loop counts, not the
workers: what they read ahead is not used yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from mmdia.errors import MissingExtra, UsageError
from mmdia.train.sampler import place_among, shuffled

try:  # a loader of torch asks for its own class
    from torch.utils.data import IterableDataset
except ImportError:  # pragma: no cover - without torch the stream iterates all the same
    IterableDataset = object

if TYPE_CHECKING:
    import datasets

STATE_SCHEMA = "mmdia.stream/1"
_ROWS_AT_ONCE = 64
Row = Mapping[str, Any]


class Tagged(NamedTuple):
    """A row, and how many rows of its piece are used once this one is.

    Attributes:
        row: The row.
        piece: Number of the piece.
        used: Rows of the piece up to this one; minus one where the piece ends here.
    """

    row: Row | None
    piece: int
    used: int


class ShardStream(IterableDataset):  # type: ignore[misc]
    """The rows of a streaming dataset, piece by piece; each row once an epoch, over all ranks and workers.

    Iterated by itself it gives rows and counts them. For batches, `loader` makes a DataLoader whose
    place is counted as batches are handed out.

    Args:
        dataset: A streaming dataset of one split, not shuffled; it may have been mapped or filtered.
            Its number of pieces (``num_shards``) bounds ranks x workers that find work.
        seed: Seed of all orders.
        shuffle: Pieces in random order, another one each epoch; else in the order of the release.
        rank: This process among `world_size`; null asks as `ResumableSampler` does.
        world_size: Number of processes. Ranks may get different numbers of rows.

    Attributes:
        epoch: The epoch, from 0.

    Raises:
        UsageError: Rank and world size do not fit.
    """

    def __init__(
        self,
        dataset: datasets.IterableDataset,
        *,
        seed: int = 0,
        shuffle: bool = True,
        rank: int | None = None,
        world_size: int | None = None,
    ) -> None:
        rank, world_size = place_among(rank, world_size)
        self._dataset = dataset
        self._pieces = int(dataset.num_shards)
        self._seed, self._shuffle = seed, shuffle
        self._rank, self._world = rank, world_size
        self.epoch = 0
        self._used: dict[int, int] = {}
        self._next = 0
        self._workers = 0
        self._resumed = False

    def __iter__(self) -> Iterator[Any]:
        """Rows; in a worker of `loader`, tagged rows."""
        worker, workers = _worker()
        if workers:
            yield from self.tagged(worker, workers)
            return
        self.begin()
        for item in self.tagged(0, 1):
            self.count([item[1:]])
            if item.row is not None:
                yield item.row
        self.finish_epoch()

    def tagged(self, worker: int, workers: int) -> Iterator[Tagged]:
        """What one of several workers reads, from the place on."""
        # The worker whose batch comes next is the first that a loader asks.
        if workers == self._workers:
            worker = (worker + self._next) % workers
        order = shuffled(self._pieces, self._seed, self.epoch) if self._shuffle else range(self._pieces)
        mine = list(order)[self._rank :: self._world][worker::workers]
        for piece in map(int, mine):
            used = self._used.get(piece, 0)
            if used < 0:
                continue
            # One row is held back, so that the last one says that the piece ends with it.
            held: Row | None = None
            for row in _rows(self._dataset, self._pieces, piece, used):
                if held is not None:
                    used += 1
                    yield Tagged(held, piece, used)
                held = row
            yield Tagged(held, piece, -1)

    def count(self, tags: list[tuple[int, int]]) -> None:
        """Take rows for used: number of the piece, and rows of it up to the row (minus one: all)."""
        for piece, used in tags:
            self._used[piece] = used

    def begin(self) -> None:
        """Go to the start of the epoch, unless a place was loaded: a loop that was left starts anew."""
        if not self._resumed:
            self._used, self._next = {}, 0
        self._resumed = False

    def finish_epoch(self) -> None:
        """Go to the start of the next epoch."""
        self.set_epoch(self.epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch, unless it is the one at hand."""
        if epoch != self.epoch:
            self.epoch, self._used, self._next = epoch, {}, 0

    def loader(
        self,
        batch_size: int,
        *,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        num_workers: int = 0,
        **options: Any,
    ) -> StreamLoader:
        """A loader of batches whose place is exact.

        Args:
            batch_size: Rows in a batch; the last one of each worker may be short.
            collate_fn: Makes a batch of rows; null gives lists of rows.
            num_workers: Processes that read.
            options: Other options of ``torch.utils.data.DataLoader``.

        Raises:
            MissingExtra: torch is not installed.
        """
        return StreamLoader(self, batch_size, collate_fn, num_workers, options)

    def state_dict(self) -> dict[str, Any]:
        """The place of this rank, JSON-ready."""
        return {
            "schema": STATE_SCHEMA, "epoch": self.epoch, "pieces": self._pieces, "seed": self._seed,
            "shuffle": self._shuffle, "used": {str(k): v for k, v in sorted(self._used.items())},
            "next": self._next, "workers": self._workers,
        }  # fmt: skip

    def load_state_dict(self, state: Mapping[str, Any], *others: Mapping[str, Any]) -> None:
        """Go to a place that `state_dict` told.

        Args:
            state: The state of this rank.
            others: With another number of ranks than before: the states of all others, so that this
                rank knows what was used. (With the same number, each rank needs only its own.)

        Raises:
            UsageError: The state is of another stream, seed or order.
        """
        for one in (state, *others):
            for name, mine in (
                ("schema", STATE_SCHEMA), ("pieces", self._pieces), ("seed", self._seed),
                ("shuffle", self._shuffle), ("epoch", state["epoch"]),
            ):  # fmt: skip
                if one.get(name) != mine:
                    raise UsageError(
                        f"this place is of another stream: {name} differs",
                        expected=repr(mine),
                        got=repr(one.get(name)),
                    )
        self.epoch = int(state["epoch"])
        self._used = {int(k): int(v) for one in (state, *others) for k, v in one["used"].items()}
        self._next, self._workers = int(state["next"]), int(state["workers"])
        self._resumed = True


class StreamLoader:
    """Batches of a `ShardStream`, one epoch at a time, and the place after the last one handed out.

    A loop that was left starts its epoch anew, as with every DataLoader; only `load_state_dict` goes on.

    Args:
        stream: The stream.
        batch_size: Rows in a batch.
        collate_fn: Makes a batch of rows.
        num_workers: Processes that read.
        options: Other options of ``torch.utils.data.DataLoader``.

    Raises:
        MissingExtra: torch is not installed.
    """

    def __init__(
        self,
        stream: ShardStream,
        batch_size: int,
        collate_fn: Callable[[list[Any]], Any] | None,
        num_workers: int,
        options: Mapping[str, Any],
    ) -> None:
        try:
            from torch.utils.data import DataLoader
        except ImportError as error:
            raise MissingExtra("torch is not installed", hint="pip install 'mmdia[torch]'") from error
        self.stream = stream
        self._make: Callable[[], Any] = lambda: DataLoader(
            _Pieces(stream),
            batch_size=batch_size,
            collate_fn=_Collate(collate_fn),
            num_workers=num_workers,
            **options,
        )
        self._slots = max(1, num_workers)

    def __iter__(self) -> Iterator[Any]:
        stream = self.stream
        stream.begin()
        if stream._workers != self._slots:
            stream._workers, stream._next = self._slots, 0
        for slot, tags, batch in self._make():
            stream.count(tags)
            stream._next = (slot + 1) % self._slots
            if batch is not None:
                yield batch
        stream.finish_epoch()

    def state_dict(self) -> dict[str, Any]:
        """The place after the last batch that was handed out."""
        return self.stream.state_dict()

    def load_state_dict(self, state: Mapping[str, Any], *others: Mapping[str, Any]) -> None:
        """Go to a place; see `ShardStream.load_state_dict`."""
        self.stream.load_state_dict(state, *others)


class _Pieces(IterableDataset):  # type: ignore[misc]
    """Tagged rows for a loader, with the number of the slot among the workers."""

    def __init__(self, stream: ShardStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[int, Tagged]]:
        worker, workers = _worker()
        workers = max(1, workers)
        slot = (worker + self._stream._next) % workers
        for item in self._stream.tagged(worker, workers):
            yield slot, item


class _Collate:
    """Sets the tags aside and makes a batch of the rows."""

    def __init__(self, inner: Callable[[list[Any]], Any] | None) -> None:
        self._inner = inner

    def __call__(self, items: list[tuple[int, Tagged]]) -> tuple[int, list[tuple[int, int]], Any]:
        rows = [item.row for _, item in items if item.row is not None]
        tags = [(item.piece, item.used) for _, item in items]
        batch = None if not rows else rows if self._inner is None else self._inner(rows)
        return items[0][0], tags, batch


def _worker() -> tuple[int, int]:
    """Number of this worker and of all; no workers in the main process."""
    import sys

    if "torch" not in sys.modules:
        return 0, 0
    from torch.utils.data import get_worker_info

    info = get_worker_info()
    return (0, 0) if info is None else (info.id, info.num_workers)


def _rows(dataset: Any, pieces: int, piece: int, first: int) -> Iterator[Row]:
    """Rows of one piece. Batches, since plain iteration would share the piece among workers once more."""
    one = dataset.shard(num_shards=pieces, index=piece)
    if first:
        one = one.skip(first)
    for batch in one.iter(batch_size=_ROWS_AT_ONCE):
        names = list(batch)
        for values in zip(*(batch[name] for name in names), strict=True):
            yield dict(zip(names, values, strict=True))
