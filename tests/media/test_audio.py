"""Channel rules, 16 bit, resampling and hashes."""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
import pytest

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.audio import (
    AudioParams,
    channel_names,
    channel_rule,
    guard_samples,
    pcm_sha256,
    render,
    to_pcm,
    write_flac,
)
from mmdia.media.index import build_index
from mmdia.media.sound import SoundRange, SoundReader, iter_sound
from mmdia.media.verify import check_audio
from mmdia.media.window import Window
from tests.media import film

SIX = channel_names("5.1(side)", 6)


def tone(level: float, n: int = 100) -> np.ndarray:
    return np.full(n, level, np.float32)


def test_mono_takes_a_centre_that_is_heard() -> None:
    samples = np.stack([tone(0.5), tone(0.5), tone(0.01), tone(0.3), tone(0.2), tone(0.2)])
    weights, rule = channel_rule(samples, SIX, "mono")
    assert rule == "fc"
    assert (weights @ samples == samples[2]).all()


def test_mono_mixes_when_the_centre_is_silent() -> None:
    samples = np.stack([tone(1.0), tone(1.0), tone(0.0005), tone(1.0), tone(1.0), tone(1.0)])
    weights, rule = channel_rule(samples, SIX, "mono")
    assert rule == "itu"
    assert weights[0] == pytest.approx(np.array([0.70711, 0.70711, 1, 0, 0.5, 0.5]) / 3.41421, abs=1e-5)
    assert channel_rule(samples * 0, SIX, "mono")[1] == "fc"


def test_no_downmix_can_clip() -> None:
    for layout, channels in (("5.1", 6), ("7.1", 8), ("stereo", 2), ("2.1", 3), ("4 channels", 4)):
        names = channel_names(layout, channels)
        for wish in ("mono", "stereo"):
            samples = np.ones((channels, 4), np.float32)
            if "FC" in names:
                samples[list(names).index("FC")] = 0
            weights, _ = channel_rule(samples, names, wish)
            if weights is not None:
                assert np.abs(weights).sum(axis=1) == pytest.approx(np.ones(len(weights)))


@pytest.mark.parametrize(
    ("layout", "channels", "wish", "rule"),
    [
        ("mono", 1, "mono", "mono"),
        ("stereo", 2, "mono", "itu"),
        ("2 channels", 2, "mono", "itu"),
        ("stereo", 2, "stereo", "stereo"),
        ("mono", 1, "stereo", "mono"),
        ("5.1", 6, "stereo", "itu"),
        ("5.1", 6, "keep", "keep"),
    ],
)
def test_rules_by_layout(layout: str, channels: int, wish, rule: str) -> None:
    samples = np.ones((channels, 48), np.float32) * 0.5
    window = Window(Fraction(0), Fraction(1, 1000))
    pcm, told = render(samples, layout, 48000, window, AudioParams(None, wish))
    assert told == rule
    assert pcm.shape == (48, {"mono": 1, "stereo": 2, "keep": channels}[wish])


def test_sixteen_bit_is_exact_where_the_source_is() -> None:
    pcm = np.arange(-32768, 32768, dtype=np.int16)[:, None]
    floats = (pcm.T / 32768).astype(np.float32)
    assert (to_pcm(floats) == pcm).all()
    assert to_pcm(np.array([[2.0, -2.0]], np.float32)).ravel().tolist() == [32767, -32768]


def test_flac_goes_by_its_content_not_its_name(tmp_path) -> None:
    pcm = to_pcm(film.noise(2, 4800))
    write_flac(tmp_path / "clip.part", pcm, 24000)
    assert (tmp_path / "clip.part").read_bytes()[:4] == b"fLaC"
    assert check_audio(tmp_path / "clip.part") == (24000, 4800, pcm_sha256(pcm))
    assert pcm_sha256(pcm) == hashlib.sha256(pcm.astype("<i2").tobytes()).hexdigest()
    (tmp_path / "broken").write_bytes((tmp_path / "clip.part").read_bytes()[:200])
    with pytest.raises(MediaUnreadable):
        check_audio(tmp_path / "broken")


@pytest.mark.parametrize(
    ("source", "rate"), [(48000, 24000), (44100, 24000), (48000, 16000), (8000, 24000)]
)
def test_resampling_keeps_place_and_length(source: int, rate: int) -> None:
    guard = guard_samples(source, rate)
    assert (guard * rate) % source == 0
    window = Window(Fraction(1), Fraction(3, 2))
    at = np.arange(source - guard, source * 3 // 2 + guard) / source
    samples = np.sin(2 * np.pi * 440 * at)[None].astype(np.float32) * 0.5
    pcm, _ = render(samples, "mono", source, window, AudioParams(rate))
    meant = np.sin(2 * np.pi * 440 * (1 + np.arange(rate // 2) / rate)) * 0.5
    assert len(pcm) == rate // 2
    assert np.abs(pcm[:, 0] / 32768 - meant).max() < 2e-4


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(UsageError):
        AudioParams(100)
    with pytest.raises(UsageError):
        AudioParams(24000, "5.1")  # type: ignore[arg-type]


@pytest.mark.slow
def test_ranges_come_out_the_same_however_they_are_asked_for(films) -> None:
    index = build_index(films["base.mkv"])
    spans = {
        "a": (-100, 5000),
        "b": (4000, 90000),
        "c": (4000, 90001),
        "d": (380000, 400000),
        "e": (50, 51),
    }
    with SoundReader(films["base.mkv"], index, [SoundRange(k, *s) for k, s in spans.items()]) as reader:
        blocks = {b.key: b for b in reader.advance()}
    assert set(blocks) == set(spans)
    for key, (first, last) in spans.items():
        with SoundReader(films["base.mkv"], index, [SoundRange(key, first, last)]) as reader:
            (alone,) = reader.advance()
        assert alone.samples.shape == (2, last - first)
        assert np.array_equal(alone.samples, blocks[key].samples)
    assert (blocks["b"].samples == blocks["c"].samples[:, :-1]).all()
    assert blocks["b"].missing(4000, 9000) == 0
    missing = blocks["d"].missing(380000, 400000)
    assert 0 < missing < 20000
    assert (blocks["d"].samples[:, -missing:] == 0).all()


def test_sound_is_decoded_only_as_far_as_asked(films) -> None:
    index = build_index(films["base.mp4"])
    ranges = [SoundRange("late", 300000, 301000), SoundRange("early", 1000, 2000)]
    with SoundReader(films["base.mp4"], index, ranges) as reader:
        assert [b.key for b in reader.advance(2000)] == ["early"]
        assert list(reader.advance(2000)) == []
        assert [b.key for b in reader.advance()] == ["late"]


@pytest.mark.slow
def test_the_whole_track_in_blocks(films) -> None:
    index = build_index(films["base.mp4"])
    blocks = list(iter_sound(films["base.mp4"], index, block_s=3.0))
    assert [b.key for b in blocks] == [0, 1, 2]
    joined = np.concatenate([b.samples for b in blocks], axis=1)
    reference = film.noise(2)
    assert joined.shape[1] == pytest.approx(reference.shape[1], abs=1024)
    assert film.place_of(joined[0, 48000:], 48000, reference[0], 48000) == 48000


def test_a_file_without_sound_has_none_to_read(films) -> None:
    index = build_index(films["silent.mp4"])
    with pytest.raises(MediaUnreadable, match="no sound"):
        SoundReader(films["silent.mp4"], index, [])
