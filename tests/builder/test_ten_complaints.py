"""What users of `datasets` complain about (docs/dataset.md has the list), and a test of each.

A complaint is shown here, or where the thing is tested that answers it; `ELSEWHERE` points there.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import datasets
import pytest

import mmdia
from mmdia.builder import load_dataset
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import dialogue_batches
from tests.builder.conftest import dialogue, write_release
from tests.builder.test_routes import run

datasets.disable_progress_bars()
ROOT = Path(__file__).resolve().parents[2]

COMPLAINTS = {
    1: "streaming Parquet aborts the interpreter at exit",
    2: "torchcodec or FFmpeg cannot be loaded",
    3: "there is no choice of the library that decodes",
    4: "a part of a file cannot be decoded without the whole",
    5: "workers of a DataLoader idle when a stream has few shards",
    6: "a shuffled stream that is resumed loses rows and repeats others",
    7: 'set_format("torch") is slow, and gives lists of scalars',
    8: "the default collate function fails on ragged turns",
    9: "decoders are slow to open, and a loader's threads fight for cores",
    10: "loading scripts are no longer supported",
}
#: Tests in other files, by complaint: file and name.
ELSEWHERE: dict[int, list[tuple[str, str]]] = {
    2: [
        (
            "tests/media/test_readers.py",
            "test_a_torchcodec_that_does_not_load_is_told_once_and_av_reads",
        )
    ],
    3: [
        ("tests/media/test_readers.py", "test_a_built_in_backend_is_right_or_refuses"),
        ("tests/media/test_readers.py", "test_torchcodec_is_right_or_refuses"),
    ],
    4: [
        ("tests/rebuild/test_attach.py", "test_stretches_are_slices_of_the_whole"),
        ("tests/rebuild/test_attach.py", "test_film_and_clip_give_the_same_frames_and_samples"),
    ],
    9: [
        ("tests/media/test_readers.py", "test_the_pool_keeps_the_latest_and_closes_the_rest"),
        ("tests/rebuild/test_attach.py", "test_open_files_are_few_and_used_again"),
        ("tests/rebuild/test_attach.py", "test_open_readers_do_not_cross_a_fork"),
    ],
    6: [
        ("tests/train/test_stream.py", "test_batches_resume_in_the_same_order"),
        ("tests/train/test_stream.py", "test_another_number_of_workers_loses_nothing"),
        ("tests/train/test_sampler.py", "test_a_loader_that_stops_after_any_batch_goes_on_with_the_next"),
    ],
    10: [
        ("tests/builder/test_routes.py", "test_every_call"),
        ("tests/builder/test_hub_route.py", "test_every_configuration_loads_with_plain_datasets"),
    ],
}


@pytest.fixture
def parquet_release(tmp_path: Path) -> Path:
    """400 dialogues in two Parquet files of row groups of 25."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = write_release(tmp_path / "release", [dialogue(n) for n in range(400)])
    table = pa.Table.from_batches(dialogue_batches(open_release(folder)))
    (folder / "dialogues.jsonl").unlink()
    (folder / "dialogues").mkdir()
    for i in range(2):
        part = table.slice(200 * i, 200)
        pq.write_table(part, folder / "dialogues" / f"train-{i:05d}-of-00002.parquet", row_group_size=25)
    return folder


def test_every_complaint_has_a_test() -> None:
    here = {name for name in globals() if name.startswith("test_complaint_")}
    for number in COMPLAINTS:
        mine = [name for name in here if name.startswith(f"test_complaint_{number}_")]
        assert mine or ELSEWHERE.get(number), COMPLAINTS[number]
        for file, name in ELSEWHERE.get(number, ()):
            tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
            assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, file


@pytest.mark.slow
def test_complaint_1_leaving_a_parquet_stream_ends_well(tmp_path: Path, parquet_release: Path) -> None:
    code = """
import mmdia
stream = mmdia.load_dataset(annotations=RELEASE, streaming=True, split="train")
print(next(iter(stream))["dialogue_id"])
"""
    # The stock reader aborts in about one run of three.
    for _ in range(4):
        done = run(code, cwd=tmp_path, home=tmp_path, release=parquet_release, USE_TORCH="0")
        assert (done.returncode, done.stdout) == (0, "f1_clip_0\n"), done.stderr


def test_complaint_1_no_scanner_is_used() -> None:
    for file in Path(mmdia.__file__).parent.rglob("*.py"):
        assert "pyarrow.dataset" not in file.read_text(encoding="utf-8").replace("``pyarrow.dataset``", "")


@pytest.mark.slow
def test_complaint_5_small_files_still_give_every_worker_work(parquet_release: Path) -> None:
    stream = load_dataset(annotations=parquet_release, streaming=True, split="train")
    assert stream.num_shards >= 8
    parts = [[row["dialogue_id"] for row in stream.shard(num_shards=8, index=i)] for i in range(8)]
    assert all(parts)
    assert sorted(name for part in parts for name in part) == sorted(f"f1_clip_{n}" for n in range(400))


@pytest.mark.needs_torch
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize("workers", [0, 2, 8])
def test_complaint_5_loaders_lose_and_repeat_nothing(parquet_release: Path, workers: int) -> None:
    torch_data = pytest.importorskip("torch.utils.data")
    stream = load_dataset(annotations=parquet_release, streaming=True, split="train")
    loader = torch_data.DataLoader(stream, batch_size=None, num_workers=workers)
    assert sorted(row["dialogue_id"] for row in loader) == sorted(f"f1_clip_{n}" for n in range(400))


@pytest.mark.needs_torch
def test_complaint_7_tensors_are_made_for_the_batch_not_for_each_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = pytest.importorskip("torch")
    from mmdia.train import DialogueCollator

    folder = write_release(tmp_path / "r", [dialogue(n) for n in range(40)])
    train = load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "c"))
    assert train.format["type"] is None
    made = {"n": 0}
    for name in ("tensor", "as_tensor", "from_numpy"):
        original = getattr(torch, name)

        def counted(*args: Any, _original: Any = original, **options: Any) -> Any:
            made["n"] += 1
            return _original(*args, **options)

        monkeypatch.setattr(torch, name, counted)
    counts = []
    for size in (2, 40):
        made["n"] = 0
        batch = DialogueCollator(load_audio=False)([train[i] for i in range(size)])
        counts.append(made["n"])
        assert batch["turn_mask"].shape == (size, 2)
    assert counts[0] == counts[1] > 0


@pytest.mark.needs_torch
def test_complaint_8_ragged_turns_are_padded(tmp_path: Path) -> None:
    default_collate = pytest.importorskip("torch.utils.data").default_collate
    from mmdia.train import DialogueCollator

    long = dialogue(1)
    more = [dict(t, start_ms=t["start_ms"] + 4000, end_ms=t["end_ms"] + 4000) for t in long["turns"]]
    long |= {"turns": long["turns"] + more, "end_ms": long["end_ms"] + 4000}
    folder = write_release(tmp_path / "r", [dialogue(0), long])
    train = load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "c"))
    rows = [train[0], train[1]]
    with pytest.raises((RuntimeError, TypeError)):
        default_collate(
            [{"turns": [t["text"] for t in row["turns"]], "n": row["start_ms"]} for row in rows]
        )
    batch = DialogueCollator(load_audio=False)(rows)
    assert batch["turn_mask"].tolist() == [[True, True, False, False], [True, True, True, True]]


def test_complaint_10_there_is_no_script() -> None:
    package = Path(mmdia.__file__).parent
    assert not (package / f"{package.name}.py").exists()  # `datasets` would refuse it
    assert not list(package.glob("**/dataset_infos.json"))


@pytest.mark.slow
def test_complaint_10_the_cache_of_one_process_serves_the_next(tmp_path: Path) -> None:
    folder = write_release(tmp_path / "r", [dialogue(n) for n in range(3)])
    code = """
import datasets, json, mmdia
datasets.disable_progress_bars()
rows = datasets.load_dataset("mmdia", annotations=RELEASE, split="train", cache_dir="cache")
print(json.dumps([rows.cache_files[0]["filename"], rows._fingerprint]))
"""
    first, second = (
        run(code, cwd=tmp_path, home=tmp_path, release=folder, USE_TORCH="0") for _ in range(2)
    )
    assert first.returncode == second.returncode == 0, first.stderr + second.stderr
    assert first.stdout == second.stdout
