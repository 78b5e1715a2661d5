"""The receipt of a rebuild as columns, without a record for each row.

What `mmdia.schema.receipt.Receipt` would refuse is refused here too: rows that Arrow's reader does
not take as they are go through the record, which says what is wrong with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from mmdia.corpus.clip_columns import (
    CLIP_SCHEMA,
    CLIP_TYPE,
    MEDIA_TYPE,
    QUALITY_TYPE,
    SPEECH_TYPE,
    TIMES,
    TURN_CLIP_TYPE,
    TURN_TYPE,
    floats,
    list_of,
)
from mmdia.corpus.jsonl import Lines, line_blocks
from mmdia.corpus.receipt_place import folder_stamp, receipt_path
from mmdia.corpus.receipts import check_version
from mmdia.schema.receipt import RECEIPT_SCHEMA, Receipt
from mmdia.store.filed import inside, member_name

#: Reason of a file that the receipt names and that is not there.
GONE = "clip_gone"

_STORED = [("path", pa.string()), ("shard", pa.string()), ("row", pa.int64())]
_FILE = pa.struct(_STORED)
_READ = pa.schema(
    [
        ("schema", pa.string()),
        ("dialogue_id", pa.string()),
        ("status", pa.string()),
        ("reasons", pa.list_(pa.string())),
        ("annotation_version", pa.string()),
        ("clip", floats(*TIMES)),
        ("audio", _FILE),
        ("video", _FILE),
        ("keyframes", pa.list_(pa.struct([*_STORED, ("turn", pa.int64())]))),
        ("turns", pa.list_(TURN_TYPE)),
        (
            "turn_clips",
            pa.list_(
                pa.struct(
                    [("turns", pa.list_(pa.int64())), ("start", pa.float64()), ("end", pa.float64()),
                     ("audio", _FILE), ("video", _FILE)]
                )
            ),
        ),
        ("speech", SPEECH_TYPE),
    ]
)  # fmt: skip
_NULL_ROW = re.compile(rb"\}\s*null")
_QUALITY = re.compile(rb'"quality"\s*:\s*(\{[^{}]*\})')


@dataclass(slots=True)
class Folders:
    """What lies in the folders of a rebuild; each is listed once.

    Attributes:
        root: The output folder.
        stamps: Time of change of each folder that was listed (0 where there is none), by its
            path in the receipt.
        missing: Identity of the set of files that were not found.
    """

    root: Path
    stamps: dict[str, int] = field(default_factory=dict)
    missing: Any = field(default_factory=hashlib.sha256)
    _places: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)

    def find(self, path: str) -> str | None:
        """The absolute path of a file; None if it is not there."""
        parent, _, name = path.rpartition("/")
        place = self._places.get(parent)
        if place is None:
            place = self._list(parent)
        if name in place[1]:
            return f"{place[0]}{os.sep}{name}"
        self.missing.update(path.encode("utf-8", "surrogatepass") + b"\0")
        return None

    def _list(self, parent: str) -> tuple[str, frozenset[str]]:
        folder = inside(self.root, parent)
        self.stamps[parent] = folder_stamp(folder)
        try:
            with os.scandir(folder) as entries:
                names = frozenset(entry.name for entry in entries)
        except OSError:
            names = frozenset()
        if len(self._places) > 64:  # receipts go title by title, so a few folders are enough
            self._places.clear()
        self._places[parent] = str(folder), names
        return self._places[parent]


def receipt_batches(out_dir: Path, folders: Folders) -> Iterator[tuple[pa.RecordBatch, set[str]]]:
    """The receipt in pieces: ``dialogue_id`` with the columns of `CLIP_SCHEMA`, and origins of clips.

    Lines that a crash has torn are passed over. A file that is not there is null, and the clip's
    reasons say ``clip_gone``.

    Raises:
        ReleaseNotFound: The folder holds no receipt.
        ReleaseError: It is of a version we do not know.
        BrokenRow: A whole row is no receipt.
    """
    for block in line_blocks(receipt_path(out_dir)):
        lines = block.lines
        table = _parse(lines)
        if table is None:
            lines = _readable(block)
            table = _parse(lines)
        if table is None:  # values that the record turns into ours, such as numbers in text
            lines = [
                Receipt.from_row(json.loads(line)).to_json(nulls=True).encode("utf-8") for line in lines
            ]
            table = _parse(lines)
        if table is not None and table.num_rows:
            yield _columns(table, lines, folders)


def _parse(lines: list[bytes]) -> pa.RecordBatch | None:
    """Rows as Arrow reads them; None where it would misread them, or a record would refuse them."""
    if not lines:
        return pa.RecordBatch.from_pylist([], schema=_READ)
    text = b"\n".join(lines)
    plain = all(line.startswith(b"{") and line.endswith(b"}") for line in lines)
    if not plain or _NULL_ROW.search(text):
        return None
    try:
        text.decode("utf-8")
        table = pj.read_json(
            pa.BufferReader(text),
            read_options=pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
            parse_options=pj.ParseOptions(explicit_schema=_READ, unexpected_field_behavior="ignore"),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    if table.num_rows != len(lines):
        return None
    batch = table.combine_chunks().to_batches()[0]
    if batch.column("dialogue_id").null_count or batch.column("status").null_count:
        return None
    versions = set(pc.unique(batch.column("schema")).to_pylist()) - {None}
    return batch if versions <= {RECEIPT_SCHEMA} else None


def _readable(block: Lines) -> list[bytes]:
    """Lines that are whole; each was read by the record, so that it could say what is wrong."""
    good = []
    for i, line in enumerate(block.lines):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            check_version(row, block.where(i))
            Receipt.from_row(row, where=block.where(i))
            good.append(line)
    return good


def _columns(rows: pa.RecordBatch, lines: list[bytes], folders: Folders) -> tuple[pa.RecordBatch, set[str]]:
    # A clip that was not built has no files, whatever an old row still says.
    built = pc.equal(rows.column("status"), "built")
    flags = built.to_pylist()
    gone = [False] * rows.num_rows
    audio = _own(rows.column("audio"), flags, gone, folders)
    video = _own(rows.column("video"), flags, gone, folders)
    keyframes = _keyframes(rows, flags, gone, folders)
    turn_clips = _turn_clips(rows.column("turn_clips"), flags, gone, folders)
    columns = {
        "audio": audio,
        "video": video,
        "keyframes": keyframes,
        "clip": _clip(rows, audio, video, gone),
        "clip_turns": _where(built, _listed(rows.column("turns"), TURN_TYPE)),
        "turn_clips": turn_clips,
        "quality": _quality(lines, flags),
        "speech": _where(built, rows.column("speech")),
    }
    versions = pc.unique(rows.column("annotation_version").filter(built)).to_pylist()
    arrays = [rows.column("dialogue_id"), *(columns[name] for name in CLIP_SCHEMA.names)]
    schema = pa.schema([pa.field("dialogue_id", pa.string()), *CLIP_SCHEMA])
    return pa.RecordBatch.from_arrays(arrays, schema=schema), {v for v in versions if v}


def _where(keep: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(keep, values, pa.scalar(None, values.type))


def _listed(lists: pa.Array, kind: pa.DataType) -> pa.Array:
    """Lists with our name of the item; null becomes empty, as in the record."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths).cast(pa.int32())])
    return pa.ListArray.from_arrays(offsets, lists.flatten().cast(kind), type=list_of(kind))


def _paths(files: pa.Array, folders: Folders) -> list[str | None]:
    """Where each file is, as text that `datasets` keeps; None where there is none."""
    out: list[str | None] = []
    named = (pc.struct_field(files, [name]).to_pylist() for name in ("path", "shard", "row"))
    for path, shard, row in zip(*named, strict=True):
        if path is None:
            out.append(None)
        elif not shard:
            out.append(folders.find(path))
        elif (place := folders.find(shard)) is None:
            out.append(None)
        elif row is not None:
            out.append(f"mmdia-parquet://{row}/{member_name(path)}::{place}")
        else:
            out.append(f"tar://{member_name(path)}::{place}")
    return out


def _media(paths: list[str | None]) -> pa.Array:
    """Files as `datasets` has them: never their bytes, which would double the rebuild in its cache."""
    texts = pa.array(paths, pa.string())
    return pa.StructArray.from_arrays(
        [pa.nulls(len(paths), pa.binary()), texts],
        fields=list(MEDIA_TYPE),
        mask=pc.is_null(texts),
    )


def _own(files: pa.Array, flags: list[bool], gone: list[bool], folders: Folders) -> pa.Array:
    """The file of each row itself."""
    paths = _paths(files, folders)
    for i, (valid, flag) in enumerate(zip(files.is_valid().to_pylist(), flags, strict=True)):
        if not flag:
            paths[i] = None
        elif valid and paths[i] is None:
            gone[i] = True
    return _media(paths)


def _keyframes(rows: pa.RecordBatch, flags: list[bool], gone: list[bool], folders: Folders) -> pa.Array:
    """One picture for each turn, null where there is none; null when the rebuild made no pictures."""
    lists = rows.column("keyframes")
    stills = lists.flatten()
    paths, turns = _paths(stills, folders), pc.struct_field(stills, ["turn"]).to_pylist()
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_pylist()
    n_turns = pc.fill_null(pc.list_value_length(rows.column("turns")), 0).to_pylist()
    values: list[str | None] = []
    offsets: list[int | None] = []
    first = 0
    for i, count in enumerate(counts):
        if not count or not flags[i]:
            offsets.append(None)
        else:
            offsets.append(len(values))
            mine = dict(zip(turns[first : first + count], paths[first : first + count], strict=True))
            gone[i] = gone[i] or None in mine.values()
            values += [mine.get(turn) for turn in range(max(n_turns[i], max(mine) + 1))]
        first += count
    ends = pa.array([*offsets, len(values)], pa.int32())
    return pa.ListArray.from_arrays(ends, _media(values), type=list_of(MEDIA_TYPE))


def _turn_clips(lists: pa.Array, flags: list[bool], gone: list[bool], folders: Folders) -> pa.Array:
    clips = lists.flatten()
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_pylist()
    owners = [i for i, count in enumerate(counts) for _ in range(count)]
    children = []
    for name in ("audio", "video"):
        files = pc.struct_field(clips, [name])
        paths = _paths(files, folders)
        for owner, valid, path in zip(owners, files.is_valid().to_pylist(), paths, strict=True):
            if valid and path is None and flags[owner]:
                gone[owner] = True
        children.append(_media(paths))
    turns = _listed(pc.struct_field(clips, ["turns"]), pa.int64())
    times = [pc.struct_field(clips, [name]) for name in ("start", "end")]
    values = pa.StructArray.from_arrays([turns, *times, *children], fields=list(TURN_CLIP_TYPE))
    offsets: list[int | None] = []
    first = 0
    for count, flag in zip(counts, flags, strict=True):
        offsets.append(first if count and flag else None)
        first += count
    return pa.ListArray.from_arrays(
        pa.array([*offsets, first], pa.int32()), values, type=list_of(TURN_CLIP_TYPE)
    )


def _clip(rows: pa.RecordBatch, audio: pa.Array, video: pa.Array, gone: list[bool]) -> pa.Array:
    """Status, reasons and place; a clip whose files are all gone has failed."""
    status, reasons = rows.column("status"), _listed(rows.column("reasons"), pa.string())
    if any(gone):
        nothing = pc.and_(pc.is_null(audio), pc.is_null(video)).to_pylist()
        status = pa.array(
            ["failed" if g and n else s for g, n, s in zip(gone, nothing, status.to_pylist(), strict=True)],
            pa.string(),
        )
        told = [[*r, GONE] if g else r for g, r in zip(gone, reasons.to_pylist(), strict=True)]
        reasons = pa.array(told, list_of(pa.string()))
    place = rows.column("clip")
    times = [pc.struct_field(place, [name]) for name in TIMES]
    return pa.StructArray.from_arrays([status, reasons, *times], fields=list(CLIP_TYPE))


def _quality(lines: list[bytes], flags: list[bool]) -> pa.Array:
    values: list[Any] = []
    for line, flag in zip(lines, flags, strict=True):
        found = _QUALITY.search(line) if flag else None
        facts = None if found is None else json.loads(found.group(1))
        values.append(facts and [{"name": name, "value": facts[name]} for name in sorted(facts)])
        if facts == {}:
            values[-1] = []
    return pa.array(values, list_of(QUALITY_TYPE))
