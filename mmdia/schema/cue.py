"""A subtitle cue as a value: what a line says, when, who says it, and what is heard beside it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A non-verbal mark found in a cue, kept as data: ``[laughs]``, ``♪``, ``(door slams)``.

    Attributes:
        label: Normalised text, lower case, without brackets ("laughs").
        raw: As written in the cue, brackets included.
        kind: vocal | speech_event | ambient | music | visual | tone, or None when unknown.
        char_offset: Position in the cue's clean `text` where it stood.
    """

    label: str
    raw: str
    kind: str | None = None
    char_offset: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """A timed word, from speech recognition or karaoke markup; seconds."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue of a subtitle track.

    Attributes:
        start_ms: Start on the track's timeline; may be negative after retiming.
        end_ms: End (exclusive); a dirty file may have it before the start, and it is kept so.
        text: Spoken words only: no markup, no speaker label, no marks; lines joined by newline.
        raw_text: The payload exactly as in the file.
        speakers: Speaker labels in order of appearance, as written.
        marks: Non-verbal marks taken out of `text`.
        words: Timed words when the source has them.
        identifier: SRT number or VTT identifier as written ("" when none).
        settings: VTT cue settings, or ASS fields beside times and text, as written.
        line: 1-based line number of the timing line in its file; 0 when not from a file.
    """

    start_ms: int
    end_ms: int
    text: str
    raw_text: str = ""
    speakers: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    words: tuple[Word, ...] = ()
    identifier: str = ""
    settings: str = ""
    line: int = 0

    @property
    def start_s(self) -> float:
        """Start in seconds."""
        return self.start_ms / 1000.0

    @property
    def end_s(self) -> float:
        """End in seconds."""
        return self.end_ms / 1000.0
