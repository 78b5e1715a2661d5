"""Where films come from: folders of this machine with odd things in them, and remote storage."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from mmdia.errors import MediaError, MediaNotFound
from mmdia.rebuild import source
from mmdia.rebuild.source import FetchError, FolderSource, RemoteSource, ScratchFull, open_source
from mmdia.store.remote import RemoteError, RemoteFolder


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[RemoteSource]:
    folder = RemoteFolder("memory://films")
    for name in (
        "A (1999).mkv", "A (1999).en.srt", "A (1999).nfo", "A (1999).words.json", "B.mkv", "B.srt",
        "Subs/2_English.srt", "Subs/A (1999)/2_English.srt", ".hidden/C.mkv", "out/receipt.jsonl",
        "out/clips/t/d.flac", "media.csv", "alone/C.mp4", "alone/Subs/English.srt",
    ):  # fmt: skip
        folder.write(name, name.encode())
    opened = open_source("memory://films", tmp_path / "scratch")
    assert isinstance(opened, RemoteSource)
    yield opened
    opened.close()
    fsspec.filesystem("memory").store.clear()


@pytest.mark.skipif(os.name == "nt", reason="no named pipes there")
def test_pipes_and_sockets_are_no_films(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s.mkv"))
    server.close()
    (tmp_path / "null.mkv").symlink_to("/dev/null")
    (tmp_path / "film.mkv").write_bytes(b"x")
    (tmp_path / "gone.mkv").symlink_to(tmp_path / "nowhere")
    opened = FolderSource(tmp_path)
    assert [str(f) for f in opened.files()] == ["film.mkv", "gone.mkv"]
    assert opened.local("film.mkv") == tmp_path / "film.mkv"
    for name in ("pipe.mkv", "s.mkv", "null.mkv"):
        with pytest.raises(MediaError, match="pipe or a device"):
            opened.local(name)


def test_remote_films_are_listed(remote: RemoteSource) -> None:
    assert [str(f) for f in remote.files()] == ["A (1999).mkv", "B.mkv", "alone/C.mp4"]
    assert remote.size("B.mkv") == 5
    assert remote.size("gone.mkv") is None
    small = remote.small("media.csv")
    assert small is not None
    assert small.read_text() == "media.csv"
    assert remote.small("gone.csv") is None


def test_a_film_comes_with_what_belongs_to_it_and_goes_again(remote: RemoteSource) -> None:
    film = remote.local("A (1999).mkv")
    folder = film.parent
    came = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert came == {
        "A (1999).mkv", "A (1999).en.srt", "A (1999).nfo", "A (1999).words.json",
        "Subs/A (1999)/2_English.srt",
    }  # fmt: skip
    assert remote.local("A (1999).mkv") == film
    alone = remote.local("alone/C.mp4")
    assert (alone.parent / "Subs" / "English.srt").is_file()
    remote.release("A (1999).mkv")
    assert not folder.exists()
    assert alone.exists()
    remote.close()
    assert not remote.scratch.exists()


def test_paths_that_climb_stay_in_the_scratch_space(remote: RemoteSource) -> None:
    remote.remote.write("x/../B.mkv", b"climbed")
    assert remote.local("x/../B.mkv").parent.parent == remote.scratch


def test_films_that_cannot_be_had_say_why(remote: RemoteSource, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MediaNotFound):
        remote.local("gone.mkv")
    with monkeypatch.context() as patch:
        patch.setattr(source, "SPARE", 1 << 60)
        with pytest.raises(ScratchFull, match="not enough scratch space") as full:
            remote.local("B.mkv")
        assert full.value.code == "no_scratch"

    def refuse(*args: object, **more: object) -> None:
        raise RemoteError("cannot download: no network")

    monkeypatch.setattr(remote.remote, "get", refuse)
    with pytest.raises(FetchError, match="no network") as failed:
        remote.local("B.mkv")
    assert failed.value.code == "fetch_failed"


def test_an_empty_address_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound):
        list(open_source("memory://nothing", tmp_path).files())
    with pytest.raises(MediaNotFound):
        list(open_source(tmp_path / "gone").files())


def test_only_what_the_dead_left_is_swept(tmp_path: Path) -> None:
    mine, dead, other = (tmp_path / n for n in (f"media-ab-{os.getpid()}", "title-ab-999999999", "notes"))
    for folder in (mine, dead, other):
        folder.mkdir()
    source.sweep_scratch(tmp_path)
    assert (mine.exists(), dead.exists(), other.exists()) == (True, False, True)
