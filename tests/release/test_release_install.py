"""A release is installed whole, from a folder or an archive, and nothing unsafe is unpacked."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import content_id, locate_release, mmdia_home, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.errors import ReleaseError, ReleaseNotFound, UsageError
from mmdia.release import archive as room
from mmdia.release.install import folder_name, install
from mmdia.schema.release import Release

ROWS = [{"dialogue_id": "a", "turns": []}, {"dialogue_id": "b", "turns": []}]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)
    return tmp_path / "home"


@pytest.fixture
def source(make_release: Any) -> Path:
    handle = make_release(dialogues=ROWS, titles=[{"title_id": "t"}], withdrawn=[{"dialogue_id": "b"}])
    for name in (
        "subtitles/t.srt",
        "fingerprints/t.npz",
        "README.md",
        "film.mp4",
        "subtitles/.hidden",
        "x/y/z.txt",
    ):
        path = handle.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return Path(handle.path)


WHOLE = [
    "README.md", "dialogues.jsonl", "fingerprints/t.npz", "release.json", "subtitles/t.srt", "titles.jsonl",
    "withdrawn.jsonl",
]  # fmt: skip


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def pack(source: Path, kind: str, prefix: str = "") -> Path:
    archive = source.parent / f"r.{kind}"
    paths = [(p, prefix + p.relative_to(source).as_posix()) for p in source.rglob("*") if p.is_file()]
    if kind == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            for path, name in paths:
                file.write(path, name)
    else:
        with tarfile.open(archive, "w" if kind == "tar" else "w:gz") as file:
            for path, name in paths:
                file.add(path, name)
    return archive


def check(home: Path, done: Any) -> None:
    assert done.handle.path == home / "releases" / "small-1.0"
    assert files(done.handle.path) == WHOLE
    assert sorted(p.name for p in (home / "releases").iterdir()) == ["current.json", "small-1.0"]
    handle, route = locate_release()
    assert (handle, route) == (done.handle, "installed")
    assert [d.dialogue_id for d in iter_dialogues(handle)] == ["a"]


def test_folder(home: Path, source: Path) -> None:
    done = install(source)
    check(home, done)
    row = done.to_row()
    assert (row["schema"], row["withdrawn"], row["was_there"]) == ("mmdia.install/1", 1, False)
    # A row that was taken back is not installed, so the content is another; else it is the same.
    assert row["content_id"] == content_id(done.handle) != content_id(open_release(source))
    assert [d.dialogue_id for d in iter_dialogues(done.handle, keep_withdrawn=True)] == ["a"]
    assert install(source / "release.json").was_there
    assert install(done.handle.path).content_id == done.content_id


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tgz", "tar"])
@pytest.mark.parametrize("prefix", ["", "./", "small-1.0/", "deep/down/"])
def test_archives(home: Path, source: Path, kind: str, prefix: str) -> None:
    check(home, install(pack(source, kind, prefix)))


def test_new_content_replaces_the_old(home: Path, source: Path) -> None:
    install(source)
    (source / "dialogues.jsonl").write_text(json.dumps({"dialogue_id": "n", "turns": []}), encoding="utf-8")
    done = install(source)
    assert not done.was_there
    assert [d.dialogue_id for d in iter_dialogues(locate_release()[0])] == ["n"]
    assert len(list((home / "releases").iterdir())) == 2


def test_last_installed_is_current(source: Path) -> None:
    install(source)
    head = json.loads((source / "release.json").read_text())
    (source / "release.json").write_text(json.dumps({**head, "version": "2.0"}), encoding="utf-8")
    second = install(source)
    assert locate_release()[0] == second.handle
    assert (mmdia_home() / "releases" / "small-1.0").is_dir()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_unsafe_paths_are_refused(home: Path, source: Path, kind: str, name: str) -> None:
    archive = pack(source, kind)
    if kind == "zip":
        with zipfile.ZipFile(archive, "a") as file:
            file.writestr(name, "x")
    else:
        with tarfile.open(archive, "a") as tar:
            info = tarfile.TarInfo(name)
            info.size = 1
            tar.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(ReleaseError, match="unsafe path"):
        install(archive)
    assert not list((home / "releases").iterdir())


@pytest.mark.parametrize("kind", ["symlink", "hardlink", "device", "zip"])
def test_links_and_devices_are_refused(home: Path, source: Path, kind: str) -> None:
    if kind == "zip":
        archive = pack(source, "zip")
        with zipfile.ZipFile(archive, "a") as file:
            link = zipfile.ZipInfo("subtitles/passwd.srt")
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            file.writestr(link, "/etc/passwd")
    else:
        archive = pack(source, "tar")
        with tarfile.open(archive, "a") as tar:
            info = tarfile.TarInfo("subtitles/passwd.srt")
            info.type = {
                "symlink": tarfile.SYMTYPE,
                "hardlink": tarfile.LNKTYPE,
                "device": tarfile.CHRTYPE,
            }[kind]
            info.linkname = "/etc/passwd"
            tar.addfile(info)
    with pytest.raises(ReleaseError, match="link or device"):
        install(archive)
    assert not list((home / "releases").glob("[!.]*"))


def test_a_link_that_is_no_part_of_the_release_is_passed_over(home: Path, source: Path) -> None:
    archive = pack(source, "tar")
    with tarfile.open(archive, "a") as tar:
        info = tarfile.TarInfo("film.link")
        info.type, info.linkname = tarfile.SYMTYPE, "/films/1.mkv"
        tar.addfile(info)
    check(home, install(archive))


def test_what_unpacks_to_too_much_is_refused(
    home: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(source, "zip")
    monkeypatch.setattr(room, "MAX_BYTES", 40)
    with pytest.raises(ReleaseError, match="too much"):
        install(archive)
    assert not list((home / "releases").iterdir())


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar"])
def test_damaged_archives(home: Path, source: Path, kind: str) -> None:
    (source / "README.md").write_bytes(bytes(range(256)) * 500)
    archive = pack(source, kind)
    content = archive.read_bytes()
    archive.write_bytes(content[: len(content) // 2])
    with pytest.raises(ReleaseError):
        install(archive)
    archive.write_bytes(b"no archive at all")
    with pytest.raises(ReleaseError, match="cannot be read"):
        install(archive)
    assert not list((home / "releases").iterdir())


def test_nothing_to_install(tmp_path: Path, source: Path) -> None:
    with pytest.raises(ReleaseNotFound):
        install(tmp_path / "nowhere.zip")
    (tmp_path / "r.rar").touch()
    with pytest.raises(UsageError, match="not a release"):
        install(tmp_path / "r.rar")
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as file:
        file.writestr("x.txt", "")
    with pytest.raises(ReleaseNotFound, match="no release in this archive"):
        install(tmp_path / "e.zip")
    shutil.copytree(source, source / "one" / "a")
    shutil.copytree(source / "one" / "a", source / "one" / "b")
    with pytest.raises(ReleaseError, match="several releases"):
        install(pack(source / "one", "tar"))


def test_bad_release_does_not_replace_a_good_one(source: Path) -> None:
    install(source)
    (source / "release.json").write_text('{"schema": "mmdia.release/2"}', encoding="utf-8")
    with pytest.raises(ReleaseError, match="Upgrade"):
        install(pack(source, "zip"))
    assert locate_release()[0].head.version == "1.0"


@pytest.mark.parametrize(
    ("name", "version", "folder"),
    [
        ("mm-dia", "1.2.0", "mm-dia-1.2.0"),
        ("../x", "..", "~2E~2E~2Fx-~2E~2E"),
        ("a b", "1/2", "a~20b-1~2F2"),
        ("", "", "unnamed-none"),
    ],
)
def test_folder_names_are_safe(name: str, version: str, folder: str) -> None:
    assert folder_name(Release(name=name, version=version)) == folder
