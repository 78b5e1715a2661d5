"""Copies of a film as users own them, made by the ffmpeg program: PAL speed, cuts, adverts, logos.

For the demo, for tests and for measuring alignment: each function returns the exact time map
from the source to the copy, so that what an alignment finds can be judged. Commands are built by
ffmpeg-python (extra ``ffmpeg``) and run with the program that `find_ffmpeg` finds. Sources must
have a constant frame rate; copies keep size and sound channels.

Exactness: pieces are cut on whole frames, their sound padded or cut to
round(frames / fps * 48000) samples, and both streams are counted anew after joining; so picture
and sound of a copy can drift apart by no more than a sample.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from mmdia.errors import MediaUnreadable, MissingExtra, MissingTool, UsageError
from mmdia.media.index import build_index, require_video
from mmdia.media.probe import probe
from mmdia.schema.time import Segment, TimeMap, format_rate

_RATE = 48000
_FORMATS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".ts": "mpegts",
    ".m2ts": "mpegts",
    ".avi": "avi",
}


def find_ffmpeg() -> Path:
    """The ffmpeg program: ``$MMDIA_FFMPEG``, else on PATH, else the one of imageio-ffmpeg.

    Raises:
        MissingTool: There is none, or ``$MMDIA_FFMPEG`` names none.
    """
    named = os.environ.get("MMDIA_FFMPEG")
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingTool("$MMDIA_FFMPEG names no program", path=named, hint="Correct or unset it.")
        return Path(found)
    on_path = shutil.which("ffmpeg")
    if on_path is not None:
        return Path(on_path)
    try:
        import imageio_ffmpeg

        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        hint = "Run: pip install 'mmdia[ffmpeg]'"
        raise MissingTool("no ffmpeg program is found", hint=hint) from error


def load_ffmpeg() -> Any:
    """The module of ffmpeg-python, which builds the commands.

    Raises:
        MissingExtra: The extra ``ffmpeg`` is not installed.
    """
    try:
        import ffmpeg
    except ImportError as error:
        raise MissingExtra.of("ffmpeg-python", "ffmpeg") from error
    return ffmpeg


def last_lines(text: bytes | str, count: int = 5) -> str:
    """The last lines of a program's messages, on one line."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return " | ".join(line.strip() for line in told.strip().splitlines()[-count:])


def remux(src: str | Path, dst: str | Path) -> None:
    """Put the same streams into another container; nothing is encoded but subtitles.

    Times may move by a constant: the priming of AAC becomes visible in mkv and ts (+21.33 ms).

    Raises:
        MediaUnreadable: ffmpeg fails; its last lines are in the error.
        MissingDependency: ffmpeg-python or an ffmpeg program is missing.
    """
    ffmpeg = load_ffmpeg()

    words = {"mp4": "mov_text", "mov": "mov_text", "matroska": "srt"}.get(_format_of(Path(dst)))
    options: dict[str, Any] = {"c": "copy", **({"c:s": words} if words else {"sn": None})}
    source = ffmpeg.input(str(src))
    kinds = ["v", "a?"] + (["s?"] if words else [])
    _run([source[kind] for kind in kinds], dst, options)


def prepend_logo(
    src: str | Path, dst: str | Path, *, n_frames: int | None = None, seconds: float | None = None
) -> TimeMap:
    """A copy that opens with a distributor's logo: plain colour and a quiet tone.

    Args:
        src: The film.
        dst: The copy.
        n_frames: Length of the logo in frames; or
        seconds: its length in seconds, rounded to whole frames.

    Raises:
        UsageError: Neither or both lengths are given, or the length is not positive.
        MediaUnreadable: ffmpeg fails.
    """
    film = _Film.of(src)
    if (n_frames is None) == (seconds is None):
        raise UsageError("give the logo's length either in frames or in seconds")
    count = n_frames if n_frames is not None else round(Fraction(seconds or 0) * film.fps)
    if count <= 0:
        raise UsageError("a logo must last at least one frame", got=count)
    return _join(film, [_Piece(None, count), _Piece(0, film.n_frames)], dst)


def recut(
    src: str | Path,
    dst: str | Path,
    keep: Sequence[tuple[float, float]],
    insert: Sequence[tuple[float, float]] = (),
) -> TimeMap:
    """Another cut: only some spans of the film, with adverts in between.

    Args:
        src: The film.
        dst: The copy.
        keep: Spans of the source to keep, seconds, in order; edges are rounded to frames.
        insert: (second of the source, length in seconds) of each advert.

    Raises:
        UsageError: Spans overlap or keep nothing, or an advert lies in no span.
        MediaUnreadable: ffmpeg fails.
    """
    film = _Film.of(src)
    spans = [(film.frame(a), min(film.frame(b), film.n_frames)) for a, b in keep]
    if not spans or any(a >= b for a, b in spans):
        raise UsageError("each span kept must hold a frame of the film", got=list(keep))
    if any(b > c for (_, b), (c, _) in pairwise(spans)):
        raise UsageError("spans kept must not overlap", got=list(keep))
    adverts = sorted((film.frame(at), max(1, film.frame(length))) for at, length in insert)
    pieces: list[_Piece] = []
    for first, last in spans:
        while adverts and first <= adverts[0][0] <= last:
            at, length = adverts.pop(0)
            if at > first:
                pieces.append(_Piece(first, at - first))
            pieces.append(_Piece(None, length))
            first = at
        if last > first:
            pieces.append(_Piece(first, last - first))
    if adverts:
        raise UsageError("an advert lies in no span that is kept", got=float(adverts[0][0] / film.fps))
    return _join(film, pieces, dst)


def change_speed(
    src: str | Path, dst: str | Path, ratio: Fraction, *, pitch: Literal["shift", "keep"] = "shift"
) -> TimeMap:
    """A copy that runs `ratio` times as fast; 25025/24000 makes 25 fps PAL of 24000/1001.

    No frame is dropped or doubled: frames are stamped anew at ``fps * ratio``. Sound with
    ``pitch="shift"`` is played at the other rate and resampled, as real PAL transfers are; with
    ``"keep"`` it is stretched (atempo) and cut to length. Either way the sound lasts exactly
    round(frames / (fps * ratio) * 48000) samples.

    Raises:
        UsageError: The ratio lies outside 1/2 .. 2.
        MediaUnreadable: ffmpeg fails.
    """
    ratio = Fraction(ratio)
    if not Fraction(1, 2) <= ratio <= 2:
        raise UsageError("no such speed", expected="a ratio from 1/2 to 2", got=ratio)
    film = _Film.of(src)
    fps = film.fps * ratio
    picture = film.picture()
    picture = picture.filter("setpts", f"PTS*{ratio.denominator}/{ratio.numerator}")
    picture = picture.filter("fps", format_rate(fps)).filter("setpts", f"N/({format_rate(fps)})/TB")
    streams = [picture]
    sound = film.sound()
    if sound is not None:
        if pitch == "shift":
            # A rate at which both sides of the change are whole numbers of samples a second.
            unit = ratio.denominator
            base = unit * max(1, round(_RATE / unit))
            sound = sound.filter("aresample", base).filter("asetrate", int(base * ratio))
            sound = sound.filter("aresample", _RATE)
        else:
            sound = sound.filter("atempo", f"{float(ratio):.9f}")
        streams.append(_exactly(sound, _samples(Fraction(film.n_frames) / fps)))
    _run(streams, dst, _encoding())
    return TimeMap.affine(float(1 / ratio), 0.0, 0.0, float(film.n_frames / film.fps))


def other_film(
    dst: str | Path,
    duration_s: float,
    *,
    fps: Fraction = Fraction(24000, 1001),
    size: tuple[int, int] = (320, 180),
    seed: int = 1,
) -> None:
    """A film that has nothing to do with any other: moving colours and tones.

    Raises:
        UsageError: It would last no frame.
        MediaUnreadable: ffmpeg fails.
    """
    ffmpeg = load_ffmpeg()

    count = round(Fraction(duration_s) * fps)
    if count <= 0:
        raise UsageError("a film must last at least one frame", got=duration_s)
    shape = f"size={size[0]}x{size[1]}:rate={format_rate(fps)}"
    picture = ffmpeg.input(f"testsrc2={shape}", format="lavfi").video
    picture = picture.filter("hue", h=37 * seed % 360).filter("trim", end_frame=count)
    low, high = 180 + 31 * seed % 200, 410 + 57 * seed % 500
    tones = f"0.2*sin(2*PI*{low}*t)*gt(sin(2*PI*0.{3 + seed % 5}*t)\\,0)+0.1*sin(2*PI*{high}*t)"
    sound = ffmpeg.input(f"aevalsrc={tones}:s={_RATE}", format="lavfi").audio
    _run([picture, _exactly(sound, _samples(Fraction(count) / fps))], dst, _encoding())


# ------------------------------------------------------------------ pieces


@dataclass(frozen=True)
class _Piece:
    """`count` frames from `first` of the film; of something else when `first` is None."""

    first: int | None
    count: int


@dataclass(frozen=True)
class _Film:
    """What of the source the graphs need to know."""

    path: Path
    fps: Fraction
    n_frames: int
    size: tuple[int, int]
    layout: str

    @classmethod
    def of(cls, path: str | Path) -> _Film:
        index = build_index(path)
        video = require_video(index, path)
        if not video.constant:
            raise MediaUnreadable("the source must have a constant frame rate", path=path)
        stream = next(v for v in probe(path).video if v.index == video.stream)
        layout = index.audio.layout if index.audio is not None else ""
        return cls(Path(path), video.rate, video.n_frames, (stream.width, stream.height), layout)

    def frame(self, seconds: float) -> int:
        """The frame nearest to a time of the source."""
        return max(0, round(Fraction(seconds) * self.fps))

    def source(self, reading: int = 0) -> Any:
        """The film as an input of its own for each `reading`.

        One input that feeds several pieces would pile up decoded frames for the later ones; and
        ffmpeg-python takes equal inputs for the same one, so a harmless option tells them apart.
        """
        ffmpeg = load_ffmpeg()

        return ffmpeg.input(str(self.path), thread_queue_size=64 + reading)

    def picture(self, reading: int = 0) -> Any:
        """The main picture."""
        return self.source(reading).video

    def sound(self, reading: int = 0) -> Any:
        """The sound at 48 kHz from time 0 on, or None."""
        if not self.layout:
            return None
        sound = self.source(reading).audio
        return sound.filter("aresample", _RATE, **{"async": 1, "first_pts": 0})


def _join(film: _Film, pieces: Sequence[_Piece], dst: str | Path) -> TimeMap:
    """Write `pieces` one after the other and tell where the film went."""
    ffmpeg = load_ffmpeg()

    parts: list[Any] = []
    segments: list[Segment] = []
    at = 0
    for number, piece in enumerate(pieces):
        parts.append(_picture_of(film, piece, number))
        if film.layout:
            parts.append(_sound_of(film, piece, number, at))
        if piece.first is not None:
            start = float(piece.first / film.fps)
            shift = float((at - piece.first) / film.fps)
            segments.append(Segment(start, float((piece.first + piece.count) / film.fps), 1.0, shift))
        at += piece.count
    joined = ffmpeg.concat(*parts, v=1, a=int(bool(film.layout))).node
    streams = [joined[0].filter("setpts", f"N/({format_rate(film.fps)})/TB")]
    if film.layout:
        streams.append(joined[1].filter("asetpts", "N/SR/TB"))
    _run(streams, dst, _encoding())
    return TimeMap(tuple(segments))


def _picture_of(film: _Film, piece: _Piece, number: int) -> Any:
    ffmpeg = load_ffmpeg()

    if piece.first is None:
        shape = f"size={film.size[0]}x{film.size[1]}:rate={format_rate(film.fps)}"
        picture = ffmpeg.input(f"color=c=0x2040{40 + number % 50:02d}:{shape}", format="lavfi").video
        picture = picture.filter("format", "yuv420p").filter("trim", end_frame=piece.count)
    else:
        end = piece.first + piece.count
        picture = film.picture(number).filter("trim", start_frame=piece.first, end_frame=end)
    return picture.filter("setpts", "PTS-STARTPTS").filter("setsar", 1)


def _sound_of(film: _Film, piece: _Piece, number: int, at: int) -> Any:
    """The piece's sound, so long that the sum of all lengths never drifts from the picture."""
    ffmpeg = load_ffmpeg()

    length = _samples((at + piece.count) / film.fps) - _samples(at / film.fps)
    if piece.first is None:
        sound = ffmpeg.input(f"sine=frequency={330 + number}:sample_rate={_RATE}", format="lavfi").audio
        sound = sound.filter("volume", 0.05).filter("aformat", channel_layouts=film.layout)
    else:
        first = _samples(piece.first / film.fps)
        sound = film.sound(number).filter("atrim", start_sample=first, end_sample=first + length)
    return _exactly(sound, length)


def _exactly(sound: Any, length: int) -> Any:
    """Pad with silence or cut to `length` samples, counted from 0."""
    sound = sound.filter("asetpts", "N/SR/TB").filter("apad", whole_len=length)
    return sound.filter("atrim", end_sample=length)


def _samples(seconds: Fraction) -> int:
    return math.floor(seconds * _RATE + Fraction(1, 2))


# ------------------------------------------------------------------ running


def _encoding() -> dict[str, Any]:
    return {
        "c:v": "libx264", "preset": "ultrafast", "crf": 20, "pix_fmt": "yuv420p",
        "c:a": "aac", "b:a": "128k", "aac_pns": 0,
    }  # fmt: skip


def _format_of(dst: Path) -> str:
    found = _FORMATS.get(dst.suffix.lower())
    if found is None:
        raise UsageError("no such container", path=dst, expected=", ".join(_FORMATS), got=dst.suffix)
    return found


def _run(streams: Sequence[Any], dst: str | Path, options: dict[str, Any]) -> None:
    """Run one command; the copy gets its name only when it is whole."""
    ffmpeg = load_ffmpeg()

    target = Path(dst)
    kind = _format_of(target)
    scratch = target.with_name(target.name + ".part")
    flags = {"movflags": "+faststart"} if kind in ("mp4", "mov") else {}
    out = ffmpeg.output(*streams, str(scratch), format=kind, loglevel="error", **flags, **options)
    command = [str(part) for part in ffmpeg.compile(out, cmd=str(find_ffmpeg()), overwrite_output=True)]
    done = subprocess.run([*command, "-nostdin"], capture_output=True, check=False)
    if done.returncode != 0:
        scratch.unlink(missing_ok=True)
        raise MediaUnreadable("ffmpeg failed", path=target, got=last_lines(done.stderr))
    os.replace(scratch, target)
