"""Cut the rows of a release into pieces of work, and read one piece.

One pass finds out what each piece holds, so that a reader of one split opens only pieces that
have rows of it, and parses only those rows. Pieces of JSONL are byte ranges of whole lines; of
Parquet, row groups.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from numpy.typing import NDArray

from mmdia.corpus.arrow import arrow_schema
from mmdia.corpus.columns import Fields
from mmdia.corpus.jsonl import Lines, OnBroken, report, rows_of
from mmdia.corpus.layout import UNSPLIT
from mmdia.corpus.lines import OVERLONG, bounded_lines
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.parquet import open_parquet, parquet_rows
from mmdia.corpus.read import Withdrawals, has_tag, withdrawals
from mmdia.errors import BrokenRow
from mmdia.schema.dialogue import SPLITS, Dialogue

#: Rows in a piece of a large release; a small one is cut finer, so that workers find work.
MOST_ROWS = 1000
PIECES = 16
_DECIDING = pa.schema(
    [arrow_schema(Dialogue).field(name) for name in ("dialogue_id", "title_id", "split", "subsets")]
)
_DECIDES = [(field.name, field.type) for field in _DECIDING]
#: How the files end that `mmdia.corpus.prepare` writes.
LAID_DOWN = ".arrow"
_NULL_ROW = re.compile(rb"\}\s*null")
_BLOCK = 4 << 20
_NEWLINE = 10
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shard:
    """One piece of the dialogues.

    Attributes:
        path: The file.
        offset: Byte at which its first line starts (JSONL).
        line: 1-based number of that line, or of the first row (Parquet).
        lines: Number of lines, blank ones included; 0 where the file is no JSONL.
        groups: Its row groups, first and number (Parquet); number 0 means the whole file.
    """

    path: str
    offset: int = 0
    line: int = 1
    lines: int = 0
    groups: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Survey:
    """What one pass over a release found.

    Attributes:
        shards: All pieces, in order.
        splits: For each piece, its number of rows by split; `UNSPLIT` for rows without one.
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

    Without `look`, only the four keys that decide are parsed, which is many times faster; rows that
    are broken elsewhere then count, and are found when they are read.

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
        glanced = None if look is not None else _glance_at(shard)
        if glanced is not None:
            batches = iter([_keep(glanced, None, None, gone)])
        else:
            batches = shard_batches(shard, gone=gone, on_broken=tell)
        broken.clear()
        splits: Counter[str] = Counter()
        tags: Counter[str] = Counter()
        for batch in batches:
            splits.update(split_names(batch))
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
    files = release_files(handle).dialogues
    groups = {path: _row_groups(path) for path in files if path.suffix == ".parquet"}
    most = _piece_size(sum(sum(sizes) for sizes in groups.values()))
    for path in files:
        if path in groups:
            yield from _group_shards(path, groups[path], most)
        else:
            yield from _line_shards(path)


def _piece_size(total: int) -> int:
    return min(MOST_ROWS, max(1, -(-total // PIECES)))


def _row_groups(path: Path) -> list[int]:
    with open_parquet(path) as file:
        facts = file.metadata
        return [facts.row_group(i).num_rows for i in range(facts.num_row_groups)]


def _group_shards(path: Path, sizes: list[int], most: int) -> Iterator[Shard]:
    """Row groups of a Parquet file, small ones together."""
    row, first, rows = 1, 0, 0
    for i, size in enumerate(sizes):
        rows += size
        if rows >= most or i == len(sizes) - 1:
            yield Shard(str(path), line=row, groups=(first, i + 1 - first))
            row, first, rows = row + rows, i + 1, 0


def _line_shards(path: Path) -> Iterator[Shard]:
    starts = _line_starts(path)
    total = len(starts) - 1
    size = _piece_size(total)
    for i in range(0, total, size):
        yield Shard(str(path), int(starts[i]), i + 1, min(size, total - i))


def split_names(batch: pa.RecordBatch) -> list[str]:
    """The split of each row; `UNSPLIT` for rows without one, or with one that nobody knows."""
    return [v if v in SPLITS else UNSPLIT for v in batch.column("split").to_pylist()]


def split_shard(shard: Shard) -> list[Shard]:
    """A piece cut finer, for more workers: single row groups, or a quarter of the lines."""
    first, count = shard.groups
    if count > 1:
        sizes = _row_groups(Path(shard.path))[first : first + count]
        rows = [shard.line + sum(sizes[:i]) for i in range(count)]
        return [replace(shard, line=row, groups=(first + i, 1)) for i, row in enumerate(rows)]
    if shard.lines < 2:
        return [shard]
    size = -(-shard.lines // 4)
    out, offset = [], shard.offset
    with Path(shard.path).open("rb") as file:
        file.seek(offset)
        lines = bounded_lines(file)
        for at in range(0, shard.lines, size):
            mine = min(size, shard.lines - at)
            out.append(replace(shard, offset=offset, line=shard.line + at, lines=mine))
            for _ in range(mine):
                next(lines, b"")
            offset = file.tell()
    return out


def _line_starts(path: Path) -> NDArray[np.int64]:
    """Byte at which each line starts, and at last the size of the file."""
    parts = [np.zeros(1, np.int64)]
    size = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == _NEWLINE)
            parts.append(ends + (size + 1))
            size += len(block)
    starts = np.concatenate(parts)
    return starts if starts[-1] == size else np.append(starts, size)


def shard_batches(
    shard: Shard,
    *,
    split: str | None = None,
    tag: str | None = None,
    gone: Withdrawals | None = None,
    on_broken: OnBroken = "raise",
    batch_size: int = MOST_ROWS,
    fields: Fields | None = None,
) -> Iterator[pa.RecordBatch]:
    """Rows of one piece as Arrow batches (schema `arrow_schema(Dialogue)`); never empty ones.

    With `fields`, only those of `Dialogue` need be read; others may be there all the same. What
    decides (``split``, ``subsets``, the identifiers of withdrawals) must be among them.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    if shard.path.endswith(LAID_DOWN):
        with pa.OSFile(shard.path) as file, pa.ipc.open_file(file) as reader:
            for i in range(reader.num_record_batches):
                batch = _keep(reader.get_batch(i), split, tag, gone or Withdrawals())
                if batch.num_rows:
                    yield batch
        return
    if shard.lines:
        lines = _read_lines(shard)
        if split is not None or tag is not None:
            lines = _matching(lines, split, tag)
        found = iter([rows_of(lines, Dialogue, on_broken, fields)] if lines.lines else [])
    else:
        found = parquet_rows(
            Path(shard.path),
            Dialogue,
            on_broken,
            batch_size=batch_size,
            groups=group_numbers(shard),
            first=shard.line,
            fields=fields,
        )
    for rows in found:
        batch = _keep(rows.batch, split, tag, gone or Withdrawals())
        if batch.num_rows:
            yield batch


def group_numbers(shard: Shard) -> list[int] | None:
    """Row groups of a piece of Parquet; None for the whole file."""
    first, count = shard.groups
    return list(range(first, first + count)) if count else None


def _glance_at(shard: Shard) -> pa.RecordBatch | None:
    """What decides where the rows of a piece belong; None where it takes a closer look."""
    if shard.lines:
        return glance(_read_lines(shard))
    with open_parquet(Path(shard.path)) as file:
        schema = file.schema_arrow
        if not all(name in schema.names and schema.field(name).type == kind for name, kind in _DECIDES):
            return None
        names = [name for name, _ in _DECIDES]
        groups = range(file.num_row_groups) if (known := group_numbers(shard)) is None else known
        try:
            table = file.read_row_groups(list(groups), columns=names, use_threads=False)
        except (pa.ArrowException, OSError):
            return None  # damage: who reads the rows tells of it
    batch = table.select(names).combine_chunks().to_batches()
    if len(batch) != 1 or batch[0].column("dialogue_id").null_count:
        return None
    return None if batch[0].column("subsets").flatten().null_count else batch[0]


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
    if split == UNSPLIT:
        keep &= ~pc.is_in(batch.column("split"), pa.array(SPLITS)).to_numpy(zero_copy_only=False)
    elif split is not None:
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
        some = range(shard.line, shard.line + shard.lines)
        for number, raw in zip(some, bounded_lines(file), strict=False):
            line = raw
            if raw is not OVERLONG:
                line = (raw.removeprefix(_BOM) if number == 1 else raw).strip(b" \t\r\n")
            if line:
                numbers.append(number)
                lines.append(line)
    return Lines(path, numbers, lines)
