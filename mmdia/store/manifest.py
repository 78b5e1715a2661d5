"""``manifest.parquet``: where every file of a rebuild lies, one row a file.

It is made of the receipt and says nothing more; tools that know Parquet and no receipt read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmdia.store.atomic import atomic_write
from mmdia.store.digest import file_sha256
from mmdia.store.filed import filed, member_name

MANIFEST = "manifest.parquet"
RECEIPT = "receipt.jsonl"
MANIFEST_SCHEMA = "mmdia.manifest/1"
_BATCH = 65_536

_TEXT = ("dialogue_id", "title_id", "kind", "path", "shard", "member", "sha256")
_WHOLE = ("turn", "offset", "row", "bytes", "sample_rate", "n_samples", "n_frames")
_NUMBER = ("start", "end")


def manifest_rows(rows: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row a file of built dialogues; times in seconds of the film."""
    for row in rows.values():
        if row.get("status") != "built":
            continue
        clip = row.get("clip") or {}
        zero, scale = clip.get("media_start"), clip.get("restored") or 1.0
        spans = {}
        for part in row.get("turn_clips") or ():
            turn = min(part.get("turns") or (0,))
            spans[turn] = (part.get("start"), part.get("end"))
        for kind, turn, fact in filed(row):
            start, end = clip.get("media_start"), clip.get("media_end")
            if kind == "keyframe":
                start = end = fact.get("media_time")
            elif kind.startswith("turn_") and zero is not None:
                start, end = (None if s is None else zero + s * scale for s in spans[turn])
            yield {
                "dialogue_id": row["dialogue_id"],
                "title_id": row.get("title_id"),
                "kind": kind,
                "turn": turn,
                "path": fact["path"],
                "shard": fact.get("shard"),
                "member": member_name(fact["path"]) if fact.get("shard") else None,
                "offset": fact.get("offset"),
                "row": fact.get("row"),
                "bytes": fact.get("bytes"),
                "sha256": fact.get("sha256"),
                "sample_rate": fact.get("sample_rate"),
                "n_samples": fact.get("n_samples"),
                "n_frames": fact.get("n_frames"),
                "start": start,
                "end": end,
            }


def write_manifest(folder: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the manifest of an output folder, unless it was made of the receipt that is there.

    Args:
        folder: The output folder; its receipt is written already.
        rows: Its receipt rows, by dialogue.

    Raises:
        StoreError: It cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {**dict.fromkeys(_TEXT, pa.string()), **dict.fromkeys(_WHOLE, pa.int64())}
    kinds |= dict.fromkeys(_NUMBER, pa.float64())
    columns: dict[str, list[Any]] = {name: [] for name in kinds}
    path, receipt = folder / MANIFEST, folder / RECEIPT
    marks = {"schema": MANIFEST_SCHEMA, "receipt": file_sha256(receipt) if receipt.is_file() else ""}
    if _marks(path) == marks:
        return
    for values in manifest_rows(rows):
        for name, value in values.items():
            columns[name].append(value)
    if not columns["path"] and not path.exists():
        return
    fields = [pa.field(name, kind) for name, kind in kinds.items()]
    table = pa.table(columns, schema=pa.schema(fields, metadata=marks))
    with atomic_write(path) as stream:
        pq.write_table(table, stream, row_group_size=_BATCH, compression="zstd")


def _marks(path: Path) -> dict[str, str] | None:
    """What a manifest says it was made of; None when there is none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    return {
        name: metadata.get(name.encode(), b"").decode("ascii", "replace") for name in ("schema", "receipt")
    }
