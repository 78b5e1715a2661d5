"""Recordings joined byte by byte are read on one time line, or refused with a code."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import MediaUnreadable
from mmdia.media.cut import ClipRequest, cut_media
from mmdia.media.index import build_index
from mmdia.media.index_cache import load, save
from mmdia.media.joints import Track, find_jumps, find_strays, join, shifted
from mmdia.media.packet_facts import NO_PTS
from tests.media import film

BASE = Fraction(1, 90_000)


def joined(folder: Path, films: dict[str, Path], *shifts_s: int) -> Path:
    """The film once for each shift, bytes one after the other."""
    whole = folder / "joined.ts"
    with whole.open("wb") as out:
        for n, shift in enumerate(shifts_s):
            film.remux(films["base.mp4"], folder / f"{n}.ts", shift_s=Fraction(shift))
            out.write((folder / f"{n}.ts").read_bytes())
    return whole


@pytest.mark.slow
@pytest.mark.parametrize("shifts", [(0, 0), (0, 5000, 0), (9000, 0), (0, 40), (300, 0)])
@pytest.mark.parametrize("lossless", [False, True])
def test_clips_of_joined_recordings_are_exact(films, tmp_path, shifts, lossless) -> None:
    path = joined(tmp_path, films, *shifts)
    index = build_index(path)
    n, length = film.N_FRAMES, float(film.N_FRAMES / film.FPS)
    assert index.video.n_frames == n * len(shifts)
    assert index.duration_s == pytest.approx(length * len(shifts), abs=0.1)
    spans = [(1.0, 2.0), *((k * length - 0.6, k * length + 0.9) for k in range(1, len(shifts)))]
    spans += [(k * length + 3.0, k * length + 4.0) for k in range(1, len(shifts))]
    results = {}
    cut_media(
        path,
        [
            ClipRequest(k, a, b, tmp_path / f"{k}.flac", tmp_path / f"{k}.mp4")
            for k, (a, b) in enumerate(spans)
        ],
        index=index, on_clip=lambda r: results.update({r.key: r}), lossless=lossless,
    )  # fmt: skip
    assert {r.error_code for r in results.values()} == {None}
    sound = film.noise(2).mean(axis=0)
    for k, result in results.items():
        numbers, stamps = film.numbers_of(tmp_path / f"{k}.mp4")
        first = result.window.first_frame
        assert numbers == [i % n for i in range(first, first + len(numbers))]
        assert stamps[0] == 0
        assert np.diff(stamps) == pytest.approx(float(1 / film.FPS), abs=1e-3)
        # Sound keeps its place to the picture that it belongs to: heard in the part that ends the clip.
        last = first + len(numbers)
        begin = max(first, last // n * n if last % n else first)
        heard, rate = soundfile.read(tmp_path / f"{k}.flac")
        at = round(float((begin - first) / film.FPS) * rate) + rate // 10
        meant = round(float(begin % n / film.FPS + Fraction(1, 10)) * rate)
        assert abs(film.place_of(heard[at : at + rate // 2], rate, sound, meant * 2) - meant * 2) <= 6


def test_a_stored_index_keeps_its_joints(films, tmp_path) -> None:
    index = build_index(joined(tmp_path, films, 0, 5000))
    assert index.video.shifts
    assert index.audio.shifts
    save(index, tmp_path / "index.npz")
    again = load(tmp_path / "index.npz")
    assert (again.video.shifts, again.audio) == (index.video.shifts, index.audio)


def tracks(parts: list[tuple[int, int]], step: int = 3600) -> tuple[Track, Track, list[int]]:
    """Picture and sound of parts (first stamp, pictures each), a key picture every twelve."""
    video = np.concatenate([first + step * np.arange(count) for first, count in parts])
    audio = np.concatenate([first + 2160 * np.arange(count * step // 2160) for first, count in parts])
    starts = np.cumsum([0, *(count for _, count in parts)])[:-1]
    keys = [int(s) + k for s, (_, count) in zip(starts, parts, strict=True) for k in range(0, count, 12)]
    return Track(video, video, BASE), Track(audio, audio, BASE), keys


GAPS = st.integers(-(2**33), -270_000) | st.integers(1_080_000, 2**33)


@given(st.integers(0, 2**33), st.lists(st.tuples(GAPS, st.integers(100, 300)), min_size=1, max_size=3))
def test_parts_follow_on_each_other_whatever_their_clocks(first, following) -> None:
    parts = [(first, 200)]
    for gap, count in following:
        parts.append((parts[-1][0] + 3600 * parts[-1][1] + gap, count))
    video, audio, keys = tracks(parts)
    found = join("mpegts", video, keys, audio)
    assert found.unshown == ()
    assert (np.diff(shifted(video.shown, found.video)) == 3600).all()
    for (n, ticks), (m, other) in zip(found.video, found.audio, strict=True):
        # The sound of a part is moved by as much as its picture.
        assert ticks == other
        assert audio.order[m] == video.order[n]


def test_pictures_before_the_first_key_of_a_part_are_not_shown() -> None:
    stamps = np.array([*range(0, 90_000 * 8, 3600), *range(7200, 90_000 * 8, 3600)])
    stamps[201], stamps[202] = 3600, 0  # two pictures that lead the key picture at 200
    order = np.concatenate([stamps[:200], np.sort(stamps[200:])])
    assert join("mpegts", Track(order, stamps, BASE), [0, 200], None).unshown == (201, 202)


def test_one_damaged_stamp_is_no_new_clock() -> None:
    stamps = np.arange(0, 20_000 * 90, 3600)
    stamps[100] -= 3000 * 90
    assert find_jumps(Track(stamps, stamps, BASE), "mpegts") == []


def test_a_slide_show_and_a_hole_are_no_joints() -> None:
    slides = np.arange(0, 90_000 * 3600, 90_000 * 60)
    assert find_jumps(Track(slides, slides, BASE), "mpegts") == []
    video, audio, keys = tracks([(0, 200), (3600 * 200 + 90_000 * 30, 200)])
    whole = np.arange(0, audio.order[-1], 2160)
    assert join("mpegts", video, keys, Track(whole, whole, BASE)).video == ()


@pytest.mark.parametrize("container", ["mpegts", "matroska,webm"])
def test_what_cannot_be_told_apart_is_refused(container) -> None:
    video, audio, keys = tracks([(90_000 * 50, 200), (0, 200)])
    whole = np.arange(0, 90_000 * 20, 2160)
    with pytest.raises(MediaUnreadable, match="starts over") as caught:
        # One stream alone starts over; and formats that are sought in are not read so at all.
        join(container, video, keys, Track(whole, whole, BASE) if container == "mpegts" else audio)
    assert caught.value.code == "clock_jumps"


def test_stamps_that_are_missing_stay_missing() -> None:
    stamps = np.array([0, NO_PTS, 10, 20])
    assert shifted(stamps, ((1, 5),)).tolist() == [0, NO_PTS, 15, 25]


@pytest.mark.parametrize("onward", [90_000 * 60, -90_000 * 7])
def test_a_picture_that_is_stamped_from_beyond_the_joint_keeps_its_place(onward) -> None:
    order = np.arange(401) * 3600
    shown = order.copy()
    shown[0:201:3] += 10_800  # every third picture is shown after the two that follow it
    order[201:] += onward
    shown[201:] += onward
    shown[198] = order[201]  # of the last one, libavformat tells what comes beyond
    found = join("mpegts", Track(order, shown, BASE), [0, 201], None)
    line = np.sort(shifted(shown, found.video))
    assert (np.diff(line) == 3600).all()


def reordered(n: int, step: int = 3600) -> np.ndarray:
    """Stamps of groups of four pictures (P, b, B, b) in decoding order, a lone key picture first."""
    groups = [np.array([4, 2, 1, 3]) + 4 * k for k in range(n)]
    return np.concatenate([[0], *groups]) * step


@pytest.mark.parametrize("container", ["mpegts", "matroska,webm"])
@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 101, 102, 103, 104, 197, 198, 199, 200])
@pytest.mark.parametrize("away_s", [-30, 5, 30, 8000, 95_443])
@pytest.mark.parametrize("in_order_too", [False, True])
def test_a_picture_whose_stamp_strays_takes_the_place_that_is_free(
    container, at, away_s, in_order_too
) -> None:
    right = reordered(50)
    order = np.arange(len(right)) * 3600 - 7200
    sound = np.arange(0, 202 * 3600, 2160)
    shown = right.copy()
    shown[at] += away_s * 90_000
    order[at] += away_s * 90_000 * in_order_too
    alone = (at, away_s) in ((0, -30), (0, 5), (200, 5))
    found = join(container, Track(order, shown, BASE), [0], Track(sound, sound, BASE))
    if not alone:  # a title that comes early, say, and goes on later, is none
        assert shifted(shown, found.video).tolist() == right.tolist()


def test_a_varying_rate_leaves_its_stray_between_its_neighbours() -> None:
    right = np.cumsum(np.random.default_rng(3).integers(2000, 60_000, 200))
    shown = right.copy()
    shown[77] += 8000 * 90_000
    video = Track(shown, shown, BASE)
    mended = shifted(shown, join("matroska,webm", video, [0], None).video)
    assert np.delete(mended, 77).tolist() == np.delete(right, 77).tolist()
    assert right[76] < mended[77] < right[78]


def test_what_is_far_from_its_neighbours_by_right_stays() -> None:
    slides = reordered(10, 60 * 90_000)
    assert find_strays(slides, BASE) == []
    held = np.append(reordered(50), reordered(50)[-1] + 3000 * 90_000)  # an end card, long held
    assert find_strays(held, BASE) == []
    still = np.append(reordered(50), reordered(50)[-1] + 40 * 90_000 + np.array([4, 2, 1, 3]) * 40 * 90_000)
    assert find_strays(still, BASE) == []
    for end_s, strays in ((3000, []), (8, [201])):
        assert find_strays(held, BASE, np.arange(0, end_s * 90_000, 2160)) == strays
    video, audio, _ = tracks([(90_000 * 5000, 200), (0, 200)])
    assert find_strays(video.shown, BASE, audio.shown) == []


def test_joints_and_strays_are_mended_side_by_side() -> None:
    video, audio, keys = tracks([(90_000 * 5000, 200), (0, 200)])
    clean = shifted(video.shown, join("mpegts", video, keys, audio).video)
    for at in (0, 57, 150, 250, 399):
        shown = video.shown.copy()
        shown[at] += 33_000 * 90_000
        found = join("mpegts", Track(shown, shown, BASE), keys, audio)
        assert shifted(shown, found.video).tolist() == clean.tolist(), at


def test_a_block_of_sound_that_strays_is_no_new_clock() -> None:
    for away_s in (-30, -5, 30, 8000):
        stamps = np.arange(0, 90_000 * 60, 2160)
        stamps[500:530] += away_s * 90_000
        assert find_jumps(Track(stamps, stamps, BASE), "mpegts", blocks=True) == []


def test_a_last_stamp_of_sound_that_strays_ends_nothing() -> None:
    video, audio, keys = tracks([(0, 200)])
    sound = audio.order.copy()
    sound[-1] += 8000 * 90_000
    found = join("matroska,webm", video, keys, Track(sound, sound, BASE))
    assert (found.audio, found.stray_sound) == ((), (len(sound) - 1,))


def test_joined_sound_without_a_picture_is_read_on_one_line(tmp_path) -> None:
    with av.open(str(tmp_path / "a.ts"), "w") as out:
        stream = out.add_stream("aac", rate=48_000, layout="mono")
        for at in range(0, 48_000 * 3, 1024):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    twice = tmp_path / "twice.ts"
    twice.write_bytes((tmp_path / "a.ts").read_bytes() * 2)
    index = build_index(twice)
    assert index.video is None
    assert index.duration_s == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("at", [0, 60, 100])
def test_a_stray_stamp_costs_no_clip_its_frames(films, tmp_path, at) -> None:
    path = tmp_path / "stray.mkv"
    with av.open(str(films["base.mp4"])) as given, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0])
        for n, packet in enumerate(p for p in given.demux(video=0) if p.size):
            packet.stream = stream
            packet.pts += round(30 / packet.time_base) if n == at else 0
            out.mux(packet)
    index = build_index(path)
    assert (index.video.n_frames, index.video.constant) == (film.N_FRAMES, True)
    assert float(index.video.end) == pytest.approx(float(film.N_FRAMES / film.FPS), abs=1e-3)
    for lossless in (False, True):
        clip, got = tmp_path / f"{lossless}.mp4", []
        start = max(0.0, at / float(film.FPS) - 0.3)
        request = ClipRequest(0, start, start + 0.6, video_path=clip)
        cut_media(path, [request], index=index, on_clip=got.append, lossless=lossless)
        assert got[0].error_code is None
        first = got[0].window.first_frame
        assert film.numbers_of(clip)[0] == list(range(first, first + got[0].window.n_frames))


def test_strays_near_each_other_do_not_hide_each_other() -> None:
    stamps = reordered(50)
    stamps[[60, 63, 70]] += 30 * 90_000
    assert find_strays(stamps, BASE) == [60, 63, 70]
