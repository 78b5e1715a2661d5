"""``checksums.json``: what a published release consists of, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from mmdia.errors import ReleaseError
from mmdia.store.atomic import write_json
from mmdia.store.digest import file_sha256

CHECKSUMS = "checksums.json"
CHECKSUMS_SCHEMA = "mmdia.checksums/1"
_HEX = frozenset("0123456789abcdef")
#: What a reader would take although nobody listed it. Withdrawals are not among it: whoever holds a
#: copy may honour a request before the next version does, and they can only take rows away.
_TAKEN = ("titles.*", "dialogues.*", "scenes.*", "dialogues/*.parquet", "subtitles/*", "fingerprints/*")

ProblemKind = Literal["missing", "changed", "unlisted", "unsafe"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One file that is not as the list says.

    Attributes:
        path: Path within the folder.
        kind: missing, changed, unlisted (a table that the list does not have), or unsafe (a path
            that leads out of the folder).
        expected: What the list says.
        got: What was found.
    """

    path: str
    kind: ProblemKind
    expected: str | None = None
    got: str | None = None

    def to_row(self) -> dict[str, Any]:
        """The row of ``--json``."""
        return {"path": self.path, "kind": self.kind, "expected": self.expected, "got": self.got}


def write_checksums(folder: Path, made_of: Mapping[str, Any]) -> dict[str, Any]:
    """List every file of a folder with size and SHA-256.

    Args:
        folder: The folder.
        made_of: What it was made of and how: the same things give the same files.

    Returns:
        The document written.
    """
    files: dict[str, Any] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name != CHECKSUMS:
            files[name] = {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
    document = {"schema": CHECKSUMS_SCHEMA, "made_of": dict(made_of), "files": files}
    write_json(folder / CHECKSUMS, document)
    return document


def read_checksums(folder: Path) -> dict[str, Any] | None:
    """The list of a folder; None where there is none.

    Raises:
        ReleaseError: It is there and is not such a list.
    """
    path = folder / CHECKSUMS
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text("utf-8"))
        good = document["schema"] == CHECKSUMS_SCHEMA and all(
            isinstance(fact["bytes"], int) and len(fact["sha256"]) == 64 and _HEX.issuperset(fact["sha256"])
            for fact in document["files"].values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ReleaseError("not a list of checksums", path=path, got=str(error)) from error
    if not good:
        raise ReleaseError("not a list of checksums", path=path, expected=CHECKSUMS_SCHEMA)
    return dict(document)


def verify(folder: str | Path, needed: Callable[[str], bool] | None = None) -> list[Problem]:
    """Compare a folder with its ``checksums.json``; no problems where there is no such file.

    Args:
        folder: The folder.
        needed: Which of the listed files must be there (an installed copy has no card figures);
            None means all. Files that are there are compared in any case.

    Returns:
        The problems, by path.

    Raises:
        ReleaseError: ``checksums.json`` is no list of checksums.
    """
    place = Path(folder)
    document = read_checksums(place)
    if document is None:
        return []
    listed: dict[str, Any] = document["files"]
    problems = [p for name in sorted(listed) if (p := _problem(place, name, listed[name], needed))]
    problems += [Problem(name, "unlisted") for name in _strangers(place, listed)]
    return sorted(problems, key=lambda problem: problem.path)


def _problem(
    folder: Path, name: str, fact: Mapping[str, Any], needed: Callable[[str], bool] | None
) -> Problem | None:
    parts = PurePosixPath(name)
    if not name or parts.is_absolute() or ".." in parts.parts or "\\" in name or ":" in name:
        return Problem(name, "unsafe")
    path = folder.joinpath(*parts.parts)
    if not path.is_file():
        return Problem(name, "missing") if needed is None or needed(name) else None
    if not path.resolve().is_relative_to(folder.resolve()):
        return Problem(name, "unsafe", got="a link out of the folder")
    size = path.stat().st_size
    if size != fact["bytes"]:
        return Problem(name, "changed", f"{fact['bytes']} bytes", f"{size} bytes")
    digest = file_sha256(path)
    if digest != fact["sha256"]:
        return Problem(name, "changed", f"sha256 {fact['sha256']}", f"sha256 {digest}")
    return None


def _strangers(folder: Path, listed: Iterable[str]) -> list[str]:
    known = frozenset(listed)
    found = (p.relative_to(folder).as_posix() for pattern in _TAKEN for p in folder.glob(pattern))
    return sorted(name for name in found if name not in known)
