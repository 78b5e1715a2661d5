"""Run the time-map benchmark on `mmdia.align.solve.align`.

    python benchmarks/align_bench.py --bench DIR [--mode text|timing|auto] [arguments of run.py]

DIR holds the benchmark's `run.py` (or set MMDIA_ALIGN_BENCH). Cases are made by its `gen.py`;
report a seed that nothing was tuned on.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from mmdia.align.result import Mode
from mmdia.align.solve import align
from mmdia.schema.cue import Cue

_TIMES = re.compile(r"(\d+):(\d+):(\d+),(\d+) --> (\d+):(\d+):(\d+),(\d+)")


def read_cues(path: str) -> list[Cue]:
    """Cues of one of the benchmark's well-formed SRT files."""
    cues: list[Cue] = []
    for block in Path(path).read_text(encoding="utf-8").split("\n\n"):
        found = _TIMES.search(block)
        if found:
            h, m, s, ms, h2, m2, s2, ms2 = map(int, found.groups())
            text = block[found.end() :].strip()
            start, end = ((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
            cues.append(Cue(start, end, text, text))
    return cues


def solve(anno_path: str, media_path: str, mode: Mode) -> dict[str, object]:
    """One case, in the benchmark's format."""
    result = align(read_cues(anno_path), read_cues(media_path), mode=mode)
    return {
        "verdict": result.verdict,
        "confidence": result.confidence,
        "lines": [
            {
                "i": f.index,
                "start": f.start_s,
                "end": f.end_s,
                "present": f.present,
                "confidence": f.confidence,
            }
            for f in result.lines
        ],
        "evidence": dict(result.evidence),
    }


def auto(anno_path: str, media_path: str) -> dict[str, object]:
    """Entry for ``run.py --py align_bench:auto``: both kinds of evidence."""
    return solve(anno_path, media_path, "auto")


def timing(anno_path: str, media_path: str) -> dict[str, object]:
    """Entry for ``run.py --py align_bench:timing``: times only."""
    return solve(anno_path, media_path, "timing")


def main() -> int:
    """Hand over to the benchmark's own harness."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--bench", default=os.environ.get("MMDIA_ALIGN_BENCH"), help="folder of the benchmark"
    )
    parser.add_argument("--mode", choices=["auto", "timing"], default="auto")
    known, rest = parser.parse_known_args()
    if not known.bench:
        parser.error("give --bench DIR or set MMDIA_ALIGN_BENCH")
    harness = Path(known.bench) / "run.py"
    here = Path(__file__).resolve().parent
    # The harness puts itself first on the path of its workers; ours is inherited through sys.path.
    code = (
        "import runpy, sys; "
        f"sys.path[:0] = [{str(here)!r}, {str(here.parent)!r}]; "
        f"sys.argv = [{str(harness)!r}, '--py', 'align_bench:{known.mode}', *sys.argv[1:]]; "
        f"runpy.run_path({str(harness)!r}, run_name='__main__')"
    )
    return subprocess.call([sys.executable, "-c", code, *rest])


if __name__ == "__main__":
    sys.exit(main())
