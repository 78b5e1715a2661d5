"""The time-map benchmark: mmdia and other aligners on the same cases, in one run.

    python benchmarks/align.py --cases DIR [--peer ffsubsync=VENV/bin/python ...]
    python benchmarks/align.py --bench BENCH --seed 5151 --per-class 1 [--peer ...]

Prints for each tool, class by class: share of present lines whose start is within 0.1, 0.2 and
0.5 s; lines that are absent from the media and were flagged so; present lines flagged absent;
right verdicts; the range of P(right film); calibration of line confidence (ECE over present and
absent lines); CPU seconds. Then one summary of all tools. See `align_peers.py` for the peers.

CPU seconds of mmdia are those of `align` on cues in memory; what importing it costs is told
beside. Those of a peer are of its whole process, imports and files included. A seed that was
tuned on must not be reported.

Mode "audio" wants `media.wav` in each case (the benchmark's `audio_gen.py` makes it) and is told
nothing but the sound; its CPU seconds include listening.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import align_cases
import align_ours
import align_peers
import align_score
from align_cases import Answer, Case

from mmdia.align.result import Mode

Solver = Callable[[Case], Answer]


def ours(mode: Mode) -> Solver:
    """The solver in one mode."""
    return lambda case: align_ours.solve(case, mode)


def import_cost() -> float:
    """CPU seconds of a process that only imports the solver."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", "import mmdia.align.solve"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def run(
    tools: dict[str, Solver], cases: list[Case], log: Path | None
) -> dict[str, list[align_score.Score]]:
    """Every tool on every case; finished ones are read back from the log."""
    known: dict[tuple[str, str], align_score.Score] = {}
    if log and log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            found = align_score.Score(**json.loads(line))
            known[found.tool, found.name] = found
    out: dict[str, list[align_score.Score]] = {tool: [] for tool in tools}
    for case in cases:
        for tool, solve in tools.items():
            scored = known.get((tool, case.name))
            if scored is None:
                scored = align_score.score(tool, case, solve(case))
                if log:
                    with log.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(asdict(scored)) + "\n")
            out[tool].append(scored)
        print(f"\r{case.name:60s}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return out


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    align_cases.add_arguments(parser)
    parser.add_argument("--mode", nargs="*", choices=get_args(Mode), default=["auto", "timing"])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--log", type=Path, help="JSON lines, one a finished case; read to go on")
    args = parser.parse_args()
    cases = align_cases.chosen(args, parser)
    tools: dict[str, Solver] = {f"mmdia {mode}": ours(mode) for mode in args.mode}
    tools |= {peer.name: peer.solve for peer in align_peers.named(args.peer)}
    scores = run(tools, cases, args.log)
    for tool, own in scores.items():
        print(f"\n== {tool}\n{align_score.detail(own)}")
    print(f"\n== share of present lines within 0.2 s\n{align_score.side_by_side(scores)}")
    print(f"\n== summary of {len(cases)} cases\n{align_score.summary(scores)}")
    print(f"\nCPU of importing the solver, not counted for mmdia: {import_cost():.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
