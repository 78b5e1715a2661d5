"""The user's media: a folder of this machine, or of remote storage whose films are fetched when needed.

libav reads films with many small, nearly random reads, for which object stores are slow; so a
remote film is downloaded to scratch space when its title's turn comes, with what lies beside it, and
deleted when the title is done. Never more films lie there than titles are worked on.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import Protocol

from mmdia.corpus.locate import mmdia_home
from mmdia.errors import MediaError, MediaNotFound, StoreError
from mmdia.media.probe import is_media_name
from mmdia.rebuild.discs import is_of_disc
from mmdia.schema.names import real_path, written_path
from mmdia.store.atomic import is_disk_full
from mmdia.store.digest import params_hash
from mmdia.store.lock import alive
from mmdia.store.remote import RemoteError, RemoteFolder, is_url
from mmdia.subtitles.identify import is_sidecar_of

#: Scratch space that a download leaves free, bytes: other programs use the same disk.
SPARE = 64 << 20
#: Files beside a film that are larger are no subtitles or notes of it, bytes.
_SMALL = 64 << 20


class FetchError(MediaError):
    """A remote film cannot be had here now."""

    code = "fetch_failed"


class ScratchFull(FetchError):
    """The scratch space does not hold the film."""

    code = "no_scratch"


class MediaSource(Protocol):
    """Where films come from. Paths are relative to the media folder, as `written_path` has them."""

    def files(self, skip: frozenset[Path] = frozenset()) -> Iterator[PurePath]:
        """Media files and those of discs, sorted, relative."""
        ...

    def size(self, relative: str) -> int | None:
        """Bytes of a file; None when it is not there."""
        ...

    def small(self, relative: str) -> Path | None:
        """A small file (a map, an nfo) as a local one; None when it is not there."""
        ...

    def local(self, relative: str) -> Path:
        """A film as a local file, with the files that belong to it beside it."""
        ...

    def release(self, relative: str) -> None:
        """Say that a film is not needed any more."""
        ...

    def close(self) -> None:
        """Give back the scratch space."""
        ...


def open_source(media_dir: str | Path, scratch: str | Path | None = None) -> MediaSource:
    """Open the user's media.

    Args:
        media_dir: A folder, or the URL of one.
        scratch: Folder for downloads; None takes one under the home folder.

    Raises:
        MissingExtra, UsageError: As `RemoteFolder`.
    """
    if not is_url(media_dir):
        return FolderSource(Path(media_dir))
    where = Path(scratch) if scratch is not None else mmdia_home() / "scratch"
    return RemoteSource(str(media_dir), where)


class FolderSource:
    """A folder of this machine: films are read where they lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self, skip: frozenset[Path] = frozenset()) -> Iterator[PurePath]:
        """Media files and those of discs, sorted; links are followed, but no folder twice.

        Folders that hold a rebuild's output are passed over, and so is what is no file (a pipe or a
        device that is named like a film would be read for ever).

        Raises:
            MediaNotFound: There is no such folder.
        """
        if not self.folder.is_dir():
            raise MediaNotFound("no such media folder", path=self.folder)
        seen: set[tuple[int, int]] = set()
        found: list[PurePath] = []
        for place, folders, files in os.walk(self.folder, followlinks=True):
            here = Path(place)
            identity = (here.stat().st_dev, here.stat().st_ino)
            # The output of another rebuild holds clips of films, named like titles: it is no media.
            other_output = "receipt.jsonl" in files and here != self.folder
            if identity in seen or here.resolve() in skip or other_output:
                folders.clear()
                continue
            seen.add(identity)
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            inner = PurePath(here.relative_to(self.folder))
            wanted = (f for f in files if (is_media_name(f) or is_of_disc(f)) and not _is_special(here / f))
            found += [PurePath(written_path(str(inner / f))) for f in wanted]
        yield from sorted(found)

    def place(self, relative: str) -> Path:
        """The file on disk."""
        return self.folder / real_path(relative)

    def size(self, relative: str) -> int | None:
        """Bytes of a file; None when it is not there."""
        try:
            return self.place(relative).stat().st_size
        except OSError:
            return None

    def small(self, relative: str) -> Path | None:
        """The file, when it is there."""
        path = self.place(relative)
        return path if path.is_file() else None

    def local(self, relative: str) -> Path:
        """The file itself.

        Raises:
            MediaError: It is no file but a pipe, a socket or a device.
        """
        path = self.place(relative)
        if _is_special(path):
            raise MediaError("this is a pipe or a device, not a media file", path=path)
        return path

    def release(self, relative: str) -> None:
        """Nothing: the user's files are not ours."""

    def close(self) -> None:
        """Nothing."""


def _is_special(path: Path) -> bool:
    """Whether something is there that is neither a file nor a folder."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


class RemoteSource:
    """A folder of remote storage."""

    def __init__(self, url: str, scratch: Path) -> None:
        self.remote = RemoteFolder(url)
        # Titles are worked on side by side, and each process takes away its own.
        self.scratch = scratch / f"media-{params_hash(url)[:8]}-{os.getpid()}"
        self._listed: dict[str, int] | None = None

    def files(self, skip: frozenset[Path] = frozenset()) -> Iterator[PurePath]:
        """Media files and those of discs, sorted; outputs of other rebuilds are passed over.

        Raises:
            MediaNotFound: There is nothing at all.
            RemoteError: The store cannot be asked.
        """
        sizes = self._listed = self.remote.sizes()
        if not sizes:
            raise MediaNotFound("there is nothing in this media folder", path=self.remote.url)
        outputs = {str(PurePosixPath(p).parent) for p in sizes if PurePosixPath(p).name == "receipt.jsonl"}
        outputs.discard(".")
        for relative in sorted(sizes):
            path = PurePosixPath(relative)
            hidden = any(part.startswith(".") for part in path.parts)
            inside = any(str(folder) in outputs for folder in path.parents)
            if (is_media_name(path.name) or is_of_disc(path.name)) and not hidden and not inside:
                yield path

    def size(self, relative: str) -> int | None:
        """Bytes of a file; None when it is not there."""
        if self._listed is not None:  # asked once for all
            return self._listed.get(_slashes(relative))
        return self.remote.size(_slashes(relative))

    def small(self, relative: str) -> Path | None:
        """A small file, downloaded; None when it is not there."""
        if self.size(relative) is None:
            return None
        try:
            return self._get(_slashes(relative), self._place(relative) / PurePosixPath(relative).name)
        except FileNotFoundError:
            return None

    def local(self, relative: str) -> Path:
        """Download a film, once, and the subtitles and notes that belong to it.

        Raises:
            MediaNotFound: It is not there.
            ScratchFull: It does not fit into the scratch space.
            FetchError: The download failed.
        """
        film = PurePosixPath(_slashes(relative))
        place = self._place(relative)
        final = place / film.name
        if final.is_file():
            return final
        try:
            for path in self._beside(film):
                self._get(str(path), place / path.relative_to(film.parent))
            return self._get(str(film), final)
        except FileNotFoundError as error:
            raise MediaNotFound("there is no such media file", path=f"{self.remote.url}/{film}") from error

    def release(self, relative: str) -> None:
        """Delete the download of a film."""
        shutil.rmtree(self._place(relative), ignore_errors=True)

    def close(self) -> None:
        """Delete all downloads."""
        shutil.rmtree(self.scratch, ignore_errors=True)

    def _place(self, relative: str) -> Path:
        # A folder of its own for each film: a path of the media map may hold "..".
        return self.scratch / params_hash(_slashes(relative))[:16]

    def _get(self, relative: str, final: Path) -> Path:
        try:
            self._check_room(self.remote.size(relative) or 0, relative)
            self.remote.get(relative, final)
        except RemoteError as error:
            raise FetchError(error.message, path=error.path, got=error.got, hint=error.hint) from error
        except StoreError as error:
            if is_disk_full(error):
                raise self._full(relative, None) from error
            raise
        return final

    def _check_room(self, size: int, relative: str) -> None:
        self.scratch.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.scratch).free
        if size + SPARE > free:
            raise self._full(relative, f"{free / 1e9:.2f} GB free, {size / 1e9:.2f} GB needed")

    def _full(self, relative: str, got: str | None) -> ScratchFull:
        hint = "Name a larger folder with --scratch, or work on fewer titles at a time: --jobs."
        return ScratchFull(
            f"not enough scratch space in {self.scratch.parent}",
            path=f"{self.remote.url}/{relative}",
            got=got,
            hint=hint,
        )

    def _beside(self, film: PurePosixPath) -> list[PurePosixPath]:
        """Subtitles of a film by name and place, and files that have its name and another ending."""
        try:
            under = "" if str(film.parent) == "." else str(film.parent)
            sizes = self.remote.sizes(under, depth=3)
        except RemoteError as error:
            raise FetchError(error.message, path=error.path, hint=error.hint) from error
        paths = [PurePosixPath(p) for p, size in sizes.items() if size <= _SMALL]
        films = sum(is_media_name(p) and PurePosixPath(p).parent == film.parent for p in sizes)
        found = []
        for path in paths:
            if is_media_name(path) or path == film:
                continue
            named = path.parent == film.parent and path.name.lower().startswith(film.stem.lower() + ".")
            # A subtitle that has only a language for a name would fit any film of the folder.
            anyones = films > 1 and is_sidecar_of(str(path), str(film.with_name(f"\x01{film.suffix}")))
            if named or (is_sidecar_of(str(path), str(film)) and not anyones):
                found.append(path)
        return found


def _slashes(relative: str) -> str:
    return relative.replace("\\", "/") if os.sep == "\\" else relative


def sweep_scratch(scratch: str | Path | None = None) -> None:
    """Delete downloads and unfinished titles that processes of this machine left when they were killed."""
    where = Path(scratch) if scratch is not None else mmdia_home() / "scratch"
    for folder in [*where.glob("media-*-*"), *where.glob("title-*-*")]:
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not alive(int(pid)):
            with suppress(OSError):
                shutil.rmtree(folder)
