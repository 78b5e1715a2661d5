"""The time-map file, ``mmdia.timemap/1``: what `mmdia align` writes and rebuild reads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from mmdia.schema.base import Known, Many, Record
from mmdia.schema.reasons import explain
from mmdia.schema.time import TimeMap

TIMEMAP_SCHEMA = "mmdia.timemap/1"
VERDICTS = ("identity", "translation", "speed", "segments", "wrong_film")


class SegmentRow(Record):
    """One affine piece: media = scale * anno + offset, seconds."""

    anno_start: float
    """First second on the annotation timeline."""
    anno_end: float
    """End (exclusive) on the annotation timeline."""
    scale: float = 1.0
    """Media seconds per annotation second."""
    offset: float = 0.0
    """Media second of annotation second 0."""
    confidence: float = 1.0
    """Probability that lines of this piece are placed right, 0..1."""
    residual_s: float = 0.0
    """Median absolute residual of its anchors, seconds."""


class LineRow(Record):
    """One annotation cue on the media timeline, seconds."""

    i: int
    """Index of the cue in the annotation track."""
    start: float
    """Start on the media timeline; extrapolated where the line is absent."""
    end: float
    """End on the media timeline."""
    present: bool
    """Whether the media has the line."""
    confidence: float
    """Probability that the line is placed within 0.2 s, 0..1."""
    dialogue_id: str | None = None
    """Dialogue the line belongs to, when the annotation is a release."""
    turn: int | None = None
    """Index of the turn in that dialogue."""
    anno_start: float | None = None
    """Start of the line on the annotation timeline, seconds."""


class DiscrepancySeries(Record):
    """Media minus annotation at the anchors: the two series of the paper's Figure 4, seconds."""

    anno_time: Many[float] = ()
    """Start of the anchor on the annotation timeline."""
    start: Many[float] = ()
    """Difference of start times."""
    duration: Many[float] = ()
    """Difference of durations."""


class ReviewRow(Record):
    """One thing that a person must confirm before the map is used; seconds on the annotation timeline."""

    kind: str
    """Code of why: one of the reason registry."""
    anno_start: float
    """First second to look at."""
    anno_end: float
    """End (exclusive)."""
    lines: Many[int] = ()
    """Indices of the annotation cues concerned."""
    detail: str = ""
    """What to check, in one sentence."""


class TimeMapFile(Record):
    """A time map with its verdict and evidence."""

    schema_: Annotated[str, Field(alias="schema")] = TIMEMAP_SCHEMA
    """Format version."""
    verdict: Annotated[str, Known(*VERDICTS)]
    """identity, translation, speed, segments, or wrong_film."""
    confidence: float
    """Probability that the media is the annotated film, 0..1."""
    accepted: bool = True
    """Whether the policy in force takes the map."""
    policy: str = "default"
    """The policy: default or paper."""
    scale: float = 1.0
    """Media seconds per annotation second."""
    scale_ratio: str | None = None
    """The same as an exact rational, where one was recognised."""
    segments: Many[SegmentRow] = ()
    """Pieces in order."""
    lines: Many[LineRow] = ()
    """Every annotation cue on the media timeline."""
    discrepancy: DiscrepancySeries = DiscrepancySeries()
    """Differences at the anchors."""
    evidence: dict[str, JsonValue] = Field(default_factory=dict)
    """What the verdict stands on."""
    reasons: Many[str] = ()
    """Reason codes."""
    needs_review: Many[ReviewRow] = ()
    """Exactly what a person must confirm."""
    annotation: str | None = None
    """What was aligned."""
    media: str | None = None
    """To what."""

    @property
    def undecided(self) -> bool:
        """Whether nothing is known: there is no map, yet nothing says that it is another film."""
        return self.verdict == "wrong_film" and bool(self.reasons) and "wrong_film" not in self.reasons

    def sentences(self) -> tuple[tuple[str, str], ...]:
        """Each reason code with its sentence; where lines are too few to tell, with their number."""
        figures = ("n_lines", "n_media_lines") if self.undecided else ("n_anchors",)
        few = min([n for f in figures if isinstance(n := self.evidence.get(f), int) and n], default=0)
        return tuple((c, explain(c, few if c == "few_anchors" else None)) for c in self.reasons)

    def time_map(self) -> TimeMap:
        """The map as a value.

        Raises:
            TimeMapError: The segments are no monotone map.
        """
        return TimeMap.from_rows(s.model_dump() for s in self.segments)
