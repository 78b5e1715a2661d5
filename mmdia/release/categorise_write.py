"""Write a release anew with its categories filled in."""

from __future__ import annotations

import csv
from pathlib import Path

from mmdia.corpus.history import with_step
from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.read import iter_numbered, iter_scenes, iter_titles
from mmdia.corpus.write import copy_side_files, write_release
from mmdia.release.categorise import AXES, Categoriser, categorised
from mmdia.release.split_output import carry_over, output_folder
from mmdia.schema.release import Withdrawal
from mmdia.store.atomic import atomic_write

STEP = "categorise"


def write_categorised(
    handle: ReleaseHandle, out: str | Path, categoriser: Categoriser, *, in_place: bool = False
) -> Path:
    """Write the release into a folder of its own, complete or not at all.

    Withdrawn rows are left out; the list of them is taken along, and so are subtitles and other
    files. Tables keep their form: JSONL stays JSONL, Parquet stays Parquet.

    Args:
        handle: The release.
        out: The new folder (in place: the release's own).
        categoriser: Places labels; holds the report afterwards.
        in_place: Replace the release.

    Returns:
        The folder.

    Raises:
        BrokenRow: A row cannot be read.
        UsageError: The folder holds something else.
        StoreError: The folder cannot be written.
    """
    own = [[axis, label, category] for (axis, label), category in sorted(categoriser.own.items())]
    options = {"vocab": categoriser.vocab.name, "again": categoriser.again, "own": own}
    head = with_step(handle.head, STEP, options).model_copy(update={"vocab": categoriser.vocab.name})
    tables = release_files(handle)
    withdrawn = tables.withdrawn
    is_parquet = any(path.suffix == ".parquet" for path in tables.dialogues)
    with output_folder(out, STEP, in_place=in_place) as room:
        if in_place:
            carry_over(handle, room)
        copy_side_files(handle, room)
        write_release(
            room, head, iter_titles(handle), categorised(handle, categoriser),
            scenes=iter_scenes(handle),
            withdrawn=() if withdrawn is None else [row for _, row in iter_numbered(withdrawn, Withdrawal)],
            form="parquet" if is_parquet else "jsonl",
        )  # fmt: skip
    return Path(out).expanduser().absolute()


def write_unknown(path: str | Path, categoriser: Categoriser) -> int:
    """Write the labels that no rule places as a CSV table to fill in (columns axis, label, category, n).

    Returns:
        Labels written.

    Raises:
        StoreError: The file cannot be written.
    """
    place = Path(path).expanduser()
    rows = [
        (axis, label, "", n)
        for axis in AXES
        for label, n in sorted(
            categoriser.axes[axis].unknown_labels.items(), key=lambda item: (-item[1], item[0])
        )
    ]
    with atomic_write(place) as stream:
        text = _Lines()
        csv.writer(text).writerows([("axis", "label", "category", "n"), *rows])
        stream.write(text.bytes())
    return len(rows)


class _Lines:
    """What `csv` writes to: text gathered, given as UTF-8."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def write(self, text: str) -> int:
        """Keep a piece of text."""
        self._parts.append(text)
        return len(text)

    def bytes(self) -> bytes:
        """All of it."""
        return "".join(self._parts).encode("utf-8")
