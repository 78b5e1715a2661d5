"""Clips as sound again."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from mmdia.errors import MediaUnreadable
from mmdia.media.clip_speech import decode_flac, speech_samples


def flac(pcm: np.ndarray, rate: int) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, pcm, rate, format="FLAC", subtype="PCM_16")
    return held.getvalue()


def test_samples_come_back() -> None:
    pcm = (np.random.default_rng(0).standard_normal((500, 2)) * 5000).astype(np.int16)
    samples, rate = decode_flac(flac(pcm, 24_000))
    assert rate == 24_000
    assert np.array_equal(samples, (pcm.T / 32768).astype(np.float32))


def test_what_is_no_clip_is_refused() -> None:
    with pytest.raises(MediaUnreadable):
        decode_flac(b"fLaC and no more")


def test_one_channel_at_16_khz() -> None:
    t = np.arange(24_000) / 24_000
    voice = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
    mono = speech_samples(voice[None], 24_000)
    assert len(mono) == 16_000
    assert np.abs(mono[1000:-1000]).max() == pytest.approx(0.3, abs=0.01)
    assert np.allclose(speech_samples(np.stack([voice, voice]), 24_000), mono, atol=1e-5)
    music = np.random.default_rng(0).standard_normal((6, 24_000)).astype(np.float32) * np.float32(0.2)
    music[2] = voice  # the centre of FLAC's six channels
    assert np.allclose(speech_samples(music, 24_000), mono, atol=1e-5)
