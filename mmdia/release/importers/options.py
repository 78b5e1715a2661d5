"""What a user can say about a source that the source does not say itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Title


@dataclass(frozen=True, slots=True)
class SubtitleText:
    """The whole cue track of a title, as SRT text."""

    title_id: str
    text: str


#: What an importer gives. A `Release` is a head whose fields are taken where the user names none.
Item = Title | Dialogue | Scene | Withdrawal | Release | SubtitleText


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options that importers understand; each uses those that concern it.

    Attributes:
        fps: Frame rate by which HH:MM:SS:FF and frame numbers are read.
        fps_of: Names of series that have a frame rate of their own, and those rates.
        withhold_text: Leave out all that is said; the number of words stays.
        encoding: Encoding of text files; detected when None.
        language: Language of the lines, BCP-47; of several subtitles of a title, the one to take.
        split: Split of all rows; None reads it from file names or columns.
        max_gap_s: A pause longer than this starts a new dialogue, where the source has no dialogues.
        scenes: Scenes of the titles; a new scene starts a new dialogue.
        word_gap_s: Words that are closer than this are one turn (CTM).
        mapping: TOML file that says how to read a table (format ``mapping``).
        titles: Facts on titles that are added to what the source says.
        name_map: Names of titles in the source, and their IMDb identifiers.
    """

    fps: Fraction | None = None
    fps_of: tuple[tuple[str, Fraction], ...] = ()
    withhold_text: bool = False
    encoding: str | None = None
    language: str | None = None
    split: str | None = None
    max_gap_s: float | None = None
    scenes: tuple[Scene, ...] = ()
    word_gap_s: float = 1.0
    mapping: Path | None = None
    titles: tuple[Title, ...] = ()
    name_map: tuple[tuple[str, str], ...] = ()

    def of_series(self, name: str) -> ImportOptions:
        """The options with the frame rate of one series."""
        rate = dict(self.fps_of).get(name)
        return self if rate is None else replace(self, fps=rate)
