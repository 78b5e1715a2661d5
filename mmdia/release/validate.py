"""Validate a release: every class of dirt, counted, with examples. Nothing is changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from mmdia.corpus.invariants import Hits, SeenIds, find
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.locate import HEAD_FILE, ReleaseHandle, release_files
from mmdia.corpus.read import Withdrawals, iter_numbered, iter_rows
from mmdia.errors import BrokenRow, UsageError
from mmdia.release.check_release import SceneSweep, Sweep
from mmdia.release.check_rows import row_hits_of, title_hits
from mmdia.release.check_times import time_hits
from mmdia.release.findings import Example, Ledger, ValidationReport
from mmdia.release.strangers import kept_keys, row_strangers, unknown_paths
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.time import parse_rate
from mmdia.schema.title import Title
from mmdia.schema.vocab import vocabulary

#: Rows in a block: large enough for columns to pay, small enough for memory.
BLOCK_ROWS = 2_000


@dataclass
class _Titles:
    """What later checks need of the titles."""

    n: int = 0
    ids: frozenset[str] = frozenset()
    banks: dict[str, frozenset[str]] = field(default_factory=dict)
    durations: dict[str, int] = field(default_factory=dict)


def validate(handle: ReleaseHandle, *, max_examples: int = 5) -> ValidationReport:
    """Look at every row of a release and report all dirt (`mmdia.release.dirt` lists the classes).

    One pass in blocks: memory grows by a few dozen bytes a dialogue. Withdrawn rows are looked
    at, too.

    Args:
        handle: The release.
        max_examples: Places to name for each class.

    Returns:
        Counts, examples, and whether the release passes.
    """
    ledger = Ledger(max_examples)
    vocab = _head(handle, ledger)
    gone = _withdrawals(handle, ledger)
    titles = _titles(handle, ledger, gone)
    scenes = _scenes(handle, ledger, titles)
    sweep = Sweep(titles.ids, scenes, gone)
    for path in release_files(handle).dialogues:
        sweep.begin(path)
        for rows in iter_rows(path, Dialogue, _broken(path, ledger), batch_size=BLOCK_ROWS):
            if not rows.batch.num_rows:
                continue
            leaves = Leaves(rows.batch)
            ledger.add_hits(row_strangers(rows.batch, Dialogue), rows)
            sweep.block(rows, leaves, ledger)
            for hits in find(leaves, vocab=vocab):
                ledger.add_hits(hits, rows)
            for hits in time_hits(leaves, titles.durations):
                ledger.add_hits(hits, rows)
            for hits in row_hits_of(leaves, titles.banks):
                ledger.add_hits(hits, rows)
    sweep.finish(ledger)
    _counts(handle.head, ledger, {"titles": titles.n, "dialogues": sweep.dialogues, "turns": sweep.turns})
    return ValidationReport(
        str(handle.path), handle.head.name, handle.head.version,
        titles.n, sweep.dialogues, sweep.turns, ledger.findings(),
    )  # fmt: skip


def _broken(path: Path, ledger: Ledger) -> OnBroken:
    def note(error: BrokenRow) -> None:
        _, _, line = (error.path or "").rpartition(":")
        number = int(line) if line.isdigit() else None
        ledger.add("broken_row", Example(path.name, number, what=error.message))

    return note


def _head(handle: ReleaseHandle, ledger: Ledger) -> str | None:
    """Check ``release.json``; gives the vocabulary to check categories by."""
    raw = json.loads((handle.path / HEAD_FILE).read_bytes().decode("utf-8-sig"))
    for path in unknown_paths(raw, field_table(Release)):
        ledger.add("unknown_key", Example(HEAD_FILE, what=path), value=path)
    name = handle.head.vocab
    try:
        vocabulary(name)
    except UsageError:
        value = f"vocab = {name!r}"
        ledger.add("unknown_value", Example(HEAD_FILE, what=value), value=value)
        return None
    return name


def _withdrawals(handle: ReleaseHandle, ledger: Ledger) -> Withdrawals:
    path = release_files(handle).withdrawn
    if path is None:
        return Withdrawals()
    rows = []
    for line, row in iter_numbered(path, Withdrawal, _broken(path, ledger)):
        rows.append(row)
        for key in kept_keys(row.extra):
            ledger.add("unknown_key", Example(path.name, line, what=key), value=key)
    return Withdrawals.of(rows)


def _titles(handle: ReleaseHandle, ledger: Ledger, gone: Withdrawals) -> _Titles:
    out = _Titles()
    path = release_files(handle).titles
    if path is None:
        return out
    ids: set[str] = set()
    seen = SeenIds()
    for rows in iter_rows(path, Title, _broken(path, ledger), batch_size=BLOCK_ROWS):
        out.n += rows.batch.num_rows
        twins = Hits("duplicate_title_id", seen.duplicates(rows.batch, "title_id"))
        for hits in (twins, row_strangers(rows.batch, Title), *title_hits(Leaves(rows.batch))):
            ledger.add_hits(hits, rows, "title_id")
        for number, row in zip(rows.numbers, rows.batch.to_pylist(), strict=True):
            title_id = row["title_id"]
            ids.add(title_id)
            out.banks.setdefault(title_id, frozenset(s["speaker_id"] for s in row["speakers"]))
            if row["duration_ms"] is not None:
                out.durations.setdefault(title_id, row["duration_ms"])
            if title_id in gone.titles:
                ledger.add("withdrawn_present", Example(path.name, number, title_id))
            if row["fps"] is not None and not _is_rate(row["fps"]):
                ledger.add("bad_fps", Example(path.name, number, title_id, what=f"fps = {row['fps']!r}"))
    out.ids = frozenset(ids)
    return out


def _is_rate(text: str) -> bool:
    try:
        parse_rate(text)
    except UsageError:
        return False
    return True


def _scenes(handle: ReleaseHandle, ledger: Ledger, titles: _Titles) -> dict[str, frozenset[str]] | None:
    path = release_files(handle).scenes
    if path is None:
        return None
    sweep = SceneSweep(titles.ids)
    for line, scene in iter_numbered(path, Scene, _broken(path, ledger)):
        sweep.scene(path.name, line, scene, ledger)
    sweep.finish(path.name, ledger)
    return sweep.ids()


def _counts(head: Release, ledger: Ledger, found: dict[str, int]) -> None:
    if head.counts is None:
        return
    for name, n in found.items():
        promised = getattr(head.counts, name)
        if promised is not None and promised != n:
            what = f"{name}: {promised} promised, {n} read"
            ledger.add("counts_disagree", Example(HEAD_FILE, what=what), value=name)
