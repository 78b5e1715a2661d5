"""Sound that is rich enough to be recognised, made quickly: noise bands that flicker, and a melody."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

RATE = 8000


def scene(seed: int, seconds: float) -> np.ndarray:
    """float32 (n,) at RATE: twelve bands of noise with envelopes of their own, and tones."""
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    out = np.zeros(n)
    edges = np.geomspace(150, 3800, 13)
    steps = np.arange(0, seconds + 1, 0.12)
    for low, high in pairwise(edges):
        band = np.fft.irfft(np.where((hertz >= low) & (hertz < high), spectrum, 0), n)
        loud = np.exp(1.2 * rng.standard_normal(len(steps)))
        out += band / band.std() * np.interp(t, steps, loud)
    notes = 220 * 2 ** (rng.integers(0, 24, len(steps)) / 12)
    phase = 2 * np.pi * np.cumsum(np.repeat(notes, 1 + n // len(steps))[:n]) / RATE
    out += 2 * np.sin(np.pad(phase, (0, n - len(phase)), mode="edge"))
    return (0.1 * out / out.std()).clip(-1, 1).astype(np.float32)


def noisy(samples: np.ndarray, db: float, seed: int = 1) -> np.ndarray:
    """The same with white noise `db` below it."""
    level = samples.std() * 10 ** (-db / 20)
    return samples + (level * np.random.default_rng(seed).standard_normal(len(samples))).astype(np.float32)
