"""Parquet shards of a release: the dialogues by split, and a copy of the rows of every tag.

The release is read once. Rows go to a spool on disk, one file a split or tag, so that the number of
rows is known before they are cut into shards; memory holds one row group at a time. The same rows
give the same bytes, whether they come from JSONL or from Parquet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.corpus.layout import UNSPLIT
from mmdia.corpus.locate import ReleaseHandle
from mmdia.release.card_gaps import RowGaps
from mmdia.schema.dialogue import SPLITS, Dialogue
from mmdia.schema.fields import field_table, walk
from mmdia.schema.title import Title

if TYPE_CHECKING:
    import pyarrow as pa

DIALOGUES = "dialogues"
#: Fewest shards of the rows that people train on: with fewer, workers of a loader stand idle.
TRAIN_SHARDS = 8
ROW_GROUP = 1000
#: Rows of a shard at most; a large release gets more shards.
MOST_ROWS = 100_000
TITLES_FILE = "titles.parquet"


@dataclass(frozen=True, slots=True)
class Table:
    """One split of one configuration, as published.

    Attributes:
        folder: Folder of its shards.
        split: Name of the split, with which their names begin.
        shards: Number of files.
        rows: Rows.
        bytes: Size of their data before compression; 0 for a table that was only counted.
    """

    folder: str
    split: str
    shards: int
    rows: int
    bytes: int

    def paths(self) -> list[str]:
        """Paths of its files within the folder of the release."""
        return [
            f"{self.folder}/{self.split}-{i:05d}-of-{self.shards:05d}.parquet" for i in range(self.shards)
        ]


@dataclass(slots=True)
class Written:
    """What `write_tables` wrote.

    Attributes:
        tables: All tables of dialogues: splits in the order train, validation, test, unsplit, then tags.
        titles: Number of titles.
        titles_bytes: Size of their data before compression.
        dialogues: Number of dialogues.
        turns: Number of turns.
        words: Categories that occur, by path of the field.
        gaps: What the cards tell of the rows.
    """

    tables: list[Table] = field(default_factory=list)
    titles: int = 0
    titles_bytes: int = 0
    dialogues: int = 0
    turns: int = 0
    words: dict[str, set[str]] = field(default_factory=dict)
    gaps: RowGaps = field(default_factory=RowGaps)


def write_tables(handle: ReleaseHandle, folder: Path, *, shards: int = TRAIN_SHARDS) -> Written:
    """Write the tables of a release; withdrawn rows are left out.

    Args:
        handle: The release.
        folder: Where to; it exists and is empty.
        shards: Files of ``train`` (and of rows without a split), as far as there are rows.

    Raises:
        BrokenRow: A row cannot be read.
        ReleaseError: Media is embedded in a row.
    """
    spool = folder / ".spool"
    spool.mkdir()
    done = _read(handle, spool, shards)
    for i, table in enumerate(done.tables):
        sources = [spool / name for name in _origins(table.folder, table.split)]
        done.tables[i] = _cut([path for path in sources if path.is_file()], table, folder)
    spool.rmdir()
    _write_titles(handle, folder, done)
    return done


def count_tables(handle: ReleaseHandle, *, shards: int = TRAIN_SHARDS) -> Written:
    """What `write_tables` would write, found by reading alone.

    Raises:
        BrokenRow: A row cannot be read.
        ReleaseError: Media is embedded in a row.
    """
    from mmdia.corpus.read import iter_titles

    done = _read(handle, None, shards)
    done.titles = sum(1 for _ in iter_titles(handle))
    return done


def _read(handle: ReleaseHandle, spool: Path | None, shards: int) -> Written:
    done = Written(words={path: set() for path, info in walk(field_table(Dialogue)) if info.axis})
    counts: Counter[tuple[str, str]] = Counter()
    for (place, origin), rows in _spool(handle, spool, done).items():
        counts[place, origin if place == DIALOGUES else "test"] += rows
    for (place, split), rows in sorted(counts.items(), key=_order):
        wanted = shards if split in ("train", UNSPLIT) else 1
        done.tables.append(Table(place, split, min(rows, max(wanted, -(-rows // MOST_ROWS))), rows, 0))
    return done


def _spooled(place: str, origin: str) -> str:
    return f"{place}--{origin}"


def _origins(place: str, split: str) -> list[str]:
    """Spool files of a table: the rows of a tag come by split, in whatever order they were read."""
    return [_spooled(place, o) for o in ((split,) if place == DIALOGUES else (*SPLITS, UNSPLIT))]


def _order(item: tuple[tuple[str, str], int]) -> tuple[int, int, str]:
    (place, split), _ = item
    return place != DIALOGUES, (*SPLITS, UNSPLIT).index(split), place


def _spool(handle: ReleaseHandle, spool: Path | None, done: Written) -> Counter[tuple[str, str]]:
    """Sort rows into one file a table and split; returns the number of rows of each."""
    import pyarrow as pa

    from mmdia.corpus.arrow import arrow_schema
    from mmdia.corpus.leaves import Leaves
    from mmdia.corpus.read import dialogue_batches
    from mmdia.release.publish_guard import refuse_batch

    counts: Counter[tuple[str, str]] = Counter()
    with ExitStack() as stack:
        writers: dict[tuple[str, str], Any] = {}
        for batch in dialogue_batches(handle):
            refuse_batch(batch, DIALOGUES)
            done.gaps.add(batch)
            leaves = Leaves(batch)
            done.dialogues += batch.num_rows
            done.turns += int(leaves.n_turns.sum())
            for path, words in done.words.items():
                words.update(w for w in leaves.at(path).values.unique().to_pylist() if w is not None)
            for key, part in _parts(batch):
                counts[key] += part.num_rows
                if spool is None:
                    continue
                if key not in writers:
                    target = str(spool / _spooled(*key))
                    writers[key] = stack.enter_context(pa.ipc.new_file(target, arrow_schema(Dialogue)))
                writers[key].write_batch(part)
    return counts


def _parts(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], pa.RecordBatch]]:
    """Rows of a batch by table and split. A split that this version does not know counts as none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from mmdia.corpus.read import has_tag

    split = batch.column("split")
    known = pc.fill_null(pc.is_in(split, pa.array(SPLITS)), False)
    masks = {name: pc.fill_null(pc.equal(split, name), False) for name in SPLITS}
    masks[UNSPLIT] = pc.invert(known)
    for name, mask in masks.items():
        part = batch.filter(mask)
        if not part.num_rows:
            continue
        yield (DIALOGUES, name), part
        for tag in pc.unique(part.column("subsets").flatten()).to_pylist():
            if tag is not None and is_config(tag):
                yield (tag, name), part.filter(pa.array(has_tag(part, tag)))


def is_config(tag: str) -> bool:
    """Whether a tag can be the name of a configuration and of a folder; others stay tags only."""
    from mmdia.schema.names import safe_name

    taken = (
        DIALOGUES,
        "default",
        "titles",
        UNSPLIT,
        "subtitles",
        "fingerprints",
        "schema",
        "figures",
        "all",
    )
    return (
        bool(tag)
        and tag == safe_name(tag)
        and tag.lower() == tag
        and tag not in taken
        and tag[0] not in "-~"
    )


def _cut(spooled: list[Path], table: Table, folder: Path) -> Table:
    """Cut spool files into the shards of a table, in order, and delete them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / table.folder).mkdir(exist_ok=True)
    bounds = [table.rows * i // table.shards for i in range(table.shards + 1)]
    size = 0
    with ExitStack() as stack:
        # Not mapped: pages of a mapped file count as memory of this process.
        files = [stack.enter_context(pa.OSFile(str(path))) for path in spooled]
        rows = _Rows([pa.ipc.open_file(file) for file in files])
        for path, first, last in zip(table.paths(), bounds, bounds[1:], strict=False):
            with _writer(folder / path, rows.schema) as writer:
                for start in range(first, last, ROW_GROUP):
                    writer.write_table(rows.take(min(ROW_GROUP, last - start)), row_group_size=ROW_GROUP)
            size += _data_bytes(pq.read_metadata(folder / path))
    for done in spooled:
        done.unlink()
    return replace(table, bytes=size)


def _data_bytes(metadata: Any) -> int:
    """Size of a file's data before compression; unlike the size in memory it depends on rows alone."""
    return sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))


class _Rows:
    """Takes any number of rows off files of batches, one after the other."""

    def __init__(self, files: list[Any]) -> None:
        self.schema = files[0].schema
        self._batches = (file.get_batch(i) for file in files for i in range(file.num_record_batches))
        self._rest: Any = None

    def take(self, count: int) -> Any:
        import pyarrow as pa

        taken = []
        while count:
            if self._rest is None or self._rest.num_rows == 0:
                self._rest = next(self._batches)
            part = self._rest.slice(0, count)
            self._rest = self._rest.slice(part.num_rows)
            count -= part.num_rows
            taken.append(part)
        # One chunk a column: pages are cut by chunks, too, and those come from how rows were read.
        return pa.Table.from_batches(taken, self.schema).combine_chunks()


def _writer(path: Path, schema: pa.Schema) -> Any:
    import pyarrow.parquet as pq

    # With the index a reader from afar fetches only the pages that it wants.
    options = {"compression": "zstd", "compression_level": 3, "write_page_index": True}
    return pq.ParquetWriter(path, schema, **options)


def _write_titles(handle: ReleaseHandle, folder: Path, done: Written) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mmdia.corpus.arrow import arrow_schema
    from mmdia.corpus.read import title_batches
    from mmdia.release.publish_guard import refuse_batch

    batches = list(title_batches(handle))
    for batch in batches:
        refuse_batch(batch, "titles")
    table = pa.Table.from_batches(batches, arrow_schema(Title)).combine_chunks()
    with _writer(folder / TITLES_FILE, table.schema) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)
    metadata = pq.read_metadata(folder / TITLES_FILE)
    done.titles, done.titles_bytes = table.num_rows, _data_bytes(metadata)
