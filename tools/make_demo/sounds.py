"""Every sound that is not a voice, as float samples at 48 kHz: numpy in, numpy out, no chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
Floats = NDArray[np.float64]


def noise(n: int, seed: int) -> Floats:
    """Uniform white noise in -1..1 from a 32-bit mix of the index (no library's generator)."""
    x = np.arange(n, dtype=np.uint64) + np.uint64(seed * 1_000_003 + 1)
    x = (x ^ (x >> np.uint64(16))) * np.uint64(0x45D9F3B) & np.uint64(0xFFFFFFFF)
    x = (x ^ (x >> np.uint64(16))) * np.uint64(0x45D9F3B) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return x.astype(np.float64) / 2**31 - 1


def band(x: Floats, low: float, high: float) -> Floats:
    """Keeps low..high Hz (soft edges)."""
    size = 1 << (len(x) + 4800).bit_length()
    f = np.fft.rfftfreq(size, 1 / RATE)
    gain = 1 / (1 + (f / high) ** 8) * (1 - 1 / (1 + (f / max(low, 1e-3)) ** 8))
    return np.asarray(np.fft.irfft(np.fft.rfft(x, size) * gain, size)[: len(x)])


def level(x: Floats, db: float) -> Floats:
    """Scaled to an RMS of `db` dBFS."""
    rms = float(np.sqrt(np.mean(x**2))) if len(x) else 0.0
    return x * (10 ** (db / 20) / rms) if rms > 0 else x


def fade(x: Floats, rise: float, fall: float) -> Floats:
    """Raised-cosine ends, in seconds."""
    out = x.copy()
    a, b = min(int(rise * RATE), len(x)), min(int(fall * RATE), len(x))
    if a:
        out[:a] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(a) / a)
    if b:
        out[-b:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(b) / b)
    return out


def sigh(seconds: float, voice: str) -> Floats:
    """A breath out: falling coloured noise."""
    n = int(seconds * RATE)
    t = np.arange(n) / n
    low = 380 if voice in ("rms", "awb") else 520
    breath = band(noise(n, 11), low, 2_600) * np.exp(-2.2 * t) + 0.5 * band(
        noise(n, 12), 250, 900
    ) * t * np.exp(-3 * t)
    return level(fade(breath, 0.12, 0.25), -33)


def gasp(seconds: float, voice: str) -> Floats:
    """A quick breath in."""
    n = int(seconds * RATE)
    t = np.arange(n) / n
    return level(fade(band(noise(n, 13), 700, 4_200) * t**1.5, 0.05, 0.04), -29)


def bell() -> Floats:
    """The shop bell over the office door, twice."""
    n = int(0.7 * RATE)
    t = np.arange(n) / RATE
    one = sum(np.sin(2 * np.pi * f * t) * np.exp(-t * d) for f, d in ((1180, 7), (2360, 9), (3120, 14)))
    out = np.asarray(one).copy()
    out[int(0.16 * RATE) :] += 0.7 * np.asarray(one)[: n - int(0.16 * RATE)]
    return level(fade(out, 0.002, 0.1), -27)


def horn() -> Floats:
    """A train horn: two tones, far away."""
    n = int(1.3 * RATE)
    t = np.arange(n) / RATE
    out = sum(np.sin(2 * np.pi * f * t * k) / k for f in (311.1, 369.99) for k in (1, 2, 3))
    return level(fade(np.asarray(out), 0.08, 0.3), -27)


def static(seconds: float) -> Floats:
    """Radio static."""
    return level(fade(band(noise(int(seconds * RATE), 14), 500, 3_000), 0.01, 0.03), -32)


def radio_voice(x: Floats) -> Floats:
    """A voice through a small loudspeaker: telephone band, a little clipped."""
    narrow = band(x, 420, 2_900)
    peak = float(np.abs(narrow).max()) or 1.0
    return np.asarray(np.tanh(narrow / peak * 2.2) * peak / 2.2)


def tannoy_voice(x: Floats) -> Floats:
    """A voice in a station hall: band-limited, with an echo."""
    narrow = np.concatenate([band(x, 300, 3_400), np.zeros(int(0.28 * RATE))])
    out = narrow.copy()
    for delay, gain in ((0.11, 0.35), (0.19, 0.2)):
        k = int(delay * RATE)
        out[k:] += gain * narrow[:-k]
    return out


_CHORDS = ((57, 60, 64, 67), (53, 57, 60, 64), (55, 59, 62, 67), (52, 55, 59, 64))


def piano(seconds: float) -> Floats:
    """The music bed: slow broken chords of a soft electric piano."""
    n = int(seconds * RATE)
    out = np.zeros(n + 3 * RATE)
    beat, at, step = 0.5, 0.0, 0
    while at < seconds - 0.4:
        chord = _CHORDS[(step // 4) % len(_CHORDS)]
        note = chord[(0, 2, 1, 3)[step % 4]]
        f = 440 * 2 ** ((note - 69) / 12)
        t = np.arange(2 * RATE) / RATE
        tone = (np.sin(2 * np.pi * f * t) + 0.35 * np.sin(4 * np.pi * f * t) * np.exp(-4 * t)) * np.exp(
            -1.9 * t
        )
        tone[:240] *= np.arange(240) / 240
        k = int(at * RATE)
        out[k : k + len(tone)] += tone
        at += beat
        step += 1
    return level(fade(out[:n], 0.4, 1.2), -33)


def rain(seconds: float) -> Floats:
    """Rain on a roof, low and even."""
    return level(fade(band(noise(int(seconds * RATE), 15), 150, 1_600), 0.3, 0.3), -48)


def hum(seconds: float) -> Floats:
    """An engine idling behind the platform."""
    t = np.arange(int(seconds * RATE)) / RATE
    out = np.sin(2 * np.pi * 55 * t) + 0.5 * np.sin(2 * np.pi * 110 * t + 1) * (
        1 + 0.3 * np.sin(2 * np.pi * 3 * t)
    )
    return level(fade(out, 0.4, 0.4), -44)
