"""Read a release once, check it, and lay its rows down as Arrow files that cost nothing to read again.

A table that is prepared needs the rows twice: to know which splits there are, and to write each.
Parsing is what takes the time, so it is done once, by threads (Arrow lets others run meanwhile).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.arrow import arrow_schema
from mmdia.corpus.invariants import SeenIds, find
from mmdia.corpus.jsonl import OnBroken, report
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import Withdrawals, withdrawals
from mmdia.corpus.shards import LAID_DOWN, Shard, Survey, plan_shards, shard_batches, split_names
from mmdia.errors import BrokenRow
from mmdia.schema.dialogue import Dialogue

#: More threads than this do not help: Arrow's part is a half of the work.
THREADS = 4


@dataclass(slots=True)
class Piece:
    """What was found in one piece of the dialogues.

    Attributes:
        shard: Where its rows lie now.
        batches: Identifiers of its rows, batch by batch.
        counts: What breaks the invariants, by code.
        splits: Rows by split.
        tags: Rows by tag.
        broken: Rows that cannot be read.
    """

    shard: Shard
    batches: list[pa.RecordBatch] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    splits: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    broken: list[BrokenRow] = field(default_factory=list)


@contextmanager
def rows_folder(beside: str | None) -> Iterator[Path]:
    """A folder for rows that were parsed; it is gone afterwards.

    Args:
        beside: A folder of this machine with room for them; null takes the one for temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="rows-", dir=beside))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def checked_survey(
    handle: ReleaseHandle, *, vocab: str, on_broken: OnBroken = "raise", rows: Path | None = None
) -> tuple[Survey, Counter[str]]:
    """Read all dialogues once; what is where, and what breaks the invariants.

    Args:
        handle: The release.
        vocab: Name of the vocabulary that categories are checked against.
        on_broken: "raise", or a function that is told of each row that cannot be read, in order.
        rows: A folder for the rows; the survey then names the files there. Null keeps nothing.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    gone = withdrawals(handle, on_broken=on_broken)
    found, counts, seen = Survey(), Counter[str](), SeenIds()
    for piece in _pieces(handle, gone, vocab, on_broken == "raise", rows):
        for error in piece.broken:
            report(error, on_broken)
        for batch in piece.batches:
            if twins := len(seen.duplicates(batch)):
                counts["duplicate_dialogue_id"] += twins
        counts.update(piece.counts)
        found.shards.append(piece.shard)
        found.splits.append(piece.splits)
        found.tags.append(piece.tags)
        found.broken.append(len(piece.broken))
    return found, counts


def _pieces(
    handle: ReleaseHandle, gone: Withdrawals, vocab: str, strict: bool, rows: Path | None
) -> Iterator[Piece]:
    """Pieces in order, a few of them at work; the window bounds what is held."""
    threads = min(THREADS, os.cpu_count() or 1)
    shards = enumerate(plan_shards(handle))
    with ThreadPoolExecutor(threads) as pool:

        def start(item: tuple[int, Shard]) -> Future[Piece]:
            target = None if rows is None else rows / f"{item[0]:06d}{LAID_DOWN}"
            return pool.submit(_read_piece, item[1], gone, vocab, strict, target)

        at_work = deque(start(item) for item in islice(shards, threads + 1))
        try:
            while at_work:
                piece = at_work.popleft().result()
                at_work.extend(start(item) for item in islice(shards, 1))
                yield piece
        finally:
            for future in at_work:
                future.cancel()


def _read_piece(shard: Shard, gone: Withdrawals, vocab: str, strict: bool, target: Path | None) -> Piece:
    piece = Piece(shard if target is None else Shard(str(target)))
    batches = shard_batches(shard, gone=gone, on_broken="raise" if strict else piece.broken.append)
    writer = None if target is None else pa.ipc.new_file(str(target), arrow_schema(Dialogue))
    try:
        for batch in batches:
            _look(piece, batch, vocab)
            if writer is not None:
                writer.write_batch(batch)
    finally:
        if writer is not None:
            writer.close()
    return piece


def _look(piece: Piece, batch: pa.RecordBatch, vocab: str) -> None:
    piece.batches.append(batch.select(["dialogue_id"]))
    for hits in find(Leaves(batch), vocab=vocab):
        if len(hits.rows):
            piece.counts[hits.code] += len(hits.rows)
    piece.splits.update(split_names(batch))
    piece.tags.update(_tally(batch.column("subsets").flatten()))


def _tally(words: pa.Array) -> dict[str, int]:
    found = pc.value_counts(words)
    pairs = zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)
    return {word: count for word, count in pairs if word is not None}
