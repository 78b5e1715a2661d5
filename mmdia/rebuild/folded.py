"""A file of rows with the journals over it, read once and kept in step.

At the size of the whole dataset the rows take seconds to read, and a run asks for them many
times. So they are kept while the files are the ones that were read; what this process appends is
laid over them at once, and lines that did not change are copied, not written anew.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmdia.store.atomic import Journal, atomic_write

Row = dict[str, Any]
Rows = dict[str, Row]
#: What tells a file from itself before: inode, size, time of change.
_Stamp = tuple[int, int, int]
#: Lines that are read in one go.
_BLOCK = 512


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Without the search for garbage: reading makes a million objects and no garbage."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _parsed(lines: list[bytes]) -> list[Row | None]:
    """Rows of lines; None for torn and foreign ones.

    Many lines are read as one list: rows then share their keys, which is a third of the memory.
    """
    try:
        rows = json.loads(b"[%b]" % b",".join(lines))
    except ValueError:
        rows = []
    if len(rows) != len(lines):
        rows = [_one(line) for line in lines]
    return [row if isinstance(row, dict) else None for row in rows]


def _one(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _left_out(row: Row) -> bool:
    return row.get("status") == "not_selected" or row.get("reasons") == ["not_selected"]


class Folded:
    """Rows of one kind.

    Args:
        path: The file.
        journals: Pattern of journals beside `state`.
        key: What identifies a row.
        state: Folder of the journals.
    """

    def __init__(self, path: Path, state: Path, journals: str, key: str) -> None:
        self.path, self._state, self._pattern, self._key = path, state, journals, key
        self._rows: Rows = {}
        #: Where the lines of rows that stand in the file as they are lie: first byte and length.
        self._lines: dict[str, tuple[int, int]] = {}
        self._stamps: dict[str, _Stamp] | None = None

    def journals(self) -> list[Path]:
        """The journals that are there."""
        return sorted(self._state.glob(self._pattern))

    def rows(self) -> Rows:
        """All rows, journals laid over the file. The rows are shared: do not change them."""
        return dict(self._fresh())

    def _fresh(self) -> Rows:
        stamps = self._look()
        if stamps != self._stamps:
            self._rows, self._lines = {}, {}
            with _no_collecting():
                self._read()
            self._stamps = stamps
        return self._rows

    def _look(self) -> dict[str, _Stamp]:
        found = {}
        for path in (self.path, *self.journals()):
            try:
                stat = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                continue
            found[path.name] = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        return found

    def _read(self) -> None:
        try:
            content = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            content = b""
        start = 0
        lines = content.split(b"\n")
        for first in range(0, len(lines), _BLOCK):
            block = lines[first : first + _BLOCK]
            for line, row in zip(block, _parsed(block), strict=True):
                if row is not None and (name := self._lay(row)) is not None:
                    self._lines[name] = (start, len(line))
                start += len(line) + 1
        for path in self.journals():
            for row in Journal(path).rows():
                self._lay(row)

    def _lay(self, row: Row) -> str | None:
        """Lay a row over what is known. Being left out says nothing about what was done before."""
        name = row.get(self._key)
        if name is None or (str(name) in self._rows and _left_out(row)):
            return None
        self._rows[str(name)] = row
        self._lines.pop(str(name), None)
        return str(name)

    def append(self, journal: Journal, rows: list[Row]) -> None:
        """Append rows to a journal; they are on disk when this returns.

        Raises:
            StoreError: The disk is full or the folder cannot be written.
        """
        current = self._stamps is not None and self._look() == self._stamps
        journal.append(rows)
        if current and self._stamps is not None and rows:
            for row in rows:
                self._lay(row)
            # Only our own file's stamp moves: what others wrote meanwhile must be read.
            self._stamps[journal.path.name] = self._look()[journal.path.name]

    def write(self, order: Iterable[str]) -> None:
        """Write all rows into the file, unless that is what it holds.

        Args:
            order: Keys in the order of the file; others follow.

        Raises:
            StoreError: The disk is full or the folder cannot be written.
        """
        rows = self._fresh()
        listed = {i: None for i in order if i in rows}
        names = [*listed, *(i for i in rows if i not in listed)]
        if not rows or (len(self._lines) == len(rows) and names == list(rows)):
            return
        before = self.path.read_bytes() if self._lines else b""
        lines: dict[str, tuple[int, int]] = {}
        at = 0
        with atomic_write(self.path) as stream:
            for name in names:
                if (place := self._lines.get(name)) is not None:
                    line = before[place[0] : place[0] + place[1]]
                else:
                    text = json.dumps(rows[name], ensure_ascii=False, separators=(",", ":"))
                    line = text.encode("utf-8")
                stream.write(line + b"\n")
                lines[name] = (at, len(line))
                at += len(line) + 1
        self._rows, self._lines = {name: rows[name] for name in names}, lines
        if self._stamps is not None:
            self._stamps[self.path.name] = self._look()[self.path.name]

    def drop(self, journals: Iterable[Path]) -> None:
        """Delete journals whose rows are in the file."""
        for path in journals:
            path.unlink(missing_ok=True)
            if self._stamps is not None:
                self._stamps.pop(path.name, None)
