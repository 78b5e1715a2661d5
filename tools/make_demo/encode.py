"""The film file: x264 and AAC by the ffmpeg program, every source of chance switched off."""

from __future__ import annotations

import re
import subprocess
import tempfile
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import PIL
from frames import HEIGHT, WIDTH

X264 = [
    "-c:v",
    "libx264",
    "-preset",
    "veryslow",
    "-tune",
    "animation",
    "-crf",
    "27",
    "-threads",
    "1",
    "-x264-params",
    "keyint=96:min-keyint=12:bframes=3:b-adapt=2:ref=4:threads=1:lookahead-threads=1",
]
AAC = ["-c:a", "aac", "-b:a", "32k", "-aac_pns", "0", "-ac", "1"]
EXACT = ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]


def versions() -> dict[str, str]:
    """Versions of the programs and packages that the film's bytes depend on."""
    found = {"numpy": np.__version__, "pillow": PIL.__version__}
    for name, option, pattern in (
        ("ffmpeg", "-version", r"version (\S+)"),
        ("flite", "--version", r"flite-(\S+)"),
    ):
        done = subprocess.run([name, option], capture_output=True, text=True)
        told = re.search(pattern, done.stdout + done.stderr)
        found[name] = told[1] if told else "unknown"
    return found


def write_film(path: Path, pictures: Iterable[bytes], sound: np.ndarray) -> None:
    """Writes the mp4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wav, video = Path(folder) / "sound.wav", Path(folder) / "picture.mp4"
        with wave.open(str(wav), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(48_000)
            out.writeframes((np.clip(sound, -1, 1) * 32767).round().astype("<i2").tobytes())
        command = [
            "ffmpeg",
            "-v",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "yuv420p",
            "-s",
            f"{WIDTH}x{HEIGHT}",
            "-r",
            "24000/1001",
            "-i",
            "-",
            *X264,
            *EXACT,
            "-colorspace",
            "smpte170m",
            "-color_range",
            "tv",
            "-video_track_timescale",
            "24000",
            str(video),
        ]
        pipe = subprocess.Popen(command, stdin=subprocess.PIPE)
        assert pipe.stdin is not None
        for picture in pictures:
            pipe.stdin.write(picture)
        pipe.stdin.close()
        if pipe.wait() != 0:
            raise SystemExit("ffmpeg could not write the pictures")
        subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-y",
                "-i",
                str(video),
                "-i",
                str(wav),
                "-map",
                "0:v",
                "-map",
                "1:a",
                "-c:v",
                "copy",
                *AAC,
                *EXACT,
                "-movflags",
                "+faststart",
                str(path),
            ],
            check=True,
        )
