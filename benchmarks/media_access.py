"""Ratios of the backends of media access: clips at random, in order, with files kept open or not.

Run: ``python benchmarks/media_access.py [--film FILM] [--clips N] [--json]``. Without a film, the
bundled one. Each figure is CPU seconds a clip beside that of ``av`` in the same run (process time:
wall clock on a shared machine says little), the best of three rounds. A backend that refuses the
film is told as such.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from pathlib import Path

from mmdia.corpus.locate import demo_release
from mmdia.errors import MediaUnreadable
from mmdia.media.index import build_index, require_video
from mmdia.media.reader_pool import ReaderPool
from mmdia.media.readers import backends

CLIP_FRAMES = 48
ROUNDS = 3
_KEPT = {True: "kept open", False: "opened anew"}


def measure(name: str, path: Path, starts: list[int], limit: int) -> float | str:
    """CPU seconds a clip; the reason when the backend refuses."""
    backend, index = backends()[name], build_index(path)
    best = float("inf")
    try:
        for _ in range(ROUNDS):
            pool = ReaderPool(limit)
            began = time.process_time()
            for first in starts:
                with pool.lend("film", lambda: backend.open_picture(str(path), index)) as reader:
                    for _ in reader.fetch(first, CLIP_FRAMES):
                        pass
            best = min(best, (time.process_time() - began) / len(starts))
            pool.close()
    except MediaUnreadable as error:
        return f"refused: {error.message}"
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--film", type=Path, default=next((demo_release().parent / "media").glob("*.mp4")))
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    video = require_video(build_index(args.film), args.film)
    rng = random.Random(7)
    last = video.n_frames - CLIP_FRAMES
    ways = {
        "random": [rng.randrange(last) for _ in range(args.clips)],
        "in order": [min(k * CLIP_FRAMES, last) for k in range(args.clips)],
    }
    rows = []
    for name, backend in backends().items():
        if "picture" not in backend.reads or backend.problem() is not None:
            continue
        for way, starts in ways.items():
            for kept in (True, False):
                got = measure(name, args.film, starts, 8 if kept else 0)
                rows.append({"backend": name, "order": way, "kept_open": kept, "cpu_s": got})
    base = {(r["order"], r["kept_open"]): r["cpu_s"] for r in rows if r["backend"] == "av"}
    for row in rows:
        due = base[row["order"], row["kept_open"]]
        row["to_av"] = None if isinstance(row["cpu_s"], str) else round(row["cpu_s"] / due, 2)
    if args.json:
        print(
            json.dumps({"schema": "mmdia.benchmark.media_access/1", "film": args.film.name, "rows": rows})
        )
        return
    print(f"{args.film.name}: {args.clips} clips of {CLIP_FRAMES} frames")
    for r in rows:
        told = (
            r["cpu_s"]
            if isinstance(r["cpu_s"], str)
            else f"{r['cpu_s'] * 1e3:8.1f} ms CPU  {r['to_av']:.2f} x av"
        )
        print(f"{r['backend']:<11} {r['order']:<9} {_KEPT[r['kept_open']]:<12} {told}")


if __name__ == "__main__":
    main()
