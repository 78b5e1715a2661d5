"""Frame stamps and the pilot: read back what was written, refuse what was not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.testing import stamps

PAL = 25025 / 24000


def picture(number: int, height: int = 180, width: int = 320) -> np.ndarray:
    gray = np.random.default_rng(number).integers(20, 220, (height, width)).astype(np.uint8)
    stamps.draw_frame_stamp(gray, number)
    return gray


def shrunk(gray: np.ndarray, k: int) -> np.ndarray:
    h, w = (n // k * k for n in gray.shape)
    return gray[:h, :w].reshape(h // k, k, w // k, k).mean(axis=(1, 3))


@given(st.integers(0, stamps.MAX_FRAME))
@settings(max_examples=25, deadline=None)
def test_a_stamp_reads_back_at_any_size(number: int) -> None:
    gray = picture(number)
    assert stamps.read_frame_stamp(gray) == number
    assert stamps.read_frame_stamp(shrunk(gray, 2)) == number
    assert stamps.read_frame_stamp(np.kron(gray, np.ones((3, 3)))) == number
    assert stamps.read_frame_stamp(np.repeat(gray[:, :, None], 3, axis=2)) == number


@given(st.integers(0, stamps.MAX_FRAME), st.integers(2, 19))
@settings(max_examples=25, deadline=None)
def test_one_wrong_cell_is_noticed(number: int, cell: int) -> None:
    gray = picture(number)
    block = gray[:8, cell * 16 : cell * 16 + 16]
    block[:] = 240 - block
    assert stamps.read_frame_stamp(gray) is None


def test_neighbours_differ_in_one_cell_of_the_number() -> None:
    for k in range(200):
        a, b = stamps.frame_stamp_cells(k)[2:15], stamps.frame_stamp_cells(k + 1)[2:15]
        assert sum(x != y for x, y in zip(a, b, strict=True)) == 1


@pytest.mark.parametrize(
    "gray",
    [
        np.full((180, 320), 128, np.uint8),
        np.zeros((180, 320), np.uint8),
        np.tile(np.linspace(255, 0, 320).astype(np.uint8), (180, 1)),
        np.zeros((4, 30), np.uint8),
    ],
)
def test_a_picture_without_a_stamp_reads_as_none(gray: np.ndarray) -> None:
    assert stamps.read_frame_stamp(gray) is None


def test_noise_is_no_stamp() -> None:
    rng = np.random.default_rng(5)
    noise = [rng.integers(0, 256, (20, 20)).astype(np.uint8).repeat(9, 0).repeat(16, 1) for _ in range(300)]
    assert sum(stamps.read_frame_stamp(n) is not None for n in noise) <= 1


@pytest.mark.parametrize("number", [-1, stamps.MAX_FRAME + 1])
def test_numbers_that_do_not_fit_are_refused(number: int) -> None:
    with pytest.raises(UsageError, match="13 bits"):
        stamps.frame_stamp_cells(number)


def test_the_pilot_is_one_endless_function_of_position() -> None:
    whole = stamps.pilot(-100, 5000)
    np.testing.assert_allclose(stamps.pilot(1234, 2345), whole[1334:2445], atol=1e-9)
    assert math.isclose(float(np.sqrt(np.mean(stamps.pilot(0, 96_000) ** 2))), 1.0, rel_tol=0.03)
    assert len(stamps.pilot(7, 7)) == 0


def test_the_pilot_never_changes() -> None:
    # A film made yesterday must be readable tomorrow.
    np.testing.assert_allclose(
        stamps.pilot(1_000_000, 1_000_004), [0.92606405, 0.44276859, -0.04763384, -0.32549608], atol=1e-6
    )


def test_the_pilot_keeps_to_its_band() -> None:
    spectrum = np.abs(np.fft.rfft(stamps.pilot(0, 48_000) * np.hanning(48_000))) ** 2
    assert spectrum[2_000:7_200].sum() > 0.999 * spectrum.sum()


def film_part(first: float, seconds: float, rate: int, speed: float = 1.0) -> np.ndarray:
    """What a copy sampled at `rate` holds: loud low "speech" and the pilot 30 dB under it."""
    n = int(seconds * rate)
    at = first + np.arange(n) * (stamps.FILM_RATE * speed / rate)
    base = math.floor(first) - 64
    wanted = math.ceil(at[-1]) + 64 - base
    dense = stamps.pilot(base, base + 4096 * math.ceil(wanted / 4096))  # a length that the FFT likes
    spectrum = np.fft.rfft(dense)
    fine = np.fft.irfft(spectrum, len(dense) * 8) * 8
    hiss = np.interp((at - base) * 8, np.arange(len(fine)), fine)
    rng = np.random.default_rng(3)
    t = np.arange(n) / rate
    speech = sum(np.sin(2 * np.pi * f * t * (1 + 0.01 * np.sin(3 * t))) / f for f in range(140, 3_000, 140))
    return np.asarray(speech / np.std(speech) + 10 ** (-30 / 20) * hiss + 0.005 * rng.standard_normal(n))


@pytest.mark.parametrize("rate", [48_000, 24_000, 16_000])
@pytest.mark.parametrize("first", [0.0, 12_345.0, 345_678.4])
def test_a_clip_is_located_to_the_sample(rate: int, first: float) -> None:
    fix = stamps.locate_pilot(film_part(first, 1.0, rate), rate, search=(0.0, 10.0))
    assert fix.reliable
    assert abs(fix.sample - first) < 0.5
    assert math.isclose(fix.seconds, fix.sample / 48_000)


def test_a_pal_copy_is_located_when_its_speed_is_told() -> None:
    clip = film_part(200_000.0, 1.5, 48_000, PAL)
    fix = stamps.locate_pilot(clip, 48_000, search=(0.0, 10.0), speed=PAL)
    assert fix.reliable
    assert abs(fix.sample - 200_000) < 0.5
    assert not stamps.locate_pilot(clip, 48_000, search=(0.0, 10.0)).reliable


@pytest.mark.slow
def test_first_and_last_sample_of_a_clip() -> None:
    whole = film_part(96_000.0, 8.0, 24_000)
    first, last = stamps.locate_span(whole, 24_000, search=(0.0, 10.0))
    assert abs(first.sample - 96_000) < 0.5
    assert abs(last.sample - 480_000) < 0.5
    cut = np.concatenate([whole[: 24_000 * 7], whole[24_000 * 7 + 100 :]])
    assert abs(stamps.locate_span(cut[24_000 * 3 :], 24_000, search=(0.0, 10.0))[0].sample - 240_000) < 0.5


def test_sound_without_the_pilot_is_not_believed() -> None:
    rng = np.random.default_rng(9)
    assert not stamps.locate_pilot(rng.standard_normal(48_000), 48_000, search=(0.0, 20.0)).reliable
    assert not stamps.locate_pilot(np.zeros(48_000), 48_000, search=(0.0, 2.0)).reliable


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (np.zeros((2, 48_000)), 48_000, "mono"),
        (np.zeros(8_000), 8_000, "band"),
        (np.zeros(4_800), 48_000, "short"),
    ],
)
def test_what_cannot_be_searched_is_refused(samples: np.ndarray, rate: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        stamps.locate_pilot(samples, rate)
