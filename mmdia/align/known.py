"""All sources there are for one annotation and one copy, and what a mode lets the solver use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mmdia.align.activity import ActivitySource
from mmdia.align.fp_match import match
from mmdia.align.fp_source import FingerprintSource
from mmdia.align.harden import SoundFit
from mmdia.align.result import Mode
from mmdia.align.source import Family, Source
from mmdia.align.text_source import TextSource
from mmdia.align.timing_source import TimingSource
from mmdia.align.track import Track
from mmdia.errors import AlignmentError
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue
from mmdia.schema.fingerprint import Fingerprint, SoundBands

#: Kinds of evidence that each mode uses.
_USED: dict[Mode, frozenset[Family]] = {
    "auto": frozenset({"text", "timing", "audio", "fingerprint"}),
    "text": frozenset({"text", "timing"}),
    "timing": frozenset({"timing"}),
    "audio": frozenset({"audio"}),
    "fingerprint": frozenset({"fingerprint"}),
}

#: What is missing when a mode finds nothing to use.
_MISSING: dict[Mode, str] = {
    "auto": "there is nothing in the media to align with: no cues, no speech activity, no fingerprint",
    "text": "there are no cues in the media to align with",
    "timing": "there are no cues in the media to align with",
    "audio": "there is no speech activity of the media to align with",
    "fingerprint": "there are no fingerprints of both sides to compare",
}


@dataclass(frozen=True)
class Known:
    """What is known of one annotation and one copy.

    Attributes:
        anno: The annotation, in time order.
        media: Lines of the copy, in time order; None when it has none.
        sources: Every kind of evidence that may be used.
        sound: The comparison of the two sound tracks, when there are fingerprints of both.
    """

    anno: Track
    media: Track | None
    sources: tuple[Source, ...]
    sound: SoundFit | None = None

    def source(self, name: Family) -> Source | None:
        """The source of that kind, or None."""
        return next((s for s in self.sources if s.name == name), None)


def gather(
    anno: Track,
    media: Sequence[Cue],
    mode: Mode,
    activity: Activity | None,
    fingerprints: tuple[Fingerprint, Fingerprint | SoundBands] | None,
) -> Known:
    """Make the sources that the mode may use.

    Raises:
        AlignmentError: There is none.
    """
    used = _USED[mode]
    track = Track.from_cues(media).by_time()[0] if media else None
    sources: list[Source] = []
    if track is not None and "timing" in used:
        if "text" in used:
            sources.append(TextSource.of(anno, track))
        sources.append(TimingSource.of(anno, track))
    if activity is not None and "audio" in used:
        sources.append(ActivitySource.of(anno, activity))
    sound: SoundFit | None = None
    if fingerprints is not None and "fingerprint" in used:
        fit = match(*fingerprints)
        sound = fit
        sources.append(FingerprintSource.of(anno, fit))
    if not sources:
        raise AlignmentError(_MISSING[mode])
    return Known(anno, track, tuple(sources), sound)
