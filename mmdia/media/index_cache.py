"""Indices kept on disk: one npz a file, found again by the content's hash."""

from __future__ import annotations

import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from mmdia.errors import MediaUnreadable
from mmdia.media.index import INDEX_VERSION, AudioIndex, MediaIndex, VideoIndex, build_index
from mmdia.media.probe import media_hash


def save(index: MediaIndex, path: str | Path) -> None:
    """Write an index as npz (no pickles); atomic: a reader sees the old file or the new one.

    Raises:
        OSError: The folder cannot be written.
    """
    target = Path(path)
    facts: dict[str, Any] = {
        "version": INDEX_VERSION,
        "container": index.container,
        "start": str(index.start),
        "encrypted": index.encrypted,
    }
    arrays: dict[str, Any] = {}
    if index.video is not None:
        v = index.video
        facts["video"] = {
            "stream": v.stream,
            "time_base": str(v.time_base),
            "rate": str(v.rate),
            "grid_offset": str(v.grid_offset),
            "last_duration": str(v.last_duration),
            "aspect": str(v.aspect),
            "counted": v.counted,
            "codec": v.codec,
            "interlaced": v.interlaced,
            "shifts": v.shifts,
            "described": v.described,
            "aspects": [(frame, str(aspect)) for frame, aspect in v.aspects],
            "transfer": v.transfer,
            "primaries": v.primaries,
            "dolby_vision": v.dolby_vision,
        }
        arrays = {"pts": v.pts, "packet_pts": v.packet_pts, "keys": v.keys, "grid": v.grid}
    if index.audio is not None:
        a = index.audio
        facts["audio"] = {
            **{name: getattr(a, name) for name in a.__dataclass_fields__ if name != "start"},
            "start": str(a.start),
        }
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with scratch.open("wb") as stream:
            np.savez_compressed(stream, facts=np.array(json.dumps(facts)), **arrays)
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
            start = Fraction(facts["start"])
            return MediaIndex(
                container=facts["container"],
                start=start,
                video=_video(facts["video"], start, stored) if "video" in facts else None,
                audio=_audio(facts["audio"]) if "audio" in facts else None,
                encrypted=tuple(facts["encrypted"]),
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


def _video(facts: dict[str, Any], start: Fraction, stored: Any) -> VideoIndex:
    return VideoIndex(
        stream=facts["stream"],
        time_base=Fraction(facts["time_base"]),
        start=start,
        pts=stored["pts"],
        packet_pts=stored["packet_pts"],
        keys=stored["keys"],
        rate=Fraction(facts["rate"]),
        grid=stored["grid"],
        grid_offset=Fraction(facts["grid_offset"]),
        last_duration=Fraction(facts["last_duration"]),
        aspect=Fraction(facts["aspect"]),
        counted=facts["counted"],
        codec=facts["codec"],
        interlaced=facts["interlaced"],
        shifts=_pairs(facts["shifts"]),
        described=facts["described"],
        aspects=tuple((int(frame), Fraction(aspect)) for frame, aspect in facts["aspects"]),
        transfer=facts["transfer"],
        primaries=facts["primaries"],
        dolby_vision=facts["dolby_vision"],
    )


def _audio(facts: dict[str, Any]) -> AudioIndex:
    pairs = {name: _pairs(facts[name]) for name in ("runs", "shifts")}
    return AudioIndex(**{**facts, **pairs, "start": Fraction(facts["start"])})


def _pairs(rows: list[list[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(first), int(second)) for first, second in rows)
