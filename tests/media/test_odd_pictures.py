"""Lying, odd-sized, deep and damaged pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.cut import ClipRequest, ClipResult, cut_media
from mmdia.media.frames import decode_frames, plan
from mmdia.media.index import build_index
from mmdia.media.probe import probe
from mmdia.media.stills import StillParams
from mmdia.media.verify import check_audio, check_video
from tests.media import film

#: Display matrices (16.16 fixed point, the last column 2.30) that turn clockwise.
MATRIX = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def turned(source: Path, target: Path, degrees: int) -> Path:
    """The same mp4 with a note that players turn it."""
    raw = bytearray(source.read_bytes())
    at = raw.index(b"tkhd") + 4 + 40  # after version, times, id, duration, layer and volume
    a, b, c, d = (x << 16 for x in MATRIX[degrees])
    numbers = (a, b, 0, c, d, 0, 0, 0, 1 << 30)
    raw[at : at + 36] = b"".join(n.to_bytes(4, "big", signed=True) for n in numbers)
    target.write_bytes(raw)
    return target


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_lying_films_stand_up(films, tmp_path, degrees: int) -> None:
    path = turned(films["silent.mp4"], tmp_path / "lying.mp4", degrees)
    assert probe(path).video[0].rotation == degrees
    wanted = ClipRequest("x", 1.0, 1.4, video_path=tmp_path / "x.mp4", stills=((1.2, tmp_path / "x.jpg"),))
    results = []
    cut_media(path, [wanted], index=build_index(path), on_clip=results.append)
    (result,) = results
    assert result.error_code is None, result.message
    upright = (film.WIDTH, film.HEIGHT) if degrees == 180 else (film.HEIGHT, film.WIDTH)
    assert (result.video.width, result.video.height) == upright
    assert probe(tmp_path / "x.mp4").video[0].rotation == 0
    import av

    with av.open(str(tmp_path / "x.mp4")) as clip:
        first = next(clip.decode(video=0)).to_ndarray(format="gray")
    back = degrees // 90
    assert film.read_number(np.rot90(first, back)) == 24
    with Image.open(tmp_path / "x.jpg") as image:
        still = np.asarray(image.convert("L"))
    assert still.shape == upright[::-1]
    assert film.read_number(np.rot90(still, back)) == 28


def test_frames_are_counted_where_no_stamps_are(films) -> None:
    video = build_index(films["base.mkv"]).video
    counted = replace(video, counted=True, keys=video.keys[:1])
    got = {n: film.read_number(f.to_ndarray(format="gray"))
           for n, f in decode_frames(films["base.mkv"], counted, plan(counted, [0, 70, 150]))}  # fmt: skip
    assert got == {0: 0, 70: 70, 150: 150}


def test_stills_have_square_pixels_and_the_height_asked_for(films, tmp_path) -> None:
    index = build_index(films["silent.mp4"])
    wide = replace(
        index, video=replace(index.video, aspect=build_index(films["silent.mp4"]).video.aspect * 2)
    )
    wanted = ClipRequest("x", 1.0, 2.0, stills=((1.5, tmp_path / "x"), (1.0, tmp_path / "y")))
    results = []
    cut_media(
        films["silent.mp4"], [wanted], index=wide, on_clip=results.append, stills=StillParams(height=48)
    )
    assert [(s.width, s.height) for s in results[0].stills] == [(160, 48), (160, 48)]
    assert [s.asked_s for s in results[0].stills] == [1.5, 1.0]
    assert (tmp_path / "x").read_bytes()[:3] == b"\xff\xd8\xff"


@pytest.mark.slow
def test_real_odd_films_are_cut(shared_data: Path, tmp_path) -> None:
    """Each file's middle third: all frames that the index promises come out, or a reason does."""
    folder = shared_data / "media_edge"
    names = ["moviepy-big_buck_bunny_432_433.webm", "moviepy-no_duration.webm", "torchcodec-av1_video.mkv",
             "torchcodec-h264_10bits.mp4", "torchcodec-h265_video.mp4", "hfdatasets-test_video_66x50.mov",
             "decord-video_90.mov", "shaka-small.mp4", "moviepy-video_with_failing_audio.mp4"]  # fmt: skip
    for name in names:
        index = build_index(folder / name)
        first, end = float(index.video.time_of(0)), float(index.video.end)
        a, b = first + (end - first) / 3, first + (end - first) * 2 / 3
        wanted = ClipRequest(
            name, a, b, video_path=tmp_path / "x.mp4", stills=(((a + b) / 2, tmp_path / "x.jpg"),)
        )
        results = []
        cut_media(folder / name, [wanted], index=index, on_clip=results.append)
        assert results[0].error_code is None, (name, results[0].message)
        assert results[0].video.n_frames == results[0].window.n_frames > 0


def test_reading_back_what_is_not_there(tmp_path) -> None:
    for check in (check_audio, check_video):
        with pytest.raises(MediaNotFound):
            check(tmp_path / "none")
        (tmp_path / "bad").write_bytes(b"x" * 1000)
        with pytest.raises(MediaUnreadable):
            check(tmp_path / "bad")


def test_each_sample_description_holds_for_its_own_pictures(tmp_path) -> None:
    path = tmp_path / "film.mp4"
    count = film.described_twice(path, tmp_path)
    index = build_index(path)
    assert (index.video.n_frames, index.video.described) == (2 * film.N_FRAMES, count)
    late = np.arange(count + 100, count + 110)
    shown = decode_frames(path, index.video, plan(index.video, late))
    assert [film.read_number(f.to_ndarray(format="gray")) for _, f in shown] == list(range(100, 110))
    half = float(film.N_FRAMES / film.FPS)
    for lossless in (False, True):
        spans = [(1.0, 2.0), (half + 3.0, half + 4.0), (half - 0.5, half + 0.5)]
        found: dict[int, ClipResult] = {}
        requests = [ClipRequest(k, a, b, None, tmp_path / f"{k}.mp4") for k, (a, b) in enumerate(spans)]
        cut_media(
            path, requests, index=index, on_clip=lambda r, f=found: f.update({r.key: r}), lossless=lossless
        )
        for k, result in found.items():
            if lossless and k:
                assert result.error_code == "not_copyable"
                continue
            assert result.error_code is None
            first = result.window.first_frame
            numbers, _ = film.numbers_of(tmp_path / f"{k}.mp4")
            assert numbers == [(first + i) % film.N_FRAMES for i in range(result.window.n_frames)]
