"""Clips hold exactly the frames and samples of their windows, in every container."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmdia.errors import MediaNotFound, MediaUnreadable, StoreError
from mmdia.media.cut import AudioParams, ClipRequest, ClipResult, VideoParams, cut_media
from mmdia.media.index import MediaIndex, build_index
from mmdia.media.verify import check_audio, check_clip, check_video
from mmdia.media.window import sample_range, tile
from tests.media import film

#: name, hidden frames at the head, seconds by which sound is late against picture, samples of slack
FILMS = [
    ("base.mp4", 0, Fraction(0), 1),
    ("base.mkv", 0, Fraction(0), 2),
    ("base.ts", 0, Fraction(0), 2),
    ("late.mkv", 0, Fraction(16, 100), 2),
    ("edit.mp4", 40, Fraction(0), 1),
    ("vfr.mkv", 0, None, 30),
    ("six.mkv", 0, Fraction(0), 30),
]
WINDOWS = [(0.02, 1.3), (2.5, 3.456), (2.9, 4.1), (5.0, 6.2)]


def cut(path: Path, requests: list[ClipRequest], index: MediaIndex | None = None, **params) -> dict:
    results: dict[object, ClipResult] = {}
    cut_media(
        path,
        requests,
        index=index or build_index(path),
        on_clip=lambda r: results.update({r.key: r}),
        **params,
    )
    return results


def requests_for(folder: Path, windows=WINDOWS, *, video: bool = True) -> list[ClipRequest]:
    return [
        ClipRequest(
            n, a, b,
            audio_path=folder / f"{n}.flac.part",
            video_path=folder / f"{n}.mp4.part" if video else None,
            stills=(((a + b) / 2, folder / f"{n}.jpg.part"),) if video else (),
        )
        for n, (a, b) in enumerate(windows)
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "hidden", "late", "slack"), FILMS, ids=[f[0] for f in FILMS])
def test_frames_and_samples_are_exact(films, tmp_path, name, hidden, late, slack) -> None:
    path = films[name]
    index = build_index(path)
    reference = film.noise(6)[2] if name == "six.mkv" else film.noise(2).mean(axis=0)
    results = cut(path, requests_for(tmp_path), index, video=VideoParams(preset="ultrafast"))
    assert sorted(results) == list(range(len(WINDOWS)))
    for n, (a, b) in enumerate(WINDOWS):
        result, window = results[n], results[n].window
        assert result.error_code is None, result.message
        shown = [k for k in range(index.video.n_frames) if a <= index.video.times_s[k] - 0.001 and
                 index.video.times_s[k] <= b - 0.002]  # fmt: skip
        numbers, stamps = film.numbers_of(tmp_path / f"{n}.mp4.part")
        first = max(shown[0] - 1, 0) + hidden  # the frame on screen at a appears before a
        assert numbers == list(range(first, shown[-1] + 1 + hidden))
        times = [float(index.video.time_of(k - hidden) - window.start) for k in numbers]
        assert stamps == pytest.approx(times, abs=1e-4)
        assert result.video.n_frames == len(numbers)
        assert result.lead_in == pytest.approx(a - window.start_s)
        sound, rate = film.read_flac(tmp_path / f"{n}.flac.part")
        assert rate == 24000
        assert len(sound) == result.audio.n_samples == round(window.duration * 24000)
        if late is not None:
            meant = (Fraction(first) / film.FPS - late) * film.RATE
            assert abs(film.place_of(sound[:, 0], rate, reference, round(meant)) - meant) <= slack
        with Image.open(tmp_path / f"{n}.jpg.part") as image:
            still = np.asarray(image.convert("L"))
        at = int(np.searchsorted(index.video.times_s, (a + b) / 2 + 0.001, side="right")) - 1
        assert film.read_number(still) == at + hidden
        assert result.stills[0].media_time_s == pytest.approx(index.video.times_s[at])


def test_sound_in_the_mp4_starts_with_the_picture(films, tmp_path) -> None:
    import av

    result = cut(films["base.mkv"], requests_for(tmp_path, [(2.5, 4.0)]))[0]
    with av.open(str(tmp_path / "0.mp4.part")) as clip:
        frames = [f.to_ndarray() for f in clip.decode(audio=0)]
        assert clip.streams.video[0].start_time == 0
        assert clip.streams.audio[0].start_time in (0, None)
    sound = np.concatenate(frames, axis=1)
    first, last = sample_range(result.window, film.RATE)
    assert sound.shape[0] == 2
    assert last - first <= sound.shape[1] < last - first + 1024
    numbers, _ = film.numbers_of(tmp_path / "0.mp4.part")
    meant = round(Fraction(numbers[0]) / film.FPS * film.RATE)
    assert abs(film.place_of(sound[0], film.RATE, film.noise(2)[0], meant) - meant) <= 2


@pytest.mark.slow
def test_receipt_facts_can_be_read_back(films, tmp_path) -> None:
    results = cut(films["base.mp4"], requests_for(tmp_path))
    for n, result in results.items():
        heard = check_audio(tmp_path / f"{n}.flac.part")
        assert heard == (24000, result.audio.n_samples, result.audio.sha256)
        seen = check_clip(tmp_path / f"{n}.mp4.part", result.video.sha256)
        assert (seen.n_frames, seen.first_pts, seen.sha256) == (
            result.video.n_frames,
            0.0,
            result.video.sha256,
        )
        assert seen.end_s == pytest.approx(float(result.window.duration), abs=1e-6)
        assert seen.has_audio
        assert result.video.fps == "24000/1001"
        image = (tmp_path / f"{n}.jpg.part").read_bytes()
        assert hashlib.sha256(image).hexdigest() == result.stills[0].sha256


@pytest.mark.slow
def test_one_clip_is_the_same_alone_and_among_others(films, tmp_path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "one").mkdir()
    together = cut(films["base.mkv"], requests_for(tmp_path / "all"))
    alone = cut(films["base.mkv"], requests_for(tmp_path / "one")[2:3])
    assert alone[2].audio == together[2].audio
    assert alone[2].video == together[2].video
    assert (tmp_path / "one" / "2.flac.part").read_bytes() == (
        tmp_path / "all" / "2.flac.part"
    ).read_bytes()


def test_tiles_share_nothing_and_leave_nothing_out(films, tmp_path) -> None:
    index = build_index(films["base.mp4"])
    tiles = [(w.start_s, w.end_s) for w in tile(index, [1.0, 2.0, 3.1])]
    results = cut(films["base.mp4"], requests_for(tmp_path, [*tiles, (1.0, 3.1)]), index)
    frames = [film.numbers_of(tmp_path / f"{n}.mp4.part")[0] for n in range(3)]
    assert frames[0] + frames[1] == frames[2]
    sounds = [film.read_flac(tmp_path / f"{n}.flac.part")[0][:, 0] for n in range(3)]
    assert results[0].window.end == results[1].window.start
    joined = np.concatenate(sounds[:2])
    assert len(joined) == len(sounds[2])
    assert np.abs(joined - sounds[2]).max() <= 1.5 / 32768


def test_a_request_that_fails_does_not_stop_the_rest(films, tmp_path) -> None:
    wanted = requests_for(tmp_path, [(1.0, 2.0), (100.0, 101.0), (3.0, 2.0), (7.0, 30.0)])
    results = cut(films["base.mp4"], wanted)
    assert [results[n].error_code for n in range(4)] == [
        None,
        "outside_media",
        "bad_window",
        "outside_media",
    ]
    assert "outside the media" in results[1].message
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.flac.part", "0.jpg.part", "0.mp4.part"]


def test_what_a_film_lacks_is_told(films, tmp_path) -> None:
    results = cut(films["silent.mp4"], requests_for(tmp_path, [(1.0, 2.0)]))
    assert results[0].error_code == "no_audio"
    only_picture = [ClipRequest("p", 1.0, 2.0, video_path=tmp_path / "p.mp4")]
    assert cut(films["silent.mp4"], only_picture)["p"].video.n_frames == 24
    assert not check_video(tmp_path / "p.mp4").has_audio
    wav = tmp_path / "sound.wav"
    import soundfile

    soundfile.write(wav, film.noise(1, film.RATE).T, film.RATE, subtype="PCM_16")
    assert cut(wav, requests_for(tmp_path, [(0.1, 0.5)]))[0].error_code == "no_video"


def test_sound_without_picture_is_cut_to_the_sample(tmp_path) -> None:
    import soundfile

    pcm = np.random.default_rng(1).integers(-20000, 20000, (film.RATE * 2, 1)).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", pcm, film.RATE, subtype="PCM_16")
    wanted = [ClipRequest("x", 0.5, 1.25, audio_path=tmp_path / "x")]
    result = cut(tmp_path / "a.wav", wanted, audio=AudioParams(None, "keep"))["x"]
    with (tmp_path / "x").open("rb") as stream:
        got, rate = soundfile.read(stream, dtype="int16", always_2d=True)
    assert rate == film.RATE
    assert (got == pcm[24000:60000]).all()
    assert (result.window.start_s, result.window.end_s, result.lead_in) == (0.5, 1.25, 0.0)
    assert result.audio.sha256 == hashlib.sha256(pcm[24000:60000].astype("<i2").tobytes()).hexdigest()


def test_height_scales_and_keeps_the_stamps(films, tmp_path) -> None:
    wanted = [ClipRequest("x", 1.0, 1.5, video_path=tmp_path / "x.mp4")]
    result = cut(films["base.mp4"], wanted, video=VideoParams(height=48))["x"]
    assert (result.video.width, result.video.height) == (80, 48)
    assert film.numbers_of(tmp_path / "x.mp4")[0] == list(range(24, 36))


def test_a_film_whose_packets_lack_stamps(films, tmp_path) -> None:
    """H.264 in AVI: stamps come from decoding order, frames must still come out one by one."""
    index = build_index(films["packed.avi"])
    wanted = [ClipRequest("x", 2.0, 3.0, video_path=tmp_path / "x.mp4")]
    assert cut(films["packed.avi"], wanted, index)["x"].error_code is None
    numbers, _ = film.numbers_of(tmp_path / "x.mp4")
    first = int(np.searchsorted(index.video.times_s, 2.001, side="right")) - 1
    assert numbers == list(range(first, first + len(numbers)))


def test_another_file_than_the_one_indexed_is_refused(films, tmp_path) -> None:
    other = build_index(films["vfr.mkv"])
    with pytest.raises(MediaUnreadable, match="not the one that was indexed"):
        cut(films["base.mkv"], requests_for(tmp_path), other)
    with pytest.raises(MediaNotFound):
        cut(tmp_path / "gone.mkv", requests_for(tmp_path), other)


def test_a_folder_that_cannot_be_written_is_no_clips_fault(films, tmp_path) -> None:
    with pytest.raises(StoreError):
        cut(films["base.mp4"], requests_for(tmp_path / "missing", [(1.0, 2.0)]))


def test_a_damaged_stretch_costs_its_clip_only(films, tmp_path) -> None:
    raw = bytearray(films["base.ts"].read_bytes())
    index = build_index(films["base.ts"])
    middle = len(raw) // 2 // 188 * 188
    broken = tmp_path / "broken.ts"
    for at in range(middle, middle + 188 * 40, 188):
        raw[at + 4 : at + 188] = bytes(184)
    broken.write_bytes(raw)
    damaged = build_index(broken)
    wanted = requests_for(tmp_path, [(0.2, 0.9), (6.9, 7.4)])
    results = cut(broken, wanted, damaged)
    assert results[0].error_code is None
    assert film.numbers_of(tmp_path / "0.mp4.part")[0][0] == index.video.frame_at(201_000_000)
    assert {r.error_code for r in results.values()} <= {None, "decode_error"}


@pytest.mark.slow
def test_a_full_disk_is_raised_with_its_cause(films, tmp_path) -> None:
    """A limit on file size stands for the disk: sound and picture both name the errno."""
    import subprocess
    import sys

    script = """
import resource, sys
from pathlib import Path
from mmdia.errors import StoreError
from mmdia.media.cut import ClipRequest, cut_media
from mmdia.media.index import build_index
film, kind, out = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
path = Path(out)
wanted = ClipRequest(0, 1.0, 4.0, **{kind + "_path": path})
try:
    cut_media(film, [wanted], index=build_index(film), on_clip=print)
except StoreError as error:
    print("StoreError", error.__cause__.errno, path.exists())
"""
    for kind in ("audio", "video"):
        command = [sys.executable, "-c", script, str(films["base.mp4"]), kind, str(tmp_path / "x.part")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stdout.split() == ["StoreError", "27", "False"], done.stdout + done.stderr
