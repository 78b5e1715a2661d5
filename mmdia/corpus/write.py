"""Write a release as JSONL: in the contract's order, every file complete or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle
from mmdia.errors import ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Counts, Release, Scene, Withdrawal
from mmdia.schema.title import Title
from mmdia.store.atomic import atomic_write, write_text

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
) -> ReleaseHandle:
    """Write a release folder; counts in its head are filled in.

    ``release.json`` is written last, so a folder that a crash left has none. Dialogues are
    taken one at a time; their JSON lines are held for sorting.

    Args:
        folder: Where to; made if it is not there. A release in it is replaced.
        head: Name, version, licence, ...
        titles: Titles, in any order.
        dialogues: Dialogues, in any order.
        scenes: Scenes, in any order.
        withdrawn: What is taken back.

    Returns:
        The release, as `open_release` gives it.

    Raises:
        ReleaseError: Two titles or two dialogues share an identifier, or the folder holds Parquet
            tables (they would go stale beside the new rows).
        StoreError: The folder cannot be written.
    """
    place = Path(folder).expanduser()
    _refuse_parquet(place)
    by_title = sorted(titles, key=lambda title: title.title_id)
    _refuse_twins([t.title_id for t in by_title], "title")
    keyed: list[tuple[OrderKey, str]] = []
    ids: list[str] = []
    n_turns = 0
    for dialogue in dialogues:
        ids.append(dialogue.dialogue_id)
        n_turns += len(dialogue.turns)
        keyed.append((dialogue_order(dialogue), dialogue.to_json()))
    _refuse_twins(sorted(ids), "dialogue")
    keyed.sort(key=lambda item: item[0])  # stable: rows that tie keep their order
    # Without its head a folder is no release: readers never see old and new tables mixed.
    (place / HEAD_FILE).unlink(missing_ok=True)
    _write_lines(place / "titles.jsonl", (title.to_json() for title in by_title))
    _write_lines(place / "dialogues.jsonl", (line for _, line in keyed))
    by_start = sorted(scenes, key=lambda s: (s.title_id, s.start_ms))
    _write_optional(place / "scenes.jsonl", by_start)
    _write_optional(place / "withdrawn.jsonl", list(withdrawn))
    counts = Counts(titles=len(by_title), dialogues=len(ids), turns=n_turns)
    whole = head.model_copy(update={"counts": counts})
    write_text(place / HEAD_FILE, whole.to_json() + "\n")
    return ReleaseHandle(place, whole)


def _refuse_parquet(folder: Path) -> None:
    found = [*folder.glob("*.parquet"), *folder.glob("dialogues/*.parquet")]
    if found:
        raise ReleaseError(
            "this folder holds Parquet tables",
            path=folder,
            got=found[0].name,
            hint="Choose another folder.",
        )


def _refuse_twins(ordered: Sequence[str], what: str) -> None:
    for before, after in pairwise(ordered):
        if before == after:
            raise ReleaseError(f"two {what}s share one identifier", got=repr(after))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with atomic_write(path) as stream:
        for line in lines:
            stream.write(line.encode("utf-8") + b"\n")


def _write_optional(path: Path, records: Sequence[Record]) -> None:
    """An empty optional table is no file."""
    if records:
        _write_lines(path, (record.to_json() for record in records))
    else:
        path.unlink(missing_ok=True)
