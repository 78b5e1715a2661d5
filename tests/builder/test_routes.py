"""``load_dataset("mmdia")`` from outside: every call, with and without import, wherever one stands.

Each test is one fresh interpreter, since what is imported first is what is tested.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmdia

REPO = Path(mmdia.__file__).resolve().parent.parent
PTH = REPO / "tools" / "pth" / "mmdia_datasets_hook.pth"

# As if torch were not installed: `datasets` imports it wherever it finds it.
NO_TORCH = """
from importlib.machinery import PathFinder
def find_spec(cls, name, path=None, target=None, found=PathFinder.find_spec.__func__):
    return None if name.split(".")[0] in ("torch", "torchcodec") else found(cls, name, path, target)
PathFinder.find_spec = classmethod(find_spec)
"""
ONE_CALL = """
import datasets, warnings
datasets.disable_progress_bars()
rows = datasets.load_dataset("mmdia", "bench", annotations=RELEASE, split="test")
assert [row["dialogue_id"] for row in rows] == ["f1_clip_4"]
from mmdia import _datasets_hook
print("all is well", _datasets_hook.status())
"""
CALLS = """
import datasets, json, os, sys, warnings
warnings.simplefilter("ignore")
datasets.disable_progress_bars()
from datasets import get_dataset_config_names, get_dataset_split_names, load_dataset, load_dataset_builder

def ids(rows):
    return [row["dialogue_id"] for row in rows]

whole = load_dataset("mmdia", annotations=RELEASE)
assert list(whole) == ["train", "validation", "test"], whole
assert ids(load_dataset("mmdia", annotations=RELEASE, split="train[:2]")) == ["f1_clip_0", "f1_clip_1"]
assert ids(load_dataset("mmdia", "bench", annotations=RELEASE, split="test")) == ["f1_clip_4"]
assert list(load_dataset("mmdia", "titles", annotations=RELEASE)) == ["all"]
again = load_dataset("mmdia", annotations=RELEASE, num_proc=2, split="train", cache_dir="other")
assert ids(again) == ids(whole["train"])
streamed = load_dataset("mmdia", annotations=RELEASE, streaming=True)
assert list(streamed["train"]) == list(whole["train"])
clips = load_dataset("mmdia", annotations=RELEASE, data_dir=REBUILT, split="train")
assert clips[0]["audio"]["path"] == os.path.join(REBUILT, "clips/f1/0.flac")
builder = load_dataset_builder("mmdia", "hard", annotations=RELEASE)
assert builder.info.features["dialogue_id"] == datasets.Value("string")
names = ["default", "unsplit", "bench", "hard", "ood", "task2", "task3", "titles"]
assert get_dataset_config_names("mmdia") == names
assert get_dataset_split_names("mmdia", annotations=RELEASE) == ["train", "validation", "test"]
try:
    load_dataset("mmdia", "nonsense")
except ValueError as error:
    assert "bench" in str(error), error
else:
    raise AssertionError("an unknown configuration was taken")
demo = load_dataset("mmdia", split="train")
assert ids(demo)[0].startswith("mmdia_demo"), ids(demo)
from mmdia import _datasets_hook
print("all is well", _datasets_hook.status())
"""


def run(
    code: str, *, cwd: Path, home: Path, release: Path, rebuilt: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MMDIA_", "PYTHON", "HF_"))}
    clean |= {
        "PYTHONPATH": str(REPO), "HF_HUB_OFFLINE": "1", "HF_HOME": str(home / "hf"),
        "MMDIA_HOME": str(home / "mmdia"),
    }  # fmt: skip
    names = f"RELEASE = {str(release)!r}\nREBUILT = {str(rebuilt)!r}\n"
    return subprocess.run(
        [sys.executable, "-c", names + code],
        cwd=cwd,
        env=clean | env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("where", ["empty", "repository"])
@pytest.mark.parametrize("way", ["import", "late import", "pth"])
def test_every_call(tmp_path: Path, release: Path, rebuilt: Path, way: str, where: str) -> None:
    first = {
        "import": "import mmdia",
        "late import": "import datasets, mmdia",
        "pth": f"import site; site.addpackage({str(PTH.parent)!r}, {PTH.name!r}, set())",
    }[way]
    empty = tmp_path / "empty"
    empty.mkdir()
    if where == "repository":
        # What datasets would take for a folder of data; a link, so that the cache stays out of the tree.
        (empty / "mmdia").symlink_to(REPO / "mmdia", target_is_directory=True)
    # Every call where the way is hardest; elsewhere one call shows the way.
    calls = CALLS if (way, where) in (("pth", "repository"), ("import", "empty")) else ONE_CALL
    done = run(f"{NO_TORCH}\n{first}\n{calls}", cwd=empty, home=tmp_path, release=release, rebuilt=rebuilt)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "all is well registered"


@pytest.mark.slow
def test_switched_off_only_our_own_function_works(tmp_path: Path, release: Path) -> None:
    code = """
import mmdia, datasets
from mmdia import _datasets_hook
datasets.disable_progress_bars()
print(_datasets_hook.status(), len(mmdia.load_dataset("bench", annotations=RELEASE, split="test")))
try:
    datasets.load_dataset("mmdia", annotations=RELEASE, cache_dir="elsewhere")
except Exception as error:
    print(type(error).__name__)
"""
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run(code, cwd=empty, home=tmp_path, release=release, MMDIA_NO_AUTOREGISTER="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["off 1", "ConnectionError"]


@pytest.mark.slow
def test_leaving_a_stream_half_way_ends_well(tmp_path: Path, release: Path) -> None:
    code = """
import mmdia
stream = mmdia.load_dataset(annotations=RELEASE, streaming=True, split="train")
print(next(iter(stream))["dialogue_id"])
"""
    done = run(code, cwd=tmp_path, home=tmp_path, release=release)
    assert (done.returncode, done.stdout) == (0, "f1_clip_0\n"), done.stderr


@pytest.mark.slow
@pytest.mark.needs_torch
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_data_loader_workers(tmp_path: Path, release: Path, start: str) -> None:
    pytest.importorskip("torch")
    script = tmp_path / "main.py"
    script.write_text(
        f"""
import warnings
from torch.utils.data import DataLoader
import mmdia
from mmdia.train import DialogueCollator

def main():
    for streaming in (False, True):
        rows = mmdia.load_dataset(annotations={str(release)!r}, split="train", streaming=streaming)
        loader = DataLoader(rows, batch_size=2, num_workers=2, multiprocessing_context={start!r},
                            collate_fn=DialogueCollator(load_audio=False))
        print(sorted(name for batch in loader for name in batch["dialogue_id"]))

if __name__ == "__main__":
    main()
""",
        encoding="utf-8",
    )
    code = f"import runpy, sys; sys.argv = ['main']; runpy.run_path({str(script)!r}, run_name='__main__')"
    done = run(code, cwd=tmp_path, home=tmp_path, release=release)
    assert done.returncode == 0, done.stderr
    line = "['f1_clip_0', 'f1_clip_1', 'f1_clip_2']"
    assert [text for text in done.stdout.splitlines() if text.startswith("[")] == [line, line]
