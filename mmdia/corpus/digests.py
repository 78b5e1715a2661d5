"""Hashes of files that were hashed before, without reading them again where that is safe.

A digest is remembered with what the system says of the file: size, time of change of content and
of inode, inode and device. The inode's time cannot be set by a program, so content that changes
changes it. Clocks are coarse, though: a file may change twice within one tick. So a digest is
remembered only if the file had rested for a while when it was read (as git does for its index).
Where the system keeps no such time (Windows), every call reads the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

from mmdia.errors import StoreError
from mmdia.store.atomic import write_text
from mmdia.store.digest import file_sha256

#: Seconds that a file must have rested; FAT counts in steps of two.
REST_S = 3.0
_FORMAT = 1
Stamp = list[int]


def known_digests(folder: Path, files: Iterable[Path], memory: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of files, by their path relative to `folder`.

    Files that have not changed since an earlier call are not read.

    Args:
        folder: The folder of the files.
        files: The files.
        memory: Folder where digests are remembered, in one small file for each `folder`; it may be
            deleted, and where it cannot be written every call reads the files.

    Raises:
        OSError: A file cannot be read.
    """
    memory = _memory(folder, memory)
    before = _recall(memory)
    now: dict[str, tuple[Stamp, str]] = {}
    fresh = False
    found: dict[str, tuple[int, str]] = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        stamp = _stamp(path)
        remembered = before.get(name)
        if remembered is not None and remembered[0] == stamp:
            now[name] = remembered
            found[name] = stamp[0], remembered[1]
            continue
        asked = time.time()
        digest = file_sha256(path)
        found[name] = stamp[0], digest
        if _rested(path, stamp, asked):
            now[name] = stamp, digest
            fresh = True
    if fresh and now and os.name != "nt":
        _remember(memory, now)
    return found


def _memory(folder: Path, memory: Path) -> Path:
    name = hashlib.blake2b(str(folder.absolute()).encode("utf-8", "surrogateescape"), digest_size=16)
    return memory / f"{name.hexdigest()}.json"


def _stamp(path: Path) -> Stamp:
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, facts.st_ino, facts.st_dev]


def _rested(path: Path, stamp: Stamp, asked: float) -> bool:
    """Whether the file was left alone before and while it was read."""
    latest = max(stamp[1], stamp[2]) / 1e9
    return latest < asked - REST_S and _stamp(path) == stamp


def _recall(memory: Path) -> dict[str, tuple[Stamp, str]]:
    if os.name == "nt":
        return {}
    try:
        told = json.loads(memory.read_bytes())
        if told["format"] != _FORMAT:
            return {}
        return {str(name): (list(stamp), str(digest)) for name, (stamp, digest) in told["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _remember(memory: Path, files: dict[str, tuple[Stamp, str]]) -> None:
    told = {"format": _FORMAT, "files": {name: list(value) for name, value in sorted(files.items())}}
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        write_text(memory, json.dumps(told))
    except (OSError, StoreError):
        pass  # a home that cannot be written: the next call reads the files again
