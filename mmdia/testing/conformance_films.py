"""Small films for the conformance suite: every frame carries its number, every sample is known."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from mmdia.testing.stamps import draw_frame_stamp, read_frame_stamp

FPS = Fraction(24000, 1001)
RATE = 48_000
N_FRAMES = 144
_WIDTH, _HEIGHT = 320, 192
_GOP = 40


@dataclass(frozen=True)
class FilmShape:
    """How a film differs from the plain one.

    Attributes:
        shift: Frames by which its clock is shifted; below zero an edit list hides that many.
        late: It starts this many seconds late.
        held: Each 24th frame lasts half a frame longer.
        first_number: Number that its first shown frame carries.
    """

    shift: int = 0
    late: int = 0
    held: bool = False
    first_number: int = 0


FILMS: dict[str, FilmShape] = {
    "base.mp4": FilmShape(),
    "base.mkv": FilmShape(),
    "late.mkv": FilmShape(late=7),
    "vfr.mkv": FilmShape(held=True),
    "edit.mp4": FilmShape(shift=-25, first_number=25),
    "base.ts": FilmShape(),
}


def read_number(rgb: Any) -> int | None:
    """Number that a frame carries; None when it cannot be read."""
    return read_frame_stamp(rgb)


def make_film(folder: Path, name: str) -> Path:
    """Make one of `FILMS`, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    if path.is_file():
        return path
    base = folder / "base.mp4"
    if not base.is_file():
        _write_base(base)
    if name != base.name:
        _remux(base, path, FILMS[name])
    return path


def make_sound(folder: Path, channels: int) -> tuple[Path, Any]:
    """A clip of sound, FLAC at 24 kHz, and its samples: int16 (48000, channels)."""
    import numpy as np
    import soundfile

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"clip{channels}.flac"
    pcm = np.random.default_rng(channels).integers(-20_000, 20_000, (48_000, channels)).astype(np.int16)
    if not path.is_file():
        soundfile.write(path, pcm, 24_000, format="FLAC", subtype="PCM_16")
    return path, pcm


def _picture(number: int) -> Any:
    import numpy as np

    rng = np.random.default_rng(number // 31)
    blocks = np.roll(rng.integers(60, 180, (_HEIGHT // 8, _WIDTH // 8)), number % 20, axis=1)
    gray = np.kron(blocks, np.ones((8, 8))).astype(np.uint8)
    draw_frame_stamp(gray, number)
    return gray


def _write_base(path: Path) -> None:
    """H.264 with B-frames and stereo AAC."""
    import av
    import numpy as np

    with av.open(str(path), "w") as out:
        video: Any = out.add_stream(
            "libx264", rate=FPS, options={"preset": "superfast", "crf": "20", "bf": "3"}
        )
        video.width, video.height, video.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        video.codec_context.gop_size = _GOP
        video.codec_context.time_base = 1 / FPS
        made: list[Any] = []
        for number in range(N_FRAMES):
            frame = av.VideoFrame.from_ndarray(_picture(number), format="gray").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, 1 / FPS
            made += video.encode(frame)
        made += video.encode()
        sound: Any = out.add_stream("aac", rate=RATE, layout="stereo")
        noise = np.random.default_rng(7).normal(0, 0.1, (2, N_FRAMES * 2002)).astype(np.float32)
        for at in range(0, noise.shape[1], 1024):
            piece = np.ascontiguousarray(noise[:, at : at + 1024])
            chunk = av.AudioFrame.from_ndarray(piece, "fltp", "stereo")
            chunk.sample_rate, chunk.pts, chunk.time_base = RATE, at, Fraction(1, RATE)
            made += sound.encode(chunk)
        made += sound.encode()
        for packet in sorted(made, key=lambda p: p.dts * p.time_base):
            out.mux(packet)


def _remux(source: Path, target: Path, shape: FilmShape) -> None:
    """The same packets in another container, shifted."""
    import av

    shift = shape.shift / FPS + shape.late
    options = {"avoid_negative_ts": "disabled"}
    with av.open(str(source)) as given, av.open(str(target), "w", container_options=options) as out:
        pairs: dict[int, Any] = {s.index: out.add_stream_from_template(s) for s in given.streams}
        for packet in given.demux():
            if packet.dts is None or packet.pts is None:
                continue
            base = Fraction(packet.stream.time_base or 1)
            picture = packet.stream.type == "video"
            for name in ("pts", "dts"):
                seconds = getattr(packet, name) * base
                if picture and shape.held:
                    seconds = (round(seconds * FPS) + Fraction(round(seconds * FPS) // 24, 2)) / FPS
                setattr(packet, name, round((seconds + shift) / base))
            packet.stream = pairs[packet.stream.index]
            out.mux(packet)
