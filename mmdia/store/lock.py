"""Locks by files: one run an output folder, one merge at a time.

The lock file names its holder's host and process. A lock whose process is gone (killed, power
cut) is taken over; on another host that cannot be asked, so age decides there.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mmdia.errors import StoreError
from mmdia.store.atomic import make_folder, store_error

#: A lock of another host counts as left behind after this many seconds without a touch.
STALE_S = 6 * 3600


def _alive(pid: int) -> bool:
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


def _left_behind(path: Path) -> bool:
    try:
        holder = json.loads(path.read_text("utf-8"))
        age = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return False  # released meanwhile: the next try will see
    except (OSError, ValueError):
        return True
    if holder.get("host") == socket.gethostname():
        return not _alive(int(holder.get("pid", -1)))
    return age > STALE_S


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
    me = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode()
    while True:
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            if _left_behind(path):
                with suppress(OSError):
                    path.unlink()
                continue
            if time.monotonic() >= deadline:
                raise StoreError(
                    "another run is working in this folder",
                    path=path.parent,
                    hint=f"Wait for it to end, or delete {path.name} if it was left behind.",
                ) from None
            time.sleep(0.05)
        except OSError as error:
            raise store_error(error, path) from error
        else:
            break
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(me)
        yield
    finally:
        with suppress(OSError):
            path.unlink()
