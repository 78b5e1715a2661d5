"""Loudness, peak and clipping of signals whose figures are known."""

from __future__ import annotations

import av
import numpy as np
import pytest

from mmdia.media.loudness import clipped_share, loudness_lufs, peak_dbfs

measured = pytest.mark.skipif(not hasattr(av.AudioFrame, "metadata"), reason="PyAV 18 is the first to tell")


def tone(level_db: float, rate: int, seconds: float = 10.0, hz: float = 1000.0) -> np.ndarray:
    t = np.arange(round(seconds * rate)) / rate
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t)).astype(np.float32)


@measured
@pytest.mark.parametrize("rate", [16_000, 24_000, 48_000])
def test_a_tone_in_both_channels_reads_its_level(rate: int) -> None:
    # EBU Tech 3341, case 1: a 1 kHz sine at -23 dBFS in both channels reads -23.0 LUFS +- 0.1.
    sound = tone(-23.0, rate)
    assert loudness_lufs(np.stack([sound, sound]), rate) == pytest.approx(-23.0, abs=0.1)
    assert loudness_lufs(sound[None], rate) == pytest.approx(-26.0, abs=0.1)


@measured
def test_gates_leave_quiet_stretches_out() -> None:
    # EBU Tech 3341, case 3, shortened: -36, -23, -36 dBFS reads -23.0.
    rate = 48_000
    sound = np.concatenate([tone(-36, rate, 3.0), tone(-23, rate, 18.0), tone(-36, rate, 3.0)])
    assert loudness_lufs(np.stack([sound, sound]), rate) == pytest.approx(-23.0, abs=0.1)
    padded = np.pad(tone(-23, rate), (0, 20 * rate))
    assert loudness_lufs(np.stack([padded, padded]), rate) == pytest.approx(-23.0, abs=0.2)


def test_silence_and_snippets_have_no_loudness() -> None:
    assert loudness_lufs(np.zeros((1, 48_000), np.float32), 24_000) is None
    assert loudness_lufs(tone(-10, 24_000, 0.3)[None], 24_000) is None
    assert loudness_lufs(np.zeros((1, 0), np.float32), 24_000) is None
    assert peak_dbfs(np.zeros((2, 100), np.float32)) is None
    assert peak_dbfs(np.zeros((1, 0), np.float32)) is None
    assert clipped_share(np.zeros((1, 0), np.float32)) == 0


def test_peak_is_that_of_the_loudest_channel() -> None:
    assert peak_dbfs(np.array([[0.1, -0.5], [0.2, 0.0]], np.float32)) == pytest.approx(-6.0206, abs=1e-3)


def test_clipping_is_runs_at_full_scale() -> None:
    clean = np.full((2, 100), 0.5, np.float32)
    assert clipped_share(clean) == 0
    clean[0, 10:14] = 32767 / 32768
    clean[1, 20:23] = -1.0
    clean[1, 50:52] = 1.0  # two in a row may be a peak
    clean[0, 97:] = 1.0
    assert clipped_share(clean) == pytest.approx((4 + 3 + 3) / 200)
    assert clipped_share(np.clip(tone(6, 24_000), -1, 1)[None]) > 0.3
