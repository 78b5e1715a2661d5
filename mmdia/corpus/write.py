"""Write a release, as JSONL or as Parquet: in the contract's order, every file complete or not at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.layout import UNSPLIT
from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle
from mmdia.corpus.side_files import copy_side_files
from mmdia.corpus.spool import Spool
from mmdia.corpus.write_parquet import ShardCounts, write_shards, write_table
from mmdia.errors import MmdiaError, ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.dialogue import SPLITS, Dialogue
from mmdia.schema.release import Counts, Release, Scene, Withdrawal
from mmdia.schema.title import Title
from mmdia.store.atomic import atomic_write, write_text

__all__ = ["copy_side_files", "dialogue_order", "order_key", "write_release"]

Form = Literal["jsonl", "parquet"]
#: Sorts by title and start; scripts come last.
OrderKey = tuple[bool, str, int]


def order_key(title_id: str | None, start_ms: int | None) -> OrderKey:
    """Where a dialogue belongs on disk: by title, then by start; scripts at the end."""
    return title_id is None, title_id or "", -1 if start_ms is None else start_ms


def dialogue_order(dialogue: Dialogue) -> OrderKey:
    """`order_key` of a dialogue; without a start of its own, its earliest turn decides."""
    start = dialogue.start_ms
    if start is None:
        start = min((t.start_ms for t in dialogue.turns if t.start_ms is not None), default=None)
    return order_key(dialogue.title_id, start)


def write_release(
    folder: str | Path,
    head: Release,
    titles: Iterable[Title],
    dialogues: Iterable[Dialogue],
    *,
    scenes: Iterable[Scene] = (),
    withdrawn: Iterable[Withdrawal] = (),
    form: Form = "jsonl",
    shards: int | Mapping[str, int] | None = None,
) -> ReleaseHandle:
    """Write a release folder; counts in its head are filled in.

    ``release.json`` is written last, so a folder that a crash left has none. Dialogues are taken
    one at a time and wait on disk, in the folder, so memory holds their identifiers and places
    only. Everything is taken before anything is replaced: they may come from the same folder.

    Args:
        folder: Where to; made if it is not there. A release in it is replaced.
        head: Name, version, licence, ...
        titles: Titles, in any order.
        dialogues: Dialogues, in any order.
        scenes: Scenes, in any order.
        withdrawn: What is taken back.
        form: "jsonl", or "parquet": ``titles.parquet`` and ``dialogues/SPLIT-NNNNN-of-NNNNN.parquet``
            with the rows of each split (train, validation, test, unsplit) in their own order.
        shards: Files of each split, or of the splits named (`form` "parquet"); never more than it
            has rows. Without, one for every 10,000 rows.

    Returns:
        The release, as `open_release` gives it.

    Raises:
        ReleaseError: Two titles or two dialogues share an identifier, a row cannot be written (a
            number that is not finite, half a surrogate pair; in Parquet, an integer beyond 64
            bits), or the folder holds tables of the other form (they would go stale).
        StoreError: The folder cannot be written.
    """
    place = Path(folder).expanduser()
    _refuse_other_form(place, form)
    by_title = sorted(titles, key=lambda title: title.title_id)
    _refuse_twins([t.title_id for t in by_title])
    title_lines = [_line(t, t.title_id) for t in by_title]
    by_start = [_line(s, s.scene_id) for s in sorted(scenes, key=lambda s: (s.title_id, s.start_ms))]
    gone = [_line(w, w.dialogue_id or w.title_id) for w in withdrawn]
    n_turns = 0
    with Spool(place) as spool:
        for dialogue in dialogues:
            n_turns += len(dialogue.turns)
            _, _, start = dialogue_order(dialogue)
            line = _line(dialogue, dialogue.dialogue_id)
            group = dialogue.split if dialogue.split in SPLITS else UNSPLIT
            spool.add(dialogue.dialogue_id, dialogue.title_id, start, line, group=group or UNSPLIT)
        # Without its head a folder is no release: readers never see old and new tables mixed.
        (place / HEAD_FILE).unlink(missing_ok=True)
        if form == "parquet":
            write_table(place / "titles.parquet", title_lines, Title)
            write_shards(place / "dialogues", spool, _counts_of(shards))
        else:
            _write_lines(place / "titles.jsonl", title_lines)
            _write_pieces(place / "dialogues.jsonl", spool.lines(spool.order()))
    _write_optional(place / "scenes.jsonl", by_start)
    _write_optional(place / "withdrawn.jsonl", gone)
    counts = Counts(titles=len(by_title), dialogues=len(spool), turns=n_turns)
    whole = head.model_copy(update={"counts": counts})
    write_text(place / HEAD_FILE, whole.to_json() + "\n")
    return ReleaseHandle(place, whole)


def _counts_of(shards: int | Mapping[str, int] | None) -> ShardCounts:
    if shards is None or isinstance(shards, Mapping):
        return dict(shards or {})
    return dict.fromkeys((*SPLITS, UNSPLIT), shards)


def _refuse_other_form(folder: Path, form: Form) -> None:
    if form == "parquet":
        found = [p for p in (folder / "dialogues.jsonl", folder / "titles.jsonl") if p.exists()]
    else:
        found = [*folder.glob("*.parquet"), *folder.glob("dialogues/*.parquet")]
    if found:
        raise ReleaseError(
            f"this folder holds {'JSONL' if form == 'parquet' else 'Parquet'} tables",
            path=folder,
            got=found[0].name,
            hint="Choose another folder.",
        )


def _refuse_twins(ordered: Sequence[str]) -> None:
    for before, after in pairwise(ordered):
        if before == after:
            raise ReleaseError("two titles share one identifier", got=repr(after))


def _line(record: Record, identifier: str | None) -> str:
    """The record as a line of JSON that any reader takes.

    Raises:
        ReleaseError: It holds what JSON has no word for.
    """
    try:
        row = record.to_row()
        try:
            return json.dumps(row, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except ValueError:
            path = next(_not_finite(row), "")
            raise ReleaseError(
                "a number that is not finite cannot be written", path=path or None, got=repr(identifier)
            ) from None
    except (MmdiaError, RecursionError) as error:
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(f"the row cannot be written: {error}", got=repr(identifier)) from error


def _not_finite(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _not_finite(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _not_finite(inner, f"{path}[{i}]")


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    _write_pieces(path, (_encoded(line, path) for line in lines))


def _encoded(line: str, path: Path) -> bytes:
    try:
        return line.encode("utf-8") + b"\n"
    except UnicodeEncodeError as error:
        raise ReleaseError("half a surrogate pair is no text", path=path, got=repr(line[:80])) from error


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    with atomic_write(path) as stream:
        stream.writelines(pieces)


def _write_optional(path: Path, lines: Sequence[str]) -> None:
    """An empty optional table is no file."""
    if lines:
        _write_lines(path, lines)
    else:
        path.unlink(missing_ok=True)
