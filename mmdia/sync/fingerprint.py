"""Fingerprints as files, and what a copy sounds like, kept so that it is listened to once."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from pathlib import Path

from mmdia.align.fp_bits import compact
from mmdia.errors import MediaUnreadable, ReleaseError, StoreError
from mmdia.media.fingerprint import analyse_film
from mmdia.media.index import build_index
from mmdia.media.index_cache import cached_index
from mmdia.media.probe import media_hash
from mmdia.schema.fingerprint import METHOD, SUFFIX, Fingerprint, SoundBands
from mmdia.store.atomic import atomic_write

#: Folder of a release that holds fingerprints.
FOLDER = "fingerprints"

#: Levels hardly shrink further than the fastest setting brings them.
_COMPRESSION = 1
_HEAD = "mmdia.soundbands/1"


def read_fingerprint(path: Path | str) -> Fingerprint:
    """A fingerprint file.

    Raises:
        ReleaseError: It is no fingerprint, cut off, damaged, or cannot be read.
    """
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise ReleaseError("the fingerprint cannot be read", path=path, got=error.strerror) from error
    return Fingerprint.from_bytes(raw, where=path)


def write_fingerprint(path: Path | str, fingerprint: Fingerprint) -> None:
    """Write a fingerprint file: complete or not at all.

    Raises:
        StoreError: It cannot be written.
    """
    with atomic_write(path) as stream:
        stream.write(fingerprint.to_bytes())


def fingerprint_path(release: Path, file_name: str) -> Path:
    """Where a release keeps the fingerprint of the title with this file-safe name."""
    return release / FOLDER / f"{file_name}{SUFFIX}"


def release_fingerprint(release: Path, file_name: str) -> Fingerprint | None:
    """The fingerprint of a title, or None when the release has none.

    Args:
        release: Folder of the release.
        file_name: The title's file-safe name.

    Raises:
        ReleaseError: There is one, but it is damaged.
    """
    path = fingerprint_path(release, file_name)
    return read_fingerprint(path) if path.is_file() else None


def listen_fingerprint(
    media: Path, *, cache_dir: Path | None = None, audio_track: str | int | None = None
) -> SoundBands:
    """What a copy sounds like: the user's side of matching.

    Args:
        media: The media file.
        cache_dir: Folder for what was heard, found again by the content's hash; a cache that cannot
            be read is made anew, one that cannot be written is done without.
        audio_track: Which sound track: a number, a language, or None for the file's default.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be decoded, or has no sound.
        UsageError: It has no such sound track.
    """
    if cache_dir is None:
        return analyse_film(media, build_index(media, audio_track))
    track = "default" if audio_track is None else "".join(c for c in str(audio_track) if c.isalnum())
    kept = cache_dir / f"{media_hash(media)}.{METHOD.replace('/', '-')}.{track}.bands"
    known = _load(kept)
    if known is not None:
        return known
    bands = analyse_film(media, cached_index(media, cache_dir, audio_track))
    with suppress(StoreError):
        _save(kept, bands)
    return bands


def fingerprint_film(
    film: Path, *, cache_dir: Path | None = None, audio_track: str | int | None = None
) -> Fingerprint:
    """The compact fingerprint of the annotated copy; arguments as of `listen_fingerprint`.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: It cannot be decoded, or has no sound.
        UsageError: It has no such sound track.
    """
    bands = listen_fingerprint(film, cache_dir=cache_dir, audio_track=audio_track)
    if not bands.count:
        raise MediaUnreadable("the sound is too short for a fingerprint", path=film)
    return compact(bands)


def _save(path: Path, bands: SoundBands) -> None:
    head = {
        "schema": _HEAD,
        "bands": bands.bands,
        "step_s": bands.step_s,
        "start_s": bands.start_s,
        "low_hz": bands.low_hz,
        "method": bands.method,
    }
    with atomic_write(path) as stream:
        stream.write(json.dumps(head).encode() + b"\n")
        stream.write(zlib.compress(bands.levels, _COMPRESSION))


def _load(path: Path) -> SoundBands | None:
    try:
        first, _, rest = path.read_bytes().partition(b"\n")
        head = json.loads(first)
        if head.pop("schema") != _HEAD or head["method"] != METHOD:
            return None
        return SoundBands(levels=zlib.decompress(rest), **head)
    except (OSError, ValueError, KeyError, TypeError, zlib.error):
        return None
