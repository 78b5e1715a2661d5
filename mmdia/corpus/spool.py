"""Rows on their way to a release: lines in a file without a name, where they belong in memory.

A release of half a million dialogues is put in order with some 150 bytes of memory a dialogue.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import numpy as np

from mmdia.errors import ReleaseError
from mmdia.store.atomic import make_folder, store_error

_INT64 = np.iinfo(np.int64)
#: Lines are copied in pieces of about this size.
PIECE_BYTES = 1 << 20


class Spool:
    """Takes rows in any order and gives them back in the order of a release.

    Args:
        folder: Where the rows wait, on a disk with room for all of them.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        try:
            self._file = cast("IO[bytes]", tempfile.TemporaryFile(dir=folder, prefix=".rows-"))  # noqa: SIM115
        except OSError as error:
            raise store_error(error, folder) from error
        self._folder = folder
        self._ids: set[str] = set()
        self._titles: dict[str | None, int] = {None: 0}
        self._groups: dict[str, int] = {}
        self._title, self._group = array("q"), array("q")
        self._start, self._offset = array("q"), array("q", [0])

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._start)

    def add(self, identifier: str, title_id: str | None, start: int, line: str, *, group: str = "") -> None:
        """Take one row.

        Args:
            identifier: Its identifier.
            title_id: Its title.
            start: Where in the title it belongs.
            line: The row as JSON text.
            group: The file that it belongs in, where there are several.

        Raises:
            ReleaseError: Another row has this identifier, or the text is no Unicode text.
            StoreError: The disk is full.
        """
        if identifier in self._ids:
            raise ReleaseError("two dialogues share one identifier", got=repr(identifier))
        self._ids.add(identifier)
        try:
            raw = line.encode("utf-8")
        except UnicodeEncodeError as error:
            raise ReleaseError("half a surrogate pair is no text", got=repr(identifier)) from error
        try:
            self._file.write(raw + b"\n")
        except OSError as error:
            raise store_error(error, self._folder) from error
        self._title.append(self._titles.setdefault(title_id, len(self._titles)))
        self._group.append(self._groups.setdefault(group, len(self._groups)))
        # A start beyond 64 bits is legal JSON; for the order, the nearest that a column holds does.
        self._start.append(max(int(_INT64.min), min(start, int(_INT64.max))))
        self._offset.append(self._offset[-1] + len(raw) + 1)

    def groups(self) -> list[str]:
        """The groups that have rows, by name."""
        return sorted(self._groups)

    def titles(self) -> list[str]:
        """The titles that have rows, by identifier."""
        return sorted(title for title in self._titles if title is not None)

    def order(self, group: str | None = None) -> Sequence[int]:
        """Rows by title and start, those without a title last; rows that tie keep their order."""
        # Titles got their numbers as they came; what counts is their alphabetical rank.
        named = sorted(t for t in self._titles if t is not None)
        rank = np.empty(len(self._titles), dtype=np.int64)
        rank[[self._titles[t] for t in named]] = np.arange(len(named))
        rank[0] = len(named)
        titles = np.frombuffer(self._title, dtype=np.int64)
        starts = np.frombuffer(self._start, dtype=np.int64)
        rows = np.lexsort((starts, rank[titles]))
        if group is not None:
            rows = rows[np.frombuffer(self._group, dtype=np.int64)[rows] == self._groups[group]]
        return cast("Sequence[int]", rows)

    def lines(self, rows: Sequence[int]) -> Iterator[bytes]:
        """The lines of these rows, each with its newline; neighbours come in one piece.

        Raises:
            StoreError: They cannot be read back.
        """
        try:
            self._file.flush()
            first = 0
            while first < len(rows):
                last = first + 1
                start = self._offset[rows[first]]
                while (
                    last < len(rows)
                    and rows[last] == rows[last - 1] + 1
                    and self._offset[rows[last]] - start < PIECE_BYTES
                ):
                    last += 1
                self._file.seek(start, os.SEEK_SET)
                yield self._file.read(self._offset[rows[last - 1] + 1] - start)
                first = last
        except OSError as error:
            raise store_error(error, self._folder) from error
