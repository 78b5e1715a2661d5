"""Results that compare many: subtitles for one copy, titles for one copy, kinds of subtitles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

RANK_SCHEMA = "mmdia.rank/1"
IDENTIFY_SCHEMA = "mmdia.identify/1"
BATCH_SCHEMA = "mmdia.align-batch/1"
TABLE6_SCHEMA = "mmdia.table6/1"


@dataclass(frozen=True, slots=True)
class RankRow:
    """One subtitle, and how it does on a copy of the film.

    Attributes:
        rank: 1 for the best; equal for ties; None when it is of no use.
        name: The file.
        usable: Whether it may be used.
        verdict: As of a time map; None when it could not be aligned.
        confidence: Probability that it is of this film, 0..1.
        offset_s: Offset of the first piece, seconds.
        scale: Media seconds per subtitle second.
        edits: Places where the copy is cut differently.
        lines: Lines of the subtitle.
        present: Share of them that the copy has.
        covers: Share of the copy's speech that it has a line for.
        start_spread_s: Mean distance of the starts of all spoken lines from those of the copy, after
            the time map; a line without a partner counts 0.5 s.
        duration_spread_s: Median deviation of the duration discrepancies.
        text_hits: Share of spoken lines confirmed by words; None when words were not compared.
        language: Language, when known.
        kind: dialogue, descriptions, chapters or metadata.
        review: Things that a person must confirm.
        reasons: Reason codes.
        why: Why it stands where it stands, in a sentence.
    """

    rank: int | None
    name: str
    usable: bool
    verdict: str | None = None
    confidence: float = 0.0
    offset_s: float | None = None
    scale: float | None = None
    edits: int = 0
    lines: int = 0
    present: float = 0.0
    covers: float = 0.0
    start_spread_s: float | None = None
    duration_spread_s: float | None = None
    text_hits: float | None = None
    language: str | None = None
    kind: str = "dialogue"
    review: int = 0
    reasons: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Subtitles for one copy, best first; those of no use last.

    Attributes:
        media: The copy.
        evidence: What they were compared with: kind, name, detector.
        rows: One a subtitle.
        missing: Codes of evidence that was sought in vain.
    """

    media: str
    evidence: Mapping[str, str | None]
    rows: tuple[RankRow, ...]
    missing: tuple[str, ...] = ()

    @property
    def best(self) -> RankRow | None:
        """The first that may be used, or None."""
        return next((row for row in self.rows if row.usable), None)

    def to_row(self) -> dict[str, Any]:
        """As one JSON document."""
        best = self.best
        return {
            "schema": RANK_SCHEMA,
            "media": self.media,
            "evidence": dict(self.evidence),
            "missing": list(self.missing),
            "best": None if best is None else best.name,
            "rows": [asdict(row) for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class TitleMatch:
    """One title that a copy may be.

    Attributes:
        title_id: The title.
        name: Its name, when the release says it.
        screened_by: words, pattern or fingerprint: what proposed it.
        screening: Score there; comparable within one screening only.
        verdict: Of the full alignment; None when it was not aligned.
        confidence: Probability that it is this title.
        accepted: Whether the alignment is accepted.
        reasons: Reason codes.
    """

    title_id: str
    name: str | None
    screened_by: str
    screening: float
    verdict: str | None = None
    confidence: float = 0.0
    accepted: bool = False
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identification:
    """Which title a copy is.

    Attributes:
        media: The copy.
        evidence: What was compared: kind, name, detector.
        titles: Titles of the release that were looked at.
        matches: Candidates that were aligned, best first.
        skipped: Titles without lines, sound or words to compare.
        missing: Codes of evidence that was sought in vain.
    """

    media: str
    evidence: Mapping[str, str | None]
    titles: int
    matches: tuple[TitleMatch, ...]
    skipped: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def found(self) -> TitleMatch | None:
        """The title, or None when none fits."""
        return next((m for m in self.matches if m.accepted), None)

    def to_row(self) -> dict[str, Any]:
        """As one JSON document."""
        found = self.found
        return {
            "schema": IDENTIFY_SCHEMA,
            "media": self.media,
            "evidence": dict(self.evidence),
            "missing": list(self.missing),
            "titles": self.titles,
            "skipped": list(self.skipped),
            "title_id": None if found is None else found.title_id,
            "confidence": 0.0 if found is None else found.confidence,
            "matches": [asdict(m) for m in self.matches],
        }


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One annotation and its copy.

    Attributes:
        name: Name of the pair; its output files begin with it.
        annotation: What was aligned.
        media: To what; None when there was no file.
        status: accepted, refused, failed, or missing_media.
        verdict: As of the time map.
        confidence: Probability of the right film.
        offset_s: Offset of the first piece, seconds.
        scale: Media seconds per annotation second.
        pieces: Pieces of the map.
        lines: Lines of the annotation.
        present: How many of them the copy has.
        review: Things that a person must confirm.
        evidence: Kind of evidence used.
        reasons: Reason codes.
        message: What went wrong, when something did.
        kept: Whether the map was made by an earlier run.
        report: File name of the report page, when one was written.
    """

    name: str
    annotation: str
    media: str | None
    status: str
    verdict: str | None = None
    confidence: float = 0.0
    offset_s: float | None = None
    scale: float | None = None
    pieces: int = 0
    lines: int = 0
    present: int = 0
    review: int = 0
    evidence: str | None = None
    reasons: tuple[str, ...] = ()
    message: str | None = None
    kept: bool = False
    report: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Many alignments.

    Attributes:
        rows: One a pair.
        unpaired: Media files that belong to no annotation.
    """

    rows: tuple[BatchRow, ...]
    unpaired: tuple[str, ...] = ()

    @property
    def statuses(self) -> dict[str, int]:
        """How many rows have each status."""
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row.status] = counts.get(row.status, 0) + 1
        return dict(sorted(counts.items()))

    def to_row(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "schema": BATCH_SCHEMA,
            "statuses": self.statuses,
            "rows": [asdict(row) for row in self.rows],
            "unpaired": list(self.unpaired),
        }


@dataclass(frozen=True, slots=True)
class SubtitleScore:
    """A kind of subtitle against the reference: one row of Table 6.

    Attributes:
        name: As printed.
        key: asr, uncalibrated, calibrated or official, for the paper's rows; else None.
        titles: Titles pooled.
        missing: Titles of the reference that this kind lacks.
        accuracy: Figures of `mmdia.metrics.timestamps`, as a row.
        wer: Figures of `mmdia.metrics.wer`, as a row.
    """

    name: str
    key: str | None
    titles: int
    missing: tuple[str, ...] = ()
    accuracy: Mapping[str, Any] = field(default_factory=dict)
    wer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table6:
    """Timestamp accuracy and word error rate of kinds of subtitles.

    Attributes:
        reference: What they were compared with.
        titles: Its titles.
        lines: Its lines that have words.
        tau: Tolerance, seconds.
        normalizer: How words were compared.
        rows: One a kind.
        paper: The rows of the paper: name, key, accuracy, wer.
    """

    reference: str
    titles: int
    lines: int
    tau: float
    normalizer: str
    rows: tuple[SubtitleScore, ...]
    paper: tuple[Mapping[str, Any], ...]

    def to_row(self) -> dict[str, Any]:
        """As one JSON document."""
        return {
            "schema": TABLE6_SCHEMA,
            "reference": self.reference,
            "titles": self.titles,
            "lines": self.lines,
            "tau": self.tau,
            "normalizer": self.normalizer,
            "rows": [asdict(row) for row in self.rows],
            "paper": [dict(row) for row in self.paper],
        }
