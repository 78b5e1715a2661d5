"""Tar shards: what WebDataset streams, and what one seek reads at random.

Members of a dialogue stand together: its files, then its ``.json``. Headers hold nothing of the
machine or the hour, so the same clips give the same bytes everywhere.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.store.filed import LOST, filed, member_name
from mmdia.store.samples import Places, Read, Sample

_BLOCK = 512


def _add(stream: IO[bytes], name: str, content: bytes) -> int:
    """Append a member; returns the place of its first byte."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(content), 0, 0o644
    # Names beyond the classic 100 bytes get a longer header, which every tar of today reads.
    stream.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
    offset = stream.tell()
    stream.write(content)
    stream.write(b"\0" * (-len(content) % _BLOCK))
    return offset


def write_tar(stream: IO[bytes], samples: Sequence[Sample], read: Read) -> Places:
    """Write a shard.

    Args:
        stream: Where it goes.
        samples: What it holds.
        read: Gives the bytes of a file, by its fact.

    Returns:
        ``offset`` and ``bytes`` of every file, by its path.

    Raises:
        MediaNotFound: A file is gone.
        MediaUnreadable: A file cannot be read.
    """
    places: Places = {}
    for sample in samples:
        for _, _, fact in filed(sample.row):
            content = read(fact)
            offset = _add(stream, member_name(fact["path"]), content)
            places[fact["path"]] = {"offset": offset, "bytes": len(content)}
        _add(stream, f"{sample.key}.json", sample.meta)
    stream.write(b"\0" * (2 * _BLOCK))
    return places


def index_of(shard: Path) -> dict[str, tuple[int, int]]:
    """First byte and size of every member of a shard, by name; kept while the file is the same.

    Raises:
        MediaNotFound: There is no such shard.
        MediaUnreadable: It is no tar file, or a damaged one.
    """
    try:
        stat = os.stat(shard)
    except OSError as error:
        raise MediaNotFound("the shard is gone", path=shard) from error
    return _index(shard, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _index(shard: Path, size: int, changed: int) -> dict[str, tuple[int, int]]:
    try:
        with tarfile.open(shard, "r:") as archive:
            return {m.name: (m.offset_data, m.size) for m in archive if m.isfile()}
    except (tarfile.TarError, OSError) as error:
        raise MediaUnreadable("the shard cannot be read", path=shard, got=str(error)) from error


def read_at(shard: Path, offset: int, size: int) -> bytes:
    """Bytes of a shard from a place on.

    Raises:
        MediaNotFound: There is no such shard.
        MediaUnreadable: It ends before.
    """
    try:
        with open(shard, "rb") as stream:
            stream.seek(offset)
            content = stream.read(size)
    except FileNotFoundError as error:
        raise MediaNotFound("the shard is gone", path=shard, hint=LOST) from error
    except OSError as error:
        raise MediaUnreadable("the shard cannot be read", path=shard, got=str(error)) from error
    if len(content) != size:
        raise MediaUnreadable("the shard is shorter than its receipt says", path=shard, hint=LOST)
    return content


def metas(shard: Path) -> dict[str, bytes]:
    """The ``.json`` of every dialogue of a shard, by dialogue, in order.

    Raises:
        MediaNotFound: There is no such shard.
        MediaUnreadable: It is damaged.
    """
    found = {}
    for name, place in index_of(shard).items():
        if name.endswith(".json"):
            meta = read_at(shard, *place)
            try:
                found[str(json.loads(meta)["dialogue_id"])] = meta
            except (ValueError, KeyError, TypeError) as error:
                raise MediaUnreadable("a sample of the shard is damaged", path=shard, got=name) from error
    return found
