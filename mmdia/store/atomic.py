"""Atomic writes and append-only journals.

A file appears under its final name complete, or not at all: it is written beside its place as
``NAME.TOKEN.part``, flushed to disk, then renamed. The token is the process's own, so that a worker
that outlived its run cannot touch what another writes. A journal is a JSONL file that is only appended to;
a crash can tear its last line, and reading drops that line.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from mmdia.errors import StoreError

PART = ".part"

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def store_error(error: OSError, path: object) -> StoreError:
    """The project's error for an `OSError` of writing, with what to do about it."""
    if error.errno in _FULL:
        return StoreError(
            "no space left on the device",
            path=path,
            hint="Free some space and run again.",
            code="disk_full",
        )
    what = error.strerror or str(error)
    return StoreError(f"cannot write: {what}", path=path, hint="Choose a folder you may write to.")


def is_disk_full(error: BaseException) -> bool:
    """Whether an error (or its cause) says that the disk is full."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _FULL:
            return True
        seen = seen.__cause__
    return False


@lru_cache(maxsize=1)
def _token(pid: int) -> str:
    # Process ids repeat on other hosts and after a while, so chance is added.
    return f"{pid:x}-{secrets.token_hex(3)}"


def part_path(path: Path) -> Path:
    """Where this process writes `path` before it is complete."""
    return path.with_name(f"{path.name}.{_token(os.getpid())}{PART}")


def make_folder(path: Path) -> Path:
    """Make a folder with its parents.

    Raises:
        StoreError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise store_error(error, path) from error
    return path


def _sync_folder(folder: Path) -> None:
    # Windows cannot open folders; there the rename is durable enough without it.
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def commit(part: Path, final: Path) -> None:
    """Give a finished part file its final name, durably.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
    """
    try:
        with open(part, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(part, final)
        _sync_folder(final.parent)
    except OSError as error:
        raise store_error(error, final) from error


@contextmanager
def atomic_write(path: Path | str) -> Iterator[IO[bytes]]:
    """Write a file so that it appears complete or not at all.

    Yields:
        A binary stream; the file gets its name when the block ends without an error.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
    """
    final = Path(path)
    part = part_path(final)
    make_folder(final.parent)
    try:
        with open(part, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, final)
        _sync_folder(final.parent)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, StoreError):
            raise
        raise store_error(error, final) from error
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def write_text(path: Path | str, text: str) -> None:
    """Write a UTF-8 text file atomically (see `atomic_write`)."""
    with atomic_write(path) as stream:
        stream.write(text.encode("utf-8"))


def write_json(path: Path | str, document: Any) -> None:
    """Write one JSON document atomically, indented for people to read."""
    write_text(path, json.dumps(document, ensure_ascii=False, indent=1) + "\n")


class Journal:
    """An append-only JSONL file; every line is on disk before `append` returns.

    One process writes to a journal at a time.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def append(self, rows: list[dict[str, Any]]) -> None:
        """Append rows, one line each, in one write.

        Raises:
            StoreError: The disk is full or the file cannot be written. What was there stays.
        """
        if not rows:
            return
        make_folder(self.path.parent)
        text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows)
        try:
            with open(self.path, "ab") as stream:
                before = stream.tell()
                lead = b"" if before == 0 or self._ends_with_newline() else b"\n"
                try:
                    stream.write(lead + text.encode("utf-8"))
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    with suppress(OSError):
                        os.truncate(self.path, before)
                    raise
        except OSError as error:
            raise store_error(error, self.path) from error

    def _ends_with_newline(self) -> bool:
        with open(self.path, "rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows in order; torn or foreign lines are passed over."""
        try:
            stream = open(self.path, "rb")  # noqa: SIM115 - closed below; opening alone may fail
        except FileNotFoundError:
            return
        with stream:
            for line in stream:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict):
                    yield row


def sweep_parts(folder: Path) -> int:
    """Delete what a killed run left half-written under `folder`; returns how many files."""
    count = 0
    for path in folder.rglob(f"*{PART}"):
        if path.is_file():
            with suppress(OSError):
                path.unlink()
                count += 1
    return count
