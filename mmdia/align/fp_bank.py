"""Where short stretches of the user's sound lie in the annotated track.

All lags of a stretch are tried at once: the annotated bits are cut into overlapping blocks whose
spectra are kept, and each stretch costs a product of spectra, summed over bits, and one inverse
transform a block (overlap-save). Blocks keep memory bounded and let a search stay in a part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.align.fp_bits import BITS, CODES, Heard, Signs

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Words of the longest stretch, and of a block.
LONGEST = 384
_BLOCK = 1024
_HOP = _BLOCK - LONGEST
#: Stretches that are searched at once: bounds memory.
_AT_ONCE = 24
#: Multiplications of a matrix product up to which the linear algebra library keeps to one thread:
#: its others would spin between the products and burn CPU for nothing.
_ONE_THREAD = 250_000
#: Words around a peak that belong to it.
_PEAK_WORDS = 6


@dataclass(frozen=True)
class Peaks:
    """Best places of stretches; arrays of one length, ordered by media time.

    Attributes:
        anno_s: Annotation second of the stretch's middle.
        media_s: Media second of it.
        z: Height over the lags' own spread.
    """

    anno_s: Floats
    media_s: Floats
    z: Floats

    def __len__(self) -> int:
        return len(self.z)

    def take(self, chosen: NDArray[np.bool_] | Ints) -> Peaks:
        """Some of them."""
        return Peaks(self.anno_s[chosen], self.media_s[chosen], self.z[chosen])


def join(parts: list[Peaks]) -> Peaks:
    """All of them, by media time."""
    anno, media, z = (
        np.concatenate([getattr(p, name) for p in parts]) if parts else np.zeros(0)
        for name in ("anno_s", "media_s", "z")
    )
    order = np.argsort(media, kind="stable")
    return Peaks(anno[order], media[order], z[order])


class Bank:
    """Spectra of the annotated words."""

    def __init__(self, words: Signs, step_s: float, start_s: float) -> None:
        self.step_s, self.start_s, self.count = step_s, start_s, len(words)
        blocks = max(1, -(-len(words) // _HOP))
        padded = np.zeros((blocks * _HOP + LONGEST, BITS), np.float32)
        padded[: len(words)] = words
        self._spectra = np.empty((_BLOCK // 2 + 1, blocks, BITS), np.complex64)
        for b in range(blocks):
            self._spectra[:, b] = np.fft.rfft(padded[b * _HOP : b * _HOP + _BLOCK], axis=0)

    def search(
        self, media: Heard, centres_s: Floats, scale: float, words: int = LONGEST,
        within_s: tuple[float, float] | None = None, best: int = 1,
    ) -> Peaks:  # fmt: skip
        """The `best` places of each stretch of `words` words around `centres_s` of the media.

        Args:
            media: The user's side.
            centres_s: Media seconds.
            scale: Media seconds per annotation second.
            words: Length of the stretches, in words of the annotation.
            within_s: Only this part of the annotation.
            best: How many places.
        """
        parts = [
            self._some(media, centres_s[at : at + _AT_ONCE], scale, words, within_s, best)
            for at in range(0, len(centres_s), _AT_ONCE)
        ]
        return join(parts)

    def _some(
        self, media: Heard, centres_s: Floats, scale: float, words: int,
        within_s: tuple[float, float] | None, best: int,
    ) -> Peaks:  # fmt: skip
        middle = (words - 1) / 2
        times = centres_s[:, None] + (np.arange(words) - middle)[None] * (self.step_s * scale)
        probes = stretch(media, times)
        transform = np.fft.rfft(probes, _BLOCK, axis=1).astype(np.complex64)
        low, high = self._range(within_s, words)
        first, last = low // _HOP, min(-(-max(high, low + 1) // _HOP), self._spectra.shape[1])
        conjugate = np.conj(transform.transpose(1, 2, 0))
        some = max(1, _ONE_THREAD // (BITS * len(centres_s)))
        parts = []
        for at in range(first, last, some):
            product = self._spectra[:, at : min(at + some, last)] @ conjugate
            values = np.fft.irfft(product, _BLOCK, axis=0)[:_HOP].astype(np.float32)
            # (lag in block, block, probe) -> (probe, lag)
            parts.append(values.transpose(2, 1, 0).reshape(len(centres_s), -1))
        lags = np.concatenate(parts, axis=1)
        lags = lags[:, max(0, low - first * _HOP) : max(high - first * _HOP, 1)]
        spread = lags.std(axis=1) if lags.shape[1] > 2000 else _expected(probes)
        return self._best(lags, np.maximum(spread, 1e-6), max(low, first * _HOP), centres_s, middle, best)

    def _range(self, within_s: tuple[float, float] | None, words: int) -> tuple[int, int]:
        if within_s is None:
            return 0, self.count
        low = int((within_s[0] - self.start_s) / self.step_s)
        high = int((within_s[1] - self.start_s) / self.step_s) - words
        return min(max(low, 0), self.count - 1), min(max(high, low + 1, 1), self.count)

    def _best(
        self, lags: Floats32, spread: Floats32, low: int, centres_s: Floats, middle: float, best: int
    ) -> Peaks:
        rows = np.arange(len(lags))
        anno, media, heights = [], [], []
        lags = lags.copy()
        for _ in range(best):
            top = lags.argmax(axis=1)
            height = lags[rows, top]
            left = lags[rows, np.maximum(top - 1, 0)]
            right = lags[rows, np.minimum(top + 1, lags.shape[1] - 1)]
            bend = np.minimum(left + right - 2 * height, -1e-6)
            part = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
            anno.append(self.start_s + self.step_s * (low + top + part + middle))
            media.append(centres_s)
            heights.append(height / spread)
            for k, t in enumerate(top):
                lags[k, max(0, t - _PEAK_WORDS) : t + _PEAK_WORDS + 1] = -1e9
        return Peaks(
            np.concatenate(anno), np.concatenate(media), np.concatenate(heights).astype(np.float64)
        )


def stretch(media: Heard, times_s: Floats) -> Floats32:
    """How sure each bit is at these media times, -1..1, (..., BITS); 0 outside the media."""
    at = np.rint((times_s - media.start_s) / media.step_s).astype(np.int64)
    inside = (at >= 0) & (at < len(media))
    values: Floats32 = media.codes[np.clip(at, 0, len(media) - 1)].astype(np.float32) / np.float32(CODES)
    values[~inside] = 0
    return values


def _expected(probes: Floats32) -> Floats32:
    """Spread of the lags when they are too few to tell: bits in a row agree, hence the factor."""
    spread: Floats32 = np.sqrt((probes**2).sum(axis=(1, 2)) * 3).astype(np.float32)
    return spread
