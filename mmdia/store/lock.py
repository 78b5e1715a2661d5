"""Locks by files: one run an output folder, one merge at a time.

The lock file names its holder's host and process. A lock whose process is gone (killed, power
cut) is taken over; on another host that cannot be asked, so the time since it was last touched
decides there, and holders `touch` their lock while they work.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmdia.errors import StoreError
from mmdia.store.atomic import make_folder, store_error

#: A lock of another host counts as left behind after this many seconds without a touch.
STALE_S = 6 * 3600
#: A lock without readable content may be one that is being written just now.
_YOUNG_S = 10


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
    try:
        text = path.read_text("utf-8")
        age = time.time() - path.stat().st_mtime
    except OSError:
        return False
    try:
        holder = json.loads(text)
        host, pid = str(holder["host"]), int(holder["pid"])
    except (ValueError, KeyError, TypeError):
        return age < _YOUNG_S
    return alive(pid) if host == socket.gethostname() else age < STALE_S


def touch(path: Path) -> None:
    """Show other hosts that the holder of a lock is at work."""
    with suppress(OSError):
        os.utime(path)


def _create(path: Path, content: str) -> bool:
    """Make the lock with its content in one step; False when it exists."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        draft.write_text(content, "utf-8")
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        except OSError:
            # No hard links on this file system: content comes a moment after the file.
            with open(path, "x", encoding="utf-8") as stream:
                stream.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise store_error(error, path) from error
    finally:
        with suppress(OSError):
            draft.unlink()
    return True


def _take_away(path: Path) -> None:
    """Remove a lock that was left behind, unless it changed hands meanwhile."""
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with suppress(OSError):
        os.rename(path, aside)
        if is_held(aside):
            os.link(aside, path)  # somebody else was quicker: theirs again
        aside.unlink()


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
    deadline = time.monotonic() + wait_s
    mine = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "id": secrets.token_hex(8)})
    while not _create(path, mine):
        if not is_held(path):
            _take_away(path)
        elif time.monotonic() >= deadline:
            raise StoreError(
                "another run is working in this folder",
                path=path.parent,
                hint=f"Wait for it to end, or delete {path.name} if it was left behind.",
            )
        else:
            time.sleep(0.05)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text("utf-8") == mine:
                path.unlink()
