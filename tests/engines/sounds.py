"""Sound for the tests of what listens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

RATE = 16_000
Samples = npt.NDArray[np.float32]


def blocks(samples: Samples, sizes: list[int]) -> Iterator[Samples]:
    """The samples in blocks of the sizes given, over and over."""
    at = k = 0
    while at < len(samples):
        size = max(1, sizes[k % len(sizes)])
        yield samples[at : at + size]
        at, k = at + size, k + 1


def hum(seconds: float, seed: int = 0, level: float = 0.002) -> Samples:
    """Noise."""
    return (np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * level).astype(np.float32)


def said(shared_data: Path, name: str) -> Samples:
    """A recording of speech at 16 kHz."""
    path = shared_data / "speech" / name
    if not path.is_file():
        pytest.skip(f"no such recording: {path}")
    samples, rate = soundfile.read(path, dtype="float32")
    mono = samples if samples.ndim == 1 else samples.mean(axis=1)
    if rate != RATE:
        import soxr

        mono = soxr.resample(mono, rate, RATE)
    return np.asarray(mono, np.float32)
