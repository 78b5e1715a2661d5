"""Locks by files: one run an output folder, one merge at a time.

The operating system holds a lock as long as its process lives, so whatever ends the process (killed,
power cut) gives it back, and what a lock file says or how old it is means nothing. On network file
systems the server does the same for all hosts where it passes locks on (NFS from Linux 2.6.12 on, SMB).
Where a file system knows no locks at all, filelock takes a file that names its holder instead;
a folder that refuses locks (an NFS mount without lock service) cannot be worked in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mmdia.errors import StoreError
from mmdia.store.atomic import make_folder, store_error

#: Who only asks whether a lock is held holds it for a moment: even who does not wait, waits that long.
_ASKING_S = 0.25


def alive(pid: int) -> bool:
    """Whether a process of this machine is at work; always true where that cannot be asked."""
    if pid == os.getpid():
        return True
    if os.name == "nt":
        return True  # no harmless question there: os.kill would end the process
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_held(path: Path) -> bool:
    """Whether somebody who is still at work holds a lock."""
    if not path.exists():
        return False
    try:
        with _held(path, 0.0):
            return False
    except StoreError:
        return True


@contextmanager
def exclusive(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: The lock file.
        wait_s: How long to wait for another holder.

    Raises:
        StoreError: Somebody else holds it, or the folder cannot be written.
    """
    make_folder(path.parent)
    with _held(path, max(wait_s, _ASKING_S)):
        yield


@contextmanager
def _held(path: Path, wait_s: float) -> Iterator[None]:
    lock = FileLock(path, timeout=wait_s, thread_local=False)
    try:
        lock.acquire(poll_interval=0.02)
    except Timeout as error:
        hint = "Wait for it to end."
        raise StoreError("another run is working in this folder", path=path.parent, hint=hint) from error
    except OSError as error:
        raise store_error(error, path) from error
    try:
        yield
    finally:
        # While it is held: whoever waits for the file that is gone then tries again with a new one.
        with suppress(OSError):
            path.unlink()
        lock.release()
