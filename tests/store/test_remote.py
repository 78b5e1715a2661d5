from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from mmdia.errors import MissingExtra, UsageError
from mmdia.store.remote import RemoteError, RemoteFolder, fetch_text, is_url, parse_place


@pytest.fixture
def folder() -> Iterator[RemoteFolder]:
    yield RemoteFolder("memory://bucket/clips/")
    fsspec.filesystem("memory").store.clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://bucket/films/", "s3://bucket/films"),
        ("memory://x", "memory://x"),
        ("file:///films", Path("/films")),
        ("films", Path("films")),
        ("C:\\films", Path("C:\\films")),
        ("~/films", Path.home() / "films"),
    ],
)
def test_places_are_paths_or_urls(text: str, expected: object) -> None:
    assert parse_place(text) == expected
    assert is_url(parse_place(text)) == isinstance(expected, str)


def test_what_was_put_is_listed_and_comes_back(folder: RemoteFolder, tmp_path: Path) -> None:
    assert folder.sizes() == {}
    assert folder.size("a/b.txt") is None
    folder.write("a/b.txt", b"words")
    here = tmp_path / "x.bin"
    here.write_bytes(b"1234567")
    folder.put(here, "x.bin")
    assert folder.sizes() == {"a/b.txt": 5, "x.bin": 7}
    assert folder.sizes("a") == {"a/b.txt": 5}
    assert folder.size("a") is None
    folder.get("x.bin", tmp_path / "deep" / "y.bin")
    assert (tmp_path / "deep" / "y.bin").read_bytes() == b"1234567"
    assert folder.read_all(["a/b.txt", "gone"]) == {"a/b.txt": b"words"}
    assert fetch_text(folder, "a/b.txt", tmp_path / "b.txt")
    assert not fetch_text(folder, "gone", tmp_path / "gone.txt")
    for _ in range(2):
        folder.delete("x.bin")
    assert folder.sizes() == {"a/b.txt": 5}


def test_a_download_that_is_short_gets_no_name(
    folder: RemoteFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write("film.mkv", b"0123456789")

    def short(path: str, local: str, **more: Any) -> None:
        Path(local).write_bytes(b"0123")

    monkeypatch.setattr(folder.fs, "get_file", short)
    with pytest.raises(RemoteError, match="incomplete"):
        folder.get("film.mkv", tmp_path / "film.mkv")
    assert not list(tmp_path.iterdir())


def test_errors_of_the_library_get_a_name(folder: RemoteFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **more: Any) -> None:
        raise RuntimeError("no credentials")

    monkeypatch.setattr(folder.fs, "find", refuse)
    with pytest.raises(RemoteError, match="no credentials"):
        folder.sizes()
    with pytest.raises(FileNotFoundError):
        folder.get("gone", Path("x"))


def test_storage_that_is_not_there_is_told() -> None:
    with pytest.raises(UsageError, match="no such kind of storage"):
        RemoteFolder("nonsense://x")


def test_a_package_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(url: str) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(MissingExtra, match="s3fs"):
        RemoteFolder("s3://x")
