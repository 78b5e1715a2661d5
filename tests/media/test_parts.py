"""Sentence clips and restored speed: parts are the whole, and clips run as the annotation does."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import given
from hypothesis import strategies as st

from mmdia.media.cut import AudioParams, ClipRequest, ClipResult, PartRequest, VideoParams, cut_media
from mmdia.media.frames import Clock, decode_frames, plan
from mmdia.media.index import MediaIndex, VideoIndex, build_index
from mmdia.media.window import Window, numbered_tiles, snap, tile
from tests.media import film

PAL = Fraction(24000, 25025)


def cut(path: Path, request: ClipRequest, index: MediaIndex | None = None, **params) -> ClipResult:
    results: list[ClipResult] = []
    picture = VideoParams(preset="ultrafast")
    cut_media(
        path, [request], index=index or build_index(path), on_clip=results.append, video=picture, **params
    )
    assert len(results) == 1
    return results[0]


def parts_of(folder: Path, windows: list[Window], *, video: bool = True) -> tuple[PartRequest, ...]:
    return tuple(
        PartRequest(n, w, folder / f"p{n}.flac", folder / f"p{n}.mp4" if video else None)
        for n, w in enumerate(windows)
    )


def pcm_of(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16", always_2d=True)[0]


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("rate", [24_000, None])
def test_parts_joined_are_the_clip(films, tmp_path, whole, rate) -> None:
    path = films["base.mkv"]
    index = build_index(path)
    windows = tile(index, [1.0, 1.7, 1.75, 2.9, 3.3])
    request = ClipRequest(
        "x", 1.0, 3.3, tmp_path / "x.flac" if whole else None, tmp_path / "x.mp4" if whole else None,
        parts=parts_of(tmp_path, windows),
    )  # fmt: skip
    result = cut(path, request, index, audio=AudioParams(rate))
    assert result.error_code is None, result.message
    assert [part.window for part in result.parts] == windows
    assert [part.key for part in result.parts] == [0, 1, 2, 3]
    joined = np.concatenate([pcm_of(tmp_path / f"p{n}.flac") for n in range(4)])
    assert [part.audio.n_samples for part in result.parts] == [
        len(pcm_of(tmp_path / f"p{n}.flac")) for n in range(4)
    ]
    shown = [film.numbers_of(tmp_path / f"p{n}.mp4") for n in range(4)]
    numbers = [k for frames, _ in shown for k in frames]
    assert all(stamps[0] == 0 for _, stamps in shown)
    assert numbers == list(range(numbers[0], numbers[0] + result.window.n_frames))
    if whole:
        assert (joined == pcm_of(tmp_path / "x.flac")).all()
        assert numbers == film.numbers_of(tmp_path / "x.mp4")[0]
    else:
        assert (result.audio, result.video) == (None, None)
        alone = cut(path, ClipRequest("y", 1.0, 3.3, tmp_path / "y.flac"), index, audio=AudioParams(rate))
        assert (joined == pcm_of(tmp_path / "y.flac")).all()
        assert alone.window == result.window


@pytest.mark.slow
def test_sound_of_a_parts_mp4_is_its_own(films, tmp_path) -> None:
    index = build_index(films["base.mp4"])
    windows = tile(index, [1.0, 2.0, 3.0])
    cut(films["base.mp4"], ClipRequest("x", 1.0, 3.0, parts=parts_of(tmp_path, windows)), index)
    for n, window in enumerate(windows):
        with av.open(str(tmp_path / f"p{n}.mp4")) as clip:
            sound = np.concatenate([f.to_ndarray() for f in clip.decode(audio=0)], axis=1)
        meant = round(window.start * film.RATE)
        assert abs(film.place_of(sound[0], film.RATE, film.noise(2)[0], meant) - meant) <= 2


def test_a_part_outside_its_clip_is_refused_and_leaves_nothing(films, tmp_path) -> None:
    index = build_index(films["base.mp4"])
    request = ClipRequest("x", 1.0, 2.0, parts=parts_of(tmp_path, [snap(index, 1.5, 2.5)]))
    assert cut(films["base.mp4"], request, index).error_code == "bad_window"
    assert not list(tmp_path.iterdir())


def test_lossless_parts_tile_the_clip(films, tmp_path) -> None:
    index = build_index(films["base.mp4"])
    windows = tile(index, [1.0, 2.2, 3.3])
    request = ClipRequest(
        "x", 1.0, 3.3, tmp_path / "x.flac", tmp_path / "x.mp4",
        stills=((2.0, tmp_path / "x.jpg"),), parts=parts_of(tmp_path, windows),
    )  # fmt: skip
    result = cut(films["base.mp4"], request, index, lossless=True)
    assert result.error_code is None, result.message
    assert (result.video.edit_list, result.video.codec) == (True, "h264")
    numbers = [k for n in range(2) for k in film.numbers_of(tmp_path / f"p{n}.mp4")[0]]
    assert numbers == film.numbers_of(tmp_path / "x.mp4")[0]
    assert len(numbers) == result.window.n_frames
    assert result.stills[0].media_time_s <= 2.001
    joined = np.concatenate([pcm_of(tmp_path / f"p{n}.flac") for n in range(2)])
    assert (joined == pcm_of(tmp_path / "x.flac")).all()


def test_lossless_clips_keep_the_speed(films, tmp_path) -> None:
    request = ClipRequest("x", 1.0, 2.0, video_path=tmp_path / "x.mp4", speed=PAL)
    assert cut(films["base.mp4"], request, lossless=True).error_code == "bad_window"


def test_speed_one_changes_nothing(films, tmp_path) -> None:
    results = [
        cut(films["base.mp4"], ClipRequest("x", 1.0, 2.0, tmp_path / "a", tmp_path / "b", **more))
        for more in ({}, {"speed": Fraction(1)})
    ]
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["base.mp4", "vfr.mkv"])
def test_restored_clips_run_at_the_other_speed(films, tmp_path, name) -> None:
    path = films[name]
    index = build_index(path)
    request = ClipRequest("x", 2.5, 4.5, tmp_path / "x.flac", tmp_path / "x.mp4", speed=PAL)
    result = cut(path, request, index)
    window = result.window
    assert window == snap(index, 2.5, 4.5)
    numbers, stamps = film.numbers_of(tmp_path / "x.mp4")
    assert len(numbers) == window.n_frames
    first = window.first_frame
    times = [float((index.video.time_of(first + n) - window.start) / PAL) for n in range(window.n_frames)]
    assert stamps == pytest.approx(times, abs=2e-6)
    assert result.audio.n_samples == round(window.duration / PAL * 24_000)
    if name == "base.mp4":
        # Where sound says the film is after 1.5 clip seconds: 1.5 * PAL media seconds on.
        sound, rate = film.read_flac(tmp_path / "x.flac")
        back = soxr.resample(sound[:, 0], rate, rate * float(PAL), quality="VHQ")
        tail = back[rate:]
        meant = round((window.start + 1) * film.RATE)
        reference = film.noise(2).mean(axis=0)
        assert abs(film.place_of(tail[: rate // 2], rate, reference, meant) - meant) <= 4
        assert result.video.fps == str(film.FPS * PAL)


def grid(rate: Fraction, n: int = 10) -> VideoIndex:
    pts = np.arange(n, dtype=np.int64)
    return VideoIndex(
        0, 1 / rate, Fraction(0), pts, pts, np.zeros(1, np.int64), rate, pts, Fraction(0), 1 / rate
    )


def test_a_pal_copy_comes_back_to_the_film_rate_exactly() -> None:
    clock = Clock(grid(Fraction(25)), PAL)
    assert (clock.rate, clock.time_base) == (Fraction(24000, 1001), Fraction(1001, 24000))
    assert [clock.ticks(n, 2) for n in (2, 3, 9, 10)] == [0, 1, 7, 8]


@pytest.mark.slow
@given(st.fractions(min_value="0.9", max_value="1.1", max_denominator=100_000), st.integers(0, 9))
def test_stamps_of_any_speed_are_right_to_a_microsecond(speed: Fraction, frame: int) -> None:
    clock = Clock(grid(Fraction(24000, 1001)), speed)
    exact = frame * Fraction(1001, 24000) / speed
    assert abs(clock.ticks(frame, 0) * clock.time_base - exact) <= Fraction(1, 2_000_000)
    assert clock.time_base.denominator < 2**31


@given(st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True))
def test_tiles_cover_the_window_without_a_gap(centiseconds: list[int]) -> None:
    index = MediaIndex("x", Fraction(0), grid(Fraction(24000, 1001), 110), None)
    edges = [c / 100 for c in sorted(centiseconds)]
    tiles = numbered_tiles(index, edges)
    whole = snap(index, edges[0], edges[-1])
    windows = [window for _, window in tiles]
    assert (windows[0].start, windows[-1].end) == (whole.start, whole.end)
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert sum(w.n_frames for w in windows) == whole.n_frames
    assert all(w.n_frames > 0 for w in windows)
    numbers = [n for n, _ in tiles]
    assert numbers == sorted(set(numbers))
    assert all(
        window.first_frame == snap(index, edges[n], edges[-1]).first_frame for n, window in tiles[1:]
    )


@pytest.mark.parametrize("name", ["base.mp4", "base.mkv", "edit.mp4"])
def test_a_jump_over_a_gap_finds_the_same_frames(films, monkeypatch, name) -> None:
    video = build_index(films[name]).video
    wanted = [3, 4, video.n_frames - 8, video.n_frames - 7]

    def read() -> list[tuple[int, bytes]]:
        found = decode_frames(films[name], video, plan(video, wanted))
        return [(n, frame.to_ndarray(format="gray").tobytes()) for n, frame in found]

    through = read()
    monkeypatch.setattr("mmdia.media.frames._FAR", 5)
    jumps: list[object] = []
    monkeypatch.setattr("mmdia.media.frames.PacketSource._jump", _counted(jumps))
    assert read() == through
    assert [n for n, _ in through] == wanted
    assert jumps == [True]


def _counted(jumps: list[object]):
    from mmdia.media.frames import PacketSource

    original = PacketSource._jump

    def jump(self: PacketSource, number: int) -> bool:
        landed = original(self, number)
        jumps.append(landed)
        return landed

    return jump


def test_a_jump_that_leads_astray_falls_back_to_reading_through(films, monkeypatch) -> None:
    video = build_index(films["base.mp4"]).video
    monkeypatch.setattr("mmdia.media.frames._FAR", 5)
    monkeypatch.setattr("mmdia.media.frames.PacketSource._jump", lambda self, number: False)
    wanted = [3, video.n_frames - 8]
    found = decode_frames(films["base.mp4"], video, plan(video, wanted))
    assert [film.read_number(f.to_ndarray(format="gray")) for _, f in found] == wanted
