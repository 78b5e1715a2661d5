"""Which shard holds which dialogues, and what may be deleted once rows say so on disk.

Nothing is deleted before the row that replaces it is durable: a run that is killed at any moment
leaves the old files with the old row, or the new ones with the new row, and at worst both files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmdia.store.shards import CLIPS, SHARD_NAME, SHARDS, filed, inside

Row = Mapping[str, Any]
Rows = dict[str, dict[str, Any]]


def shards_of(row: Row | None) -> set[str]:
    """Shards that hold files of a row."""
    if row is None or row.get("status") != "built":
        return set()
    return {fact["shard"] for _, _, fact in filed(row) if fact.get("shard")}


class Shelf:
    """Holders of every shard of an output folder.

    Args:
        out: Output folder.
        rows: All receipt rows.
        removed: Told of every file that is deleted, by its path relative to the output folder.
    """

    def __init__(self, out: Path, rows: Rows, removed: Callable[[str], object] | None = None) -> None:
        self._out = out
        self._removed = removed
        self._of: dict[str, set[str]] = {}
        self.held: dict[str, set[str]] = {}
        for name, row in rows.items():
            self._put(name, shards_of(row))

    def _put(self, name: str, shards: set[str]) -> None:
        if shards:
            self._of[name] = shards
        else:
            self._of.pop(name, None)
        for shard in shards:
            self.held.setdefault(shard, set()).add(name)

    def leaving(self, rows: Iterable[Row]) -> set[str]:
        """Shards that would go on holding what these rows, once written, no longer name."""
        gone: dict[str, set[str]] = {}
        for row in rows:
            name = str(row["dialogue_id"])
            for shard in self._of.get(name, set()) - shards_of(row):
                gone.setdefault(shard, set()).add(name)
        return {shard for shard, names in gone.items() if self.held[shard] - names}

    def settle(self, rows: Iterable[Row]) -> None:
        """Take rows that are durable now, and delete what they replace."""
        for row in rows:
            name = str(row["dialogue_id"])
            before = self._of.get(name, set())
            now = shards_of(row)
            self._put(name, now)
            for shard in before - now:
                self.held[shard].discard(name)
                if not self.held[shard]:
                    del self.held[shard]
                    self._remove(shard)
            if now:
                self.clear_loose(row)

    def _remove(self, path: str) -> None:
        with suppress(OSError):
            inside(self._out, path).unlink(missing_ok=True)
        if self._removed is not None:
            self._removed(path)

    def clear_loose(self, row: Row) -> None:
        """Delete the loose originals of a row whose files lie in a shard."""
        folders = set()
        for _, _, fact in filed(row):
            if fact.get("shard"):
                folders.add(inside(self._out, fact["path"]).parent)
                self._remove(fact["path"])
        for folder in folders:
            with suppress(OSError):
                folder.rmdir()  # only when it is empty

    def sweep(self, rows: Rows) -> None:
        """Delete what a killed run left: shards of ours that no row names, originals of packed files."""
        if not rows:
            return  # without a receipt nothing here is known to be ours
        folder = self._out / SHARDS
        for path in folder.iterdir() if folder.is_dir() else ():
            if SHARD_NAME.fullmatch(path.name) and f"{SHARDS}/{path.name}" not in self.held:
                self._remove(f"{SHARDS}/{path.name}")
        clips = self._out / CLIPS
        if not self._of or not clips.is_dir():
            return
        titles = {path.name for path in clips.iterdir()}
        for name in self._of:
            files = [fact["path"] for _, _, fact in filed(rows[name])]
            if any(path.split("/")[1:2] and path.split("/")[1] in titles for path in files):
                self.clear_loose(rows[name])
