"""DNSMOS without its package's code: same spectrum, same windows, right direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmdia.engines import mos_dnsmos, registry
from mmdia.errors import MissingExtra
from tests.engines.sounds import RATE, hum, said


def test_without_its_package_there_is_no_rater(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mos_dnsmos, "weights_folder", lambda: None)
    assert registry.rater() is None
    with pytest.raises(MissingExtra, match="eval"):
        mos_dnsmos.DnsmosRater()


def test_spectrum_is_as_wide_as_the_model_wants() -> None:
    levels = mos_dnsmos.mel_levels(hum(9.0, level=0.1))
    assert levels.shape == (900, 120)
    # The loudest place is 0 dB, nothing lies more than 80 dB below it.
    assert levels.max() == pytest.approx(1.0)
    assert levels.min() >= -1.0


def test_a_tone_lies_in_its_band() -> None:
    t = np.arange(RATE) / RATE
    bands = [
        mos_dnsmos.mel_levels(np.sin(2 * np.pi * hz * t).astype(np.float32))[50].argmax()
        for hz in (500, 1000, 4000)
    ]
    mel = [500 * 3 / 200, 15.0, 15 + np.log(4) / (np.log(6.4) / 27)]
    top = 15 + np.log(8) / (np.log(6.4) / 27)
    assert bands == pytest.approx([m / top * 121 - 1 for m in mel], abs=1.0)


@pytest.mark.slow
def test_noise_lowers_opinions(shared_data: Path) -> None:
    rater = registry.rater()
    if rater is None:
        pytest.skip("speechmos is not installed")
    voice = said(shared_data, "librispeech/1688/1688-142285-0003.flac")
    clean = rater.rate(voice)
    assert set(clean) == set(rater.keys)
    assert clean == rater.rate(voice)
    noisy = rater.rate(np.asarray(voice + hum(len(voice) / RATE, level=0.05)[: len(voice)], np.float32))
    assert all(1 < value < 5 for value in clean.values())
    assert all(noisy[key] < clean[key] - 0.3 for key in ("dnsmos_ovrl", "dnsmos_bak", "dnsmos_p808"))
    # What the package itself says of this recording.
    assert clean["dnsmos_ovrl"] == pytest.approx(2.9663, abs=2e-3)
    assert clean["dnsmos_p808"] == pytest.approx(3.8810, abs=2e-3)
    assert rater.rate(np.zeros(0, np.float32)) == {}
