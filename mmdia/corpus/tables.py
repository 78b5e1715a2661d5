"""Rows of a release as tables for `datasets`: categories as numbers, clips of a rebuild beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from mmdia.corpus.arrow import arrow_type
from mmdia.corpus.clips import load_clips
from mmdia.corpus.columns import Fields, chosen_fields, pick
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.labels import encode_labels, vocabulary_or_default
from mmdia.corpus.layout import Words, layout
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import title_batches, withdrawals
from mmdia.corpus.shards import Shard, shard_batches
from mmdia.corpus.strays import EXTRA
from mmdia.errors import BrokenRow
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table
from mmdia.schema.title import Title


class RowSource:
    """Gives the tables of one release.

    Args:
        handle: The release.
        rebuild: Output folder of a rebuild and the identity of its receipt, for media columns.
        skip_broken: Pass over rows that cannot be read, and keep them in `broken`.
        columns: The columns that are wanted (`mmdia.corpus.layout.chosen`), so that others need not
            be read; tables of dialogues may have more all the same.

    Attributes:
        broken: Rows that were passed over.
    """

    def __init__(
        self,
        handle: ReleaseHandle,
        *,
        rebuild: tuple[str, str] | None = None,
        skip_broken: bool = False,
        columns: Mapping[str, Words] | None = None,
    ) -> None:
        self._handle = handle
        self._vocab = vocabulary_or_default(handle.head.vocab)
        self.broken: list[BrokenRow] = []
        self._on_broken: OnBroken = self.broken.append if skip_broken else "raise"
        self._gone = withdrawals(handle, on_broken=self._on_broken)
        self._clips = None if rebuild is None else load_clips(*rebuild)
        # What has no column is known once every column is.
        self._columns = None if columns is None or _holds_extra(dict(columns)) else columns

    def dialogues(
        self, shard: Shard, *, split: str | None = None, tag: str | None = None
    ) -> Iterator[pa.Table]:
        """Tables of one piece of the dialogues.

        Raises:
            BrokenRow: A row cannot be read.
        """
        fields = self._fields(split, tag)
        found = shard_batches(
            shard, split=split, tag=tag, gone=self._gone, on_broken=self._on_broken, fields=fields
        )
        for batch in found:
            if fields is not None:
                batch = pick(batch, pa.schema([(f.name, arrow_type(f)) for f in fields]))
            table = self._numbered(batch, Dialogue, fields)
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

    def _fields(self, split: str | None, tag: str | None) -> Fields | None:
        """The fields that must be read: those that are wanted, and what decides about rows."""
        if self._columns is None:
            return None
        deciding = {
            "split": split is not None,
            "subsets": tag is not None,
            "dialogue_id": bool(self._gone) or self._clips is not None,
            "title_id": bool(self._gone),
        }
        words = layout("dialogues")
        needed = {name: words[name] for name, needs in deciding.items() if needs}
        return chosen_fields(field_table(Dialogue), {**self._columns, **needed})

    def _numbered(
        self, batch: pa.RecordBatch, model: type[Record], fields: Fields | None = None
    ) -> pa.Table:
        return pa.Table.from_batches([encode_labels(batch, model, self._vocab, fields=fields)])


def _holds_extra(words: Words) -> bool:
    if isinstance(words, list):
        return _holds_extra(words[0])
    return isinstance(words, dict) and (EXTRA in words or any(map(_holds_extra, words.values())))
