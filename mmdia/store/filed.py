"""The files that a receipt row names, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

CLIPS = "clips"
SHARDS = "shards"
#: A shard's own name; only such files are ever deleted as left over.
SHARD_NAME = re.compile(r".+-\d{5}-[0-9a-f]{12}\.(tar|parquet)")
#: Cure for a file that is gone.
LOST = "Run the rebuild again: it makes what is missing."

Row = Mapping[str, Any]


class Filed(NamedTuple):
    """One file of a receipt row.

    Attributes:
        kind: audio, video, keyframe, turn_audio or turn_video.
        turn: The (first) turn it stands for; None for the whole dialogue.
        fact: What the receipt says of it.
    """

    kind: str
    turn: int | None
    fact: Mapping[str, Any]


def filed(row: Row) -> Iterator[Filed]:
    """All files of a receipt row, in the order in which shards hold them."""
    if row.get("audio"):
        yield Filed("audio", None, row["audio"])
    if row.get("video"):
        yield Filed("video", None, row["video"])
    for still in row.get("keyframes") or ():
        yield Filed("keyframe", still.get("turn"), still)
    for clip in row.get("turn_clips") or ():
        turn = min(clip.get("turns") or (0,))
        for kind in ("audio", "video"):
            if clip.get(kind):
                yield Filed(f"turn_{kind}", turn, clip[kind])


def inside(folder: Path, relative: str) -> Path:
    """A receipt's path under its folder.

    Receipts are files that people exchange, so a path that climbs out of the folder is not
    followed: only its name is used, in a place where it does not exist.
    """
    parts = PurePosixPath(relative).parts
    safe = [p for p in parts if p not in ("..", "/", "\\")]
    return folder.joinpath(*safe) if len(safe) == len(parts) else folder / "outside" / "".join(safe[-1:])


def member_name(path: str) -> str:
    """Name of a file within a shard: its path without the folder of clips."""
    return path.removeprefix(f"{CLIPS}/")


def sample_key(path: str) -> str:
    """What all files of a dialogue have in common: ``TITLE/DIALOGUE``, the key of WebDataset."""
    folder, slash, name = member_name(path).rpartition("/")
    return f"{folder}{slash}{name.split('.', 1)[0]}"
