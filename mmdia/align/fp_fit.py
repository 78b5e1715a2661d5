"""What matching two sound tracks found."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from mmdia.schema.time import Segment, TimeMap

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FpSegment:
    """One piece: media = scale * anno + offset on [anno_start_s, anno_end_s), seconds.

    Attributes:
        anno_start_s: First second on the annotation timeline.
        anno_end_s: End (exclusive).
        scale: Media seconds per annotation second.
        offset_s: Media second of annotation second 0.
        score: Share of its ticks that speak for it, 0..1.
        residual_s: Median absolute residual of its local offsets.
    """

    anno_start_s: float
    anno_end_s: float
    scale: float
    offset_s: float
    score: float
    residual_s: float

    @property
    def length_s(self) -> float:
        """Seconds on the annotation timeline."""
        return self.anno_end_s - self.anno_start_s

    def apply(self, t: float) -> float:
        """Annotation second -> media second."""
        return self.scale * t + self.offset_s


@dataclass(frozen=True)
class FingerprintFit:
    """How one sound track lies in another.

    Attributes:
        segments: Pieces in order; none when nothing was found.
        scale: Media seconds per annotation second.
        scale_ratio: The same as a rational, where a standard speed was recognised.
        pitch_shifted: Whether the pitch moved with the speed.
        coverage: Share of the shorter track's length that is mapped.
        heard: Share of the mapped ticks that hold evidence for the map.
        bit_error_rate: Share of bits that differ where mapped.
        decoy_bit_error_rate: The same at the best place of the time-reversed annotation.
        nats: Evidence of the map.
        decoy_nats: Evidence that the time-reversed annotation finds by the same search.
        probability: That this is the same film, 0..1.
        tick_s: Seconds a tick.
        tick_anno_s: Start of each tick on the annotation timeline.
        tick_nats: Evidence for the map in each tick; 0 where nothing is mapped.
    """

    segments: tuple[FpSegment, ...]
    scale: float
    scale_ratio: Fraction | None
    pitch_shifted: bool
    coverage: float
    heard: float
    bit_error_rate: float
    decoy_bit_error_rate: float
    nats: float
    decoy_nats: float
    probability: float
    tick_s: float = 0.5
    tick_anno_s: Floats = field(default_factory=lambda: np.zeros(0))
    tick_nats: Floats = field(default_factory=lambda: np.zeros(0))

    def time_map(self) -> TimeMap:
        """The map as a value; empty when nothing was found."""
        return TimeMap(
            tuple(
                Segment(s.anno_start_s, s.anno_end_s, s.scale, s.offset_s, self.probability, s.residual_s)
                for s in self.segments
            )
        )
