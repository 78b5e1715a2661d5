"""A made-up film for the benchmarks of `mmdia rebuild`: every frame and every sample can be told.

Frames carry their number (modulo 8192) along the top, the centre channel the pilot of
`mmdia.testing.pilot` below a noise that comes and goes like speech; hard cuts every 3 to 15 seconds.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from mmdia.testing.stamps import MAX_FRAME, draw_frame_stamp, locate_pilot, pilot, read_frame_stamp

FPS = Fraction(24000, 1001)
RATE = 48_000
_CHUNK = 20 * RATE


def ffmpeg_program() -> str:
    return imageio_ffmpeg.get_ffmpeg_exe()


def make_film(
    path: Path, minutes: float, size: tuple[int, int], *, seed: int = 1, quiet_centre: bool = False
):
    """H.264 (key frames at most 250 frames apart) and AAC 5.1 in mp4; `quiet_centre`: nothing in FC."""
    work = path.with_suffix(".wav.f32")
    n_frames = int(minutes * 60 * FPS)
    n_samples = round(n_frames / FPS * RATE)
    _write_sound(work, n_samples, seed, quiet_centre)
    width, height = size
    command = [
        ffmpeg_program(),
        "-v",
        "error",
        "-y",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "gray",
        "-s",
        f"{width}x{height}",
        "-r",
        f"{FPS}",
        "-i",
        "-",
        "-f",
        "f32le",
        "-ar",
        str(RATE),
        "-ac",
        "6",
        "-channel_layout",
        "5.1",
        "-i",
        str(work),
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "20",
        "-g",
        "250",
        "-pix_fmt",
        "yuv420p",
        "-bf",
        "3",
        "-threads",
        "1",
        "-c:a",
        "aac",
        "-b:a",
        "384k",
        "-aac_pns",
        "0",
        "-aac_coder",
        "fast",
        str(path),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        for picture in _pictures(n_frames, width, height, seed):
            process.stdin.write(picture.tobytes())
        process.stdin.close()
    work.unlink()
    if process.returncode:
        raise RuntimeError("the film could not be made")


def with_quiet_centre(film: Path, target: Path) -> None:
    """The same film with silence in the centre and the centre's sound at the left."""
    mapping = "pan=5.1|FL=FC|FR=FR|FC=0*FC|LFE=LFE|BL=BL|BR=BR"
    command = [ffmpeg_program(), "-v", "error", "-y", "-i", str(film), "-map", "0", "-c:v", "copy", "-af"]
    command += [mapping, "-c:a", "aac", "-b:a", "384k", "-aac_pns", "0", "-aac_coder", "fast", str(target)]
    subprocess.run(command, check=True)


def _pictures(count: int, width: int, height: int, seed: int):
    rng = np.random.default_rng(seed)
    change, texture = 0, np.zeros(0)
    for number in range(count):
        if number >= change:
            change = number + int(rng.uniform(3, 15) * FPS)
            coarse = rng.integers(50, 200, (height // 8 + 2, width // 4 + 2), np.uint8)
            texture = np.kron(coarse, np.ones((8, 8), np.uint8))
            dx, dy = rng.integers(1, 4), rng.integers(0, 2)
        x, y = (number * dx) % width, (number * dy) % 8
        picture = texture[y : y + height, x : x + width].copy()
        picture[height // 3 : height // 3 + 40, (5 * number) % (width - 40) :][:, :40] ^= 0x55
        draw_frame_stamp(picture, number % (MAX_FRAME + 1))
        yield picture


def _write_sound(path: Path, count: int, seed: int, quiet_centre: bool) -> None:
    rng = np.random.default_rng(seed)
    with path.open("wb") as out:
        for at in range(0, count, _CHUNK):
            n = min(_CHUNK, count - at)
            rows = np.cumsum(rng.standard_normal((6, n)), axis=1)
            rows -= np.linspace(0, 1, n) * rows[:, -1:]
            rows = 0.05 * np.diff(rows, axis=1, prepend=0.0) + 0.0003 * rows
            voice = 0.5 + 0.5 * np.sin(2 * np.pi * (at + np.arange(n)) / RATE / 2.3)
            rows[2] = 0.0 if quiet_centre else rows[2] * voice + 0.05 * pilot(at, at + n)
            out.write(np.ascontiguousarray(rows.T.clip(-1, 1), np.float32).tobytes())


@dataclass(frozen=True)
class Dialogue:
    """A window with turns: the dialogue's edges are the first and last."""

    edges: tuple[float, ...]

    @property
    def start(self) -> float:
        """Its start, film seconds."""
        return self.edges[0]

    @property
    def end(self) -> float:
        """Its end."""
        return self.edges[-1]

    @property
    def middles(self) -> list[float]:
        """The middle of each turn."""
        return [(a + b) / 2 for a, b in zip(self.edges, self.edges[1:], strict=False)]


def dialogues(
    seconds: float, step: float, seed: int, lengths: tuple[float, float] = (9, 22)
) -> list[Dialogue]:
    """One dialogue of about six turns every `step` seconds, to the millisecond."""
    rng = random.Random(seed)
    found = []
    for k in range(int(seconds // step)):
        length = rng.uniform(*lengths)
        start = k * step + rng.uniform(0.5, max(0.6, step - length - 0.5))
        turns = max(1, round(length / 2.6))
        inner = sorted(rng.uniform(0, length) for _ in range(turns - 1))
        edges = sorted({round(start + x, 3) for x in (0, *inner, length)})
        if edges[-1] < seconds - 1:
            found.append(Dialogue(tuple(edges)))
    return found


def on_screen(time_s: float) -> int:
    """The frame on screen at a time; the slack of the snap rule makes no difference at milliseconds."""
    return int((Fraction(round(time_s * 1e6), 10**6) + Fraction(1, 1000)) * FPS)


def frame_errors(clip: Path, window: Dialogue) -> tuple[int, int, int]:
    """(first frame off by, last frame off by, duplicates and gaps) of a clip of picture."""
    with av.open(str(clip)) as opened:
        frames = opened.decode(video=0)
        numbers = [read_frame_stamp(frame.to_ndarray(format="gray")) for frame in frames]
    seen = [n for n in numbers if n is not None]
    if not seen:
        return 9999, 9999, 9999
    last = int((Fraction(round(window.end * 1e6), 10**6) - Fraction(2, 1000)) * FPS)
    wrap = MAX_FRAME + 1
    first_off = (seen[0] - on_screen(window.start) + wrap // 2) % wrap - wrap // 2
    last_off = (seen[-1] - last + wrap // 2) % wrap - wrap // 2
    jumps = sum((b - a) % wrap != 1 for a, b in pairwise(seen))
    return first_off, last_off, jumps + len(numbers) - len(seen)


def still_error(path: Path, time_s: float) -> int:
    """How many frames a still is off the one on screen."""
    from PIL import Image

    number = read_frame_stamp(np.asarray(Image.open(path).convert("L")))
    wrap = MAX_FRAME + 1
    return 9999 if number is None else (number - on_screen(time_s) + wrap // 2) % wrap - wrap // 2


def sound_place(clip: Path, near_s: float, channel: int | None = None) -> float | None:
    """Film second of clip time 0 by its sound; None when the pilot is not heard."""
    with av.open(str(clip)) as opened:
        stream = opened.streams.audio[0]
        rate, late, parts = stream.sample_rate, None, []
        for frame in opened.decode(stream):
            if late is None:
                late = float(frame.pts * frame.time_base)
            rows = frame.to_ndarray()
            if not frame.format.is_planar:
                rows = rows.reshape(-1, frame.layout.nb_channels).T
            parts.append(rows.astype(np.float32))
    samples = np.concatenate(parts, axis=1)
    if channel is None:
        channel = 2 if len(samples) == 6 else 0
    found = locate_pilot(samples[channel], rate, search=(max(0.0, near_s - 1), near_s + 1))
    return found.seconds - (late or 0.0) if found.reliable else None
