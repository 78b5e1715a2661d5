"""The receipt on disk: one row a dialogue, whatever happens to the run.

While a run works, finished rows go to a journal, one durable line each, after their files have
their final names. At the end journals are merged into ``receipt.jsonl``, which is replaced in one
step; what a killed run left is merged when the next one starts. So every row that is read has its
files. Shards of one rebuild may share a folder: each has a journal of its own.

Files that a row replaces (loose originals of what was packed, shards that nobody names any more) are
deleted here, after the row is on disk. A shard that still holds a dialogue whose row has left it is
noted beforehand, and written anew without it at the end of the run, or by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mmdia.errors import MediaError, StoreError
from mmdia.jobs.shards import Shard
from mmdia.rebuild.folded import Folded, Rows
from mmdia.rebuild.pack import without_strangers
from mmdia.rebuild.shelf import Shelf, shards_of
from mmdia.store.atomic import PART, Journal, make_folder, sweep_parts
from mmdia.store.lock import exclusive, is_held
from mmdia.store.manifest import MANIFEST, write_manifest

__all__ = ["FOLDERS", "RECEIPT", "STATE", "TITLES", "Ledger", "Rows"]

RECEIPT = "receipt.jsonl"
TITLES = "titles.jsonl"
STATE = "state"

#: Folders that belong to the output: only there are unfinished files swept away.
FOLDERS = ("clips", "shards", "timemaps", STATE)

OnFile = Callable[[str], None]


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
        self._stale = Journal(self.state / f"stale-{self.tag}.jsonl")
        self._rows = Folded(out / RECEIPT, self.state, "journal-*.jsonl", "dialogue_id")
        self._title_rows = Folded(out / TITLES, self.state, "titles-*.jsonl", "title_id")
        self._held: Shelf | None = None
        #: For output that lies elsewhere: told of a file (relative path) that was deleted, asked
        #: for a shard that must be here to be read, told of one that was written here.
        self.removed: OnFile | None = None
        self.fetch: OnFile | None = None
        self.stored: OnFile | None = None

    @property
    def _shelf(self) -> Shelf:
        if self._held is None:
            self._held = Shelf(self.out, self.rows(), lambda path: self.removed and self.removed(path))
        return self._held

    def rows(self) -> Rows:
        """All receipt rows known by now: the receipt, then every journal over it."""
        return self._rows.rows()

    def title_rows(self) -> Rows:
        """All title rows known by now."""
        return self._title_rows.rows()

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
                self._held = None
                live = {p.stem.removeprefix("run-") for p in others}
                self._write((), ())
                self._drop_journals(keep=live)
                if not others:
                    self._renew_shards()
                    self._shelf.sweep(self.rows())
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
            # The folder itself may be the user's own: only parts of what we write there are ours.
            for name in (RECEIPT, TITLES, MANIFEST, "report.html"):
                for path in self.out.glob(f"{name}.*{PART}"):
                    path.unlink(missing_ok=True)

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Record finished dialogues.

        Raises:
            StoreError: The disk is full or the folder cannot be written.
        """
        if not rows:
            return
        shelf = self._shelf
        self._stale.append([{"shard": shard} for shard in sorted(shelf.leaving(rows))])
        self._rows.append(self._journal, rows)
        shelf.settle(rows)

    def append_title(self, row: dict[str, Any]) -> None:
        """Record a finished title.

        Raises:
            StoreError: As `append`.
        """
        self.append_titles([row])

    def append_titles(self, rows: list[dict[str, Any]]) -> None:
        """Record finished titles.

        Raises:
            StoreError: As `append`.
        """
        self._title_rows.append(self._title_journal, rows)

    def merge(self, order: Iterable[str] = (), title_order: Iterable[str] = ()) -> None:
        """Fold all journals into ``receipt.jsonl`` and ``titles.jsonl``, and end this shard's.

        Args:
            order: Dialogue ids in the release's order; rows of others follow.
            title_order: Title ids in the release's order.

        Raises:
            StoreError: The disk is full or the folder cannot be written; nothing is lost then.
        """
        with exclusive(self.state / "merge.lock", wait_s=60):
            self._renew_shards()
            self._write(order, title_order)
            self._rows.drop([self._journal.path])
            self._title_rows.drop([self._title_journal.path])
            write_manifest(self.out, self.rows())

    def _renew_shards(self) -> None:
        """Write shards anew that hold more than their rows say, without what is too much.

        A shard that cannot be read or written now stays noted, and so it is tried again.
        """
        own = not self._others()
        notes = self.state.glob("stale-*.jsonl") if own else [self._stale.path]
        for note in sorted(notes):
            shards = dict.fromkeys(str(row.get("shard")) for row in Journal(note).rows())
            with suppress(MediaError, StoreError):
                for shard in shards:
                    self._renew(shard)
                note.unlink(missing_ok=True)

    def _renew(self, shard: str) -> None:
        held = self._shelf.held.get(shard)
        if not held:
            return
        rows = self.rows()
        if self.fetch:
            self.fetch(shard)
        fresh = without_strangers(self.out, shard, [rows[i] for i in rows if i in held])
        for path in dict.fromkeys(path for row in fresh for path in shards_of(row)):
            if self.stored:
                self.stored(path)
        self.append(fresh)

    def _write(self, order: Iterable[str], title_order: Iterable[str]) -> None:
        self._rows.write(order)
        self._title_rows.write(title_order)

    def _drop_journals(self, keep: set[str]) -> None:
        for folded in (self._rows, self._title_rows):
            folded.drop([p for p in folded.journals() if p.stem.split("-", 1)[1] not in keep])
