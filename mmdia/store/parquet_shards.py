"""Parquet shards: one row a dialogue, its files as bytes in columns that `datasets` knows.

Row groups are small, because reading one file reads its column of the whole group. Columns:
``dialogue_id``, ``title_id``, ``audio``, ``video`` (structs of ``bytes`` and ``path``),
``keyframes`` (a list of them), ``turn_clips`` (``turns``, ``start``, ``end``, ``audio``, ``video``)
and ``json`` (what the ``.json`` member of a tar shard says).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.store.filed import filed, member_name
from mmdia.store.samples import Places, Read, Sample

#: Most rows of a row group, and bytes after which it is closed.
GROUP_ROWS = 8
GROUP_BYTES = 64 * 1024 * 1024
_MAGIC = b"PAR1"
#: Column of a file, by what follows the dialogue's name.
_COLUMNS = {r"t\d+\.\w+": "turn_clips", r"k\d+\.jpg": "keyframes", "flac": "audio", "mp4": "video"}


def _schema() -> Any:
    import pyarrow as pa

    media = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    clip = pa.struct(
        [
            pa.field("turns", pa.list_(pa.int64())),
            pa.field("start", pa.float64()),
            pa.field("end", pa.float64()),
            pa.field("audio", media),
            pa.field("video", media),
        ]
    )
    return pa.schema(
        [
            pa.field("dialogue_id", pa.string()),
            pa.field("title_id", pa.string()),
            pa.field("audio", media),
            pa.field("video", media),
            pa.field("keyframes", pa.list_(media)),
            pa.field("turn_clips", pa.list_(clip)),
            pa.field("json", pa.string()),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": _features()}})},
    )


def _features() -> dict[str, Any]:
    """The columns as `datasets` writes them into Parquet files, so that it reads them as media."""

    def value(dtype: str) -> dict[str, Any]:
        return {"dtype": dtype, "_type": "Value"}

    def media(kind: str) -> dict[str, Any]:
        # Undecoded: decoding is a choice, and needs a decoder.
        return {"decode": False, "_type": kind}

    clip = {
        "turns": {"feature": value("int64"), "_type": "List"},
        "start": value("float64"),
        "end": value("float64"),
        "audio": media("Audio"),
        "video": media("Video"),
    }
    return {
        "dialogue_id": value("string"),
        "title_id": value("string"),
        "audio": media("Audio"),
        "video": media("Video"),
        "keyframes": {"feature": media("Image"), "_type": "List"},
        "turn_clips": {"feature": clip, "_type": "List"},
        "json": value("string"),
    }


def _values(sample: Sample, read: Read) -> dict[str, Any]:
    def media(fact: Mapping[str, Any] | None) -> dict[str, Any] | None:
        if not fact:
            return None
        return {"bytes": read(fact), "path": member_name(fact["path"])}

    row = sample.row
    return {
        "dialogue_id": row["dialogue_id"],
        "title_id": row.get("title_id"),
        "audio": media(row.get("audio")),
        "video": media(row.get("video")),
        "keyframes": [media(fact) for fact in row.get("keyframes") or ()],
        "turn_clips": [
            {
                "turns": list(clip.get("turns") or ()),
                "start": clip.get("start"),
                "end": clip.get("end"),
                "audio": media(clip.get("audio")),
                "video": media(clip.get("video")),
            }
            for clip in row.get("turn_clips") or ()
        ],
        "json": sample.meta.decode(),
    }


def write_parquet(stream: IO[bytes], samples: Sequence[Sample], read: Read) -> Places:
    """Write a shard.

    Args:
        stream: Where it goes.
        samples: What it holds.
        read: Gives the bytes of a file, by its fact.

    Returns:
        ``row`` and ``bytes`` of every file, by its path.

    Raises:
        MediaNotFound: A file is gone.
        MediaUnreadable: A file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, places = _schema(), Places()
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    with pq.ParquetWriter(stream, schema, **options) as writer:
        group: list[dict[str, Any]] = []
        size = 0

        def flush() -> None:
            if group:
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                group.clear()

        for number, sample in enumerate(samples):
            values = _values(sample, read)
            for fact, content in zip(filed(sample.row), _contents(values), strict=True):
                places[fact.fact["path"]] = {"row": number, "bytes": len(content)}
                size += len(content)
            group.append(values)
            if len(group) >= GROUP_ROWS or size >= GROUP_BYTES:
                flush()
                size = 0
        flush()
    return places


def _contents(values: Mapping[str, Any]) -> Iterator[bytes]:
    """The files of a row, in the order of `filed`."""
    media = [values["audio"], values["video"], *values["keyframes"]]
    for clip in values["turn_clips"]:
        media += [clip["audio"], clip["video"]]
    return (m["bytes"] for m in media if m is not None)


@lru_cache(maxsize=4096)
def is_whole(shard: Path, size: int, changed: int) -> bool:
    """Whether a shard ends as a Parquet file does: one that was cut short does not."""
    try:
        with open(shard, "rb") as stream:
            stream.seek(max(0, size - len(_MAGIC)))
            return stream.read() == _MAGIC
    except OSError:
        return False


@lru_cache(maxsize=512)
def _footer(shard: Path, size: int, changed: int) -> Any:
    import pyarrow.parquet as pq

    return pq.read_metadata(shard)


def read_row(shard: Path, number: int, member: str) -> bytes:
    """One file of a shard.

    Args:
        shard: The shard.
        number: Row of its dialogue.
        member: Name of the file within the shard.

    Raises:
        MediaNotFound: The shard holds no such file.
        MediaUnreadable: The shard is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = member.rpartition("/")[2].partition(".")[2]
    column = next((c for pattern, c in _COLUMNS.items() if re.fullmatch(pattern, name)), None)
    try:
        stat = os.stat(shard)
        footer = _footer(shard, stat.st_size, stat.st_mtime_ns)
        group, first = 0, 0
        while group < footer.num_row_groups and first + footer.row_group(group).num_rows <= number:
            first += footer.row_group(group).num_rows
            group += 1
        if column is not None and group < footer.num_row_groups:
            with pq.ParquetFile(shard, metadata=footer) as file:
                found = file.read_row_group(group, columns=[column]).column(column)
            content = _find(found[number - first].as_py(), member)
            if content is not None:
                return content
    except (pa.ArrowException, OSError) as error:
        raise MediaUnreadable("the shard cannot be read", path=shard, got=str(error)) from error
    raise MediaNotFound("the shard holds no such file", path=shard, got=member)


def _find(value: Any, member: str) -> bytes | None:
    """The content of a file within a row's value, however deep it lies."""
    if isinstance(value, list):
        return next((c for item in value if (c := _find(item, member)) is not None), None)
    if not isinstance(value, dict):
        return None
    if value.get("path") == member:
        content = value.get("bytes")
        return content if isinstance(content, bytes) else None
    return next((c for item in value.values() if (c := _find(item, member)) is not None), None)


def metas(shard: Path) -> dict[str, bytes]:
    """The ``json`` of every row of a shard, by dialogue, in order.

    Raises:
        MediaUnreadable: The shard is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(shard, columns=["dialogue_id", "json"])
    except (pa.ArrowException, OSError) as error:
        raise MediaUnreadable("the shard cannot be read", path=shard, got=str(error)) from error
    return {row["dialogue_id"]: row["json"].encode() for row in table.to_pylist()}
