"""A table that is prepared opens without the records, and never for a release that has changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mmdia.builder
from mmdia.builder import MMDia, load_dataset
from mmdia.corpus.glance import facts_of, glance_at_release
from mmdia.corpus.locate import demo_release, open_release
from mmdia.errors import MmdiaError, ReleaseError
from tests.builder.conftest import write_release

NEW_PROCESS = """
import json, sys
import mmdia, datasets
before = set(sys.modules)
folder, cache, out = sys.argv[1:]
rows = datasets.load_dataset("mmdia", annotations=folder, cache_dir=cache, data_dir=out or None)
heavy = [name for name in ("pydantic", "scipy", "torch") if name in sys.modules and name not in before]
print(json.dumps([rows["train"][0]["turns"][1]["text"], rows["train"].info.description, heavy]))
"""


def in_a_new_process(folder: Path, cache: Path, home: Path, out: Path | None = None) -> Any:
    root = str(Path(mmdia.builder.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", NEW_PROCESS, str(folder), str(cache), str(out or "")],
        env={**os.environ, "PYTHONPATH": root, "MMDIA_HOME": str(home), "HF_HUB_OFFLINE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_new_process_opens_what_is_prepared_without_the_records(tmp_path: Path, release: Path) -> None:
    cache, home = tmp_path / "cache", tmp_path / "home"
    text, told, heavy = in_a_new_process(release, cache, home)
    assert (text, told) == ("Out.", "Release tiny 1.")
    assert "pydantic" in heavy, "rows are read through the records"
    assert in_a_new_process(release, cache, home) == ["Out.", "Release tiny 1.", []]
    lines = release / "dialogues.jsonl"
    lines.write_text(lines.read_text(encoding="utf-8").replace("Out.", "Ill."), encoding="utf-8")
    assert in_a_new_process(release, cache, home)[0] == "Ill."
    head = release / "release.json"
    head.write_text(head.read_text(encoding="utf-8").replace('"1"', '"2"'), encoding="utf-8")
    assert in_a_new_process(release, cache, home)[:2] == ["Ill.", "Release tiny 2."]
    assert in_a_new_process(release, cache, home) == ["Ill.", "Release tiny 2.", []]


@pytest.mark.slow
def test_clips_of_a_rebuild_open_without_the_records_too(
    tmp_path: Path, release: Path, rebuilt: Path
) -> None:
    for folder in (rebuilt / "clips" / "f1", rebuilt / "clips"):
        os.utime(folder, (1_000_000_000, 1_000_000_000))  # at rest: what is found there may be kept
    cache, home = tmp_path / "cache", tmp_path / "home"
    assert "pydantic" in in_a_new_process(release, cache, home, rebuilt)[2]
    assert in_a_new_process(release, cache, home, rebuilt)[2] == []
    (rebuilt / "clips" / "f1" / "0.flac").unlink()
    assert "pydantic" in in_a_new_process(release, cache, home, rebuilt)[2], "a clip is gone"


def test_another_version_of_mmdia_prepares_anew(
    tmp_path: Path, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place() -> str:
        return str(MMDia(annotations=release, cache_dir=str(tmp_path / "cache")).cache_dir)

    before = place()
    assert place() == before
    monkeypatch.setattr(mmdia.builder, "__version__", "999")
    assert place() != before


@pytest.mark.parametrize(
    "head",
    [{"counts": "many"}, {"schema": "mmdia.release/9"}, {"schema": None}, {"name": 5}, {"sources": [5]}],
)
def test_a_head_that_cannot_be_used_is_refused_at_once(
    tmp_path: Path, release: Path, head: dict[str, Any]
) -> None:
    load_dataset(annotations=release, cache_dir=str(tmp_path / "cache"))
    raw = json.loads((release / "release.json").read_text(encoding="utf-8"))
    (release / "release.json").write_text(json.dumps(raw | head), encoding="utf-8")
    with pytest.raises(MmdiaError, match=r"release\.json"):
        MMDia(annotations=release, cache_dir=str(tmp_path / "cache"))


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_out_of_the_release_is_refused_though_a_table_is_prepared(
    tmp_path: Path, release: Path
) -> None:
    load_dataset(annotations=release, cache_dir=str(tmp_path / "cache"))
    table = release / "dialogues.jsonl"
    outside = tmp_path / "elsewhere.jsonl"
    table.rename(outside)
    table.symlink_to(outside)
    assert glance_at_release(release) is None
    with pytest.raises(ReleaseError, match="a link leads out"):
        MMDia(annotations=release, cache_dir=str(tmp_path / "cache"))


def test_a_glance_sees_what_the_records_say(tmp_path: Path) -> None:
    assert glance_at_release(demo_release()) == facts_of(open_release(demo_release()))
    sources = [{"citation": "A book."}, {"name": "x"}, {"citation": None}]
    folder = write_release(tmp_path / "r", [], license="CC0-1.0", sources=sources)
    assert glance_at_release(folder / "release.json") == facts_of(open_release(folder))
    for odd in ({"license": 5}, {"vocab": ["x"]}, {"sources": "x"}, {"sources": [{"citation": 1}]}):
        write_release(folder, [], **odd)
        assert glance_at_release(folder) is None
    (folder / "release.json").write_text("[1", encoding="utf-8")
    assert glance_at_release(folder) is None
    assert glance_at_release(tmp_path / "nowhere") is None
