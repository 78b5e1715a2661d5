"""Indices kept on disk: one npz a file, found again by the content's hash."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.index import INDEX_VERSION, AudioIndex, MediaIndex, VideoIndex, build_index
from mmdia.media.probe import media_hash

#: Fields of a picture's index that are kept as arrays, and those that are exact numbers.
_ARRAYS = ("pts", "packet_pts", "keys", "grid")
_FRACTIONS = ("time_base", "start", "rate", "grid_offset", "last_duration", "aspect")


def save(index: MediaIndex, path: str | Path) -> None:
    """Write an index as npz (no pickles); atomic: a reader sees the old file or the new one.

    Raises:
        OSError: The folder cannot be written.
    """
    target = Path(path)
    facts: dict[str, Any] = {
        "version": INDEX_VERSION,
        "container": index.container,
        "start": index.start,
        "encrypted": index.encrypted,
        "damaged": index.damaged,
    }
    arrays: dict[str, Any] = {}
    for name, part in (("video", index.video), ("audio", index.audio)):
        if part is not None:
            values = {each.name: getattr(part, each.name) for each in fields(part) if each.init}
            facts[name] = {key: value for key, value in values.items() if key not in _ARRAYS}
            arrays |= {key: value for key, value in values.items() if key in _ARRAYS}
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with scratch.open("wb") as stream:
            np.savez_compressed(stream, facts=np.array(json.dumps(facts, default=str)), **arrays)
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)


def load(path: str | Path) -> MediaIndex:
    """Read an index back.

    Raises:
        MediaUnreadable: The file is no index of this version.
    """
    try:
        with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            if facts["version"] != INDEX_VERSION:
                raise MediaUnreadable(
                    "an index of another version", path=path, expected=INDEX_VERSION, got=facts["version"]
                )
            return MediaIndex(
                container=facts["container"],
                start=Fraction(facts["start"]),
                video=_video(facts["video"], stored) if "video" in facts else None,
                audio=_audio(facts["audio"]) if "audio" in facts else None,
                encrypted=tuple(facts["encrypted"]),
                damaged=tuple(facts["damaged"]),
            )
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        if isinstance(error, MediaUnreadable):
            raise
        raise MediaUnreadable("this is no media index", path=path, got=str(error)) from error


def cached_index(
    path: str | Path, cache_dir: str | Path, audio_track: str | int | None = None
) -> MediaIndex:
    """The index of `path`, from the cache when its content was indexed before.

    A cache that cannot be read is made anew; one that cannot be written is done without.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: No media can be read from it.
        UsageError: It has no such sound track.
    """
    track = "default" if audio_track is None else "".join(c for c in str(audio_track) if c.isalnum())
    kept = Path(cache_dir) / f"{media_hash(path)}.v{INDEX_VERSION}.{track}.npz"
    if kept.exists():
        try:
            return load(kept)
        except MediaUnreadable:
            pass
    index = build_index(path, audio_track)
    try:
        save(index, kept)
    except OSError:
        pass
    return index


def _video(facts: dict[str, Any], stored: Any) -> VideoIndex:
    numbers = {name: Fraction(facts[name]) for name in _FRACTIONS}
    arrays = {name: stored[name] for name in _ARRAYS}
    aspects = tuple((int(frame), Fraction(aspect)) for frame, aspect in facts["aspects"])
    more = {**numbers, **arrays, "shifts": _pairs(facts["shifts"]), "aspects": aspects}
    return VideoIndex(**{**facts, **more})


def _audio(facts: dict[str, Any]) -> AudioIndex:
    pairs = {name: _pairs(facts[name]) for name in ("runs", "shifts")}
    return AudioIndex(**{**facts, **pairs, "start": Fraction(facts["start"])})


def _pairs(rows: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(first), int(second)) for first, second in rows)
