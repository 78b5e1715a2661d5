"""Releases from strangers: whatever is in them, a clear error or a clean release, and bounded memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus import lines, parquet_guard
from mmdia.corpus.locate import open_release
from mmdia.corpus.parquet import parquet_rows
from mmdia.corpus.parquet_guard import refuse_bombs
from mmdia.corpus.read import iter_dialogues
from mmdia.corpus.write import write_release
from mmdia.errors import BrokenRow, MmdiaError, ReleaseError, ReleaseNotFound
from mmdia.release import archive as room
from mmdia.release.install import install
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.names import original_name, safe_name
from mmdia.schema.release import Release
from mmdia.schema.title import Title

HEAD = {"schema": "mmdia.release/1", "name": "n", "version": "1"}
EVIL = [
    "../../x", "/etc/passwd", "a\x00b", "..", ".", "", "con", "C:\\x", "a/../../b", "~root", "-rf",
    "x" * 5000,
    "é\u202e", "\U0001f600" * 90, "name.", "name ",
    "..\\..\\x", "file:///etc", "%2e%2e%2f", "\n", "$(touch x)",
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    return tmp_path / "home"


def release(folder: Path, *rows: Any, head: Any = HEAD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "release.json").write_text(json.dumps(head), encoding="utf-8")
    texts = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    (folder / "dialogues.jsonl").write_bytes(b"\n".join(texts))
    return folder


def nothing_is_installed(home: Path) -> bool:
    return not [p for p in (home / "releases").glob("*") if p.name not in (".lock",)]


# --- identifiers -------------------------------------------------------------------------------


@given(st.text(max_size=300) | st.sampled_from([e for e in EVIL if e]))
@settings(max_examples=150, deadline=None)
def test_an_identifier_never_names_anything_but_one_file(identifier: str) -> None:
    if not identifier:
        return
    name = safe_name(identifier)
    assert 0 < len(name.encode("ascii")) <= 150
    assert name not in (".", "..")
    assert not set(name) & set('/\\:.\0 *?"<>|')
    assert os.path.basename(name) == name
    if "~~" not in name:
        assert original_name(name) == identifier


@pytest.mark.parametrize("evil", EVIL)
def test_evil_names_and_versions_stay_in_the_home(tmp_path: Path, home: Path, evil: str) -> None:
    folder = release(tmp_path / "r", head={**HEAD, "name": evil, "version": evil})
    before = {p for p in tmp_path.rglob("*") if home not in p.parents and p != home}
    done = install(folder)
    assert done.handle.path.parent == home / "releases"
    assert {p for p in tmp_path.rglob("*") if home not in p.parents and p != home} == before


def test_evil_identifiers_are_data(tmp_path: Path) -> None:
    ids = [e for e in EVIL if e]
    rows = [
        Dialogue(dialogue_id=i, title_id=i, start_ms=0, end_ms=9, turns=(Turn(speakers=(i,)),)) for i in ids
    ]
    handle = write_release(
        tmp_path / "r", Release(name="n", version="1"), [Title(title_id=i) for i in ids], rows
    )
    assert sorted(d.dialogue_id for d in iter_dialogues(handle)) == sorted(ids)
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [
        "dialogues.jsonl", "release.json", "titles.jsonl",
    ]  # fmt: skip


# --- archives ----------------------------------------------------------------------------------


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


GOOD = {"release.json": json.dumps(HEAD).encode(), "dialogues.jsonl": b'{"dialogue_id":"a","turns":[]}\n'}


@pytest.mark.slow
def test_a_zip_bomb_is_refused(tmp_path: Path, home: Path) -> None:
    bomb = zipped(tmp_path / "b.zip", {**GOOD, "titles.jsonl": b"\n" * (96 << 20)})
    assert bomb.stat().st_size < 1 << 20
    with pytest.raises(ReleaseError, match="too much"):
        install(bomb)
    assert nothing_is_installed(home)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["titles.jsonl", "film.mkv"])  # what is passed over is unpacked, too
def test_a_tar_bomb_is_refused(tmp_path: Path, home: Path, name: str) -> None:
    bomb = tmp_path / "b.tar.gz"
    with tarfile.open(bomb, "w:gz") as tar:
        for entry, data in {name: b"\n" * (96 << 20), **GOOD}.items():
            info = tarfile.TarInfo(entry)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(ReleaseError, match="too much"):
        install(bomb)
    assert nothing_is_installed(home)


def test_a_tar_header_of_absurd_size_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    bomb = tmp_path / "b.tar.gz"
    bomb.write_bytes(gzip.compress(info.tobuf(tarfile.USTAR_FORMAT) + b"\0" * 4096))
    with pytest.raises(ReleaseError, match="absurd size"):
        install(bomb)


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_MEMBERS", 3)
    many = zipped(tmp_path / "b.zip", {**GOOD, "1": b"", "2": b""})
    with pytest.raises(ReleaseError, match="too many files"):
        install(many)


def test_an_archive_in_an_archive_is_no_release(tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", GOOD)
    with pytest.raises(ReleaseNotFound, match="no release in this archive"):
        install(zipped(tmp_path / "b.zip", {"release.zip": inner.read_bytes()}))


@pytest.mark.parametrize("name", ["../dialogues.jsonl", "/dialogues.jsonl", "a\\..\\b", "C:x", "x/../../y"])
def test_unsafe_paths_are_refused(tmp_path: Path, home: Path, name: str) -> None:
    with pytest.raises(ReleaseError, match="unsafe path"):
        install(zipped(tmp_path / "b.zip", {**GOOD, name: b""}))
    assert nothing_is_installed(home)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_path_twice_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "b.zip", GOOD)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("dialogues.jsonl", b"")
    with pytest.raises(ReleaseError, match="twice"):
        install(path)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["zip", "tar", "tar.gz"]), st.data())
def test_a_damaged_archive_gives_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("d")
    path = folder / f"b.{kind}"
    if kind == "zip":
        zipped(path, GOOD)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as tar:
            for entry, content in GOOD.items():
                info = tarfile.TarInfo(entry)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(1, len(raw)))]))
    out = folder / "out"
    out.mkdir()
    from mmdia.release.install import belongs

    with contextlib.suppress(MmdiaError):
        room.unpack(path, out, belongs)
        list(iter_dialogues(open_release(out), on_broken=lambda _: None))
    assert all(p.is_relative_to(out) or p in (path, out) for p in folder.rglob("*"))


# --- links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["titles.jsonl", "subtitles/t.srt", "subtitles"])
def test_a_link_out_of_the_folder_is_refused(tmp_path: Path, home: Path, what: str) -> None:
    folder = release(tmp_path / "r", {"dialogue_id": "a", "turns": []})
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "t.srt").write_text("secret")
    link = folder / what
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(secret if what == "subtitles" else secret / "t.srt")
    with pytest.raises(ReleaseError, match="leads out of the release"):
        install(folder)
    assert nothing_is_installed(home)


def test_links_within_the_folder_and_the_hubs_cache_are_fine(tmp_path: Path) -> None:
    blobs = tmp_path / "datasets--o--n" / "blobs"
    folder = release(tmp_path / "datasets--o--n" / "snapshots" / "0a", {"dialogue_id": "a", "turns": []})
    blobs.mkdir()
    (folder / "dialogues.jsonl").rename(blobs / "9f")
    (folder / "dialogues.jsonl").symlink_to(blobs / "9f")
    (folder / "README.md").symlink_to(folder / "release.json")
    assert install(folder).handle.head.name == "n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    folder = release(tmp_path / "r")
    os.mkfifo(folder / "titles.jsonl")
    with pytest.raises(ReleaseError, match="not a plain file"):
        install(folder)


# --- lines of JSON -----------------------------------------------------------------------------

LOOSE = {
    b'{"dialogue_id":"a","dialogue_id":"b","turns":[]}': "'dialogue_id' comes twice",
    b'{"dialogue_id":"a","turns":[{"speakers":[],"zz":1,"zz":2}]}': "'zz' comes twice",
    b'{"dialogue_id":"a","turns":[],"emotion_intensity":NaN}': "NaN is no JSON number",
    b'{"dialogue_id":"a","turns":[],"zz":-Infinity}': "-Infinity is no JSON number",
    b'{"dialogue_id":"a","turns":[],"emotion_intensity":1e400}': "beyond the numbers",
    b'{"dialogue_id":"a","turns":[],"zz":' + b"[" * 100_000 + b"]" * 100_000 + b"}": "nested too deeply",
    b'{"dialogue_id":"a\xff","turns":[]}': "not UTF-8 text",
    b'{"dialogue_id":"a\\ud800","turns":[]}': "Invalid JSON",
    b'{"dialogue_id":"a","turns":[],"zz":' + b"9" * 5000 + b"}": "5000 digits",
    b'{"dialogue_id":"a","turns":[],"emotion_volatility":' + b"9" * 500 + b"}": "500 digits",
    b"\x00" * 50: "Invalid JSON",
    '{"dialogue_id":"a","turns":[]}'.encode("utf-16"): "not UTF-8 text",
}


@pytest.mark.parametrize("line", LOOSE, ids=lambda line: repr(line[:48]))
def test_loose_json_is_a_broken_row(tmp_path: Path, line: bytes) -> None:
    good = b'{"dialogue_id":"g","turns":[]}'
    handle = open_release(release(tmp_path / "r", good, line, good.replace(b'"g"', b'"h"')))
    broken: list[BrokenRow] = []
    assert [d.dialogue_id for d in iter_dialogues(handle, on_broken=broken.append)] == ["g", "h"]
    assert [str(e.path).rpartition(":")[2] for e in broken] == ["2"]
    assert LOOSE[line] in str(broken[0])
    assert len(str(broken[0])) < 1000
    report = validate(handle)
    assert report.count("broken_row") == 1
    with pytest.raises(ReleaseError, match="broken_row 1"):
        install(handle.path)


def test_integers_beyond_64_bits_are_broken_in_tables(tmp_path: Path) -> None:
    handle = open_release(release(tmp_path / "r", {"dialogue_id": "a", "turns": [], "start_ms": 2**70}))
    assert validate(handle).findings[0].examples[0].what == "Dialogue: an integer beyond 64 bits"


def test_a_huge_line_is_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 1000)
    good = {"dialogue_id": "g", "turns": []}
    huge = {"dialogue_id": "h", "turns": [], "summary": "x" * 5_000_000}
    handle = open_release(release(tmp_path / "r", good, huge, {**good, "dialogue_id": "i"}, huge))
    broken: list[BrokenRow] = []
    assert [d.dialogue_id for d in iter_dialogues(handle, on_broken=broken.append)] == ["g", "i"]
    assert [str(e.path).rpartition(":")[2] for e in broken] == ["2", "4"]
    assert "a line longer than" in str(broken[0])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nothing tells the peak of memory")
def test_a_line_of_gigabytes_takes_constant_memory(tmp_path: Path) -> None:
    folder = release(tmp_path / "r", {"dialogue_id": "g", "turns": []})
    with (folder / "dialogues.jsonl").open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b'\n{"dialogue_id":"')
        file.seek(1 << 30, os.SEEK_CUR)  # a hole: no disk is used
        file.write(b'"}\n{"dialogue_id":"z","turns":[]}\n')
    code = (
        "import sys, re; from mmdia.corpus.locate import open_release\n"
        "from mmdia.release.validate import validate; r = validate(open_release(sys.argv[1]))\n"
        "print(r.dialogues, r.count('broken_row'))\n"
        # Not ru_maxrss: a process inherits that of the one that started it.
        "text = open('/proc/self/status').read()\n"
        "print(int(re.search(r'VmHWM:\\s+(\\d+)', text)[1]) >> 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    dialogues, broken, peak = map(int, done.stdout.split())
    assert (dialogues, broken) == (2, 1)
    assert peak < 500  # MiB


# --- Parquet -----------------------------------------------------------------------------------


def table(**columns: Any) -> pa.Table:
    rows = {"dialogue_id": ["a"], "turns": pa.array([[]], pa.list_(pa.null()))}
    return pa.table({**rows, **columns})


def in_parquet(tmp_path: Path, data: pa.Table, **options: Any) -> Path:
    folder = tmp_path / "r"
    (folder / "dialogues").mkdir(parents=True)
    (folder / "release.json").write_text(json.dumps(HEAD), encoding="utf-8")
    path = folder / "dialogues" / "train-00000-of-00001.parquet"
    pq.write_table(data, path, **options)
    return path


WRONG = [
    (pa.table({"a": [1], "b": ["x"]}), "the column 'dialogue_id' is missing"),
    (table(dialogue_id=[7]), "'dialogue_id' has another type; expected string; got int64"),
    (table(turns=["x"]), "'turns' has another type; expected list"),
    (table(turns=pa.array([["x"]])), r"'turns\[\]' has another type; expected struct"),
    (table(turns=pa.array([[{"speakers": [1]}]])), r"turns\[\].speakers\[\]' has another type"),
    (table(start_ms=pa.array([0], pa.timestamp("ms"))), "'start_ms' has another type"),
    (table(audio=pa.array([b"RIFF"])), "'audio' holds what an annotation release cannot keep"),
    (table(turns=pa.array([[{"speakers": ["x"], "pic": b"P"}]])), "'turns\\[\\].pic' holds what"),
    (table(d=pa.array([0], pa.date32())), "'d' holds what"),
]


@pytest.mark.parametrize(("data", "why"), WRONG)
def test_a_parquet_of_another_schema_is_refused(
    tmp_path: Path, home: Path, data: pa.Table, why: str
) -> None:
    path = in_parquet(tmp_path, data)
    with pytest.raises(ReleaseError, match=why):
        list(parquet_rows(path, Dialogue, "raise"))
    with pytest.raises(ReleaseError, match=why):
        install(path.parents[1])
    assert nothing_is_installed(home)


def test_parquet_with_absurd_nesting_or_columns_is_refused(tmp_path: Path) -> None:
    deep: Any = pa.int64()
    for _ in range(60):
        deep = pa.struct([("a", deep)])
    path = in_parquet(tmp_path, table(zz=pa.nulls(1, deep)))
    with pytest.raises(ReleaseError, match="nested too deeply"):
        list(parquet_rows(path, Dialogue, "raise"))
    wide = {f"c{i}": [1] for i in range(parquet_guard.MAX_COLUMNS)}
    with pytest.raises(ReleaseError, match="too many columns"):
        list(parquet_rows(in_parquet(tmp_path / "2", table(**wide)), Dialogue, "raise"))


def test_parquet_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_guard, "MAX_BLOCK_BYTES", 1 << 20)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), ["x" * 10_000])
    many = pa.table(
        {"dialogue_id": [str(i) for i in range(300)], "turns": pa.array([[]] * 300, pa.list_(pa.null()))}
    )
    path = in_parquet(tmp_path, many.append_column("summary", text))
    assert path.stat().st_size < 100_000
    with pytest.raises(ReleaseError, match="'summary' unpacks to too much"):
        refuse_bombs(path)
    with pytest.raises(ReleaseError, match="unpacks to too much"):
        install(path.parents[1])
    turns = pa.StructArray.from_arrays([pa.array([["x"]] * 300), text], names=["speakers", "text"])
    nested = pa.table({"dialogue_id": ["a"], "turns": pa.ListArray.from_arrays([0, 300], turns)})
    with pytest.raises(ReleaseError, match=r"turns.* unpacks to too much"):
        refuse_bombs(in_parquet(tmp_path / "2", nested))
    monkeypatch.setattr(parquet_guard, "MAX_GROUP_BYTES", 1 << 20)
    packed = in_parquet(tmp_path / "3", table(summary=["x" * (2 << 20)]), compression="zstd")
    with pytest.raises(ReleaseError, match="row group unpacks to too much"):
        list(parquet_rows(packed, Dialogue, "raise"))


def test_parquet_text_that_is_no_utf8_is_a_broken_row(tmp_path: Path) -> None:
    bad = pa.Array.from_buffers(pa.string(), 2, pa.array([b"ok", b"\xff\xfe"]).buffers())
    rows = pa.table({"dialogue_id": bad, "turns": pa.array([[], []], pa.list_(pa.null()))})
    broken: list[BrokenRow] = []
    (got,) = parquet_rows(in_parquet(tmp_path, rows), Dialogue, broken.append)
    assert got.batch.column("dialogue_id").to_pylist() == ["ok"]
    assert "not UTF-8 text" in str(broken[0])


def test_parquet_numbers_that_are_not_finite_are_broken_rows(tmp_path: Path) -> None:
    broken: list[BrokenRow] = []
    path = in_parquet(tmp_path, table(emotion_intensity=[float("nan")]))
    (got,) = parquet_rows(path, Dialogue, broken.append)
    assert got.batch.num_rows == 0
    assert "nan is no number" in str(broken[0])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_parquet_gives_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("p")
    path = in_parquet(folder, table(summary=["some text"], start_ms=[4]))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(4, 400))  # the pages; the footer is Arrow's own to guard
    raw[at] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(len(raw) - 20, len(raw)))]))
    with contextlib.suppress(MmdiaError):
        list(parquet_rows(path, Dialogue, lambda _: None))


# --- trust -------------------------------------------------------------------------------------


def test_errors_are_refused_unless_allowed(tmp_path: Path, home: Path) -> None:
    row = {"dialogue_id": "a", "turns": []}
    folder = release(tmp_path / "r", row, row)
    with pytest.raises(ReleaseError, match="duplicate_dialogue_id 1"):
        install(folder)
    assert nothing_is_installed(home)
    done = install(folder, allow_errors=True)
    assert done.errors == {"duplicate_dialogue_id": 1}
    assert done.to_row()["severities"]["error"] == 1


def test_files_are_compared_with_their_checksums(tmp_path: Path, home: Path) -> None:
    from mmdia.release.checksums import write_checksums

    folder = release(tmp_path / "r", {"dialogue_id": "a", "turns": []})
    write_checksums(folder, {})
    assert install(folder).severities["error"] == 0
    (folder / "dialogues.jsonl").write_text('{"dialogue_id":"b","turns":[]}')
    with pytest.raises(ReleaseError, match=r"checksums.json says; got dialogues.jsonl changed"):
        install(folder, allow_errors=True)


def test_changed_subtitles_are_installed_although_the_rows_are_the_same(tmp_path: Path) -> None:
    folder = release(tmp_path / "r", {"dialogue_id": "a", "turns": []})
    assert not install(folder).was_there
    assert install(folder).was_there
    (folder / "subtitles").mkdir()
    (folder / "subtitles" / "t.srt").write_text("new")
    done = install(folder)
    assert not done.was_there
    assert (done.handle.path / "subtitles" / "t.srt").read_text() == "new"


@pytest.mark.parametrize("name", ["titles.jsonl", "dialogues.jsonl", "release.json"])
def test_a_link_out_of_the_release_is_refused_wherever_it_is_read(tmp_path: Path, name: str) -> None:
    from mmdia.cli.main import main
    from mmdia.corpus.locate import demo_release, open_release

    folder, outside = tmp_path / "r", tmp_path / "outside"
    shutil.copytree(demo_release(), folder)
    (folder / name).rename(outside)
    (folder / name).symlink_to(outside)
    with pytest.raises(ReleaseError, match="leads out of the release"):
        open_release(folder)
    for words in (["validate"], ["info"], ["stats"], ["publish", "--out", str(tmp_path / "p")]):
        assert main(["release", words[0], str(folder), *words[1:]]) == 2
    inside = folder / "tables"
    inside.mkdir()
    outside.rename(inside / name)
    (folder / name).unlink()
    (folder / name).symlink_to(inside / name)
    assert open_release(folder).head.name == "mmdia-demo"


@pytest.mark.parametrize("name", ["train/5", "a..b", "Dr. No", "..a", "/", "tv_04 LB S01E21"])
def test_odd_identifiers_are_no_attack(tmp_path: Path, name: str) -> None:
    row = Dialogue(dialogue_id=name, turns=(Turn(speakers=("a",), text="Hm."),))
    made = write_release(tmp_path / "r", Release(name="r", version="1"), [], [row])
    assert "unsafe_id" not in {finding.code for finding in validate(made).findings}
