"""The files of a receipt row: where they lie, whether they are there, taking them away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mmdia.errors import MediaNotFound
from mmdia.store.shards import CLIPS, filed, inside, is_stored, read_stored

__all__ = ["CLIPS", "clip_path", "discard", "inside", "is_there", "opened", "row_files", "still_ending"]


def clip_path(title_name: str, dialogue_name: str, ending: str) -> str:
    """Path of a clip relative to the output folder, with forward slashes as the receipt has it."""
    return f"{CLIPS}/{title_name}/{dialogue_name}{ending}"


def still_ending(turn: int) -> str:
    """Ending of the keyframe of a turn: ``.k007.jpg``."""
    return f".k{turn:03d}.jpg"


def row_files(row: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    """Paths (relative to the output folder) and sizes of all files that a row names.

    Files of a shard are named as the loose ones would be.
    """
    for _, _, fact in filed(row):
        yield fact["path"], fact.get("bytes")


def is_there(out: Path, row: Mapping[str, Any]) -> bool:
    """Whether all files of a row exist, loose or in shards, with the size they were written with."""
    return is_stored(out, row)


@contextmanager
def opened(out: Path, fact: Mapping[str, Any]) -> Iterator[Path]:
    """A file of a row as a file of its own, for readers that want one.

    Args:
        out: Output folder.
        fact: What the receipt says of the file; from a shard it is copied to a temporary place.

    Raises:
        MediaNotFound: It is not there.
        MediaUnreadable: Its shard is damaged.
    """
    if not fact.get("shard"):
        path = inside(out, fact["path"])
        if not path.is_file():
            raise MediaNotFound("there is no such clip", path=path)
        yield path
        return
    content = read_stored(out, fact)
    with TemporaryDirectory(prefix="mmdia-") as folder:
        path = Path(folder) / fact["path"].rpartition("/")[2]
        path.write_bytes(content)
        del content
        yield path


def discard(out: Path, row: Mapping[str, Any], *, but: Mapping[str, Any] | None = None) -> None:
    """Delete the loose files of a row that is no longer valid; what is gone already is no error.

    What lies in a shard is taken out of it by the ledger, when the row's successor is on disk.

    Args:
        out: Output folder.
        row: The row.
        but: A newer row, whose files stay.
    """
    stay = {path for path, _ in row_files(but or {})}
    for _, _, fact in filed(row):
        if fact.get("shard") or fact["path"] in stay:
            continue
        with suppress(OSError):
            inside(out, fact["path"]).unlink(missing_ok=True)
