"""What goes into a shard: dialogues with their files, in groups of at most half a gigabyte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.store.filed import filed, inside, sample_key

SAMPLE_SCHEMA = "mmdia.sample/1"
#: Largest shard, bytes. A single dialogue that is larger gets a shard of its own.
MAX_BYTES = 512 * 1024 * 1024
#: Raise when shards of the same files get other bytes.
FORMAT = 1
#: Facts that change without the clip: they are left to the receipt, so that shards stay as they are.
_PASSING = ("media", "annotation_version", "mmdia_version", "message", "schema")
_PLACE = ("shard", "offset", "row")

Row = Mapping[str, Any]
Places = dict[str, dict[str, int]]
Read = Callable[[Mapping[str, Any]], bytes]


@dataclass(frozen=True)
class Sample:
    """One dialogue of a shard.

    Attributes:
        row: Its receipt row; its facts say where the files are now.
        meta: What the shard's ``.json`` says of it.
    """

    row: Row
    meta: bytes

    @property
    def key(self) -> str:
        """``TITLE/DIALOGUE``, file-safe."""
        return sample_key(next(iter(filed(self.row))).fact["path"])


def made_sample(row: Row, annotation: Mapping[str, Any] | None) -> Sample:
    """A sample of a receipt row and the dialogue's annotation row."""
    receipt = {k: v for k, v in row.items() if k not in _PASSING}
    document = {
        "schema": SAMPLE_SCHEMA,
        "dialogue_id": row["dialogue_id"],
        "title_id": row.get("title_id"),
        "receipt": _bare(receipt),
        "annotation": annotation,
    }
    # Plain ASCII: also names that are no proper Unicode can be written.
    return Sample(row, json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def _bare(value: Any) -> Any:
    """Without the keys of places: they are those of the shard itself."""
    if isinstance(value, Mapping):
        place = _PLACE if "path" in value else ()
        return {k: _bare(v) for k, v in value.items() if k not in place}
    if isinstance(value, (list, tuple)):
        return [_bare(v) for v in value]
    return value


def file_size(folder: Path, fact: Mapping[str, Any]) -> int:
    """Size of a file; receipts of old know it only from the file."""
    size = fact.get("bytes")
    return int(size) if size is not None else inside(folder, fact["path"]).stat().st_size


def grouped(folder: Path, samples: Iterable[Sample], most: int = MAX_BYTES) -> Iterator[list[Sample]]:
    """Samples by shard; their order stays."""
    group: list[Sample] = []
    total = 0
    for sample in samples:
        size = len(sample.meta) + sum(file_size(folder, f.fact) + 1024 for f in filed(sample.row)) + 2048
        if group and total + size > most:
            yield group
            group, total = [], 0
        group.append(sample)
        total += size
    if group:
        yield group


def digest_of(samples: Iterable[Sample], layout: str) -> str:
    """12 hex digits that stand for the content of a shard."""
    digest = hashlib.blake2b(f"{FORMAT} {layout}".encode(), digest_size=6)
    for sample in samples:
        digest.update(hashlib.blake2b(sample.meta, digest_size=16).digest())
        for _, _, fact in filed(sample.row):
            digest.update(repr((fact["path"], fact.get("bytes"), fact.get("sha256"))).encode())
    return digest.hexdigest()


def with_places(row: Row, shard: str | None, places: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """A receipt row whose files lie elsewhere.

    Args:
        row: The row.
        shard: The shard, relative to the output folder; None for loose files.
        places: By the files' paths, ``offset`` or ``row`` within the shard, and their sizes.
    """

    def moved(fact: Any) -> Any:
        if not fact:
            return fact
        empty: dict[str, Any] = dict.fromkeys(_PLACE)
        if "shard" not in fact and shard is None:
            empty = {}
        return {**fact, **empty, **({"shard": shard} if shard else {}), **places.get(fact["path"], {})}

    out = dict(row)
    for key in ("audio", "video"):
        if out.get(key):
            out[key] = moved(out[key])
    if out.get("keyframes"):
        out["keyframes"] = [moved(fact) for fact in out["keyframes"]]
    if out.get("turn_clips"):
        out["turn_clips"] = [
            {**clip, "audio": moved(clip.get("audio")), "video": moved(clip.get("video"))}
            for clip in out["turn_clips"]
        ]
    return out
