"""Made-up films, and changes made to them, for the tests of alignment."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from mmdia.schema.cue import Cue

Film = list[Cue]

_TIMES = re.compile(r"(?:(\d+):)?(\d+):(\d+)[.,](\d+)\s+-->\s+(?:(\d+):)?(\d+):(\d+)[.,](\d+)[^\n]*\n?")


def _words(rng: random.Random, n: int) -> list[str]:
    return ["".join(rng.choice("abdefgiklmnoprstuvz") for _ in range(rng.randint(2, 9))) for _ in range(n)]


@pytest.fixture(scope="session")
def make_film() -> Callable[..., Film]:
    """``make_film(lines, seed)``: a film whose words repeat as words do (few often, many once)."""

    def make(lines: int = 120, seed: int = 0, first_ms: int = 4000) -> Film:
        rng = random.Random(seed)
        common, rare = _words(rng, 40), _words(rng, 6 * lines)
        t, out = first_ms, []
        for _ in range(lines):
            text = [rng.choice(common if rng.random() < 0.5 else rare) for _ in range(rng.randint(2, 9))]
            length = 700 + 260 * len(text) + rng.randint(0, 400)
            out.append(Cue(t, t + length, " ".join(text)))
            t += length + rng.choice([80, 120, 300, 900, 2500, 6000]) + rng.randint(0, 300)
        return out

    return make


@pytest.fixture(scope="session")
def move() -> Callable[..., Film]:
    """``move(film, scale, offset_ms)``: every cue retimed, rounded to the millisecond."""

    def moved(film: Iterable[Cue], scale: Fraction | float = 1, offset_ms: int = 0) -> Film:
        return [
            replace(
                c,
                start_ms=round(c.start_ms * scale) + offset_ms,
                end_ms=round(c.end_ms * scale) + offset_ms,
            )
            for c in film
        ]

    return moved


@pytest.fixture(scope="session")
def read() -> Callable[[Path], Film]:
    """A reader of well-formed VTT and SRT files, enough for the files used here."""

    def cues(path: Path) -> Film:
        out: Film = []
        for block in re.split(r"\n\s*\n", path.read_text("utf-8-sig").replace("\r", "")):
            found = _TIMES.search(block + "\n")
            if found:
                h, m, s, ms, h2, m2, s2, ms2 = (int(x or 0) for x in found.groups())
                raw = block[found.end() :].strip()
                text = re.sub(r"<[^>]*>|\([^)]*\):?", "", raw).strip()
                start, end = ((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
                out.append(Cue(start, end, text, raw))
        return out

    return cues
