"""The releases that are installed: list them, choose one, remove one."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import (
    ReleaseHandle,
    content_id,
    installed_pointer,
    installed_release,
    open_release,
)
from mmdia.errors import ReleaseError, ReleaseNotFound, UsageError
from mmdia.store.atomic import make_folder, store_error, write_json
from mmdia.store.lock import exclusive

LIST_SCHEMA = "mmdia.releases/1"


@dataclass(frozen=True, slots=True)
class InstalledRelease:
    """One installed release.

    Attributes:
        name: Its name; of one that cannot be read, the folder's.
        version: Its version.
        path: Its folder.
        in_use: Whether commands use it when none is named.
        titles: Titles that its head promises, if it does.
        dialogues: Dialogues that its head promises, if it does.
        problem: Why it cannot be read; None for a good one.
    """

    name: str
    version: str | None
    path: Path
    in_use: bool
    titles: int | None = None
    dialogues: int | None = None
    problem: str | None = None

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "name": self.name, "version": self.version, "path": str(self.path), "in_use": self.in_use,
            "titles": self.titles, "dialogues": self.dialogues, "problem": self.problem,
        }  # fmt: skip


def installed_releases() -> list[InstalledRelease]:
    """All installed releases, by name and version; the broken ones say why."""
    place = installed_pointer().parent
    if not place.is_dir():
        return []
    try:
        current = installed_release()
    except ReleaseError:
        current = None
    folders = [p for p in place.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found = [_look(p, current is not None and p.name == current.name) for p in folders]
    return sorted(found, key=lambda r: (r.name, r.version or "", r.path.name))


def _look(folder: Path, in_use: bool) -> InstalledRelease:
    try:
        head = open_release(folder).head
    except ReleaseError as error:
        return InstalledRelease(folder.name, None, folder, in_use, problem=error.message)
    counts = head.counts
    return InstalledRelease(
        head.name, head.version, folder, in_use,
        None if counts is None else counts.titles, None if counts is None else counts.dialogues,
    )  # fmt: skip


def find_installed(name: str) -> InstalledRelease:
    """The installed release of that name.

    Args:
        name: ``NAME``, ``NAME@VERSION``, or the name of its folder.

    Raises:
        ReleaseNotFound: None is so called.
        UsageError: Several versions are.
    """
    every = installed_releases()
    word, _, version = name.rpartition("@")
    hits = [r for r in every if name in (r.name, r.path.name)]
    hits = hits or [r for r in every if word and r.name == word and r.version == version]
    if not hits:
        names = ", ".join(f"{r.name}@{r.version}" for r in every) or "none"
        raise ReleaseNotFound("no such release is installed", expected=f"one of: {names}", got=repr(name))
    if len(hits) > 1:
        names = ", ".join(f"{r.name}@{r.version}" for r in hits)
        raise UsageError("several versions are installed", expected=f"one of: {names}", got=repr(name))
    return hits[0]


def use_release(name: str) -> ReleaseHandle:
    """Make an installed release the one that commands use when none is named.

    Raises:
        ReleaseNotFound: None is so called.
        ReleaseError: It cannot be read.
        UsageError: Several versions are so called.
        StoreError: ``$MMDIA_HOME`` cannot be written.
    """
    releases = make_folder(installed_pointer().parent)
    with exclusive(releases / ".lock"):
        handle = open_release(find_installed(name).path)
        point_to(handle)
    return handle


def point_to(handle: ReleaseHandle, identity: str | None = None) -> None:
    """Write the file that names the release in use; the caller holds the lock."""
    head = handle.head
    pointer = {"folder": handle.path.name, "name": head.name, "version": head.version}
    identity = content_id(handle) if identity is None else identity
    write_json(installed_pointer(), {"schema": "mmdia.installed/1", **pointer, "content_id": identity})


def remove_release(name: str) -> InstalledRelease:
    """Remove an installed release; of the one in use, too, and then none is in use.

    Raises:
        ReleaseNotFound: None is so called.
        UsageError: Several versions are so called.
        StoreError: ``$MMDIA_HOME`` cannot be written.
    """
    releases = make_folder(installed_pointer().parent)
    with exclusive(releases / ".lock"):
        found = find_installed(name)
        try:
            if found.in_use:
                installed_pointer().unlink(missing_ok=True)
            # Renamed first: a release is there as a whole, or not at all.
            grave = Path(tempfile.mkdtemp(prefix=".removed-", dir=releases))
            found.path.rename(grave / "old")
            shutil.rmtree(grave)
        except OSError as error:
            raise store_error(error, releases) from error
    return found
