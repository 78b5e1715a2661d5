"""What the solver returns: a verdict, the time map, a place for every line, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from mmdia.schema.time import TimeMap

if TYPE_CHECKING:
    from mmdia.align.features import Features

Verdict = Literal["identity", "translation", "speed", "segments", "wrong_film"]
Mode = Literal["auto", "text", "timing", "audio", "fingerprint"]
Policy = Literal["default", "paper"]


@dataclass(frozen=True, slots=True)
class LineFit:
    """Where one annotation cue lies in the media.

    Attributes:
        index: Number of the cue in the annotation given.
        start_s: Start on the media timeline; extrapolated where the line is absent.
        end_s: End on the media timeline.
        present: Whether the media holds the line.
        confidence: Probability (0..1) that it is there and placed within 0.2 s.
    """

    index: int
    start_s: float
    end_s: float
    present: bool
    confidence: float


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Media minus annotation at the anchors, in annotation order (Fig. 4 of the paper).

    Steps in `start_s` mean edited segments, a ramp means another speed, a flat line a translation.

    Attributes:
        anno_s: Start of each anchor line on the annotation timeline.
        start_s: Media start minus annotation start.
        duration_s: Media duration minus annotation duration.
    """

    anno_s: tuple[float, ...] = ()
    start_s: tuple[float, ...] = ()
    duration_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One thing that a person must confirm before the map is used.

    Attributes:
        kind: Code of why (`mmdia.schema.reasons`).
        anno_start_s: First annotation second to look at.
        anno_end_s: End (exclusive).
        lines: Cues concerned; none where it is the whole film.
        detail: What to check, in one sentence.
    """

    kind: str
    anno_start_s: float
    anno_end_s: float
    lines: tuple[int, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class Alignment:
    """The result of an alignment; a doubtful one is a value too, with its reasons.

    Attributes:
        verdict: What kind of change leads from the annotated copy to this media.
        confidence: Probability (0..1) that this is the right film.
        accepted: Whether the policy lets this alignment be used.
        scale: Media seconds per annotation second.
        scale_ratio: The exact ratio where a standard one was recognised.
        time_map: Annotation to media time; empty for the wrong film.
        lines: One place for every annotation cue, in the order given.
        discrepancy: The two series of the paper's Fig. 4.
        evidence: The figures the verdict rests on.
        reasons: Codes of what is doubtful or notable, sorted.
        needs_review: What a person must confirm, in order of time.
        features: Raw figures of every line, for calibration; None when nothing was found.
    """

    verdict: Verdict
    confidence: float
    accepted: bool
    scale: float
    scale_ratio: Fraction | None
    time_map: TimeMap
    lines: tuple[LineFit, ...]
    discrepancy: Discrepancy = Discrepancy()
    evidence: Mapping[str, float | int | str] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    needs_review: tuple[ReviewItem, ...] = ()
    features: Features | None = field(default=None, compare=False, repr=False)
