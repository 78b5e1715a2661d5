"""Which file is which title: the user's map, identifiers in names, names and episodes.

A match by name is a proposal; the time map has the last word (a wrong film is refused even when
its name fits).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from mmdia.errors import MediaNotFound, UsageError
from mmdia.media.probe import is_media_name
from mmdia.rebuild.names import NameMatch, match_name
from mmdia.schema.title import Title

MAP_NAME = "media.csv"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold a title, or a part of it.

    Attributes:
        path: Path relative to the media folder (or absolute, from the user's map).
        how: map, id, episode, name, or only (the only file for the only title).
        part: Part number from 1, for titles in several files.
        start_ms: Start of the title's range on the file, when the file holds more than it.
        end_ms: End of that range.
    """

    path: str
    how: str
    part: int | None = None
    start_ms: int | None = None
    end_ms: int | None = None


@dataclass(frozen=True)
class Matches:
    """Result of matching a folder against a catalogue.

    Attributes:
        by_title: Candidates by title id, best first; parts in order.
        unmatched: Files that belong to no title.
        ambiguous: Files that fit several titles equally, with those titles.
        strangers: Rows of the media map for titles that the release does not have, in words.
    """

    by_title: dict[str, tuple[Candidate, ...]]
    unmatched: tuple[str, ...]
    ambiguous: dict[str, tuple[str, ...]]
    strangers: tuple[str, ...] = ()


def media_files(folder: Path, *, skip: frozenset[Path] = frozenset()) -> Iterator[PurePath]:
    """Media files under `folder`, sorted, relative; links are followed, but no folder twice.

    Folders that hold a rebuild's output are passed over.

    Args:
        folder: The user's media folder.
        skip: Folders to leave out, resolved (those of the output, when it lies inside).

    Raises:
        MediaNotFound: There is no such folder.
    """
    if not folder.is_dir():
        raise MediaNotFound("no such media folder", path=folder)
    seen: set[tuple[int, int]] = set()
    found: list[PurePath] = []
    for place, folders, files in os.walk(folder, followlinks=True):
        here = Path(place)
        identity = (here.stat().st_dev, here.stat().st_ino)
        # The output of another rebuild holds clips of films, named like titles: it is no media.
        other_output = "receipt.jsonl" in files and here != folder
        if identity in seen or here.resolve() in skip or other_output:
            folders.clear()
            continue
        seen.add(identity)
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        found += [PurePath(here.relative_to(folder)) / f for f in files if is_media_name(f)]
    yield from sorted(found)


def _number(row: dict[str, str], key: str, where: str) -> int | None:
    text = (row.get(key) or "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{key} must be a whole number", path=where, got=repr(text)) from None


MediaMap = dict[str, tuple[Candidate, ...]]


def read_media_map(path: Path, titles: Iterable[str]) -> tuple[MediaMap, tuple[str, ...]]:
    """Read the user's word on which file is which: ``title_id,path[,part,start_ms,end_ms]``.

    Returns:
        Candidates by title, and a message for each row whose title the release does not have (one
        map may serve several releases).

    Raises:
        UsageError: Not UTF-8, a column is missing, a row names no file, or a number is none.
    """
    try:
        return _read_media_map(path, set(titles))
    except UnicodeDecodeError:
        raise UsageError("a media map must be UTF-8", path=path, hint="Save it as UTF-8.") from None


def _read_media_map(path: Path, known: set[str]) -> tuple[MediaMap, tuple[str, ...]]:
    out: dict[str, list[Candidate]] = {}
    strangers: list[str] = []
    with open(path, encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(row for row in stream if row.strip() and not row.lstrip().startswith("#"))
        columns = [c.strip() for c in reader.fieldnames or []]
        if not {"title_id", "path"} <= set(columns):
            raise UsageError("not a media map", path=path, expected="columns title_id,path", got=columns)
        reader.fieldnames = columns
        for row in reader:
            where = f"{path}:{reader.line_num}"
            title_id = (row.get("title_id") or "").strip()
            if title_id not in known:
                strangers.append(f"{where}: the release has no title {title_id!r}")
                continue
            media = (row.get("path") or "").strip()
            if not media:
                raise UsageError("a row names no file", path=where)
            start, end = _number(row, "start_ms", where), _number(row, "end_ms", where)
            candidate = Candidate(media, "map", _number(row, "part", where), start, end)
            out.setdefault(title_id, []).append(candidate)
    found = {t: tuple(sorted(c, key=lambda x: x.part or 0)) for t, c in out.items()}
    return found, tuple(strangers)


def match_media(
    folder: Path,
    titles: dict[str, Title],
    *,
    media_map: Path | None = None,
    skip: frozenset[Path] = frozenset(),
) -> Matches:
    """Match the files of a folder to the titles of a release.

    Args:
        folder: The user's media folder.
        titles: The catalogue by title id.
        media_map: The user's map; default ``media.csv`` in the folder, when it is there.
        skip: Folders to leave out, resolved.

    Raises:
        MediaNotFound: No such folder, or no such map.
        UsageError: The map cannot be used.
    """
    files = list(media_files(folder, skip=skip))
    chosen = media_map or folder / MAP_NAME
    if media_map is not None and not media_map.is_file():
        raise MediaNotFound("no such media map", path=media_map)
    mapped, strangers = read_media_map(chosen, titles) if chosen.is_file() else ({}, ())
    taken = {(folder / c.path).resolve() for rows in mapped.values() for c in rows}
    by_title: dict[str, list[tuple[NameMatch, Candidate]]] = {}
    unmatched: list[str] = []
    ambiguous: dict[str, tuple[str, ...]] = {}
    for file in files:
        if taken and (folder / file).resolve() in taken:
            continue
        fits = [(m, t) for t, title in titles.items() if (m := match_name(file, title)) is not None]
        best = max(((m.rank, m.length) for m, _ in fits), default=None)
        winners = [(m, t) for m, t in fits if (m.rank, m.length) == best]
        if not winners:
            unmatched.append(str(file))
        elif len(winners) > 1:
            ambiguous[str(file)] = tuple(t for _, t in winners)
        else:
            match, title_id = winners[0]
            if title_id not in mapped:
                by_title.setdefault(title_id, []).append((match, Candidate(str(file), match.how)))
    found = {
        t: tuple(c for _, c in sorted(rows, key=lambda x: (-x[0].rank, x[1].path)))
        for t, rows in by_title.items()
    }
    found.update(mapped)
    if not found and len(titles) == 1 and len(unmatched) == 1 and not ambiguous:
        # One film, one title: the name may say nothing, the time map will tell.
        found = {next(iter(titles)): (Candidate(unmatched.pop(), "only"),)}
    return Matches(found, tuple(unmatched), ambiguous, strangers)
