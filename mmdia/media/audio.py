"""From decoded samples to clips: resampling, 16 bit, FLAC, hash.

A clip at *restored speed* undoes that a copy runs faster or slower than the film (PAL: 25 for
24000/1001): its samples are read as if their rate were ``source_rate * speed``, which brings tempo
and pitch back together, as slowing the tape does. `speed` is media seconds per clip second.

Lengths and places come from exact rationals. The resampler gets the ratio as two whole numbers and
leaves no delay in; the guard before the window is a whole number of samples at both rates, or,
where the ratio is no small fraction, the one that is nearest to it (within 1/1000 sample).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.media.mix import SILENCE, Channels, Floats32, channel_names, channel_rule, mix
from mmdia.media.sound_block import SoundBlock, SoundRange
from mmdia.media.window import Window, output_length, sample_at, sample_range

__all__ = [
    "SILENCE", "AudioFacts", "AudioParams", "Channels", "Floats32", "channel_names", "channel_rule",
    "clip_length", "guard_samples", "guarded_range", "mix", "pcm_sha256", "render", "render_block",
    "resample", "resample_exact", "sound_request", "to_pcm", "write_flac",
]  # fmt: skip

Pcm = npt.NDArray[np.int16]

#: Samples on either side that the resampler may look at, at least.
_GUARD = 2400
#: How much longer a guard may be for its end to fall on a sample of the clip.
_SEARCH = 2400
#: Up to this many source samples a period of the ratio is taken whole.
_PERIOD = 48_000

_NORMAL = Fraction(1)


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
        channel_rule: mono | fc | itu | side | lfe | stereo | keep, see `mmdia.media.mix`.
        n_missing: Source samples of the window at which the film has no sound (zeros).
        missing_s: The same in seconds.
    """

    sample_rate: int
    n_samples: int
    channels: int
    sha256: str
    channel_rule: str
    n_missing: int = 0
    missing_s: float = 0.0


def guard_samples(source_rate: int, rate: int, speed: Fraction = _NORMAL) -> int:
    """Source samples to decode on either side of a window; whole samples of the clip, too."""
    ratio = _ratio(source_rate, rate, speed)
    if ratio == 1:
        return 0
    if ratio.numerator <= _PERIOD:
        return ratio.numerator * -(-_GUARD // ratio.numerator)
    return min(range(_GUARD, _GUARD + _SEARCH), key=lambda n: abs(n / ratio - round(n / ratio)))


def guarded_range(
    window: Window, source_rate: int, rate: int | None, speed: Fraction = _NORMAL
) -> tuple[int, int]:
    """Source samples [first, last) to decode for a window that is written at `rate`."""
    first, last = sample_range(window, source_rate)
    guard = guard_samples(source_rate, rate or source_rate, speed)
    return first - guard, last + guard


def clip_length(window: Window, source_rate: int, rate: int, speed: Fraction = _NORMAL) -> int:
    """Samples of the clip of a window: round((b' - a') / speed * rate), ties upward.

    Unchanged in rate and speed it is as many as the source has: round(b' rate) - round(a' rate).
    """
    if speed == 1:
        return output_length(window, source_rate, rate)
    return sample_at(window.duration / speed, rate)


def sound_request(
    key: Hashable,
    window: Window,
    source_rate: int,
    params: AudioParams,
    *,
    speed: Fraction = _NORMAL,
    everything: bool = False,
) -> SoundRange:
    """What to ask a `SoundReader` for, for `render_block`.

    Args:
        key: Names the block.
        window: The window.
        source_rate: Samples per second of the film.
        params: How the clip is written.
        speed: Media seconds per clip second.
        everything: All channels are needed besides.
    """
    first, last = guarded_range(window, source_rate, params.sample_rate, speed)
    guard = guard_samples(source_rate, params.sample_rate or source_rate, speed)
    return SoundRange(key, first, last, params.channels, guard, everything)


def render_block(
    block: SoundBlock,
    layout: str,
    source_rate: int,
    window: Window,
    params: AudioParams,
    *,
    speed: Fraction = _NORMAL,
) -> tuple[Pcm, str]:
    """The block of a `sound_request` -> what is written, int16 (n, channels), and the channel rule.

    Asked for with everything or without, the samples are the same.
    """
    if block.rule is None:
        return render(block.samples, layout, source_rate, window, params, speed=speed)
    return _finish(block.samples, source_rate, window, params, speed), block.rule


def render(
    samples: Floats32,
    layout: str,
    source_rate: int,
    window: Window,
    params: AudioParams,
    *,
    speed: Fraction = _NORMAL,
) -> tuple[Pcm, str]:
    """Samples of a guarded range -> what is written, int16 (n, channels), and the channel rule.

    Args:
        samples: float32 (channels, n) of `guarded_range`.
        layout: libavutil's name of the layout.
        source_rate: Samples per second of `samples`.
        window: The window.
        params: How the clip is written.
        speed: Media seconds per clip second; n is `clip_length`.
    """
    guard = guard_samples(source_rate, params.sample_rate or source_rate, speed)
    # The rule is decided on the window alone, so that no neighbour sways it.
    inner = samples[:, guard : samples.shape[1] - guard]
    weights, rule = channel_rule(inner, channel_names(layout, len(samples)), params.channels)
    mixed = samples if weights is None else mix(weights, samples)
    return _finish(mixed, source_rate, window, params, speed), rule


def _finish(
    samples: Floats32, source_rate: int, window: Window, params: AudioParams, speed: Fraction
) -> Pcm:
    rate = params.sample_rate or source_rate
    length = clip_length(window, source_rate, rate, speed)
    return to_pcm(resample_exact(samples, source_rate, rate, length, speed=speed))


def resample_exact(
    samples: Floats32, source_rate: int, rate: int, length: int, *, speed: Fraction = _NORMAL
) -> Floats32:
    """Samples (channels, n) of a guarded range -> (channels, length) at `rate`, guards taken off."""
    ratio = _ratio(source_rate, rate, speed)
    if ratio != 1:
        skip = round(guard_samples(source_rate, rate, speed) / ratio)
        samples = resample(samples, ratio.numerator, ratio.denominator)[:, skip:]
    samples = samples[:, :length]
    if samples.shape[1] == length:
        return samples
    return np.pad(samples, ((0, 0), (0, length - samples.shape[1])))


def _ratio(source_rate: int, rate: int, speed: Fraction) -> Fraction:
    """Source samples per sample of the clip.

    Raises:
        UsageError: The speed is not positive.
    """
    if speed <= 0:
        raise UsageError("no such speed", expected="media seconds per clip second, above 0", got=speed)
    return Fraction(source_rate, rate) * speed


def resample(samples: Floats32, source_rate: float, rate: float) -> Floats32:
    """Resample float32 (channels, n) by soxr's very high quality; no delay is left in."""
    out = soxr.resample(np.ascontiguousarray(samples.T), source_rate, rate, quality="VHQ")
    turned: Floats32 = np.asarray(out, np.float32).reshape(-1, len(samples)).T
    return turned


def to_pcm(samples: Floats32) -> Pcm:
    """Samples (channels, n) in -1..1 -> int16 (n, channels): times 32768, nearest, clipped, no dither."""
    # A power of two: float32 loses nothing by it.
    scaled = np.ascontiguousarray(samples.T) * np.float32(32768)
    np.rint(scaled, out=scaled)
    np.clip(scaled, -32768, 32767, out=scaled)
    pcm: Pcm = scaled.astype(np.int16)
    return pcm


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
