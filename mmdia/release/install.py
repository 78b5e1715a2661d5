"""Install a release into ``$MMDIA_HOME/releases/<name>-<version>`` and make it the current one.

Only what belongs to a release is copied (`belongs`); a folder that also holds films stays small.
The release appears complete or not at all.
"""

from __future__ import annotations

import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from mmdia.corpus.containment import refuse_links_out
from mmdia.corpus.locate import (
    HEAD_FILE,
    ReleaseHandle,
    content_id,
    installed_pointer,
    open_release,
    release_files,
)
from mmdia.corpus.parquet_guard import refuse_bombs
from mmdia.corpus.read import (
    iter_dialogues,
    iter_numbered,
    iter_scenes,
    iter_titles,
    load_titles,
    withdrawals,
)
from mmdia.corpus.side_files import PAPERS, TITLE_FOLDERS, copy_side_files
from mmdia.corpus.write import write_release
from mmdia.errors import MmdiaError, ReleaseError
from mmdia.release.archive import put, unpack
from mmdia.release.checksums import CHECKSUMS, verify
from mmdia.release.findings import ValidationReport
from mmdia.release.hub import download_release, parse_hub_id
from mmdia.release.installed import point_to
from mmdia.release.validate import validate
from mmdia.schema.names import safe_name
from mmdia.schema.release import Release, Withdrawal
from mmdia.store.atomic import make_folder, store_error
from mmdia.store.lock import exclusive

INSTALL_SCHEMA = "mmdia.install/1"
#: Places of each class of errors that are named.
_MOST_PLACES = 3
_TABLES = frozenset(
    {f"{t}.{e}" for t in ("titles", "dialogues", "scenes", "withdrawn") for e in ("jsonl", "parquet")}
)


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` did.

    Attributes:
        handle: The installed release.
        content_id: Identity of its content.
        was_there: The same content was installed before; nothing was copied.
        withdrawn: Rows of its ``withdrawn.jsonl``, which every command honours.
        severities: How many errors, warnings and notes `validate` found.
        errors: Its errors by class; there are some only where that was allowed.
        places: The first places of each class of errors, with what is wrong there.
    """

    handle: ReleaseHandle
    content_id: str
    was_there: bool
    withdrawn: int
    severities: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.install/1``)."""
        return {
            "schema": INSTALL_SCHEMA,
            "name": self.handle.head.name,
            "version": self.handle.head.version,
            "path": str(self.handle.path),
            "content_id": self.content_id,
            "was_there": self.was_there,
            "withdrawn": self.withdrawn,
            "severities": self.severities,
            "errors": self.errors,
            "places": self.places,
        }


def belongs(path: PurePosixPath) -> bool:
    """Whether a path within a release folder is a part of the release."""
    name = path.name
    if len(path.parts) == 1:
        return name in (HEAD_FILE, CHECKSUMS) or name in _TABLES or name.upper().startswith(PAPERS)
    if len(path.parts) != 2 or name.startswith("."):
        return False
    folder = path.parts[0]
    return folder in TITLE_FOLDERS or (folder == "dialogues" and path.suffix == ".parquet")


def folder_name(head: Release) -> str:
    """Name of the folder that a release is installed in: ``<name>-<version>``, made file-name safe.

    Dots of the version stay, so that ``1.2.0`` reads as such.
    """
    parts = head.version.split(".")
    version = ".".join(safe_name(p) for p in parts) if all(parts) else safe_name(head.version or "none")
    name = f"{safe_name(head.name or 'unnamed')}-{version}"
    # Two names of the greatest length make one that no file system takes.
    return name if len(name) <= 200 else safe_name(f"{head.name}-{head.version}")


def install(source: str | Path, *, allow_errors: bool = False) -> Installed:
    """Install a release and make it the one that is used when none is named.

    A release of the same name and version is replaced. Where it has ``checksums.json``, every file
    is compared with it; then all rows are validated. Nothing is installed that fails, and no row that
    the release has taken back.

    Args:
        source: A release folder (or its ``release.json``), an archive of one (``.zip``, ``.tar.gz``,
            ``.tgz``, ``.tar``), or a dataset of the Hugging Face Hub: ``ORG/NAME``,
            ``ORG/NAME@revision``. A name is looked for on the Hub when there is no such path; a
            `Path` always is a path.
        allow_errors: Install a release although `validate` finds errors in its rows.

    Raises:
        ReleaseNotFound: There is nothing at `source`, or no release in it.
        ReleaseError: It cannot be read, it is not what its checksums say, it has errors, it holds
            links out of its folder or unsafe paths, it unpacks to too much, or the Hub does not
            give it.
        UsageError: `source` is a file of another kind.
        StoreError: ``$MMDIA_HOME`` cannot be written, or another installation is going on.
    """
    place = Path(source).expanduser()
    on_hub = parse_hub_id(source) if isinstance(source, str) and not place.exists() else None
    releases = make_folder(installed_pointer().parent)
    with exclusive(releases / ".lock"), _workroom(releases) as room:
        if on_hub is not None:
            repo_id, revision = on_hub
            _copy_folder(download_release(repo_id, revision=revision, into=room.parent / "hub"), room)
        elif place.is_dir() or place.name == HEAD_FILE:
            found = open_release(place)
            _copy_folder(found.path, room)
        else:
            unpack(place, room, belongs)
        new = open_release(room)
        report = _trust(new, str(source), allow_errors=allow_errors)
        new = _without_withdrawn(new, room.parent / "kept")
        room = new.path
        identity = content_id(new)
        target = releases / folder_name(new.head)
        was_there = _same(room, target, identity)
        if not was_there:
            _swap(room, target)
        point_to(open_release(target), identity)
    handle = open_release(target)
    gone = withdrawals(handle, on_broken=lambda _: None)
    return Installed(
        handle, identity, was_there, len(gone.dialogues) + len(gone.titles),
        report.to_row()["severities"], {f.code: f.count for f in report.of("error")},
        {f.code: f.places(_MOST_PLACES) for f in report.of("error")},
    )  # fmt: skip


def _without_withdrawn(new: ReleaseHandle, folder: Path) -> ReleaseHandle:
    """The release without rows that it has taken back; as it is where it holds none of them."""
    gone, listed = withdrawals(new, on_broken=lambda _: None), release_files(new).withdrawn
    everything: dict[str, Any] = {"on_broken": lambda _: None, "keep_withdrawn": True}
    if not gone or listed is None:
        return new
    rows = iter_dialogues(new, **everything)
    if gone.titles.isdisjoint(load_titles(new, **everything)) and not any(
        gone.covers(row.dialogue_id, row.title_id) for row in rows
    ):
        return new
    kept = write_release(
        folder, new.head, iter_titles(new), iter_dialogues(new), scenes=iter_scenes(new),
        withdrawn=[row for _, row in iter_numbered(listed, Withdrawal)],
        form="parquet" if any(new.path.glob("dialogues/*.parquet")) else "jsonl",
    )  # fmt: skip
    copy_side_files(new, kept.path)
    return kept


def _trust(new: ReleaseHandle, source: str, *, allow_errors: bool) -> ValidationReport:
    """Refuse a release that is not what its maker made, or that breaks the contract."""
    problems = verify(new.path, lambda name: belongs(PurePosixPath(name)))
    if problems:
        first = "; ".join(f"{p.path} {p.kind}" for p in problems[:3])
        raise ReleaseError(
            f"{len(problems)} file(s) are not as {CHECKSUMS} says", path=source, got=first,
            hint="Download it again; if its maker changed it by hand, ask for a new one.",
        )  # fmt: skip
    for table in release_files(new).present():
        if table.suffix == ".parquet":
            refuse_bombs(table)
    report = validate(new)
    errors = report.of("error")
    if errors and not allow_errors:
        raise ReleaseError(
            "the release has errors", path=source,
            got=", ".join(f"{f.code} {f.count} ({'; '.join(f.places(_MOST_PLACES))})" for f in errors),
            hint="See them with: mmdia release validate DIR; install it as it is with --allow-errors.",
        )  # fmt: skip
    return report


@contextmanager
def _workroom(releases: Path) -> Iterator[Path]:
    """A folder on the same disk as the target, gone at the end."""
    outer = Path(tempfile.mkdtemp(prefix=".incoming-", dir=releases))
    try:
        yield make_folder(outer / "new")
    except OSError as error:
        if isinstance(error, MmdiaError):
            raise
        raise store_error(error, releases) from error
    finally:
        shutil.rmtree(outer, ignore_errors=True)


def _same(new: Path, target: Path, identity: str) -> bool:
    """Whether the same is installed: the same rows, and the same files beside them."""
    try:
        if content_id(open_release(target)) != identity:
            return False
    except ReleaseError:
        return False
    names = [
        sorted(p.relative_to(f).as_posix() for p in f.rglob("*") if p.is_file()) for f in (new, target)
    ]
    return names[0] == names[1] and not any(filecmp.cmpfiles(new, target, names[0], shallow=False)[1:])


def _swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; the old one leaves with the workroom."""
    if target.exists():
        target.rename(new.parent / "old")
    new.rename(target)


def _copy_folder(folder: Path, room: Path) -> None:
    for path in sorted((*folder.glob("*"), *folder.glob("*/*"))):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        if not belongs(relative) or path.is_dir():
            continue
        refuse_links_out(folder, [path])
        if not path.is_file():
            raise ReleaseError("not a plain file", path=path, hint="A release holds files only.")
        with path.open("rb") as stream:
            put(stream, room, relative, path.stat().st_size)
