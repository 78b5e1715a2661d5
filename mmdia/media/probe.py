"""What a media file holds, and clear words when it holds nothing usable.

`probe` reads headers only: no frame is decoded, except one where the container may hide a
rotation. All times are exact rationals as the container gives them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.container
import av.stream

from mmdia.errors import MediaUnreadable
from mmdia.media.encrypted import encrypted_streams, refusal
from mmdia.media.refusal import existing, explain, nothing_comes, refuse_lookalikes
from mmdia.schema.time import snap_rate

#: File name endings that are worth opening when a folder is searched.
MEDIA_SUFFIXES = frozenset(
    ".mp4 .m4v .mkv .webm .mov .avi .ts .m2ts .mts .mpg .mpeg .vob .wmv .asf .flv .ogv .3gp .mka "
    ".m4a .mp3 .flac .wav .ogg .oga .opus .aac .ac3 .eac3 .dts .wma".split()
)

#: Codecs of subtitle tracks that are text; all others are pictures of text.
TEXT_SUBTITLES = frozenset({"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text"})

#: libavformat's names for formats that are still pictures or bare subtitles, not films.
_NOT_FILM = ("image2", "_pipe", "srt", "webvtt", "ass", "tty", "gif")

#: Codecs of decoders that go by another name.
_OF_DECODER = {
    "libdav1d": "av1",
    "libaom-av1": "av1",
    "libvpx": "vp8",
    "libvpx-vp9": "vp9",
    "libopus": "opus",
    "mp3float": "mp3",
    "dca": "dts",
}

_SAMPLE_BYTES = 256 * 1024

#: What keeps PyAV from refusing a file whose tags are not UTF-8; from 19 on it never does.
_LENIENT_TAGS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)


@dataclass(frozen=True, slots=True)
class VideoStream:
    """A moving picture.

    Attributes:
        index: Number of the stream in the file.
        codec: libavcodec's name of the codec.
        rate: Nominal frames per second, exact; None when the container knows none.
        width: Stored width in pixels, before rotation.
        height: Stored height in pixels, before rotation.
        rotation: Degrees clockwise (0, 90, 180, 270) by which a player turns the picture.
        pixel_format: For example ``yuv420p``.
        language: As tagged in the file; None when untagged or "und".
        title: Title of the stream, or None.
        default: Whether the file marks it as the default.
    """

    index: int
    codec: str
    rate: Fraction | None
    width: int
    height: int
    rotation: int
    pixel_format: str
    language: str | None
    title: str | None
    default: bool


@dataclass(frozen=True, slots=True)
class AudioStream:
    """A sound track; `number` counts audio tracks from 0, `index` counts all streams.

    `commentary` is true for tracks that the file marks as comment, description for the blind
    or hard of hearing, or whose title says so: never the dialogue track by default; nobody can decode
    one that is `encrypted` without its key.
    """

    index: int
    number: int
    codec: str
    sample_rate: int
    channels: int
    layout: str
    language: str | None
    title: str | None
    default: bool
    commentary: bool
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class SubtitleStream:
    """An embedded subtitle track; `is_text` is false for pictures of text (PGS, VobSub, DVB)."""

    index: int
    codec: str
    is_text: bool
    language: str | None
    title: str | None
    default: bool
    forced: bool
    hearing_impaired: bool


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What one media file holds.

    Attributes:
        path: The file.
        container: libavformat's name, for example ``matroska,webm``.
        duration_s: Length in seconds as the header says; None when it says nothing.
        start_s: The format's start time, seconds, exact. Player time = pts - start_s.
        size: Bytes.
        video: Moving pictures; cover art is left out.
        audio: Sound tracks.
        subtitles: Embedded subtitle tracks.
        title: Title tag of the file, or None.
    """

    path: Path
    container: str
    duration_s: float | None
    start_s: Fraction
    size: int
    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    subtitles: tuple[SubtitleStream, ...]
    title: str | None = None


def is_media_name(path: str | os.PathLike[str]) -> bool:
    """Whether the name ends like a media file's; hidden files and ``.part`` are no media."""
    name = Path(path).name
    return not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES


def media_hash(path: str | os.PathLike[str]) -> str:
    """Identity of a file's content: 32 hex digits, the same under any name.

    BLAKE2b (16 bytes) over the size and, for files above 4 MiB, five samples of 256 KiB (at
    0, 1/4, 1/2, 3/4 and the end); smaller files are hashed whole. It tells files apart and
    finds caches again; it is no proof against someone who edits bytes between the samples.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It is a folder or cannot be read.
    """
    file = existing(path)
    size = file.stat().st_size
    digest = hashlib.blake2b(f"mmdia.media/1:{size}:".encode(), digest_size=16)
    try:
        with file.open("rb") as stream:
            if size <= 16 * _SAMPLE_BYTES:
                digest.update(stream.read())
            else:
                for quarter in range(5):
                    stream.seek((size - _SAMPLE_BYTES) * quarter // 4)
                    digest.update(stream.read(_SAMPLE_BYTES))
    except OSError as error:
        raise MediaUnreadable("the file cannot be read", path=file, got=str(error)) from error
    return digest.hexdigest()


@contextmanager
def open_input(
    path: str | os.PathLike[str], options: dict[str, str] | None = None
) -> Iterator[av.container.InputContainer]:
    """Open a media file for reading (`options`: libavformat's), with this package's errors.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: No media can be read from it; the message says why and what to do.
    """
    file = existing(path)
    refuse_lookalikes(file)
    try:
        container = av.open(str(file), options=options or {}, **_LENIENT_TAGS)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise explain(file, error) from error
    with container:
        for tags in (container.metadata, *(stream.metadata for stream in container.streams)):
            readable = {_readable(name): _readable(value) for name, value in tags.items()}
            if readable != tags:
                tags.clear()
                tags.update(readable)
        yield container


def _readable(tag: str) -> str:
    """A tag that can be printed and written: PyAV 19 gives bytes that are not UTF-8 as surrogates."""
    return tag.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Read what a media file holds.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It is a folder, a Git LFS pointer, empty, a web page, a picture,
            truncated, encrypted or otherwise no media; the message says what to do.
    """
    with open_input(path) as container:
        locked = encrypted_streams(path, container)
        pictures, sounds = picture_streams(container), sound_streams(container)
        if locked and all(s.index in locked for s in (*pictures, *sounds)):
            raise refusal(path)
        video = tuple(_video(s, container) for s in pictures)
        audio = tuple(_audio(s, n, encrypted=s.index in locked) for n, s in enumerate(sounds))
        if not (video or audio):
            error = nothing_comes(
                Path(path), container.format.name, "the file holds neither picture nor sound"
            )
            if error.code == "invalid_media":
                error.got = container.format.name
                error.hint = "If it is a subtitle file, pass it where subtitles are asked for."
            raise error
        return MediaInfo(
            path=Path(path),
            container=container.format.name,
            duration_s=None if container.duration is None else container.duration / 1e6,
            start_s=start_time(container),
            size=Path(path).stat().st_size,
            video=video,
            audio=audio,
            subtitles=tuple(_subtitle(s) for s in container.streams.subtitles if s.codec_context),
            title=container.metadata.get("title") or None,
        )


def start_time(container: av.container.InputContainer) -> Fraction:
    """The format's start time in seconds; player time is pts minus this."""
    return Fraction(container.start_time or 0, 1_000_000)


def picture_streams(container: av.container.InputContainer) -> list[av.VideoStream]:
    """Video streams that move and can be decoded: no cover art."""
    still = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & still and s.codec_context and s.width]


def main_picture(container: av.container.InputContainer) -> av.VideoStream | None:
    """The picture that a player shows."""
    pictures = picture_streams(container)
    marked = [s for s in pictures if s.disposition & av.stream.Disposition.default]
    # libavformat marks the first stream of each kind where the file marks none.
    return next(iter(marked or pictures), None)


def sound_streams(container: av.container.InputContainer) -> list[av.AudioStream]:
    """Audio streams that can be decoded."""
    return [s for s in container.streams.audio if s.codec_context and s.sample_rate]


def rotation_of(stream: av.VideoStream, container: av.container.InputContainer) -> int:
    """Degrees clockwise by which a player turns the picture; rewinds the container.

    The display matrix hangs on decoded frames, so the first one is decoded; only containers
    that can hold a matrix (mp4, mov, mkv) pay for it.
    """
    if not any(name in container.format.name for name in ("mp4", "mov", "matroska")):
        return 0
    try:
        frame = next(container.decode(stream), None)
        container.seek(0)
    except av.FFmpegError:
        return 0
    return 0 if frame is None else frame_rotation(frame)


def frame_rotation(frame: av.VideoFrame) -> int:
    """Degrees clockwise (0, 90, 180, 270) by which this frame is to be turned for viewing."""
    # libavutil tells the angle counter-clockwise.
    return (-round(frame.rotation / 90) * 90) % 360


def _tag(stream: av.stream.Stream, name: str) -> str | None:
    lowered = {k.lower(): v for k, v in stream.metadata.items()}
    value = lowered.get(name, "").strip()
    return None if value in ("", "und") else value


def _video(stream: av.VideoStream, container: av.container.InputContainer) -> VideoStream:
    if any(name in container.format.name for name in _NOT_FILM):
        raise MediaUnreadable("this is a picture, not a film", path=container.name)
    rate = stream.guessed_rate or stream.average_rate
    return VideoStream(
        index=stream.index,
        codec=codec_name(stream),
        rate=snap_rate(rate) if rate and 0 < rate < 1000 else None,
        width=stream.width,
        height=stream.height,
        rotation=rotation_of(stream, container),
        pixel_format=stream.pix_fmt or "",
        language=_tag(stream, "language"),
        title=_tag(stream, "title"),
        default=bool(stream.disposition & av.stream.Disposition.default),
    )


def _audio(stream: av.AudioStream, number: int, *, encrypted: bool) -> AudioStream:
    flags = av.stream.Disposition
    marked = flags.comment | flags.visual_impaired | flags.hearing_impaired | flags.karaoke
    title = _tag(stream, "title")
    told = (title or "").lower()
    return AudioStream(
        index=stream.index,
        number=number,
        codec=codec_name(stream),
        sample_rate=stream.sample_rate,
        channels=stream.codec_context.channels,
        layout=stream.layout.name,
        language=_tag(stream, "language"),
        title=title,
        default=bool(stream.disposition & flags.default),
        commentary=bool(stream.disposition & marked) or "comment" in told or "descri" in told,
        encrypted=encrypted,
    )


def _subtitle(stream: av.stream.Stream) -> SubtitleStream:
    flags = av.stream.Disposition
    codec = codec_name(stream)
    return SubtitleStream(
        index=stream.index,
        codec=codec,
        is_text=codec in TEXT_SUBTITLES,
        language=_tag(stream, "language"),
        title=_tag(stream, "title"),
        default=bool(stream.disposition & flags.default),
        forced=bool(stream.disposition & flags.forced),
        hearing_impaired=bool(stream.disposition & flags.hearing_impaired),
    )


def codec_name(stream: av.stream.Stream) -> str:
    """The codec's own name (``av1``), not that of the decoder chosen (``libdav1d``)."""
    codec = stream.codec_context.codec
    # PyAV before 15 tells the decoder's name only.
    return str(getattr(codec, "canonical_name", None) or _OF_DECODER.get(codec.name, codec.name))
