"""A small film in which every frame and every sample can be told apart.

Frames carry their number as 16 bright or dark cells along the top; the sound is band-limited
noise, so a clip's place in the film is the peak of a correlation. Made with PyAV alone.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile

from mmdia.media.edit_list import read_samples

FPS = Fraction(24000, 1001)
RATE = 48000
WIDTH, HEIGHT = 160, 96
N_FRAMES = 192
N_SAMPLES = N_FRAMES * 2002  # exactly as long as the picture
_CELLS = 20


def noise(channels: int = 2, n: int = N_SAMPLES, seed: int = 7) -> np.ndarray:
    """float32 (channels, n): noise below 8 kHz, another one in each channel."""
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft(rng.standard_normal((channels, n)), axis=1)
    spectrum[:, int(8000 * n / RATE) :] = 0
    out = np.fft.irfft(spectrum, n, axis=1)
    return (0.2 * out / out.std(axis=1, keepdims=True)).clip(-0.99, 0.99).astype(np.float32)


def draw(number: int) -> np.ndarray:
    """gray uint8 (HEIGHT, WIDTH) of frame `number`."""
    rng = np.random.default_rng(number // 37)
    picture = np.roll(rng.integers(60, 180, (HEIGHT // 8, WIDTH // 8)), number % 20, axis=1)
    picture = np.kron(picture, np.ones((8, 8))).astype(np.uint8)
    bits = [1, 0] + [(number >> b) & 1 for b in range(15, -1, -1)] + [0, 1]
    picture[:16] = np.repeat(np.where(bits, 215, 35), WIDTH // _CELLS)[None].astype(np.uint8)
    return picture


def read_number(gray: np.ndarray) -> int:
    """Frame number of a picture of any size."""
    height, width = gray.shape
    cell = width / _CELLS
    row = gray[int(height * 0.06) : int(height * 0.12)].astype(float).mean(axis=0)
    means = [row[int((i + 0.3) * cell) : int((i + 0.7) * cell)].mean() for i in range(_CELLS)]
    assert means[0] - means[1] > 60, "no stamp"
    bits = [m > (means[0] + means[1]) / 2 for m in means[2:18]]
    return int("".join("1" if b else "0" for b in bits), 2)


def write_film(
    path: Path, *, sound: np.ndarray | None, codec: str = "aac", gop: int = 60, tools: str = ""
) -> None:
    """H.264 with B-frames (and x264's `tools`), and `sound` (channels 1, 2 or 6)."""
    with av.open(str(path), "w") as out:
        options = {"preset": "superfast", "crf": "20", "bf": "3", "x264-params": tools}
        video = out.add_stream("libx264", rate=FPS, options=options)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.gop_size = gop
        video.codec_context.time_base = 1 / FPS
        packets = []
        for n in range(N_FRAMES):
            frame = av.VideoFrame.from_ndarray(draw(n), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = n, 1 / FPS
            packets += video.encode(frame)
        packets += video.encode()
        if sound is not None:
            layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(sound)]
            stream = out.add_stream(codec, rate=RATE, layout=layout)
            stream.bit_rate = 192_000 * len(sound)
            if codec == "aac":
                stream.codec_context.options = {"aac_pns": "0"}
            for at in range(0, sound.shape[1], 1024):
                piece = np.ascontiguousarray(sound[:, at : at + 1024])
                if codec == "flac":
                    whole = (piece.T * 32767).astype(np.int16).reshape(1, -1)
                    chunk = av.AudioFrame.from_ndarray(np.ascontiguousarray(whole), "s16", layout)
                else:
                    chunk = av.AudioFrame.from_ndarray(piece, "fltp", layout)
                chunk.sample_rate, chunk.pts, chunk.time_base = RATE, at, Fraction(1, RATE)
                packets += stream.encode(chunk)
            packets += stream.encode()
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            out.mux(packet)


def remux(
    source: Path,
    target: Path,
    *,
    shift_s: Fraction = Fraction(0),
    sound_s: Fraction = Fraction(0),
    vfr: bool = False,
) -> None:
    """The same packets in another container, shifted; `vfr` holds every 24th frame half a frame longer."""
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as given, av.open(str(target), "w", container_options=options) as out:
        pairs = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is None:
                continue
            stream = packet.stream
            base = stream.time_base
            if stream.type == "video":
                for name in ("pts", "dts"):
                    frame = round(getattr(packet, name) * base * FPS)
                    held = Fraction(frame // 24, 2) if vfr else 0
                    setattr(packet, name, round((Fraction(frame + held) / FPS + shift_s) / base))
            else:
                for name in ("pts", "dts"):
                    setattr(packet, name, getattr(packet, name) + round((shift_s + sound_s) / base))
            packet.stream = pairs[stream.index]
            out.mux(packet)


def numbers_of(path: Path) -> tuple[list[int], list[float]]:
    """Frame numbers shown by a clip and their stamps in seconds."""
    numbers, stamps = [], []
    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            numbers.append(read_number(frame.to_ndarray(format="gray")))
            stamps.append(float(frame.pts * frame.time_base))
    return numbers, stamps


def place_of(clip: np.ndarray, rate: int, reference: np.ndarray, guess: int, reach: int = 60) -> int:
    """Sample of `reference` (48 kHz mono) at which `clip` (mono) starts, near `guess`."""
    step = RATE // rate
    head = RATE  # a clip may start before the film's sound does
    padded = np.concatenate([np.zeros(head), reference])
    clip = clip[: rate // 2].astype(np.float64)
    shifts = range(max(guess - reach, -head), guess + reach + 1)
    phases = [np.ascontiguousarray(padded[phase::step]) for phase in range(step)]
    spans = {}
    for at in shifts:
        first = (head + at) // step
        spans[at] = phases[(head + at) % step][first : first + len(clip)]
    best = max(spans, key=lambda at: float(spans[at] @ clip))
    alike = float(spans[best] @ clip) / float(np.linalg.norm(spans[best]) * np.linalg.norm(clip))
    assert alike > 0.9, f"not the film's sound ({alike:.2f})"
    return best


def read_flac(path: Path) -> tuple[np.ndarray, int]:
    """float (n, channels) and rate."""
    with path.open("rb") as stream:
        return soundfile.read(stream, always_2d=True)


def described_twice(path: Path, folder: Path) -> int:
    """An mp4 whose second half has a sample description of its own; packets in the first half.

    The halves are coded by other tools of H.264, and their headers lie in the descriptions alone.
    """
    first, second, joined = folder / "first.mp4", folder / "second.mp4", folder / "joined.mp4"
    write_film(first, sound=None)
    write_film(second, sound=None, tools="cabac=0:8x8dct=0:ref=1", gop=40)
    with av.open(str(joined), "w") as out, av.open(str(first)) as one, av.open(str(second)) as two:
        stream = out.add_stream_from_template(one.streams.video[0])
        for part, given in enumerate((one, two)):
            for packet in given.demux(video=0):
                if packet.dts is not None:
                    shift = part * round(N_FRAMES / FPS / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, stream
                    out.mux(packet)
    raw, samples = joined.read_bytes(), read_samples(joined)["vide"]
    count = len(read_samples(first)["vide"].sizes)
    at = raw.index(b"moov") - 4
    assert at + int.from_bytes(raw[at : at + 4], "big") == len(raw)  # so no offset moves
    other = second.read_bytes()
    entry = other[
        (found := other.index(b"stsd") + 12) : found + int.from_bytes(other[found : found + 4], "big")
    ]

    def boxes(data: bytes) -> bytes:
        out, here = b"", 0
        while here < len(data):
            length, kind = struct.unpack(">I4s", data[here : here + 8])
            body = data[here + 8 : here + length]
            if kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
                body = boxes(body)
            elif kind == b"stsd":
                body = body[:4] + struct.pack(">I", 2) + body[8:] + entry
            elif kind == b"stsc":
                body = struct.pack(">8I", 0, 2, 1, 1, 1, count + 1, 1, 2)
            elif kind == b"stco":
                places = samples.offsets.tolist()
                body = struct.pack(f">{2 + len(places)}I", 0, len(places), *places)
            out, here = out + struct.pack(">I4s", len(body) + 8, kind) + body, here + length
        return out

    path.write_bytes(raw[:at] + boxes(raw[at:]))
    return count
