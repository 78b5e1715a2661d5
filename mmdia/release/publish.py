"""Publish a release: Parquet shards, cards, JSON Schema and checksums, in a folder that appears whole.

What comes out is a release itself (`mmdia release install` takes it) and at the same time a dataset
that plain ``load_dataset("org/name")`` reads. The same release and options give the same bytes. Media
is refused, in files, columns and text, whatever the options (`mmdia.release.publish_guard`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import ReleaseHandle, content_id, mmdia_home, open_release
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.card import need_templates, write_cards
from mmdia.release.checksums import CHECKSUMS, read_checksums, verify, write_checksums
from mmdia.release.publish_files import (
    papers,
    refuse_media,
    side_files,
    text_licence,
    write_head,
    write_lines,
    write_schemas,
    write_side_files,
)
from mmdia.release.publish_paths import refuse_foreign
from mmdia.release.publish_tables import TRAIN_SHARDS, write_tables
from mmdia.schema.names import safe_name
from mmdia.schema.release import Counts
from mmdia.store.atomic import PART, make_folder, part_path, store_error
from mmdia.store.digest import file_sha256, params_hash
from mmdia.store.lock import exclusive

PUBLISH_SCHEMA = "mmdia.publish/1"
MOST_SHARDS = 4096
#: What file managers leave behind.
_LITTER = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Published:
    """A published folder.

    Attributes:
        path: The folder.
        files: Size and SHA-256 of every file, ``checksums.json`` included, by path.
        was_there: The folder was there already and every byte of it was right; nothing was written.
        left_out: Files of the release that were not published, with why.
    """

    path: Path
    files: dict[str, dict[str, Any]]
    was_there: bool
    left_out: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        """Size of all files."""
        return sum(int(fact["bytes"]) for fact in self.files.values())

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.publish/1``)."""
        return {
            "schema": PUBLISH_SCHEMA,
            "path": str(self.path),
            "was_there": self.was_there,
            "bytes": self.bytes,
            "files": self.files,
            "left_out": list(self.left_out),
        }


def publish(
    handle: ReleaseHandle,
    out: str | Path,
    *,
    shards: int = TRAIN_SHARDS,
    repo: str | None = None,
    gated: bool = False,
    text_license: str | None = None,
) -> Published:
    """Publish a release into a folder.

    The folder is built beside its place and renamed, so that it is there whole or not at all; one that
    was published before is replaced the same way. When the same release was published there with the
    same options, its files are checked and nothing is written.

    Args:
        handle: The release. Rows that are withdrawn stay out.
        out: The folder to make.
        shards: Files of ``train``, as far as it has rows.
        repo: ``ORG/NAME`` on the Hub, for the examples of the card.
        gated: Put the terms of a gated repository on the card.
        text_license: SPDX expression of the licence under which the words of the films may be passed
            on; null takes ``text_license`` of release.json.

    Raises:
        MissingExtra: jinja2 is not installed.
        ReleaseError: The release holds media, or cannot be read; or somebody put files into `out`.
        UsageError: `out` holds something else, or lies within the release; or the release holds words
            of films, and no licence is named for them.
        StoreError: The folder cannot be written.
    """
    if not 1 <= shards <= MOST_SHARDS:
        raise UsageError("no such number of shards", expected=f"1 to {MOST_SHARDS}", got=shards)
    need_templates()
    place = Path(out).expanduser().absolute()
    _refuse_place(handle, place)
    refuse_media(handle)
    text = text_licence(handle, text_license)
    made_of = _made_of(handle, shards=shards, repo=repo, gated=gated, text=text)
    make_folder(place.parent)
    with exclusive(place.parent / f".{place.name}.lock"):
        _sweep(place)
        if (found := _same(place, made_of)) is not None:
            refuse_foreign(place, found)
            _refuse_added(place)
            return Published(place, found, True, _left_out(handle, found))
        _refuse_added(place)
        part = part_path(place)
        try:
            part.mkdir()
            _build(handle, part, made_of, shards=shards, repo=repo, gated=gated, text=text)
            _put(part, place)
        except OSError as error:
            if isinstance(error, ReleaseError):
                raise
            raise store_error(error, place) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    found = _listed(place)
    return Published(place, found, False, _left_out(handle, found))


def _left_out(handle: ReleaseHandle, made: Mapping[str, Any]) -> tuple[str, ...]:
    kept, left = side_files(handle)
    names = [path.relative_to(handle.path).as_posix() for path in kept]
    cut = [f"{name}: it may hold words of a withdrawn dialogue" for name in names if name not in made]
    return tuple(sorted((*left, *cut)))


def _refuse_place(handle: ReleaseHandle, place: Path) -> None:
    source = handle.path.resolve()
    if place.resolve() == source or source in place.resolve().parents or place.resolve() in source.parents:
        raise UsageError(
            "the folder to publish into overlaps the release", path=place, hint="Name another."
        )
    if place.exists() and not place.is_dir():
        raise UsageError("there is a file of this name", path=place, hint="Name another folder.")
    if place.is_dir() and any(place.iterdir()) and not (place / CHECKSUMS).is_file():
        raise UsageError(
            "the folder is not empty, and is no published release", path=place, hint="Name another folder."
        )


def _refuse_added(place: Path) -> None:
    """Refuse to replace a folder into which somebody put files: they would be gone."""
    document = read_checksums(place)
    if document is None:
        return
    known = {CHECKSUMS, *document["files"]}
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place)
        if path.name in _LITTER or name.parts[0] == ".cache" or (path.is_dir() and not path.is_symlink()):
            continue
        if name.as_posix() not in known:
            raise ReleaseError(
                "a file here was not made by publishing: it is not sent, and a new folder would lose it",
                path=path, hint="Move it away, or publish into another folder.",
            )  # fmt: skip


def _made_of(handle: ReleaseHandle, **options: Any) -> dict[str, Any]:
    """Everything that decides the bytes."""
    import pyarrow as pa

    from mmdia import __version__

    sides = [*side_files(handle)[0], *papers(handle.path)]
    named = [[p.relative_to(handle.path).as_posix(), file_sha256(p)] for p in sides]
    return {
        # Raised when the same release is published otherwise than before.
        "rules": 3,
        "content_id": content_id(handle),
        "side_files": params_hash(named),
        "options": options,
        "tools": f"mmdia {__version__}, pyarrow {pa.__version__}",
    }


def _same(place: Path, made_of: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
    """The files of a folder that was made of the same things and is as it was made."""
    try:
        document = read_checksums(place)
        if document is None or document["made_of"] != made_of or verify(place):
            return None
    except ReleaseError:
        return None
    return _listed(place)


def _listed(place: Path) -> dict[str, dict[str, Any]]:
    document = read_checksums(place)
    listed: dict[str, dict[str, Any]] = {} if document is None else dict(document["files"])
    own = place / CHECKSUMS
    return {**listed, CHECKSUMS: {"bytes": own.stat().st_size, "sha256": file_sha256(own)}}


def _build(
    handle: ReleaseHandle,
    part: Path,
    made_of: dict[str, Any],
    *,
    shards: int,
    repo: str | None,
    gated: bool,
    text: str | None,
) -> None:
    written = write_tables(handle, part, shards=shards)
    write_lines(handle, part)
    write_side_files(handle, part)
    write_schemas(part)
    counts = Counts(titles=written.titles, dialogues=written.dialogues, turns=written.turns)
    write_head(handle, part, counts, text)
    # The cards are made from what was just written: one source, and quicker to read.
    write_cards(open_release(part), part, written, repo=repo, gated=gated)
    write_checksums(part, made_of)


def _put(part: Path, place: Path) -> None:
    """Give the finished folder its name; an old one steps aside first."""
    aside = place.with_name(f"{part.name.removesuffix(PART)}.old{PART}")
    if place.exists():
        os.rename(place, aside)
    try:
        os.rename(part, place)
    except OSError:
        if aside.exists():
            os.rename(aside, place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what a killed run left; bring back the old folder if it was killed between two renames."""
    for old in sorted(place.parent.glob(f"{_escaped(place.name)}.*.old{PART}")):
        if not place.exists():
            os.rename(old, place)
    for left in sorted(place.parent.glob(f"{_escaped(place.name)}.*{PART}")):
        with suppress(OSError):
            shutil.rmtree(left)


def _escaped(name: str) -> str:
    from glob import escape

    return escape(name)


def waiting_room(repo: str) -> Path:
    """Where a release is built that goes to the Hub only; an upload that broke off goes on there."""
    return mmdia_home() / "published" / safe_name(repo)
