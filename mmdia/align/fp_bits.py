"""From band levels to bits.

Sixteen quarter-octave bands are folded out of the fine ones (shifted along the axis by the change
of pitch), raised to a floor 20 dB below the local mean so that noise in the gaps stays mute, and
taken as logarithms. A cosine transform along the bands parts the broad from the fine; along time
two kernels follow, a slope over +-48 ms and a bend over +-64 ms. Each of the 32 numbers gives one
bit: its sign. Equalising, gain and compression cancel out of them; a change of pitch is undone by
the shift. The user's side keeps how far each number lies from zero, since bits near zero are the
ones that flip (the idea of soft bits: Haitsma & Kalker 2002; Balado et al. 2007).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mmdia.errors import AlignmentError
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands

Floats32 = NDArray[np.float32]
Signs = NDArray[np.int8]
Flags = NDArray[np.bool_]

#: Bits a word, and frames from one word to the next.
BITS, STRIDE = 32, 2
#: Codes of the user's side run from -CODES to CODES.
CODES = 7
#: Classes of loudness: narrow, so that the noise of a copy fills one or two of its own.
LOUD = 21

_COARSE, _FINE_A_COARSE, _FIRST = 16, 4, 2
_PER_OCTAVE = 16
_FLOOR, _SILENCE = 10**-2.0, 1e-9
_MEAN_FRAMES, _SLOPE, _BEND = 31, 3, 4
#: Rows of a matrix product: few enough that the linear algebra library keeps to one thread.
_CHUNK = 224
#: Edges of the codes, in medians of the number's size.
_EDGES = np.array([0.02, 0.2, 0.4, 0.7, 1.0, 1.5, 2.3], dtype=np.float32)
#: The noise of a copy lies at least 12 dB below what it plays, and varies by less than 2.5 dB.
_FLOOR_BELOW, _FLOOR_RISE = 10**-1.2, 10**0.25
_LOUD_EDGES_DB = np.arange(-40.0, 0.0, 2.0, dtype=np.float32)


@dataclass(frozen=True)
class Heard:
    """The user's side, ready for matching.

    Attributes:
        codes: int8 (frames, BITS): sign times how sure, -CODES..CODES; 0 says nothing.
        loud: int8 (frames,): class of loudness against the film's own, 0 (silence)..LOUD - 1.
        step_s: Seconds a frame.
        start_s: Player time of the first frame.
    """

    codes: Signs
    loud: Signs
    step_s: float
    start_s: float

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def end_s(self) -> float:
        """Player time of the last frame."""
        return self.start_s + self.step_s * (len(self) - 1)


def compact(bands: SoundBands) -> Fingerprint:
    """The track that a release may carry: 1,000 bits a second.

    Raises:
        AlignmentError: The levels are of another method, or hold no sound at all.
    """
    numbers, _ = _numbers(bands, 1.0)
    kept = numbers[::STRIDE]
    # Silence gives exact zeros; chance bits there cannot agree with anybody's silence.
    bits = kept + _chance(len(kept), zlib.crc32(bands.levels)) * 1e-4 > 0
    data = np.packbits(bits, axis=1, bitorder="little").tobytes()
    return Fingerprint(data, BITS // 8, bands.step_s * STRIDE, bands.start_s, METHOD)


def signs(fingerprint: Fingerprint) -> Signs:
    """The bits as -1 and 1, int8 (words, BITS).

    Raises:
        AlignmentError: The fingerprint is of another method or holds nothing.
    """
    if fingerprint.method != METHOD or fingerprint.width * 8 != BITS:
        raise AlignmentError(
            "this fingerprint was made by another method", expected=METHOD, got=fingerprint.method,
            hint="Make it again with this version of mmdia, or update mmdia.",
        )  # fmt: skip
    if not fingerprint.count:
        raise AlignmentError("this fingerprint is empty", hint="Does the film have sound?")
    raw = np.frombuffer(fingerprint.data, np.uint8).reshape(-1, fingerprint.width)
    ones: Signs = np.unpackbits(raw, axis=1, bitorder="little").view(np.int8)
    both: Signs = ones * np.int8(2) - np.int8(1)
    return both


def heard(media: Fingerprint | SoundBands, pitch: float = 1.0) -> Heard:
    """The user's side at one pitch.

    Args:
        media: Levels, or another release's bits (which know one pitch only).
        pitch: Pitch of the media by that of the annotation: 25/24 for PAL.

    Raises:
        AlignmentError: It is of another method or holds nothing.
    """
    if isinstance(media, Fingerprint):
        codes = signs(media) * np.int8(4)
        return Heard(codes, np.full(len(codes), LOUD - 1, np.int8), media.step_s, media.start_s)
    numbers, level = _numbers(media, pitch)
    size = np.abs(numbers)
    middle = np.array([_median(size[:, k]) for k in range(BITS)], dtype=np.float32)
    codes = np.zeros(numbers.shape, np.int8)
    for edge in _EDGES:
        codes += size >= edge * middle
    codes[numbers < 0] *= -1
    loudest = float(np.quantile(level, 0.9))
    codes[_hushed(level, loudest)] = 0
    decibels = 10 * np.log10(np.maximum(level / max(loudest, _SILENCE), 1e-9))
    loud = np.searchsorted(_LOUD_EDGES_DB, decibels).astype(np.int8)
    return Heard(codes, loud, media.step_s, media.start_s)


def _hushed(level: Floats32, loudest: float) -> Flags:
    """Frames that hold the copy's own noise and nothing else: their bits are chance."""
    sounding = level[level > _SILENCE]
    floor = float(np.quantile(sounding, 0.02)) if len(sounding) else 0.0
    if floor > loudest * _FLOOR_BELOW:
        return np.zeros(len(level), dtype=bool)
    hushed: Flags = level < floor * _FLOOR_RISE
    return hushed


def _median(size: Floats32) -> float:
    sounding = size[size > 1e-6]
    return float(np.median(sounding[::7])) if len(sounding) > 7 else 1.0


def _numbers(bands: SoundBands, pitch: float) -> tuple[Floats32, Floats32]:
    """The BITS numbers of each frame, and its mean power."""
    if bands.method != METHOD:
        raise AlignmentError("these levels were made by another method", expected=METHOD, got=bands.method)
    if not bands.count:
        raise AlignmentError("there is no sound to make a fingerprint of")
    power = _fold(bands, float(np.log2(pitch)) * _PER_OCTAVE)
    level = power.mean(axis=1)
    floor = _running_mean(level) * np.float32(_FLOOR) + np.float32(_SILENCE)
    power += floor[:, None]
    np.log(power, out=power)
    waves = _cosines()
    cosine = np.empty_like(power)
    for at in range(0, len(power), 4 * _CHUNK):
        cosine[at : at + 4 * _CHUNK] = power[at : at + 4 * _CHUNK] @ waves
    edge = max(_SLOPE, _BEND)
    padded = np.pad(cosine, ((edge, edge), (0, 0)), mode="edge")
    count = len(cosine)

    def moved_by(frames: int) -> Floats32:
        moved: Floats32 = padded[edge + frames : edge + frames + count]
        return moved

    slope = moved_by(_SLOPE) - moved_by(-_SLOPE)
    bend = 2 * cosine - moved_by(_BEND) - moved_by(-_BEND)
    return np.concatenate([slope, bend], axis=1), level


def _fold(bands: SoundBands, shift: float) -> Floats32:
    """Power in the coarse bands, (frames, 16)."""
    table = np.zeros(256, np.float32)
    table[1:] = 10 ** ((np.arange(1, 256) - 240) * 0.04)
    edges = _FIRST + shift + _FINE_A_COARSE * np.arange(_COARSE + 1)
    fine = np.arange(bands.bands)
    weights = np.minimum(fine[:, None] + 1, edges[None, 1:]) - np.maximum(fine[:, None], edges[None, :-1])
    weights = np.maximum(weights, 0).astype(np.float32)
    levels = np.frombuffer(bands.levels, np.uint8).reshape(-1, bands.bands)
    out = np.empty((len(levels), _COARSE), np.float32)
    for at in range(0, len(levels), _CHUNK):
        out[at : at + _CHUNK] = table[levels[at : at + _CHUNK]] @ weights
    return out


def _running_mean(values: Floats32) -> Floats32:
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    middle = np.arange(len(values))
    low = np.maximum(middle - _MEAN_FRAMES, 0)
    high = np.minimum(middle + _MEAN_FRAMES + 1, len(values))
    mean: Floats32 = ((total[high] - total[low]) / (high - low)).astype(np.float32)
    return mean


def _cosines() -> Floats32:
    band = np.arange(_COARSE)
    waves = np.cos(np.pi * (band[:, None] + 0.5) * band[None, :] / _COARSE)
    unit: Floats32 = (waves / np.sqrt((waves**2).sum(axis=0))).astype(np.float32)
    return unit


def _chance(words: int, seed: int) -> Floats32:
    """Numbers in -1..1, the same everywhere for one seed."""
    x = np.arange(words * BITS, dtype=np.uint32) + np.uint32(seed)
    for factor, by in ((0x9E3779B1, 15), (0x85EBCA77, 13), (0xC2B2AE3D, 16)):
        x = x * np.uint32(factor)
        x ^= x >> np.uint32(by)
    chance: Floats32 = (x.astype(np.float32) / np.float32(2**31) - 1).reshape(words, BITS)
    return chance
