from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mmdia.align.fp_fit import FingerprintFit, FpSegment
from mmdia.align.fp_source import FingerprintSource
from mmdia.align.track import Track
from mmdia.schema.cue import Cue

CUES = [Cue(1000 * t, 1000 * t + 1500, f"line {t}") for t in (5, 15, 40, 60)]
ANNO = Track.from_cues(CUES)
TICKS = np.arange(0, 100, 0.5)
FIT = FingerprintFit(
    segments=(FpSegment(0, 20, 1.0, 3.0, 0.9, 0.001), FpSegment(30, 50, 1.0, -7.0, 0.9, 0.001)),
    scale=1.0,
    scale_ratio=Fraction(1),
    pitch_shifted=False,
    coverage=0.8,
    heard=0.9,
    bit_error_rate=0.1,
    decoy_bit_error_rate=0.4,
    nats=300.0,
    decoy_nats=0.0,
    probability=1.0,
    tick_anno_s=TICKS,
    tick_nats=np.where(TICKS < 55, 4.0, 0.0),
)


def test_lines_speak_for_the_place_of_the_fit() -> None:
    source = FingerprintSource.of(ANNO, FIT)
    nats = source.nats(1.0, np.array([3.0, -7.0, 50.0]))
    assert nats.shape == (4, 3)
    assert (nats[:2, 0] > 5).all()
    assert (nats[:2, 1:] < -1).all()
    assert nats[2, 1] > 5
    assert nats[2, 0] < -1
    assert (nats[3] == 0).all()  # the fit maps nothing there


def test_it_tells_speed_and_offsets() -> None:
    source = FingerprintSource.of(ANNO, FIT)
    assert source.name == "fingerprint"
    assert source.speeds() == [1.0]
    assert sorted(o for o, _ in source.offsets(1.0)) == [-7.0, 3.0]
    assert all(strength > 0 for _, strength in source.offsets(1.0))
    assert source.edges() is None
    assert source.within(0.1) is source


def test_offsets_at_another_speed_meet_in_the_middle_of_pieces() -> None:
    (first, _), _ = FingerprintSource.of(ANNO, FIT).offsets(1.1)
    assert 1.1 * 10 + first == pytest.approx(13.0)


def test_a_decoy_knows_nothing() -> None:
    decoy = FingerprintSource.of(ANNO, FIT).decoy(ANNO, np.arange(4))
    assert decoy.speeds() == []
    assert decoy.offsets(1.0) == []
    assert not decoy.nats(1.0, np.array([3.0, -7.0])).any()


def test_a_doubtful_fit_says_less() -> None:
    doubtful = FingerprintSource.of(ANNO, replace(FIT, probability=0.1))
    assert doubtful.nats(1.0, np.array([3.0]))[0, 0] < 1.1
    assert not FingerprintSource.of(ANNO, replace(FIT, probability=0.0)).nats(1.0, np.array([3.0])).any()


def test_lines_that_are_not_spoken_get_nothing() -> None:
    music = replace(ANNO, speech=np.array([False, True, True, True]))
    assert FingerprintSource.of(music, FIT).nats(1.0, np.array([3.0]))[0, 0] == 0
