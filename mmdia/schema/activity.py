"""Speech activity: how probable speech is, step by step, on a media or annotation timeline."""

from __future__ import annotations

from array import array
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """Probability of speech on a regular grid.

    Attributes:
        start_s: Time of the beginning of step 0, seconds of player time.
        step_s: Length of a step, seconds.
        probability: Probability of speech in each step, 0..1, float32 (readable by numpy without a copy).
        detector: What found it ("webrtc", "silero", ...).
    """

    start_s: float
    step_s: float
    probability: array[float]
    detector: str

    @property
    def duration_s(self) -> float:
        """Seconds covered."""
        return self.step_s * len(self.probability)
