"""Which release is found, by which route, and what its content's identity depends on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

import mmdia.corpus.locate as locate
from mmdia.corpus.locate import content_id, locate_release, mmdia_home, open_release
from mmdia.errors import BrokenRow, ReleaseError, ReleaseNotFound

ROW = {"dialogue_id": "a", "turns": []}


def release_at(folder: Path, name: str = "x") -> Path:
    folder.mkdir(parents=True)
    head = {"schema": "mmdia.release/1", "name": name, "version": "1"}
    (folder / "release.json").write_text(json.dumps(head), encoding="utf-8")
    (folder / "dialogues.jsonl").write_text(json.dumps(ROW), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))


def test_folder_and_head_file_open_alike(tmp_path: Path) -> None:
    folder = release_at(tmp_path / "r")
    assert open_release(folder) == open_release(str(folder / "release.json"))
    assert open_release(folder).head.name == "x"


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir()])
def test_no_release_there(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "r")
    with pytest.raises(FileNotFoundError) as info:
        open_release(tmp_path / "r")
    assert isinstance(info.value, ReleaseNotFound)
    assert "release.json" in str(info.value)


def test_archive_is_sent_to_install(tmp_path: Path) -> None:
    (tmp_path / "r.zip").write_bytes(b"PK")
    with pytest.raises(ReleaseError, match="mmdia release install"):
        open_release(tmp_path / "r.zip")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"schema": "mmdia.release/2", "name": "x", "version": "1"}', "Upgrade"),
        (
            '{"schema": "mmdia.receipt/1", "name": "x", "version": "1"}',
            "does not say that this is a release",
        ),
        ('{"name": "x", "version": "1"}', "does not say that this is a release"),
        ("[]", "does not say that this is a release"),
        ("{", "cannot be read"),
        ('{"schema": "mmdia.release/1", "name": "x"}', "version"),
    ],
)
def test_head_that_cannot_be_used(tmp_path: Path, text: str, words: str) -> None:
    folder = release_at(tmp_path / "r")
    (folder / "release.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReleaseError, match=words) as info:
        open_release(folder)
    assert isinstance(info.value, BrokenRow) == (words == "version")


def test_head_may_have_unknown_keys_and_a_bom(tmp_path: Path) -> None:
    folder = release_at(tmp_path / "r")
    head = {"schema": "mmdia.release/1", "name": "y", "version": "1", "mood": 1, "counts": {"rows": 2}}
    (folder / "release.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(head).encode())
    assert open_release(folder).head.name == "y"


def test_release_without_dialogues(tmp_path: Path) -> None:
    folder = release_at(tmp_path / "r")
    (folder / "dialogues.jsonl").unlink()
    with pytest.raises(ReleaseError, match="no dialogues"):
        open_release(folder)


def test_routes_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = release_at(tmp_path / "demo", "demo")
    monkeypatch.setattr(locate, "demo_release", lambda: demo)
    assert locate_release()[1] == "demo"
    installed = release_at(mmdia_home() / "releases" / "i-1", "i")
    (installed.parent / "current.json").write_text('{"folder": "i-1"}', encoding="utf-8")
    handle, route = locate_release()
    assert (handle.head.name, route) == ("i", "installed")
    monkeypatch.setenv("MMDIA_ANNOTATIONS", str(release_at(tmp_path / "e", "e")))
    handle, route = locate_release(None)
    assert (handle.head.name, route) == ("e", "environment")
    handle, route = locate_release(str(release_at(tmp_path / "a", "a")))
    assert (handle.head.name, route) == ("a", "argument")


def test_a_named_place_that_is_wrong_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReleaseNotFound):
        locate_release(tmp_path / "nowhere")
    monkeypatch.setenv("MMDIA_ANNOTATIONS", str(tmp_path / "nowhere"))
    with pytest.raises(ReleaseNotFound, match=r"\$MMDIA_ANNOTATIONS"):
        locate_release()


def test_damaged_pointer(tmp_path: Path) -> None:
    (mmdia_home() / "releases").mkdir(parents=True)
    (mmdia_home() / "releases" / "current.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ReleaseError, match="mmdia release install"):
        locate_release()


def test_home_without_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MMDIA_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "data"))
    assert mmdia_home().name == "mmdia"
    assert mmdia_home().is_absolute()


def test_identity_is_of_the_content(tmp_path: Path) -> None:
    a, b = release_at(tmp_path / "a"), release_at(tmp_path / "elsewhere" / "b")
    os.utime(b / "dialogues.jsonl", (1, 1))
    before = content_id(open_release(a))
    assert before == content_id(open_release(b))
    assert len(before) == 32
    stat = (a / "dialogues.jsonl").stat()
    (a / "dialogues.jsonl").write_text(json.dumps(ROW).replace('"a"', '"b"'), encoding="utf-8")
    os.utime(a / "dialogues.jsonl", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (a / "dialogues.jsonl").stat().st_size == stat.st_size
    assert content_id(open_release(a)) != before
    (b / "withdrawn.jsonl").write_text('{"dialogue_id": "a"}', encoding="utf-8")
    assert content_id(open_release(b)) != before
    assert content_id(open_release(b)) == content_id(open_release(b))
