"""Shards: same clips give the same bytes, every file is found again, damage is told."""

from __future__ import annotations

import io
import json
import tarfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.store import samples
from mmdia.store.manifest import MANIFEST, write_manifest
from mmdia.store.parquet_shards import GROUP_ROWS, write_parquet
from mmdia.store.samples import Sample, digest_of, grouped, made_sample, with_places
from mmdia.store.shards import (
    filed,
    inside,
    is_reference,
    is_stored,
    read_metas,
    read_reference,
    read_stored,
    reference,
    sample_key,
)
from mmdia.store.tar_shards import write_tar

Row = dict[str, Any]
LAYOUTS = ("tar", "parquet")


def content_of(path: str) -> bytes:
    return path.encode() * (1 + len(path) % 7)


def make_row(folder: Path, name: str, title: str = "f1", *, stills: int = 2, parts: int = 2) -> Row:
    """A built row with every kind of file, and the loose files."""

    def fact(ending: str, **more: Any) -> Row:
        path = f"clips/{title}/{name}{ending}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content_of(path))
        return {"path": path, "bytes": len(content_of(path)), "sha256": "0", **more}

    return {
        "dialogue_id": f"{title}/{name}",
        "title_id": title,
        "status": "built",
        "params_hash": "p",
        "clip": {"media_start": 10.0, "media_end": 14.0},
        "media": {"path": "somewhere.mkv"},
        "audio": fact(".flac", sample_rate=24_000, n_samples=96_000),
        "video": fact(".mp4", n_frames=100),
        "keyframes": [fact(f".k{n:03d}.jpg", turn=n, media_time=10.0 + n) for n in range(stills)],
        "turn_clips": [
            {"turns": [n], "start": n * 2.0, "end": n * 2.0 + 2, "audio": fact(f".t{n:03d}.flac"),
             "video": fact(f".t{n:03d}.mp4") if n else None}
            for n in range(parts)
        ],
    }  # fmt: skip


def pack(folder: Path, rows: list[Row], layout: str, name: str = "s") -> tuple[Path, list[Row]]:
    """Write one shard; the loose files go."""
    made = [made_sample(row, {"dialogue_id": row["dialogue_id"], "split": "train"}) for row in rows]
    stream = io.BytesIO()
    places = (write_tar if layout == "tar" else write_parquet)(
        stream, made, lambda fact: read_stored(folder, fact)
    )
    shard = f"shards/{name}-00000-{digest_of(made, layout)}.{layout}"
    (folder / shard).parent.mkdir(exist_ok=True)
    (folder / shard).write_bytes(stream.getvalue())
    for row in rows:
        for _, _, fact in filed(row):
            if not fact.get("shard"):
                (folder / fact["path"]).unlink()
    return folder / shard, [with_places(row, shard, places) for row in rows]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_file_is_found_again(tmp_path: Path, layout: str) -> None:
    rows = [make_row(tmp_path, f"d{n}", stills=n % 3, parts=n % 4) for n in range(2 * GROUP_ROWS + 3)]
    _, packed = pack(tmp_path, rows, layout)
    for row in packed:
        assert is_stored(tmp_path, row)
        for _, _, fact in filed(row):
            assert read_stored(tmp_path, fact) == content_of(fact["path"])
            text = reference(tmp_path, fact)
            assert is_reference(text)
            assert read_reference(text) == content_of(fact["path"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_clips_give_the_same_bytes_wherever_they_lay(tmp_path: Path, layout: str) -> None:
    rows = [make_row(tmp_path, f"d{n}") for n in range(3)]
    first, packed = pack(tmp_path, rows, layout)
    before = first.read_bytes()
    other = "parquet" if layout == "tar" else "tar"
    _, elsewhere = pack(tmp_path, packed, other)
    again, twice = pack(tmp_path, elsewhere, layout)
    assert (again, again.read_bytes(), twice) == (first, before, packed)


def test_a_tar_shard_is_an_ordinary_tar_with_a_sample_a_dialogue(tmp_path: Path) -> None:
    long = "d" * 150  # longer than the classic header takes
    rows = [make_row(tmp_path, "d~2E1", stills=1, parts=0), make_row(tmp_path, long, stills=0, parts=1)]
    shard, packed = pack(tmp_path, rows, "tar")
    with tarfile.open(shard) as archive:
        members = archive.getmembers()
        texts = [archive.extractfile(m).read() for m in members if m.name.endswith(".json")]  # type: ignore[union-attr]
    assert [m.name for m in members] == [
        "f1/d~2E1.flac", "f1/d~2E1.mp4", "f1/d~2E1.k000.jpg", "f1/d~2E1.json",
        f"f1/{long}.flac", f"f1/{long}.mp4", f"f1/{long}.t000.flac", f"f1/{long}.json",
    ]  # fmt: skip
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {
        (0, 0, 0, "", "", 0o644)
    }
    assert len({sample_key(m.name) for m in members}) == 2
    document = json.loads(texts[0])
    assert document["annotation"]["split"] == "train"
    # What changes without the clip stays out, so that a moved film writes no shard anew.
    assert "media" not in document["receipt"]
    assert "offset" not in document["receipt"]["audio"]
    assert packed[0]["audio"]["offset"] == members[0].offset_data
    assert list(read_metas(shard)) == ["f1/d~2E1", f"f1/{long}"]


def test_parquet_rows_are_small_groups_that_say_what_they_are(tmp_path: Path) -> None:
    shard, _ = pack(tmp_path, [make_row(tmp_path, f"d{n}") for n in range(20)], "parquet")
    file = pq.ParquetFile(shard)
    groups = [file.metadata.row_group(g).num_rows for g in range(file.metadata.num_row_groups)]
    assert max(groups) <= 16
    assert sum(groups) == 20
    features = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
    assert features["audio"]["_type"] == "Audio"
    assert features["keyframes"]["feature"]["_type"] == "Image"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_shard_that_is_gone_cut_short_or_foreign_is_told(tmp_path: Path, layout: str) -> None:
    shard, (row,) = pack(tmp_path, [make_row(tmp_path, "d")], layout)
    fact = row["audio"]
    with pytest.raises(MediaNotFound):
        read_reference(reference(tmp_path, {**fact, "path": "clips/f1/other.flac"}))
    content = shard.read_bytes()
    shard.write_bytes(content[:100])
    assert not is_stored(tmp_path, row)
    with pytest.raises(MediaUnreadable):
        read_stored(tmp_path, fact)
    shard.unlink()
    assert not is_stored(tmp_path, row)
    for read in (lambda: read_stored(tmp_path, fact), lambda: read_metas(shard)):
        with pytest.raises(MediaNotFound):
            read()


def test_loose_files_are_there_with_their_size(tmp_path: Path) -> None:
    row = make_row(tmp_path, "d")
    assert is_stored(tmp_path, row)
    assert read_stored(tmp_path, row["audio"]) == content_of(row["audio"]["path"])
    assert not is_reference(reference(tmp_path, row["audio"]))
    path = tmp_path / row["turn_clips"][1]["video"]["path"]
    path.write_bytes(b"x")
    assert not is_stored(tmp_path, row)
    path.unlink()
    assert not is_stored(tmp_path, row)


@pytest.mark.parametrize("evil", ["../secret", "/etc/passwd", "clips/../../secret"])
def test_paths_that_climb_out_are_not_followed(tmp_path: Path, evil: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "secret").write_bytes(b"s")
    assert inside(out, evil).is_relative_to(out)
    assert not is_stored(out, {"status": "built", "audio": {"path": evil}})
    for fact in ({"path": evil}, {"path": "a.flac", "shard": evil, "offset": 0, "bytes": 1}):
        with pytest.raises(MediaNotFound):
            read_stored(out, fact)


@given(st.lists(st.integers(1, 60_000), max_size=12), st.integers(20_000, 100_000))
def test_groups_keep_order_and_size(sizes: list[int], most: int) -> None:
    made = [
        Sample({"dialogue_id": str(n), "audio": {"path": f"clips/f/{n}.flac", "bytes": size}}, b"{}")
        for n, size in enumerate(sizes)
    ]
    groups = list(grouped(Path(), made, most))
    assert [s for group in groups for s in group] == made
    for group in groups:
        assert len(group) == 1 or sum(s.row["audio"]["bytes"] for s in group) <= most
    totals = [sum(s.row["audio"]["bytes"] + 4096 for s in group) for group in groups]
    assert all(a + b > most for a, b in pairwise(totals))


def test_the_name_changes_with_the_content_only(tmp_path: Path) -> None:
    row = make_row(tmp_path, "d")
    name = digest_of([made_sample(row, {"split": "train"})], "tar")
    moved = {**row, "media": {"path": "other.mkv"}, "annotation_version": "2", "mmdia_version": "9"}
    assert digest_of([made_sample(moved, {"split": "train"})], "tar") == name
    others = [
        made_sample({**row, "params_hash": "q"}, {"split": "train"}),
        made_sample({**row, "quality": {"snr_db": 1.0}}, {"split": "train"}),
        made_sample(row, {"split": "test"}),
        made_sample({**row, "audio": {**row["audio"], "sha256": "1"}}, {"split": "train"}),
    ]
    assert len({name, *(digest_of([other], "tar") for other in others)}) == 5
    assert digest_of([others[0]], "parquet") != digest_of([others[0]], "tar")
    assert samples.MAX_BYTES == 512 * 1024 * 1024


def test_the_manifest_has_a_row_a_file(tmp_path: Path) -> None:
    _, packed = pack(tmp_path, [make_row(tmp_path, "d")], "tar")
    rows = {"a": packed[0], "b": {"dialogue_id": "b", "status": "refused"}}
    (tmp_path / "receipt.jsonl").write_text("first")
    write_manifest(tmp_path, rows)
    path = tmp_path / MANIFEST
    found = pq.read_table(path).to_pylist()
    assert [(r["kind"], r["turn"]) for r in found] == [
        ("audio", None), ("video", None), ("keyframe", 0), ("keyframe", 1),
        ("turn_audio", 0), ("turn_audio", 1), ("turn_video", 1),
    ]  # fmt: skip
    for entry in found:
        shard = (tmp_path / entry["shard"]).read_bytes()
        assert shard[entry["offset"] :][: entry["bytes"]] == content_of(f"clips/{entry['member']}")
    assert [(r["start"], r["end"]) for r in found[-2:]] == [(12.0, 14.0), (12.0, 14.0)]
    assert (found[0]["sample_rate"], found[0]["n_samples"], found[1]["n_frames"]) == (24_000, 96_000, 100)
    stamp = path.stat().st_mtime_ns
    write_manifest(tmp_path, rows)
    assert path.stat().st_mtime_ns == stamp
    (tmp_path / "receipt.jsonl").write_text("second")
    write_manifest(tmp_path, {})
    assert pq.read_table(path).num_rows == 0
