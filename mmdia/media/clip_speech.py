"""Finished clips as sound again: for what listens to them and what measures them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from mmdia.errors import MediaUnreadable
from mmdia.media.audio import channel_rule
from mmdia.media.speech_input import SPEECH_RATE

Floats32 = npt.NDArray[np.float32]

#: Channels of FLAC by their number; its order is fixed.
_NAMES = {1: ("FC",), 2: ("FL", "FR"), 6: ("FL", "FR", "FC", "LFE", "BL", "BR")}


def decode_flac(data: bytes) -> tuple[Floats32, int]:
    """Samples of a FLAC clip, float32 (channels, n), full scale 1, and their rate.

    Raises:
        MediaUnreadable: These bytes are no readable clip.
    """
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise MediaUnreadable("the clip cannot be read", got=str(error)) from error
    return np.ascontiguousarray(samples.T, np.float32), int(rate)


def decode_joined(clips: Sequence[bytes]) -> tuple[Floats32, int]:
    """As `decode_flac`, for clips that follow on each other: at least one, all of one rate and layout.

    Raises:
        MediaUnreadable: One is no readable clip.
    """
    decoded = [decode_flac(data) for data in clips]
    return np.concatenate([samples for samples, _ in decoded], axis=1), decoded[0][1]


def speech_samples(samples: Floats32, rate: int) -> Floats32:
    """One channel at 16 kHz, shape (n,): the dialogue channel, or all mixed down."""
    count = len(samples)
    if count == 1:
        mono = samples[0]
    else:
        weights, _ = channel_rule(samples, _NAMES.get(count, ("?",) * count), "mono")
        mono = samples[0] if weights is None else (weights @ samples)[0]
    if rate != SPEECH_RATE:
        mono = soxr.resample(np.ascontiguousarray(mono), rate, SPEECH_RATE, quality="HQ")
    return np.asarray(mono, np.float32)
