"""Find a release: the folder named, $MMDIA_ANNOTATIONS, the installed release, or the demo."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from mmdia.corpus.containment import refuse_links_out
from mmdia.corpus.digests import known_digests
from mmdia.corpus.lines import MAX_LINE_BYTES
from mmdia.errors import ReleaseError, ReleaseNotFound
from mmdia.store.digest import params_hash

if TYPE_CHECKING:
    from mmdia.schema.release import Release

#: How a release was found: by argument, by $MMDIA_ANNOTATIONS, installed, or the bundled demo.
Route = Literal["argument", "environment", "installed", "demo"]
HEAD_FILE = "release.json"
_VERSION = re.compile(r"mmdia\.release/(\d+)\Z")


@dataclass(frozen=True, slots=True)
class ReleaseHandle:
    """A release on disk.

    Attributes:
        path: Its folder.
        head: Its ``release.json``.
    """

    path: Path
    head: Release


@dataclass(frozen=True, slots=True)
class ReleaseFiles:
    """The tables of a release; None or empty where there is none.

    Attributes:
        titles: ``titles.jsonl`` or ``titles.parquet``.
        dialogues: ``dialogues.jsonl``, or the shards ``dialogues/*.parquet`` in order.
        scenes: ``scenes.jsonl`` or ``scenes.parquet``.
        withdrawn: ``withdrawn.jsonl``.
    """

    titles: Path | None
    dialogues: tuple[Path, ...]
    scenes: Path | None
    withdrawn: Path | None

    def present(self) -> Iterator[Path]:
        """All tables that are there."""
        for path in (self.titles, *self.dialogues, self.scenes, self.withdrawn):
            if path is not None:
                yield path


def mmdia_home() -> Path:
    """Where installed releases, indices and time maps live.

    ``$MMDIA_HOME``, else the platform's folder for user data: ``~/.local/share/mmdia`` (or under
    ``$XDG_DATA_HOME``), ``~/Library/Application Support/mmdia``, ``%LOCALAPPDATA%/mmdia``.
    """
    if named := os.environ.get("MMDIA_HOME"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "mmdia"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mmdia"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mmdia"


def digest_memory() -> Path:
    """The folder that remembers the digests of files."""
    return mmdia_home() / "cache" / "digests"


def installed_pointer() -> Path:
    """The file that names the installed release in use."""
    return mmdia_home() / "releases" / "current.json"


def demo_release() -> Path:
    """The folder of the bundled demo release."""
    return Path(__file__).resolve().parents[1] / "demo" / "release"


def open_release(path: str | Path) -> ReleaseHandle:
    """Open a release.

    Args:
        path: Its folder, or its ``release.json``.

    Raises:
        ReleaseNotFound: There is no release there.
        ReleaseError: ``release.json`` cannot be read, or is of a version we do not know; or one of its
            tables is a link out of the folder.
    """
    folder = Path(path).expanduser()
    if folder.name == HEAD_FILE:
        folder = folder.parent
    head = folder / HEAD_FILE
    if folder.is_file():
        raise ReleaseError(
            "a release is a folder", path=folder, hint="For an archive, run: mmdia release install"
        )
    if not head.is_file():
        raise ReleaseNotFound(
            "no release here", path=folder, expected=f"a folder with {HEAD_FILE}",
            got="no such folder" if not folder.is_dir() else f"a folder without {HEAD_FILE}",
        )  # fmt: skip
    refuse_links_out(folder, [head])
    handle = ReleaseHandle(folder, _read_head(head))
    refuse_links_out(folder, release_files(handle).present())
    if not release_files(handle).dialogues:
        raise ReleaseError(
            "the release has no dialogues", path=folder, expected="dialogues.jsonl or dialogues/*.parquet"
        )
    return handle


def _read_head(path: Path) -> Release:
    # Here, so that finding a release costs no import of the records.
    from mmdia.schema.release import RELEASE_SCHEMA, Release

    try:
        size = path.stat().st_size
        if size > MAX_LINE_BYTES:
            raise ReleaseError(
                "too large for the head of a release",
                path=path,
                expected=f"at most {MAX_LINE_BYTES} bytes",
                got=str(size),
            )
        raw = json.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError as error:
        raise ReleaseError("cannot be read: nested too deeply", path=path) from error
    except (ValueError, OSError) as error:
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(f"cannot be read: {error}", path=path) from error
    schema = raw.get("schema") if isinstance(raw, dict) else None
    version = _VERSION.match(schema) if isinstance(schema, str) else None
    if version is None:
        raise ReleaseError(
            'the key "schema" does not say that this is a release',
            path=path,
            expected=repr(RELEASE_SCHEMA),
            got="no such key" if schema is None else repr(schema),
        )
    if schema != RELEASE_SCHEMA:
        raise ReleaseError(
            "this release has a newer format", path=path, expected=RELEASE_SCHEMA, got=schema,
            hint="Upgrade: pip install --upgrade mmdia",
        )  # fmt: skip
    return Release.from_row(raw, where=str(path))


def locate_release(annotations: str | Path | None = None) -> tuple[ReleaseHandle, Route]:
    """The release to use, and how it was found.

    In this order: the argument, ``$MMDIA_ANNOTATIONS``, the installed release, the bundled demo
    (the caller warns about that one).

    Raises:
        ReleaseNotFound: The place named holds no release.
        ReleaseError: The release found cannot be read.
    """
    place, route = release_place(annotations)
    try:
        return open_release(place), route
    except ReleaseNotFound as error:
        if route != "environment":
            raise
        raise ReleaseNotFound(
            "no release where $MMDIA_ANNOTATIONS points", path=place,
            expected=error.expected, got=error.got,
        ) from error  # fmt: skip


def release_place(annotations: str | Path | None = None) -> tuple[str | Path, Route]:
    """Where `locate_release` looks, without looking: the folder or its ``release.json``.

    Raises:
        ReleaseError: The file that names the installed release cannot be read.
    """
    if annotations is not None and str(annotations):
        return annotations, "argument"
    if named := os.environ.get("MMDIA_ANNOTATIONS"):
        return named, "environment"
    if (installed := installed_release()) is not None:
        return installed, "installed"
    return demo_release(), "demo"


def installed_release() -> Path | None:
    """The folder of the installed release in use, or None.

    Raises:
        ReleaseError: The file that names it cannot be read.
    """
    pointer = installed_pointer()
    if not pointer.is_file():
        return None
    try:
        folder = json.loads(pointer.read_text(encoding="utf-8"))["folder"]
        return pointer.parent / str(folder)
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            "does not name an installed release", path=pointer, hint="Run: mmdia release install"
        ) from error


def release_files(handle: ReleaseHandle) -> ReleaseFiles:
    """The tables of a release; where JSONL and Parquet of the same rows lie side by side, JSONL is read."""
    return folder_files(handle.path)


def folder_files(folder: Path) -> ReleaseFiles:
    """`release_files` of a folder whose head nobody has read."""
    lines = folder / "dialogues.jsonl"
    shards = (lines,) if lines.is_file() else tuple(sorted((folder / "dialogues").glob("*.parquet")))
    if not shards and (single := folder / "dialogues.parquet").is_file():
        shards = (single,)
    return ReleaseFiles(
        _table(folder, "titles"), shards, _table(folder, "scenes"), _table(folder, "withdrawn")
    )


def _table(folder: Path, name: str) -> Path | None:
    return next((p for p in (folder / f"{name}.jsonl", folder / f"{name}.parquet") if p.is_file()), None)


def content_id(handle: ReleaseHandle) -> str:
    """Identity of a release's content, 32 hexadecimal digits.

    It covers name, size and bytes of ``release.json`` and of every table that is read, and nothing
    of where or when the files were written. Subtitles and fingerprints do not change the rows and
    are left out. A file that has not changed since it was last hashed is not read again
    (`mmdia.corpus.digests` says when that is safe).
    """
    return folder_content_id(handle.path)


def folder_content_id(folder: Path) -> str:
    """`content_id` of a folder whose head nobody has read."""
    files = (folder / HEAD_FILE, *folder_files(folder).present())
    found = known_digests(folder, files, digest_memory())
    return params_hash([[name, size, digest] for name, (size, digest) in found.items()])
