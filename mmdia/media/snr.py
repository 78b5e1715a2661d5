"""Signal-to-noise ratio of speech from its amplitudes alone (WADA-SNR; Kim and Stern 2008).

Amplitudes of clean speech follow a gamma distribution of shape 0.4; noise that is added, a normal
one. The gap between the logarithm of the mean amplitude and the mean of its logarithm tells how
much of each there is. Noise that comes and goes, and music, are not normal: there the figure is a
rough guide.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]

#: The gap at -10, -5, ... 50 dB: means over 40 million pairs of draws from the two distributions.
_DB = tuple(range(-10, 51, 5))
_GAP = (
    0.4121, 0.4238, 0.4618, 0.5435, 0.6674, 0.8123, 0.9558, 1.0846, 1.1941, 1.2841, 1.3572, 1.4159, 1.4628
)  # fmt: skip

#: A 16-bit step; amplitudes below half of it say nothing.
_STEP = 1 / 32768


def snr_db(samples: Floats32) -> float | None:
    """Estimate for one channel of samples, -10..50 dB; None for silence.

    Args:
        samples: Full scale 1, any rate; 16 kHz is what the method was made with.
    """
    amplitude = np.abs(np.asarray(samples, np.float64))
    # Digital silence around a clip is no part of the recording.
    heard = np.flatnonzero(amplitude > _STEP / 2)
    if not len(heard):
        return None
    amplitude = np.maximum(amplitude[heard[0] : heard[-1] + 1], _STEP / 2)
    gap = math.log(float(amplitude.mean())) - float(np.log(amplitude).mean())
    return float(np.interp(gap, _GAP, _DB))
