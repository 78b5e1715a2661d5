"""Encrypted films are named as such, whichever way the container says it; the other stream stays usable."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmdia.errors import MediaUnreadable
from mmdia.media.cut import ClipRequest, ClipResult, cut_media
from mmdia.media.encrypted import encrypted_streams
from mmdia.media.index import build_index
from mmdia.media.index_cache import load, save
from mmdia.media.probe import open_input, probe

ENTRY = b"\0\0\0\0\0\0\0\1"


def locked(path: Path) -> set[int]:
    with open_input(path) as container:
        return set(encrypted_streams(path, container))


def renamed(source: Path, target: Path, *pairs: tuple[bytes, bytes]) -> Path:
    content = source.read_bytes()
    for old, new in pairs:
        assert content.count(old + ENTRY) == 1
        content = content.replace(old + ENTRY, new + ENTRY)
    target.write_bytes(content)
    return target


def cut(path: Path, out: Path, **more) -> ClipResult:
    got: list[ClipResult] = []
    index = build_index(path)
    cut_media(path, [ClipRequest(0, 1.0, 1.5, **more)], index=index, on_clip=got.append)
    return got[0]


def test_clear_films_are_not_locked(films) -> None:
    assert all(locked(films[f"base.{ending}"]) == set() for ending in ("mp4", "mkv", "ts"))


@pytest.mark.parametrize(("new", "kind"), [(b"encv", "video"), (b"drmi", "video")])
def test_a_film_whose_picture_is_encrypted_still_gives_its_sound(films, tmp_path, new, kind) -> None:
    film = renamed(films["base.mp4"], tmp_path / "a.mp4", (b"avc1", new))
    assert locked(film) == {0}
    index = build_index(film)
    assert (index.video, index.encrypted) == (None, (kind,))
    save(index, tmp_path / "i.npz")
    assert load(tmp_path / "i.npz").encrypted == (kind,)
    assert cut(film, tmp_path, video_path=tmp_path / "a_.mp4").error_code == "encrypted"
    assert cut(film, tmp_path, audio_path=tmp_path / "a.flac").error_code is None


def test_an_encrypted_film_that_cannot_be_opened_says_so(films, tmp_path) -> None:
    film = renamed(films["base.mp4"], tmp_path / "a.mp4", (b"avc1", b"encv"), (b"mp4a", b"enca"))
    content = film.read_bytes().replace(b"stsc", b"s\xffsc")  # what libavformat stumbles at
    film.write_bytes(content)
    with pytest.raises(MediaUnreadable) as caught:
        probe(film)
    assert caught.value.code == "encrypted"


def test_a_film_whose_sound_is_encrypted_still_gives_its_picture(films, tmp_path) -> None:
    film = renamed(films["base.mp4"], tmp_path / "a.mp4", (b"mp4a", b"drms"))
    assert [s.encrypted for s in probe(film).audio] == [True]
    assert cut(film, tmp_path, audio_path=tmp_path / "a.flac").error_code == "encrypted"
    assert cut(film, tmp_path, video_path=tmp_path / "b.mp4").error_code is None


def test_a_film_that_is_all_encrypted_is_refused(films, tmp_path) -> None:
    film = renamed(films["base.mp4"], tmp_path / "a.mp4", (b"avc1", b"encv"), (b"mp4a", b"enca"))
    for read in (probe, build_index):
        with pytest.raises(MediaUnreadable, match="encrypted") as refused:
            read(film)
        assert refused.value.code == "encrypted"


def element(name: int, content: bytes) -> bytes:
    width = (name.bit_length() + 7) // 8
    return name.to_bytes(width, "big") + (len(content) | 1 << 56).to_bytes(8, "big") + content


@pytest.mark.parametrize("number", [0, 1])
def test_matroska_says_it_of_each_track(films, tmp_path, number: int) -> None:
    """A ContentEncryption is put behind all else of a track."""
    content = films["base.mkv"].read_bytes()
    tracks = content.rindex(b"\x16\x54\xae\x6b", 0, content.index(b"\x1f\x43\xb6\x75"))
    encoding = element(0x6240, element(0x5033, b"\1") + element(0x5035, element(0x47E1, b"\5")))
    patch = element(0x6D80, encoding)
    at = tracks + 4
    width = 9 - content[at].bit_length()
    size = int.from_bytes(content[at : at + width], "big") & ((1 << 7 * width) - 1)
    inner = content[at + width : at + width + size]
    entries, place, made = 0, 0, b""
    while place < len(inner):
        start = place
        name_width = 9 - inner[place].bit_length()
        name = int.from_bytes(inner[place : place + name_width], "big")
        place += name_width
        length_width = 9 - inner[place].bit_length()
        length = int.from_bytes(inner[place : place + length_width], "big") & ((1 << 7 * length_width) - 1)
        place += length_width + length
        if name == 0xAE:
            body = inner[place - length : place]
            made += element(0xAE, body + (patch if entries == number else b""))
            entries += 1
        else:
            made += inner[start:place]
    # The segment's own size and its index point elsewhere now; an unknown size is legal.
    segment = content.index(b"\x18\x53\x80\x67")
    head = content[: segment + 4] + b"\x01" + b"\xff" * 7 + content[segment + 12 : tracks]
    film = tmp_path / "a.mkv"
    film.write_bytes(head + element(0x1654AE6B, made) + content[at + width + size :])
    assert locked(film) == {number}
    assert build_index(film).encrypted == (("video", "audio")[number],)


def test_a_scrambled_broadcast(films, tmp_path) -> None:
    content = bytearray(films["base.ts"].read_bytes())
    with open_input(films["base.ts"]) as container:
        ids = {s.index: s.id for s in container.streams}
    for at in range(0, len(content), 188):
        if int.from_bytes(content[at + 1 : at + 3], "big") & 0x1FFF == ids[1]:
            content[at + 3] |= 0x80
    (tmp_path / "a.ts").write_bytes(content)
    assert locked(tmp_path / "a.ts") == {1}


def test_noise_is_no_lock(tmp_path, films) -> None:
    content = films["base.mkv"].read_bytes()
    dice = random.Random(1)
    for _ in range(200):
        damaged = bytearray(content)
        at = dice.randrange(0, 2000)
        damaged[at : at + 30] = dice.randbytes(30)
        (tmp_path / "a.mkv").write_bytes(damaged)
        try:
            locked(tmp_path / "a.mkv")
        except MediaUnreadable:
            continue
