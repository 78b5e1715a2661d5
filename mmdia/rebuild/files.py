"""The files of a receipt row: where they lie, whether they are there, taking them away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

CLIPS = "clips"


def clip_path(title_name: str, dialogue_name: str, ending: str) -> str:
    """Path of a clip relative to the output folder, with forward slashes as the receipt has it."""
    return f"{CLIPS}/{title_name}/{dialogue_name}{ending}"


def still_ending(turn: int) -> str:
    """Ending of the keyframe of a turn: ``.k007.jpg``."""
    return f".k{turn:03d}.jpg"


def row_files(row: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Paths (relative to the output folder) and sizes of all files that a row names."""
    facts = [row.get("audio"), row.get("video"), *(row.get("keyframes") or ())]
    for clip in row.get("turn_clips") or ():
        facts += [clip.get("audio"), clip.get("video")]
    for fact in facts:
        if fact:
            yield fact["path"], fact.get("bytes")


def inside(out: Path, relative: str) -> Path:
    """A receipt's path under the output folder.

    Receipts are files that people exchange, so a path that climbs out of the folder is not
    followed: only its name is used, in the folder itself, where it does not exist.
    """
    parts = PurePosixPath(relative).parts
    safe = [p for p in parts if p not in ("..", "/", "\\")]
    return out.joinpath(*safe) if len(safe) == len(parts) else out / "outside" / safe[-1]


def is_there(out: Path, row: Mapping[str, Any]) -> bool:
    """Whether all files of a row exist with the size they were written with."""
    for path, size in row_files(row):
        try:
            found = inside(out, path).stat().st_size
        except OSError:
            return False
        if size is not None and found != size:
            return False
    return True


def discard(out: Path, row: Mapping[str, Any], *, but: Mapping[str, Any] | None = None) -> None:
    """Delete the files of a row that is no longer valid; what is gone already is no error.

    Args:
        out: Output folder.
        row: The row.
        but: A newer row, whose files stay.
    """
    stay = {path for path, _ in row_files(but or {})}
    for path, _ in row_files(row):
        if path in stay:
            continue
        with suppress(OSError):
            inside(out, path).unlink(missing_ok=True)
