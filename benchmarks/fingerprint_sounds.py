"""Sound tracks and copies for the fingerprint benchmark: made up, edited, sped up, spoilt, encoded."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr

RATE = 24000
WORDS = (
    "time river garden window never always morning police doctor letter captain money listen please "
    "somebody tomorrow mother brother yellow station forget remember hundred paper building water "
    "engine murder dinner chicken beautiful terrible question answer because without under between "
    "father sister winter summer journey village soldier machine silver trouble promise believe "
    "nothing everything danger weather holiday cigarette president hospital telephone quickly "
).split()
KINDS = ["talk", "talkmusic", "music", "action", "quiet", "silence"]
VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb+m3", "en-us+m5", "en-gb+f2", "de", "fr", "es")


def speech(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """One utterance at RATE."""
    text = " ".join(rng.choice(WORDS, size=max(2, int(seconds * 2.4))))
    if (shutil.which("espeak-ng") and rng.random() < 0.7) or not shutil.which("flite"):
        if shutil.which("espeak-ng"):
            pitch, pace = str(rng.integers(25, 75)), str(rng.integers(140, 190))
            voice = str(rng.choice(VOICES))
            return _run("espeak-ng", "-v", voice, "-p", pitch, "-s", pace, "--stdout", text)
        return _babble(rng, seconds)
    with tempfile.NamedTemporaryFile(suffix=".wav") as out:
        voice = str(rng.choice(["slt", "kal", "rms", "awb"]))
        _run("flite", "-voice", voice, "-t", text, "-o", out.name)
        return _wave(Path(out.name).read_bytes())


def _run(*command: str) -> np.ndarray:
    said = subprocess.run(command, capture_output=True, check=True).stdout
    return _wave(said) if said else np.zeros(0, np.float32)


def _wave(raw: bytes) -> np.ndarray:
    samples, rate = soundfile.read(io.BytesIO(raw), dtype="float32")
    samples = soxr.resample(samples, rate, RATE)
    return samples / (np.sqrt((samples**2).mean()) + 1e-6) * 0.08


def _babble(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Speech-like sound: a buzz through moving resonances, in syllables."""
    n, out = round(seconds * RATE), []
    while sum(map(len, out)) < n:
        length = int(rng.uniform(0.08, 0.3) * RATE)
        t = np.arange(length) / RATE
        pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 4) * t))
        phase = 2 * np.pi * np.cumsum(pitch) / RATE
        formants = rng.uniform([300, 900, 2000], [800, 2000, 3200])
        loud = [sum(np.exp(-(((k * 150 - f) / 150) ** 2)) for f in formants) for k in range(1, 22)]
        tone = sum(np.sin(k * phase) * level for k, level in enumerate(loud, 1))
        out.append(tone * np.hanning(length))
        if rng.random() < 0.4:
            out.append(rng.standard_normal(int(0.05 * RATE)) * 0.2)
    samples = np.concatenate(out)[:n].astype(np.float32)
    return samples / (np.sqrt((samples**2).mean()) + 1e-6) * 0.08


def music(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Chords and a melody in some tempo and key."""
    n = round(seconds * RATE)
    out = np.zeros(n + 4 * RATE, np.float32)
    beat, root = rng.uniform(0.3, 0.8), 110 * 2 ** (rng.integers(0, 12) / 12)
    scale = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16])
    at = 0.0
    while at < seconds:
        notes = [int(rng.choice(scale))] + (list(rng.choice(scale, 3) - 12) if rng.random() < 0.4 else [])
        length = int(beat * rng.choice([1, 2, 3]) * RATE)
        t = np.arange(length) / RATE
        for note in notes:
            f = root * 2 ** (note / 12)
            tone = sum(np.sin(2 * np.pi * f * k * t) / k ** rng.uniform(0.8, 2) for k in range(1, 7))
            k = int(at * RATE)
            shape = np.exp(-t * rng.uniform(0.5, 4)) * np.minimum(1, t * 80)
            out[k : k + length] += (tone * shape).astype("f4")
        if rng.random() < 0.3:
            hit = rng.standard_normal(4000) * np.exp(-np.arange(4000) / 700)
            out[int(at * RATE) : int(at * RATE) + 4000] += 0.5 * hit.astype("f4")
        at += beat * rng.choice([0.5, 1, 1, 2])
    out = out[:n]
    return out / (np.sqrt((out**2).mean()) + 1e-6) * 0.06


def effects(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Wind or traffic with bangs, steps and whistles over it."""
    n = round(seconds * RATE)
    noise = np.cumsum(rng.standard_normal(n)).astype(np.float32)
    noise -= np.convolve(noise, np.ones(400) / 400, "same")
    marks = np.arange(0, n + RATE, RATE)
    swell = 1 + 0.7 * np.interp(np.arange(n), marks, rng.standard_normal(len(marks)))
    out = noise / noise.std() * 0.01 * np.abs(swell)
    for _ in range(int(seconds * rng.uniform(0.3, 1.5))):
        k, length = int(rng.integers(0, n)), int(rng.uniform(0.05, 0.8) * RATE)
        t = np.arange(length) / RATE
        if rng.random() < 0.6:
            hit = rng.standard_normal(length) * np.exp(-t * rng.uniform(5, 60))
            hit = np.convolve(hit, rng.standard_normal(24) * np.hanning(24), "same")
        else:
            hit = np.sin(2 * np.pi * (rng.uniform(200, 2500) * t + rng.uniform(-800, 800) * t * t))
            hit = hit * np.hanning(length) * 3
        out[k : k + length] += (hit * rng.uniform(0.01, 0.1))[: n - k]
    return out.astype(np.float32)


@dataclass
class Film:
    """A sound track in stems: what a dub keeps, and what it replaces."""

    bed: np.ndarray
    voice: np.ndarray
    quiet: list[tuple[float, float]] = field(default_factory=list)

    @property
    def mix(self) -> np.ndarray:
        """Both together."""
        return np.clip(self.bed + self.voice, -1, 1)


def make_film(seed: int, minutes: float) -> Film:
    """Scenes of 20-90 s: dialogue over effects, dialogue over music, music alone, quiet, silence."""
    rng = np.random.default_rng(seed)
    total = int(minutes * 60 * RATE)
    bed, voice = np.zeros(total, np.float32), np.zeros(total, np.float32)
    quiet, at = [], 0
    while at < total:
        kind = rng.choice(KINDS, p=[0.4, 0.2, 0.12, 0.14, 0.1, 0.04])
        n = min(total - at, int(rng.uniform(*((3, 9) if kind == "silence" else (15, 80))) * RATE))
        seconds = n / RATE
        if kind != "silence":
            level = 0.03 if kind == "quiet" else 1.0
            bed[at : at + n] += level * effects(rng, seconds)[:n] * rng.uniform(0.3, 2)
        if kind in ("talkmusic", "music", "action"):
            bed[at : at + n] += music(rng, seconds)[:n] * rng.uniform(0.2, 1.2)
        if kind in ("talk", "talkmusic", "action"):
            k = at + int(rng.uniform(0, 2) * RATE)
            while k < at + n - 2 * RATE:
                said = speech(rng, rng.uniform(1, 4)) * rng.uniform(0.3, 1.3)
                said = said[: at + n - k]
                voice[k : k + len(said)] += said
                k += len(said) + int(rng.exponential(1.2) * RATE)
        if kind in ("quiet", "silence"):
            quiet.append((at / RATE, (at + n) / RATE))
        at += n
    return Film(bed, voice, quiet)


@dataclass
class Copy:
    """A copy and its truth: pieces (anno_start, anno_end, media second of anno_start), and the scale."""

    samples: np.ndarray
    pieces: list[tuple[float, float, float]]
    scale: float = 1.0

    def truth(self, t: float) -> float | None:
        """Media second of annotation second `t`, None where the copy lacks it."""
        for a, b, m in self.pieces:
            if a <= t < b:
                return m + self.scale * (t - a)
        return None


def edited(
    mix: np.ndarray,
    rng: np.random.Generator,
    cuts: int,
    inserts: int,
    insert_s: tuple[float, float],
    seed: int,
) -> Copy:
    """Take `cuts` stretches out and put `inserts` foreign ones in."""
    total = len(mix) / RATE
    marks = sorted(rng.uniform(0.04, 0.96, cuts + inserts) * total)
    kinds = rng.permutation(["cut"] * cuts + ["insert"] * inserts)
    parts, pieces, at, media = [], [], 0.0, 0.0
    for mark, kind in zip(marks, kinds, strict=True):
        mark = max(mark, at + 3)
        a, b = round(at * RATE), min(round(mark * RATE), len(mix))
        parts.append(mix[a:b])
        pieces.append((a / RATE, b / RATE, media / RATE))
        media += b - a
        at = b / RATE
        if kind == "cut":
            at = min(at + rng.uniform(1.5, 60), total)
        else:
            foreign = make_film(seed + 7919 + int(mark), rng.uniform(*insert_s) / 60).mix
            parts.append(foreign)
            media += len(foreign)
    a = round(at * RATE)
    parts.append(mix[a:])
    pieces.append((a / RATE, len(mix) / RATE, media / RATE))
    return Copy(np.concatenate(parts), pieces)


def resped(copy: Copy, scale: float, keep_pitch: bool) -> Copy:
    """Play it in `scale` times the time."""
    if keep_pitch:
        samples = _tempo(copy.samples, 1 / scale)
    else:
        samples = soxr.resample(copy.samples, RATE, RATE * scale, quality="HQ")
    return Copy(samples, [(a, b, m * scale) for a, b, m in copy.pieces], scale)


def _tempo(samples: np.ndarray, tempo: float) -> np.ndarray:
    graph = av.filter.Graph()
    form = f"sample_rate={RATE}:sample_fmt=flt:channel_layout=mono:time_base=1/{RATE}"
    source = graph.add("abuffer", form)
    change, sink = graph.add("atempo", f"{tempo:.9f}"), graph.add("abuffersink")
    source.link_to(change)
    change.link_to(sink)
    graph.configure()
    out, at = [], 0

    def drain() -> None:
        while True:
            try:
                out.append(sink.pull().to_ndarray().reshape(-1))
            except (av.BlockingIOError, av.EOFError):
                return

    for at in range(0, len(samples), 8192):
        part = np.ascontiguousarray(samples[None, at : at + 8192])
        frame = av.AudioFrame.from_ndarray(part, "flt", "mono")
        frame.sample_rate, frame.pts = RATE, at
        source.push(frame)
        drain()
    source.push(None)
    drain()
    return np.concatenate(out).astype(np.float32)


def lowpassed(samples: np.ndarray, hertz: float) -> np.ndarray:
    taps = np.sinc(2 * hertz / RATE * np.arange(-200, 201)) * np.hamming(401) * 2 * hertz / RATE
    size = 1 << 18
    spectrum, out = np.fft.rfft(taps, 2 * size), np.zeros(len(samples) + 2 * size, np.float32)
    for at in range(0, len(samples), size):
        part = np.fft.irfft(np.fft.rfft(samples[at : at + size], 2 * size) * spectrum)
        out[at : at + 2 * size] += part.astype(np.float32)
    return out[200 : 200 + len(samples)]


def noisy(samples: np.ndarray, db: float, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = np.sqrt((samples**2).mean()) * 10 ** (-db / 20)
    return samples + level * rng.standard_normal(len(samples)).astype(np.float32)


def encode(
    path: Path,
    samples: np.ndarray,
    codec: str = "aac",
    bit_rate: int = 64000,
    rate: int = 48000,
    stereo: bool = True,
) -> None:
    """Write through an encoder of PyAV."""
    samples = soxr.resample(np.clip(samples, -1, 1), RATE, rate).astype(np.float32)
    planes = np.stack([samples, samples * 0.9]) if stereo else samples[None]
    layout = "stereo" if stereo else "mono"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        if codec != "pcm_s16le":
            stream.bit_rate = bit_rate
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=rate)
        for at in range(0, planes.shape[1], 1 << 16):
            part = np.ascontiguousarray(planes[:, at : at + (1 << 16)])
            frame = av.AudioFrame.from_ndarray(part, "fltp", layout)
            frame.sample_rate, frame.pts = rate, at
            for piece in resampler.resample(frame):
                out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
