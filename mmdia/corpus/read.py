"""Stream the tables of a release, as records or as Arrow batches.

Withdrawn rows are left out unless they are asked for. Rows that cannot be read raise `BrokenRow`
with ``file:line``; with ``on_broken=function`` they are told to the function and skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus import locate
from mmdia.corpus.jsonl import OnBroken, RecordT, Rows, line_blocks, records_of, rows_of
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.parquet import parquet_rows
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.release import Scene, Withdrawal
from mmdia.schema.title import Title


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """What a release has taken back.

    Attributes:
        dialogues: Identifiers of single dialogues.
        titles: Identifiers of whole titles.
    """

    dialogues: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Iterable[Withdrawal]) -> Withdrawals:
        """A row with a dialogue withdraws that dialogue; a row with a title alone, the whole title."""
        dialogues, titles = set(), set()
        for row in rows:
            if row.dialogue_id is not None:
                dialogues.add(row.dialogue_id)
            elif row.title_id is not None:
                titles.add(row.title_id)
        return cls(frozenset(dialogues), frozenset(titles))

    def __bool__(self) -> bool:
        return bool(self.dialogues or self.titles)

    def covers(self, dialogue_id: str | None, title_id: str | None) -> bool:
        """Whether the dialogue, or its whole title, is withdrawn."""
        return dialogue_id in self.dialogues or title_id in self.titles


class OpenRelease(ReleaseHandle):
    """A release with its rows."""

    def dialogues(self) -> Iterator[Dialogue]:
        """Its dialogues with their turns, in disk order; withdrawn ones are left out.

        Raises:
            BrokenRow: A row cannot be read.
        """
        return iter_dialogues(self)

    def turns(self) -> Iterator[tuple[Dialogue, Turn]]:
        """Every turn with the dialogue that it is of, in the same order.

        Raises:
            BrokenRow: A row cannot be read.
        """
        return ((dialogue, turn) for dialogue in self.dialogues() for turn in dialogue.turns)

    def titles(self) -> dict[str, Title]:
        """Its titles by id.

        Raises:
            BrokenRow: A row cannot be read.
        """
        return load_titles(self)


def open_release(path: str | Path) -> OpenRelease:
    """Open a release folder; see `mmdia.corpus.locate.open_release`.

    Raises:
        ReleaseNotFound: There is no release.
        ReleaseError: Its head cannot be used.
    """
    handle = locate.open_release(path)
    return OpenRelease(handle.path, handle.head)


def iter_numbered(
    path: Path, model: type[RecordT], on_broken: OnBroken = "raise"
) -> Iterator[tuple[int, RecordT]]:
    """Line (or row) number and record, for every good row of one JSONL or Parquet file."""
    if path.suffix == ".parquet":
        for rows in parquet_rows(path, model, on_broken):
            for number, row in zip(rows.numbers, rows.batch.to_pylist(), strict=True):
                yield number, model.from_row(row, where=f"{path}:{number}")
    else:
        for block in line_blocks(path):
            yield from records_of(block, model, on_broken)


def iter_rows(
    path: Path, model: type[Record], on_broken: OnBroken = "raise", *, batch_size: int = 1000
) -> Iterator[Rows]:
    """Arrow batches of one JSONL or Parquet file, each with its line numbers."""
    if path.suffix == ".parquet":
        yield from parquet_rows(path, model, on_broken, batch_size=batch_size)
    else:
        for block in line_blocks(path, max_rows=batch_size):
            yield rows_of(block, model, on_broken)


def withdrawals(handle: ReleaseHandle, *, on_broken: OnBroken = "raise") -> Withdrawals:
    """What the release has taken back (`Withdrawals.of` says by which rows)."""
    path = release_files(handle).withdrawn
    if path is None:
        return Withdrawals()
    return Withdrawals.of(row for _, row in iter_numbered(path, Withdrawal, on_broken))


def iter_titles(
    handle: ReleaseHandle, *, on_broken: OnBroken = "raise", keep_withdrawn: bool = False
) -> Iterator[Title]:
    """Titles in the order of the file."""
    gone = Withdrawals() if keep_withdrawn else withdrawals(handle, on_broken=on_broken)
    path = release_files(handle).titles
    if path is not None:
        for _, title in iter_numbered(path, Title, on_broken):
            if title.title_id not in gone.titles:
                yield title


def load_titles(
    handle: ReleaseHandle, *, on_broken: OnBroken = "raise", keep_withdrawn: bool = False
) -> dict[str, Title]:
    """Titles by identifier; of rows that share one, the first counts (`validate` reports them)."""
    titles: dict[str, Title] = {}
    for title in iter_titles(handle, on_broken=on_broken, keep_withdrawn=keep_withdrawn):
        titles.setdefault(title.title_id, title)
    return titles


def iter_dialogues(
    handle: ReleaseHandle, *, on_broken: OnBroken = "raise", keep_withdrawn: bool = False
) -> Iterator[Dialogue]:
    """Dialogues in the order of the release, one at a time.

    Args:
        handle: The release.
        on_broken: "raise", or a function that is told of each row that cannot be read.
        keep_withdrawn: Give withdrawn dialogues, too.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    gone = Withdrawals() if keep_withdrawn else withdrawals(handle, on_broken=on_broken)
    for path in release_files(handle).dialogues:
        for _, dialogue in iter_numbered(path, Dialogue, on_broken):
            if not gone.covers(dialogue.dialogue_id, dialogue.title_id):
                yield dialogue


def iter_scenes(
    handle: ReleaseHandle, *, on_broken: OnBroken = "raise", keep_withdrawn: bool = False
) -> Iterator[Scene]:
    """Scenes in the order of the file; none when the release has no scenes."""
    gone = Withdrawals() if keep_withdrawn else withdrawals(handle, on_broken=on_broken)
    path = release_files(handle).scenes
    if path is not None:
        for _, scene in iter_numbered(path, Scene, on_broken):
            if scene.title_id not in gone.titles:
                yield scene


def dialogue_batches(
    handle: ReleaseHandle,
    *,
    split: str | None = None,
    tag: str | None = None,
    files: Sequence[Path] | None = None,
    batch_size: int = 1000,
    on_broken: OnBroken = "raise",
    keep_withdrawn: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Dialogues as Arrow batches with the schema of `arrow_schema(Dialogue)`; never empty ones.

    Lists are empty rather than null; unknown keys are in `extra`, as in the records.

    Args:
        handle: The release.
        split: Only rows of this split.
        tag: Only rows with this tag in `subsets`.
        files: Only these of `release_files(handle).dialogues` (work shared between processes).
        batch_size: Most rows in a batch.
        on_broken: "raise", or a function that is told of each row that cannot be read.
        keep_withdrawn: Give withdrawn dialogues, too.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    gone = Withdrawals() if keep_withdrawn else withdrawals(handle, on_broken=on_broken)
    for path in release_files(handle).dialogues if files is None else files:
        for rows in iter_rows(path, Dialogue, on_broken, batch_size=batch_size):
            batch = _select(rows.batch, split, tag, gone)
            if batch.num_rows:
                yield batch


def title_batches(
    handle: ReleaseHandle,
    *,
    batch_size: int = 1000,
    on_broken: OnBroken = "raise",
    keep_withdrawn: bool = False,
) -> Iterator[pa.RecordBatch]:
    """Titles as Arrow batches with the schema of `arrow_schema(Title)`; never empty ones."""
    gone = Withdrawals() if keep_withdrawn else withdrawals(handle, on_broken=on_broken)
    path = release_files(handle).titles
    if path is None:
        return
    for rows in iter_rows(path, Title, on_broken, batch_size=batch_size):
        batch = rows.batch
        if gone.titles:
            batch = batch.filter(
                pc.invert(pc.is_in(batch.column("title_id"), pa.array(sorted(gone.titles))))
            )
        if batch.num_rows:
            yield batch


def has_tag(batch: pa.RecordBatch, tag: str) -> np.ndarray:
    """Which rows have the tag in `subsets`; a boolean array of one value a row."""
    subsets = batch.column("subsets")
    hit = np.zeros(batch.num_rows, dtype=bool)
    parents = pc.list_parent_indices(subsets).to_numpy(zero_copy_only=False)
    hit[parents[pc.equal(subsets.flatten(), tag).to_numpy(zero_copy_only=False)]] = True
    return hit


def _select(batch: pa.RecordBatch, split: str | None, tag: str | None, gone: Withdrawals) -> pa.RecordBatch:
    keep = np.ones(batch.num_rows, dtype=bool)
    if split is not None:
        keep &= pc.fill_null(pc.equal(batch.column("split"), split), False).to_numpy(zero_copy_only=False)
    if tag is not None:
        keep &= has_tag(batch, tag)
    for name, ids in (("dialogue_id", gone.dialogues), ("title_id", gone.titles)):
        if ids:
            keep &= ~pc.is_in(batch.column(name), pa.array(sorted(ids))).to_numpy(zero_copy_only=False)
    return batch if keep.all() else batch.filter(pa.array(keep))
