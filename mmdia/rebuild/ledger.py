"""The receipt on disk: one row a dialogue, whatever happens to the run.

While a run works, finished rows go to a journal, one durable line each, after their files have
their final names. At the end (and at the start of the next run, after a kill) journals are merged
into ``receipt.jsonl``, which is replaced in one step. So every row that is read has its files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmdia.errors import StoreError
from mmdia.jobs.shards import Shard
from mmdia.store.atomic import Journal, atomic_write, make_folder
from mmdia.store.lock import exclusive

RECEIPT = "receipt.jsonl"
TITLES = "titles.jsonl"
STATE = "state"

Rows = dict[str, dict[str, Any]]


def _read(path: Path, key: str) -> Rows:
    return {str(row[key]): row for row in Journal(path).rows() if key in row}


class Ledger:
    """The receipt of one output folder."""

    def __init__(self, out: Path, shard: Shard | None = None) -> None:
        shard = shard or Shard()
        self.out = out
        self.state = out / STATE
        self.tag = f"{shard.index}of{shard.count}"
        self._journal = Journal(self.state / f"journal-{self.tag}.jsonl")
        self._title_journal = Journal(self.state / f"titles-{self.tag}.jsonl")

    def rows(self) -> Rows:
        """All receipt rows known by now: the receipt, then every journal over it."""
        rows = _read(self.out / RECEIPT, "dialogue_id")
        for path in sorted(self.state.glob("journal-*.jsonl")):
            rows.update(_read(path, "dialogue_id"))
        return rows

    def title_rows(self) -> Rows:
        """All title rows known by now."""
        rows = _read(self.out / TITLES, "title_id")
        for path in sorted(self.state.glob("titles-*.jsonl")):
            rows.update(_read(path, "title_id"))
        return rows

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Record finished dialogues.

        Raises:
            StoreError: The disk is full or the folder cannot be written.
        """
        self._journal.append(rows)

    def append_title(self, row: dict[str, Any]) -> None:
        """Record a finished title.

        Raises:
            StoreError: As `append`.
        """
        self._title_journal.append([row])

    def merge(self, order: Iterable[str] = (), title_order: Iterable[str] = ()) -> None:
        """Fold the journals into ``receipt.jsonl`` and ``titles.jsonl``.

        Args:
            order: Dialogue ids in the release's order; rows of others follow.
            title_order: Title ids in the release's order.

        Raises:
            StoreError: The disk is full or the folder cannot be written; nothing is lost then.
        """
        make_folder(self.state)
        with exclusive(self.state / "merge.lock", wait_s=60):
            _replace(self.out / RECEIPT, self.rows(), order)
            _replace(self.out / TITLES, self.title_rows(), title_order)
            for journal in (self._journal, self._title_journal):
                try:
                    journal.path.unlink(missing_ok=True)
                except OSError as error:
                    raise StoreError("cannot delete a merged journal", path=journal.path) from error


def _replace(path: Path, rows: Mapping[str, dict[str, Any]], order: Iterable[str]) -> None:
    listed = {i: None for i in order if i in rows}
    with atomic_write(path) as stream:
        for i in [*listed, *(i for i in rows if i not in listed)]:
            line = json.dumps(rows[i], ensure_ascii=False, separators=(",", ":"))
            stream.write(line.encode("utf-8") + b"\n")
