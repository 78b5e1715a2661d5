"""Sound that changes on the way: guessed stamps, other rates, other channels."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

from mmdia.media.cut import ClipRequest, cut_media
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


def with_another_rate(codec: str, sound: np.ndarray, two: int) -> tuple[list, list]:
    """Packets of the first half of a sound, and of all of it, the second half at another rate."""
    half = sound.shape[1] // 2
    other = soxr.resample(sound[0, half:], RATE, two, quality="VHQ")[None].astype(np.float32)
    first = coded(codec, sound[:, :half])
    return first, first + coded(codec, other, two)


@pytest.mark.slow
@pytest.mark.parametrize("two", [44100, 32000])
@pytest.mark.parametrize("lace", [1, 15])
def test_another_rate_that_nothing_but_stamps_tells_is_refused(tmp_path, two: int, lace: int) -> None:
    """Of AAC the packets do not say their rate, and the header keeps to the first."""
    _, packets = with_another_rate("aac", film.noise(1, 12 * RATE), two)
    write(tmp_path / "a.mkv", "aac", packets, lace, 1024 / RATE if lace > 1 else 0)
    index, told = build_index(tmp_path / "a.mkv"), {}
    spans = {"before": (1.0, 3.0), "after": (7.0, 9.5)}
    wanted = [ClipRequest(key, *span, tmp_path / f"{key}.flac") for key, span in spans.items()]
    cut_media(tmp_path / "a.mkv", wanted, index=index, on_clip=lambda r: told.update({r.key: r.error_code}))
    assert told == {"before": None, "after": "not_proven"}


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["ac3", "libmp3lame"])
@pytest.mark.parametrize("two", [44100, 32000])
def test_another_rate_halfway_is_heard_at_its_own_pitch(tmp_path, codec: str, two: int) -> None:
    sound = film.noise(1, 12 * RATE)
    half = 6 * RATE
    first, packets = with_another_rate(codec, sound, two)
    write(tmp_path / "a.mkv", codec, packets)
    index, got = read(tmp_path / "a.mkv")
    assert index.audio is not None
    assert (index.audio.rate, index.audio.runs) == (RATE, ())
    before, _ = likeness(got[0, RATE:half], sound[0, RATE:half], 3000)
    pieces_are_whole(got[0, :half], sound[0, :half], before, (5.6, 6))
    joint = sum(length for _, length in first)
    place = round(joint * RATE)
    tail = got[0, place : place + 5 * RATE]
    lag, alike = likeness(tail, sound[0, half : half + len(tail)], 6000)
    assert alike > 0.9
    pieces_are_whole(tail, sound[0, half:], lag, (0, 0.3))


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def voices(channels: int, voice: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The voice where films have it, another sound in the surrounds."""
    out = np.zeros((channels, len(voice)), np.float32)
    for k in range(channels):
        out[k] = 0.2 * other
    for k in [2] if channels == 6 else range(channels):
        out[k] = voice
    return out


@pytest.mark.parametrize("wish", ["mono", "stereo", "keep"])
@pytest.mark.parametrize(("one", "two"), [(6, 2), (2, 6), (2, 1), (1, 2), (6, 1), (1, 6)])
def test_where_channels_change_sound_goes_on_at_its_level(tmp_path, one: int, two: int, wish: str) -> None:
    voice, other = film.noise(2, 4 * RATE) * 0.5
    half = 2 * RATE
    packets = coded("ac3", voices(one, voice, other)[:, :half], RATE, LAYOUTS[one])
    joint = round(sum(length for _, length in packets) * RATE)
    packets += coded("ac3", voices(two, voice, other)[:, half:], RATE, LAYOUTS[two])
    write(tmp_path / "a.mkv", "ac3", packets, layout=LAYOUTS[one])
    index = build_index(tmp_path / "a.mkv")
    assert index.audio is not None
    assert index.audio.channels == one
    span = (RATE, joint + RATE)
    ranges = [
        SoundRange(0, *span, rule=wish, everything=True),
        SoundRange(1, *span, rule=wish),
        SoundRange(2, *span),
        SoundRange(3, joint + RATE // 4, joint + RATE, rule=wish),
    ]
    with SoundReader(tmp_path / "a.mkv", index, ranges) as reader:
        blocks = {block.key: block for block in reader.advance()}
    got = blocks[1].samples
    assert np.array_equal(blocks[0].samples, got)
    assert np.array_equal(got if wish == "keep" else blocks[0].whole, blocks[2].samples)
    assert got.shape == ({"mono": 1, "stereo": 2, "keep": one}[wish], span[1] - span[0])
    assert blocks[1].missing(*span) == 0
    if wish == "mono":
        alike = {1: "mono", 2: "itu", 6: "fc"}
        assert blocks[1].rule == "+".join(dict.fromkeys([alike[one], alike[two]]))
    # Away from the joint the second stretch is what it is in a window of its own.
    assert np.array_equal(got[:, joint + RATE // 4 - span[0] :], blocks[3].samples)
    for at in range(0, got.shape[1] - 2400, 2400):
        loud = np.sqrt((got[:, at : at + 2400] ** 2).mean(axis=1)).max()
        # The downmix to two channels divides by the sum of its weights.
        assert loud > (0.05 if wish == "mono" else 0.02), f"silent at {at}"
    if wish == "mono":
        levels = [float(np.sqrt((part**2).mean())) for part in (got[:, : half // 2], got[:, -half // 2 :])]
        assert levels[1] == pytest.approx(levels[0], rel=0.1), "the voice keeps its level"
