"""Install a release into ``$MMDIA_HOME/releases/<name>-<version>`` and make it the current one.

Only what belongs to a release is copied (`belongs`); a folder that also holds films stays small.
The release appears complete or not at all.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from mmdia.corpus.locate import (
    HEAD_FILE,
    ReleaseHandle,
    content_id,
    installed_pointer,
    open_release,
)
from mmdia.corpus.read import withdrawals
from mmdia.errors import MmdiaError, ReleaseError, ReleaseNotFound, UsageError
from mmdia.release.hub import download_release, parse_hub_id
from mmdia.schema.names import safe_name
from mmdia.schema.release import Release
from mmdia.store.atomic import make_folder, store_error, write_json
from mmdia.store.lock import exclusive

INSTALL_SCHEMA = "mmdia.install/1"
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
#: Most bytes that an archive may unpack to; an annotation release is far below.
MAX_BYTES = 16 << 30
_TABLES = frozenset(
    {f"{t}.{e}" for t in ("titles", "dialogues", "scenes", "withdrawn") for e in ("jsonl", "parquet")}
)
_FOLDERS = frozenset({"subtitles", "fingerprints"})
_PAPERS = ("README", "LICENSE", "NOTICE", "CITATION")


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install` did.

    Attributes:
        handle: The installed release.
        content_id: Identity of its content.
        was_there: The same content was installed before; nothing was copied.
        withdrawn: Rows of its ``withdrawn.jsonl``, which every command honours.
    """

    handle: ReleaseHandle
    content_id: str
    was_there: bool
    withdrawn: int

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
        }


def belongs(path: PurePosixPath) -> bool:
    """Whether a path within a release folder is a part of the release."""
    name = path.name
    if len(path.parts) == 1:
        return name == HEAD_FILE or name in _TABLES or name.upper().startswith(_PAPERS)
    if len(path.parts) != 2 or name.startswith("."):
        return False
    folder = path.parts[0]
    return folder in _FOLDERS or (folder == "dialogues" and path.suffix == ".parquet")


def folder_name(head: Release) -> str:
    """Name of the folder that a release is installed in: ``<name>-<version>``, made file-name safe.

    Dots of the version stay, so that ``1.2.0`` reads as such.
    """
    parts = head.version.split(".")
    version = ".".join(safe_name(p) for p in parts) if all(parts) else safe_name(head.version or "none")
    return f"{safe_name(head.name or 'unnamed')}-{version}"


def install(source: str | Path) -> Installed:
    """Install a release and make it the one that is used when none is named.

    A release of the same name and version is replaced. What is installed is not validated.

    Args:
        source: A release folder (or its ``release.json``), an archive of one (``.zip``, ``.tar.gz``,
            ``.tgz``, ``.tar``), or a dataset of the Hugging Face Hub: ``ORG/NAME``,
            ``ORG/NAME@revision``. A name is looked for on the Hub when there is no such path; a
            `Path` always is a path.

    Raises:
        ReleaseNotFound: There is nothing at `source`, or no release in it.
        ReleaseError: It cannot be read, its archive holds unsafe paths, or the Hub does not give it.
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
            _unpack(place, room)
        new = open_release(room)
        identity = content_id(new)
        target = releases / folder_name(new.head)
        was_there = _same(target, identity)
        if not was_there:
            _swap(room, target)
        pointer = {"folder": target.name, "name": new.head.name, "version": new.head.version}
        write_json(installed_pointer(), {"schema": "mmdia.installed/1", **pointer, "content_id": identity})
    handle = open_release(target)
    gone = withdrawals(handle)
    return Installed(handle, identity, was_there, len(gone.dialogues) + len(gone.titles))


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


def _same(target: Path, identity: str) -> bool:
    try:
        return content_id(open_release(target)) == identity
    except ReleaseError:
        return False


def _swap(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`; the old one leaves with the workroom."""
    if target.exists():
        target.rename(new.parent / "old")
    new.rename(target)


def _copy_folder(folder: Path, room: Path) -> None:
    for path in sorted((*folder.glob("*"), *folder.glob("*/*"))):
        relative = PurePosixPath(path.relative_to(folder).as_posix())
        if belongs(relative) and path.is_file():
            with path.open("rb") as stream:
                _put(stream, room, relative, path.stat().st_size)


def _put(stream: IO[bytes], room: Path, relative: PurePosixPath, limit: int) -> int:
    """Write one file, at most `limit` bytes of it; returns how many there were."""
    path = make_folder(room.joinpath(*relative.parts).parent) / relative.name
    written = 0
    with path.open("xb") as out:
        while chunk := stream.read(1 << 20):
            written += len(chunk)
            if written > limit:
                raise ReleaseError(
                    "the archive unpacks to more than it says, or to too much", got=str(relative)
                )
            out.write(chunk)
    return written


def _unpack(archive: Path, room: Path) -> None:
    if not archive.exists():
        raise ReleaseNotFound("there is no such file or folder", path=archive)
    if not archive.name.lower().endswith(ARCHIVES):
        raise UsageError(
            "not a release",
            path=archive,
            expected=f"a folder with {HEAD_FILE}, or an archive {' '.join(ARCHIVES)}",
        )
    members = _zip_members if archive.name.lower().endswith(".zip") else _tar_members
    try:
        with members(archive) as found:
            _unpack_members(archive, found, room)
    except _UNREADABLE as error:
        raise ReleaseError(f"the archive cannot be read: {error}", path=archive) from error


#: What the readers of archives raise; RuntimeError stands for encryption and unknown compression.
_UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, RuntimeError)

#: Path in the archive -> how to open it.
Members = dict[PurePosixPath, Any]


@contextmanager
def _zip_members(archive: Path) -> Iterator[tuple[Members, Any]]:
    with zipfile.ZipFile(archive) as file:
        plain = {
            PurePosixPath(i.filename): i for i in file.infolist() if not i.is_dir() and not _is_link(i)
        }
        yield plain, file.open


def _is_link(info: zipfile.ZipInfo) -> bool:
    return (info.external_attr >> 16) & 0o170000 == 0o120000


@contextmanager
def _tar_members(archive: Path) -> Iterator[tuple[Members, Any]]:
    with tarfile.open(archive) as file:
        yield {PurePosixPath(m.name): m for m in file.getmembers() if m.isreg()}, file.extractfile


def _unpack_members(archive: Path, found: tuple[Members, Any], room: Path) -> None:
    """Unpack what belongs to the release; its folder may lie anywhere in the archive."""
    members, opener = found
    for path in members:
        if path.is_absolute() or ".." in path.parts or "\\" in str(path) or ":" in str(path):
            raise ReleaseError("the archive holds an unsafe path", path=archive, got=repr(str(path)))
    heads = sorted((p for p in members if p.name == HEAD_FILE), key=lambda p: len(p.parts))
    if not heads:
        raise ReleaseNotFound("no release in this archive", path=archive, expected=HEAD_FILE)
    if len(heads) > 1 and len(heads[0].parts) == len(heads[1].parts):
        raise ReleaseError(
            "the archive holds several releases", path=archive, got=f"{heads[0]}, {heads[1]}"
        )
    root = heads[0].parent
    left = MAX_BYTES
    for path, member in members.items():
        if path.is_relative_to(root) and belongs(relative := path.relative_to(root)):
            with opener(member) as stream:
                left -= _put(stream, room, relative, left)
