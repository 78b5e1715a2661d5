"""When everything happens: lines are placed at whole milliseconds, scenes and shots at frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
import voices
from script_types import Dialogue, Line, Mark, Scene

RATE = 48_000
FPS = Fraction(24_000, 1001)
PER_MS = RATE // 1000


@dataclass
class Placed:
    """A line on the film's clock. All positions in samples at 48 kHz."""

    line: Line
    scene: str
    dialogue: Dialogue | None
    start: int = 0
    end: int = 0
    parts: list[tuple[int, str, np.ndarray]] = field(default_factory=list)
    marks: list[tuple[Mark, int, int, int | None]] = field(default_factory=list)

    @property
    def ms(self) -> tuple[int, int]:
        """Turn times: exact, since starts and lengths are whole milliseconds."""
        return self.start // PER_MS, self.end // PER_MS


@dataclass
class Shot:
    """Frames [first, last) of one camera position."""

    name: str
    scene: str
    first: int
    last: int = 0


@dataclass
class Film:
    """The whole clockwork of the film."""

    lines: list[Placed]
    shots: list[Shot]
    scenes: list[tuple[str, str, int, int]]
    n_frames: int

    @property
    def n_samples(self) -> int:
        """Length of the sound: that of the pictures."""
        return round(self.n_frames * RATE / FPS)


def frame_at(sample: float) -> int:
    """The frame on screen at a sample."""
    return math.floor(Fraction(round(sample), RATE) * FPS)


def frame_ms(frame: int) -> int:
    """Start of a frame in milliseconds, rounded to the nearest."""
    return round(frame / FPS * 1000)


def _place_line(placed: Placed, at: int) -> int:
    """Lays the sounds of a line from `at` on; returns the first sample after them."""
    line, who = placed.line, placed.line.who[0]
    placed.start = cursor = at
    text = line.say or line.text
    for mark in (m for m in line.marks if m.place == "before"):
        sound = voices.whole_ms(voices.mark_sound(mark, who))
        placed.parts.append((cursor, f"mark:{who}", sound))
        placed.marks.append((mark, cursor, cursor + len(sound), 0))
        cursor += len(sound) + 120 * PER_MS
    pauses = [m for m in line.marks if m.place.startswith("at:")]
    pieces = [text]
    for mark in pauses:
        where = text.index(mark.place[3:])
        pieces = [text[:where], text[where:]]
    for i, piece in enumerate(pieces):
        if i:
            gap = int((pauses[0].seconds or 0.4) * 1000) * PER_MS
            placed.marks.append((pauses[0], cursor, cursor + gap, len(pieces[0])))
            cursor += gap
        said = voices.speak(line, piece)
        for speaker, sound in zip(line.who, said, strict=True):
            placed.parts.append((cursor, speaker, sound))
        cursor += len(said[0])
    for mark in (m for m in line.marks if m.place == "after"):
        cursor += 60 * PER_MS
        sound = voices.whole_ms(voices.mark_sound(mark, who))
        placed.parts.append((cursor, f"mark:{who}", sound))
        placed.marks.append((mark, cursor, cursor + len(sound), len(line.text)))
        cursor += len(sound)
    placed.end = cursor
    for mark in (m for m in line.marks if m.place == "over"):
        start = cursor if mark.label == "cut off" else placed.start
        placed.marks.append((mark, start, cursor, len(line.text) if mark.label == "cut off" else None))
    return cursor


def lay_out(scenes: tuple[Scene, ...]) -> Film:
    """Places every line and every shot of the screenplay."""
    lines: list[Placed] = []
    shots: list[Shot] = []
    spans: list[tuple[str, str, int, int]] = []
    frame = 0
    for scene in scenes:
        first = frame
        shots.append(Shot(scene.opening_shot, scene.id, first))
        cursor = round(first * RATE / FPS) + int(scene.lead * RATE)
        for item in scene.items:
            dialogue = item if isinstance(item, Dialogue) else None
            for line in item.lines if isinstance(item, Dialogue) else (item,):
                at = math.ceil((cursor + line.gap * RATE) / PER_MS) * PER_MS
                placed = Placed(line, scene.id, dialogue)
                cursor = _place_line(placed, at)
                lines.append(placed)
                cut = frame_at(at - line.cut_before * RATE)
                if line.shot != shots[-1].name and cut > shots[-1].first + 6:
                    shots.append(Shot(line.shot, scene.id, cut))
        if scene.closing_shot:
            shots.append(Shot(scene.closing_shot, scene.id, frame_at(cursor + 0.3 * RATE)))
        frame = frame_at(cursor + scene.tail * RATE) + 1
        spans.append((scene.id, scene.place, first, frame))
    for shot, following in zip(shots, [*shots[1:], None], strict=True):
        shot.last = following.first if following else frame
    return Film(lines, shots, spans, frame)


def speaking(film: Film, who: str) -> np.ndarray:
    """Loudness of one voice in every frame, 0..1: what the mouth follows."""
    track = np.zeros(film.n_samples)
    for placed in film.lines:
        if placed.line.voice_over:
            continue
        for at, speaker, sound in placed.parts:
            group = speaker == "everyone" and who in ("nora", "sam", "angus")
            if speaker == who or group or speaker == f"mark:{who}":
                end = min(at + len(sound), len(track))
                track[at:end] += sound[: end - at]
    edges = [round(k * RATE / FPS) for k in range(film.n_frames + 1)]
    power = np.concatenate([[0.0], np.cumsum(track**2)])
    rms = np.sqrt([(power[min(b, len(track))] - power[a]) / max(b - a, 1) for a, b in pairwise(edges)])
    return np.clip(rms / 0.16, 0, 1)
