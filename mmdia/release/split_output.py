"""Where a made release goes: complete or not at all, beside the old one or in its place."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle, open_release, release_files
from mmdia.corpus.side_files import PAPERS, TITLE_FOLDERS
from mmdia.errors import MmdiaError, ReleaseError, UsageError
from mmdia.store.atomic import make_folder, store_error
from mmdia.store.lock import exclusive


def refuse_taken(out: Path, step: str) -> None:
    """Refuse a folder that holds something; what the same step made before may be replaced.

    Raises:
        UsageError: It holds files, and its release does not end with this step.
    """
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        history = open_release(out).head.history
    except ReleaseError:
        history = ()
    if not history or history[-1].step != step:
        raise UsageError(
            "the output folder is not empty", path=out,
            expected=f"a new folder, or an earlier output of {step}",
            hint="Name another folder with --out.",
        )  # fmt: skip


@contextmanager
def output_folder(out: str | Path, step: str, *, in_place: bool = False) -> Iterator[Path]:
    """A folder to write a release into; it gets the name `out` when the block ends without an error.

    Args:
        out: The final folder; an earlier output of the same step there is replaced.
        step: Name of the step in the release's history.
        in_place: `out` is a release that is to be replaced.

    Raises:
        UsageError: `out` holds something else.
        StoreError: It cannot be written, or another process writes it.
    """
    final = Path(out).expanduser().resolve()
    if not in_place:
        refuse_taken(final, step)
    make_folder(final.parent)
    with exclusive(final.parent / f".{final.name}.lock"):
        token = secrets.token_hex(4)
        room = final.with_name(f".{final.name}.{token}.new")
        try:
            make_folder(room)
            yield room
            swap(room, final)
        except MmdiaError:
            raise
        except OSError as error:
            raise store_error(error, final) from error
        finally:
            shutil.rmtree(room, ignore_errors=True)


def refuse_published(handle: ReleaseHandle) -> None:
    """Refuse to change a published release: its copies, cards and checksums would go stale.

    Raises:
        UsageError: The folder has checksums.
    """
    if (handle.path / "checksums.json").exists():
        raise UsageError(
            "a published release is not changed in place", path=handle.path,
            hint="Write a new one with --out, then publish that.",
        )  # fmt: skip


def swap(new: Path, final: Path) -> None:
    """Put a finished folder under its final name; what was there goes when the new one stands."""
    old = final.with_name(f"{new.name}.old")
    if final.exists():
        final.rename(old)
    try:
        new.rename(final)
    except OSError:
        if old.exists():
            old.rename(final)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _is_paper(path: Path, first: str) -> bool:
    return path.name == first and first.upper().startswith(PAPERS) and path.is_file()


def carry_over(handle: ReleaseHandle, room: Path) -> None:
    """Take along what `copy_side_files` leaves in a release's folder, for work in place.

    Files are linked where the disk can, else copied.
    """
    tables = {handle.path / HEAD_FILE, *release_files(handle).present()}
    for path in sorted(handle.path.rglob("*")):
        target = room / path.relative_to(handle.path)
        first = path.relative_to(handle.path).parts[0]
        if path in tables or first in TITLE_FOLDERS or _is_paper(path, first) or target.exists():
            continue
        if path.is_symlink():
            make_folder(target.parent)
            target.symlink_to(os.readlink(path))
        elif path.is_dir():
            make_folder(target)
        elif path.is_file():
            make_folder(target.parent)
            try:
                os.link(path, target)
            except OSError:
                shutil.copy2(path, target)
    dialogues = room / "dialogues"
    if dialogues.is_dir() and not any(dialogues.iterdir()):
        dialogues.rmdir()
