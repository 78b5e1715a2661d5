"""Decoding a track in parts gives what decoding all of it gives, and hangs on nothing else."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.media import sound, sound_entry
from mmdia.media.index import AudioIndex, build_index
from mmdia.media.sound import SoundRange, SoundReader
from mmdia.media.sound_entry import can_enter, plan_parts
from tests.media import film

RATE = 48000
CODECS = {
    "aac": ("m.mp4", "aac", 192_000),
    "aac.mkv": ("m.mkv", "aac", 192_000),
    "ac3": ("m.mkv", "ac3", 192_000),
    "eac3": ("m.mkv", "eac3", 192_000),
    "opus": ("m.mkv", "libopus", 128_000),
    "mp3": ("m.mkv", "libmp3lame", 192_000),
    "flac": ("m.mkv", "flac", None),
    "vorbis": ("m.mkv", "libvorbis", 192_000),
    "pcm": ("m.mov", "pcm_s16le", None),
}


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return film.noise(2, 60 * RATE // 8)


def write(path, codec: str, samples: np.ndarray, bit_rate: int | None) -> None:
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=RATE, layout="stereo")
        if bit_rate:
            stream.bit_rate = bit_rate
        if codec == "aac":
            stream.codec_context.options = {"aac_pns": "0"}
        fifo = av.AudioFifo()
        kind = stream.codec_context.format.name
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", "stereo")
        whole.sample_rate, whole.pts = RATE, 0
        for frame in av.AudioResampler(kind, "stereo", RATE).resample(whole):
            fifo.write(frame)
        size = stream.codec_context.frame_size or 1024
        while chunk := fifo.read(size, partial=fifo.samples < size):
            out.mux(stream.encode(chunk))
        out.mux(stream.encode())


def read(path, index, *spans: tuple[int, int]) -> list[np.ndarray]:
    ranges = [SoundRange(n, *span) for n, span in enumerate(spans)]
    with SoundReader(path, index, ranges) as reader:
        blocks = {b.key: b for b in reader.advance()}
    return [blocks[n].samples for n in range(len(spans))]


@pytest.mark.slow
@pytest.mark.parametrize("name", CODECS)
def test_place_and_bits_of_every_codec(name: str, noise, tmp_path, monkeypatch) -> None:
    ending, codec, bit_rate = CODECS[name]
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec}")
    monkeypatch.setattr(sound_entry, "_SEGMENT_S", 1.5)
    write(tmp_path / ending, codec, noise, bit_rate)
    index = build_index(tmp_path / ending)
    spans = [(70_000, 130_000), (100_000, 101_000), (250_000, 290_000), (290_000, 300_000)]
    together = read(tmp_path / ending, index, *spans)
    places: list[int] = []
    for span, samples in zip(spans, together, strict=True):
        (alone,) = read(tmp_path / ending, index, span)
        assert np.array_equal(alone, samples)
        if samples.shape[1] >= 24_000:
            # What the encoder put before the first sample counts as film; Matroska rounds it.
            guess, reach = (span[0] + places[0], 3) if places else (span[0], 1400)
            places.append(film.place_of(samples[0], RATE, noise[0], guess, reach) - span[0])
    assert max(places) - min(places) <= 1
    monkeypatch.setattr(sound, "can_enter", lambda index: False)
    for samples, whole in zip(together, read(tmp_path / ending, index, *spans), strict=True):
        # Dither and prediction differ by entry, places do not.
        assert np.abs(samples - whole).max() < (1e-6 if name in ("aac", "flac", "pcm") else 0.02)


def test_tracks_are_entered_where_that_is_safe(films) -> None:
    index = build_index(films["base.mp4"]).audio
    assert index is not None
    assert can_enter(index)
    assert not can_enter(replace(index, codec="vorbis"))
    assert not can_enter(replace(index, runs=()))
    assert not can_enter(replace(index, rate=24_000)), "its rate may double"
    assert not can_enter(replace(index, runs=((0, 0), (10, 5))))


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(-5000, 10_000_000), st.integers(0, 3_000_000)), max_size=6))
@settings(deadline=None)
def test_parts_hold_every_packet_that_is_wanted_and_start_at_fixed_places(spans) -> None:
    index = AudioIndex(1, 0, RATE, 2, "stereo", 1024, Fraction(0), 170.0, 8000, "aac", ((0, -1024),))
    ranges = [SoundRange(n, first, first + length) for n, (first, length) in enumerate(spans)]
    parts = plan_parts(index, ranges)
    assert parts == sorted(parts, key=lambda p: p.first)
    held = {n for p in parts for n in range(p.first, p.last + 1)}
    for want in ranges:
        for n in range(8000):
            at = n * 1024 - 1024
            if at < want.last and at + 1024 > want.first and want.last > want.first:
                assert n in held
    every = {p.first: p.entry for p in plan_parts(index, [SoundRange("all", 0, 10_000_000)])}
    assert all(every[p.first] == p.entry for p in parts)
