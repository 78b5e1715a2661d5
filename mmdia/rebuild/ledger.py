"""The receipt on disk: one row a dialogue, whatever happens to the run.

While a run works, finished rows go to a journal, one durable line each, after their files have
their final names. At the end journals are merged into ``receipt.jsonl``, which is replaced in one
step; what a killed run left is merged when the next one starts. So every row that is read has its
files. Shards of one rebuild may share a folder: each has a journal of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mmdia.errors import StoreError
from mmdia.jobs.shards import Shard
from mmdia.store.atomic import Journal, atomic_write, make_folder, sweep_parts
from mmdia.store.lock import exclusive, is_held, touch

RECEIPT = "receipt.jsonl"
TITLES = "titles.jsonl"
STATE = "state"

#: Folders that belong to the output: only there are unfinished files swept away.
FOLDERS = ("clips", "timemaps", STATE)

Rows = dict[str, dict[str, Any]]


def _fold(rows: Rows, path: Path, key: str) -> Rows:
    """Lay a file's rows over others. Being left out says nothing about what was done before."""
    for row in Journal(path).rows():
        i = row.get(key)
        if i is None:
            continue
        known = rows.get(str(i))
        left_out = row.get("status") == "not_selected" or row.get("reasons") == ["not_selected"]
        if known is None or not left_out:
            rows[str(i)] = row
    return rows


class Ledger:
    """The receipt of one output folder, as one shard sees it."""

    def __init__(self, out: Path, shard: Shard | None = None) -> None:
        self.shard = shard or Shard()
        self.out = out
        self.state = out / STATE
        self.tag = f"{self.shard.index}of{self.shard.count}"
        self.lock = self.state / f"run-{self.tag}.lock"
        self._journal = Journal(self.state / f"journal-{self.tag}.jsonl")
        self._title_journal = Journal(self.state / f"titles-{self.tag}.jsonl")

    def rows(self) -> Rows:
        """All receipt rows known by now: the receipt, then every journal over it."""
        return self._all(RECEIPT, "journal-*.jsonl", "dialogue_id")

    def title_rows(self) -> Rows:
        """All title rows known by now."""
        return self._all(TITLES, "titles-*.jsonl", "title_id")

    def _all(self, name: str, journals: str, key: str) -> Rows:
        rows = _fold({}, self.out / name, key)
        for path in sorted(self.state.glob(journals)):
            _fold(rows, path, key)
        return rows

    @contextmanager
    def session(self) -> Iterator[None]:
        """Work in the folder: alone, or beside other shards of the same number of shares.

        What killed runs left is merged first, and their unfinished files are swept away.

        Raises:
            StoreError: Another run works here, or the folder cannot be written.
        """
        make_folder(self.state)
        with exclusive(self.lock):
            with exclusive(self.state / "merge.lock", wait_s=60):
                others = self._others()
                for other in others:
                    if not other.stem.endswith(f"of{self.shard.count}") or self.shard.count == 1:
                        hint = "Wait for it to end; shards may share a folder only if all are I/N of one N."
                        raise StoreError("another run is working in this folder", path=self.out, hint=hint)
                live = {p.stem.removeprefix("run-") for p in others}
                self._write((), ())
                self._drop_journals(keep=live)
                self._sweep()
            try:
                yield
            finally:
                self._sweep()  # an interrupted run tidies up after itself

    def _others(self) -> list[Path]:
        """Locks of other runs that are at work here."""
        return [p for p in self.state.glob("run-*.lock") if p != self.lock and is_held(p)]

    def _sweep(self) -> None:
        """Delete unfinished files, unless they may be those of another shard."""
        if not self._others():
            for folder in FOLDERS:
                sweep_parts(self.out / folder)

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Record finished dialogues.

        Raises:
            StoreError: The disk is full or the folder cannot be written.
        """
        self._journal.append(rows)
        touch(self.lock)

    def append_title(self, row: dict[str, Any]) -> None:
        """Record a finished title.

        Raises:
            StoreError: As `append`.
        """
        self._title_journal.append([row])

    def merge(self, order: Iterable[str] = (), title_order: Iterable[str] = ()) -> None:
        """Fold all journals into ``receipt.jsonl`` and ``titles.jsonl``, and end this shard's.

        Args:
            order: Dialogue ids in the release's order; rows of others follow.
            title_order: Title ids in the release's order.

        Raises:
            StoreError: The disk is full or the folder cannot be written; nothing is lost then.
        """
        with exclusive(self.state / "merge.lock", wait_s=60):
            self._write(order, title_order)
            for journal in (self._journal, self._title_journal):
                with suppress(FileNotFoundError):
                    journal.path.unlink()

    def _write(self, order: Iterable[str], title_order: Iterable[str]) -> None:
        for name, rows, ids in ((RECEIPT, self.rows(), order), (TITLES, self.title_rows(), title_order)):
            if rows:
                _replace(self.out / name, rows, ids)

    def _drop_journals(self, keep: set[str]) -> None:
        for pattern in ("journal-*.jsonl", "titles-*.jsonl"):
            for path in self.state.glob(pattern):
                if path.stem.split("-", 1)[1] not in keep:
                    path.unlink(missing_ok=True)


def _replace(path: Path, rows: Mapping[str, dict[str, Any]], order: Iterable[str]) -> None:
    listed = {i: None for i in order if i in rows}
    with atomic_write(path) as stream:
        for i in [*listed, *(i for i in rows if i not in listed)]:
            line = json.dumps(rows[i], ensure_ascii=False, separators=(",", ":"))
            stream.write(line.encode("utf-8") + b"\n")
