"""Only what is open is fetched, from where the release said, and no more than was allowed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.fetch import size
from mmdia.cli.main import main
from mmdia.errors import UsageError
from mmdia.release import fetch as room
from mmdia.release.fetch import fetch_titles
from mmdia.release.fetch_guard import PrivateAddress, is_public, only_public
from mmdia.release.fetch_licence import judge
from mmdia.release.ytdlp import Limits
from mmdia.schema.reasons import REASONS

from .loopback_media import Site, serve
from .test_fetch import FILM, files, only, release, running, site

__all__ = ["release", "running", "site"]


@pytest.mark.parametrize(
    "licence",
    [
        "CC0-1.0", "cc0", "CC-BY-3.0", "cc-by-sa-4.0", "CC-BY-NC-ND-4.0", "CC BY 3.0", "CC-BY-3.0-US",
        "public domain", "Public Domain Mark", "CC-PDDC", "PDM", "PDDL-1.0", "LAL-1.3", "GFDL-1.3-or-later",
        "https://creativecommons.org/licenses/by-sa/4.0/", "http://creativecommons.org/licenses/by/2.5",
        "https://creativecommons.org/publicdomain/zero/1.0/", "MIT OR LicenseRef-Studio",
        "(CC-BY-3.0 OR LicenseRef-X) AND CC0-1.0", "CC-BY-4.0 AND CC0-1.0", "GFDL-1.3 WITH Some-exception",
        "https://www.creativecommons.org/publicdomain/mark/1.0/deed.en",
    ],
)  # fmt: skip
def test_open_licences_are_allowed(licence: str) -> None:
    assert judge(licence, "t").allowed, licence


@pytest.mark.parametrize(
    ("licence", "reason"),
    [
        (None, "licence_unknown"), ("", "licence_unknown"), ("  ", "licence_unknown"),
        ("unknown", "licence_unknown"), ("NOASSERTION", "licence_unknown"),
        ("all rights reserved", "licence_not_open"), ("LicenseRef-Studio", "licence_not_open"),
        ("CC", "licence_not_open"), ("CC-BY-XX", "licence_not_open"), ("not CC0", "licence_not_open"),
        ("CC0-1.0 AND LicenseRef-Studio", "licence_not_open"), ("CC0-1.0 AND", "licence_not_open"),
        ("(CC0-1.0", "licence_not_open"), ("OR", "licence_not_open"),
        ("cc0 LicenseRef-X", "licence_not_open"),
        ("https://example.org/licenses/by/4.0/", "licence_not_open"),
        ("https://creativecommons.org/", "licence_not_open"), ("CC0-1.0) OR (x", "licence_not_open"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(licence: str | None, reason: str) -> None:
    word = judge(licence, "t")
    assert (word.allowed, word.reason) == (False, reason)
    assert reason in REASONS


def test_the_user_can_vouch_for_a_licence_or_a_title() -> None:
    assert judge("LicenseRef-Studio", "t", ["licenseref-studio"]).allowed
    assert judge(None, "tt1", ["TT1"]).allowed
    assert not judge(None, "tt2", ["tt1", ""]).allowed
    assert not judge("", "t", [""]).allowed


def test_terms_are_told() -> None:
    assert judge("CC-BY-NC-ND-4.0", "t").terms == (
        "name the makers; not for commercial use; no adaptations may be passed on"
    )
    assert judge("CC0-1.0", "t").terms == ""
    assert judge("CC0-1.0 OR CC-BY-4.0", "t").terms == ""


def test_refused_titles_are_not_asked_for(site: Site, release: Any, tmp_path: Path) -> None:
    handle = release(licence=None, t=f"{site.address}/film.mp4")
    told = only(report := fetch_titles(handle, tmp_path / "films"))
    assert (told.status, told.reason) == ("refused", "licence_unknown")
    assert not report.complete
    assert site.asked == []
    told = only(fetch_titles(handle, tmp_path / "films", vouched=["t"]))
    assert (told.status, told.license, told.terms) == ("fetched", None, "")


def test_a_licence_that_asks_for_something_is_told_with_the_film(
    site: Site, release: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handle = release(licence="CC-BY-3.0", t=f"{site.address}/film.mp4")
    words = ["fetch", str(handle.path), "--media-dir", str(tmp_path / "films")]
    assert main(words) == 0
    assert "name the makers" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    title = json.loads(capsys.readouterr().out)["titles"][0]
    assert (title["status"], title["license"], title["terms"]) == (
        "present",
        "CC-BY-3.0",
        "name the makers",
    )


def test_forbidden_is_told(site: Site, release: Any, tmp_path: Path) -> None:
    told = only(fetch_titles(release(t=f"{site.address}/forbidden.mp4"), tmp_path / "films"))
    assert (told.status, told.reason) == ("failed", "fetch_failed")
    assert "403" in (told.message or "")


def test_a_redirect_within_the_site_is_followed(site: Site, release: Any, tmp_path: Path) -> None:
    assert only(fetch_titles(release(t=f"{site.address}/away"), tmp_path)).status == "fetched"
    assert (tmp_path / "t.mp4").read_bytes() == FILM


@pytest.fixture
def neighbour() -> Iterator[Site]:
    """Another server of this machine: not the one that the release names."""
    with serve(FILM) as other:
        yield other


@pytest.mark.parametrize("page", ["/away", "/leads-away"])
def test_nothing_leads_to_another_private_address(
    page: str, site: Site, neighbour: Site, release: Any, tmp_path: Path
) -> None:
    site.away = f"{neighbour.address}/film.mp4"
    told = only(fetch_titles(release(t=site.address + page), tmp_path / "films"))
    assert (told.status, told.reason) == ("failed", "private_address"), told
    assert neighbour.address.removeprefix("http://") in (told.message or "")
    assert neighbour.asked == []
    assert files(tmp_path / "films") == []


@pytest.mark.parametrize(
    "where", ["file:///etc/passwd", "ftp://127.0.0.1/film.mp4", "//10.255.255.1/x", "data:video/mp4,x"]
)
def test_a_redirect_to_what_is_no_public_web_address_is_refused(
    where: str, site: Site, release: Any, tmp_path: Path
) -> None:
    site.away = where
    told = only(fetch_titles(release(t=f"{site.address}/away"), tmp_path / "films"))
    assert told.status == "failed", told
    assert not [f for f in files(tmp_path / "films") if not f.startswith(".")]


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_film_that_is_too_large_is_not_kept(
    tells_length: bool, site: Site, release: Any, tmp_path: Path
) -> None:
    site.tells_length = tells_length
    handle = release(t=f"{site.address}/film.mp4")
    told = only(fetch_titles(handle, tmp_path / "films", limits=Limits(max_bytes=len(FILM) // 2)))
    assert (told.status, told.reason) == ("failed", "too_large"), told
    assert files(tmp_path / "films") == []
    told = only(fetch_titles(handle, tmp_path / "films", limits=Limits(max_bytes=len(FILM))))
    assert told.status == "fetched"


def test_a_playlist_is_refused_by_its_own_reason(site: Site, release: Any, tmp_path: Path) -> None:
    told = only(fetch_titles(release(t=f"{site.address}/both"), tmp_path / "films"))
    assert (told.status, told.reason) == ("failed", "not_one_film")


def test_commercial_sites_are_not_read(
    release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("yt_dlp")
    from yt_dlp.extractor.youtube import YoutubeIE

    def never(*_: object) -> None:
        raise AssertionError("the site's own extractor was used")

    monkeypatch.setattr(YoutubeIE, "_real_extract", never)
    # Its host is unknown here, so whatever else is tried fails without the network.
    monkeypatch.setattr(socket, "getaddrinfo", _nowhere)
    told = only(fetch_titles(release(t="https://www.youtube.com/watch?v=BaW_jenozKc"), tmp_path / "films"))
    assert told.status == "failed"
    assert "extractor was used" not in (told.message or "")


def _nowhere(*_: object, **__: object) -> None:
    raise socket.gaierror("no such host")


def test_films_are_asked_for_with_pauses(
    site: Site, release: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(room.time, "sleep", slept.append)
    handle = release(a=f"{site.address}/film.mp4", b=f"{site.address}/film.mp4?b", c=None)
    fetch_titles(handle, tmp_path, limits=Limits(sleep_s=2.5))
    assert slept.count(2.5) >= 1


@pytest.mark.parametrize(
    "limits", [{"rate": 0}, {"sleep_s": -1}, {"max_bytes": 0}, {"sleep_s": float("nan")}]
)
def test_limits_that_limit_nothing_are_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        Limits(**limits)


@pytest.mark.parametrize(
    ("text", "value"),
    [("500", 500), ("2K", 2048), ("2M", 2 << 20), ("1.5GiB", 3 << 29), ("4 MB/s", 4 << 20)],
)
def test_sizes_are_read(text: str, value: float) -> None:
    assert size(text) == value


@pytest.mark.parametrize("text", ["", "fast", "-1", "2X", "1e6"])
def test_sizes_that_are_none_are_usage(text: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fetch", "--media-dir", str(tmp_path), f"--rate={text}"])
    assert ended.value.code == 2


def test_which_addresses_are_public() -> None:
    private = ["10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "::1", "fe80::1%eth0",
               "::ffff:10.0.0.1", "fc00::1", "2002:0a00:0001::", "224.0.0.1", "a name"]  # fmt: skip
    assert [a for a in private if is_public(a)] == []
    assert all(map(is_public, ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]))


def test_the_guard_ends_with_its_block_and_is_its_threads_own(site: Site, neighbour: Site) -> None:
    host, port = neighbour.address.removeprefix("http://").split(":")
    with only_public(site.address) as refused:
        with pytest.raises(PrivateAddress):
            socket.create_connection((host, int(port)))
        mine = site.address.removeprefix("http://").split(":")
        socket.create_connection((mine[0], int(mine[1]))).close()
    assert refused == [f"{host}:{port}"]
    socket.create_connection((host, int(port))).close()
