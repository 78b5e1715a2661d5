"""Open films of this process: the last few stay open, so that the next clip costs no opening.

A reader is lent to one borrower at a time and comes back when it is done; threads that want the
same film at once get one each. Of those that wait, the least lately used beyond the limit are
closed. Readers never cross a fork: decord hangs there, and positions in a shared file would be
moved by the parent. A child has a pool of its own, and keeps what it inherited untouched: to close
those could hang as well.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from mmdia.errors import UsageError

#: Files that stay open while nobody reads them.
DEFAULT_LIMIT = 8


class Closable(Protocol):
    """Anything that is open."""

    def close(self) -> None:
        """Release it."""


_Open = TypeVar("_Open", bound=Closable)


class ReaderPool:
    """Least recently used readers, bounded.

    Args:
        limit: How many stay open while nobody reads them; 0 closes each at once.

    Attributes:
        opened: How many were opened so far.
        reused: How many loans needed no opening.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        if limit < 0:
            raise UsageError("no such limit of open files", expected="0 or more", got=limit)
        self.limit = limit
        self.opened = self.reused = 0
        self._lock = threading.Lock()
        self._idle: OrderedDict[int, tuple[Hashable, Any]] = OrderedDict()
        self._count = 0

    @contextmanager
    def lend(self, key: Hashable, opener: Callable[[], _Open]) -> Iterator[_Open]:
        """A reader of `key` for one borrower; what it raises closes the reader for good."""
        reader: _Open | None = self._take(key)
        if reader is None:
            reader = opener()
            self.opened += 1
        else:
            self.reused += 1
        try:
            yield reader
        except BaseException:
            reader.close()
            raise
        self._give_back(key, reader)

    def close(self) -> None:
        """Close all that wait."""
        with self._lock:
            idle, self._idle = [reader for _, reader in self._idle.values()], OrderedDict()
        for reader in idle:
            reader.close()

    def __len__(self) -> int:
        return len(self._idle)

    def _take(self, key: Hashable) -> Any:
        with self._lock:
            for number in reversed(self._idle):
                if self._idle[number][0] == key:
                    return self._idle.pop(number)[1]
        return None

    def _give_back(self, key: Hashable, reader: Closable) -> None:
        dropped: list[Closable] = []
        with self._lock:
            self._count += 1
            self._idle[self._count] = (key, reader)
            while len(self._idle) > self.limit:
                dropped.append(self._idle.popitem(last=False)[1][1])
        for each in dropped:
            each.close()


class _Process:
    """The pool of the process that asks; changed by nobody else."""

    def __init__(self) -> None:
        self.pid, self.limit = os.getpid(), DEFAULT_LIMIT
        self.pool = ReaderPool(self.limit)
        #: Pools of the processes that this one was forked from: never read, never closed.
        self.inherited: list[ReaderPool] = []


_process = _Process()


def pool() -> ReaderPool:
    """The pool of this process."""
    here = os.getpid()
    if _process.pid != here:
        _process.inherited.append(_process.pool)
        _process.pool, _process.pid = ReaderPool(_process.limit), here
    return _process.pool


def set_open_limit(limit: int) -> None:
    """How many films each process (each worker of a loader) keeps open; inherited by forks.

    Raises:
        UsageError: The limit is negative.
    """
    made = ReaderPool(limit)
    pool().close()
    _process.limit, _process.pool = limit, made
