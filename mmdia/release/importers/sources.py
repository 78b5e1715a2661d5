"""Which files an import reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from mmdia.corpus.locate import HEAD_FILE
from mmdia.errors import ReleaseNotFound, UsageError
from mmdia.release.importers.registry import Importer


def list_files(sources: Iterable[str | Path]) -> list[Path]:
    """The files named, and those of the folders, in order; a file is given once.

    Hidden files, and links that lead out of a folder, are not of it.

    Raises:
        ReleaseNotFound: A source is not there.
    """
    seen: set[Path] = set()
    out = []
    for source in sources:
        path = Path(source).expanduser()
        if path.is_dir():
            root = path.resolve()
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
            found = [p for p in inside if root in p.resolve().parents]
        elif path.is_file():
            found = [path]
        else:
            raise ReleaseNotFound("no such file or folder", path=path)
        for file in found:
            if (real := file.resolve()) not in seen:
                seen.add(real)
                out.append(file)
    return out


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def take(
    files: Sequence[Path], sources: Iterable[str | Path], reader: Importer, *, is_named: bool
) -> list[Path]:
    """The files that a format reads.

    Args:
        files: All files.
        sources: What the user named.
        reader: The format.
        is_named: Whether the user named the format; then a file that is named, too, may end as it likes.

    Raises:
        UsageError: There is none.
    """
    named = {Path(s).expanduser() for s in sources} if is_named and reader.any_suffix else set()
    taken = [path for path in files if path.suffix.lower() in reader.suffixes or path in named]
    if not taken:
        raise UsageError(
            f"no file of the format {reader.name} here",
            expected=", ".join(reader.suffixes), got=", ".join(p.name for p in files[:5]) or "no files",
        )  # fmt: skip
    return taken


def passed_over(files: Iterable[Path], taken: Sequence[Path]) -> list[Path]:
    """The files that are not read; what lies in a release that is read belongs to it."""
    known = set(taken)
    releases = {path.parent for path in taken if path.name == HEAD_FILE}
    return [path for path in files if path not in known and not releases.intersection(path.parents)]
