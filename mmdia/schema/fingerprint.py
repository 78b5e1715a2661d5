"""An audio fingerprint: bits that tell where a sound track is, and from which no sound comes back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Sub-fingerprints of one sound track at a fixed rate.

    Attributes:
        data: The words, packed; `width` bytes each, in time order.
        width: Bytes a word.
        step_s: Seconds between words.
        start_s: Player time of the centre of the first word.
        method: Name and version of the method that made it; only equal methods can be compared.
    """

    data: bytes
    width: int
    step_s: float
    start_s: float
    method: str
