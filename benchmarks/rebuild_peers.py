"""What cutting costs beside other ways of cutting, in one run: CPU seconds, ratios and exactness.

    python benchmarks/rebuild_peers.py [--minutes 20] [--size 854x480] [--work DIR] [--smartcut PATH]
                                       [--only audio keyframes video sparse lossless] [--json]

Every figure is the user and system time of child processes (ours too: interpreter, imports and
index included). Settings are the same on both sides: 24 kHz mono FLAC of 16 bit; JPEG; x264
veryfast crf 18 g 48 with AAC (its fast coder), one thread. Peers: one ffmpeg per clip (seeking
before the input),
`-c copy` per clip, the segment muxer over the whole film with forced key frames (as video2dataset
cuts), and smartcut where its program is named. The film is made up (`rebuild_film.py`), so that
errors can be told: frames by which the first and last are off (ours by the snap rule, the others
by their own convention: the first frame at or after the start counts as right, too), duplicates
and gaps, and by how many milliseconds sound and picture of a clip disagree.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rebuild_film import (
    FPS,
    Dialogue,
    dialogues,
    ffmpeg_program,
    frame_errors,
    make_film,
    on_screen,
    sound_place,
    still_error,
    with_quiet_centre,
)

FLAC = ["-ar", "24000", "-sample_fmt", "s16", "-c:a", "flac"]
X264 = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "18",
    "-g",
    "48",
    "-pix_fmt",
    "yuv420p",
    "-threads",
    "1",
    "-c:a",
    "aac",
    "-aac_coder",
    "fast",
    "-aac_pns",
    "0",
    "-b:a",
    "448k",
]


@dataclass
class Row:
    """One way of doing one job."""

    job: str
    way: str
    cpu_s: float
    notes: str = ""
    ratio: float | None = field(default=None)


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(action: Callable[[], None]) -> float:
    before = children_s()
    action()
    return children_s() - before


def ours(film: Path, wanted: list[Dialogue], profile: str, out: Path) -> Callable[[], None]:
    plan = out / "plan.json"
    out.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps([d.edges for d in wanted]))
    command = [sys.executable, __file__, "--cut", profile, str(film), str(plan), str(out)]
    return lambda: check(command)


def cut_here(profile: str, film: str, plan: str, out: str, proof: str = "proof") -> int:
    """The child process that is measured."""
    from mmdia.media.clip import ClipRequest
    from mmdia.media.cut import cut_media
    from mmdia.media.index import build_index

    folder, bad = Path(out), []
    requests = []
    for n, edges in enumerate(json.loads(Path(plan).read_text())):
        dialogue = Dialogue(tuple(edges))
        stills = [(t, folder / f"{n}.{k}.jpg") for k, t in enumerate(dialogue.middles)]
        requests.append(
            ClipRequest(
                n,
                dialogue.start,
                dialogue.end,
                audio_path=folder / f"{n}.flac" if profile == "audio" else None,
                video_path=folder / f"{n}.mp4" if profile in ("video", "lossless") else None,
                stills=tuple(stills) if profile == "keyframes" else (),
            )
        )
    extra = {"lossless": profile == "lossless", "proof": proof == "proof"}
    index = build_index(film)
    cut_media(film, requests, index=index, on_clip=lambda r: r.error_code and bad.append(r), **extra)
    for result in bad:
        print(result.key, result.error_code, result.message, file=sys.stderr)
    return 1 if bad else 0


def check(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def per_clip(
    film: Path, wanted: list[Dialogue], options: list[str], ending: str, out: Path
) -> Callable[[], None]:
    out.mkdir(parents=True, exist_ok=True)

    def run() -> None:
        for n, d in enumerate(wanted):
            check(
                [
                    ffmpeg_program(),
                    "-v",
                    "error",
                    "-y",
                    "-threads",
                    "1",
                    "-ss",
                    f"{d.start:.3f}",
                    "-i",
                    str(film),
                    "-t",
                    f"{d.end - d.start:.3f}",
                    *options,
                    str(out / f"{n}.{ending}"),
                ]
            )

    return run


def per_still(film: Path, wanted: list[Dialogue], out: Path) -> Callable[[], None]:
    out.mkdir(parents=True, exist_ok=True)

    def run() -> None:
        for n, d in enumerate(wanted):
            for k, t in enumerate(d.middles):
                check(
                    [
                        ffmpeg_program(),
                        "-v",
                        "error",
                        "-y",
                        "-threads",
                        "1",
                        "-ss",
                        f"{t:.3f}",
                        "-i",
                        str(film),
                        "-frames:v",
                        "1",
                        "-q:v",
                        "2",
                        "-update",
                        "1",
                        str(out / f"{n}.{k}.jpg"),
                    ]
                )

    return run


def segments(film: Path, wanted: list[Dialogue], out: Path) -> Callable[[], None]:
    """The whole film, cut at every edge; clips are the odd segments."""
    out.mkdir(parents=True, exist_ok=True)
    edges = ",".join(f"{t:.3f}" for d in wanted for t in (d.start, d.end))
    command = [
        ffmpeg_program(),
        "-v",
        "error",
        "-y",
        "-threads",
        "1",
        "-i",
        str(film),
        *X264,
        "-force_key_frames",
        edges,
    ]
    command += ["-f", "segment", "-segment_times", edges, "-reset_timestamps", "1", str(out / "%d.mp4")]

    def run() -> None:
        check(command)
        for n in range(len(wanted)):
            (out / f"{2 * n + 1}.mp4").rename(out / f"c{n}.mp4")
        for n in range(len(wanted)):
            (out / f"c{n}.mp4").replace(out / f"{n}.mp4")

    return run


def smartcut(program: str, film: Path, wanted: list[Dialogue], out: Path) -> Callable[[], None]:
    out.mkdir(parents=True, exist_ok=True)

    def run() -> None:
        for n, d in enumerate(wanted):
            span = f"{d.start:.3f},{d.end:.3f}"
            check([program, str(film), str(out / f"{n}.mp4"), "-k", span, "--log-level", "error"])

    return run


def video_notes(out: Path, wanted: list[Dialogue]) -> str:
    """Exactness of clips of picture and sound."""
    first = last = broken = 0
    sync = 0.0
    for n, d in enumerate(wanted):
        a, b, jumps = frame_errors(out / f"{n}.mp4", d)
        first, last, broken = first + (a != 0), last + (b != 0), broken + jumps
        place = sound_place(out / f"{n}.mp4", d.start)
        shown = float((on_screen(d.start) + a) / FPS) - video_start(out / f"{n}.mp4")
        sync = max(sync, abs(place - shown) * 1000 if place is not None else float("inf"))
    count = len(wanted)
    return (
        f"first frame {count - first}/{count}, last {count - last}/{count}, {broken} jumps, "
        f"picture and sound <= {sync:.1f} ms apart"
    )


def video_start(clip: Path) -> float:
    """Clip second at which the first frame is shown."""
    import av

    with av.open(str(clip)) as opened:
        frame = next(opened.decode(video=0))
        return float(frame.pts * frame.time_base)


def audio_notes(out: Path, wanted: list[Dialogue], *, snapped: bool) -> str:
    errors, lost = [], 0
    for n, d in enumerate(wanted):
        due = float(on_screen(d.start) / FPS) if snapped else d.start
        place = sound_place(out / f"{n}.flac", d.start)
        if place is None:
            lost += 1
        else:
            errors.append(abs(place - due) * 1000)
    return f"start <= {max(errors, default=0):.3f} ms off" + (f", {lost} not placed" if lost else "")


def still_notes(out: Path, wanted: list[Dialogue]) -> str:
    pairs = [(out / f"{n}.{k}.jpg", t) for n, d in enumerate(wanted) for k, t in enumerate(d.middles)]
    right = sum(still_error(path, t) == 0 for path, t in pairs)
    return f"{right}/{len(pairs)} show the frame on screen"


class Bench:
    """Runs the jobs and gathers the rows."""

    def __init__(
        self, work: Path, film: Path, quiet: Path, wanted: list[Dialogue], sparse: list[Dialogue]
    ) -> None:
        self.work, self.film, self.quiet, self.wanted, self.sparse = work, film, quiet, wanted, sparse
        self.rows: list[Row] = []

    def add(self, job: str, way: str, action: Callable[[], None], notes: Callable[[], str]) -> None:
        """Time one way of doing a job and tell it."""
        try:
            cpu = timed(action)
            row = Row(job, way, cpu, notes())
        except (subprocess.CalledProcessError, OSError, StopIteration) as error:
            row = Row(job, way, float("nan"), f"failed: {error}")
        base = next((r.cpu_s for r in self.rows if r.job == job), None)
        row.ratio = None if base is None else row.cpu_s / base
        self.rows.append(row)
        times = "" if row.ratio is None else f"{row.ratio:6.2f}x ours"
        print(f"{row.job:18s} {row.way:26s} {row.cpu_s:8.2f} CPU s {times:12s}  {row.notes}", flush=True)

    def folder(self, name: str) -> Path:
        """Where a way writes."""
        return self.work / "out" / name

    def audio(self) -> None:
        """FLAC of the centre, and of a downmix."""
        for job, film, options in (
            ("audio, centre", self.film, ["-vn", "-af", "pan=mono|c0=FC"]),
            ("audio, downmix", self.quiet, ["-vn", "-ac", "1"]),
        ):
            for way in ("ours", "ffmpeg per clip"):
                out = self.folder(f"{job} {way}")
                action = (
                    ours(film, self.wanted, "audio", out)
                    if way == "ours"
                    else per_clip(film, self.wanted, [*options, *FLAC], "flac", out)
                )
                snapped = way == "ours"
                self.add(
                    job, way, action, lambda out=out, s=snapped: audio_notes(out, self.wanted, snapped=s)
                )

    def keyframes(self) -> None:
        """A still of each turn."""
        out = self.folder("stills ours")
        self.add(
            "keyframes",
            "ours",
            ours(self.film, self.wanted, "keyframes", out),
            lambda: still_notes(out, self.wanted),
        )
        peer = self.folder("stills ffmpeg")
        self.add(
            "keyframes",
            "ffmpeg per still",
            per_still(self.film, self.wanted, peer),
            lambda: still_notes(peer, self.wanted),
        )

    def video(self, job: str, wanted: list[Dialogue], program: str | None) -> None:
        """Encoded clips."""
        ways = {
            "ours": lambda out: ours(self.film, wanted, "video", out),
            "ffmpeg per clip": lambda out: per_clip(self.film, wanted, X264, "mp4", out),
        }
        if job == "video, dense":
            ways["segment muxer"] = lambda out: segments(self.film, wanted, out)
        if program:
            ways["smartcut"] = lambda out: smartcut(program, self.film, wanted, out)
        for way, action in ways.items():
            out = self.folder(f"{job} {way}")
            self.add(job, way, action(out), lambda out=out: video_notes(out, wanted))

    def lossless(self) -> None:
        """Copies against copies."""
        out = self.folder("lossless ours")
        self.add(
            "lossless",
            "ours",
            ours(self.film, self.wanted, "lossless", out),
            lambda: video_notes(out, self.wanted),
        )
        copied = self.folder("lossless copy")
        self.add(
            "lossless",
            "ffmpeg -c copy per clip",
            per_clip(self.film, self.wanted, ["-c", "copy"], "mp4", copied),
            lambda: video_notes(copied, self.wanted),
        )
        dense = next((r for r in self.rows if r.job == "video, dense" and r.way == "ffmpeg per clip"), None)
        if dense is not None:
            self.rows.append(
                Row(
                    "lossless",
                    "ffmpeg per clip, encoding",
                    dense.cpu_s,
                    "see video, dense",
                    dense.cpu_s / next(r.cpu_s for r in self.rows if r.job == "lossless"),
                )
            )
            last = self.rows[-1]
            print(f"{last.job:18s} {last.way:26s} {last.cpu_s:8.2f} CPU s {last.ratio:6.2f}x ours")


def prepare(work: Path, minutes: float, size: str, seed: int) -> tuple[Path, Path]:
    """The films, made when they are not there yet."""
    width, height = map(int, size.split("x"))
    film = work / f"film-{minutes:g}-{size}-{seed}.mp4"
    quiet = work / f"quiet-{minutes:g}-{size}-{seed}.mp4"
    if not film.exists():
        make_film(film.with_suffix(".new.mp4"), minutes, (width, height), seed=seed)
        film.with_suffix(".new.mp4").rename(film)
    if not quiet.exists():
        with_quiet_centre(film, quiet.with_suffix(".new.mp4"))
        quiet.with_suffix(".new.mp4").rename(quiet)
    return film, quiet


def main() -> int:
    """Command line."""
    if sys.argv[1:2] == ["--cut"]:
        return cut_here(*sys.argv[2:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    jobs = ["audio", "keyframes", "video", "sparse", "lossless"]
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--size", default="854x480")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--step", type=float, default=30.0, help="one dialogue every so many seconds")
    parser.add_argument("--work", type=Path, help="where films are kept; a temporary folder if not given")
    parser.add_argument("--smartcut", help="its program")
    parser.add_argument("--only", nargs="+", choices=jobs, default=jobs)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        film, quiet = prepare(work, args.minutes, args.size, args.seed)
        seconds = args.minutes * 60
        wanted = dialogues(seconds, args.step, args.seed)
        sparse = dialogues(seconds, seconds / 5, args.seed, (5, 5.001))
        bench = Bench(work, film, quiet, wanted, sparse)
        total = sum(d.end - d.start for d in wanted)
        print(
            f"{args.minutes:g} minutes, {args.size}: {len(wanted)} dialogues, {total:.0f} s, "
            f"{sum(len(d.middles) for d in wanted)} stills; sparse: {len(sparse)} of 5 s",
            flush=True,
        )
        if "audio" in args.only:
            bench.audio()
        if "keyframes" in args.only:
            bench.keyframes()
        if "video" in args.only:
            bench.video("video, dense", wanted, args.smartcut)
        if "sparse" in args.only:
            bench.video("video, sparse", sparse, args.smartcut)
        if "lossless" in args.only:
            bench.lossless()
        shutil.rmtree(work / "out", ignore_errors=True)
        if args.json:
            print(json.dumps([vars(row) for row in bench.rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
