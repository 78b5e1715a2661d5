"""The index tells when each frame is shown, in player time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmdia.errors import MediaUnreadable
from mmdia.media import index_cache
from mmdia.media.frames import decode_frames, plan
from mmdia.media.index import build_index
from mmdia.media.index_cache import cached_index, load, save
from tests.media import film


@pytest.mark.parametrize("name", ["base.mp4", "edit.mp4"])
def test_exact_stamps_stay_exact(films, name: str) -> None:
    video = build_index(films[name]).video
    hidden = 40 if name == "edit.mp4" else 0
    assert (video.n_frames, video.rate, video.constant) == (film.N_FRAMES - hidden, film.FPS, True)
    assert [video.time_of(k) for k in (0, 1, 100)] == [0, 1 / film.FPS, 100 / film.FPS]
    assert video.end == Fraction(film.N_FRAMES - hidden) / film.FPS


@pytest.mark.parametrize("name", ["base.mkv", "late.mkv", "base.ts"])
def test_rounded_stamps_are_put_back_on_the_grid(films, name: str) -> None:
    index = build_index(films[name])
    video = index.video
    assert video.constant
    assert video.time_of(101) - video.time_of(100) == 1 / film.FPS
    raw = np.array([float(p * video.time_base - index.start) for p in video.pts.tolist()])
    assert np.abs(video.times_s - raw).max() < 0.75e-3
    # A player starts at the sound's priming, unless Matroska says what it is (written by FFmpeg 9 on).
    primed = name == "base.ts" or (name == "base.mkv" and index.start < 0)
    meant = 1024 / 48000 if primed else 0.0
    assert float(video.grid_offset) == pytest.approx(meant, abs=4e-4 if name != "base.ts" else 1e-5)


def test_a_variable_rate_keeps_its_stamps(films) -> None:
    video = build_index(films["vfr.mkv"]).video
    assert not video.constant
    steps = np.diff(video.times_s)
    assert np.isclose(steps, 1.5 * 1001 / 24000, atol=1e-3).sum() == film.N_FRAMES // 24 - 1
    assert np.isclose(steps, 1001 / 24000, atol=1e-3).sum() == film.N_FRAMES - film.N_FRAMES // 24


def test_times_rise_and_agree_with_the_exact_ones(films) -> None:
    for path in films.values():
        video = build_index(path).video
        assert (np.diff(video.times_ns) > 0).all()
        exact = [round(video.time_of(k) * 10**9) for k in range(video.n_frames)]
        assert np.abs(video.times_ns - np.array(exact)).max() <= 1


def test_sound_is_placed_free_of_rounding(films) -> None:
    audio = build_index(films["late.mkv"]).audio
    assert audio.runs[0][1] / audio.rate == pytest.approx(0.16 - 1024 / 48000, abs=2e-4)
    assert (audio.rate, audio.channels, audio.frame_size) == (48000, 2, 1024)


def test_any_frames_decode_from_the_nearest_key_frame(films) -> None:
    video = build_index(films["base.mkv"]).video
    wanted = [3, 61, 62, 130, 190]
    stretches = plan(video, wanted)
    assert [s.frames.tolist() for s in stretches] == [[3], [61, 62], [130], [190]]
    assert all(s.first in video.keys for s in stretches)
    got = {n: film.read_number(f.to_ndarray(format="gray"))
           for n, f in decode_frames(films["base.mkv"], video, stretches)}  # fmt: skip
    assert got == {n: n for n in wanted}
    assert plan(video, []) == []


def test_an_index_survives_the_disk(films, tmp_path) -> None:
    for name, path in films.items():
        index = build_index(path)
        save(index, tmp_path / f"{name}.npz")
        again = load(tmp_path / f"{name}.npz")
        assert (again.container, again.start, again.audio) == (index.container, index.start, index.audio)
        for part in ("pts", "packet_pts", "keys", "grid", "times_ns"):
            assert np.array_equal(getattr(again.video, part), getattr(index.video, part))
        kept = (again.video.codec, again.video.interlaced, again.video.counted)
        assert kept == (index.video.codec, index.video.interlaced, index.video.counted)
        assert kept[:2] == ("h264", False)
        assert again.video.time_of(17) == index.video.time_of(17)
        assert again.video.end == index.video.end
    assert not list(tmp_path.glob("*.part"))


def test_the_cache_is_used_checked_and_repaired(films, tmp_path, monkeypatch) -> None:
    first = cached_index(films["base.mp4"], tmp_path)
    (kept,) = tmp_path.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(index_cache, "build_index", lambda *_: pytest.fail("indexed twice"))
        assert cached_index(films["base.mp4"], tmp_path).audio == first.audio
    kept.write_bytes(kept.read_bytes()[:100])
    with pytest.raises(MediaUnreadable, match="no media index"):
        load(kept)
    assert cached_index(films["base.mp4"], tmp_path).video.n_frames == film.N_FRAMES
    assert load(kept).video.n_frames == film.N_FRAMES
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_done_without(films, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert cached_index(films["base.mp4"], tmp_path / "file").video.n_frames == film.N_FRAMES


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_pictures_tell_of_another_shape_in_every_container(tmp_path: Path, container: str) -> None:
    joined = tmp_path / f"joined.{container}"
    for n, shape in enumerate(("sar=4/3", "sar=1/1")):
        film.write_film(tmp_path / f"{n}.ts", sound=None, tools=shape)
    with av.open(str(joined), "w") as out:
        stream = None
        for n in range(2):
            with av.open(str(tmp_path / f"{n}.ts")) as part:
                stream = stream or out.add_stream_from_template(part.streams.video[0])
                for packet in part.demux(video=0):
                    if packet.dts is not None:
                        shift = n * round(film.N_FRAMES / film.FPS / packet.time_base)
                        packet.pts, packet.dts, packet.stream = (
                            packet.pts + shift,
                            packet.dts + shift,
                            stream,
                        )
                        out.mux(packet)
    video = build_index(joined).video
    assert video is not None
    assert video.aspects == ((0, Fraction(4, 3)), (film.N_FRAMES, Fraction(1)))
