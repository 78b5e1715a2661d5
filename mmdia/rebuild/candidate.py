"""A file that may hold a title, and what matching a folder gave."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold a title, or a part of it.

    Attributes:
        path: Path relative to the media folder (or absolute, from the user's map).
        how: map, id, nfo, episode, name, guess, identify, or only (the only file for the only title).
        part: Part number from 1, for titles in several files.
        start_ms: Start of the title's range on the file, when the file holds more than it.
        end_ms: End of that range.
        evidence: What speaks for the match, in words, strongest first.
        rank: Strength of the match; higher is better (the user's map 9, an identifier 6, the only
            file 0).
    """

    path: str
    how: str
    part: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None
    evidence: tuple[str, ...] = ()
    rank: int = 0


@dataclass(frozen=True)
class Matches:
    """Result of matching a folder against a catalogue.

    Attributes:
        by_title: Candidates by title id, best first; parts in order.
        unmatched: Files that belong to no title.
        ambiguous: Files that fit several titles equally, with those titles.
        strangers: Rows of the media map that cannot be used (no such title, no such file), in words.
        passed: Samples, trailers, extras and menus that were passed over.
        images: Images of discs, which are not read, with the titles that their names fit.
    """

    by_title: dict[str, tuple[Candidate, ...]]
    unmatched: tuple[str, ...]
    ambiguous: dict[str, tuple[str, ...]]
    strangers: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    images: dict[str, tuple[str, ...]] = field(default_factory=dict)
