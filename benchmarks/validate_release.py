"""What validating and publishing a release cost, beside the floor: `json.loads` of the same lines.

    python benchmarks/validate_release.py [RELEASE] [--dialogues 54700] [--turns 449138] [--repeat 3]

Without RELEASE a synthetic one is made. Each step runs in a process of its own; figures are CPU
seconds of the step without imports (the lowest of the repeats), the ratio to the floor, and how
much the peak of resident memory grew during it. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from synth_release import make


def floor(folder: Path) -> Callable[[], int]:
    """Decode every line and forget it."""

    def run() -> int:
        with (folder / "dialogues.jsonl").open("rb") as file:
            return sum(1 for line in file if json.loads(line))

    return run


def validation(folder: Path) -> Callable[[], int]:
    """Full validation."""
    from mmdia.corpus.locate import open_release
    from mmdia.release.validate import validate

    return lambda: validate(open_release(folder)).dialogues


def batches(folder: Path) -> Callable[[], int]:
    """Read all rows as Arrow batches."""
    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import dialogue_batches

    return lambda: sum(batch.num_rows for batch in dialogue_batches(open_release(folder)))


def invariants(folder: Path) -> Callable[[], int]:
    """Read all rows and check the invariants, as preparing a dataset does."""
    from mmdia.corpus.invariants import SeenIds, check_table
    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import dialogue_batches

    def run() -> int:
        seen, n = SeenIds(), 0
        for batch in dialogue_batches(open_release(folder)):
            check_table(batch, seen=seen)
            n += batch.num_rows
        return n

    return run


def records(folder: Path) -> Callable[[], int]:
    """Read all rows as records and forget them."""
    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import iter_dialogues

    return lambda: sum(1 for _ in iter_dialogues(open_release(folder)))


def publishing(folder: Path) -> Callable[[], int]:
    """Publish into a folder that is deleted again."""
    from mmdia.corpus.locate import open_release
    from mmdia.release.publish import publish

    def run() -> int:
        with tempfile.TemporaryDirectory() as scratch:
            published = open_release(publish(open_release(folder), Path(scratch) / "out").path)
            return (published.head.counts and published.head.counts.dialogues) or 0

    return run


def published_validation(folder: Path) -> Callable[[], int]:
    """Full validation of the same rows as published: Parquet."""
    from mmdia.corpus.locate import open_release
    from mmdia.release.validate import validate

    place = folder.parent / f"{folder.name}-published"
    subprocess.run([sys.executable, __file__, str(folder), "--publish-to", str(place)], check=True)
    return lambda: validate(open_release(place)).dialogues


STEPS = {
    "json.loads": floor,
    "dialogue_batches": batches,
    "dialogue_batches+invariants": invariants,
    "iter_dialogues": records,
    "validate": validation,
    "validate published": published_validation,
    "publish": publishing,
}


def peak_mb() -> float:
    """Peak of resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step(name: str, folder: Path) -> dict[str, float]:
    """Run one step here."""
    run = STEPS[name](folder)
    memory, start = peak_mb(), time.process_time()
    n = run()
    return {"cpu_s": time.process_time() - start, "rss_growth_mb": peak_mb() - memory, "rows": n}


def measure(folder: Path, repeat: int) -> dict[str, dict[str, float]]:
    """All steps, each in fresh processes, in turns so that a busy moment hits all alike."""
    best: dict[str, dict[str, float]] = {}
    for _ in range(repeat):
        for name in STEPS:
            command = [sys.executable, __file__, str(folder), "--step", name]
            out = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            if name not in best or out["cpu_s"] < best[name]["cpu_s"]:
                best[name] = out
    base = best["json.loads"]["cpu_s"]
    return {name: {**found, "ratio": found["cpu_s"] / base} for name, found in best.items()}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("release", type=Path, nargs="?")
    parser.add_argument("--dialogues", type=int, default=54_700)
    parser.add_argument("--turns", type=int, default=449_138)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--step", choices=STEPS)
    parser.add_argument("--publish-to", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.publish_to:
        from mmdia.corpus.locate import open_release
        from mmdia.release.publish import publish

        # The same release published there is found again, and nothing is written.
        publish(open_release(args.release), args.publish_to)
        return
    if args.step:
        print(json.dumps(step(args.step, args.release)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.release or Path(scratch) / "release"
        if args.release is None:
            make(folder, args.dialogues, args.turns)
        size = (folder / "dialogues.jsonl").stat().st_size
        figures = measure(folder, args.repeat)
        if args.release is not None:
            shutil.rmtree(folder.parent / f"{folder.name}-published", ignore_errors=True)
    print(json.dumps({"dialogues_jsonl_mb": size / 1e6, "steps": figures}, indent=1))


if __name__ == "__main__":
    main()
