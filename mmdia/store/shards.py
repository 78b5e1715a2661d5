"""Files of clips, wherever they lie: loose, in a tar shard, or in a Parquet shard.

A receipt's fact says where: ``path`` alone is a loose file; with ``shard`` and ``offset`` it is a
member of a tar file, read by one seek; with ``shard`` and ``row`` it lies in a Parquet file, read
with the few rows of its row group. A shard's name holds a digest of its content and a shard is
never changed, so facts stay true until the shard is deleted.

References are the same as text, for columns that hold paths: ``tar://MEMBER::SHARD`` (which
`fsspec` understands too) and ``mmdia-parquet://ROW/MEMBER::SHARD``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.store import parquet_shards, tar_shards
from mmdia.store.filed import (
    CLIPS,
    LOST,
    SHARD_NAME,
    SHARDS,
    Filed,
    Row,
    filed,
    inside,
    member_name,
    sample_key,
)
from mmdia.store.parquet_shards import is_whole, read_row
from mmdia.store.tar_shards import index_of, read_at

__all__ = [
    "CLIPS",
    "SHARDS",
    "SHARD_NAME",
    "Filed",
    "filed",
    "inside",
    "is_reference",
    "is_stored",
    "member_name",
    "read_metas",
    "read_reference",
    "read_stored",
    "reference",
    "sample_key",
]

TAR = "tar://"
PARQUET = "mmdia-parquet://"


def reference(folder: Path, fact: Mapping[str, Any]) -> str:
    """A file as text that `read_reference` opens; for a loose file, its path."""
    if not fact.get("shard"):
        return str(inside(folder, fact["path"]))
    shard, member = inside(folder, fact["shard"]), member_name(fact["path"])
    if fact.get("row") is not None:
        return f"{PARQUET}{fact['row']}/{member}::{shard}"
    return f"{TAR}{member}::{shard}"


def is_reference(path: str) -> bool:
    """Whether a path is a reference into a shard."""
    return path.startswith((TAR, PARQUET)) and "::" in path


def read_reference(path: str) -> bytes:
    """The bytes of a file that a reference names.

    Raises:
        MediaNotFound: There is no such shard, or nothing of that name in it.
        MediaUnreadable: The shard is damaged.
    """
    name, _, shard = path.partition("::")
    if not Path(shard).is_file():
        raise MediaNotFound("the shard is gone", path=shard, hint=LOST)
    if name.startswith(PARQUET):
        number, _, member = name.removeprefix(PARQUET).partition("/")
        return read_row(Path(shard), int(number), member)
    member = name.removeprefix(TAR)
    place = index_of(Path(shard)).get(member)
    if place is None:
        raise MediaNotFound("the shard holds no such file", path=shard, got=member, hint=LOST)
    return read_at(Path(shard), *place)


def read_stored(folder: Path, fact: Mapping[str, Any]) -> bytes:
    """The bytes of a file that a receipt names, loose or in a shard.

    Args:
        folder: The folder that the receipt's paths are relative to.
        fact: ``path``, and for a shard ``shard`` with ``offset`` and ``bytes``, or with ``row``.

    Raises:
        MediaNotFound: It is not there.
        MediaUnreadable: It cannot be read, or the shard is damaged.
    """
    if not fact.get("shard"):
        path = inside(folder, fact["path"])
        try:
            return path.read_bytes()
        except FileNotFoundError as error:
            raise MediaNotFound("the clip is gone", path=path, hint=LOST) from error
        except OSError as error:
            raise MediaUnreadable("the clip cannot be read", path=path, got=str(error)) from error
    offset, size = fact.get("offset"), fact.get("bytes")
    if fact.get("row") is None and offset is not None and size is not None:
        return read_at(inside(folder, fact["shard"]), offset, size)
    return read_reference(reference(folder, fact))


def read_metas(shard: Path) -> dict[str, bytes]:
    """What a shard says of its dialogues (JSON), by dialogue, in order.

    Raises:
        MediaNotFound: There is no such shard.
        MediaUnreadable: It is damaged.
    """
    if not shard.is_file():
        raise MediaNotFound("the shard is gone", path=shard, hint=LOST)
    if shard.suffix == ".parquet":
        return parquet_shards.metas(shard)
    return tar_shards.metas(shard)


def is_stored(folder: Path, row: Row) -> bool:
    """Whether all files of a row are there with the size they were written with.

    Nothing is read: a loose file costs one `stat`, a shard one for all that it holds of the row.
    """
    ends: dict[str, int] = {}
    try:
        for _, _, fact in filed(row):
            shard, size = fact.get("shard"), fact.get("bytes")
            if shard:
                ends[shard] = max(ends.get(shard, 0), (fact.get("offset") or 0) + (size or 0))
            elif os.stat(_quick(folder, fact["path"])).st_size != size and size is not None:
                return False
        return all(_reaches(_quick(folder, shard), end) for shard, end in ends.items())
    except OSError:
        return False


def _quick(folder: Path, relative: str) -> str:
    """As `inside`, at a tenth of the time for the paths that rebuilds write."""
    if relative[:1] == "/" or ".." in relative or "\\" in relative or ":" in relative:
        return str(inside(folder, relative))
    return f"{folder}/{relative}"


def _reaches(shard: str, end: int) -> bool:
    """Whether a shard is as long as what it should hold; one that was cut short is not."""
    stat = os.stat(shard)
    if not shard.endswith(".parquet"):
        return stat.st_size >= end
    return is_whole(Path(shard), stat.st_size, stat.st_mtime_ns)
