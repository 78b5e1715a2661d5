"""A published folder: a release, a data set, the same bytes each time, and whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mmdia.corpus.locate import ReleaseHandle, demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, iter_titles
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.checksums import CHECKSUMS, read_checksums, verify
from mmdia.release.publish import publish
from tests.corpus.folders import HEAD

Make = Callable[..., ReleaseHandle]


def row(number: int, **more: Any) -> dict[str, Any]:
    start = number * 10_000
    turns = [{"start_ms": start, "end_ms": start + 900, "speakers": ["a"], "text": f"Line {number}."}]
    return {
        "dialogue_id": f"d{number:03d}",
        "title_id": "t",
        "start_ms": start,
        "end_ms": start + 900,
        "turns": turns,
        **more,
    }


TITLES = [{"title_id": "t", "language": "en", "speakers": [{"speaker_id": "a", "gender": "female"}]}]


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.slow
def test_every_record_of_the_demo_comes_back(tmp_path: Path) -> None:
    source = open_release(demo_release())
    done = publish(source, tmp_path / "out")
    back = open_release(done.path)
    assert back.head == source.head
    assert list(iter_titles(back)) == list(iter_titles(source))
    assert list(iter_scenes(back)) == list(iter_scenes(source))
    by_id = {d.dialogue_id: d for d in iter_dialogues(back)}
    assert by_id == {d.dialogue_id: d for d in iter_dialogues(source)}
    assert verify(done.path) == []
    assert set(tree(done.path)) == set(done.files)
    assert (done.path / "subtitles" / "mmdia_demo_01.srt").is_file()


@pytest.mark.slow
def test_two_publications_are_equal_to_the_byte_and_so_is_one_of_a_publication(tmp_path: Path) -> None:
    source = open_release(demo_release())
    first = publish(source, tmp_path / "a")
    second = publish(source, tmp_path / "b")
    assert tree(first.path) == tree(second.path)
    third = tree(publish(open_release(first.path), tmp_path / "c").path)
    one = {k: v for k, v in tree(first.path).items() if k != CHECKSUMS}
    assert {k: v for k, v in third.items() if k != CHECKSUMS} == one


@pytest.mark.slow
def test_a_second_run_only_verifies(tmp_path: Path) -> None:
    source = open_release(demo_release())
    publish(source, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    again = publish(source, tmp_path / "out")
    assert again.was_there
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == before
    assert not publish(source, tmp_path / "out", shards=2).was_there  # other options, other bytes


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["change", "remove"])
def test_a_damaged_publication_is_made_again(tmp_path: Path, hurt: str) -> None:
    source = open_release(demo_release())
    good = tree(publish(source, tmp_path / "out").path)
    victim = tmp_path / "out" / "titles.parquet"
    if hurt == "change":
        raw = bytearray(victim.read_bytes())
        raw[100] ^= 1
        victim.write_bytes(bytes(raw))
    else:
        victim.unlink()
    assert [p.kind for p in verify(tmp_path / "out")] == [{"change": "changed", "remove": "missing"}[hurt]]
    assert not publish(source, tmp_path / "out").was_there
    assert tree(tmp_path / "out") == good


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dialogues/more.parquet", "my-notes.txt", ".git/HEAD"])
@pytest.mark.parametrize("shards", [1, 2])
def test_a_file_that_somebody_put_into_a_publication_is_not_lost(
    tmp_path: Path, name: str, shards: int
) -> None:
    source = open_release(demo_release())
    publish(source, tmp_path / "out", shards=1)
    (tmp_path / "out" / ".DS_Store").write_bytes(b"\0")
    added = tmp_path / "out" / name
    added.parent.mkdir(exist_ok=True)
    added.write_bytes(b"mine")
    before = tree(tmp_path / "out")
    with pytest.raises(ReleaseError, match="not made by publishing"):
        publish(source, tmp_path / "out", shards=shards)
    assert tree(tmp_path / "out") == before


@pytest.mark.slow
def test_training_rows_lie_in_eight_files_in_order(make_release: Make, tmp_path: Path) -> None:
    rows = [
        row(i, split="train" if i % 10 else "test", subsets=["ood"] if i < 3 else []) for i in range(30)
    ]
    done = publish(make_release(titles=TITLES, dialogues=rows), tmp_path / "out")
    shards = sorted((done.path / "dialogues").glob("train-*.parquet"))
    assert [p.name for p in shards] == [f"train-{i:05d}-of-00008.parquet" for i in range(8)]
    ids = [i for p in shards for i in pq.read_table(p).column("dialogue_id").to_pylist()]
    assert ids == [r["dialogue_id"] for r in rows if r["split"] == "train"]
    counts = [pq.read_metadata(p).num_rows for p in shards]
    assert max(counts) - min(counts) <= 1
    assert [p.name for p in (done.path / "dialogues").glob("test-*")] == ["test-00000-of-00001.parquet"]
    ood = pq.read_table(done.path / "ood" / "test-00000-of-00001.parquet")
    assert ood.column("dialogue_id").to_pylist() == ["d001", "d002", "d000"]  # train before test


def test_withdrawn_rows_leave_every_file(make_release: Make, tmp_path: Path) -> None:
    titles = [*TITLES, {"title_id": "gone", "language": "xx", "name": "Vanished"}]
    rows = [row(i, split="test", subsets=["bench", "hard"]) for i in range(3)]
    rows.append({**row(3, split="train"), "title_id": "gone", "dialogue_id": "of_gone"})
    rows[1]["turns"][0]["text"] = "Take this back."
    withdrawn = [{"dialogue_id": "d001", "reason": "asked"}, {"title_id": "gone", "reason": "asked"}]
    scenes = [{"title_id": "gone", "scene_id": "s", "start_ms": 0, "end_ms": 9}]
    source = make_release(titles=titles, dialogues=rows, withdrawn=withdrawn, scenes=scenes)
    for name in ("gone", "t"):
        (source.path / "subtitles").mkdir(exist_ok=True)
        (source.path / "subtitles" / f"{name}.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nHi.\n")
    done = publish(source, tmp_path / "out")
    back = open_release(done.path)
    assert [d.dialogue_id for d in iter_dialogues(back, keep_withdrawn=True)] == ["d000", "d002"]
    assert [t.title_id for t in iter_titles(back, keep_withdrawn=True)] == ["t"]
    assert list(iter_scenes(back, keep_withdrawn=True)) == []
    assert back.head.counts is not None
    assert back.head.counts.dialogues == 2
    assert (done.path / "withdrawn.jsonl").is_file()
    assert [p.name for p in (done.path / "subtitles").iterdir()] == ["t.srt"]
    assert any("withdrawn" in text for text in done.left_out)
    for path in done.path.rglob("*"):
        if path.suffix == ".parquet":
            text = json.dumps(pq.read_table(path).to_pylist())
        elif path.is_file() and path.name != "withdrawn.jsonl":
            text = path.read_text("utf-8")
        else:
            continue
        assert "Take this back" not in text, path
        assert "Vanished" not in text, path
        assert "d001" not in text, path


def test_stray_words_and_unknown_keys_survive(make_release: Make, tmp_path: Path) -> None:
    rows = [
        row(0, relationship={"label": "Pen pals", "category": "Penfriends"}, mood={"x": [1]}),
        row(1, relationship={"category": "Friends"}, split="someday"),
    ]
    rows[0]["turns"][0]["pitch"] = 3
    source = make_release(titles=TITLES, dialogues=rows)
    done = publish(source, tmp_path / "out")
    back = list(iter_dialogues(open_release(done.path)))
    assert back == list(iter_dialogues(source))
    assert [d.to_row().get("mood") for d in back] == [{"x": [1]}, None]
    assert "Penfriends" not in (done.path / "README.md").read_text().split("---")[1]


def test_what_is_in_the_way_is_never_replaced(tmp_path: Path) -> None:
    source = open_release(demo_release())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not empty"):
        publish(source, tmp_path / "mine")
    assert tree(tmp_path / "mine") == {"thesis.txt": b"years of work"}
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="file of this name"):
        publish(source, tmp_path / "file")
    copy = tmp_path / "copy"
    shutil.copytree(demo_release(), copy)
    for inside in (copy, copy / "out", tmp_path):
        with pytest.raises(UsageError):
            publish(open_release(copy), inside)
    with pytest.raises(UsageError, match="shards"):
        publish(source, tmp_path / "out", shards=0)


def test_a_broken_row_publishes_nothing(make_release: Make, tmp_path: Path) -> None:
    source = make_release(titles=TITLES, dialogues=[row(0), b'{"dialogue_id": 7}'])
    with pytest.raises(ReleaseError, match=r"dialogues\.jsonl:2"):
        publish(source, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["release"]


@pytest.mark.slow
def test_a_list_of_checksums_that_leads_out_is_not_followed(tmp_path: Path) -> None:
    publish(open_release(demo_release()), tmp_path / "out")
    document = read_checksums(tmp_path / "out")
    assert document is not None
    (tmp_path / "secret").write_text("x")
    document["files"]["../secret"] = {"bytes": 1, "sha256": "0" * 64}
    (tmp_path / "out" / CHECKSUMS).write_text(json.dumps(document))
    assert [(p.path, p.kind) for p in verify(tmp_path / "out")] == [("../secret", "unsafe")]
    (tmp_path / "out" / CHECKSUMS).write_text('{"files": {"a": 1}}')
    with pytest.raises(ReleaseError, match="checksums"):
        verify(tmp_path / "out")


@pytest.mark.slow
def test_needed_files_alone_must_be_there(tmp_path: Path) -> None:
    publish(open_release(demo_release()), tmp_path / "out")
    (tmp_path / "out" / "BENCH.md").unlink()
    assert [p.kind for p in verify(tmp_path / "out")] == ["missing"]
    assert verify(tmp_path / "out", needed=lambda path: path.startswith("dialogues/")) == []


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_nothing_half_made(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = (
        "import sys; from mmdia.corpus.locate import *; from mmdia.release.publish import publish; "
        "print('go', flush=True); "
        f"[publish(open_release(demo_release()), {str(out)!r}, shards=1 + i % 2) for i in range(99)]"
    )
    for wait in (0.05, 0.3, 0.45, 0.7):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
        if out.exists():
            assert verify(out) == []
            assert read_checksums(out) is not None
    publish(open_release(demo_release()), out)
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert verify(out) == []


def test_tables_have_a_page_index(make_release: Make, tmp_path: Path) -> None:
    handle = make_release(titles=TITLES, dialogues=[row(i, split="train") for i in range(3)])
    done = publish(handle, tmp_path / "out", shards=1)
    for name in ("titles.parquet", "dialogues/train-00000-of-00001.parquet"):
        group = pq.read_metadata(done.path / name).row_group(0)
        assert all(group.column(i).has_offset_index for i in range(group.num_columns))
        assert any(group.column(i).has_column_index for i in range(group.num_columns))


def test_words_of_films_need_a_licence(make_release: Make, tmp_path: Path) -> None:
    head = {key: value for key, value in HEAD.items() if key != "text_license"}
    source = make_release(titles=TITLES, dialogues=[row(0)], head=head)
    with pytest.raises(UsageError, match="--text-license"):
        publish(source, tmp_path / "out")
    with pytest.raises(UsageError, match="SPDX"):
        publish(source, tmp_path / "out", text_license="CC-BY-9.9")
    assert not (tmp_path / "out").exists()
    done = publish(source, tmp_path / "out", text_license="cc-by-4.0")
    assert open_release(done.path).head.text_license == "CC-BY-4.0"
    assert "CC-BY-4.0" in (done.path / "README.md").read_text(encoding="utf-8")


def test_without_words_no_licence_of_them_is_asked_for(make_release: Make, tmp_path: Path) -> None:
    head = {key: value for key, value in HEAD.items() if key != "text_license"}
    silent = row(0)
    silent["turns"] = [{**silent["turns"][0], "text": None, "n_words": 2, "emotion": "joy"}]
    done = publish(make_release(titles=TITLES, dialogues=[silent], head=head), tmp_path / "out")
    told = (done.path / "README.md").read_text(encoding="utf-8").split("---")[1]
    assert "audio-classification" in told
    assert not any(task in told for task in ("text-to-speech", "text-to-video", "text-classification"))
