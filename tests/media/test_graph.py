"""Derived copies: the map each function returns is checked frame by frame and in the sound."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mmdia.errors import MediaUnreadable, MissingDependency, MissingExtra, MissingTool, UsageError
from mmdia.media import graph
from mmdia.media.index import build_index
from mmdia.media.probe import probe
from mmdia.media.sound import SoundRange, SoundReader
from mmdia.schema.time import TimeMap
from tests.media import film


@pytest.fixture(autouse=True)
def _needs_ffmpeg() -> None:
    try:
        graph.load_ffmpeg()
        graph.find_ffmpeg()
    except MissingDependency as missing:
        pytest.skip(str(missing))


def frames_follow(path: Path, moved: TimeMap, fps: Fraction) -> set[int]:
    """Check each stamped frame of a copy against the map; returns the numbers found."""
    import av

    index = build_index(path)
    found = {}
    with av.open(str(path)) as copy:
        for n, frame in enumerate(copy.decode(video=0)):
            try:
                found[film.read_number(frame.to_ndarray(format="gray"))] = n
            except AssertionError:
                continue  # an advert carries no stamp
    assert index.video.rate == fps
    for number, n in found.items():
        media_s = moved.apply(float((number + Fraction(1, 2)) / film.FPS))
        assert media_s is not None, number
        assert index.video.times_s[n] == pytest.approx(media_s - 0.5 * float(1 / fps), abs=2e-3)
    return set(found)


def sound_at(path: Path, media_s: float) -> np.ndarray:
    index = build_index(path)
    first = round(media_s * film.RATE)
    with SoundReader(path, index, [SoundRange(0, first, first + film.RATE)]) as reader:
        (block,) = reader.advance()
    return block.samples[0]


def length_of_sound(path: Path) -> int:
    """Samples that a player hears (AAC pads the last packet)."""
    index = build_index(path)
    return round(index.audio.end_s * film.RATE)


@pytest.mark.slow
def test_a_logo_in_front(films, tmp_path) -> None:
    moved = graph.prepend_logo(films["base.mp4"], tmp_path / "logo.mp4", n_frames=30)
    assert frames_follow(tmp_path / "logo.mp4", moved, film.FPS) == set(range(film.N_FRAMES))
    (segment,) = moved.segments
    assert segment.offset == pytest.approx(float(30 / film.FPS))
    start = moved.apply(3.0)
    assert (
        abs(film.place_of(sound_at(tmp_path / "logo.mp4", start), 48000, film.noise(2)[0], 144000) - 144000)
        <= 1
    )
    assert length_of_sound(tmp_path / "logo.mp4") == pytest.approx((film.N_FRAMES + 30) * 2002, abs=30)


@pytest.mark.slow
def test_other_cuts(films, tmp_path) -> None:
    keep, insert = [(0.0, 2.5), (4.0, 7.5)], [(1.0, 0.5), (5.0, 1.0)]
    moved = graph.recut(films["base.mp4"], tmp_path / "cut.mp4", keep, insert)
    shown = frames_follow(tmp_path / "cut.mp4", moved, film.FPS)
    assert shown == set(range(60)) | set(range(96, 180))
    assert moved.apply(3.0) is None
    for source_s in (1.2, 5.3):
        meant = round(source_s * film.RATE)
        heard = sound_at(tmp_path / "cut.mp4", moved.apply(source_s))
        assert abs(film.place_of(heard, 48000, film.noise(2)[0], meant) - meant) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("pitch", ["shift", "keep"])
def test_pal_speed(films, tmp_path, pitch) -> None:
    ratio = Fraction(25025, 24000)
    moved = graph.change_speed(films["base.mp4"], tmp_path / "pal.mp4", ratio, pitch=pitch)
    assert frames_follow(tmp_path / "pal.mp4", moved, Fraction(25)) == set(range(film.N_FRAMES))
    assert length_of_sound(tmp_path / "pal.mp4") == pytest.approx(film.N_FRAMES * 48000 / 25, abs=2)
    if pitch == "shift":
        heard = sound_at(tmp_path / "pal.mp4", moved.apply(3.0))
        back = np.interp(np.arange(24000) / float(ratio), np.arange(len(heard)), heard)
        clip = film.noise(2)[0][144000:168000]
        alike = float(back @ clip) / float(np.linalg.norm(back) * np.linalg.norm(clip))
        assert alike > 0.8, "sound and picture run at one speed"


def test_another_film_shares_nothing(tmp_path) -> None:
    graph.other_film(tmp_path / "other.mp4", 2.0, size=(160, 96))
    index = build_index(tmp_path / "other.mp4")
    assert (index.video.n_frames, index.video.rate, index.audio.rate) == (48, film.FPS, 48000)


@pytest.mark.slow
def test_remux_keeps_the_packets(films, tmp_path) -> None:
    graph.remux(films["base.mp4"], tmp_path / "again.mkv")
    assert "matroska" in probe(tmp_path / "again.mkv").container
    assert film.numbers_of(tmp_path / "again.mkv")[0] == list(range(film.N_FRAMES))


def test_mistakes_are_told(films, tmp_path) -> None:
    base, out = films["base.mp4"], tmp_path / "x.mp4"
    for wrong in (
        lambda: graph.prepend_logo(base, out),
        lambda: graph.prepend_logo(base, out, n_frames=0),
        lambda: graph.recut(base, out, [(1.0, 3.0), (2.0, 4.0)]),
        lambda: graph.recut(base, out, [(1.0, 3.0)], [(5.0, 1.0)]),
        lambda: graph.recut(base, out, []),
        lambda: graph.change_speed(base, out, Fraction(3)),
        lambda: graph.remux(base, tmp_path / "x.doc"),
    ):
        with pytest.raises(UsageError):
            wrong()
    with pytest.raises(MediaUnreadable, match="constant"):
        graph.prepend_logo(films["vfr.mkv"], out, n_frames=5)
    assert not list(tmp_path.iterdir())


def test_a_failing_ffmpeg_is_quoted(tmp_path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(MediaUnreadable, match="Invalid data"):
        graph.remux(tmp_path / "no.mp4", tmp_path / "x.mkv")
    assert not (tmp_path / "x.mkv.part").exists()


def test_which_ffmpeg(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("MMDIA_FFMPEG", str(program))
    assert graph.find_ffmpeg() == program
    monkeypatch.setenv("MMDIA_FFMPEG", str(tmp_path / "none"))
    with pytest.raises(MissingTool, match="MMDIA_FFMPEG"):
        graph.find_ffmpeg()
    monkeypatch.delenv("MMDIA_FFMPEG")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert graph.find_ffmpeg() == program
    program.unlink()
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setitem(sys.modules, "ffmpeg", None)
    cure = r"pip install 'mmdia\[ffmpeg\]'"
    with pytest.raises(MissingTool, match=cure):
        graph.find_ffmpeg()
    with pytest.raises(MissingExtra, match=cure):
        graph.other_film(tmp_path / "film.mp4", 1.0)
