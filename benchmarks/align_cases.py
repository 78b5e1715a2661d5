"""Cases of the time-map benchmark, and how an answer to one is scored.

A case is a folder with `anno.srt` (the annotated copy), `media.srt` (what the user's copy shows)
and `truth.json` (speed, segments, and where each annotation line lies: present true, false, or
null where nobody can say). They are made by the benchmark's own `gen.py`, which is not part of
this repository.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdia.schema.cue import Cue
from mmdia.subtitles.read import read_subtitles

#: Seconds within which a start is counted as right.
WITHIN_S = (0.1, 0.2, 0.5)

#: The class of real releases; their truth is smoothed, so they are told apart from the rest.
REAL = "real_lang"


@dataclass(frozen=True)
class TrueLine:
    """Where an annotation line lies in the media.

    Attributes:
        start_s: Start on the media timeline, or None.
        end_s: End on the media timeline, or None.
        present: True, False, or None when it is not scored (an edit runs through it).
        piece: Number of the true segment that holds its middle; -1 when none does.
    """

    start_s: float | None
    end_s: float | None
    present: bool | None
    piece: int


@dataclass(frozen=True)
class Case:
    """One question to an aligner, with its answer.

    Attributes:
        name: Name of its folder.
        cls: Class of the change that was made.
        folder: Where its files lie.
        verdict: The right verdict; None for real pairs.
        lines: Where each annotation line truly lies.
        anno: Cues of the annotation.
        media: Cues of the media.
    """

    name: str
    cls: str
    folder: Path
    verdict: str | None
    lines: tuple[TrueLine, ...]
    anno: tuple[Cue, ...]
    media: tuple[Cue, ...]

    @property
    def wrong(self) -> bool:
        """Whether the media is another film."""
        return self.verdict == "wrong_film"


@dataclass(frozen=True)
class Answer:
    """What an aligner says about one case; None where it says nothing.

    Attributes:
        start_s: Start of each annotation line on the media timeline.
        end_s: End of each.
        present: Whether each is said to be there.
        confidence: Probability of each to be there and within 0.2 s.
        verdict: The verdict in the benchmark's words.
        film: P(right film).
        pieces: Segments found: (annotation start, annotation end, scale, offset).
        cpu_s: CPU seconds.
        error: Why there is no answer.
        evidence: Whatever figures the aligner tells.
    """

    start_s: Sequence[float | None] = ()
    end_s: Sequence[float | None] = ()
    present: Sequence[bool] | None = None
    confidence: Sequence[float] | None = None
    verdict: str | None = None
    film: float | None = None
    pieces: Sequence[tuple[float, float, float, float]] = ()
    cpu_s: float = 0.0
    error: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


def load(folder: Path) -> Case:
    """Read one case folder."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    cues = read_subtitles(folder / "anno.srt").cues
    segments = truth.get("segments") or []
    lines = []
    for row, cue in zip(truth["lines"], cues, strict=True):
        middle = 0.5 * (cue.start_s + cue.end_s)
        piece = next((k for k, (a, b, _) in enumerate(segments) if a <= middle < b), -1)
        if truth["cls"] == REAL:
            piece = 0
        lines.append(TrueLine(row["start"], row["end"], row["present"], piece))
    media = read_subtitles(folder / "media.srt").cues
    return Case(folder.name, truth["cls"], folder, truth["verdict"], tuple(lines), cues, media)


def load_all(folder: Path, classes: Iterable[str] = ()) -> list[Case]:
    """All cases under `folder`, by name; only those of `classes` when some are named."""
    wanted = set(classes)
    found = [p.parent for p in sorted(folder.glob("*/truth.json"))]
    return [load(p) for p in found if not wanted or p.name.split("__")[0] in wanted]


def generate(bench: Path, out: Path, seed: int, per_class: int, classes: Sequence[str] = ()) -> Path:
    """Make cases with the benchmark's generator."""
    command = [sys.executable, str(bench / "gen.py"), "--out", str(out)]
    command += ["--seed", str(seed), "--per-class", str(per_class)]
    if classes:
        command += ["--classes", ",".join(classes)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that say which cases to run."""
    parser.add_argument("--cases", type=Path, help="folder of cases")
    parser.add_argument(
        "--bench",
        type=Path,
        default=os.environ.get("MMDIA_ALIGN_BENCH"),
        help="folder of the time-map benchmark, to make the cases (or MMDIA_ALIGN_BENCH)",
    )
    parser.add_argument("--seed", type=int, nargs="+", default=[0], help="seeds for gen.py")
    parser.add_argument("--per-class", type=int, default=1)
    parser.add_argument("--classes", default="", help="a,b,c: only these")


def chosen(args: argparse.Namespace, parser: argparse.ArgumentParser) -> list[Case]:
    """The cases that the options name."""
    classes = [c for c in args.classes.split(",") if c]
    if args.cases:
        return load_all(args.cases, classes)
    if not args.bench:
        parser.error("give --cases DIR, or --bench DIR (or MMDIA_ALIGN_BENCH) with --seed")
    # Peers read the files when their turn comes.
    scratch = Path(tempfile.mkdtemp(prefix="mmdia-cases-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    out: list[Case] = []
    for seed in args.seed:
        out += load_all(generate(args.bench, scratch / str(seed), seed, args.per_class, classes), classes)
    return unique(out)


def unique(cases: Sequence[Case]) -> list[Case]:
    """Without repeats: real pairs are the same whatever the seed."""
    return list({case.name: case for case in cases}.values())
