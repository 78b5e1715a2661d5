"""A subtitle track as a value: its cues, and everything in the file that was not taken as it stood."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from mmdia.schema.cue import Cue

TrackKind = Literal["dialogue", "descriptions", "chapters", "metadata"]

#: What each problem code means. Codes are stable words; `loss` ones say that no cue came of a timing line.
PROBLEM_CODES: dict[str, str] = {
    "arrow_in_text": "a line holds an arrow but no times; it stays text, and no cue begins there",
    "bad_time": "a timing line that cannot be read; its cue is lost, and its text is kept here",
    "blank_after_index": "an empty line between a cue's number and its timing line",
    "coarse_time": "a time without a fraction; read as whole seconds",
    "comment": "a commented-out event (ASS); not a cue",
    "cue_in_comment": "a cue below a NOTE without an empty line; taken as a cue, as browsers do",
    "cue_lost": "a timing line that another backend did not turn into a cue",
    "drawing": "an ASS drawing; the cue is kept, without the drawing as text",
    "duplicate_index": "a cue number that was used before",
    "empty_text": "a cue without any text; kept",
    "encoding_guessed": "the encoding was guessed from the bytes",
    "encoding_overruled": "the byte order mark says otherwise than the encoding asked for",
    "end_before_start": "a cue that ends before it starts; kept so",
    "format_mismatch": "the content is of another format than the file name says",
    "glued_text": "text on the timing line itself; taken as the first line of the cue",
    "missing_index": "a cue without a number; kept",
    "missing_time": "a numbered block of text without a timing line; the text is kept here",
    "negative_time": "a time below zero",
    "no_cues": "no cue was found in the file",
    "no_header": "WebVTT without its first line, or ASS without a Format line; read all the same",
    "nul_removed": "NUL characters were taken out",
    "out_of_order": "a cue that starts before the one above it; kept in its place",
    "short_fraction": "one or two digits after the seconds; read as a decimal fraction (,5 is 500 ms)",
    "stray_text": "text that belongs to no cue; kept here",
    "text_after_blank": "text after an empty line, with no timing line; added to the cue above",
    "timestamp_map": "an X-TIMESTAMP-MAP header (HLS); not applied to the times",
    "undecodable": "bytes that the encoding cannot hold; replaced by U+FFFD",
}

#: Codes of problems that stand for one timing line each.
_ONE_TIMING_LINE = frozenset({"arrow_in_text", "bad_time", "comment", "cue_lost"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing in a subtitle file that was not taken as it stood.

    Attributes:
        code: A word of `PROBLEM_CODES`.
        line: 1-based line number in the file; 0 when it concerns the whole file.
        text: What stood there (for a lost cue: timing line and text), or a detail.
    """

    code: str
    line: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """All cues of one file, in file order, and its problems.

    Attributes:
        cues: The cues in file order (not sorted by time).
        format: srt | vtt | ass (SSA files read as ass).
        encoding: Python name of the encoding used ("" when parsed from text).
        language: BCP-47 tag from the header or the file name, or None.
        kind: What the track holds. Only "dialogue" may be taken as what people say.
        header: VTT header with STYLE and REGION blocks, or all ASS lines above the events.
        problems: Everything that was lost, mended or doubtful.
        path: The file, or None.
        n_arrows: Timing lines in the file: lines with an arrow (SRT, VTT), or events (ASS).
    """

    cues: tuple[Cue, ...]
    format: str
    encoding: str = ""
    language: str | None = None
    kind: TrackKind = "dialogue"
    header: str = ""
    problems: tuple[Problem, ...] = ()
    path: str | None = None
    n_arrows: int = 0

    @property
    def unaccounted(self) -> int:
        """Timing lines that are neither a cue nor a problem; the readers keep this at 0."""
        reported = sum(1 for problem in self.problems if problem.code in _ONE_TIMING_LINE)
        return self.n_arrows - len(self.cues) - reported

    @property
    def lost(self) -> tuple[Problem, ...]:
        """The problems in which a cue, or text of one, was lost."""
        codes = {"bad_time", "cue_lost", "missing_time", "stray_text"}
        return tuple(problem for problem in self.problems if problem.code in codes)

    def counts(self) -> dict[str, int]:
        """Number of problems per code, sorted by code."""
        return dict(sorted(Counter(problem.code for problem in self.problems).items()))
