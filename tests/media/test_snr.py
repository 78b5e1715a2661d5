"""WADA-SNR: right for what it assumes, useful for speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmdia.media.snr import snr_db


@pytest.mark.parametrize("snr", [-5, 0, 7, 15, 30])
def test_model_signals_read_their_ratio(snr: int) -> None:
    rng = np.random.default_rng(snr + 100)
    n = 400_000
    speech = rng.gamma(0.4, 1.0, n) * rng.choice([-1, 1], n) / np.sqrt(0.4 * 1.4)
    noise = rng.standard_normal(n) * 10 ** (-snr / 20)
    assert snr_db((0.02 * (speech + noise)).astype(np.float32)) == pytest.approx(snr, abs=1.5)


def test_speech_in_noise(shared_data: Path) -> None:
    path = shared_data / "speech" / "librispeech" / "1688" / "1688-142285-0000.flac"
    if not path.is_file():
        pytest.skip(f"no such recording: {path}")
    voice, _ = soundfile.read(path, dtype="float32")
    power = float((voice.astype(np.float64) ** 2).mean())
    noise = np.random.default_rng(1).standard_normal(len(voice)) * np.sqrt(power)
    found = [snr_db((voice + noise * 10 ** (-snr / 20)).astype(np.float32)) for snr in (0, 5, 10, 15)]
    assert found == pytest.approx([0, 5, 10, 15], abs=3.0)
    assert snr_db(voice * np.float32(0.1)) == pytest.approx(snr_db(voice), abs=0.5)


def test_silence_has_none_and_its_padding_changes_nothing() -> None:
    assert snr_db(np.zeros(1000, np.float32)) is None
    assert snr_db(np.zeros(0, np.float32)) is None
    sound = (np.random.default_rng(0).standard_normal(50_000) * 0.1).astype(np.float32)
    assert snr_db(np.pad(sound, 20_000)) == pytest.approx(snr_db(sound))
    assert snr_db(sound) == pytest.approx(-10, abs=1)
