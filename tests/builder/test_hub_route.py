"""``load_dataset("org/name")``: a published release on a Hub of our own, read by the real clients.

The library that is asked is plain `datasets`; the process never imports mmdia.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdia.builder import load_dataset
from mmdia.corpus.locate import open_release
from mmdia.release.publish import publish
from tests.builder.conftest import dialogue, write_release
from tests.release.loopback_hub import TOKEN, Hub, Repo, hub_environment, serve_hub

pytestmark = pytest.mark.slow
N = 40


def rows() -> list[dict[str, Any]]:
    splits = {30: "validation", 34: "test"}
    split, out = "train", []
    for n in range(N):
        split = splits.get(n, split)
        tags = ["bench", "hard"] if n in (35, 37) else []
        out.append(dialogue(n, split=split, subsets=tags, relationship={"category": "Family"}))
    return out


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_release(tmp_path_factory.mktemp("hub") / "release", list(rows()), license="CC0-1.0")
    (folder / "withdrawn.jsonl").write_text('{"dialogue_id": "f1_clip_5"}\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def published(release: Path) -> Path:
    pytest.importorskip("jinja2")
    out = release.parent / "published"
    publish(open_release(release), out=out, text_license="CC0-1.0")
    return out


@pytest.fixture
def hub(published: Path) -> Iterator[Hub]:
    with serve_hub({
        "lab/release": Repo.of_folder(published), "lab/gated": Repo.of_folder(published, gated=True)
    }) as found:  # fmt: skip
        yield found


def run(hub: Hub, home: Path, code: str, **env: str) -> subprocess.CompletedProcess[str]:
    plain = "import sys, datasets\ndatasets.disable_progress_bars()\nfrom datasets import load_dataset\n"
    return subprocess.run(
        [sys.executable, "-c", plain + code],
        cwd=home,
        env=hub_environment(hub, home, **{"MMDIA_NO_AUTOREGISTER": "1", "USE_TORCH": "0", **env}),
        capture_output=True,
        text=True,
        check=False,
    )


def told(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


ROWS = 'load_dataset("lab/release", split="train")'


def test_every_configuration_loads_with_plain_datasets(hub: Hub, tmp_path: Path) -> None:
    code = """
import json
from datasets import get_dataset_config_names, get_dataset_split_names
whole = load_dataset("lab/release")
print(json.dumps({
    "configs": get_dataset_config_names("lab/release"),
    "splits": get_dataset_split_names("lab/release"),
    "rows": {name: part.num_rows for name, part in whole.items()},
    "slice": load_dataset("lab/release", split="train[:3]")["dialogue_id"][:],
    "bench": load_dataset("lab/release", "bench", split="test")["dialogue_id"][:],
    "names": whole["train"].features["relationship"]["category"].names,
    "first": whole["train"][0],
    "mmdia": "mmdia.builder" in sys.modules,
}))
"""
    found = told(run(hub, tmp_path, code))
    assert {"default", "bench", "hard", "titles"} <= set(found["configs"])
    assert found["splits"] == ["train", "validation", "test"]
    assert found["rows"] == {"train": 29, "validation": 4, "test": 6}  # one is withdrawn
    assert found["slice"] == ["f1_clip_0", "f1_clip_1", "f1_clip_2"]
    assert found["bench"] == ["f1_clip_35", "f1_clip_37"]
    assert found["names"][found["first"]["relationship"]["category"]] == "Family"
    assert not found["mmdia"]


def test_the_hub_and_the_folder_give_the_same_rows(
    hub: Hub, tmp_path: Path, release: Path, published: Path
) -> None:
    code = f"import json\nprint(json.dumps([row for row in {ROWS}]))"
    theirs = told(run(hub, tmp_path, code))
    for folder in (release, published):
        ours = load_dataset(annotations=folder, split="train", cache_dir=str(tmp_path / "cache"))
        assert list(ours) == theirs


def test_a_second_load_fetches_nothing(hub: Hub, tmp_path: Path) -> None:
    told(run(hub, tmp_path, f"print(len({ROWS}))"))
    assert any(name.endswith(".parquet") for name in hub.downloaded())
    hub.asked.clear()
    assert told(run(hub, tmp_path, f"print(len({ROWS}))")) == 29
    assert not any(name.endswith(".parquet") for name in hub.downloaded())
    hub.asked.clear()
    assert told(run(hub, tmp_path, f"print(len({ROWS}))", HF_HUB_OFFLINE="1")) == 29
    assert not hub.asked


def test_streaming_reads_ranges_and_has_pieces_for_workers(hub: Hub, tmp_path: Path) -> None:
    code = """
import json, os
stream = load_dataset("lab/release", split="train", streaming=True)
print(json.dumps({"shards": stream.num_shards, "ids": [row["dialogue_id"] for row in stream]}), flush=True)
os._exit(0)  # the stock reader may abort at exit: that complaint has a test of its own
"""
    found = told(run(hub, tmp_path, code))
    assert found["ids"] == [f"f1_clip_{n}" for n in range(30) if n != 5]
    assert found["shards"] >= 3
    assert hub.ranges


def test_gated_repositories_ask_for_a_token(hub: Hub, tmp_path: Path) -> None:
    code = """
try:
    print(len(load_dataset("lab/gated", split="test")))
except Exception as error:
    print(type(error).__name__, error)
"""
    assert "gated" in run(hub, tmp_path, code).stdout
    assert run(hub, tmp_path, code, HF_TOKEN=TOKEN).stdout.splitlines()[-1] == "6"


def test_a_missing_repository_is_told(hub: Hub, tmp_path: Path) -> None:
    done = run(hub, tmp_path, 'load_dataset("lab/nothing")')
    assert done.returncode == 1
    assert "lab/nothing" in done.stderr.splitlines()[-1]
    assert "DatasetNotFoundError" in done.stderr


def test_install_from_the_hub_then_load_by_name(hub: Hub, tmp_path: Path) -> None:
    install = [sys.executable, "-m", "mmdia", "release", "install", "lab/release"]
    done = subprocess.run(
        install,
        cwd=tmp_path,
        env=hub_environment(hub, tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code = 'import mmdia\nprint(load_dataset("mmdia", split="train").num_rows)'
    assert told(run(hub, tmp_path, code, MMDIA_NO_AUTOREGISTER="0", HF_HUB_OFFLINE="1")) == 29
