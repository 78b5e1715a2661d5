"""Folders of remote storage, by fsspec URLs: ``s3://``, ``gs://``, ``az://``, ``hf://``, ``memory://``, ...

An object is put in one step and is then there whole, which is what makes it safe to commit by; a
download appears under its name only when it has the size that the store said.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mmdia.errors import MissingExtra, StoreError, UsageError
from mmdia.store.atomic import atomic_write, commit, make_folder, part_path

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class RemoteError(StoreError):
    """A remote store did not do what was asked."""


def is_url(place: object) -> bool:
    """Whether a place is named by a URL; ``file://`` has one, a drive letter is none."""
    return isinstance(place, str) and _SCHEME.match(place) is not None


def parse_place(text: str) -> Path | str:
    """A place that a user names: a path, or the URL of remote storage as it is.

    ``file://`` URLs are paths: what lies on this machine is used where it lies.
    """
    if not is_url(text):
        return Path(text).expanduser()
    if text.startswith("file://"):
        return Path(text[len("file://") :])
    return text.rstrip("/")


@contextmanager
def _told(what: str, path: str) -> Iterator[None]:
    """Give the errors of storage libraries one name; that something is not there stays plain."""
    try:
        yield
    except (FileNotFoundError, StoreError):
        raise
    # The libraries behind fsspec raise errors of their own that have no common base.
    except Exception as error:
        hint = "Check the address, the credentials and the network; run again to go on."
        raise RemoteError(
            f"cannot {what}: {type(error).__name__}: {error}", path=path, hint=hint
        ) from error


class RemoteFolder:
    """A folder of a remote store; paths are relative to it, with forward slashes.

    Args:
        url: Its URL. Credentials and endpoints come from where the store's own tools take them.

    Raises:
        MissingExtra: The package that speaks to this kind of store is not installed.
        UsageError: There is no such kind of store.
    """

    def __init__(self, url: str) -> None:
        import fsspec

        self.url = url.rstrip("/")
        try:
            self.fs, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            scheme = url.partition("://")[0]
            raise MissingExtra(
                f"{scheme}:// storage needs a package that is not installed", hint=str(error)
            ) from error
        except ValueError as error:
            raise UsageError("no such kind of storage", got=url, hint=str(error)) from error
        self.root = str(root).rstrip("/")

    def _at(self, relative: str) -> str:
        return f"{self.root}/{relative}" if relative else self.root

    def sizes(self, under: str = "", *, depth: int | None = None) -> dict[str, int]:
        """Sizes of all files below a folder, by path; empty when it is not there.

        Raises:
            RemoteError: The store cannot be asked.
        """
        with _told("list", f"{self.url}/{under}"):
            self.fs.invalidate_cache()
            try:
                found: Mapping[str, Any] = self.fs.find(self._at(under), detail=True, maxdepth=depth)
            except FileNotFoundError:
                return {}
            cut = len(self.root) + 1
            return {path[cut:]: int(info["size"] or 0) for path, info in found.items()}

    def size(self, relative: str) -> int | None:
        """Size of one file; None when it is not there.

        Raises:
            RemoteError: The store cannot be asked.
        """
        with _told("look at", f"{self.url}/{relative}"):
            try:
                info = self.fs.info(self._at(relative), refresh=True)
            except FileNotFoundError:
                return None
            except TypeError:  # a store whose `info` knows no such option keeps no listing either
                info = self.fs.info(self._at(relative))
            return int(info["size"] or 0) if info.get("type") == "file" else None

    def get(self, relative: str, final: Path) -> None:
        """Download a file: it gets its name when it is complete.

        Raises:
            FileNotFoundError: It is not there.
            RemoteError: The download failed or is short.
            StoreError: It cannot be written here, as when the disk is full.
        """
        make_folder(final.parent)
        part, place = part_path(final), f"{self.url}/{relative}"
        expected = self.size(relative)
        if expected is None:
            raise FileNotFoundError(place)
        try:
            with _told("download", place):
                self.fs.get_file(self._at(relative), os.fspath(part))
            if part.stat().st_size != expected:
                raise RemoteError(
                    "the download is incomplete", path=place, expected=expected, got=part.stat().st_size
                )
            commit(part, final)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def read(self, relative: str) -> bytes:
        """The bytes of a small file.

        Raises:
            FileNotFoundError: It is not there.
            RemoteError: It cannot be read.
        """
        with _told("read", f"{self.url}/{relative}"):
            return bytes(self.fs.cat_file(self._at(relative)))

    def read_all(self, relatives: list[str]) -> dict[str, bytes]:
        """The bytes of many small files, asked for together; those that are gone are left out.

        Raises:
            RemoteError: One cannot be read.
        """
        if not relatives:
            return {}
        with _told("read", self.url):
            places = {self._at(r): r for r in relatives}
            found = self.fs.cat(list(places), on_error="omit")
            return {places[path]: bytes(data) for path, data in found.items() if path in places}

    def put(self, local: Path, relative: str) -> None:
        """Upload a file.

        Raises:
            RemoteError: The upload failed.
        """
        with _told("upload", f"{self.url}/{relative}"):
            self._make_parent(relative)
            self.fs.put_file(os.fspath(local), self._at(relative))

    def write(self, relative: str, content: bytes) -> None:
        """Write a small file in one step.

        Raises:
            RemoteError: It cannot be written.
        """
        with _told("write", f"{self.url}/{relative}"):
            self._make_parent(relative)
            self.fs.pipe_file(self._at(relative), content)

    def delete(self, relative: str) -> None:
        """Delete a file; one that is gone already is no error.

        Raises:
            RemoteError: It cannot be deleted.
        """
        with _told("delete", f"{self.url}/{relative}"), suppress(FileNotFoundError):
            self.fs.rm_file(self._at(relative))

    def _make_parent(self, relative: str) -> None:
        # Object stores have no folders (and making one may mean making a bucket); file systems do.
        if getattr(self.fs, "protocol", None) in (("file", "local"), "memory"):
            self.fs.makedirs(self._at(relative).rpartition("/")[0], exist_ok=True)


def fetch_text(folder: RemoteFolder, relative: str, final: Path) -> bool:
    """Bring a small file here, replacing what lies there; False when the store has none.

    Raises:
        RemoteError: It cannot be read.
        StoreError: It cannot be written here.
    """
    try:
        content = folder.read(relative)
    except FileNotFoundError:
        return False
    with atomic_write(final) as stream:
        stream.write(content)
    return True
