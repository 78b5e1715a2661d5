"""Unpack a release from an archive that nobody vouches for.

Only what belongs to a release is written, under names that cannot lead out of the folder. What an
archive unpacks to is bounded by its own size: an honest one shrinks to a tenth, a bomb to a millionth.
"""

from __future__ import annotations

import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from mmdia.corpus.locate import HEAD_FILE
from mmdia.errors import MmdiaError, ReleaseError, ReleaseNotFound, UsageError
from mmdia.store.atomic import make_folder

ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
#: Most bytes that an archive may unpack to; an annotation release is far below.
MAX_BYTES = 16 << 30
#: Most bytes for each byte of the archive, beyond the first `FREE_BYTES`.
MAX_RATIO = 200
FREE_BYTES = 64 << 20
MAX_MEMBERS = 200_000

#: What the readers of archives raise; RuntimeError stands for encryption and unknown compression.
_UNREADABLE = (
    zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, struct.error,
    EOFError, RuntimeError, ValueError, OverflowError,
)  # fmt: skip
_ARCHIVE_HINT = "Unpack it by hand if you trust it, look at it, and install the folder."

#: Path in the archive -> how to open it; None for what is no plain file (a link, a device).
Members = dict[PurePosixPath, Any]
Opener = Callable[[Any], IO[bytes]]
Belongs = Callable[[PurePosixPath], bool]


def unpack(archive: Path, room: Path, belongs: Belongs) -> None:
    """Unpack what belongs to a release; its folder may lie anywhere in the archive.

    Args:
        archive: A ``.zip``, ``.tar.gz``, ``.tgz`` or ``.tar``.
        room: An empty folder.
        belongs: Whether a path within a release is a part of it.

    Raises:
        ReleaseNotFound: There is no such file, or no release in it.
        ReleaseError: It cannot be read; it holds unsafe paths, links, one file twice, several
            releases; or it unpacks to too much.
        UsageError: It is a file of another kind.
    """
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
        with members(archive) as (found, opener):
            _unpack_members(archive, found, opener, room, belongs)
    except MmdiaError:
        raise
    except _UNREADABLE as error:
        raise ReleaseError(f"the archive cannot be read: {error}", path=archive) from error


def put(stream: IO[bytes], room: Path, relative: PurePosixPath, limit: int) -> int:
    """Write one file, at most `limit` bytes of it; returns how many there were.

    Raises:
        ReleaseError: There are more.
    """
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


def _limit(archive: Path) -> int:
    """Most bytes that the archive may unpack to."""
    return min(MAX_BYTES, FREE_BYTES + MAX_RATIO * archive.stat().st_size)


def _refuse_size(archive: Path, size: int, count: int) -> None:
    if size > (limit := _limit(archive)):
        raise ReleaseError(
            "the archive unpacks to too much for its size", path=archive, expected=f"<= {limit} bytes",
            got=f"{size} bytes from {archive.stat().st_size}", hint=_ARCHIVE_HINT,
        )  # fmt: skip
    if count > MAX_MEMBERS:
        raise ReleaseError(
            "the archive holds too many files", path=archive, expected=f"<= {MAX_MEMBERS}", got=count
        )


def _add(archive: Path, members: Members, name: str, member: Any) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise ReleaseError("the archive holds an unsafe path", path=archive, got=repr(name[:200]))
    if path in members:
        raise ReleaseError("the archive holds one path twice", path=archive, got=repr(name[:200]))
    members[path] = member


@contextmanager
def _zip_members(archive: Path) -> Iterator[tuple[Members, Opener]]:
    with zipfile.ZipFile(archive) as file:
        members: Members = {}
        entries = file.infolist()
        _refuse_size(archive, 0, len(entries))
        for info in entries:
            if not info.is_dir():
                kind = (info.external_attr >> 16) & 0o170000
                # 0 is what tools without Unix modes write.
                _add(archive, members, info.filename, info if kind in (0, 0o100000) else None)
        yield members, file.open


@contextmanager
def _tar_members(archive: Path) -> Iterator[tuple[Members, Opener]]:
    packed = not archive.name.lower().endswith(".tar")
    with gzip.open(archive) if packed else archive.open("rb") as raw:
        stream: Any = _Bounded(raw)
        with tarfile.open(fileobj=stream, mode="r:") as file:
            members: Members = {}
            size = count = 0
            for info in file:
                size, count = size + info.size, count + 1
                # Looked at before the reader goes on, which unpacks what it passes over.
                _refuse_size(archive, size, count)
                if not info.isdir():
                    _add(archive, members, info.name, info if info.isreg() else None)

            def opener(member: tarfile.TarInfo) -> IO[bytes]:
                found = file.extractfile(member)
                if found is None:
                    raise tarfile.TarError(f"{member.name} is no plain file")
                return found

            yield members, opener


class _Bounded:
    """A stream that gives no huge piece at once: headers of a tar may claim to be of any size."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > FREE_BYTES:
            raise tarfile.TarError("a header of absurd size")
        data: bytes = self._stream.read(size)
        return data


def _unpack_members(archive: Path, members: Members, opener: Opener, room: Path, belongs: Belongs) -> None:
    heads = sorted((p for p in members if p.name == HEAD_FILE), key=lambda p: len(p.parts))
    if not heads:
        raise ReleaseNotFound("no release in this archive", path=archive, expected=HEAD_FILE)
    if len(heads) > 1 and len(heads[0].parts) == len(heads[1].parts):
        raise ReleaseError(
            "the archive holds several releases", path=archive, got=f"{heads[0]}, {heads[1]}"
        )
    root = heads[0].parent
    left = _limit(archive)
    for path, member in members.items():
        if path.is_relative_to(root) and belongs(relative := path.relative_to(root)):
            if member is None:
                raise ReleaseError(
                    "the archive holds a link or device in the place of a file", path=archive, got=str(path)
                )
            with opener(member) as stream:
                left -= put(stream, room, relative, left)
