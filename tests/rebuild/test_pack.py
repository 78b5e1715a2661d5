"""Packing into shards: resumable, killed anywhere without loss, and withdrawn means gone."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import StoreError
from mmdia.rebuild import pack
from mmdia.rebuild.config import ClipParams, Layout, TitleJob
from mmdia.rebuild.files import clip_path, discard, is_there, opened
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.rows import plain_row
from mmdia.store import samples
from mmdia.store.atomic import atomic_write
from mmdia.store.shards import filed, read_metas, read_stored

Row = dict[str, Any]
TITLES = {"t1": ["a", "b", "c"], "t2": ["d", "e"]}
IDS = [i for ids in TITLES.values() for i in ids]


def content_of(name: str, version: int) -> bytes:
    return f"{name}{version}".encode() * 400


def cut(out: Path, title: str, name: str, version: int) -> Row:
    """A clip as the cutter leaves it: two loose files and a row."""
    audio = clip_path(title, name, ".flac")
    still = clip_path(title, name, ".k000.jpg")
    facts = []
    for path in (audio, still):
        with atomic_write(out / path) as stream:
            stream.write(content_of(path, version))
        facts.append({"path": path, "bytes": len(content_of(path, version)),
                      "sha256": hashlib.sha256(content_of(path, version)).hexdigest()})  # fmt: skip
    return plain_row(
        name, title, "built",
        audio={**facts[0], "sample_rate": 24_000, "n_samples": 10},
        keyframes=[{**facts[1], "turn": 0, "media_time": 0.0}],
        params_hash=f"v{version}",
    )  # fmt: skip


def job_of(out: Path, title: str, layout: Layout, previous: dict[str, Row]) -> TitleJob:
    names = TITLES[title]
    return TitleJob(
        title={"title_id": title},
        dialogues=tuple(json.dumps({"dialogue_id": i, "split": "train"}) for i in names),
        candidates=(), release="", annotation_version="r 1", media_dir="", out=str(out),
        clip=ClipParams(), names={i: i for i in names}, title_name=title,
        previous={i: previous[i] for i in names if i in previous},
        timemap="identity", policy="default", min_confidence=0.5, cache="", layout=layout,
    )  # fmt: skip


def run(
    out: Path, layout: Layout, *, version: dict[str, int] | None = None, gone: tuple[str, ...] = ()
) -> list[str]:
    """A rebuild whose cutter is a toy; gives back what it cut."""
    made = []
    ledger = Ledger(out)
    with ledger.session():
        earlier = ledger.rows()
        for i in gone:
            discard(out, earlier.get(i, {}))
            title = next(t for t, ids in TITLES.items() if i in ids)
            ledger.append([plain_row(i, title, "withdrawn", ("withdrawn",))])
        previous = ledger.rows()
        for title, ids in TITLES.items():
            rows = []
            for i in ids:
                wanted = (version or {}).get(i, 1)
                before = previous.get(i, {"status": "", "params_hash": ""})
                same = before["params_hash"] == f"v{wanted}" and is_there(out, before)
                if before["status"] == "withdrawn" or same:
                    continue
                row = cut(out, title, i, wanted)
                discard(out, before, but=row)
                made.append(i)
                ledger.append([row])
                rows.append(row)
            if title != "t2" or not gone:  # the film of t2 is away while something is withdrawn
                job = job_of(out, title, layout, previous)
                pack.pack_title(job, rows, lambda event: ledger.append(event["rows"]))
        ledger.merge(IDS)
    return made


def tree(out: Path) -> dict[str, bytes]:
    files = [p for p in out.rglob("*") if p.is_file() and "state" not in p.parts]
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in files}


def assert_sound(out: Path, version: dict[str, int] | None = None) -> None:
    """Every row has its files, with the right content; every shard can be read whole."""
    for i, row in Ledger(out).rows().items():
        if row["status"] == "built":
            assert is_there(out, row)
            for _, _, fact in filed(row):
                versions = {1, (version or {}).get(i, 1)}
                assert read_stored(out, fact) in [content_of(fact["path"], v) for v in versions]
    for path in (out / "shards").glob("*"):
        if not path.name.endswith(".part"):
            assert read_metas(path)


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_clips_move_into_shards_once(tmp_path: Path, layout: Layout) -> None:
    assert run(tmp_path, layout) == IDS
    assert_sound(tmp_path)
    files = tree(tmp_path)
    assert sorted(p.split("-00000-")[0] for p in files if p.startswith("shards/")) == [
        "shards/t1", "shards/t2"
    ]  # fmt: skip
    assert not (tmp_path / "clips").exists() or not list((tmp_path / "clips").rglob("*.*"))
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "shards").iterdir()}
    assert run(tmp_path, layout) == []
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "shards").iterdir()} == stamps
    assert tree(tmp_path) == files


@pytest.mark.slow
def test_layouts_are_converted_without_cutting(tmp_path: Path) -> None:
    run(tmp_path, "loose")
    loose = tree(tmp_path)
    seen = {}
    ways: tuple[Layout, ...] = ("webdataset", "parquet", "loose", "parquet", "webdataset", "loose")
    for layout in ways:
        assert run(tmp_path, layout) == []
        assert_sound(tmp_path)
        files = tree(tmp_path)
        assert seen.setdefault(layout, files) == files
    assert {p: b for p, b in files.items() if p.startswith("clips/")} == {
        p: b for p, b in loose.items() if p.startswith("clips/")
    }
    assert not list((tmp_path / "shards").iterdir())


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_a_changed_clip_writes_its_title_anew_and_no_other(tmp_path: Path, layout: Layout) -> None:
    run(tmp_path, layout)
    before = set(tree(tmp_path))
    assert run(tmp_path, layout, version={"b": 2}) == ["b"]
    assert_sound(tmp_path, {"b": 2})
    after = set(tree(tmp_path))
    assert {p.split("-")[0] for p in before ^ after} == {"shards/t1"}
    assert len(after) == len(before)


@pytest.mark.parametrize("layout", ["webdataset", "parquet"])
def test_withdrawn_is_gone_even_when_the_film_is_away(tmp_path: Path, layout: Layout) -> None:
    run(tmp_path, layout)
    run(tmp_path, layout, gone=("a", "d"))
    assert_sound(tmp_path)
    texts = b"".join(tree(tmp_path).values())
    for i, there in zip(IDS, (False, True, True, False, True), strict=True):
        title = "t1" if i in TITLES["t1"] else "t2"
        assert (content_of(clip_path(title, i, ".flac"), 1) in texts) is there
    metas = [i for p in sorted((tmp_path / "shards").iterdir()) for i in read_metas(p)]
    assert metas == ["b", "c", "e"]
    run(tmp_path, layout, gone=("e",))
    assert [p.name[:2] for p in (tmp_path / "shards").iterdir()] == ["t1"]


def test_large_titles_are_split_and_a_change_moves_one_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples.grouped, "__defaults__", (12_000,))
    run(tmp_path, "webdataset")
    names = sorted(p.name for p in (tmp_path / "shards").iterdir())
    assert [n[:8] for n in names] == ["t1-00000", "t1-00001", "t1-00002", "t2-00000", "t2-00001"]
    run(tmp_path, "webdataset", version={"c": 2})
    assert_sound(tmp_path, {"c": 2})
    now = sorted(p.name for p in (tmp_path / "shards").iterdir())
    assert [a == b for a, b in zip(names, now, strict=True)] == [True, True, False, True, True]


def test_a_shard_that_was_damaged_costs_its_clips_only(tmp_path: Path) -> None:
    run(tmp_path, "webdataset")
    before = tree(tmp_path)
    shard = next((tmp_path / "shards").glob("t1-*"))
    os.truncate(shard, 20_000)
    made = run(tmp_path, "webdataset")
    assert set(made) < {"a", "b", "c"}
    assert tree(tmp_path) == before


def test_a_dialogue_that_is_refused_now_leaves_its_shard(tmp_path: Path) -> None:
    run(tmp_path, "webdataset")
    ledger = Ledger(tmp_path)
    with ledger.session():
        previous = ledger.rows()
        refused = plain_row("b", "t1", "refused", ("wrong_film",))
        ledger.append([refused])
        job = job_of(tmp_path, "t1", "webdataset", previous)
        pack.pack_title(job, [refused], lambda event: ledger.append(event["rows"]))
        ledger.merge(IDS)
    assert_sound(tmp_path)
    assert [list(read_metas(p)) for p in (tmp_path / "shards").glob("t1-*")] == [["a", "c"]]


def test_packed_files_open_as_files(tmp_path: Path) -> None:
    for layout in ("loose", "webdataset", "parquet"):
        run(tmp_path, layout)  # type: ignore[arg-type]
        fact = Ledger(tmp_path).rows()["a"]["audio"]
        with opened(tmp_path, fact) as path:
            assert path.suffix == ".flac"
            assert path.read_bytes() == content_of(fact["path"], 1)


def test_a_disk_that_is_full_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, "loose")
    before = {p: b for p, b in tree(tmp_path).items() if p.startswith("clips/")}

    def full(*args: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pack, "write_tar", full)
        with pytest.raises(StoreError, match="no space"):
            run(tmp_path, "webdataset")
    assert {p: b for p, b in tree(tmp_path).items() if p.startswith("clips/")} == before
    assert run(tmp_path, "webdataset") == []
    assert_sound(tmp_path)


def _killed_at(number: int, work: Callable[[], object]) -> bool:
    """Do it in a child that dies at its n-th change of the disk; False when it came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
        pid = os.fork()
    if pid == 0:
        left = number

        def armed(change: Callable[..., Any]) -> Callable[..., Any]:
            def act(*args: Any, **more: Any) -> Any:
                nonlocal left
                if left == 0:
                    os._exit(9)
                left -= 1
                return change(*args, **more)

            return act

        for name in ("replace", "unlink", "fsync", "rmdir", "truncate"):
            setattr(os, name, armed(getattr(os, name)))
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in (0, 9), "the run failed by itself"
    return status == 9


CHANGES: dict[str, tuple[Layout, dict[str, Any]]] = {
    "pack": ("webdataset", {}),
    "into parquet": ("parquet", {}),
    "unpack": ("loose", {}),
    "change": ("webdataset", {"version": {"b": 2, "d": 2}}),
    "withdraw": ("webdataset", {"gone": ("a", "d")}),
}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
@pytest.mark.parametrize("change", CHANGES)
def test_killed_at_any_change_of_the_disk_nothing_is_lost(tmp_path: Path, change: str) -> None:
    import shutil

    start: Layout = {"pack": "loose", "unpack": "parquet"}.get(change, "webdataset")  # type: ignore[assignment]
    layout, more = CHANGES[change]
    base, done = tmp_path / "base", tmp_path / "done"
    run(base, start)
    shutil.copytree(base, done)
    run(done, layout, **more)
    expected = tree(done)
    changed = set(more.get("version", {}))
    number, step = 0, 1 if change in ("pack", "withdraw") else 3
    while True:
        out = tmp_path / f"out{number}"
        shutil.copytree(base, out)
        if not _killed_at(number, lambda out=out: run(out, layout, **more)):
            break
        assert_sound(out, more.get("version"))
        assert set(run(out, layout, **more)) <= changed
        assert tree(out) == expected, f"killed at {number}"
        shutil.rmtree(out)
        number += step
    assert number > 10
