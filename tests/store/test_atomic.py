from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import StoreError
from mmdia.store import atomic
from mmdia.store.atomic import (
    Journal,
    atomic_write,
    commit,
    is_disk_full,
    part_path,
    sweep_parts,
    write_json,
)
from mmdia.store.digest import file_sha256, params_hash
from mmdia.store.lock import exclusive, is_held


def test_a_file_appears_complete_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file.bin"
    with pytest.raises(RuntimeError, match="half way"), atomic_write(target) as stream:
        stream.write(b"half")
        raise RuntimeError("half way")
    assert list(target.parent.iterdir()) == []
    with atomic_write(target) as stream:
        stream.write(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]


def test_an_old_file_survives_a_failed_write(tmp_path: Path) -> None:
    target = tmp_path / "file.json"
    write_json(target, {"n": 1})
    with pytest.raises(RuntimeError), atomic_write(target) as stream:
        stream.write(b"{")
        raise RuntimeError
    assert json.loads(target.read_text()) == {"n": 1}


def test_a_full_disk_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(StoreError, match="no space left") as caught, atomic_write(tmp_path / "f") as stream:
        stream.write(b"x")
    assert is_disk_full(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_folders_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot write"), atomic_write(tmp_path / "file" / "x"):
        pass


def test_processes_never_share_a_part_file(tmp_path: Path) -> None:
    code = "from pathlib import Path; from mmdia.store.atomic import part_path; print(part_path(Path('x')))"
    names = {subprocess.check_output([sys.executable, "-c", code]) for _ in range(3)}
    assert len(names) == 3
    assert part_path(tmp_path / "x") == part_path(tmp_path / "x")


def test_commit_renames_durably(tmp_path: Path) -> None:
    final = tmp_path / "clip.flac"
    part_path(final).write_bytes(b"data")
    commit(part_path(final), final)
    assert final.read_bytes() == b"data"
    with pytest.raises(StoreError):
        commit(part_path(final), final)


def test_sweeping_takes_parts_only(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("a/x.flac.part", "y.part", "z.flac"):
        (tmp_path / name).write_bytes(b"")
    assert sweep_parts(tmp_path) == 2
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["z.flac"]


def test_a_torn_line_is_passed_over_and_not_glued_to_the_next(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.append([{"n": 1}, {"n": 2}])
    with open(journal.path, "ab") as stream:
        stream.write(b'{"n": 3, "te')
    journal.append([{"n": 4}])
    assert [row["n"] for row in journal.rows()] == [1, 2, 4]


def test_a_journal_that_cannot_be_written_keeps_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "j.jsonl")
    journal.append([{"n": 1}])

    def full(*args: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, "fsync", full)
        with pytest.raises(StoreError):
            journal.append([{"n": 2}])
    assert journal.path.read_text() == '{"n":1}\n'


@pytest.mark.slow
def test_kill_at_any_moment_leaves_whole_files_only(tmp_path: Path) -> None:
    """A process that writes without end is killed; every file under a final name is whole."""
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from mmdia.store.atomic import Journal, atomic_write
        out = Path(sys.argv[1]); journal = Journal(out / "j.jsonl")
        print("ready", flush=True)
        for i in range(100000):
            with atomic_write(out / f"{i:05d}.bin") as stream:
                for _ in range(64):
                    stream.write(bytes([i % 256]) * 4096)
            journal.append([{"i": i}])
        """
    )
    for delay in (0.05, 0.2):
        out = tmp_path / str(delay)
        out.mkdir()
        process = subprocess.Popen([sys.executable, "-c", script, str(out)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        for path in out.glob("*.bin"):
            assert path.read_bytes() == bytes([int(path.stem) % 256]) * 4096 * 64
        told = [row["i"] for row in Journal(out / "j.jsonl").rows()]
        assert told == list(range(len(told)))
        assert all((out / f"{i:05d}.bin").exists() for i in told)


HOLD = "import sys, pathlib, time; from mmdia.store.lock import exclusive, is_held\n"
HOLD += "with exclusive(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def holder(lock: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_locks_exclude_and_go_with_their_holder(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / "run.lock"
    assert not is_held(lock)
    with exclusive(lock):
        assert is_held(lock)
        with pytest.raises(StoreError, match="another run") as caught, exclusive(lock):
            pass
        assert caught.value.path == str(lock.parent)
        with pytest.raises(StoreError), exclusive(lock, wait_s=0.3):
            pass
        assert is_held(lock)
    assert not is_held(lock)
    assert not list(lock.parent.iterdir()), "the file goes with the lock"
    with pytest.raises(KeyError), exclusive(lock):
        raise KeyError
    with exclusive(lock):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "run.lock"
    with holder(lock) as process:
        assert is_held(lock)
        with pytest.raises(StoreError, match="another run"), exclusive(lock):
            pass
        process.kill()
    assert lock.exists()
    with exclusive(lock):
        assert is_held(lock)
    assert not lock.exists()


@pytest.mark.parametrize("told", ["", '{"pid": 1, "host": "elsewhere"}', "mine"])
def test_a_file_that_was_left_is_no_lock(tmp_path: Path, told: str) -> None:
    lock = tmp_path / "run.lock"
    told = json.dumps({"pid": os.getpid(), "host": socket.gethostname()}) if told == "mine" else told
    lock.write_text(told)
    assert not is_held(lock)
    lock.write_text(told)
    with exclusive(lock):
        pass


def test_who_asks_takes_no_lock_away(tmp_path: Path) -> None:
    lock, failures = tmp_path / "run.lock", []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            is_held(lock)
            time.sleep(0.002)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    inside = 0
    for _ in range(50):
        try:
            with exclusive(lock):
                inside += 1
                assert is_held(lock)
                assert inside == 1
                inside -= 1
        except StoreError as error:
            failures.append(error)
    done.set()
    for asker in askers:
        asker.join()
    assert failures == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic.Path, "mkdir", lambda *a, **k: None)
    with pytest.raises(StoreError, match="cannot write"), exclusive(tmp_path / "none" / "run.lock"):
        pass


def test_hashes_identify_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert params_hash({"a": 1, "b": [2]}) == params_hash({"b": [2], "a": 1})
    assert params_hash({"a": 1}) != params_hash({"a": 2})
