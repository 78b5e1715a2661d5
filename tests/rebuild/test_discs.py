"""The folder of a disc is one film in order; its menus are no copies of it."""

from __future__ import annotations

import struct
from pathlib import Path, PurePath

import pytest

from mmdia.rebuild.candidate import Matches
from mmdia.rebuild.discs import read_playlist
from mmdia.rebuild.match import match_media
from mmdia.rebuild.media_map import propose_map
from mmdia.schema.title import Title

FERRY = Title(title_id="ferry", name="The Ferry", year=1950)
BOAT = Title(title_id="boat", name="Night Boat", year=1961)
TITLES = {t.title_id: t for t in (FERRY, BOAT)}


def fill(folder: Path, **sizes: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in sizes.items():
        (folder / name.replace("__", ".")).write_bytes(bytes(size))


def rows(found: Matches, title_id: str) -> list[tuple[str, int | None]]:
    return [(c.path, c.part) for c in found.by_title.get(title_id, ())]


def playlist(*items: tuple[str, float]) -> bytes:
    body = b"".join(
        struct.pack(">H5s4sHBII", 20, name.encode(), b"M2TS", 1, 0, 45_000, int(45_000 * (1 + seconds)))
        for name, seconds in items
    )
    head = b"MPLS0200" + struct.pack(">III", 40, 0, 0)
    return head.ljust(40, b"\0") + struct.pack(">IHHH", len(body), 0, len(items), 0) + body


@pytest.mark.parametrize("inner", ["VIDEO_TS", "video_ts", ""])
def test_the_largest_title_set_is_the_film(tmp_path: Path, inner: str) -> None:
    place = PurePath("The Ferry (1950)", inner)
    fill(
        tmp_path / place, VIDEO_TS__VOB=900, VTS_01_0__VOB=900, VTS_01_1__VOB=400, VTS_02_0__VOB=10,
        VTS_02_1__VOB=500, VTS_02_2__VOB=500, VTS_02_3__VOB=5,
    )  # fmt: skip
    found = match_media(tmp_path, TITLES)
    assert rows(found, "ferry") == [(str(place / f"VTS_02_{n}.VOB"), n) for n in (1, 2, 3)]
    assert len(found.passed) == 4
    assert (found.unmatched, found.ambiguous) == ((), {})
    assert any("title set 02" in e for e in found.by_title["ferry"][0].evidence)


def test_what_follows_a_gap_is_left_out(tmp_path: Path) -> None:
    fill(tmp_path / "The Ferry (1950)" / "VIDEO_TS", VTS_01_1__VOB=500, VTS_01_3__VOB=500)
    found = match_media(tmp_path, TITLES)
    assert [n for _, n in rows(found, "ferry")] == [None]
    assert any("VTS_01_2.VOB is missing" in e for e in found.by_title["ferry"][0].evidence)


def test_menus_alone_are_no_film(tmp_path: Path) -> None:
    fill(tmp_path / "The Ferry (1950)" / "VIDEO_TS", VIDEO_TS__VOB=500, VTS_01_0__VOB=500)
    found = match_media(tmp_path, TITLES)
    assert (found.by_title, len(found.passed)) == ({}, 2)


def test_two_discs_go_on_counting(tmp_path: Path) -> None:
    for disc in (1, 2):
        fill(tmp_path / "The Ferry (1950)" / f"Disc {disc}" / "VIDEO_TS", VTS_01_1__VOB=9, VTS_01_2__VOB=9)
    found = rows(match_media(tmp_path, TITLES), "ferry")
    assert [n for _, n in found] == [1, 2, 3, 4]
    assert [("Disc 1" in p, "_2.VOB" in p) for p, _ in found] == [
        (True, False), (True, True), (False, False), (False, True),
    ]  # fmt: skip


def test_a_file_and_a_disc_are_two_copies(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "The Ferry (1950)" / "VIDEO_TS", VTS_01_1__VOB=90, VTS_01_2__VOB=90)
    fill(tmp_path / "b" / "The Ferry (1950)" / "VIDEO_TS", VTS_01_1__VOB=80, VTS_01_2__VOB=80)
    (tmp_path / "The Ferry (1950).mkv").write_bytes(bytes(100))
    found = match_media(tmp_path, TITLES)
    assert [n for _, n in rows(found, "ferry")] == [None, 1, 2]
    assert all(str(PurePath("b")) == PurePath(p).parts[0] for p in found.passed)


def test_the_only_disc_for_the_only_title(tmp_path: Path) -> None:
    fill(tmp_path / "VIDEO_TS", VTS_01_1__VOB=90, VTS_01_2__VOB=90)
    found = match_media(tmp_path, {"ferry": FERRY})
    assert [(c.part, c.how) for c in found.by_title["ferry"]] == [(1, "only"), (2, "only")]


def bluray(folder: Path, **lists: bytes) -> Matches:
    stream = folder / "Night Boat (1961)" / "BDMV" / "STREAM"
    fill(stream, **{"00000__m2ts": 50, "00001__m2ts": 900, "00002__m2ts": 300, "00003__m2ts": 300})
    (stream.parent / "PLAYLIST").mkdir()
    for name, raw in lists.items():
        (stream.parent / "PLAYLIST" / f"{name[1:]}.mpls").write_bytes(raw)
    return match_media(folder, TITLES)


@pytest.mark.parametrize(
    ("lists", "taken"),
    [
        ({}, ["00001"]),
        ({"l00000": playlist(("00000", 30.0))}, ["00001"]),
        ({"l00800": playlist(("00001", 5000.0), ("00002", 900.0)), "l00001": playlist(("00001", 5000.0))},
         ["00001", "00002"]),
        ({"l00800": playlist(("00002", 90.0), ("00001", 5000.0))}, ["00002", "00001"]),
        ({"l00800": playlist(("00001", 5000.0), ("00001", 5000.0)), "l00801": playlist(("00001", 5000.0))},
         ["00001"]),
        ({"l00800": playlist(("00001", 5000.0), ("00077", 5000.0))}, ["00001"]),
        ({"l00800": b"MPLS0200", "l00801": b"", "l00802": b"MPLS0200" + bytes(90)}, ["00001"]),
    ],
)  # fmt: skip
def test_the_playlist_says_what_the_film_is(
    tmp_path: Path, lists: dict[str, bytes], taken: list[str]
) -> None:
    found = bluray(tmp_path, **lists)
    assert [PurePath(p).stem for p, _ in rows(found, "boat")] == taken
    numbers = [None] if len(taken) == 1 else list(range(1, len(taken) + 1))
    assert [n for _, n in rows(found, "boat")] == numbers
    assert found.unmatched == ()


def test_a_playlist_reads_as_it_is_written() -> None:
    assert read_playlist(playlist(("00001", 60.5), ("00002", 1.0))) == [("00001", 60.5), ("00002", 1.0)]
    assert read_playlist(b"RIFF") == []


def test_an_image_is_named_and_never_a_copy(tmp_path: Path) -> None:
    (tmp_path / "The Ferry (1950).iso").write_bytes(bytes(9))
    (tmp_path / "something.IMG").write_bytes(bytes(9))
    found = match_media(tmp_path, TITLES)
    assert found.by_title == {}
    assert found.images == {"The Ferry (1950).iso": ("ferry",), "something.IMG": ()}
    assert "# ferry,The Ferry (1950).iso,,,\n" in propose_map(found, TITLES)
    assert found.unmatched == ()
