"""From decoded samples to clips: channel rule, resampling, 16 bit, FLAC, hash.

Mono, for speech (ITU-R BS.775 gives the weights):

* ``mono``: the source has one channel, taken as it is.
* ``fc``: the source has a centre channel that is not silent in this window; films keep their
  dialogue there.
* ``itu``: all channels by weight (centre 1, left and right 0.707, surrounds 0.5, LFE 0),
  divided by the sum of the weights, so that it cannot clip.

Stereo: ``stereo`` (two channels as they are), ``mono`` (one channel, doubled) or ``itu``
(downmix of more, normalised likewise). Keep: ``keep``, every channel as it is.
"""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.window import Window, output_length, sample_range

Floats32 = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]
Channels = Literal["mono", "stereo", "keep"]

#: A centre channel that never rises above this (-60 dBFS) is silent.
SILENCE = 1e-3

#: Samples on either side that the resampler may look at, at least.
_GUARD = 2400

_HALF, _SQRT = 0.5, math.sqrt(0.5)
_LEFT, _RIGHT = ("FL", "FLC", "DL", "WL"), ("FR", "FRC", "DR", "WR")
_LEFT_BACK, _RIGHT_BACK = ("BL", "SL", "TFL", "TBL"), ("BR", "SR", "TFR", "TBR")


@dataclass(frozen=True, slots=True)
class AudioParams:
    """How clips of sound are written.

    Attributes:
        sample_rate: Samples per second of the clip; None keeps the source's.
        channels: ``mono``, ``stereo`` or ``keep``.
    """

    sample_rate: int | None = 24000
    channels: Channels = "mono"

    def __post_init__(self) -> None:
        if self.sample_rate is not None and not 4000 <= self.sample_rate <= 384_000:
            raise UsageError("no such sample rate", expected="4000 to 384000 Hz", got=self.sample_rate)
        if self.channels not in ("mono", "stereo", "keep"):
            raise UsageError("no such channel rule", expected="mono, stereo or keep", got=self.channels)


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a receipt tells of a clip of sound.

    Attributes:
        sample_rate: Samples per second.
        n_samples: Samples per channel.
        channels: How many channels.
        sha256: `pcm_sha256` of the samples.
        channel_rule: mono | fc | itu | stereo | keep, see the module's text.
        n_missing: Source samples of the window at which the film has no sound (zeros).
    """

    sample_rate: int
    n_samples: int
    channels: int
    sha256: str
    channel_rule: str
    n_missing: int = 0


def guard_samples(source_rate: int, rate: int) -> int:
    """Source samples to decode on either side of a window; whole samples at both rates."""
    if source_rate == rate:
        return 0
    unit = source_rate // math.gcd(source_rate, rate)
    return unit * -(-_GUARD // unit)


def guarded_range(window: Window, source_rate: int, rate: int | None) -> tuple[int, int]:
    """Source samples [first, last) to decode for a window that is written at `rate`."""
    first, last = sample_range(window, source_rate)
    guard = guard_samples(source_rate, rate or source_rate)
    return first - guard, last + guard


def render(
    samples: Floats32, layout: str, source_rate: int, window: Window, params: AudioParams
) -> tuple[Pcm, str]:
    """Samples of a guarded range -> what is written, int16 (n, channels), and the channel rule.

    Args:
        samples: float32 (channels, n) of `guarded_range`.
        layout: libavutil's name of the layout.
        source_rate: Samples per second of `samples`.
        window: The window.
        params: How the clip is written.
    """
    rate = params.sample_rate or source_rate
    guard = guard_samples(source_rate, rate)
    # The rule is decided on the window alone, so that no neighbour sways it.
    inner = samples[:, guard : samples.shape[1] - guard]
    weights, rule = channel_rule(inner, channel_names(layout, len(samples)), params.channels)
    mixed = samples if weights is None else (weights @ samples).astype(np.float32)
    if rate != source_rate:
        mixed = resample(mixed, source_rate, rate)
        skip = guard * rate // source_rate
        length = output_length(window, source_rate, rate)
        mixed = mixed[:, skip : skip + length]
        mixed = np.pad(mixed, ((0, 0), (0, length - mixed.shape[1])))
    return to_pcm(mixed), rule


def channel_names(layout: str, channels: int) -> tuple[str, ...]:
    """Names of the channels (FL, FR, FC, ...); "?" for those that the layout does not name."""
    try:
        names = tuple(c.name for c in av.AudioLayout(layout).channels)
    except ValueError:
        names = ()
    if len(names) != channels or "NONE" in names:
        return ("FL", "FR") if channels == 2 else ("?",) * channels
    return names


def channel_rule(
    samples: Floats32, names: Sequence[str], channels: Channels
) -> tuple[Floats32 | None, str]:
    """(weights (out, in) or None for "as it is", name of the rule) for one window."""
    if channels == "keep":
        return None, "keep"
    if channels == "stereo":
        if len(names) == 1:
            return np.ones((2, 1), np.float32), "mono"
        if len(names) == 2:
            return None, "stereo"
        return _normalised([[_stereo(n, _LEFT, _LEFT_BACK) for n in names],
                            [_stereo(n, _RIGHT, _RIGHT_BACK) for n in names]]), "itu"  # fmt: skip
    if len(names) == 1:
        return None, "mono"
    if "FC" in names:
        centre = list(names).index("FC")
        loud = np.abs(samples).max(axis=1, initial=0.0)
        if loud[centre] >= SILENCE or loud.max() < SILENCE:
            one = np.zeros((1, len(names)), np.float32)
            one[0, centre] = 1.0
            return one, "fc"
    return _normalised([[_mono(n) for n in names]]), "itu"


def resample(samples: Floats32, source_rate: int, rate: int) -> Floats32:
    """Resample float32 (channels, n) by soxr's very high quality; no delay is left in."""
    out = soxr.resample(np.ascontiguousarray(samples.T), source_rate, rate, quality="VHQ")
    turned: Floats32 = np.asarray(out, np.float32).reshape(-1, len(samples)).T
    return turned


def to_pcm(samples: Floats32) -> Pcm:
    """Samples (channels, n) in -1..1 -> int16 (n, channels): times 32768, nearest, clipped, no dither."""
    scaled = np.rint(samples.T.astype(np.float64) * 32768.0)
    return np.ascontiguousarray(np.clip(scaled, -32768, 32767).astype(np.int16))


def pcm_sha256(pcm: Pcm) -> str:
    """SHA-256 of the samples as 16 bit little-endian, channels interleaved.

    The same as ``ffmpeg -i CLIP -f s16le - | sha256sum`` gives for the FLAC clip.
    """
    return hashlib.sha256(np.ascontiguousarray(pcm, dtype="<i2").tobytes()).hexdigest()


def write_flac(path: str | Path, pcm: Pcm, rate: int) -> None:
    """Write int16 (n, channels) as 16 bit FLAC, whatever the file's name ends in.

    Raises:
        OSError: The file cannot be written.
        MediaUnreadable: FLAC cannot hold this rate or this many channels.
    """
    held = io.BytesIO()
    try:
        soundfile.write(held, pcm, rate, format="FLAC", subtype="PCM_16")
    except soundfile.LibsndfileError as error:
        raise MediaUnreadable("the sound cannot be written as FLAC", path=path, got=str(error)) from error
    # Written by Python: libsndfile would swallow the errno of a full disk.
    Path(path).write_bytes(held.getvalue())


def _mono(name: str) -> float:
    if name == "FC":
        return 1.0
    if name in _LEFT + _RIGHT:
        return _SQRT
    return 0.0 if name in ("LFE", "LFE2") else _HALF


def _stereo(name: str, front: Sequence[str], back: Sequence[str]) -> float:
    if name in front:
        return 1.0
    if name == "FC" or name in back:
        return _SQRT
    return _HALF if name in ("BC", "TC", "TFC", "TBC", "?") else 0.0


def _normalised(rows: list[list[float]]) -> Floats32:
    weights = np.array(rows, np.float64)
    shares: Floats32 = (weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return shares
