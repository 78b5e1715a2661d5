"""The builder in this process: splits, labels, clips, cache, broken rows."""

from __future__ import annotations

import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import datasets
import pytest

from mmdia.builder import TAGS, MMDia, load_dataset
from mmdia.errors import BrokenRow, ReleaseError, ReleaseNotFound, UsageError
from tests.builder.conftest import dialogue, tiny_rows, write_receipt, write_release

datasets.disable_progress_bars()


@pytest.fixture
def load(tmp_path: Path, release: Path) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        return load_dataset(
            *args, **{"annotations": release, "cache_dir": str(tmp_path / "cache"), **options}
        )

    return call


def ids(rows: Any) -> list[str]:
    return [row["dialogue_id"].removeprefix("f1_clip_") for row in rows]


@pytest.mark.slow
def test_default_has_the_splits_that_have_rows(load: Any) -> None:
    found = load()
    assert {name: ids(rows) for name, rows in found.items()} == {
        "train": ["0", "1", "2"],
        "validation": ["3"],
        "test": ["4"],
    }


@pytest.mark.parametrize(("config", "expected"), [("bench", ["4"]), ("hard", ["3", "4"]), ("ood", ["5"])])
def test_a_tag_is_one_test_split(load: Any, config: str, expected: list[str]) -> None:
    found = load(config)
    assert list(found) == ["test"]
    assert ids(found["test"]) == expected


@pytest.mark.parametrize("streaming", [False, True])
def test_titles_are_one_split_called_all(load: Any, streaming: bool) -> None:
    found = load("titles", streaming=streaming)
    assert list(found) == ["all"]
    assert [row["name"] for row in found["all"]] == ["A Film"]
    assert [row["title_id"] for row in load("titles", split="all", streaming=streaming)] == ["f1"]


def test_a_configuration_without_rows_says_what_there_is(load: Any) -> None:
    with pytest.raises(
        ReleaseError, match=r"configuration 'task2'; got train \(3\).* ood \(1\).* release split"
    ):
        load("task2")


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_without_a_split_are_one_split(tmp_path: Path, streaming: bool) -> None:
    own = write_release(tmp_path / "own", [dialogue(1, split=None), dialogue(2, split=None)])
    found = load_dataset(annotations=own, streaming=streaming, cache_dir=str(tmp_path / "cache"))
    assert {name: ids(rows) for name, rows in found.items()} == {"unsplit": ["1", "2"]}


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_without_a_split_beside_others_are_a_configuration(tmp_path: Path, streaming: bool) -> None:
    own = write_release(tmp_path / "own", [dialogue(1), dialogue(2, split=None)])
    options: Any = {"annotations": own, "streaming": streaming, "cache_dir": str(tmp_path / "cache")}
    assert list(load_dataset(**options)) == ["train"]
    assert ids(load_dataset("unsplit", split="unsplit", **options)) == ["2"]


def test_an_unknown_configuration_is_told_with_the_known_ones(load: Any) -> None:
    with pytest.raises(ValueError, match="'nonsense' not found") as error:
        load("nonsense")
    assert all(tag in str(error.value) for tag in (*TAGS, "titles", "default"))


def test_streaming_gives_the_same_rows(load: Any) -> None:
    prepared, streamed = load(), load(streaming=True)
    assert list(prepared) == list(streamed)
    for name in prepared:
        assert list(streamed[name]) == list(prepared[name])


def test_slices_and_unions(load: Any) -> None:
    assert ids(load(split="train[:1]")) == ["0"]
    assert ids(load(split="train[-34%:]")) == ["2"]
    assert ids(load(split="validation+test")) == ["3", "4"]


def test_labels_are_numbers_or_null(load: Any) -> None:
    train = load(split="train")
    label = train.features["relationship"]["category"]
    assert label.int2str(train[0]["relationship"]["category"]) == "Family"
    assert train[1]["relationship"]["category"] is None
    assert train[2]["relationship"] is None


def test_unknown_keys_are_in_extra(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r", [dialogue(0, weather="rain")])
    row = load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "cache"))[0]
    assert json.loads(row["extra"]) == {"weather": "rain"}


def test_withdrawn_dialogues_are_left_out(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r", [dialogue(n) for n in range(3)])
    (folder / "withdrawn.jsonl").write_text('{"dialogue_id": "f1_clip_1"}\n', encoding="utf-8")
    for streaming in (False, True):
        rows = load_dataset(
            annotations=folder, split="train", streaming=streaming, cache_dir=str(tmp_path / "cache")
        )
        assert ids(rows) == ["0", "2"]


def test_clips_of_a_rebuild(load: Any, rebuilt: Path) -> None:
    for streaming in (False, True):
        found = load(data_dir=rebuilt, streaming=streaming)
        first, refused, unknown = found["train"]
        assert first["audio"] == {"bytes": None, "path": str(rebuilt / "clips/f1/0.flac")}
        assert first["video"] == {"bytes": None, "path": str(rebuilt / "clips/f1/0.mp4")}
        assert first["keyframes"] == [None, {"bytes": None, "path": str(rebuilt / "clips/f1/0.k001.jpg")}]
        assert first["clip"] == {
            "status": "built", "reasons": [], "media_start": 0.96, "media_end": 5.0,
            "lead_in": 0.04, "scale": 1.0, "confidence": 0.99,
        }  # fmt: skip
        assert first["clip_turns"] == [
            {"start": 0.04, "end": 1.54, "end_extended": 1.6},
            {"start": 1.54, "end": 4.04, "end_extended": None},
        ]
        assert (refused["clip"]["status"], refused["clip"]["reasons"]) == ("refused", ["wrong_film"])
        assert (unknown["clip"]["status"], unknown["clip"]["reasons"]) == (None, ["no_receipt"])
        for row in (refused, unknown):
            assert row["audio"] is row["video"] is row["keyframes"] is row["clip_turns"] is None
        (sound,) = found["validation"]
        assert sound["video"] is sound["keyframes"] is None


def test_map_and_filter_need_no_decoder(load: Any, rebuilt: Path) -> None:
    train = load(data_dir=rebuilt, split="train")
    built = train.filter(_has_audio).map(_count_turns)
    assert [(row["audio"]["path"], row["n"]) for row in built] == [(str(rebuilt / "clips/f1/0.flac"), 2)]


def _has_audio(row: Any) -> bool:
    return row["audio"] is not None


def _count_turns(row: Any) -> Any:
    return {"n": len(row["turns"])}


def test_no_receipt_where_data_dir_points(load: Any, tmp_path: Path) -> None:
    with pytest.raises(ReleaseNotFound, match="no receipt here"):
        load(data_dir=tmp_path)


@pytest.mark.parametrize("options", [{"on_broken": "ignore"}, {"data_files": "x.parquet"}])
def test_arguments_without_meaning_are_refused(release: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        MMDia(annotations=release, **options)


@pytest.mark.parametrize("streaming", [False, True])
def test_a_broken_row_is_named_with_the_cure(tmp_path: Path, streaming: bool) -> None:
    rows = [dialogue(0), '{"dialogue_id": "x", "split": "train"}', dialogue(2)]
    folder = write_release(tmp_path / "r", rows)
    with pytest.raises(BrokenRow, match=r"dialogues\.jsonl:2: .*mmdia release validate"):
        list(
            load_dataset(
                annotations=folder, split="train", streaming=streaming, cache_dir=str(tmp_path / "cache")
            )
        )


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("broken", ['{"dialogue_id": "x", "split": "train"}', '{"dialogue_id":'])
def test_broken_rows_can_be_skipped_and_are_counted(tmp_path: Path, streaming: bool, broken: str) -> None:
    folder = write_release(tmp_path / "r", [dialogue(0), broken, dialogue(2)])
    options = {"annotations": folder, "on_broken": "skip", "cache_dir": str(tmp_path / "cache")}
    with pytest.warns(UserWarning, match=r"1 rows of .* are left out; the first: .*dialogues\.jsonl:2"):
        found = ids(load_dataset(split="train", streaming=streaming, **options))
    assert found == ["0", "2"]


def test_dirt_is_counted_and_left_as_it_is(tmp_path: Path) -> None:
    rows = tiny_rows()
    rows[2]["turns"][1]["end_ms"] = 0
    folder = write_release(tmp_path / "r", rows)
    with pytest.warns(UserWarning, match=r"turn_end 1, unknown_category 1"):
        train = load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "cache"))
    assert train[2]["turns"][1]["end_ms"] == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # prepared already: said once
        load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "cache"))


def test_the_cache_follows_the_content(tmp_path: Path, release: Path, rebuilt: Path) -> None:
    def place(**options: Any) -> Path:
        return Path(MMDia(cache_dir=str(tmp_path / "cache"), annotations=release, **options).cache_dir)

    before = place()
    assert before.relative_to(tmp_path / "cache").parts[0] == "mmdia"
    assert place() == before
    with_clips = place(data_dir=rebuilt)
    assert with_clips != before
    receipt = rebuilt / "receipt.jsonl"
    receipt.write_text(receipt.read_text(encoding="utf-8").replace("refused", "failed"), encoding="utf-8")
    assert place(data_dir=rebuilt) != with_clips
    lines = release / "dialogues.jsonl"
    lines.write_text(lines.read_text(encoding="utf-8").replace("Out.", "In."), encoding="utf-8")
    assert place() != before


@pytest.mark.slow
def test_a_new_receipt_is_read_anew(load: Any, rebuilt: Path) -> None:
    assert load(data_dir=rebuilt, split="train")[1]["audio"] is None
    lines = (rebuilt / "receipt.jsonl").read_text(encoding="utf-8")
    late = json.loads(lines.splitlines()[0]) | {"dialogue_id": "f1_clip_1"}
    (rebuilt / "receipt.jsonl").write_text(lines + json.dumps(late) + "\n", encoding="utf-8")
    assert load(data_dir=rebuilt, split="train")[1]["audio"] is not None


def test_relative_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: Path) -> None:
    write_receipt(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    row = load_dataset(annotations="release", data_dir="out", split="train", cache_dir="cache")[0]
    assert row["audio"]["path"] == str(tmp_path / "out" / "clips/f1/0.flac")


@pytest.mark.slow
def test_parquet_release_gives_the_same_rows(load: Any, release: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import dialogue_batches

    twin = write_release(tmp_path / "twin", [])
    (twin / "dialogues.jsonl").unlink()
    (twin / "dialogues").mkdir()
    for i, batch in enumerate(dialogue_batches(open_release(release), batch_size=2)):
        with pq.ParquetWriter(twin / "dialogues" / f"part-{i:05d}.parquet", batch.schema) as writer:
            writer.write_batch(batch)
    ours, theirs = load(), load(annotations=twin)
    for name in ours:
        assert list(ours[name]) == list(theirs[name])


def test_the_demo_says_that_it_is_the_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    with pytest.warns(UserWarning, match="bundled demo"):
        found = load_dataset("bench", cache_dir=str(tmp_path / "cache"))
    assert len(found["test"]) > 0


def test_the_builder_pickles(release: Path, tmp_path: Path) -> None:
    builder = MMDia(annotations=release, cache_dir=str(tmp_path / "cache"))
    again = pickle.loads(pickle.dumps(builder))
    assert again.cache_dir == builder.cache_dir
    stream = builder.as_streaming_dataset(split="train")
    assert ids(pickle.loads(pickle.dumps(stream))) == ["0", "1", "2"]


def test_streams_are_cut_into_pieces_for_workers(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r", [dialogue(n) for n in range(100)])
    stream = load_dataset(annotations=folder, split="train", streaming=True)
    assert stream.num_shards >= 8
    parts = [ids(stream.shard(num_shards=4, index=i)) for i in range(4)]
    assert sorted((i for part in parts for i in part), key=int) == [str(n) for n in range(100)]


def test_clips_of_another_release_are_not_joined_in_silence(tmp_path: Path) -> None:
    from mmdia.corpus.clips import check_origin
    from mmdia.errors import ReleaseError
    from mmdia.schema.release import Release

    row = {
        "schema": "mmdia.receipt/1",
        "dialogue_id": "d",
        "status": "built",
        "annotation_version": "mine 1.0",
    }
    (tmp_path / "receipt.jsonl").write_text(json.dumps(row) + "\n")
    check_origin(tmp_path, Release(name="mine", version="1.0"))
    with pytest.warns(UserWarning, match=r"mine 1\.0"):
        check_origin(tmp_path, Release(name="mine", version="2.0"))
    with pytest.raises(ReleaseError, match="another release"):
        check_origin(tmp_path, Release(name="theirs", version="1.0"))


@pytest.mark.slow
def test_streams_can_be_cut_finer(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r", [dialogue(n) for n in range(100)])
    stream = load_dataset(annotations=folder, split="train", streaming=True)
    if not hasattr(stream, "reshard"):
        pytest.skip("this version of datasets has no reshard")
    finer = stream.reshard()
    assert finer.num_shards > 2 * stream.num_shards
    assert list(finer) == list(stream)


@pytest.mark.slow
def test_a_clip_that_is_gone_is_null_with_its_reason(load: Any, rebuilt: Path) -> None:
    (rebuilt / "clips" / "f1" / "0.flac").unlink()
    first = load(data_dir=rebuilt, split="train")[0]
    assert (first["audio"], first["clip"]["status"], first["clip"]["reasons"]) == (
        None, "built", ["clip_gone"],
    )  # fmt: skip
    assert first["video"] is not None
    for name in ("0.mp4", "0.k001.jpg"):
        (rebuilt / "clips" / "f1" / name).unlink()
    first = load(data_dir=rebuilt, split="train")[0]
    assert first["video"] is None
    assert first["keyframes"] == [None, None]
    assert (first["clip"]["status"], first["clip"]["reasons"]) == ("failed", ["clip_gone"])
    (rebuilt / "clips" / "f1" / "0.flac").write_bytes(b"back")
    assert load(data_dir=rebuilt, split="train")[0]["audio"] is not None


@pytest.mark.slow
def test_a_torn_receipt_and_odd_values_are_read_as_records_are(load: Any, rebuilt: Path) -> None:
    path = rebuilt / "receipt.jsonl"
    whole = load(data_dir=rebuilt, split="train")[0]
    row = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    row["clip"]["media_start"] = "0.96"  # a number in text, which records take
    row["quality"] = {"snr_db": 3, "clipped": 0.0}
    path.write_text(json.dumps(row) + '\n{"schema": "mmdia.receipt/1", "dialo', encoding="utf-8")
    found = load(data_dir=rebuilt, split="train")[0]
    assert found.pop("quality") == [{"name": "clipped", "value": 0.0}, {"name": "snr_db", "value": 3.0}]
    whole.pop("quality")
    assert found == whole
    path.write_text('{"status": "built"}\n', encoding="utf-8")
    with pytest.raises(BrokenRow, match=r"receipt\.jsonl:1"):
        load(data_dir=rebuilt, split="train")


def test_labels_in_columns_are_what_they_are_one_by_one() -> None:
    from collections import Counter

    import pyarrow as pa

    from mmdia.corpus.arrow import arrow_schema
    from mmdia.corpus.labels import encode_labels
    from mmdia.schema.dialogue import Dialogue
    from mmdia.schema.vocab import PAPER_15

    rows = [
        {"relationship": {"category": "Family", "pairs": [
            {"a": "x", "b": "y", "category": "Friends"}, {"a": "x", "b": "z", "category": "Odd"}]}},
        {"relationship": None},
        {"relationship": {"category": "Odd", "pairs": []}},
        {"relationship": {"category": None, "pairs": [{"a": "x", "b": "y", "category": None}]}},
    ]  # fmt: skip
    whole = pa.RecordBatch.from_pylist(rows, schema=arrow_schema(Dialogue))
    names = PAPER_15.names("relationship")
    for batch, expected in ((whole, rows), (whole.slice(1, 2), rows[1:3]), (whole.slice(3), rows[3:])):
        unknown: Counter[tuple[str, str]] = Counter()
        found = encode_labels(batch, Dialogue, PAPER_15, unknown).column("relationship").to_pylist()
        for row, want in zip(found, (r["relationship"] for r in expected), strict=True):
            if want is None:
                assert row is None
                continue
            word = want["category"]
            assert row["category"] == (names.index(word) if word in names else None)
            # Pairs keep their words: only a dialogue's own category is a label.
            assert [p["category"] for p in row["pairs"]] == [p["category"] for p in want["pairs"]]
        odd = sum(
            r["relationship"] is not None and r["relationship"]["category"] == "Odd" for r in expected
        )
        assert unknown == (Counter({("relationship", "Odd"): odd}) if odd else Counter())


def test_a_table_that_changes_in_place_is_never_taken_for_the_old_one(tmp_path: Path) -> None:
    import os

    from mmdia.corpus import digests

    folder, memory = tmp_path / "f", tmp_path / "memory"
    folder.mkdir()
    file = folder / "a"
    file.write_bytes(b"one")
    old = digests.known_digests(folder, [file], memory)["a"]
    assert not memory.exists()  # it was written just now: nothing may be remembered
    long_ago = 1_000_000_000
    os.utime(file, (long_ago, long_ago))
    original, digests.REST_S = digests.REST_S, -60.0  # as if it had rested
    try:
        assert digests.known_digests(folder, [file], memory)["a"] == old
        assert memory.exists()
        file.write_bytes(b"two")
        os.utime(file, (long_ago, long_ago))  # size and time of content are those of before
        assert digests.known_digests(folder, [file], memory)["a"] != old
    finally:
        digests.REST_S = original
    next(memory.iterdir()).write_text("{")
    assert digests.known_digests(folder, [file], memory)["a"] != old
