"""Per-frame measurements behind the WebRTC detector, and how they become a probability.

WebRTC's detector answers yes or no, and says yes to most music. What it misses is measured beside
it: speech stands above the noise around it, its level rises and falls some four times a second
(syllables; Houtgast and Steeneken 1985), its spectrum changes all the time, and in one film it is
about as loud as the rest of the dialogue. A logistic regression weighs the six measurements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Step of the answer, samples at 16 kHz (20 ms), and samples each spectrum looks at.
STEP, WINDOW = 320, 512

#: Edges of the bands, Hz; speech is measured in all but the first and the last.
_EDGES = (80, 250, 500, 1000, 2000, 3500, 6000)

#: How many bands those are.
BANDS = len(_EDGES) - 1

#: Energy below this is silence on any medium.
_SILENT = 1e-4

#: Weights of: mode 1 says yes; share of yes of mode 3 around; level over the noise; syllabic rise
#: and fall; change of the spectrum; level against the film's speech. Fitted on speech with known
#: times (LibriSpeech, LJ Speech and synthetic voices, the first three times as heavy) under
#: music, noise and bangs at 0 to 25 dB; area under the ROC curve there .93 and .99.
_WEIGHTS = (1.166, 0.309, 1.87, 5.497, 7.1, 2.995)
_BIAS = -4.204


def band_levels(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Log10 energy of each band in each whole window, one window every `STEP`; (n, bands)."""
    import numpy as np

    count = (len(samples) - WINDOW) // STEP + 1
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP][:count]
    edge = [round(hz * WINDOW / 16_000) for hz in _EDGES]
    hann = np.hanning(WINDOW).astype(np.float32)
    out = np.empty((count, BANDS), np.float32)
    # A few hundred windows at a time stay in the processor's cache.
    for first in range(0, count, 256):
        spectrum = np.fft.rfft(frames[first : first + 256] * hann, axis=1)[:, : edge[-1]]
        power = spectrum.real**2 + spectrum.imag**2
        out[first : first + 256] = np.add.reduceat(power, edge[:-1], axis=1)
    return np.asarray(np.log10(out + 1e-7), dtype=np.float32)


def probability(levels: npt.NDArray[np.float32], loose: Floats, strict: Floats) -> Floats:
    """Probability of speech in each step.

    Args:
        levels: From `band_levels`, shape (n, bands).
        loose: 1 where WebRTC's mode 1 says speech, shape (n,).
        strict: The same of mode 3.
    """
    import numpy as np

    if not len(levels):
        return np.zeros(0)
    inner = levels[:, 1:-1].astype(np.float64)
    speech = np.log10((10.0**inner).sum(axis=1) + _SILENT)
    over = speech - _floor(speech)
    beat = _smooth(speech, 5) - _smooth(speech, 19)
    change = np.abs(np.diff(levels.astype(np.float64), axis=0, prepend=levels[:1])).mean(axis=1)
    voiced = strict > 0
    usual = float(np.percentile(speech[voiced], 75)) if voiced.any() else float(speech.max())
    measured = (
        loose,
        _mean(strict, 9),
        np.tanh(over),
        np.minimum(np.sqrt(_mean(beat**2, 25)), 0.6),
        np.minimum(_mean(change, 15), 0.6),
        np.clip(_mean(speech, 3) - usual, -1.5, 0.5),
    )
    z = _BIAS + sum(w * x for w, x in zip(_WEIGHTS, measured, strict=True))
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(z, -30, 30))), dtype=np.float64)


def _mean(x: Floats, width: int) -> Floats:
    """Running mean of an odd `width`; ends repeat."""
    import numpy as np

    half = width // 2
    padded = np.concatenate([np.full(half + 1, x[0]), x, np.full(half, x[-1])])
    total = np.cumsum(padded)
    return np.asarray((total[width:] - total[:-width]) / width, dtype=np.float64)


def _smooth(x: Floats, width: int) -> Floats:
    """Running mean taken twice: a triangle."""
    return _mean(_mean(x, width), width)


def _floor(x: Floats) -> Floats:
    """Level of the noise: the lowest within two seconds, smoothed over four."""
    import numpy as np

    ten = len(x) // 10 + 1
    calm = _mean(x, 5)
    lows = np.pad(calm, (0, ten * 10 - len(x)), mode="edge").reshape(ten, 10).min(axis=1)
    near = np.pad(lows, 10, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(near, 21).min(axis=1)
    return _mean(np.repeat(lowest, 10)[: len(x)], 201)
