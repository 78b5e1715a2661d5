"""Damaged films: a clip is the clip of the sound film, or it is none; never what a decoder made up."""

from __future__ import annotations

import random
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest

from mmdia.media.cut import ClipRequest, ClipResult, VideoParams, cut_media
from mmdia.media.edit_list import names_beyond
from mmdia.media.index import build_index
from mmdia.media.index_cache import load, save
from mmdia.media.packets import packets
from mmdia.media.refusal import is_cut_off
from mmdia.media.sound_block import is_sane
from mmdia.media.window import has_hole, snap
from tests.media.film import noise, numbers_of, remux, write_film

SPANS = [(k * 0.8 + 0.1, k * 0.8 + 0.7) for k in range(9)]


def cut(film: Path, out: Path) -> dict[int, ClipResult]:
    out.mkdir()
    got: list[ClipResult] = []
    requests = [ClipRequest(k, a, b, out / f"{k}.flac", out / f"{k}.mp4") for k, (a, b) in enumerate(SPANS)]
    video = VideoParams(sound=False)
    cut_media(film, requests, index=build_index(film), on_clip=got.append, video=video)
    return {int(str(r.key)): r for r in got}


def alike(folder: Path, k: int) -> bool:
    """Whether a clip of the damaged film shows the frames of the clean one."""
    clean, damaged = (numbers_of(folder / name / f"{k}.mp4")[0] for name in ("clean", "damaged"))
    return clean == damaged


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_clip_of_a_damaged_film_is_right_or_none(tmp_path: Path, ending: str, seed: int) -> None:
    film = tmp_path / f"film.{ending}"
    write_film(tmp_path / "film.mp4", sound=noise(2), gop=24)
    if ending != "mp4":
        remux(tmp_path / "film.mp4", film)
    clean = cut(film, tmp_path / "clean")
    content = bytearray(film.read_bytes())
    dice = random.Random(seed)
    for _ in range(4):
        at = dice.randrange(len(content) // 3, len(content) // 2)
        content[at : at + 100] = dice.randbytes(100)
    film.write_bytes(content)

    damaged = cut(film, tmp_path / "damaged")

    assert clean.keys() == damaged.keys()
    assert all(r.error_code is None for r in clean.values())
    for k, result in damaged.items():
        files = [tmp_path / "damaged" / f"{k}.{e}" for e in ("flac", "mp4")]
        if result.error_code is not None:
            assert result.error_code in ("decode_error", "outside_media")
            assert not any(f.exists() for f in files), "a failed clip leaves nothing"
        else:
            assert result.video is not None
            # A damaged stamp turns the film's rate into a variable one, and clips are encoded by it;
            # and a decoder cannot notice each flipped bit. So numbers are compared, not pixels.
            assert alike(tmp_path, k), f"clip {k}"
    # What lies behind the damage is cut again.
    assert damaged[8].error_code is None


@pytest.mark.slow
def test_a_hole_in_the_picture_is_seen_and_a_slide_show_is_none(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", sound=None)
    with av.open(str(tmp_path / "film.mp4")) as given, av.open(str(tmp_path / "hole.mkv"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is None:
                continue
            second = float(packet.pts * packet.time_base)
            packet.stream = stream
            if not 3.0 < second < 4.5:
                out.mux(packet)
    index = build_index(tmp_path / "hole.mkv")
    assert index.video is not None
    assert has_hole(index.video, snap(index, 2.5, 5.0))
    assert not has_hole(index.video, snap(index, 0.5, 2.5))


def without_order(folder: Path) -> Path:
    """A film whose table of display times is gone: its pictures are stamped as they are decoded."""
    film = folder / "film.mp4"
    write_film(film, sound=None)
    content = film.read_bytes()
    assert content.count(b"ctts") == 1
    film.write_bytes(content.replace(b"ctts", b"free"))
    return film


@pytest.mark.parametrize(("lossless", "code"), [(False, "decode_error"), (True, "not_proven")])
def test_stamps_against_the_order_of_pictures_are_seen(tmp_path: Path, lossless: bool, code: str) -> None:
    film, got = without_order(tmp_path), list[ClipResult]()
    request = ClipRequest(0, 1.0, 2.0, video_path=tmp_path / "clip.mp4")
    cut_media(film, [request], index=build_index(film), on_clip=got.append, lossless=lossless)
    assert got[0].error_code == code
    assert "order of their stamps" in got[0].message


def test_a_hole_does_not_stretch_a_clip(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", sound=None)
    with av.open(str(tmp_path / "film.mp4")) as given, av.open(str(tmp_path / "hole.mkv"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for n, packet in enumerate(p for p in given.demux(video=0) if p.size):
            packet.stream = stream
            packet.pts += n // 120 * round(600 / packet.time_base)
            packet.dts += n // 120 * round(600 / packet.time_base)
            out.mux(packet)
    index, got = build_index(tmp_path / "hole.mkv"), list[ClipResult]()
    requests = [
        ClipRequest(k, at, at + 1.0, video_path=tmp_path / f"{k}.mp4") for k, at in enumerate((1, 300))
    ]
    cut_media(tmp_path / "hole.mkv", requests, index=index, on_clip=got.append)
    assert {r.key: r.error_code for r in got} == {0: None, 1: "picture_gap"}


def test_a_picture_that_a_broken_table_hides_is_not_called_missing(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(film, sound=noise(2))
    content = bytearray(film.read_bytes())
    content[content.index(b"stsz") + 16] |= 0x40  # the first picture: a gigabyte
    film.write_bytes(content)
    index, got = build_index(film), list[ClipResult]()
    assert (index.video, index.damaged) == (None, ("video",))
    save(index, tmp_path / "i.npz")
    assert load(tmp_path / "i.npz").damaged == ("video",)
    assert is_cut_off(film, index.container)
    request = ClipRequest(0, 1.0, 2.0, video_path=tmp_path / "clip.mp4")
    cut_media(film, [request], index=index, on_clip=got.append)
    assert got[0].error_code == "invalid_media"


def test_absurd_counts_in_a_table_cost_no_memory(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    write_film(film, sound=None)
    content = bytearray(film.read_bytes())
    for table, at in ((b"stts", 8), (b"stts", 4), (b"stsc", 8), (b"stsc", 4), (b"stco", 4)):
        place = content.index(table) + 4 + at
        content[place] |= 0x7F
    film.write_bytes(content)
    assert not names_beyond(film)


def test_frames_of_absurd_formats_are_no_sound() -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 64), np.float32), format="flt", layout="mono")
    frame.sample_rate = 48_000
    assert is_sane(frame)
    frame.sample_rate = 12
    assert not is_sane(frame)


def test_a_stream_that_comes_up_on_the_way_costs_nothing() -> None:
    """PyAV raises IndexError at a packet of a stream that was not there when the file was opened."""

    class Packet:
        size = 1

    class Container:
        rest: ClassVar = [1, 2, None, 3, None, None, 4]

        def demux(self, *streams):
            while self.rest:
                if self.rest.pop(0) is None:
                    raise IndexError("list index out of range")
                yield Packet()

    assert len(list(packets(Container(), []))) == 4
