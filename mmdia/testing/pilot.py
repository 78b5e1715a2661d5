"""The pilot: a faint hiss that says which sample of the film is heard.

Pseudo-random noise of 2.2 to 7.0 kHz lies under the whole sound track. Each of
its samples is a function of its position in the film, so the cross-correlation
of a clip with it tells where the clip was cut, to a fraction of a sample, after
lossy coding, resampling to 24 or 16 kHz, or a PAL speed-up. numpy alone is needed.

Samples are counted from the first sample of the film, at `FILM_RATE`, whatever
the rate of the clip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mmdia.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FILM_RATE = 48_000
"""Samples per second in which positions in the film are counted."""
RELIABLE_SCORE = 8.0
"""A pilot found with a lower score may be chance (a clip without one reaches about 6)."""
MIN_SECONDS = 0.25
"""Shortest clip (in film time) that is worth searching."""

_BAND = (2_200.0, 7_000.0)
_TAPS = 255
_SEED = 0x6D6D6469614D4931
_WINDOW_S = 6.0
_COARSE = 3
_BLOCK = 10 * FILM_RATE // _COARSE
_DEFAULT_LENGTH_S = 180.0


def _chips(n0: int, n1: int) -> Floats:
    """White noise of +1 and -1: bit of a 64-bit mix (splitmix64) of the sample index."""
    import numpy as np

    # A hash, not numpy's generators: their streams may change between versions.
    with np.errstate(over="ignore"):
        z = np.arange(n0, n1, dtype=np.int64).astype(np.uint64) + np.uint64(_SEED)
        z = z * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    signs: Floats = 1.0 - 2.0 * (z >> np.uint64(63)).astype(np.float64)
    return signs


@lru_cache(maxsize=1)
def _taps() -> Floats:
    """Band-pass filter (windowed sinc), scaled so that the pilot's RMS is 1."""
    import numpy as np

    n = np.arange(_TAPS) - (_TAPS - 1) / 2
    low, high = (2 * f / FILM_RATE for f in _BAND)
    taps = (high * np.sinc(high * n) - low * np.sinc(low * n)) * np.hamming(_TAPS)
    return np.asarray(taps / math.sqrt(float(np.sum(taps**2))))


def _fast_length(n: int) -> int:
    """Smallest 2^k or 3 * 2^k that is at least n (quick for the FFT)."""
    power = 1 << max(n - 1, 1).bit_length()
    return power * 3 // 4 if power * 3 // 4 >= n else power


def pilot(n0: int, n1: int) -> Floats:
    """Samples [n0, n1) of the pilot at `FILM_RATE`, RMS 1; negative positions are allowed.

    A film mixes it in at any level that varies slowly (the demo title: about
    30 dB under the voices, never below -54 dBFS).
    """
    import numpy as np

    if n1 <= n0:
        return np.zeros(0)
    half = (_TAPS - 1) // 2
    chips = _chips(n0 - half, n1 + half)
    size = _fast_length(len(chips) + _TAPS)
    out = np.fft.irfft(np.fft.rfft(chips, size) * np.fft.rfft(_taps(), size), size)
    return np.asarray(out[_TAPS - 1 : _TAPS - 1 + (n1 - n0)])


@lru_cache(maxsize=24)
def _coarse_block(number: int) -> Floats:
    """Every third sample of ten seconds of the pilot: the search grid (the band ends below 8 kHz)."""
    import numpy as np

    first = number * _BLOCK * _COARSE
    return np.ascontiguousarray(pilot(first, first + _BLOCK * _COARSE)[::_COARSE])


@dataclass(frozen=True, slots=True)
class PilotFix:
    """Where in the film a clip's first sample lies.

    Attributes:
        sample: film position of the clip's sample 0, in samples at `FILM_RATE`
            (a fraction is meant: sub-sample estimate).
        score: height of the correlation peak in standard deviations of the
            correlation around it; over `RELIABLE_SCORE` it is no chance.
    """

    sample: float
    score: float

    @property
    def seconds(self) -> float:
        """The same position in seconds of the film."""
        return self.sample / FILM_RATE

    @property
    def reliable(self) -> bool:
        """Whether the score rules chance out."""
        return self.score >= RELIABLE_SCORE


def _flatten(samples: Floats, rate: float) -> Floats:
    """Band-passed and whitened in time and frequency: speech loses its weight, the pilot keeps it.

    `rate` is in samples per second of film time. The weights are those of a
    matched filter against an interference whose spectrum is the clip's own.
    """
    import numpy as np

    n = len(samples)
    size = _fast_length(n + int(rate * 0.05))
    frequency = np.fft.rfftfreq(size, 1 / rate)
    band = ((frequency >= _BAND[0]) & (frequency <= _BAND[1])).astype(np.float64)
    banded = np.fft.irfft(np.fft.rfft(samples, size) * band, size)[:n]
    width = max(3, int(rate * 0.012))
    power = np.convolve(banded**2, np.hanning(width + 2)[1:-1], mode="same")
    banded = banded / np.sqrt(power + 1e-6 * float(power.mean()) + 1e-18)
    spectrum = np.fft.rfft(banded, size)
    bins = max(3, int(60 * size / rate))
    smooth = np.convolve(np.abs(spectrum) ** 2, np.ones(bins) / bins, mode="same")
    floor = 1e-3 * float(smooth.max()) + 1e-18
    return np.asarray(np.fft.irfft(spectrum * band / (smooth + floor), size)[:n])


def _to_grid(samples: Floats, rate: float, grid: float) -> Floats:
    """Band-limited resampling from `rate` to `grid` (both in samples per second of film time)."""
    import numpy as np

    if rate == grid:
        return samples
    n = len(samples)
    factor = math.ceil(4 * grid / rate) if grid > 2 * _BAND[1] else 8
    size = _fast_length(n + 64)
    spectrum = np.fft.rfft(samples, size)
    dense = np.fft.irfft(spectrum, size * factor) * factor
    count = int((n - 1) * grid / rate) + 1
    where = np.arange(count) * (rate * factor / grid)
    return np.asarray(np.interp(where, np.arange(len(dense)), dense))


def _correlate(needle: Floats, hay: Floats) -> Floats:
    """Correlation of needle with hay at every lag where it fits whole."""
    import numpy as np

    size = _fast_length(len(hay))
    product = np.fft.rfft(hay, size) * np.conj(np.fft.rfft(needle, size))
    return np.asarray(np.fft.irfft(product, size)[: len(hay) - len(needle) + 1])


def _coarse_search(needle: Floats, first: int, last: int) -> int:
    """Film sample, within [first, last] and to the next third one, where the needle fits best."""
    import numpy as np

    best, where = -math.inf, first
    for number in range(first // (_BLOCK * _COARSE), last // (_BLOCK * _COARSE) + 1):
        hay = np.concatenate([_coarse_block(number), _coarse_block(number + 1)[: len(needle) - 1]])
        offset = number * _BLOCK
        low = max(0, first // _COARSE - offset)
        values = _correlate(needle, hay)[low : max(low + 1, last // _COARSE + 1 - offset)]
        k = int(np.argmax(values))
        if values[k] > best:
            best, where = float(values[k]), (offset + low + k) * _COARSE
    return where


def _peak(values: Floats) -> float:
    """Position of the maximum between the samples, by band-limited interpolation around it."""
    import numpy as np

    best = int(np.argmax(values))
    offsets = np.arange(-1.0, 1.0001, 0.02)
    near = np.arange(max(0, best - 24), min(len(values), best + 25))
    away = best + offsets[:, None] - near[None, :]
    dense = (np.sinc(away) * np.cos(away * (math.pi / 52)) ** 2) @ values[near]
    return best + float(offsets[int(np.argmax(dense))])


def locate_pilot(
    samples: NDArray[Any],
    sample_rate: int,
    *,
    search: tuple[float, float] | None = None,
    speed: float = 1.0,
) -> PilotFix:
    """Finds where in the film a clip starts, by its pilot.

    Args:
        samples: mono sound, shape (n,), any scale; one second or more is
            wanted (shorter clips work where little is said). The first six
            seconds are used.
        sample_rate: rate of `samples`; 16 kHz or more.
        search: film seconds (start, end) between which the clip's first sample
            lies; None searches the first three minutes (some tenths of a second of work).
        speed: film seconds that pass in a second of the clip (25025/24000 for
            a PAL transfer; pitch must have risen with it).

    Returns:
        The best position; look at `reliable` (or `score`) before believing it.

    Raises:
        UsageError: the clip is not mono, too short, or sampled too slowly.
    """
    import numpy as np

    clip = np.asarray(samples, dtype=np.float64)
    rate = sample_rate / speed
    if clip.ndim != 1:
        raise UsageError("the pilot is read from mono sound", expected="1-D", got=f"{clip.ndim}-D")
    if rate < 2 * _BAND[1]:
        raise UsageError("the pilot needs its band", expected=">= 14600 Hz", got=f"{sample_rate}")
    if len(clip) < MIN_SECONDS * rate:
        raise UsageError(
            "too short for its pilot to be found",
            expected=f">= {MIN_SECONDS} s",
            got=f"{len(clip) / rate:.3f} s",
        )
    clip = _flatten(clip[: int(_WINDOW_S * rate)], rate)
    start, end = (0.0, _DEFAULT_LENGTH_S) if search is None else search
    coarse = _to_grid(clip, rate, FILM_RATE / _COARSE)
    first = math.floor(start * FILM_RATE) - _COARSE
    guess = _coarse_search(coarse, first, max(first, math.ceil(end * FILM_RATE) + _COARSE))
    fine = _to_grid(clip, rate, FILM_RATE)
    margin = 480
    values = _correlate(fine, pilot(guess - margin, guess + margin + len(fine)))
    position = guess - margin + _peak(values[margin - 48 : margin + 49]) + margin - 48
    away = np.concatenate([values[: margin - 100], values[margin + 101 :]])
    return PilotFix(position, float(values.max() / (away.std() + 1e-18)))


def locate_span(
    samples: NDArray[Any],
    sample_rate: int,
    *,
    search: tuple[float, float] | None = None,
    speed: float = 1.0,
) -> tuple[PilotFix, PilotFix]:
    """First and one-past-last film position of a clip, each from its own end of the sound.

    Like `locate_pilot` twice: with the clip's first seconds, and with its last
    ones (then carried to the end). The two agree with the clip's length only
    when nothing was dropped or inserted between them.
    """
    first = locate_pilot(samples, sample_rate, search=search, speed=speed)
    step = FILM_RATE * speed / sample_rate
    window = min(len(samples), int(_WINDOW_S * sample_rate / speed))
    tail = samples[len(samples) - window :]
    guess = (first.sample + (len(samples) - window) * step) / FILM_RATE
    near = (guess - 2.0, guess + 2.0) if first.reliable else search
    last = locate_pilot(tail, sample_rate, search=near, speed=speed)
    return first, PilotFix(last.sample + window * step, last.score)
