"""Exactness of cutting: random windows of films whose every frame and sample can be told.

    python benchmarks/rebuild_exact.py --films DIR --checker testfilm.py --seed N [--clips 10]

DIR holds films with their truths (``NAME.truth.json``) as the checker's ``make`` writes them;
the checker is a program of its own, so cutter and judge share no code but libavformat. Windows
of every film: some at random, one in its first and one in its last second. All profiles are cut
in this process. `strict` counts a frame within 0.7 ms of an edge as wrong when it is the other
one; `ties` lets both pass, as rounded stamps cannot tell them apart.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mmdia.media.audio import AudioParams
from mmdia.media.cut import ClipRequest, ClipResult, PartRequest, VideoParams, cut_media
from mmdia.media.index import MediaIndex, build_index
from mmdia.media.window import tile

PROFILES = ("video", "lossless", "audio", "keyframes", "turn")


@dataclass
class Tally:
    """What was counted for one film and profile; times in milliseconds, the worst of all."""

    film: str
    profile: str
    clips: int = 0
    first: int = 0
    last: int = 0
    dups: int = 0
    gaps: int = 0
    stills: int = 0
    start_ms: float = 0.0
    length_samples: float = 0.0
    sync_ms: float = 0.0
    failed: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether all that was judged is right to the frame."""
        frames = self.first == self.last == self.clips and not self.dups + self.gaps
        whole = (
            self.stills == self.clips if self.profile == "keyframes" else frames or self.profile == "audio"
        )
        return whole and not self.failed


def load_checker(path: Path) -> Any:
    """The checker as a module."""
    spec = importlib.util.spec_from_file_location("checker", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"not a Python file: {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def windows(index: MediaIndex, n: int, rng: random.Random) -> list[tuple[float, float]]:
    """Random windows of 0.8 to 4 s, one in the first second and one up to the last."""
    if index.video is None:
        return []
    first, end = float(index.video.time_of(0)), float(index.video.end)
    found = [(rng.uniform(max(first, 0.0) + 0.05, first + 1), 0.0)]
    found += [(rng.uniform(first + 1, end - 5), 0.0) for _ in range(max(0, n - 2))]
    out = [(a, a + rng.uniform(0.8, 4)) for a, _ in found]
    last = rng.uniform(0.5, 3)
    return [*out, (end - 0.2 - last, end - rng.uniform(0.05, 0.2))]


def cut(
    film: Path, index: MediaIndex, spans: Sequence[tuple[float, float]], profile: str, out: Path
) -> dict[Any, ClipResult]:
    """Cut all windows of one film by one profile."""
    requests = []
    for n, (a, b) in enumerate(spans):
        stem = out / f"{n:03d}"
        middle = (a + b) / 2
        parts: tuple[PartRequest, ...] = ()
        if profile == "turn":
            tiles = tile(index, [a, middle, b])
            parts = tuple(
                PartRequest((n, k), w, stem.with_suffix(f".t{k}.flac"), stem.with_suffix(f".t{k}.mp4"))
                for k, w in enumerate(tiles)
            )
        requests.append(
            ClipRequest(
                n, a, b,
                audio_path=stem.with_suffix(".flac") if profile == "audio" else None,
                video_path=stem.with_suffix(".mp4") if profile in ("video", "lossless") else None,
                stills=((middle, stem.with_suffix(".jpg")),) if profile == "keyframes" else (),
                parts=parts,
            )
        )  # fmt: skip
    results: dict[Any, ClipResult] = {}
    cut_media(
        film, requests, index=index, on_clip=lambda r: results.update({r.key: r}), audio=AudioParams(),
        video=VideoParams(preset="ultrafast", crf=20), lossless=profile == "lossless",
    )  # fmt: skip
    return results


def judge(
    film: Path, index: MediaIndex, truth: Any, check: Callable[..., dict[str, Any]], profile: str,
    spans: Sequence[tuple[float, float]], out: Path,
) -> Tally:  # fmt: skip
    """Cut and check all windows of one film by one profile."""
    tally = Tally(film.name, profile)
    results = cut(film, index, spans, profile, out)
    for n, (a, b) in enumerate(spans):
        result, stem = results[n], out / f"{n:03d}"
        if result.error_code is not None:
            tally.failed.append(f"{a:.2f}: {result.error_code}: {result.message}")
            continue
        if profile == "keyframes":
            seen = check(truth, str(stem.with_suffix(".jpg")), (a + b) / 2, b, "still")
            tally.clips += 1
            tally.stills += seen["frame_err"] == 0
        elif profile == "turn":
            for k, part in enumerate(result.parts):
                # Neighbours share no frame: a part ends where the next one starts.
                begin, end = part.window.start_s + 1e-4, part.window.end_s
                _count(tally, check(truth, str(stem.with_suffix(f".t{k}.mp4")), begin, end, "av"))
        else:
            kind = "a" if profile == "audio" else "av"
            path = str(stem.with_suffix(".flac" if profile == "audio" else ".mp4"))
            _count(tally, check(truth, path, a, b, kind), length=profile == "audio")
    return tally


def _count(tally: Tally, seen: dict[str, Any], *, length: bool = False) -> None:
    tally.clips += 1
    tally.first += seen.get("first_err") == 0
    tally.last += seen.get("last_err") == 0
    tally.dups += seen.get("dups", 0)
    tally.gaps += seen.get("gaps", 0) + seen.get("unreadable", 0)
    if seen.get("audio") == "MISSING":
        tally.failed.append("no sound")
        return
    tally.start_ms = max(tally.start_ms, abs(seen.get("a_start_err_snap_ms", 0.0)))
    tally.sync_ms = max(tally.sync_ms, abs(seen.get("av_sync_ms", 0.0)))
    if length:
        samples = abs(seen["a_len_err_snap_ms"]) * seen["sr"] / 1000
        tally.length_samples = max(tally.length_samples, samples)


def table(rows: Sequence[Tally]) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| film | profile | clips | first | last | dups | gaps | stills | start ms | length | sync ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        lines.append(
            f"| {r.film} | {r.profile} | {r.clips} | {r.first} | {r.last} | {r.dups} | {r.gaps} "
            f"| {r.stills} | {r.start_ms:.3f} | {r.length_samples:.2f} | {r.sync_ms:.3f} |"
        )
        lines += [f"| | | {message} |" for message in r.failed]
    return "\n".join(lines)


def main() -> int:
    """Cut, judge, print; 1 when anything is inexact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="folder of films with their truths")
    parser.add_argument("--checker", type=Path, required=True, help="the test-film program")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clips", type=int, default=10, help="windows of each film")
    parser.add_argument("--only", nargs="*", help="names of films")
    parser.add_argument("--profiles", nargs="*", default=PROFILES, choices=PROFILES)
    parser.add_argument("--ties", action="store_true", help="let frames at an edge count either way")
    parser.add_argument("--json", type=Path, help="where to write the rows as well")
    args = parser.parse_args()
    checker = load_checker(args.checker)
    rng, rows = random.Random(args.seed), []
    for told in sorted(args.films.glob("*.truth.json")):
        film = told.with_name(told.name.removesuffix(".truth.json"))
        if args.only and film.name not in args.only:
            continue
        truth = checker.Truth(str(told))
        if not args.ties:
            truth.ties = lambda t, eps, tol=0.0, truth=truth: {truth.on_screen(t, eps)}
        index = build_index(film)
        spans = windows(index, args.clips, rng)
        for profile in args.profiles:
            with tempfile.TemporaryDirectory() as folder:
                tally = judge(film, index, truth, checker.check, profile, spans, Path(folder))
            rows.append(tally)
            print(table([tally]).splitlines()[2:], flush=True)
    print(table(rows))
    if args.json:
        args.json.write_text(json.dumps([asdict(r) for r in rows], indent=1), encoding="utf-8")
    return 0 if all(r.exact for r in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
