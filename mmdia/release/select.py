"""A search's result as files: identifiers, rows, or a release of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.corpus.history import with_step
from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_scenes, load_titles
from mmdia.corpus.side_files import copy_side_files
from mmdia.corpus.write import write_release
from mmdia.errors import UsageError
from mmdia.store.atomic import atomic_write, make_folder, part_path, store_error, write_text

if TYPE_CHECKING:
    from mmdia.corpus.jsonl import OnBroken
    from mmdia.release.find_rows import Found

#: Endings of single files; every other name is a folder, which becomes a release.
IDS, ROWS = ".txt", ".jsonl"


def read_ids(path: str | Path) -> tuple[str, ...]:
    """Identifiers of a file that `write_ids` wrote, or of one with an identifier a line.

    Raises:
        UsageError: It cannot be read, or holds no identifier.
    """
    try:
        lines = Path(path).expanduser().read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError("no list of identifiers", path=path, got=str(error)) from error
    ids = tuple(dict.fromkeys(line for line in lines if line.strip()))
    if not ids:
        raise UsageError("this list of identifiers is empty", path=path)
    return ids


def write_ids(found: Found, path: str | Path) -> None:
    """Identifiers, one a line, in the order of the result."""
    write_text(Path(path).expanduser(), "".join(f"{i}\n" for i in found.ids))


def write_rows(
    handle: ReleaseHandle, found: Found, path: str | Path, *, on_broken: OnBroken = "raise"
) -> None:
    """Whole rows as JSON lines, in the order of the release."""
    from mmdia.release.find_rows import chosen_dialogues

    with atomic_write(Path(path).expanduser()) as stream:
        for dialogue in chosen_dialogues(handle, found, on_broken=on_broken):
            stream.write(dialogue.to_json().encode("utf-8") + b"\n")


def write_subset(
    handle: ReleaseHandle,
    found: Found,
    folder: str | Path,
    *,
    options: dict[str, Any] | None = None,
    on_broken: OnBroken = "raise",
) -> ReleaseHandle:
    """A release of the dialogues found, with their titles, scenes, subtitles and fingerprints.

    Name and version stay those of the release, so that clips that were rebuilt from the whole of it
    belong to the part, too; its history says how the part was chosen.

    Args:
        handle: The release that was searched.
        found: The result.
        folder: A new folder. It appears whole or not at all.
        options: What to write into the history, beside the conditions.
        on_broken: As it was for `find`.

    Raises:
        UsageError: Nothing was found, or the folder is there and not empty.
        StoreError: It cannot be written.
    """
    from mmdia.release.find_rows import chosen_dialogues

    place = Path(folder).expanduser()
    if not found.table.num_rows:
        raise UsageError("no dialogue was found: there is nothing to make a release of")
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise UsageError("there is something already", path=place, expected="a new folder")
    make_folder(place.parent)
    part = part_path(place)
    wanted = {t for t in found.table.column("title_id").to_pylist() if t is not None}
    said = {k: v for k, v in (options or {}).items() if v not in (None, False)}
    head = with_step(handle.head, "find", {**found.query.to_row(), **said})
    try:
        made = write_release(
            part,
            head,
            [t for i, t in load_titles(handle, on_broken=on_broken).items() if i in wanted],
            chosen_dialogues(handle, found, on_broken=on_broken),
            scenes=[s for s in iter_scenes(handle, on_broken=on_broken) if s.title_id in wanted],
        )
        for path in copy_side_files(handle, made.path, wanted):
            # The card tells of the whole, and of files that a part does not have.
            if path.name.upper().startswith("README"):
                path.unlink()
        if place.is_dir():
            place.rmdir()
        os.replace(part, place)
    except OSError as error:
        raise store_error(error, place) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return open_release(place)
