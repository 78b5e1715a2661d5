from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.align.fp_bits import BITS, compact, heard, signs
from mmdia.align.fp_fit import FingerprintFit
from mmdia.align.fp_match import match, probability
from mmdia.errors import AlignmentError
from mmdia.media.fingerprint import analyse_samples
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands
from tests.align.sounds import RATE, noisy, scene


@cache
def film() -> np.ndarray:
    return scene(11, 150)


@cache
def foreign() -> np.ndarray:
    return scene(12, 150)


def bands(samples: np.ndarray) -> SoundBands:
    return analyse_samples(samples, RATE)


@cache
def known_film() -> Fingerprint:
    return compact(bands(film()))


def at(seconds: float) -> int:
    return round(seconds * RATE)


def placed(fit: FingerprintFit, t: float) -> float | None:
    return next((s.apply(t) for s in fit.segments if s.anno_start_s <= t < s.anno_end_s), None)


def test_the_same_sound_is_the_identity() -> None:
    fit = match(known_film(), bands(film()))
    (piece,) = fit.segments
    assert (piece.scale, fit.scale_ratio, fit.pitch_shifted) == (1.0, Fraction(1), False)
    assert piece.offset_s == pytest.approx(0, abs=0.001)
    assert (piece.anno_start_s, piece.anno_end_s) == pytest.approx((0, 150), abs=0.1)
    assert fit.bit_error_rate < 0.01
    assert fit.decoy_bit_error_rate > 0.35
    assert fit.probability > 0.99
    assert fit.coverage == pytest.approx(1, abs=0.01)
    assert fit.time_map().apply(70.0) == pytest.approx(70.0, abs=0.001)


@pytest.mark.slow
@settings(max_examples=3, deadline=None)
@given(st.floats(-100, 60))
def test_any_shift_comes_back(shift: float) -> None:
    n = at(shift)
    moved = film()[-n:] if n < 0 else np.concatenate([foreign()[:n], film()])
    fit = match(known_film(), bands(moved))
    assert len(fit.segments) == 1
    assert fit.segments[0].offset_s == pytest.approx(n / RATE, abs=0.003)


def test_cut_and_insertion_are_placed_to_a_tenth_of_a_second() -> None:
    whole = film()
    edited = np.concatenate(
        [whole[: at(40)], whole[at(62.5) : at(100)], foreign()[: at(17)], whole[at(100) :]]
    )
    fit = match(known_film(), bands(edited))
    assert [s.offset_s for s in fit.segments] == pytest.approx([0, -22.5, -5.5], abs=0.003)
    edges = [(s.anno_start_s, s.anno_end_s) for s in fit.segments]
    assert np.array(edges) == pytest.approx(np.array([(0, 40), (62.5, 100), (100, 150)]), abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ratio", "keeps"), [(Fraction(24, 25), False), (Fraction(25, 24), False), (Fraction(1001, 1000), True)]
)
def test_standard_speeds_are_recognised(ratio: Fraction, keeps: bool) -> None:
    played = soxr.resample(film(), RATE, RATE * float(ratio)).astype(np.float32)
    fit = match(known_film(), bands(played))
    assert fit.scale_ratio == ratio
    assert fit.pitch_shifted is not keeps
    for t in (5.0, 75.0, 145.0):
        assert placed(fit, t) == pytest.approx(float(ratio) * t, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1.0123, 0.93])
def test_other_speeds_are_measured(ratio: float) -> None:
    fit = match(known_film(), bands(soxr.resample(film(), RATE, RATE * ratio).astype(np.float32)))
    assert fit.scale_ratio is None
    for t in (5.0, 75.0, 145.0):
        assert placed(fit, t) == pytest.approx(ratio * t, abs=0.015)


def test_gain_noise_and_low_pass_do_not_move_it() -> None:
    spectrum = np.fft.rfft(film())
    spectrum[np.fft.rfftfreq(len(film()), 1 / RATE) > 3400] = 0
    worse = noisy(np.fft.irfft(spectrum, len(film())).astype(np.float32), 15) * 0.05
    fit = match(known_film(), bands(worse))
    (piece,) = fit.segments
    assert piece.offset_s == pytest.approx(0, abs=0.003)
    assert fit.probability > 0.99


@pytest.mark.slow
def test_another_film_is_refused() -> None:
    for other in (foreign(), film()[::-1].copy(), noisy(np.zeros_like(film()) + 1e-4, 0)):
        assert match(known_film(), bands(other)).probability < 0.05


def test_a_shared_theme_makes_no_film() -> None:
    episode = foreign().copy()
    episode[: at(12)] = film()[: at(12)]
    fit = match(known_film(), bands(episode))
    assert fit.probability < 0.3
    assert all(s.anno_end_s < 14 for s in fit.segments)


def test_silence_matches_nothing() -> None:
    silent = np.zeros(at(60), np.float32)
    fit = match(compact(bands(silent)), bands(silent))
    assert fit.segments == ()
    assert fit.probability < 0.01


def test_silence_inside_is_passed_over_and_pins_no_offset() -> None:
    quiet = film().copy()
    quiet[at(60) : at(90)] = 0
    fit = match(compact(bands(quiet)), bands(quiet))
    (piece,) = fit.segments
    assert piece.offset_s == pytest.approx(0, abs=0.001)
    inside = (fit.tick_anno_s > 62) & (fit.tick_anno_s < 88)
    assert np.abs(fit.tick_nats[inside]).max() < 0.5


def test_two_compact_tracks_match_too() -> None:
    fit = match(known_film(), compact(bands(film()[at(20) :])))
    assert fit.segments[0].offset_s == pytest.approx(-20, abs=0.02)
    assert fit.probability > 0.99


def test_foreign_methods_and_empty_tracks_are_told() -> None:
    with pytest.raises(AlignmentError, match="another method"):
        match(replace(known_film(), method="other/1"), bands(film()))
    with pytest.raises(AlignmentError, match="empty"):
        match(Fingerprint(b"", 4, 0.032, 0.064, METHOD), bands(film()))
    with pytest.raises(AlignmentError, match="no sound"):
        match(known_film(), replace(bands(film()), levels=b""))


def test_the_track_takes_a_thousand_bits_a_second() -> None:
    assert len(known_film().data) * 8 / 150 == pytest.approx(1000, rel=0.01)
    assert compact(bands(film())) == known_film()
    assert signs(known_film()).shape == (known_film().count, BITS)


def test_bits_are_balanced_even_in_silence() -> None:
    for sound in (film(), np.zeros(at(30), np.float32)):
        assert np.abs(signs(compact(bands(sound))).mean(axis=0)).max() < 0.25


@pytest.mark.slow
def test_a_moved_pitch_is_undone() -> None:
    higher = soxr.resample(film(), RATE, RATE * 24 / 25).astype(np.float32)
    frames = np.arange(500, 3000)
    anno = heard(bands(film())).codes[frames]
    there = np.rint((0.064 + frames * 0.016) * 24 / 25 / 0.016 - 4).astype(int)

    def differ(pitch: float) -> float:
        played = heard(bands(higher), pitch).codes[there]
        return float((np.sign(anno) * np.sign(played) < 0).mean())

    assert differ(25 / 24) < 0.2
    assert differ(1.0) > differ(25 / 24) + 0.05


def test_loops_do_not_lead_astray() -> None:
    loop = np.tile(film()[: at(30)], 5)
    edited = np.concatenate([loop[: at(70)], loop[at(82) :]])
    fit = match(compact(bands(loop)), bands(noisy(edited, 20)))
    assert [s.offset_s for s in fit.segments] == pytest.approx([0, -12], abs=0.003)
    assert fit.segments[0].anno_end_s == pytest.approx(70, abs=0.1)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.lists(st.tuples(st.floats(8, 30), st.floats(0.3, 12), st.booleans()), min_size=1, max_size=5))
def test_pieces_are_always_a_time_map(edits: list[tuple[float, float, bool]]) -> None:
    parts, now = [], 0.0
    for keep, length, cut in edits:
        parts.append(film()[at(now) : at(now + keep)])
        now += keep
        if cut:
            now += length
        else:
            parts.append(foreign()[at(now) : at(now + length)])
    parts.append(film()[at(now) :])
    fit = match(known_film(), bands(np.concatenate(parts)))
    assert len(fit.time_map().segments) == len(fit.segments) >= 1
    assert placed(fit, 4.0) == pytest.approx(4.0, abs=0.01)


@cache
def longer() -> np.ndarray:
    return scene(21, 200)


@cache
def stranger() -> np.ndarray:
    return scene(22, 200)


@pytest.mark.slow
@pytest.mark.parametrize("quiet", [False, True])
def test_a_replaced_middle_is_a_hole_and_a_quiet_one_is_none(quiet: bool) -> None:
    middle = stranger()[: at(80)]
    if quiet:
        middle = 1e-4 * np.random.default_rng(3).standard_normal(at(80)).astype(np.float32)
    copy = np.concatenate([longer()[: at(60)], middle, longer()[at(140) :]])
    fit = match(compact(bands(longer())), bands(copy))
    edges = [(s.anno_start_s, s.anno_end_s) for s in fit.segments]
    expected = [(0, 200)] if quiet else [(0, 60), (140, 200)]
    assert np.array(edges) == pytest.approx(np.array(expected), abs=0.3)
    assert fit.probability > 0.9


@pytest.mark.slow
def test_a_dub_is_one_piece() -> None:
    # Music and effects stay under replaced dialogue that is louder.
    copy = longer().copy()
    copy[at(60) : at(140)] = longer()[at(60) : at(140)] + 1.2 * stranger()[at(60) : at(140)]
    fit = match(compact(bands(longer())), bands(copy))
    (piece,) = fit.segments
    assert (piece.anno_start_s, piece.anno_end_s) == pytest.approx((0, 200), abs=0.3)


@pytest.mark.slow
def test_a_song_is_no_film() -> None:
    known = compact(bands(longer()))
    song = match(known, bands(longer()[: at(36)]))
    assert song.coverage > 0.95
    assert song.probability < 0.1
    episode = np.concatenate([longer()[: at(70)], stranger()[at(70) :]])
    assert match(known, bands(episode)).probability < 0.2
    assert match(known, bands(longer()[: at(100)])).probability > 0.95


@pytest.mark.parametrize(
    ("mapped", "shorter", "anno", "right"),
    [
        (90, 90, 1400, False),  # an opening song alone
        (90, 1400, 1400, False),  # another episode
        (490, 1400, 1400, False),  # one that shares a third
        (300, 300, 7200, True),  # five minutes of the film, all explained
        (2700, 2700, 5400, True),  # one disc of two
        (4000, 5400, 5400, True),  # a copy with other pieces in it
    ],
)
def test_how_much_must_be_shared(mapped: float, shorter: float, anno: float, right: bool) -> None:
    found = probability(mapped, 0.9 * mapped, shorter, anno, 10 * mapped, 0.0)
    assert found > 0.95 if right else found < 0.1
