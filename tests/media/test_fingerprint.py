from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.fingerprint import BANDS, HOP, LOW_HZ, PER_OCTAVE, RATE, analyse_film, analyse_samples
from mmdia.media.index import build_index
from mmdia.schema.fingerprint import SoundBands
from tests.align.sounds import scene
from tests.media.film import write_film


def rows(bands: SoundBands) -> np.ndarray:
    return np.frombuffer(bands.levels, np.uint8).reshape(-1, bands.bands).astype(int)


@pytest.mark.parametrize("hertz", [220.0, 1000.0, 3000.0])
def test_a_full_sine_fills_one_band(hertz: float) -> None:
    t = np.arange(2 * RATE) / RATE
    levels = rows(analyse_samples(np.sin(2 * np.pi * hertz * t).astype(np.float32), RATE))
    band = int(np.log2(hertz / LOW_HZ) * PER_OCTAVE)
    assert levels.shape[1] == BANDS
    assert (np.abs(levels.argmax(axis=1) - band) <= 1).all()
    # Low bands are narrower than the main lobe, and split it.
    assert levels.max() == pytest.approx(240, abs=1 if hertz > 500 else 12)


def test_ten_decibels_are_twenty_five_steps() -> None:
    sound = scene(1, 5)
    loud, soft = rows(analyse_samples(sound, RATE)), rows(analyse_samples(sound / np.sqrt(10), RATE))
    assert np.median(loud - soft) == 25


def test_silence_is_level_zero() -> None:
    assert not rows(analyse_samples(np.zeros(RATE, np.float32), RATE)).any()


def test_time_axis_is_that_of_the_window_middles() -> None:
    sound = np.zeros(4 * RATE, np.float32)
    sound[2 * RATE] = 1.0
    bands = analyse_samples(sound, RATE)
    click = rows(bands).sum(axis=1).argmax()
    assert bands.start_s + bands.step_s * click == pytest.approx(2.0, abs=HOP / RATE)


def test_the_rate_of_the_source_does_not_matter() -> None:
    sound = scene(2, 30)
    at_48k = soxr.resample(sound, RATE, 48000, quality="VHQ").astype(np.float32)
    one, other = rows(analyse_samples(sound, RATE)), rows(analyse_samples(at_48k, 48000))
    n = min(len(one), len(other)) - 10
    assert abs(len(one) - len(other)) <= 1
    assert np.median(np.abs(one[10:n, :66] - other[10:n, :66])) <= 1


def test_a_film_gives_what_its_samples_give(tmp_path: Path) -> None:
    left, right = scene(3, 45), scene(4, 45)  # longer than two blocks
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    heard = analyse_film(path, build_index(path))
    assert np.abs(rows(heard) - rows(analyse_samples(np.stack([left, right]), RATE))).max() <= 1


@pytest.mark.slow
def test_surround_sounds_like_its_stereo_downmix(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    six = (0.1 * rng.standard_normal((6, 3 * 48000))).astype(np.float32)  # FL FR FC LFE BL BR
    path = tmp_path / "six.mkv"
    write_film(path, sound=six)
    index = build_index(path)
    assert index.audio is not None
    assert index.audio.channels == 6
    assert analyse_film(path, index).count > 100


@pytest.mark.slow
def test_a_film_without_sound_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mute.mp4"
    write_film(path, sound=None)
    with pytest.raises(MediaUnreadable, match="no sound"):
        analyse_film(path, build_index(path))


@pytest.mark.parametrize(("shape", "rate"), [((2, 2, 2), 8000), ((8,), 0)])
def test_what_is_no_sound_is_refused(shape: tuple[int, ...], rate: int) -> None:
    with pytest.raises(UsageError):
        analyse_samples(np.zeros(shape, np.float32), rate)


def test_too_short_a_sound_has_no_frames() -> None:
    assert analyse_samples(np.zeros(100, np.float32), RATE).count == 0
