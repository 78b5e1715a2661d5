"""The dataset at the size of the paper, and at ten times that: validate, publish, load, read, resume.

    python benchmarks/dataset_scale.py [--dialogues 54700] [--turns 449138] [--skip a,b] [--folder DIR]

Makes a synthetic release, then runs each step in a process of its own and tells its wall and CPU
seconds (without imports) and the peak of its memory. Loading is measured for JSONL and for the
published Parquet, cold (nothing prepared) and warm (prepared before, in a new process and again in
the same). Reading steps check their result: every row once, resumed or not. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from synth_release import make

Told = dict[str, Any]
Work = Callable[[], Told]


def rows_of(folder: Path, **options: Any) -> Any:
    import datasets

    from mmdia.builder import load_dataset

    datasets.disable_progress_bars()
    cache = folder.parent / f"cache-{folder.name}"
    return load_dataset(annotations=folder, cache_dir=str(cache), **options)


def validate(folder: Path) -> Work:
    from mmdia.corpus.locate import open_release
    from mmdia.release.validate import validate as check

    return lambda: {"dialogues": check(open_release(folder)).dialogues}


def publish(folder: Path) -> Work:
    from mmdia.corpus.locate import open_release
    from mmdia.release.publish import publish as write

    out = folder.parent / "published"
    return lambda: {"files": len(write(open_release(folder), out=out).files)}


def load(folder: Path) -> Work:
    import mmdia.builder  # noqa: F401  # "after import"

    def run() -> Told:
        found = rows_of(folder)
        return {"rows": sum(part.num_rows for part in found.values())}

    return run


def load_again(folder: Path) -> Work:
    """What a second call in the same process costs."""
    rows_of(folder)
    return load(folder)


def load_with_clips(folder: Path) -> Work:
    import mmdia.builder  # noqa: F401

    rebuilt = folder.parent / "rebuilt"
    return lambda: {"rows": rows_of(folder, split="train", data_dir=rebuilt).num_rows}


def iterate(folder: Path) -> Work:
    train = rows_of(folder, split="train")
    return lambda: {"rows": sum(1 for _ in train)}


def random_rows(folder: Path) -> Work:
    train = rows_of(folder, split="train")
    drawn = random.Random(0).choices(range(len(train)), k=2000)

    def run() -> Told:
        times = []
        for i in drawn:
            start = time.perf_counter()
            train[i]
            times.append(time.perf_counter() - start)
        times.sort()
        return {"median_ms": 1000 * times[len(times) // 2], "p99_ms": 1000 * times[-len(times) // 100]}

    return run


def filter_by_label(folder: Path) -> Work:
    train = rows_of(folder, split="train")
    wanted = train.features["relationship"]["category"].str2int("Workplace")

    def keep(relationships: Any) -> list[bool]:
        return [r is not None and r["category"] == wanted for r in relationships]

    def run() -> Told:
        options = {"batched": True, "input_columns": ["relationship"], "load_from_cache_file": False}
        found = train.filter(keep, keep_in_memory=True, **options)
        return {"rows": found.num_rows}

    return run


def stream_first(folder: Path) -> Work:
    return lambda: {"first": next(iter(rows_of(folder, split="train", streaming=True)))["dialogue_id"]}


def streaming(workers: int) -> Callable[[Path], Work]:
    def prepare(folder: Path) -> Work:
        from torch.utils.data import DataLoader

        def run() -> Told:
            stream = rows_of(folder, split="train", streaming=True).select_columns(["dialogue_id"])
            names = [row["dialogue_id"] for row in DataLoader(stream, batch_size=None, num_workers=workers)]
            return {"rows": len(names), "unique": len(set(names)), "shards": stream.num_shards}

        return run

    return prepare


def stream_whole(folder: Path) -> Work:
    """All columns of all training rows."""
    import mmdia.builder  # noqa: F401  # "after import"

    return lambda: {"rows": sum(1 for _ in rows_of(folder, split="train", streaming=True))}


def stream_stock(folder: Path) -> Work:
    """The same files, read by the Parquet reader of `datasets`."""
    import datasets

    files = sorted(map(str, folder.rglob("*train*.parquet")))
    if not files:
        return lambda: {"rows": None}
    options = {"data_files": files, "split": "train", "streaming": True}
    return lambda: {"rows": sum(1 for _ in datasets.load_dataset("parquet", **options))}


def resume_sampler(folder: Path) -> Work:
    from torch.utils.data import DataLoader

    from mmdia.train.sampler import ResumableSampler

    train = rows_of(folder, split="train").select_columns(["dialogue_id"])

    def epoch(sampler: Any) -> Iterator[list[str]]:
        loader = DataLoader(train, batch_size=64, sampler=sampler, num_workers=2, collate_fn=_names)
        return sampler.follow(loader, 64)

    def run() -> Told:
        whole = [name for batch in epoch(ResumableSampler(train, seed=1)) for name in batch]
        first = ResumableSampler(train, seed=1)
        head: list[str] = []
        for batch in epoch(first):
            head += batch
            if len(head) >= len(train) // 3:
                break
        second = ResumableSampler(train, seed=1)
        second.load_state_dict(first.state_dict())
        tail = [name for batch in epoch(second) for name in batch]
        return {"rows": len(whole), "unique": len(set(whole)), "resumed_exactly": head + tail == whole}

    return run


def _names(rows: list[Any]) -> list[str]:
    return [row["dialogue_id"] for row in rows]


def resume_stream(folder: Path) -> Work:
    from mmdia.train.stream import ShardStream

    rows = rows_of(folder, split="train", streaming=True).select_columns(["dialogue_id"])

    def loader() -> Any:
        return ShardStream(rows, seed=1).loader(64, num_workers=2, collate_fn=_names)

    def run() -> Told:
        whole = [name for batch in loader() for name in batch]
        first, head = loader(), []
        for batch in first:
            head += batch
            if len(head) >= len(whole) // 3:
                break
        second = loader()
        second.load_state_dict(first.state_dict())
        tail = [name for batch in second for name in batch]
        return {"rows": len(whole), "unique": len(set(whole)), "resumed_exactly": head + tail == whole}

    return run


def receipts(folder: Path) -> Work:
    """The columns of a rebuild's receipt, from nothing."""
    from mmdia.corpus.clips import open_clips

    rebuilt = folder.parent / "rebuilt"
    return lambda: {
        "rows": len(open_clips(rebuilt)),
        "mb": (rebuilt / "receipt.jsonl").stat().st_size / 1e6,
    }


BOTH: dict[str, Callable[[Path], Work]] = {
    "load_cold": load,
    "load_warm": load,
    "load_warm_again": load_again,
    "random_rows": random_rows,
    "iterate": iterate,
    "filter_by_label": filter_by_label,
    "stream_first_row": stream_first,
    **{
        f"stream_{who}_{n}": step
        for n in (1, 2, 3)
        for who, step in (("whole", stream_whole), ("stock", stream_stock))
    },
    "stream_0_workers": streaming(0),
    "stream_2_workers": streaming(2),
    "stream_8_workers": streaming(8),
    "resume_sampler": resume_sampler,
    "resume_stream": resume_stream,
}
ONCE: dict[str, Callable[[Path], Work]] = {
    "validate": validate,
    "publish": publish,
    "receipts": receipts,
    "load_with_clips_cold": load_with_clips,
    "load_with_clips_warm": load_with_clips,
}


def here(name: str, folder: Path) -> Told:
    """Run one step in this process."""
    warnings.simplefilter("ignore")
    run = (BOTH | ONCE)[name](folder)
    used = resource.getrusage(resource.RUSAGE_SELF)
    before, memory = used.ru_utime + used.ru_stime, used.ru_maxrss
    wall = time.perf_counter()
    told = run()
    wall = time.perf_counter() - wall
    used = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "wall_s": round(wall, 3),
        "cpu_s": round(used.ru_utime + used.ru_stime - before, 3),
        "workers_cpu_s": round(children.ru_utime + children.ru_stime, 2),
        "rss_growth_mb": (used.ru_maxrss - memory) // 1024,
        **told,
    }


def apart(name: str, folder: Path) -> Told:
    """Run one step in a process of its own."""
    command = [sys.executable, __file__, "--step", name, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    told: Told = json.loads(done.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dialogues", type=int, default=54_700)
    parser.add_argument("--turns", type=int, default=449_138)
    parser.add_argument("--skip", default="", help="steps to leave out, with commas")
    parser.add_argument("--folder", type=Path, help="where to work; kept")
    parser.add_argument("--step", choices=BOTH | ONCE)
    args = parser.parse_args()
    if args.step:
        print(json.dumps(here(args.step, args.folder)))
        return
    skipped = set(args.skip.split(","))
    work = args.folder or Path(tempfile.mkdtemp(prefix="mmdia-scale-"))
    release, published = work / "release", work / "published"
    os.environ.update(MMDIA_HOME=str(work / "home"), HF_HOME=str(work / "hf"), HF_HUB_OFFLINE="1")
    try:
        if not (release / "release.json").is_file():
            make(release, args.dialogues, args.turns, rebuilt=work / "rebuilt")
        told: Told = {"dialogues": args.dialogues, "turns": args.turns}
        told["jsonl_mb"] = (release / "dialogues.jsonl").stat().st_size / 1e6
        told["once"] = {name: apart(name, release) for name in ONCE if name not in skipped}
        for form, folder in (("jsonl", release), ("parquet", published)):
            if folder.is_dir():
                shutil.rmtree(work / f"cache-{folder.name}", ignore_errors=True)
                told[form] = {name: apart(name, folder) for name in BOTH if name not in skipped}
    finally:
        if args.folder is None:
            shutil.rmtree(work)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
