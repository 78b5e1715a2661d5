"""Public media is fetched whole or not at all, once, from web addresses only."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import ReleaseHandle, demo_release
from mmdia.errors import MissingExtra, StoreError, UsageError
from mmdia.rebuild.match import match_media
from mmdia.release import fetch as room
from mmdia.release.fetch import SCRATCH, FetchReport, TitleFetch, fetch_titles
from mmdia.release.ytdlp import Limits, check_address, tidy
from mmdia.schema.reasons import REASONS
from mmdia.schema.title import Title
from mmdia.store.lock import exclusive

from .loopback_media import CUES, Site, serve

FILM = next((demo_release().parent / "media").glob("*.mp4")).read_bytes()


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    pytest.importorskip("yt_dlp")
    with serve(FILM) as site:
        yield site


@pytest.fixture
def site(running: Site) -> Site:
    running.cut_at = None
    running.tells_length = True
    running.away = f"{running.address}/film.mp4"
    running.asked.clear()
    return running


@pytest.fixture
def release(make_release: Any) -> Any:
    def make(
        withdrawn: tuple[str, ...] = (), licence: str | None = "CC0-1.0", **addresses: str | None
    ) -> ReleaseHandle:
        titles = [{"title_id": t, "source_url": u, "license": licence} for t, u in addresses.items()]
        tables: dict[str, Any] = {"titles": titles, "dialogues": [{"dialogue_id": "a", "turns": []}]}
        if withdrawn:
            tables["withdrawn"] = [{"title_id": t} for t in withdrawn]
        return make_release(**tables)  # type: ignore[no-any-return]

    return make


def only(report: FetchReport) -> TitleFetch:
    assert len(report.titles) == 1
    return report.titles[0]


def files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.mark.slow
def test_a_film_is_fetched_once_under_a_name_that_rebuild_knows(
    site: Site, release: Any, tmp_path: Path
) -> None:
    title_id = "tv_04 S01E21"
    handle = release(**{title_id: f"{site.address}/film.mp4"})
    told: list[tuple[str, int, int | None]] = []
    report = fetch_titles(handle, tmp_path / "films", on_progress=lambda *x: told.append(x))
    assert only(report) == TitleFetch(
        title_id, "fetched", path="tv_04~20S01E21.mp4", bytes=len(FILM), license="CC0-1.0"
    ), report
    assert (tmp_path / "films" / "tv_04~20S01E21.mp4").read_bytes() == FILM
    assert files(tmp_path / "films") == ["tv_04~20S01E21.mp4"]
    assert not (tmp_path / "films" / SCRATCH).exists()
    assert told[-1] == (title_id, len(FILM), len(FILM))
    assert title_id in match_media(tmp_path / "films", {title_id: Title(title_id=title_id)}).by_title
    site.asked.clear()
    again = fetch_titles(handle, tmp_path / "films")
    assert only(again).status == "present"
    assert only(again).path == "tv_04~20S01E21.mp4"
    assert site.asked == []


def test_one_failure_does_not_stop_the_others(site: Site, release: Any, tmp_path: Path) -> None:
    handle = release(
        gone=f"{site.address}/missing.mp4", none=None, blank="  ", good=f"{site.address}/film.mp4"
    )
    report = fetch_titles(handle, tmp_path)
    told = {t.title_id: t for t in report.titles}
    assert list(told) == ["gone", "none", "blank", "good"]
    assert [t.status for t in report.titles] == ["failed", "no_source", "no_source", "fetched"]
    assert told["gone"].reason == "fetch_failed"
    assert "404" in (told["gone"].message or "")
    assert told["none"].reason == "no_source"
    assert {"fetch_failed", "no_source"} <= set(REASONS)
    assert not report.complete
    row = report.to_row()
    assert (row["schema"], row["statuses"]) == (
        "mmdia.fetch/1",
        {"no_source": 2, "failed": 1, "fetched": 1},
    )


def test_a_broken_download_leaves_no_film_and_is_continued(
    site: Site, release: Any, tmp_path: Path
) -> None:
    handle = release(t=f"{site.address}/film.mp4")
    site.cut_at = len(FILM) // 2
    films = tmp_path / "films"
    broken = only(fetch_titles(handle, films))
    assert (broken.status, broken.reason) == ("failed", "fetch_failed")
    assert broken.message
    assert [p for p in films.iterdir() if p.is_file()] == []
    assert not match_media(films, {"t": Title(title_id="t")}).by_title
    site.cut_at = None
    site.asked.clear()
    assert only(fetch_titles(handle, films)).status == "fetched"
    # How much of the last chunk was kept hangs on yt-dlp's way of asking (urllib, requests).
    assert any(0 < start <= len(FILM) // 2 for path, start in site.asked if path == "/film.mp4")
    assert (films / "t.mp4").read_bytes() == FILM
    assert files(films) == ["t.mp4"]


def test_bytes_of_another_address_are_not_continued(site: Site, release: Any, tmp_path: Path) -> None:
    site.cut_at = 1000
    films = tmp_path / "films"
    fetch_titles(release(t=f"{site.address}/film.mp4?old"), films)
    site.cut_at = None
    site.asked.clear()
    assert only(fetch_titles(release(t=f"{site.address}/film.mp4"), films)).status == "fetched"
    assert {start for _, start in site.asked} == {0}
    assert (films / "t.mp4").read_bytes() == FILM


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd", "ftp://127.0.0.1/film.mp4", "ytsearch:film", "film.mp4", "//host/film.mp4",
        "http://", "http://[bad/film.mp4", "http://host/x#__youtubedl_smuggle=%7B%7D", "HTTPX://host/a",
        "http://me:secret@127.0.0.1/film.mp4",
    ],
)  # fmt: skip
def test_only_web_addresses_are_fetched(
    address: str, release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    youtube = pytest.importorskip("yt_dlp")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("yt-dlp was called")

    monkeypatch.setattr(youtube, "YoutubeDL", never)
    with pytest.raises(UsageError):
        check_address(address)
    told = only(fetch_titles(release(t=address), tmp_path / "films"))
    assert (told.status, told.reason) == ("failed", "fetch_failed")
    assert "http" in (told.message or "")
    assert "secret" not in (told.message or "")
    assert files(tmp_path / "films") == []


@pytest.mark.slow
def test_what_is_no_film_is_refused(site: Site, release: Any, tmp_path: Path) -> None:
    handle = release(
        lie=f"{site.address}/lie.mp4", words=f"{site.address}/words", zip=f"{site.address}/archive.zip"
    )
    report = fetch_titles(handle, tmp_path / "films")
    assert report.statuses == {"failed": 3}
    assert all(
        t.message and "\n" not in t.message and "report this" not in t.message for t in report.titles
    )
    assert not [f for f in files(tmp_path / "films") if not f.startswith(SCRATCH)]
    # A page that poses as a film is not gone on with.
    assert not [f for f in files(tmp_path / "films") if "lie" in f]


def test_subtitles_come_with_the_film_and_a_missing_one_does_no_harm(
    site: Site, release: Any, tmp_path: Path
) -> None:
    report = fetch_titles(release(t=f"{site.address}/watch"), tmp_path / "films")
    assert (only(report).status, only(report).subtitles) == ("fetched", ("t.en.vtt",)), report
    assert files(tmp_path / "films") == ["t.en.vtt", "t.mp4"]
    assert (tmp_path / "films" / "t.en.vtt").read_text("utf-8") == CUES
    assert ("/missing.vtt", 0) in site.asked


def test_a_page_of_several_films_is_refused_before_any_is_downloaded(
    site: Site, release: Any, tmp_path: Path
) -> None:
    told = only(fetch_titles(release(t=f"{site.address}/both"), tmp_path / "films"))
    assert told.status == "failed"
    assert "2 films" in (told.message or "")
    assert ("/film.mp4", 0) not in site.asked


def test_withdrawn_titles_are_never_fetched(site: Site, release: Any, tmp_path: Path) -> None:
    handle = release(("b",), a=f"{site.address}/film.mp4", b=f"{site.address}/film.mp4?b")
    with pytest.raises(UsageError, match="withdrawn"):
        fetch_titles(handle, tmp_path / "films", titles=["b"])
    assert site.asked == []
    assert [t.title_id for t in fetch_titles(handle, tmp_path / "films").titles] == ["a"]
    assert files(tmp_path / "films") == ["a.mp4"]


def test_titles_can_be_chosen(site: Site, release: Any, tmp_path: Path) -> None:
    handle = release(a=f"{site.address}/film.mp4", b=f"{site.address}/missing.mp4")
    assert only(fetch_titles(handle, tmp_path / "films", titles=["a"])).status == "fetched"
    with pytest.raises(UsageError, match="nobody"):
        fetch_titles(handle, tmp_path / "films", titles=["nobody"])


def test_the_users_own_copy_counts_whatever_its_ending(release: Any, tmp_path: Path) -> None:
    (tmp_path / "A b.MKV").write_bytes(b"mine")
    (tmp_path / "c.mp4.part").write_bytes(b"half")
    handle = release(**{"a b": "http://127.0.0.1:9/never", "c": None})
    report = fetch_titles(handle, tmp_path)
    assert [(t.status, t.path) for t in report.titles] == [("present", "A b.MKV"), ("no_source", None)]


def test_a_disk_that_is_full_has_its_own_reason(
    site: Site, release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from mmdia.store.atomic import store_error

    def full(*_: object) -> None:
        raise store_error(OSError(errno.ENOSPC, "full"), "x") from OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(room, "commit", full)
    told = only(fetch_titles(release(t=f"{site.address}/film.mp4"), tmp_path / "films"))
    assert (told.status, told.reason) == ("failed", "disk_full")
    monkeypatch.undo()
    site.asked.clear()
    assert only(fetch_titles(release(t=f"{site.address}/film.mp4"), tmp_path / "films")).status == "fetched"
    assert (tmp_path / "films" / "t.mp4").read_bytes() == FILM


def test_broken_rows_are_told(make_release: Any, tmp_path: Path) -> None:
    handle = make_release(
        dialogues=[{"dialogue_id": "a", "turns": []}],
        titles=[b"{", {"title_id": "t", "license": "CC0-1.0"}],
    )
    report = fetch_titles(handle, tmp_path / "films")
    assert len(report.broken) == 1
    assert not report.complete
    assert only(report).status == "no_source"


def test_two_runs_do_not_share_a_folder(site: Site, release: Any, tmp_path: Path) -> None:
    with exclusive(tmp_path / SCRATCH / ".lock"), pytest.raises(StoreError, match="another run"):
        fetch_titles(release(t=f"{site.address}/film.mp4"), tmp_path)


def test_without_yt_dlp_the_cure_is_named_and_only_when_it_is_needed(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "yt_dlp", None)
    assert fetch_titles(release(t=None), tmp_path / "films").complete
    handle = release(t="http://127.0.0.1:9/film.mp4")
    with pytest.raises(MissingExtra, match=r"mmdia\[fetch\]"):
        fetch_titles(handle, tmp_path / "films")
    assert main(["release", "fetch", str(handle.path), "--media-dir", str(tmp_path / "films")]) == 3
    assert "pip install" in capsys.readouterr().err


def test_command(site: Site, release: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handle = release(a=f"{site.address}/film.mp4", b=f"{site.address}/missing.mp4", c=None)
    words = ["release", "fetch", str(handle.path), "--media-dir", str(tmp_path / "films"), "--sleep", "0"]
    assert main([*words, "--json"]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["schema"], document["complete"], err) == ("mmdia.fetch/1", False, "")
    assert [t["status"] for t in document["titles"]] == ["fetched", "failed", "no_source"]
    assert main([*words, "--titles", "a", "c"]) == 0
    out, err = capsys.readouterr()
    assert "1 no_source, 1 present" in out
    assert err == ""
    shutil.rmtree(tmp_path / "films")
    assert main([*words, "--titles", "nobody"]) == 2


def test_nothing_of_the_users_settings_takes_part(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    youtube = pytest.importorskip("yt_dlp")
    program = tmp_path / "my-ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("MMDIA_FFMPEG", str(program))
    seen: list[dict[str, Any]] = []

    def record(options: dict[str, Any]) -> None:
        seen.append(options)
        raise youtube.utils.DownloadError("stop here")

    monkeypatch.setattr(youtube, "YoutubeDL", record)
    told = only(
        fetch_titles(release(t="http://127.0.0.1:9/f.mp4"), tmp_path / "films", limits=Limits(5e5, 2.0))
    )
    assert told.message == "stop here"
    options = seen[0]
    assert options["ffmpeg_location"] == str(program)
    assert options["ratelimit"] == 5e5
    assert options["sleep_interval_requests"] == 2.0
    assert options["allow_unplayable_formats"] is False
    assert options["enable_file_urls"] is False
    assert options["cachedir"] is False
    assert not {"cookiefile", "cookiesfrombrowser", "usenetrc", "username", "password"} & set(options)


def test_messages_are_one_short_line() -> None:
    told = "\x1b[0;31mERROR:\x1b[0m [generic] no film\n here; please report this issue on  https://x"
    assert tidy(told) == "[generic] no film here"
    assert len(tidy("x" * 1000)) == 300
