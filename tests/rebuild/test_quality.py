"""Measurements of clips: names, units, and what is left out."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from mmdia.rebuild import quality
from mmdia.schema.dialogue import Dialogue, Turn

BASE = {"loudness_lufs", "peak_dbfs", "clipped_share", "snr_db", "speech_share", "overlap_share"}


@pytest.fixture(autouse=True)
def no_rater(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `eval` is installed on some machines only."""
    monkeypatch.setattr(quality, "_rater", lambda: None)


def clip(samples: np.ndarray, rate: int = 24_000) -> bytes:
    held = io.BytesIO()
    soundfile.write(held, samples, rate, format="FLAC", subtype="PCM_16")
    return held.getvalue()


def dialogue(*speakers: tuple[str, ...]) -> Dialogue:
    return Dialogue(dialogue_id="d", title_id="t", turns=tuple(Turn(speakers=s) for s in speakers))


def turns(*spans: tuple[float | None, float | None]) -> dict[str, Any]:
    return {"turns": [{"start": a, "end": b} for a, b in spans]}


@pytest.mark.skipif(not hasattr(av.AudioFrame, "metadata"), reason="loudness needs PyAV 18")
def test_a_tone_measures_as_it_was_made() -> None:
    t = np.arange(240_000) / 24_000
    sound = 10 ** (-20 / 20) * np.sin(2 * np.pi * 1000 * t)
    found = quality.measure([clip(sound)], turns((0.0, 4.0)), dialogue(("a",)))
    assert set(found) == BASE
    assert found["loudness_lufs"] == pytest.approx(-23.0, abs=0.1)
    assert found["peak_dbfs"] == pytest.approx(-20.0, abs=0.01)
    assert found["clipped_share"] == found["overlap_share"] == 0
    assert found["speech_share"] < 0.5
    assert found == quality.measure([clip(sound)], turns((0.0, 4.0)), dialogue(("a",)))
    assert quality.is_measured({"quality": found})


def test_silence_leaves_out_what_it_has_not() -> None:
    found = quality.measure([clip(np.zeros(48_000))], {}, dialogue(("a",)))
    assert found == {"clipped_share": 0.0, "speech_share": 0.0}
    assert quality.is_measured({"quality": found})


def test_overlap_counts_speech_of_two() -> None:
    spans = turns((0.0, 2.0), (1.5, 3.0), (3.5, 4.5))
    two = dialogue(("a",), ("b",), ("a",))
    assert quality.overlap_share(spans, two) == pytest.approx(0.5 / 4.0)
    assert quality.overlap_share(spans, dialogue(("a",), ("a",), ("a",))) == 0
    assert quality.overlap_share(spans, dialogue(("a",), ("a",), ("a", "b"))) == pytest.approx(0.25)
    assert quality.overlap_share(turns((None, None), (0.0, 1.0)), two) == 0
    assert quality.overlap_share(turns((None, None)), two) is None
    assert quality.overlap_share({}, two) is None


class Critic:
    """Gives everything three."""

    name = "critic"
    identity = "critic-1"
    keys = ("dnsmos_ovrl",)

    def rate(self, samples: Any) -> dict[str, float]:
        assert samples.ndim == 1
        return {"dnsmos_ovrl": 3.0}


def test_opinions_are_asked_for_where_someone_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = clip(np.random.default_rng(0).standard_normal(48_000) * 0.1)
    before = quality.measure([sound], {}, dialogue(("a",)))
    monkeypatch.setattr(quality, "_rater", Critic)
    assert not quality.is_measured({"quality": before}), "the extra was installed since"
    after = quality.measure([sound], {}, dialogue(("a",)))
    assert after == {**before, "dnsmos_ovrl": 3.0}
    assert quality.is_measured({"quality": after})
    silent = quality.measure([clip(np.zeros(48_000))], {}, dialogue(("a",)))
    assert "dnsmos_ovrl" not in silent
    assert quality.is_measured({"quality": silent})
    assert not quality.is_measured({"quality": None})
    assert not quality.is_measured({})
