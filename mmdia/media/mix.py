"""Which channels of a film make up a clip, and how they are mixed.

Mono, for speech (ITU-R BS.775 gives the weights):

* ``mono``: the source has one channel, taken as it is.
* ``fc``: the source has a centre channel that is not silent in this window; films keep their
  dialogue there.
* ``itu``: all channels by weight (centre 1, left and right 0.707, surrounds 0.5, LFE 0),
  divided by the sum of the weights, so that it cannot clip.
* ``side``: the same with the right side turned over, where left and right cancel each other (one was
  wired the wrong way round): the sum has less than a hundredth of the energy of the difference.
* ``lfe``: the low-frequency channels, where the mix is silent in this window and they are not (the
  channels were named in the wrong order).

Stereo: ``stereo`` (two channels as they are), ``mono`` (one channel, doubled), ``itu``
(downmix of more, normalised likewise) or ``lfe``. Keep: ``keep``, every channel as it is.

Where the layout changes within a window, each stretch of one layout has its own rule: ``fc+itu``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import av
import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]
Channels = Literal["mono", "stereo", "keep"]

#: A centre channel that never rises above this (-60 dBFS) is silent.
SILENCE = 1e-3
#: The sum of both sides is no sound when their difference has this many times its energy (20 dB).
_CANCEL = 100

_HALF, _SQRT = 0.5, math.sqrt(0.5)
_LEFT, _RIGHT = ("FL", "FLC", "DL", "WL"), ("FR", "FRC", "DR", "WR")
_LEFT_BACK, _RIGHT_BACK = ("BL", "SL", "TFL", "TBL", "TSL"), ("BR", "SR", "TFR", "TBR", "TSR")
_LOW = ("LFE", "LFE2")

#: Samples that are mixed at once: what is added up then stays in the processor's cache.
_STRIPE = 8192


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
    if channels == "mono" and "FC" in names and len(names) > 1:
        centre = list(names).index("FC")
        loud = [peak(row) for row in samples]
        if loud[centre] >= SILENCE or max(loud) < SILENCE:
            one = np.zeros((1, len(names)), np.float32)
            one[0, centre] = 1.0
            return one, "fc"
    weights = downmixes(names, channels)
    mixed = {rule: mix(w, samples) for rule, w in weights.items() if w is not None and len(weights) > 1}
    rule = choose_mix(mixed) if mixed else next(iter(weights))
    return weights[rule], rule


def downmixes(names: Sequence[str], channels: Channels) -> dict[str, Floats32 | None]:
    """Weights (out, in) by rule, the centre channel apart; None for "as it is".

    The first one is meant, unless `choose_mix` finds that it loses what is heard.
    """
    count = len(names)
    if channels == "keep":
        return {"keep": None}
    if count == 1:
        return {"mono": None if channels == "mono" else np.ones((2, 1), np.float32)}
    if channels == "stereo" and count == 2:
        return {"stereo": None}
    if channels == "mono":
        found: dict[str, Floats32 | None] = {"itu": mono_weights(names)}
        if (turned := side_weights(names)) is not None:
            found["side"] = turned
    else:
        found = {"itu": _normalised([[_stereo(n, _LEFT, _LEFT_BACK) for n in names],
                                     [_stereo(n, _RIGHT, _RIGHT_BACK) for n in names]])}  # fmt: skip
    if any(n in _LOW for n in names):
        low = [float(n in _LOW) for n in names]
        found["lfe"] = _normalised([low] * (1 if channels == "mono" else 2))
    return found


def choose_mix(mixed: Mapping[str, Floats32]) -> str:
    """Which rule of `downmixes` holds, by what each gives in the window proper."""
    rule = "side" if "side" in mixed and cancel(mixed["itu"], mixed["side"]) else "itu"
    return "lfe" if "lfe" in mixed and peak(mixed[rule]) < SILENCE <= peak(mixed["lfe"]) else rule


def side_weights(names: Sequence[str]) -> Floats32 | None:
    """`mono_weights` with the right side turned over; None where there is no right side.

    Of channels without a name every other one is turned.
    """
    right = [n in _RIGHT + _RIGHT_BACK or (n == "?" and k % 2 == 1) for k, n in enumerate(names)]
    return mono_weights(names) * np.where(right, -1, 1).astype(np.float32) if any(right) else None


def cancel(total: Floats32, difference: Floats32) -> bool:
    """Whether two sides cancel each other, by their sum and their difference."""
    of_total, of_difference = (float(np.square(x, dtype=np.float64).sum()) for x in (total, difference))
    return of_difference > _CANCEL * of_total


def to_layout(names: Sequence[str], wanted: Sequence[str]) -> Floats32:
    """Weights (wanted, names) that bring sound to a track of other channels."""
    if len(wanted) == 1:
        return mono_weights(names)
    if len(wanted) == 2:
        weights = next(iter(downmixes(names, "stereo").values()))
        return np.eye(2, dtype=np.float32) if weights is None else weights
    out = np.zeros((len(wanted), len(names)), np.float32)
    for k, name in enumerate(names):
        # Each to its like: itself, behind for beside, the front of its side; without names by its place.
        front = "FR" if name in _RIGHT + _RIGHT_BACK else "FL"
        beside = {"B": "S", "S": "B"}.get(name[0], "F") + name[1:]
        likes = () if name == "?" else (name, beside, front)
        place = next((wanted.index(like) for like in likes if like in wanted), k)
        if place < len(wanted) and (name in wanted or name not in _LOW):
            out[place, k] = 1
    return out


def mono_weights(names: Sequence[str]) -> Floats32:
    """Weights (1, in) of the downmix to one channel; they add up to 1."""
    return _normalised([[_mono(n) for n in names]])


def mix(weights: Floats32, samples: Floats32) -> Floats32:
    """Weights (out, in) times samples (in, n), added up in the order of the channels.

    Unlike a matrix product it gives every sample the same bits whatever its neighbours and the
    linear algebra library at hand, and wakes no threads of the latter.
    """
    out = np.zeros((len(weights), samples.shape[1]), np.float32)
    part = np.empty(_STRIPE, np.float32)
    for row, shares in zip(out, weights, strict=True):
        used = [n for n, share in enumerate(shares) if share]
        for at in range(0, samples.shape[1], _STRIPE):
            stripe = row[at : at + _STRIPE]
            for n in used:
                np.multiply(samples[n, at : at + _STRIPE], shares[n], out=part[: len(stripe)])
                np.add(stripe, part[: len(stripe)], out=stripe)
    return out


def peak(samples: Floats32) -> float:
    """Greatest absolute value; 0 of nothing."""
    if not samples.size:
        return 0.0
    return max(float(samples.max()), -float(samples.min()))


def _mono(name: str) -> float:
    if name == "FC":
        return 1.0
    if name in _LEFT + _RIGHT:
        return _SQRT
    return 0.0 if name in _LOW else _HALF


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
