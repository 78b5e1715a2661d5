"""Make the audio fingerprint of an annotated copy, for the release that annotates it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from mmdia.corpus.locate import open_release
from mmdia.corpus.read import load_titles
from mmdia.errors import UsageError
from mmdia.schema.fingerprint import METHOD, SUFFIX
from mmdia.schema.names import safe_names
from mmdia.sync.fingerprint import fingerprint_film, fingerprint_path, write_fingerprint

FINGERPRINT_SCHEMA = "mmdia.fingerprint-report/1"


@dataclass(frozen=True, slots=True)
class FingerprintReport:
    """What was made.

    Attributes:
        path: The file written.
        film: What was listened to.
        title_id: The title, where it went into a release.
        n_bytes: Size of the file.
        duration_s: Seconds of sound.
        words: How many words.
        cpu_s: CPU seconds it took.
        method: Name and version of the method.
    """

    path: Path
    film: Path
    title_id: str | None
    n_bytes: int
    duration_s: float
    words: int
    cpu_s: float
    method: str = METHOD

    def to_row(self) -> dict[str, object]:
        """JSON-ready, ``mmdia.fingerprint-report/1``."""
        return {
            "schema": FINGERPRINT_SCHEMA,
            "path": str(self.path),
            "film": str(self.film),
            "title_id": self.title_id,
            "bytes": self.n_bytes,
            "duration_s": round(self.duration_s, 3),
            "words": self.words,
            "cpu_s": round(self.cpu_s, 2),
            "method": self.method,
        }


def fingerprint(
    film: Path,
    *,
    out: Path | None = None,
    release: Path | None = None,
    title_id: str | None = None,
    audio_track: str | int | None = None,
    cache_dir: Path | None = None,
) -> FingerprintReport:
    """Listen to the annotated copy of a film and write its fingerprint.

    Args:
        film: The annotated copy.
        out: File to write; or
        release: release folder to write into, as ``fingerprints/<title>.mmfp``,
        title_id: for this title of it.
        audio_track: Which sound track: a number, a language, or None for the file's default.
        cache_dir: Folder for what was heard.

    Raises:
        UsageError: Neither a file nor a release with one of its titles is named, or both are.
        ReleaseError: The release cannot be read.
        MediaNotFound: There is no such film.
        MediaUnreadable: It cannot be decoded, or has no sound.
        StoreError: The file cannot be written.
    """
    target = _target(film, out, release, title_id)
    start = time.process_time()
    made = fingerprint_film(film, cache_dir=cache_dir, audio_track=audio_track)
    write_fingerprint(target, made)
    return FingerprintReport(
        path=target,
        film=film,
        title_id=title_id if out is None else None,
        n_bytes=len(made.to_bytes()),
        duration_s=made.duration_s,
        words=made.count,
        cpu_s=time.process_time() - start,
    )


def _target(film: Path, out: Path | None, release: Path | None, title_id: str | None) -> Path:
    if (out is None) == (release is None):
        raise UsageError(
            "where to write the fingerprint is not clear",
            expected=f"either --out FILE{SUFFIX}, or --release DIR with --title ID",
        )
    if out is not None:
        if out.exists() and film.exists() and out.samefile(film):
            raise UsageError("the fingerprint would overwrite the film", path=out)
        return out
    if release is None or title_id is None:
        raise UsageError("a release holds one fingerprint a title", expected="--title ID")
    titles = list(load_titles(open_release(release), on_broken=lambda _: None, keep_withdrawn=True))
    if title_id not in titles:
        raise UsageError(
            "the release has no such title", path=release, got=title_id,
            hint="`mmdia release info` counts its titles; titles.jsonl lists them.",
        )  # fmt: skip
    return fingerprint_path(release, safe_names(titles)[title_id])
