"""Write the tables of a release as Parquet. Lines of JSON come in; stray words stay words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mmdia.corpus.arrow import arrow_schema
from mmdia.corpus.jsonl import Lines, rows_of
from mmdia.corpus.spool import Spool
from mmdia.errors import BrokenRow, ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.store.atomic import atomic_write, make_folder

#: Files by name of the split.
ShardCounts = dict[str, int]
ROWS_PER_SHARD = 10_000
ROW_GROUP = 1000


def write_table(path: Path, lines: Iterable[str | bytes], model: type[Record]) -> int:
    """Write one Parquet file, complete or not at all; returns its rows.

    Raises:
        ReleaseError: A row does not fit: an integer beyond 64 bits, half a surrogate pair.
        StoreError: The file cannot be written.
    """
    schema, count = arrow_schema(model), 0
    with (
        atomic_write(path) as stream,
        pq.ParquetWriter(stream, schema, compression="zstd", compression_level=3) as writer,
    ):
        for batch in _batches(lines, model, path):
            writer.write_batch(batch, row_group_size=ROW_GROUP)
            count += batch.num_rows
    return count


def _batches(lines: Iterable[str | bytes], model: type[Record], path: Path) -> Iterator[pa.RecordBatch]:
    stream = iter(lines)
    first = 1
    while block := list(islice(stream, ROW_GROUP)):
        try:
            raw = [line.encode("utf-8") if isinstance(line, str) else line for line in block]
            yield rows_of(Lines(path, list(range(first, first + len(raw))), raw), model, "raise").batch
        except BrokenRow as error:
            raise ReleaseError(
                f"the row fits into no Parquet table: {error.message}", path=error.path
            ) from error
        except UnicodeEncodeError as error:
            raise ReleaseError("half a surrogate pair is no text", path=path) from error
        first += len(block)


def write_shards(folder: Path, spool: Spool, counts: ShardCounts) -> list[Path]:
    """Write the rows of every group, in order, cut into shards; older shards are deleted.

    Args:
        folder: ``dialogues/`` of the release.
        spool: The dialogues, with the name of the split as their group.
        counts: Shards by split; where there is none, one for every 10,000 rows.

    Raises:
        ReleaseError: A row does not fit.
        StoreError: A file cannot be written.
    """
    make_folder(folder)
    for old in folder.glob("*.parquet"):
        old.unlink()
    written = []
    for split in spool.groups() or ["unsplit"]:
        rows = spool.order(split) if len(spool) else []
        wanted = counts.get(split) or -(-len(rows) // ROWS_PER_SHARD)
        shards = max(1, min(wanted, len(rows)))
        for i in range(shards):
            part = rows[len(rows) * i // shards : len(rows) * (i + 1) // shards]
            path = folder / f"{split}-{i:05d}-of-{shards:05d}.parquet"
            write_table(path, _split_lines(spool.lines(part)), Dialogue)
            written.append(path)
    return written


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from piece.split(b"\n")[:-1]
