"""Rows of a release as tables for `datasets`: categories as numbers, clips of a rebuild beside them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from mmdia.corpus.clips import load_clips
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.labels import encode_labels, vocabulary_or_default
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import title_batches, withdrawals
from mmdia.corpus.shards import Shard, shard_batches
from mmdia.errors import BrokenRow
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title


class RowSource:
    """Gives the tables of one release.

    Args:
        handle: The release.
        rebuild: Output folder of a rebuild and the identity of its receipt, for media columns.
        skip_broken: Pass over rows that cannot be read, and keep them in `broken`.

    Attributes:
        broken: Rows that were passed over.
    """

    def __init__(
        self,
        handle: ReleaseHandle,
        *,
        rebuild: tuple[str, str] | None = None,
        skip_broken: bool = False,
    ) -> None:
        self._handle = handle
        self._vocab = vocabulary_or_default(handle.head.vocab)
        self.broken: list[BrokenRow] = []
        self._on_broken: OnBroken = self.broken.append if skip_broken else "raise"
        self._gone = withdrawals(handle, on_broken=self._on_broken)
        self._clips = None if rebuild is None else load_clips(*rebuild)

    def dialogues(
        self, shard: Shard, *, split: str | None = None, tag: str | None = None
    ) -> Iterator[pa.Table]:
        """Tables of one piece of the dialogues.

        Raises:
            BrokenRow: A row cannot be read.
        """
        found = shard_batches(shard, split=split, tag=tag, gone=self._gone, on_broken=self._on_broken)
        for batch in found:
            table = self._numbered(batch, Dialogue)
            if self._clips is not None:
                clips = self._clips.of(batch.column("dialogue_id").to_pylist())
                for field in clips.schema:
                    table = table.append_column(field, clips.column(field.name))
            yield table

    def titles(self) -> Iterator[pa.Table]:
        """Tables of the titles.

        Raises:
            BrokenRow: A row cannot be read.
        """
        for batch in title_batches(self._handle, on_broken=self._on_broken):
            yield self._numbered(batch, Title)

    def _numbered(self, batch: pa.RecordBatch, model: type[Record]) -> pa.Table:
        return pa.Table.from_batches([encode_labels(batch, model, self._vocab)])
