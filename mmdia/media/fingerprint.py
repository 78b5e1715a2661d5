"""What a film sounds like, as levels in narrow bands: the ground for fingerprints.

The sound is mixed to mono by the ITU weights (so that 5.1 and its stereo downmix agree), brought
to 8 kHz and cut into windows of 128 ms every 16 ms. Each window gives its power in 68 bands, a
sixteenth of an octave each, 180 to 3,420 Hz: what survives a telephone's low-pass. On this
logarithmic axis a change of pitch is a shift. Bits are made of it in `mmdia.align.fp_bits`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from mmdia.errors import UsageError
from mmdia.media.audio import Floats32, channel_names, channel_rule
from mmdia.media.index import MediaIndex
from mmdia.media.sound import iter_sound
from mmdia.schema.fingerprint import METHOD, SoundBands

#: Samples a second of the analysis.
RATE = 8000
#: Samples a window, and from one window to the next.
WINDOW, HOP = 1024, 128
#: Bands, bands an octave, and the lower edge of the lowest.
BANDS, PER_OCTAVE, LOW_HZ = 68, 16, 180.0

#: Decibels a step of a level, and the level of a sine of full scale.
_STEP_DB, _FULL = 0.4, 240
#: Windows that are transformed at once.
_BATCH = 512

Bytes = npt.NDArray[np.uint8]


def analyse_film(path: str | Path, index: MediaIndex) -> SoundBands:
    """Listen to the film's sound track once, from its start; memory does not grow with decoding.

    Args:
        path: The film.
        index: Its index, which chose the track.

    Raises:
        MediaUnreadable: The film cannot be read or has no sound.
    """
    return _analyse(_film_blocks(path, index), index.audio.rate if index.audio else RATE)


def analyse_samples(samples: Floats32, rate: int) -> SoundBands:
    """The same for samples in memory, float32 (n,) or (channels, n), full scale = 1.

    Raises:
        UsageError: The rate is not positive, or the samples have more than two axes.
    """
    if rate <= 0 or samples.ndim not in (1, 2):
        raise UsageError("sound is (n,) or (channels, n) at a positive rate", got=(samples.shape, rate))
    mono = samples if samples.ndim == 1 else samples.mean(axis=0)
    size = 20 * rate
    return _analyse((mono[at : at + size] for at in range(0, len(mono), size)), rate)


def _film_blocks(path: str | Path, index: MediaIndex) -> Iterator[Floats32]:
    layout = index.audio.layout if index.audio else "mono"
    for block in iter_sound(path, index):
        samples = block.samples
        yield samples[0] if len(samples) == 1 else _mono_weights(layout, len(samples)) @ samples


def _mono_weights(layout: str, channels: int) -> Floats32:
    """Weights (channels,) of the stereo downmix, both sides summed: what a stereo copy would give."""
    nothing = np.zeros((channels, 1), np.float32)
    weights, _ = channel_rule(nothing, channel_names(layout, channels), "stereo")
    mixed: Floats32 = np.full(channels, 0.5, np.float32) if weights is None else weights.mean(axis=0)
    return mixed


def _analyse(blocks: Iterator[Floats32], rate: int) -> SoundBands:
    """Levels of a track that comes in mono blocks."""
    stream = None if rate == RATE else soxr.ResampleStream(rate, RATE, 1, dtype="float32", quality="MQ")
    bank, out = _Bank(), []
    for block in blocks:
        mono = np.ascontiguousarray(block, np.float32)
        out += bank.push(mono if stream is None else stream.resample_chunk(mono))
    if stream is not None:
        out += bank.push(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    levels = b"".join(part.tobytes() for part in out)
    return SoundBands(levels, BANDS, HOP / RATE, WINDOW / 2 / RATE, LOW_HZ, METHOD)


class _Bank:
    """Turns a stream of samples at the analysis rate into levels."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.float32)
        taper = np.hanning(WINDOW + 1)[:-1]
        # A sine of full scale shows this power when its whole main lobe lies in one band.
        self._taper = (taper / np.sqrt((taper**2).sum() * WINDOW / 4)).astype(np.float32)
        self._cells, self._parts = _band_edges()

    def push(self, samples: Floats32) -> list[Bytes]:
        """Levels (n, bands) of the windows that became complete."""
        held = np.concatenate([self._held, samples])
        count = max(0, (len(held) - WINDOW) // HOP + 1)
        self._held = held[count * HOP :]
        if not count:
            return []
        windows = np.lib.stride_tricks.sliding_window_view(held, WINDOW)[::HOP]
        return [self._levels(windows[at : at + _BATCH]) for at in range(0, count, _BATCH)]

    def _levels(self, windows: Floats32) -> Bytes:
        low, high = int(self._cells[0]), int(self._cells[-1]) + 1
        spectrum = np.fft.rfft(windows * self._taper, axis=1)[:, low:high]
        power = np.square(spectrum.real, dtype=np.float32)
        power += np.square(spectrum.imag, dtype=np.float32)
        # Sums over whole bins, put right by the parts of the bins that the edges cut. (A matrix product
        # would do the same and wake a thread of the linear algebra library on every core.)
        cells = self._cells - low
        bands = np.add.reduceat(power, cells[:-1], axis=1)
        bands[:, -1] -= power[:, -1]
        cut = power[:, cells] * self._parts
        bands += cut[:, 1:] - cut[:, :-1]
        steps = np.log10(np.maximum(bands, 1e-12)) * np.float32(10 / _STEP_DB) + np.float32(_FULL + 0.5)
        levels: Bytes = np.clip(steps, 0, 255).astype(np.uint8)
        return levels


def _band_edges() -> tuple[npt.NDArray[np.int64], Floats32]:
    """The FFT bin that each edge of a band cuts, and the share of that bin below the edge."""
    edges = LOW_HZ * 2 ** (np.arange(BANDS + 1) / PER_OCTAVE) * WINDOW / RATE + 0.5
    cells = np.floor(edges).astype(np.int64)
    return cells, (edges - cells).astype(np.float32)
