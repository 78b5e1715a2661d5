"""What a kind of evidence must be able to say, so that all kinds add up in one likelihood.

A source knows one annotation and one copy of the film. Words, line times, speech heard in the
audio and fingerprints are sources; the solver knows no other difference between them than how
much each is worth (`mmdia.align.evidence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from mmdia.align.track import Floats, Ints, Track

#: Kinds of evidence.
Family = Literal["text", "timing", "audio", "fingerprint"]

#: Offsets with their strength; the higher the better, and comparable within one source.
Candidates = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Edges:
    """Times on the media timeline at which speech begins and ends.

    Attributes:
        onset: Starts, ascending; never empty.
        close: Ends, ascending; never empty.
        exact: Whether they are written down (lines of a file), so that copies agree to the
            millisecond; measured ones (audio) do so by chance only.
    """

    onset: Floats
    close: Floats
    exact: bool = True


class Source(Protocol):
    """One kind of evidence about where the lines of an annotation lie in the media."""

    @property
    def name(self) -> Family:
        """Kind of evidence."""
        ...

    def speeds(self) -> list[float]:
        """Speeds worth a search, best first; none when this kind cannot tell."""
        ...

    def offsets(self, scale: float) -> Candidates:
        """Offsets worth a look at speed `scale`."""
        ...

    def nats(self, scale: float, offsets: Floats) -> Floats:
        """Log-likelihood ratio of "the line is here" to "it is somewhere else".

        Args:
            scale: Speed.
            offsets: Offsets, shape (k,).

        Returns:
            Shape (lines, k), or a shape that broadcasts to it.
        """
        ...

    def within(self, sigma_s: float) -> Source:
        """The same at close range: starts agree within `sigma_s`. May return itself."""
        ...

    def decoy(self, anno: Track, order: Ints) -> Source:
        """The same evidence against a decoy of the annotation.

        Args:
            anno: The decoy, in time order.
            order: Which line of the annotation each line of the decoy was, shape (n,).
        """
        ...

    def edges(self) -> Edges | None:
        """Where the media begins and ends to speak, for the exact fit; None when unknown."""
        ...
