"""Clips as arrays: read, padded to one batch, and taken apart again."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmdia.errors import MediaNotFound, MediaUnreadable, MissingExtra, UsageError

Samples = NDArray[np.float32]
Lengths = NDArray[np.int64]
Mask = NDArray[np.bool_]


def read_clip(
    audio: Mapping[str, Any] | None, *, max_seconds: float | None = None
) -> tuple[Samples, int] | None:
    """Read one clip of the dataset's ``audio`` column.

    Args:
        audio: ``{"bytes": ..., "path": ...}`` (an undecoded `datasets.Audio` value), or None.
        max_seconds: Read no more than this from the start of the clip.

    Returns:
        Samples, float32 (samples,) in -1..1, several channels averaged to one, and the rate in
        hertz; None where the row has no clip.

    Raises:
        MediaNotFound: The file is gone since the rebuild.
        MediaUnreadable: The file is no audio.
        UsageError: The value is not an undecoded one.
        MissingExtra: soundfile is not installed.
    """
    if audio is None:
        return None
    if not isinstance(audio, Mapping) or "path" not in audio:
        raise UsageError(
            "the `audio` column must hold paths",
            expected="{'bytes', 'path'}",
            got=type(audio).__name__,
            hint='Use ds.cast_column("audio", datasets.Audio(decode=False)).',
        )
    path, content = audio["path"], audio.get("bytes")
    if path is None and content is None:
        return None
    try:
        import soundfile
    except ImportError as error:
        raise MissingExtra("soundfile is not installed", hint="Run: pip install soundfile") from error
    try:
        with soundfile.SoundFile(path if content is None else io.BytesIO(content)) as file:
            rate = int(file.samplerate)
            frames = -1 if max_seconds is None else round(max_seconds * rate)
            channels: Samples = file.read(frames, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        if content is None and not _is_file(path):
            raise MediaNotFound(
                "the clip is gone", path=path, hint="Run the rebuild again: it makes what is missing."
            ) from error
        raise MediaUnreadable("the clip cannot be read as audio", path=path, got=str(error)) from error
    return channels.mean(axis=1, dtype=np.float32), rate


def _is_file(path: str) -> bool:
    from pathlib import Path

    return Path(path).is_file()


def pad_clips(clips: Sequence[Samples]) -> tuple[Samples, Lengths, Mask]:
    """Lay clips of different length side by side, zeros at the end.

    Returns:
        Padded samples, float32 (clips, longest); lengths, int64 (clips,); mask, bool
        (clips, longest), True on samples of the clip. ``mask.sum(1) == lengths``.
    """
    lengths: Lengths = np.asarray([len(clip) for clip in clips], dtype=np.int64)
    longest = int(lengths.max(initial=0))
    padded: Samples = np.zeros((len(clips), longest), dtype=np.float32)
    for row, clip in zip(padded, clips, strict=True):
        row[: len(clip)] = clip
    mask: Mask = np.arange(longest)[None, :] < lengths[:, None]
    return padded, lengths, mask


def unpad_clips(padded: Samples, lengths: Lengths) -> list[Samples]:
    """The clips that `pad_clips` was given."""
    return [row[: int(length)].copy() for row, length in zip(padded, lengths, strict=True)]
