"""What aligning costs: CPU seconds and memory for films of 0.5, 1, 2 and 4 hours.

    python benchmarks/align_cost.py [--bench BENCH] [--hours 0.5 1 2 4] [--repeat 3] [--json]

Films are made up (`align_catalogue.py`; about 700 lines an hour); the copy at hand has another
offset and speed and two cuts. Each figure is taken in a process of its own, after imports and
without reading files: the lowest CPU time of the repeats, and the peak of resident memory of the
whole process (interpreter, numpy and all). "text": same language; "asr": recognised speech;
"language": a translation, nothing in common but the times; "timing": text is not looked at;
"wrong": another film, in text mode.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import align_ours
from align_catalogue import Series, beats, copy_of, episode, words

from mmdia.align.result import Mode
from mmdia.align.solve import align
from mmdia.schema.cue import Cue

#: What is asked: the kind of copy, and the mode.
TASKS: dict[str, tuple[str, Mode]] = {
    "text": ("cuts", "auto"),
    "asr": ("asr", "auto"),
    "language": ("language", "auto"),
    "timing": ("cuts", "timing"),
    "wrong": ("wrong", "auto"),
}


def pair(kind: str, hours: float, bench: Path | None, seed: int) -> tuple[list[Cue], list[Cue]]:
    """A film and a copy of it, or another film."""
    rng = random.Random(f"cost {seed} {hours}")
    pool, common = beats(bench, seed), words(rng, 120)
    film = episode(Series(rng, common), pool, 60 * hours, [])
    if kind == "wrong":
        return film, episode(Series(rng, common), pool, 60 * hours, [])
    return film, copy_of(film, rng, kind)


def once(task: str, hours: float, bench: Path | None, seed: int) -> dict[str, float | str]:
    """Measure here."""
    kind, mode = TASKS[task]
    anno, media = pair(kind, hours, bench, seed)
    # One small alignment first: what is imported late is an import too.
    align(anno[:40], media[:60], mode=mode)
    before = time.process_time()
    found = align(anno, media, mode=mode)
    return {
        "cpu_s": time.process_time() - before,
        "peak_mb": align_ours.peak_mb(),
        "lines": len(anno),
        "verdict": found.verdict,
    }


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=os.environ.get("MMDIA_ALIGN_BENCH"))
    parser.add_argument("--hours", type=float, nargs="+", default=[0.5, 1, 2, 4])
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    args = parser.parse_args()
    bench = Path(args.bench) if args.bench else None
    if args.once:
        print(json.dumps(once(args.once, args.hours[0], bench, args.seed)))
        return 0
    found: dict[str, list[dict[str, float | str]]] = {}
    for task in args.tasks:
        for hours in args.hours:
            command = [sys.executable, __file__, "--once", task, "--hours", str(hours)]
            command += ["--seed", str(args.seed), *(["--bench", str(bench)] if bench else [])]
            runs = [
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                for _ in range(args.repeat)
            ]
            found.setdefault(task, []).append(min(runs, key=lambda r: r["cpu_s"]))
    if args.json:
        print(json.dumps(found, indent=1))
        return 0
    print(f"{'CPU s (peak MB)':16s}" + "".join(f"{f'{h:g} h':>16s}" for h in args.hours))
    for task, runs in found.items():
        print(f"{task:16s}" + "".join(f"{r['cpu_s']:9.2f} ({r['peak_mb']:4.0f})" for r in runs))
    print(f"{'lines':16s}" + "".join(f"{r['lines']:>16d}" for r in next(iter(found.values()))))
    print(
        "verdicts: "
        + "; ".join(f"{t}: {', '.join(str(r['verdict']) for r in v)}" for t, v in found.items())
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
