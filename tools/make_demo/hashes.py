"""Perceptual hashes of the film's keyframes, from the encoded file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from frames import HEIGHT, WIDTH
from PIL import Image


def phash(gray: np.ndarray) -> str:
    """64-bit DCT hash: 32 x 32 picture, lowest 8 x 8 frequencies against their median; 16 hex digits."""
    small = np.asarray(Image.fromarray(gray).resize((32, 32), Image.Resampling.LANCZOS), dtype=np.float64)
    k, n = np.arange(8)[:, None], np.arange(32)[None, :]
    basis = np.cos(np.pi * k * (2 * n + 1) / 64)
    low = (basis @ small @ basis.T).ravel()
    bits = low > np.median(low[1:])
    return f"{int(''.join('1' if b else '0' for b in bits), 2):016x}"


def keyframe_hashes(film: Path, numbers: set[int]) -> dict[int, str]:
    """Hash of each wanted frame."""
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-threads",
        "1",
        "-i",
        str(film),
        "-map",
        "0:v",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-",
    ]
    size = WIDTH * HEIGHT * 3 // 2
    out: dict[int, str] = {}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as pipe:
        assert pipe.stdout is not None
        k = 0
        while len(data := pipe.stdout.read(size)) == size:
            if k in numbers:
                out[k] = phash(np.frombuffer(data, np.uint8)[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH))
            k += 1
    return out
