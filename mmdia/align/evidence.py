"""All that is known of one annotation and one copy, summed in one likelihood.

Each kind of evidence is a log-likelihood ratio of "the line is here" to "it is somewhere else", so
kinds add up. Their weights say how far they repeat each other: line times beside words that match
say little new, and speech found in the audio beside line times hardly anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmdia.align.source import Candidates, Edges, Family, Source
from mmdia.align.text_source import TextSource
from mmdia.align.track import Floats, Ints, Track

#: Weight of each kind while searching and at close range, by the kind that leads.
_WEIGHTS: dict[Family, dict[Family, tuple[float, float]]] = {
    "text": {"text": (1.0, 1.0), "timing": (0.35, 0.7), "audio": (0.1, 0.1), "fingerprint": (1.0, 1.0)},
    "timing": {"text": (0.5, 0.5), "timing": (1.0, 1.0), "audio": (0.3, 0.3), "fingerprint": (1.0, 1.0)},
    "audio": {"text": (0.5, 0.5), "timing": (1.0, 1.0), "audio": (1.0, 1.0), "fingerprint": (1.0, 1.0)},
    "fingerprint": {
        "text": (1.0, 1.0),
        "timing": (0.7, 0.7),
        "audio": (0.5, 0.5),
        "fingerprint": (1.0, 1.0),
    },
}

#: Kinds that say where to look, by the kind that leads: asking a film's times is dear.
_ASKED: dict[Family, frozenset[Family]] = {
    "text": frozenset({"text", "fingerprint"}),
    "timing": frozenset({"text", "timing", "audio", "fingerprint"}),
    "audio": frozenset({"audio", "fingerprint"}),
    "fingerprint": frozenset({"text", "fingerprint"}),
}

#: Nats a change of offset costs while searching, and a piece at close range.
_SWITCH: dict[Family, float] = {"text": 7.0, "timing": 11.0, "audio": 11.0, "fingerprint": 7.0}
_PRICE: dict[Family, float] = {"text": 14.0, "timing": 12.0, "audio": 12.0, "fingerprint": 14.0}

#: Width of agreement of line starts while searching: wider than where timing must find the place.
_BESIDE_TEXT_S = 0.22


@dataclass(frozen=True, slots=True)
class Part:
    """A source and its weights.

    Attributes:
        source: The evidence.
        far: Weight while searching.
        near: Weight at close range.
    """

    source: Source
    far: float
    near: float


@dataclass(frozen=True)
class Evidence:
    """What is known of one annotation and one media, and how it is weighed.

    Attributes:
        anno: The annotation, lines in time order.
        parts: The kinds of evidence.
        lead: The kind that the solution stands on.
    """

    anno: Track
    parts: tuple[Part, ...]
    lead: Family

    @classmethod
    def led_by(cls, lead: Family, anno: Track, sources: Sequence[Source]) -> Evidence:
        """All sources, weighed for the case that one kind leads."""
        parts = []
        for source in sources:
            if isinstance(source, TextSource) and lead != "text":
                # Where words do not lead they may be of another language, so their lack says nothing.
                source = replace(source, miss=0.0)
            if source.name == "timing" and lead in ("text", "fingerprint"):
                source = source.within(_BESIDE_TEXT_S)
            parts.append(Part(source, *_WEIGHTS[lead][source.name]))
        return cls(anno, tuple(parts), lead)

    def nats(self, scale: float, offsets: Floats, sigma_s: float | None = None) -> Floats:
        """All evidence in one sum, shape (lines, offsets).

        Args:
            scale: Speed.
            offsets: Offsets, shape (k,).
            sigma_s: At close range: starts are expected within this. None while searching.
        """
        total = np.zeros((len(self.anno), len(offsets)))
        for part in self.parts:
            source = part.source if sigma_s is None else part.source.within(sigma_s)
            weight = part.far if sigma_s is None else part.near
            total += weight * source.nats(scale, offsets)
        return total

    def speeds(self) -> list[float]:
        """Speeds worth a search, best first."""
        found: list[float] = []
        for name in ("fingerprint", self.lead):
            source = self.source(name)
            found += source.speeds() if source is not None else []
        return list(dict.fromkeys(found))

    def offsets(self, scale: float) -> Candidates:
        """Offsets worth a look, with their strength."""
        asked = _ASKED[self.lead]
        return [c for part in self.parts if part.source.name in asked for c in part.source.offsets(scale)]

    def decoy(self, anno: Track, order: Ints) -> Evidence:
        """The same evidence against a decoy of the annotation (see `Source.decoy`)."""
        parts = tuple(replace(part, source=part.source.decoy(anno, order)) for part in self.parts)
        return replace(self, anno=anno, parts=parts)

    def source(self, name: Family) -> Source | None:
        """The source of that kind, or None."""
        return next((part.source for part in self.parts if part.source.name == name), None)

    @property
    def text(self) -> TextSource | None:
        """The words, when they are part of it."""
        found = self.source("text")
        return found if isinstance(found, TextSource) else None

    @property
    def edges(self) -> Edges | None:
        """The best known times at which the media begins and ends to speak."""
        for name in ("timing", "audio", "fingerprint"):
            source = self.source(name)
            found = source.edges() if source is not None else None
            if found is not None:
                return found
        return None

    @property
    def switch(self) -> float:
        """Nats a change of offset costs while searching."""
        return _SWITCH[self.lead]

    @property
    def price(self) -> float:
        """Nats that a piece must be worth."""
        return _PRICE[self.lead]
