"""The road over the Hub with the real clients at the other end: publish, load, install, go on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_titles
from mmdia.release.publish import publish
from mmdia.schema.vocab import PAPER_15

from .loopback_hub import TOKEN, Hub, Repo, hub_environment, is_large, serve_hub

pytestmark = pytest.mark.slow
DEMO = str(demo_release())
IMPORTS = "import json\nfrom datasets import get_dataset_config_names, load_dataset"


@dataclass(frozen=True)
class Told:
    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


def mmdia(hub: Hub, home: Path, *words: str, **settings: str) -> Told:
    done = subprocess.run(
        [sys.executable, "-m", "mmdia", *words],
        env=hub_environment(hub, home, **{"HF_TOKEN": TOKEN, **settings}),
        cwd=home, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr)


def python(hub: Hub, home: Path, code: str, **settings: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", f"{IMPORTS}\n{code}"],
        env=hub_environment(hub, home, MMDIA_NO_AUTOREGISTER="1", **{"HF_TOKEN": TOKEN, **settings}),
        cwd=home, capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub({}) as running:
        yield running


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


def expected(split: str) -> list[dict[str, Any]]:
    """Rows of the demo as plain `datasets` gives them: all columns, categories as numbers."""
    rows = []
    for dialogue in iter_dialogues(open_release(DEMO)):
        if dialogue.split == split:
            row = dialogue.model_dump(mode="json")
            for axis in ("relationship", "interaction"):
                if row[axis] and row[axis]["category"]:
                    row[axis]["category"] = PAPER_15.names(axis).index(row[axis]["category"])
            rows.append(without_nulls(row))
    return rows


def test_what_is_published_is_what_plain_datasets_loads(hub: Hub, tmp_path: Path) -> None:
    sent = mmdia(hub, tmp_path, "release", "publish", DEMO, "--hub", "lab/demo", "--json")
    assert sent.status == 0, sent.err
    assert set(sent.document["hub"]["actions"].values()) == {"new"}
    repo = hub.repos["lab/demo"]
    assert set(repo.files) == {*sent.document["files"], ".gitattributes"}
    assert len(repo.commits) == 1
    told = python(
        hub, tmp_path,
        "names = get_dataset_config_names('lab/demo')\n"
        "ds = load_dataset('lab/demo')\n"
        "stream = load_dataset('lab/demo', 'bench', split='test', streaming=True)\n"
        "titles = load_dataset('lab/demo', 'titles', split='titles')\n"
        "print(json.dumps([names, {k: list(v) for k, v in ds.items()}, list(stream), list(titles), "
        "len(load_dataset('lab/demo', 'titles', split='all'))]))",
    )  # fmt: skip
    names, splits, bench, titles, all_titles = told
    assert names == ["default", "unsplit", "bench", "hard", "ood", "task2", "task3", "titles"]
    assert list(splits) == ["train", "validation", "test"]
    for split, rows in splits.items():
        assert [without_nulls(row) for row in rows] == expected(split)
    assert {r["dialogue_id"] for r in bench} == {
        d.dialogue_id for d in iter_dialogues(open_release(DEMO)) if "bench" in d.subsets
    }
    own = [without_nulls(t.model_dump(mode="json")) for t in iter_titles(open_release(DEMO))]
    assert [without_nulls(t) for t in titles] == own
    assert all_titles == len(own)


def test_what_is_published_can_be_installed(hub: Hub, tmp_path: Path) -> None:
    assert mmdia(hub, tmp_path, "release", "publish", DEMO, "--hub", "lab/demo").status == 0
    done = mmdia(hub, tmp_path, "release", "install", "lab/demo", "--json")
    assert done.status == 0, done.err
    back = open_release(done.document["path"])
    assert sorted(iter_dialogues(back), key=lambda d: d.dialogue_id) == sorted(
        iter_dialogues(open_release(DEMO)), key=lambda d: d.dialogue_id
    )


def test_a_second_upload_sends_nothing_and_a_change_sends_the_change(hub: Hub, tmp_path: Path) -> None:
    words = ("release", "publish", DEMO, "--hub", "lab/demo", "--json")
    first = mmdia(hub, tmp_path, *words)
    hub.asked.clear()
    again = mmdia(hub, tmp_path, *words)
    assert again.document["was_there"]
    assert set(again.document["hub"]["actions"].values()) == {"same"}
    assert again.document["hub"]["commit"] == first.document["hub"]["commit"]
    assert {path for _, path in hub.writes()} == {"/api/repos/create"}
    large = len(hub.put)
    hub.repos["lab/demo"].files["notes-of-others.txt"] = b"keep me"
    changed = mmdia(hub, tmp_path, *words, "--shards", "2")
    actions = changed.document["hub"]["actions"]
    assert actions["titles.parquet"] == "same"
    assert actions["dialogues/train-00000-of-00002.parquet"] == "new"
    assert actions["dialogues/train-00000-of-00003.parquet"] == "delete"
    files = hub.repos["lab/demo"].files
    assert not [name for name in files if "-of-00003" in name]
    assert "notes-of-others.txt" in files
    assert len(hub.repos["lab/demo"].commits) == 2
    assert len(hub.put) - large <= sum(1 for p, a in actions.items() if a == "new" and is_large(p))
    assert len(hub.put) == len(set(hub.put))  # what the Hub has is not sent again, whatever its name
    hub.asked.clear()
    plan = mmdia(hub, tmp_path, *words, "--dry-run")
    assert "delete" in plan.document["hub"]["actions"].values()
    assert plan.document["path"] is None
    assert hub.writes() == []


def test_an_upload_that_broke_off_goes_on(hub: Hub, tmp_path: Path) -> None:
    words = ("release", "publish", DEMO, "--hub", "lab/demo", "--json")
    hub.fail_after = 4
    broken = mmdia(hub, tmp_path, *words)
    assert broken.status == 2
    assert broken.err.splitlines()[-1].startswith("mmdia: ")
    assert "Traceback" not in broken.err
    assert hub.repos["lab/demo"].commits == []
    there = len(hub.objects)
    assert there == 4
    hub.fail_after = None
    done = mmdia(hub, tmp_path, *words)
    assert done.status == 0, done.err
    assert done.document["was_there"]  # the folder was not built again
    assert len(hub.put) == len(set(hub.put))  # no large file was sent twice
    assert set(done.document["files"]) <= set(hub.repos["lab/demo"].files)


def test_privacy_gate_and_branch_are_set_before_files_are_sent(hub: Hub, tmp_path: Path) -> None:
    done = mmdia(
        hub, tmp_path, "release", "publish", DEMO, "--hub", "lab/demo", "--private", "--gated", "manual",
        "--revision", "v2", "--json",
    )  # fmt: skip
    assert done.status == 0, done.err
    repo = hub.repos["lab/demo"]
    assert (repo.private, repo.gated) == (True, "manual")
    assert set(repo.files) == {".gitattributes"}
    assert "extra_gated_prompt" in repo.revisions["v2"]["README.md"].decode()
    paths = [path for _, path in hub.asked]
    assert paths.index("/api/datasets/lab/demo/settings") < min(
        i for i, path in enumerate(paths) if "preupload" in path
    )
    hidden = mmdia(hub, tmp_path, "release", "install", "lab/demo@v2", HF_TOKEN="hf_stranger")
    assert hidden.status == 2


def test_refusals_name_their_cure(hub: Hub, tmp_path: Path) -> None:
    words = ("release", "publish", DEMO)
    nowhere = mmdia(hub, tmp_path, *words)
    assert (nowhere.status, nowhere.out) == (2, "")
    assert "--out DIR or --hub ORG/NAME" in nowhere.err
    wrong = mmdia(hub, tmp_path, *words, "--hub", "demo")
    assert wrong.status == 2
    assert "ORG/NAME" in wrong.err
    stranger = mmdia(hub, tmp_path, *words, "--hub", "lab/demo", HF_TOKEN="hf_stranger")
    assert stranger.status == 2
    assert "hf auth login" in stranger.err
    assert "Traceback" not in stranger.err
    assert hub.repos == {}


def test_media_put_into_a_published_folder_is_not_sent(hub: Hub, tmp_path: Path) -> None:
    folder = publish(open_release(DEMO), tmp_path / "out", repo="lab/demo").path
    (folder / "subtitles" / "film.mp4").write_bytes(b"\x00\x00\x00\x18ftypisom")
    done = mmdia(hub, tmp_path, "release", "publish", DEMO, "--hub", "lab/demo", "--out", str(folder))
    assert done.status == 2
    assert "was not made by publishing" in done.err
    assert (folder / "subtitles" / "film.mp4").is_file()
    assert not hub.repos.get("lab/demo", Repo({"main": {}})).commits
