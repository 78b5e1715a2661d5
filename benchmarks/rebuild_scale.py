"""What the machinery costs at the size of the whole dataset: 2,000 titles of 27 dialogues, tiny films.

    python benchmarks/rebuild_scale.py [--titles 2000] [--dialogues 27] [--jobs 2]

Every title is a link to one FLAC of a few seconds, and the time map is the identity, so nearly all that
is measured is the machinery: planning, handing out titles, the receipt, and looking through it again.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import soundfile

from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.files import is_there
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.plan import make_plan, title_jobs
from mmdia.rebuild.run import run_rebuild

T = TypeVar("T")


def make(folder: Path, titles: int, dialogues: int) -> tuple[Path, Path]:
    """Films and release."""
    films, release = folder / "films", folder / "release"
    films.mkdir()
    release.mkdir()
    rate = 16_000
    noise = np.random.default_rng(1).normal(0, 0.05, rate * 8).astype("float32")
    soundfile.write(films / "f0.flac", noise, rate)
    with open(films / "media.csv", "w") as stream:
        stream.write("title_id,path\n")
        for n in range(titles):
            if n:
                os.link(films / "f0.flac", films / f"f{n}.flac")
            stream.write(f"t{n},f{n}.flac\n")
    head = {"schema": "mmdia.release/1", "name": "scale", "version": "1"}
    (release / "release.json").write_text(json.dumps(head))
    with open(release / "titles.jsonl", "w") as stream:
        stream.writelines(json.dumps({"title_id": f"t{n}"}) + "\n" for n in range(titles))
    with open(release / "dialogues.jsonl", "w") as stream:
        for n in range(titles):
            for k in range(dialogues):
                start = 200 + 250 * k
                turns = [
                    {"start_ms": start + 60 * i, "end_ms": start + 60 * i + 50, "speakers": ["a"],
                     "text": "some words that somebody says here"}
                    for i in range(4)
                ]  # fmt: skip
                row = {"dialogue_id": f"t{n}-{k}", "title_id": f"t{n}", "turns": turns}
                stream.write(json.dumps(row) + "\n")
    return films, release


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """Result, wall seconds, and CPU seconds of this process alone."""
    wall, cpu = time.monotonic(), time.process_time()
    result = work()
    return result, round(time.monotonic() - wall, 2), round(time.process_time() - cpu, 2)


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=2000)
    parser.add_argument("--dialogues", type=int, default=27)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    n = args.titles
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMDIA_HOME"] = f"{folder}/home"
        films, release = make(Path(folder), n, args.dialogues)
        config = RebuildConfig(
            films, Path(folder) / "out", str(release), jobs=args.jobs, timemap="identity"
        )
        told: dict[str, Any] = {"titles": n, "dialogues": n * args.dialogues}
        tracemalloc.start()
        plan = make_plan(config)
        told["plan_mb"] = round(tracemalloc.get_traced_memory()[0] / 1e6, 1)
        tracemalloc.stop()
        _, told["plan_wall_s"], told["plan_cpu_s"] = timed(lambda: make_plan(config))
        before = children_cpu()
        first, told["first_wall_s"], told["supervisor_cpu_s"] = timed(
            lambda: run_rebuild(config, plan=plan)
        )
        told["workers_cpu_s"] = round(children_cpu() - before, 1)
        told["built"] = first.statuses.get("built", 0)
        told["supervisor_ms_a_title"] = round(1000 * told["supervisor_cpu_s"] / n, 2)
        told["wall_ms_a_title"] = round(1000 * told["first_wall_s"] * args.jobs / n, 1)
        rows, told["receipt_read_s"], _ = timed(Ledger(config.out).rows)
        _, told["files_looked_at_s"], _ = timed(lambda: [is_there(config.out, r) for r in rows.values()])
        ledger = Ledger(config.out)
        jobs, told["jobs_made_s"], _ = timed(lambda: [t.payload for t in title_jobs(plan, config, ledger)])
        told["payload_kb"] = round(
            len(json.dumps(jobs[0].dialogues) + json.dumps(jobs[0].previous)) / 1e3, 1
        )
        del jobs
        again, told["second_wall_s"], told["second_supervisor_cpu_s"] = timed(lambda: run_rebuild(config))
        told["kept"] = again.kept
        told["supervisor_peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
