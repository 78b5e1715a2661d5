"""Sound that changes on the way: guessed stamps, other rates, other channels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from mmdia.media.index import MediaIndex, build_index
from mmdia.media.sound import SoundRange, SoundReader
from tests.media import film

RATE = film.RATE


def coded(
    codec: str, samples: np.ndarray, rate: int = RATE, layout: str = "mono"
) -> list[tuple[bytes, Fraction]]:
    """Packets of samples (channels, n) and how long each lasts, seconds."""
    context = av.CodecContext.create(codec, "w")
    context.sample_rate, context.layout = rate, layout
    context.format, context.time_base = context.codec.audio_formats[0], Fraction(1, rate)
    context.bit_rate = 192_000 * len(samples)
    context.options = {"aac_pns": "0"} if codec == "aac" else {}
    context.open()
    fifo = av.AudioFifo()
    whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
    whole.sample_rate = rate
    for frame in av.AudioResampler(context.format, layout, rate).resample(whole):
        frame.pts = None
        fifo.write(frame)
    out, size = [], context.frame_size or 512
    while chunk := fifo.read(size):
        chunk.pts = len(out) * size
        out += context.encode(chunk)
    return [(bytes(p), Fraction(size, rate)) for p in [*out, *context.encode(None)]]


def write(
    path: Path,
    codec: str,
    packets: list[tuple[bytes, Fraction]],
    lace: int = 1,
    guessed_s: float = 0,
    layout: str = "mono",
) -> None:
    """A track of packets in a row, of which each `lace` share a true stamp and the others a guessed one."""
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as out:
        stream = out.add_stream(codec, rate=RATE, layout=layout)
        stream.codec_context.open()
        at, block = Fraction(0), Fraction(0)
        for number, (data, length) in enumerate(packets):
            block = at if number % lace == 0 else block
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = round((block + Fraction(guessed_s) * (number % lace)) * 1000)
            packet.is_keyframe = True
            out.mux(packet)
            at += length


def read(path: Path, **more) -> tuple[MediaIndex, np.ndarray]:
    index = build_index(path)
    assert index.audio is not None
    last = round(index.audio.end_s * index.audio.rate)
    with SoundReader(path, index, [SoundRange(0, 0, last, **more)]) as reader:
        (block,) = reader.advance()
    return index, block.samples


def likeness(got: np.ndarray, meant: np.ndarray, reach: int = 400) -> tuple[int, float]:
    """Lag (samples) at which `got` is most like `meant`, and the correlation there."""
    n = 1 << int(np.ceil(np.log2(2 * len(meant))))
    corr = np.fft.irfft(np.fft.rfft(got, n) * np.conj(np.fft.rfft(meant, n)))
    near = np.concatenate([corr[-reach:], corr[: reach + 1]])
    best = int(np.argmax(near))
    return best - reach, float(near[best] / (np.linalg.norm(got) * np.linalg.norm(meant) + 1e-9))


def pieces_are_whole(
    got: np.ndarray, meant: np.ndarray, lag: int, skip: tuple[float, float] = (0, 0)
) -> None:
    """Every 50 ms of `got` is the same stretch of `meant`, but for seconds of `skip`."""
    step = RATE // 20
    for at in range(step, min(len(got), len(meant)) - 2 * step, step):
        if skip[0] <= at / RATE <= skip[1]:
            continue
        one, two = got[at + lag : at + lag + step], meant[at : at + step]
        alike = float(one @ two) / float(np.linalg.norm(one) * np.linalg.norm(two))
        assert alike > 0.9, f"second {at / RATE:.2f}: {alike:.2f}"


@pytest.mark.parametrize(("lace", "guessed_s"), [(8, 0.010), (8, 0.011), (20, 0.010), (1, 0)])
def test_laced_sound_is_one_run(tmp_path, lace: int, guessed_s: float) -> None:
    """PCM in packets of DTS's size: placed by decoded frames, as DTS is."""
    sound = film.noise(1, 3 * RATE)
    write(tmp_path / "a.mkv", "pcm_s16le", coded("pcm_s16le", sound), lace, guessed_s)
    index, got = read(tmp_path / "a.mkv")
    assert index.audio is not None
    assert index.audio.runs == ()
    lag, _ = likeness(got[0, RATE:], sound[0, RATE : got.shape[1]])
    assert abs(lag) <= 0.003 * RATE
    whole = np.roll(got[0], -lag)[RATE : 2 * RATE]
    assert np.abs(whole - sound[0, RATE : 2 * RATE]).max() < 1e-4, "no seam anywhere"


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "lace"), [("aac", 1), ("aac", 15), ("ac3", 1), ("libmp3lame", 1)])
@pytest.mark.parametrize(("one", "two"), [(48000, 44100), (48000, 32000)])
def test_another_rate_halfway_is_heard_at_its_own_pitch(tmp_path, codec, lace, one, two) -> None:
    sound = film.noise(1, 12 * RATE)
    half = 6 * RATE
    other = soxr.resample(sound[0, half:], RATE, two, quality="VHQ")[None].astype(np.float32)
    first = coded(codec, sound[:, :half])
    packets = first + coded(codec, other, two)
    # Of AAC the packets do not say their rate, and the header keeps to the first.
    write(tmp_path / "a.mkv", codec, packets, lace, 1024 / RATE if lace > 1 else 0)
    index, got = read(tmp_path / "a.mkv")
    assert index.audio is not None
    assert (index.audio.rate, index.audio.runs) == (RATE, ())
    before, _ = likeness(got[0, RATE:half], sound[0, RATE:half], 3000)
    pieces_are_whole(got[0, :half], sound[0, :half], before, (5.6, 6))
    joint = sum(length for _, length in first)
    place = round(joint * RATE)
    tail = got[0, place : place + 5 * RATE]
    if (codec, two) == ("aac", 32000):
        # Read by the tables of 48 kHz it is noise, so it is none.
        assert not tail[RATE // 10 :].any()
        return
    lag, alike = likeness(tail, sound[0, half : half + len(tail)], 6000)
    assert alike > 0.9
    pieces_are_whole(tail, sound[0, half:], lag, (0, 0.3))
