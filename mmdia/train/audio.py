"""Clips as arrays: read, padded to one batch, and taken apart again."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmdia.errors import MediaNotFound, MediaUnreadable, MissingExtra, UsageError
from mmdia.store.shards import is_reference, read_reference, read_stored

Samples = NDArray[np.float32]
Lengths = NDArray[np.int64]
Mask = NDArray[np.bool_]


def read_clip(
    audio: Mapping[str, Any] | None, *, max_seconds: float | None = None
) -> tuple[Samples, int] | None:
    """Read one clip of the dataset's ``audio`` column, from a loose file or out of a shard.

    Args:
        audio: ``{"bytes": ..., "path": ...}`` (an undecoded `datasets.Audio` value), or None. The
            path may be a reference into a shard.
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
    path, content = _source(audio)
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
        if content is None and not (path is not None and _is_file(path)):
            raise MediaNotFound(
                "the clip is gone", path=path, hint="Run the rebuild again: it makes what is missing."
            ) from error
        raise MediaUnreadable("the clip cannot be read as audio", path=path, got=str(error)) from error
    return channels.mean(axis=1, dtype=np.float32), rate


def read_media(value: Mapping[str, Any] | None) -> bytes | None:
    """The bytes of one file of the dataset, whatever the layout of the rebuild.

    Args:
        value: A value of the columns ``audio``, ``video`` or ``keyframes``, undecoded.

    Returns:
        The file's bytes; None where the row has none.

    Raises:
        MediaNotFound: The file, or its shard, is gone since the rebuild.
        MediaUnreadable: Its shard is damaged.
        UsageError: The value is not an undecoded one.
    """
    if value is None:
        return None
    path, content = _source(value)
    if content is not None or path is None:
        return content
    return read_stored(Path(path).parent, {"path": Path(path).name})


def _source(value: Mapping[str, Any]) -> tuple[str | None, bytes | None]:
    """Path and bytes of a value; what lies in a shard is read."""
    if not isinstance(value, Mapping) or "path" not in value:
        raise UsageError(
            "the column must hold paths",
            expected="{'bytes', 'path'}",
            got=type(value).__name__,
            hint='Use ds.cast_column("audio", datasets.Audio(decode=False)), and so for other columns.',
        )
    path, content = value["path"], value.get("bytes")
    if content is None and path is not None and is_reference(path):
        content = read_reference(path)
    return path, content


def _is_file(path: str) -> bool:
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
