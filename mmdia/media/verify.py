"""Read written clips back: what is in the file, not what was meant to be."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
import numpy as np
import soundfile

from mmdia.errors import MediaNotFound, MediaUnreadable
from mmdia.media.audio import pcm_sha256
from mmdia.media.colour import Look
from mmdia.media.edit_list import read_edits, read_samples
from mmdia.media.probe import open_input, picture_streams, sound_streams
from mmdia.media.refusal import existing


class AudioCheck(NamedTuple):
    """A clip of sound as read back: rate, samples per channel, hash of the samples."""

    sample_rate: int
    n_samples: int
    sha256: str


class VideoCheck(NamedTuple):
    """A clip of picture as read back by decoding all of it.

    Attributes:
        n_frames: Frames decoded.
        first_pts: Clip second of the first frame.
        end_s: Clip second at which the last frame ends, by its own duration.
        sha256: SHA-256 of the frames as planar yuv420p (10 bit: yuv420p10le), rows without padding.
        width: Pixels.
        height: Pixels.
        has_audio: Whether there is a sound track.
        audio_start_s: Clip second of the first sample, or None.
        look: How the pictures are to be shown.
    """

    n_frames: int
    first_pts: float
    end_s: float
    sha256: str
    width: int
    height: int
    has_audio: bool
    audio_start_s: float | None
    look: Look = Look()


class CopyCheck(NamedTuple):
    """A clip as read back by its packets and its edit list, nothing decoded.

    Attributes:
        n_frames: Pictures that the edit list shows.
        n_packets: Pictures in all, hidden ones too.
        first_pts: Clip second of the first picture shown.
        end_s: Clip second at which the edit list ends.
        sha256: SHA-256 of all coded pictures in decoding order.
        width: Pixels.
        height: Pixels.
        has_audio: Whether there is a sound track.
    """

    n_frames: int
    n_packets: int
    first_pts: float
    end_s: float
    sha256: str
    width: int
    height: int
    has_audio: bool


def check_copy(path: str | Path) -> CopyCheck:
    """Read a clip's packets of picture and its edit list, if it has one.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It is no mp4, holds no picture, or is shorter than it says.
    """
    existing(path)
    edit, tracks = read_edits(path).get("vide"), read_samples(path)
    if "vide" not in tracks or edit is None:
        raise MediaUnreadable("the clip holds no picture with an edit list", path=path)
    picture, digest = tracks["vide"], hashlib.sha256()
    with Path(path).open("rb") as stream:
        for offset, size in zip(picture.offsets.tolist(), picture.sizes.tolist(), strict=True):
            stream.seek(offset)
            data = stream.read(size)
            if len(data) < size:
                raise MediaUnreadable("the clip's picture cannot be read", path=path, got="an early end")
            digest.update(data)
    stamps = picture.stamps
    end = edit.media_time + edit.duration / edit.time_base
    shown = stamps[(stamps >= edit.media_time) & (stamps < float(end))]
    first = float((int(shown.min() if len(shown) else 0) - edit.media_time) * edit.time_base + edit.delay)
    return CopyCheck(
        len(shown), len(stamps), first, float(edit.delay + edit.duration), digest.hexdigest(),
        picture.width, picture.height, "soun" in tracks,
    )  # fmt: skip


def check_clip(path: str | Path, expected: str) -> VideoCheck:
    """Decode a clip whichever way it was made.

    Args:
        path: The clip.
        expected: Its content hash: that of the coded pictures, or, in receipts of encoded clips made
            before November 2026, that of the decoded ones.

    Returns:
        What was seen; its hash is that of the decoded pictures where this is `expected`, else that
        of the coded ones.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be decoded, holds no picture, or shows other frames than its
            packets promise.
    """
    seen = check_video(path)
    copied = check_copy(path)
    if seen.n_frames != copied.n_frames:
        raise MediaUnreadable(
            "not all pictures of the clip decode", path=path, expected=copied.n_frames, got=seen.n_frames
        )
    return seen if seen.sha256 == expected else seen._replace(sha256=copied.sha256)


def check_audio(path: str | Path) -> AudioCheck:
    """Decode a clip of sound and hash its samples.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be decoded.
    """
    if not Path(path).is_file():
        raise MediaNotFound("there is no such clip", path=path)
    try:
        with Path(path).open("rb") as stream:
            pcm, rate = soundfile.read(stream, dtype="int16", always_2d=True)
    except (soundfile.LibsndfileError, OSError, RuntimeError) as error:
        raise MediaUnreadable("the clip's sound cannot be read", path=path, got=str(error)) from error
    return AudioCheck(int(rate), len(pcm), pcm_sha256(pcm))


def check_video(path: str | Path) -> VideoCheck:
    """Decode a clip of picture and hash its frames.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be decoded, or holds no picture.
    """
    with open_input(path) as container:
        pictures = picture_streams(container)
        if not pictures:
            raise MediaUnreadable("the clip holds no picture", path=path)
        stream = pictures[0]
        sounds = sound_streams(container)
        digest = hashlib.sha256()
        count, first, end = 0, 0.0, 0.0
        try:
            for frame in container.decode(stream):
                _hash_frame(digest, frame)
                at = float((frame.pts or 0) * (frame.time_base or Fraction(1)))
                first = at if count == 0 else first
                end = at + float((frame.duration or 0) * (frame.time_base or Fraction(1)))
                count += 1
        except av.FFmpegError as error:
            raise MediaUnreadable("the clip's picture cannot be read", path=path, got=str(error)) from error
        if not count:
            raise MediaUnreadable("no frame of the clip can be decoded", path=path)
        audio_start = None
        if sounds and sounds[0].start_time is not None and sounds[0].time_base is not None:
            audio_start = max(0.0, float(sounds[0].start_time * sounds[0].time_base))
        return VideoCheck(
            count, first, end, digest.hexdigest(), stream.width, stream.height, bool(sounds), audio_start,
            Look.of(stream),
        )  # fmt: skip


def _hash_frame(digest: Any, frame: av.VideoFrame) -> None:
    if frame.format.name not in ("yuv420p", "yuvj420p", "yuv420p10le"):
        frame = frame.reformat(format="yuv420p")
    size = 2 if frame.format.name == "yuv420p10le" else 1
    for plane in frame.planes:
        rows = np.frombuffer(cast(Any, plane), np.uint8).reshape(-1, plane.line_size)
        digest.update(np.ascontiguousarray(rows[: plane.height, : plane.width * size]))
