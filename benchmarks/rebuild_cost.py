"""What the audio profile costs, by length of film and by seconds of clips: CPU, memory, and a plot.

    python benchmarks/rebuild_cost.py [--minutes 10 20 40 80 120] [--clips 0.1 0.5] [--work DIR]
                                      [--film FILE] [--svg FILE] [--json]

Films are one made-up film (or FILE), repeated by stream copy to the length wanted; clips are
dialogues of 9 to 22 seconds, `--clips` of the film. Each point is a process of its own: CPU time of
indexing (a pass over all packets) and of cutting (decoding, mixing, resampling, FLAC, hash), after
imports, and the peak of resident memory of the whole process. A least-squares plane
``CPU = a + b * film + c * clips`` tells how linear it is; from it, 700 hours of films with 365
hours of clips (54,700 of 24 seconds) are extrapolated.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rebuild_film import dialogues, ffmpeg_program, make_film

#: Hours of films and of clips that the whole corpus comes to.
CORPUS_FILMS_H, CORPUS_CLIPS_H = 700.0, 365.0


def once(film: str, share: float) -> dict[str, float]:
    """Measure here."""
    from mmdia.media.clip import ClipRequest
    from mmdia.media.cut import cut_media
    from mmdia.media.index import build_index

    before = time.process_time()
    index = build_index(film)
    indexed = time.process_time()
    seconds = index.duration_s
    wanted = dialogues(seconds, 15.5 / share, 1) if share else []
    with tempfile.TemporaryDirectory() as out:
        requests = [
            ClipRequest(n, d.start, d.end, audio_path=Path(out) / f"{n}.flac") for n, d in enumerate(wanted)
        ]
        bad: list[str] = []
        cut_media(film, requests, index=index, on_clip=lambda r: r.error_code and bad.append(r.message))
    if bad:
        raise RuntimeError(bad[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "film_s": seconds,
        "clips": len(wanted),
        "clip_s": sum(d.end - d.start for d in wanted),
        "index_cpu_s": indexed - before,
        "cut_cpu_s": time.process_time() - indexed,
        "peak_mb": peak / (1 << 20 if sys.platform == "darwin" else 1 << 10),
    }


def repeated(film: Path, minutes: float, target: Path) -> Path:
    """The film over and over by stream copy, `minutes` long."""
    if not target.exists():
        command = [ffmpeg_program(), "-v", "error", "-y", "-stream_loop", "-1", "-i", str(film)]
        command += ["-map", "0", "-c", "copy", "-t", f"{minutes * 60}", str(target)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return target


def fit(points: list[dict[str, float]]) -> tuple[np.ndarray, float, float]:
    """(a, b, c) of the plane, its R2, and the largest residual as a share."""
    rows = np.array([[1.0, p["film_s"] / 3600, p["clip_s"] / 3600] for p in points])
    cpu = np.array([p["index_cpu_s"] + p["cut_cpu_s"] for p in points])
    weights, *_ = np.linalg.lstsq(rows, cpu, rcond=None)
    rest = cpu - rows @ weights
    spread = float(((cpu - cpu.mean()) ** 2).sum())
    return weights, 1 - float((rest**2).sum()) / spread if spread else 1.0, float(np.abs(rest / cpu).max())


def svg(points: list[dict[str, float]], plane: np.ndarray) -> str:
    """CPU seconds over minutes of film, a line for each share of clips."""
    wide, high, edge = 640, 400, 50
    most_x = max(p["film_s"] for p in points) / 60
    most_y = 1.1 * max(p["index_cpu_s"] + p["cut_cpu_s"] for p in points)

    def place(minutes: float, cpu: float) -> tuple[float, float]:
        return edge + minutes / most_x * (wide - 2 * edge), high - edge - cpu / most_y * (high - 2 * edge)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" '
        f'font-size="12"><rect width="{wide}" height="{high}" fill="white"/>'
    ]
    for k in range(6):
        (x, y), (x0, y0) = place(most_x * k / 5, most_y * k / 5), place(0, 0)
        parts.append(f'<path d="M{x0} {y:.1f}H{wide - edge}" stroke="#ddd"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{y0 + 18}" text-anchor="middle">{most_x * k / 5:.0f} min</text>'
        )
        parts.append(f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{most_y * k / 5:.1f}</text>')
    shares = sorted({p["share"] for p in points})
    for share, colour in zip(shares, ("#36c", "#c63", "#393", "#939", "#666") * len(shares), strict=False):
        some = sorted((p for p in points if p["share"] == share), key=lambda p: p["film_s"])
        line = [
            place(p["film_s"] / 60, float(plane @ (1, p["film_s"] / 3600, p["clip_s"] / 3600)))
            for p in some
        ]
        parts.append(
            '<path fill="none" stroke="{}" d="M{}"/>'.format(
                colour, "L".join(f"{x:.1f} {y:.1f}" for x, y in line)
            )
        )
        for p in some:
            x, y = place(p["film_s"] / 60, p["index_cpu_s"] + p["cut_cpu_s"])
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>')
        x, y = line[-1]
        parts.append(
            f'<text x="{x - 8:.1f}" y="{y - 8:.1f}" text-anchor="end" fill="{colour}">'
            f"clips {share:.0%}</text>"
        )
    parts.append(
        f'<text x="{edge}" y="24">Audio profile: CPU seconds by length of film (dots measured)</text>'
    )
    return "\n".join([*parts, "</svg>\n"])


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 20, 40, 80, 120])
    parser.add_argument(
        "--clips", type=float, nargs="+", default=[0.1, 0.5], help="share of the film in clips"
    )
    parser.add_argument("--work", type=Path)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--once", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        print(json.dumps(once(args.once[0], float(args.once[1]))))
        return 0
    points: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        base = args.film or work / "seed.mp4"
        if not base.exists():
            width, height = map(int, args.size.split("x"))
            make_film(base, 5, (width, height))
        print(f"{'film':>8s} {'clips':>14s} {'index':>8s} {'cut':>8s} {'peak MB':>8s}   CPU s")
        for minutes in args.minutes:
            film = repeated(base, minutes, work / f"{base.stem}-{minutes:g}.mp4")
            for share in args.clips:
                command = [sys.executable, __file__, "--once", str(film), str(share)]
                told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
                point = {**json.loads(told), "share": share}
                points.append(point)
                print(
                    f"{minutes:5g} min {point['clips']:5.0f} {point['clip_s']:6.0f} s "
                    f"{point['index_cpu_s']:8.2f} {point['cut_cpu_s']:8.2f} {point['peak_mb']:8.0f}",
                    flush=True,
                )
    plane, r2, worst = fit(points)
    corpus_h = float(plane[1] * CORPUS_FILMS_H + plane[2] * CORPUS_CLIPS_H) / 3600
    print(
        f"CPU s = {plane[0]:.2f} + {plane[1]:.2f} an hour of film + {plane[2]:.2f} an hour of clips; "
        f"R2 {r2:.4f}, worst residual {worst:.1%}; 700 h of films with 365 h of clips: {corpus_h:.2f} CPU h"
    )
    if args.svg:
        args.svg.write_text(svg(points, plane))
    if args.json:
        print(
            json.dumps(
                {"points": points, "plane": list(map(float, plane)), "r2": r2, "corpus_cpu_h": corpus_h}
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
