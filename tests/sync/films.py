"""Made-up films: lines with their own rhythm and words, and copies of them as people own."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mmdia.schema.cue import Cue
from mmdia.subtitles.write import write_srt

_COMMON = [f"common{k}" for k in range(60)]


def film(seed: int, lines: int = 120, start_s: float = 8.0) -> tuple[Cue, ...]:
    """Lines of one film; films of different seeds share common words only."""
    dice = random.Random(seed)
    own = [f"film{seed}word{k}" for k in range(200)]
    cues, t = [], start_s
    for _ in range(lines):
        length = dice.uniform(0.8, 4.0)
        words = [dice.choice(own if dice.random() < 0.4 else _COMMON) for _ in range(dice.randint(2, 8))]
        text = " ".join(words)
        cues.append(Cue(round(1000 * t), round(1000 * (t + length)), text, raw_text=text))
        t += length + dice.choice((0.1, 0.3, 1.0, 2.5, 6.0)) * dice.uniform(0.7, 1.3)
    return tuple(cues)


def moved(cues: Sequence[Cue], offset_s: float = 0.0, scale: float = 1.0) -> tuple[Cue, ...]:
    return tuple(
        replace(
            c,
            start_ms=round(c.start_ms * scale + 1000 * offset_s),
            end_ms=round(c.end_ms * scale + 1000 * offset_s),
        )
        for c in cues
    )


def cut(cues: Sequence[Cue], start_s: float, end_s: float) -> tuple[Cue, ...]:
    """The film without [start_s, end_s)."""
    gone = round(1000 * (end_s - start_s))
    before = [c for c in cues if c.end_s <= start_s]
    after = [
        replace(c, start_ms=c.start_ms - gone, end_ms=c.end_ms - gone) for c in cues if c.start_s >= end_s
    ]
    return (*before, *after)


def dubbed(cues: Sequence[Cue], seed: int = 1) -> tuple[Cue, ...]:
    """Other words at nearly the same times."""
    dice = random.Random(seed)
    return tuple(
        replace(
            c,
            raw_text="",
            text=" ".join(f"x{dice.randrange(10_000)}" for _ in c.text.split()),
            start_ms=c.start_ms + round(dice.gauss(0, 60)),
            end_ms=c.end_ms + round(dice.gauss(0, 90)),
        )
        for c in cues
        if dice.random() > 0.08
    )


def jittered(cues: Sequence[Cue], sigma_s: float, seed: int = 2) -> tuple[Cue, ...]:
    dice = random.Random(seed)
    away = [round(dice.gauss(0, 1000 * sigma_s)) for _ in cues]
    return tuple(
        replace(c, start_ms=max(0, c.start_ms + d), end_ms=c.end_ms + d)
        for c, d in zip(cues, away, strict=True)
    )


def write(path: Path, cues: Sequence[Cue]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_srt(cues), "utf-8")
    return path
