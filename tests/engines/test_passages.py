"""Passages: together they are the sound, and none is too long."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.engines.passages import passages
from tests.engines.sounds import RATE, blocks, hum


@settings(max_examples=25)
@given(
    st.floats(0.05, 6.0), st.floats(0.5, 4.0), st.lists(st.integers(100, 40_000), min_size=1, max_size=3)
)
def test_passages_join_to_the_whole(seconds: float, longest_s: float, sizes: list[int]) -> None:
    sound = hum(seconds, level=0.1)
    found = list(passages(blocks(sound, sizes), longest_s))
    assert np.array_equal(np.concatenate([s for _, s in found]), sound)
    at = 0
    for start, samples in found:
        assert start == pytest.approx(at / RATE)
        assert len(samples) <= longest_s * RATE + 1
        at += len(samples)


def test_they_are_parted_where_it_is_quiet() -> None:
    sound = hum(10.0, level=0.1)
    sound[round(7.0 * RATE) : round(7.4 * RATE)] = 0
    first = next(iter(passages([sound], 8.0)))[1]
    assert 7.0 <= len(first) / RATE <= 7.4


def test_silence_is_left_out() -> None:
    sound = np.concatenate([np.zeros(RATE * 5, np.float32), hum(3.0, level=0.1)])
    found = list(passages([sound], 2.0))
    assert found
    assert found[0][0] + len(found[0][1]) / RATE > 5.0
    assert list(passages([np.zeros(RATE, np.float32)], 2.0)) == []
    assert list(passages([], 2.0)) == []
