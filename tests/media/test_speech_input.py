"""Sound for listeners: one channel, 16 kHz, on the player's timeline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.index import build_index
from mmdia.media.speech_input import SPEECH_RATE, _Centre, _resampled, iter_speech


def clicks(rate: int, at_s: list[float], seconds: float) -> np.ndarray:
    t = np.arange(round(rate * seconds)) / rate
    return sum(np.exp(-0.5 * ((t - a) / 0.002) ** 2) for a in at_s).astype(np.float32)


@settings(max_examples=12)
@given(
    st.sampled_from([8000, 11025, 22050, 44100, 48000, 96000]),
    st.lists(st.integers(700, 60_000), min_size=1, max_size=3),
)
def test_resampling_keeps_time_and_length(rate: int, sizes: list[int]) -> None:
    sound = clicks(rate, [0.5, 1.7], 2.3)
    parts, at = [], 0
    while at < len(sound):
        size = sizes[len(parts) % len(sizes)]
        parts.append(sound[at : at + size])
        at += size
    out = np.concatenate(list(_resampled(iter(parts), rate)))
    assert len(out) == round(len(sound) * SPEECH_RATE / rate)
    for a in (0.5, 1.7):
        near = slice(round((a - 0.2) * SPEECH_RATE), round((a + 0.2) * SPEECH_RATE))
        assert near.start + int(out[near].argmax()) == pytest.approx(a * SPEECH_RATE, abs=1)


def test_blocks_join_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, clicks(44100, [3.0, 5.5], 7.0), 44100, subtype="FLOAT")
    whole = np.concatenate(list(iter_speech(path, block_s=1.5)))
    assert whole.dtype == np.float32
    assert len(whole) == pytest.approx(7 * SPEECH_RATE, abs=2)
    assert int(whole[: 4 * SPEECH_RATE].argmax()) == pytest.approx(3 * SPEECH_RATE, abs=2)
    some = np.concatenate(list(iter_speech(path, build_index(path), until_s=4.0)))
    assert np.allclose(some[:-200], whole[: len(some) - 200], atol=1e-4)


def test_a_late_sound_track_is_late(films: dict[str, Path]) -> None:
    late = next(iter_speech(films["late.mkv"]))
    early = next(iter_speech(films["base.mkv"]))
    quiet = round(0.12 * SPEECH_RATE)
    assert float(np.abs(late[:quiet]).max()) < 1e-3
    assert float(np.abs(early[:quiet]).max()) > 1e-2


def test_the_centre_once_heard_stays() -> None:
    mix, names = _Centre(), "5.1(side)"
    music = np.full((6, 4), 0.5, np.float32)
    music[2] = 0
    assert (mix.mix(music, names) > 0.1).all(), "a silent centre: everything is mixed"
    speech = music.copy()
    speech[2] = 0.25
    assert (mix.mix(speech, names) == 0.25).all()
    assert (mix.mix(music, names) == 0).all(), "a pause of the dialogue is a pause"
    assert _Centre().mix(np.array([[0.2], [0.4]], np.float32), "stereo") == pytest.approx(0.3)


def test_no_sound_and_no_file(films: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(MediaUnreadable, match="no sound"):
        list(iter_speech(films["silent.mp4"]))
    with pytest.raises(MediaNotFound):
        list(iter_speech(tmp_path / "none.mp4"))
