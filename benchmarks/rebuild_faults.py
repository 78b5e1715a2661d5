"""What faults leave behind: kill -9, a full disk, a film that vanishes, corrupt films, a pipe among films.

    python benchmarks/rebuild_faults.py [--kills 20] [--layouts loose ...] [--units dialogue ...]

Films are copies of the bundled one, so nothing else is needed. After every fault the output is
inspected: does every file under a final name decode, has every receipt row its files? At the end the
run is finished and compared, hash by hash, with one that nothing disturbed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import demo_release
from mmdia.media.verify import check_audio, check_video
from mmdia.rebuild.files import is_there
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.verify import verify_output
from mmdia.store.shards import filed

TITLES, DIALOGUES = 6, 4


def make_films(folder: Path) -> Path:
    """A media folder of copies of one film, and a map that says which is which."""
    folder.mkdir(parents=True)
    film = next((demo_release().parent / "media").glob("*.mp4"))
    for n in range(TITLES):
        shutil.copy(film, folder / f"film{n}.mp4")
    rows = "".join(f"t{n},film{n}.mp4\n" for n in range(TITLES))
    (folder / "media.csv").write_text("title_id,path\n" + rows)
    return folder


def make_release(folder: Path) -> Path:
    """A release of short dialogues, two turns each."""
    folder.mkdir(parents=True)
    (folder / "release.json").write_text(
        json.dumps({"schema": "mmdia.release/1", "name": "faults", "version": "1"})
    )
    titles = [{"title_id": f"t{n}"} for n in range(TITLES)]
    rows = []
    for n in range(TITLES):
        for k in range(DIALOGUES):
            start = 4_000 + 2_500 * k + 137 * n
            turns = [
                {
                    "start_ms": start + 900 * i,
                    "end_ms": start + 900 * i + 800,
                    "speakers": ["a"],
                    "text": "x",
                }
                for i in range(2)
            ]
            rows.append({"dialogue_id": f"t{n}-{k}", "title_id": f"t{n}", "turns": turns})
    for name, lines in (("titles.jsonl", titles), ("dialogues.jsonl", rows)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


class Bench:
    """One setting: layout, unit, and the folders it works in."""

    def __init__(self, place: Path, layout: str, unit: str, seed: int) -> None:
        self.place, self.layout, self.unit = place, layout, unit
        self.films, self.release = make_films(place / "films"), make_release(place / "release")
        self.random = random.Random(seed)
        self.reference = self.facts(self.finish(place / "reference"))
        if len(self.reference) != TITLES * DIALOGUES:
            raise SystemExit(f"an undisturbed run does not build everything: {self.summary}")

    def start(self, out: Path, **more: Any) -> subprocess.Popen[bytes]:
        """Start a run in a process group of its own."""
        command = [
            sys.executable,
            "-m",
            "mmdia",
            "rebuild",
            "--media-dir",
            str(self.films),
            "--out",
            str(out),
        ]
        command += ["--annotations", str(self.release), "--timemap", "identity", "--profile", "all"]
        command += ["--layout", self.layout, "--unit", self.unit, "--jobs", "2", "--json"]
        env = {**os.environ, "MMDIA_HOME": str(self.place / "home")}
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, env=env, **more
        )

    def finish(self, out: Path, **more: Any) -> Path:
        """Run to the end."""
        process = self.start(out, **more)
        said, told = process.communicate()
        if not said and "preexec_fn" not in more:
            raise SystemExit(told.decode())
        self.summary = json.loads(said or b"{}")
        return out

    @staticmethod
    def facts(out: Path) -> dict[str, Any]:
        """Content hashes of all that is built, by dialogue."""
        return {
            i: [(f.kind, f.turn, f.fact["sha256"]) for f in filed(row)]
            for i, row in Ledger(out).rows().items()
            if row["status"] == "built"
        }

    def inspect(self, out: Path) -> dict[str, int]:
        """Count what must not be: broken files under final names, rows without files."""
        broken = sum(not _reads(p) for p in out.rglob("*") if p.is_file() and p.suffix in _READERS)
        rows = Ledger(out).rows()
        homeless = sum(row["status"] == "built" and not is_there(out, row) for row in rows.values())
        wrong = sum(self.reference[i] != fact for i, fact in self.facts(out).items())
        return {"broken": broken, "rows_without_files": homeless, "other_hashes": wrong}

    def after(self, out: Path) -> dict[str, Any]:
        """Finish a disturbed run; how much of it was kept, and is the result the undisturbed one?"""
        built = len(self.facts(out))
        self.finish(out)
        report = verify_output(out)
        return {
            "built_before": built,
            "kept": self.summary.get("kept"),
            "same": self.facts(out) == self.reference,
            "faults": len(report.faults),
            "parts": len(list(out.rglob("*.part"))),
        }


def _tar(path: Path) -> None:
    with tarfile.open(path) as tar:
        for member in tar:
            stream = tar.extractfile(member)
            assert stream is not None
            assert len(stream.read()) == member.size


def _parquet(path: Path) -> None:
    import pyarrow.parquet as pq

    pq.read_table(path)


def _jpeg(path: Path) -> None:
    content = path.read_bytes()
    assert content[:2] == b"\xff\xd8"
    assert content[-2:] == b"\xff\xd9"


_READERS: dict[str, Callable[[Path], object]] = {
    ".flac": check_audio, ".mp4": check_video, ".tar": _tar, ".parquet": _parquet, ".jpg": _jpeg,
}  # fmt: skip


def _reads(path: Path) -> bool:
    try:
        _READERS[path.suffix](path)
    except Exception as error:
        print(f"broken: {path}: {error}", file=sys.stderr)
        return False
    return True


def kills(bench: Bench, count: int) -> dict[str, Any]:
    """Kill the whole process group at random moments; go on, and kill again, until that many."""
    started = time.monotonic()
    bench.finish(bench.place / "timed")
    length = time.monotonic() - started
    totals = {"broken": 0, "rows_without_files": 0, "other_hashes": 0, "not_same": 0, "redone": 0}
    done = rounds = in_work = 0
    while done < count:
        out = bench.place / f"killed{rounds}"
        rounds += 1
        while done < count:
            process = bench.start(out)
            # Not at the very start: importing breaks nothing.
            time.sleep(bench.random.uniform(0.25, 1.0) * length)
            over = process.poll() is not None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if over:
                break
            done += 1
            in_work += 0 < len(bench.facts(out)) < len(bench.reference)
            for key, n in bench.inspect(out).items():
                totals[key] += n
        after = bench.after(out)
        totals["not_same"] += not after["same"] or after["faults"] > 0 or after["parts"] > 0
        totals["redone"] += max(0, after["built_before"] - (after["kept"] or 0))
    return {"kills": done, "in_mid_work": in_work, "run_s": round(length, 1), **totals}


def full_disk(bench: Bench) -> dict[str, Any]:
    """A file system that half of the clips fill; then there is room. Needs the right to mount one."""
    out = bench.place / "full"
    out.mkdir()
    size = sum(p.stat().st_size for p in (bench.place / "reference").rglob("*") if p.is_file()) // 2
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(out)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        return large_files(bench)
    try:
        bench.finish(out)
        told = {"way": "tmpfs", "reasons": bench.summary.get("reasons", {}), **bench.inspect(out)}
        subprocess.run(["mount", "-o", f"remount,size={20 * size}", str(out)], check=True)
        return {**told, **bench.after(out)}
    finally:
        subprocess.run(["umount", str(out)], check=True)


def large_files(bench: Bench) -> dict[str, Any]:
    """The same, poorly: no file may grow beyond a size that some clips need."""
    out = bench.place / "limited"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    bench.finish(out, preexec_fn=limit)
    told = {"way": "file size", "reasons": bench.summary.get("reasons", {}), **bench.inspect(out)}
    return {**told, **bench.after(out)}


@contextlib.contextmanager
def changed(path: Path) -> Iterator[None]:
    """A film that is changed for a while."""
    aside = path.with_suffix(".aside")
    shutil.copy(path, aside)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.replace(aside, path)


def vanishing(bench: Bench) -> dict[str, Any]:
    """One film is deleted and one is cut short while the run works."""
    out = bench.place / "vanished"
    gone, short = bench.films / f"film{TITLES - 1}.mp4", bench.films / f"film{TITLES - 2}.mp4"
    with changed(gone), changed(short):
        process = bench.start(out)
        while process.poll() is None and not list((out / "clips").glob("*/*.flac")):
            time.sleep(0.01)
        gone.unlink()
        os.truncate(short, short.stat().st_size // 3)
        process.communicate()
        found = bench.inspect(out)
        statuses: dict[str, int] = {}
        for row in Ledger(out).rows().values():
            statuses[row["status"]] = statuses.get(row["status"], 0) + 1
    return {"statuses": statuses, **found, **bench.after(out)}


def odd_films(bench: Bench) -> dict[str, Any]:
    """Corrupt, truncated, empty, a pipe that never answers: each costs its title."""
    out = bench.place / "odd"
    films = [bench.films / f"film{n}.mp4" for n in range(4)]
    with contextlib.ExitStack() as stack:
        for film in films:
            stack.enter_context(changed(film))
        content = bytearray(films[0].read_bytes())
        for at in range(len(content) // 4, len(content) // 2, 997):
            content[at] ^= 0x5A
        films[0].write_bytes(content)
        os.truncate(films[1], films[1].stat().st_size // 2)
        films[2].write_bytes(b"")
        films[3].unlink()
        os.mkfifo(films[3])
        started = time.monotonic()
        bench.finish(out)
        seconds = time.monotonic() - started
        broken = sum(not _reads(p) for p in out.rglob("*") if p.is_file() and p.suffix in _READERS)
        rows = Ledger(out).rows()
        lost = sum(r["status"] == "built" and not is_there(out, r) for r in rows.values())
        told = {t: sorted({c for i, r in rows.items() if r["title_id"] == t for c in r["reasons"]}) for t in
                (f"t{n}" for n in range(TITLES))}  # fmt: skip
    return {"seconds": round(seconds, 1), "broken": broken, "rows_without_files": lost, "reasons": told,
            **bench.after(out)}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layouts", nargs="+", default=["loose", "webdataset", "parquet"])
    parser.add_argument("--units", nargs="+", default=["dialogue", "both"])
    parser.add_argument("--faults", nargs="+", default=["kills", "full_disk", "vanishing", "odd_films"])
    args = parser.parse_args()
    for layout in args.layouts:
        for unit in args.units:
            with tempfile.TemporaryDirectory() as folder:
                bench = Bench(Path(folder), layout, unit, args.seed)
                asked = {
                    "kills": lambda b=bench: kills(b, args.kills),
                    "full_disk": lambda b=bench: full_disk(b),
                    "vanishing": lambda b=bench: vanishing(b),
                    "odd_films": lambda b=bench: odd_films(b),
                }
                for name in args.faults:
                    row = {"fault": name, "layout": layout, "unit": unit, "clips": len(bench.reference)}
                    print(json.dumps({**row, **asked[name]()}), flush=True)


if __name__ == "__main__":
    main()
