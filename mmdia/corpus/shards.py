"""Cut the rows of a release into pieces of work, and read one piece.

One pass finds out what each piece holds, so that a reader of one split opens only pieces that
have rows of it, and parses only those rows. Pieces of JSONL are byte ranges of whole lines; of
Parquet, whole files (a release is published in several).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from numpy.typing import NDArray

from mmdia.corpus.arrow import arrow_schema
from mmdia.corpus.jsonl import Lines, OnBroken, report, rows_of
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.read import Withdrawals, has_tag, iter_rows, withdrawals
from mmdia.errors import BrokenRow
from mmdia.schema.dialogue import Dialogue

#: Rows in a piece of a large release; a small one is cut finer, so that workers find work.
MOST_ROWS = 1000
PIECES = 16
_DECIDING = pa.schema(
    [arrow_schema(Dialogue).field(name) for name in ("dialogue_id", "title_id", "split", "subsets")]
)
_NULL_ROW = re.compile(rb"\}\s*null")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shard:
    """One piece of the dialogues.

    Attributes:
        path: The file.
        offset: Byte at which its first line starts (JSONL).
        line: 1-based number of that line.
        lines: Number of lines, blank ones included; 0 means the whole file.
    """

    path: str
    offset: int = 0
    line: int = 1
    lines: int = 0


@dataclass(slots=True)
class Survey:
    """What one pass over a release found.

    Attributes:
        shards: All pieces, in order.
        splits: For each piece, its number of rows by split.
        tags: For each piece, its number of rows by tag.
        broken: For each piece, its number of rows that could not be read.
    """

    shards: list[Shard] = field(default_factory=list)
    splits: list[Counter[str]] = field(default_factory=list)
    tags: list[Counter[str]] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)

    def holding(self, *, split: str | None = None, tag: str | None = None) -> list[Shard]:
        """The pieces with rows of the split or tag; none if no piece has any.

        Pieces with broken rows come along, since nobody knows where those belong.
        """
        hits = [
            (split is None or s[split] > 0) and (tag is None or t[tag] > 0)
            for s, t in zip(self.splits, self.tags, strict=True)
        ]
        if not any(hits):
            return []
        both = zip(self.shards, hits, self.broken, strict=True)
        return [shard for shard, hit, broken in both if hit or broken]


def survey(
    handle: ReleaseHandle,
    *,
    on_broken: OnBroken = "raise",
    look: Callable[[pa.RecordBatch], None] | None = None,
) -> Survey:
    """Note which piece has rows of which split and tag; withdrawn rows do not count.

    Without `look`, of JSONL only the four keys that decide are parsed, which is many times
    faster; rows that are broken elsewhere then count, and are found when they are read.

    Args:
        handle: The release.
        on_broken: "raise", or a function that is told of each row that cannot be read.
        look: Is shown every row, in batches (to count or check what it likes).

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    found = Survey()
    broken: list[BrokenRow] = []

    def tell(error: BrokenRow) -> None:
        broken.append(error)
        report(error, on_broken)

    gone = withdrawals(handle, on_broken=on_broken)
    for shard in plan_shards(handle):
        glanced = None if look is not None or not shard.lines else glance(_read_lines(shard))
        if glanced is not None:
            batches = iter([_keep(glanced, None, None, gone)])
        else:
            batches = shard_batches(shard, gone=gone, on_broken=tell)
        broken.clear()
        splits: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        for batch in batches:
            splits.update(v for v in batch.column("split").to_pylist() if v is not None)
            for tag, count in zip(*_counts(batch.column("subsets").flatten()), strict=True):
                tags[tag] += count
            if look is not None:
                look(batch)
        found.shards.append(shard)
        found.splits.append(splits)
        found.tags.append(tags)
        found.broken.append(len(broken))
    return found


def _counts(values: pa.Array) -> tuple[list[str], list[int]]:
    table = pc.value_counts(values)
    return table.field("values").to_pylist(), table.field("counts").to_pylist()


def plan_shards(handle: ReleaseHandle) -> Iterator[Shard]:
    """The pieces of a release's dialogues, in the order of its rows."""
    for path in release_files(handle).dialogues:
        if path.suffix == ".parquet":
            yield Shard(str(path))
        else:
            yield from _line_shards(path)


def _line_shards(path: Path) -> Iterator[Shard]:
    with path.open("rb") as file:
        total = sum(1 for _ in file)
    size = min(MOST_ROWS, max(1, -(-total // PIECES)))
    with path.open("rb") as file:
        for line in range(1, total + 1, size):
            offset = file.tell()
            count = sum(1 for _, _ in zip(range(size), file, strict=False))
            yield Shard(str(path), offset, line, count)


def shard_batches(
    shard: Shard,
    *,
    split: str | None = None,
    tag: str | None = None,
    gone: Withdrawals | None = None,
    on_broken: OnBroken = "raise",
    batch_size: int = MOST_ROWS,
) -> Iterator[pa.RecordBatch]:
    """Rows of one piece as Arrow batches (schema `arrow_schema(Dialogue)`); never empty ones.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    if shard.lines:
        lines = _read_lines(shard)
        if split is not None or tag is not None:
            lines = _matching(lines, split, tag)
        found = iter([rows_of(lines, Dialogue, on_broken)] if lines.lines else [])
    else:
        found = iter_rows(Path(shard.path), Dialogue, on_broken, batch_size=batch_size)
    for rows in found:
        batch = _keep(rows.batch, split, tag, gone or Withdrawals())
        if batch.num_rows:
            yield batch


def glance(block: Lines) -> pa.RecordBatch | None:
    """What decides where rows belong, one row a line; None where it takes a closer look."""
    text = b"\n".join(block.lines)
    # What Arrow's reader would misread or die of (see `mmdia.corpus.jsonl`).
    plain = all(line.startswith(b"{") and line.endswith(b"}") for line in block.lines)
    if not text or not plain or _NULL_ROW.search(text):
        return None
    try:
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(explicit_schema=_DECIDING, unexpected_field_behavior="ignore"),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if table.num_rows != len(block.lines):
        return None
    batch = table.combine_chunks().to_batches()[0]
    return None if batch.column("subsets").flatten().null_count else batch


def _mask(
    batch: pa.RecordBatch, split: str | None, tag: str | None, gone: Withdrawals
) -> NDArray[np.bool_]:
    keep = np.ones(batch.num_rows, dtype=np.bool_)
    if split is not None:
        keep &= pc.fill_null(pc.equal(batch.column("split"), split), False).to_numpy(zero_copy_only=False)
    if tag is not None:
        keep &= has_tag(batch, tag)
    if gone:
        pairs = zip(
            batch.column("dialogue_id").to_pylist(), batch.column("title_id").to_pylist(), strict=True
        )
        keep &= ~np.fromiter((gone.covers(d, t) for d, t in pairs), np.bool_, batch.num_rows)
    return keep


def _keep(batch: pa.RecordBatch, split: str | None, tag: str | None, gone: Withdrawals) -> pa.RecordBatch:
    mask = _mask(batch, split, tag, gone)
    return batch if mask.all() else batch.filter(pa.array(mask))


def _matching(block: Lines, split: str | None, tag: str | None) -> Lines:
    """The lines that may have the split or tag, so that only those are parsed whole."""
    glanced = glance(block)
    if glanced is None:
        return block
    keep = _mask(glanced, split, tag, Withdrawals())
    numbers = [number for number, hit in zip(block.numbers, keep, strict=True) if hit]
    return Lines(block.path, numbers, [line for line, hit in zip(block.lines, keep, strict=True) if hit])


def _read_lines(shard: Shard) -> Lines:
    path = Path(shard.path)
    numbers: list[int] = []
    lines: list[bytes] = []
    with path.open("rb") as file:
        file.seek(shard.offset)
        for number, raw in zip(range(shard.line, shard.line + shard.lines), file, strict=False):
            line = (raw.removeprefix(_BOM) if number == 1 else raw).strip(b" \t\r\n")
            if line:
                numbers.append(number)
                lines.append(line)
    return Lines(path, numbers, lines)
