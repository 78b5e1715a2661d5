"""The three layouts of a rebuild look the same to whoever trains."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import datasets
import fsspec
import numpy as np
import pytest
import soundfile

from mmdia.builder import load_dataset
from mmdia.errors import MediaNotFound
from mmdia.rebuild.pack import packed
from mmdia.store.manifest import write_manifest
from mmdia.train import DialogueCollator, read_media, row_of_sample, shard_files
from tests.builder.conftest import dialogue, write_release

datasets.disable_progress_bars()

RATE = 8000
LAYOUTS = ("loose", "webdataset", "parquet")
Row = dict[str, Any]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_release(tmp_path / "release", [dialogue(n) for n in range(20)])


def tone(number: int) -> bytes:
    stream = io.BytesIO()
    samples = np.full(RATE + number, (number + 1) / 100)
    soundfile.write(stream, samples, RATE, format="FLAC", subtype="PCM_16")
    return stream.getvalue()


def fact(out: Path, path: str, content: bytes, **more: Any) -> Row:
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    (out / path).write_bytes(content)
    return {"path": path, "bytes": len(content), "sha256": "0", **more}


def rebuild(out: Path, release: Path, layout: Any) -> Path:
    """Clips of every dialogue in a layout, with the receipt."""
    sound = {"sample_rate": RATE, "n_samples": RATE}
    rows = []
    for n in range(20):
        name = f"clips/f1/f1_clip_{n}"
        rows.append({
            "schema": "mmdia.receipt/1", "dialogue_id": f"f1_clip_{n}", "title_id": "f1",
            "status": "built", "reasons": [],
            "clip": {"nominal_start": 1.0, "nominal_end": 5.0, "media_start": 1.0, "media_end": 5.0,
                     "lead_in": 0.0, "scale": 1.0, "confidence": 1.0},
            "audio": fact(out, f"{name}.flac", tone(n), **sound),
            "video": fact(out, f"{name}.mp4", b"mp4%d" % n, first_pts=0.0, n_frames=9),
            "keyframes": [fact(out, f"{name}.k001.jpg", b"jpg%d" % n, turn=1, media_time=2.0)],
            "turns": [{"start": 0.0, "end": 0.5}, {"start": 0.5, "end": 1.0}],
            "turn_clips": [{"turns": [0], "start": 0.0, "end": 0.5,
                            "audio": fact(out, f"{name}.t000.flac", tone(50 + n), **sound)}],
            "quality": {"snr_db": float(n), "clipped": 0.0},
            "speech": {"score": n / 20, "n_words": 4, "engine": "ear"},
        })  # fmt: skip
    lines = (release / "dialogues.jsonl").read_text().splitlines()
    annotations = {row["dialogue_id"]: row for row in map(json.loads, lines)}
    changed = {r["dialogue_id"]: r for part in packed(out, layout, "f1", rows, annotations) for r in part}
    final = {r["dialogue_id"]: changed.get(r["dialogue_id"], r) for r in rows}
    assert len(changed) == (0 if layout == "loose" else 20)
    if changed:
        for path in (out / "clips").rglob("*.*"):
            path.unlink()
    (out / "receipt.jsonl").write_text("".join(json.dumps(r) + "\n" for r in final.values()))
    write_manifest(out, final)
    return out


def collate(rows: Any) -> Row:
    return DialogueCollator(sample_rate=RATE, return_tensors="np")(list(rows))


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("streaming", [False, True])
def test_every_layout_gives_the_same_rows_and_batches(
    tmp_path: Path, release: Path, layout: str, streaming: bool
) -> None:
    out = rebuild(tmp_path / layout, release, layout)
    train = load_dataset(
        annotations=release, data_dir=out, streaming=streaming, split="train", cache_dir=str(tmp_path / "c")
    )
    rows = list(train)
    assert [set(r["audio"]) for r in rows] == [{"bytes", "path"}] * 20
    # Files stay where they are: nothing is embedded in the cache of `datasets`.
    assert all(r["audio"]["bytes"] is None for r in rows)
    assert [read_media(r["audio"]) for r in rows] == [tone(n) for n in range(20)]
    assert [read_media(r["video"]) for r in rows] == [b"mp4%d" % n for n in range(20)]
    assert [r["keyframes"][0] for r in rows] == [None] * 20
    assert [read_media(r["keyframes"][1]) for r in rows] == [b"jpg%d" % n for n in range(20)]
    assert [read_media(r["turn_clips"][0]["audio"]) for r in rows] == [tone(50 + n) for n in range(20)]
    assert rows[3]["turn_clips"][0]["video"] is None
    assert rows[3]["quality"] == [{"name": "clipped", "value": 0.0}, {"name": "snr_db", "value": 3.0}]
    assert rows[10]["speech"] == {"score": 0.5, "n_words": 4, "engine": "ear"}
    batch = collate(rows)
    assert batch["audio_lengths"].tolist() == [RATE + n for n in range(20)]
    assert np.allclose(batch["audio"][:, 100], np.arange(1, 21) / 100, atol=1e-4)


@pytest.mark.slow
def test_processes_prepare_shards_too(tmp_path: Path, release: Path) -> None:
    out = rebuild(tmp_path / "out", release, "parquet")
    train = load_dataset(
        annotations=release, data_dir=out, num_proc=2, split="train", cache_dir=str(tmp_path / "c")
    )
    assert [len(read_media(row["audio"]) or b"") for row in train] == [len(tone(n)) for n in range(20)]


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_references_open_by_fsspec(tmp_path: Path, release: Path, layout: str) -> None:
    """What `datasets` does when the column is cast to a decoding feature."""
    from datasets.utils.file_utils import xopen

    if layout == "parquet" and "mmdia-parquet" not in fsspec.available_protocols():
        fsspec.register_implementation("mmdia-parquet", "mmdia.store.parquet_files.ParquetFiles")
    out = rebuild(tmp_path / "out", release, layout)
    row = next(iter(load_dataset(annotations=release, data_dir=out, streaming=True, split="train")))
    with xopen(row["audio"]["path"], "rb") as stream:
        assert stream.read() == tone(0)


def test_parquet_shards_load_without_mmdia(tmp_path: Path, release: Path) -> None:
    out = rebuild(tmp_path / "out", release, "parquet")
    files = [str(p) for p in (out / "shards").glob("*.parquet")]
    found = datasets.load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path / "c"))
    assert isinstance(found.features["audio"], datasets.Audio)
    assert isinstance(found.features["video"], datasets.Video)
    assert isinstance(found.features["keyframes"].feature, datasets.Image)
    assert found[7]["audio"] == {"bytes": tone(7), "path": "f1/f1_clip_7.flac"}
    assert json.loads(found[7]["json"])["annotation"]["dialogue_id"] == "f1_clip_7"


def test_a_shard_that_is_gone_says_what_to_do(tmp_path: Path, release: Path) -> None:
    out = rebuild(tmp_path / "out", release, "webdataset")
    rows = list(load_dataset(annotations=release, data_dir=out, streaming=True, split="train"))
    for path in (out / "shards").iterdir():
        path.unlink()
    with pytest.raises(MediaNotFound, match="Run the rebuild again"):
        collate(rows)


# The library leaves the last shard open.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_webdataset_streams_the_shards_into_the_collator(tmp_path: Path, release: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    out = rebuild(tmp_path / "out", release, "webdataset")
    stream = webdataset.WebDataset(shard_files(out), shardshuffle=False).map(row_of_sample)
    rows = list(stream)
    by_builder = list(load_dataset(annotations=release, data_dir=out, streaming=True, split="train"))
    one, two = collate(rows), collate(by_builder)
    assert one["dialogue_id"] == two["dialogue_id"]
    for key in ("audio", "audio_lengths", "turn_spans", "speaker_ids"):
        assert np.array_equal(one[key], two[key])
    for mine, theirs in zip(rows, by_builder, strict=True):
        assert mine["quality"] == theirs["quality"]
        assert mine["speech"] == theirs["speech"]
        for key in ("video", "audio"):
            assert mine[key]["bytes"] == read_media(theirs[key])
        assert mine["keyframes"][1]["bytes"] == read_media(theirs["keyframes"][1])
        assert mine["turn_clips"][0]["audio"]["bytes"] == read_media(theirs["turn_clips"][0]["audio"])


def test_a_sample_of_a_shard_becomes_a_row(tmp_path: Path, release: Path) -> None:
    """The same without the library: members by ending, as any reader of tar files has them."""
    import tarfile

    out = rebuild(tmp_path / "out", release, "webdataset")
    (shard,) = shard_files(out)
    sample: Row = {}
    with tarfile.open(shard) as archive:
        for member in archive:
            key, _, ending = member.name.partition(".")
            if key == "f1/f1_clip_4":
                sample[ending] = archive.extractfile(member).read()  # type: ignore[union-attr]
    row = row_of_sample({"__key__": "f1/f1_clip_4", **sample})
    assert row["split"] == "train"
    assert collate([row])["audio_lengths"].tolist() == [RATE + 4]
    with pytest.raises(ValueError, match="not a sample"):
        row_of_sample({"__key__": "x", "json": b"[]"})
    with pytest.raises(MediaNotFound, match="no tar shards"):
        shard_files(rebuild(tmp_path / "loose", release, "loose"))
    with pytest.raises(MediaNotFound, match="no manifest"):
        shard_files(tmp_path)
