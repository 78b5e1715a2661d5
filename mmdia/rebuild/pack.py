"""Packing: a title's clips from loose files into shards, from shards into loose files, or between shards.

Shards are written from the clips as they are, so changing the layout cuts nothing anew. A shard's
name holds a digest of its content: a title whose clips did not change keeps its shards, and a clip
that did gets its title a new shard beside the old one. The old one goes when the rows that name
the new one are on disk, which is the ledger's work, not ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdia.rebuild.config import Layout, TitleJob
from mmdia.store.atomic import atomic_write
from mmdia.store.parquet_shards import write_parquet
from mmdia.store.samples import Sample, digest_of, grouped, made_sample, with_places
from mmdia.store.shards import SHARDS, filed, inside, is_stored, read_metas, read_stored
from mmdia.store.tar_shards import write_tar

Row = Mapping[str, Any]
Report = Callable[[dict[str, Any]], None]
_ENDINGS: dict[Layout, str] = {"webdataset": ".tar", "parquet": ".parquet"}


def pack_title(job: TitleJob, rows: Iterable[Row], report: Report) -> None:
    """Bring a title's clips into the layout of the job; what lies there already is not touched.

    Args:
        job: The title's job; clips of its earlier rows are packed too.
        rows: What was reported of the title in this run, whatever the status; later rows count.
        report: Takes events ``packed`` with the rows that changed, after their files are there.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
        MediaError: A clip is gone, or a shard is damaged.
    """
    current: dict[str, Row] = {i: job.previous[i] for i in job.names if i in job.previous}
    current |= {str(row["dialogue_id"]): row for row in rows}
    annotations = {row["dialogue_id"]: row for row in map(json.loads, job.dialogues)}
    order = [i for i in job.names if i in current]
    for changed in packed(
        Path(job.out), job.layout, job.title_name, [current[i] for i in order], annotations
    ):
        report({"event": "packed", "rows": changed, "n": 0})


def packed(
    out: Path, layout: Layout, title_name: str, rows: Iterable[Row], annotations: Mapping[str, Row]
) -> Iterator[list[dict[str, Any]]]:
    """Bring clips of a title into a layout.

    Args:
        out: Output folder.
        layout: loose, webdataset or parquet.
        title_name: File-safe name of the title.
        rows: Receipt rows of the title, in the release's order; those without clips are passed over.
        annotations: Annotation rows by dialogue, for the shard's ``.json``.

    Yields:
        Rows that changed, after their files have their final names.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
        MediaError: A clip is gone, or a shard is damaged.
    """
    there = [r for r in rows if r.get("status") == "built" and any(filed(r)) and is_stored(out, r)]
    if layout == "loose":
        for row in there:
            if any(f.fact.get("shard") for f in filed(row)):
                yield [_unpacked(out, row)]
        return
    samples = [made_sample(row, annotations.get(row["dialogue_id"])) for row in there]
    for number, group in enumerate(grouped(out, samples)):
        changed = _write(out, layout, title_name, number, group)
        if changed:
            yield changed


def _write(
    out: Path, layout: Layout, title_name: str, number: int, group: Sequence[Sample]
) -> list[dict[str, Any]]:
    """Write one shard, unless its dialogues lie in it; gives back their new rows."""
    shard = f"{SHARDS}/{title_name}-{number:05d}-{digest_of(group, layout)}{_ENDINGS[layout]}"
    if all(f.fact.get("shard") == shard for sample in group for f in filed(sample.row)):
        return []
    with atomic_write(inside(out, shard)) as stream:
        write = write_tar if layout == "webdataset" else write_parquet
        places = write(stream, group, lambda fact: read_stored(out, fact))
    return [with_places(sample.row, shard, places) for sample in group]


def _unpacked(out: Path, row: Row) -> dict[str, Any]:
    """Write the files of a row as loose files."""
    sizes: dict[str, dict[str, int]] = {}
    for _, _, fact in filed(row):
        content = read_stored(out, fact)
        with atomic_write(inside(out, fact["path"])) as stream:
            stream.write(content)
        sizes[fact["path"]] = {"bytes": len(content)}
    return with_places(row, None, sizes)


def without_strangers(out: Path, shard: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Write a shard anew with these dialogues only, whatever else it holds.

    Args:
        out: Output folder.
        shard: The shard, relative to it.
        rows: Receipt rows of the dialogues that stay.

    Returns:
        Their new rows; empty when the shard holds nothing else.

    Raises:
        StoreError: The disk is full or the folder cannot be written.
        MediaError: The shard is gone or damaged.
    """
    metas = read_metas(inside(out, shard))
    by_id = {str(row["dialogue_id"]): row for row in rows}
    if not metas.keys() - by_id.keys():
        return []
    name, number, _ = Path(shard).stem.rsplit("-", 2)
    layout: Layout = "parquet" if shard.endswith(".parquet") else "webdataset"
    group = [Sample(by_id[i], meta) for i, meta in metas.items() if i in by_id]
    return _write(out, layout, name, int(number), group)
