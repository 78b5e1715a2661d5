"""Fingerprints as one kind of evidence among the others."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.fp_fit import FingerprintFit
from mmdia.align.source import Candidates, Edges, Family, Source
from mmdia.align.track import Floats, Ints, Track

#: A line agrees with the sound map within this, seconds (one standard deviation).
_SIGMA_S = 0.08
#: Most nats a line gets for lying where the sound map says, and what it loses elsewhere.
_MOST, _LESS = 10.0, 3.0


@dataclass(frozen=True)
class FingerprintSource:
    """What a fit of two sound tracks says about lines.

    Attributes:
        anno: The annotation, in time order.
        fit: The fit; None for a decoy, which knows nothing.
        place_s: Media second of each line's start by the fit; NaN where it maps nothing, shape (n,).
        gain: Nats of each line where the fit says it is, shape (n,).
    """

    anno: Track
    fit: FingerprintFit | None
    place_s: Floats
    gain: Floats

    @classmethod
    def of(cls, anno: Track, fit: FingerprintFit) -> FingerprintSource:
        """The evidence of `fit` about the lines of `anno`."""
        place = np.full(len(anno), np.nan)
        for segment in fit.segments:
            inside = (anno.start_s >= segment.anno_start_s) & (anno.end_s <= segment.anno_end_s)
            place[inside] = segment.scale * anno.start_s[inside] + segment.offset_s
        gain = np.where(np.isnan(place) | ~anno.speech, 0.0, _local(anno, fit) * fit.probability)
        return cls(anno, fit, place, gain)

    @property
    def name(self) -> Family:
        """Kind of evidence."""
        return "fingerprint"

    def speeds(self) -> list[float]:
        """The one speed of the fit."""
        return [self.fit.scale] if self.fit is not None and self.fit.segments else []

    def offsets(self, scale: float) -> Candidates:
        """The offsets of the fit's pieces in their middles; strength is their length with evidence."""
        out: Candidates = []
        for segment in self.fit.segments if self.fit is not None else ():
            middle = (segment.anno_start_s + segment.anno_end_s) / 2
            strength = segment.length_s * max(segment.score, 0.01)
            out.append((segment.apply(middle) - scale * middle, strength))
        return out

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """Log-likelihood ratio of lines at offsets, shape (lines, offsets); 0 where nothing is known."""
        away = scale * self.anno.start_s[:, None] + offsets[None, :] - self.place_s[:, None]
        near = np.exp(-0.5 * (np.nan_to_num(away, nan=0.0) / _SIGMA_S) ** 2)
        less = np.minimum(_LESS, self.gain)[:, None]
        out: Floats = (self.gain[:, None] + less) * near - less
        return out

    def within(self, sigma_s: float) -> Source:
        """Itself: sound is at close range already."""
        return self

    def decoy(self, anno: Track, order: Ints) -> Source:
        """Nothing: the fit has its own decoy, the time-reversed sound."""
        nothing = np.zeros(len(anno))
        return replace(self, anno=anno, fit=None, place_s=nothing, gain=nothing)

    def edges(self) -> Edges | None:
        """Unknown: sound tells no speech from music."""
        return None


def _local(anno: Track, fit: FingerprintFit) -> Floats:
    """Nats of each line: what the ticks around it hold, at least a little inside a piece."""
    if not len(fit.tick_anno_s):
        return np.full(len(anno), 1.0)
    total = np.concatenate([[0.0], np.cumsum(np.maximum(fit.tick_nats, 0.0))])
    low = np.searchsorted(fit.tick_anno_s, anno.start_s - 2.0)
    high = np.searchsorted(fit.tick_anno_s, anno.end_s + 2.0)
    nats: Floats = np.clip(total[high] - total[low], 1.0, _MOST)
    return nats
