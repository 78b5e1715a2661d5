"""The words the screenplay is written in: marks, lines, dialogues, scenes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Mark:
    """Something heard or seen beside the words.

    `place`: "before" and "after" the words of its line (it then belongs to the
    turn), "over" them (ambience, music, sights, tone), or "at:<text>": a pause
    in the words just before <text>. `sound` names a sound of `sounds.py`.
    """

    kind: str
    label: str
    raw: str
    tag: str | None = None
    place: str = "over"
    sound: str | None = None
    seconds: float | None = None
    other: str | None = None


@dataclass(frozen=True)
class Line:
    """One subtitle line. `gap`: silence before it in seconds (negative: it interrupts)."""

    who: tuple[str, ...]
    text: str
    shot: str
    emotion: str = "neutral"
    sentiment: str = "neutral"
    intensity: float = 2
    style: str = "Even, unhurried."
    gap: float = 0.32
    mood: str = "neutral"
    say: str | None = None
    stretch: float = 1.0
    gain: float = 0.0
    marks: tuple[Mark, ...] = ()
    voice_over: bool = False
    interrupts: bool = False
    withheld: bool = False
    cut_before: float = 0.14


@dataclass(frozen=True)
class Dialogue:
    """A dialogue: its lines, and its row's fields that no clock is needed for."""

    id: str
    split: str | None
    subsets: tuple[str, ...]
    lines: tuple[Line, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """A place drawn by `sets.py`; loose lines belong to no dialogue."""

    id: str
    place: str
    items: tuple[Dialogue | Line, ...]
    lead: float = 1.2
    tail: float = 0.8
    opening_shot: str = "wide"
    closing_shot: str | None = None


def line(who: str, text: str, shot: str, **kw: Any) -> Line:
    """A line; several voices are joined by "+"."""
    return Line(tuple(who.split("+")), text, shot, **kw)
