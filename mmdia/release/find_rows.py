"""The search itself: one pass over a release, keeping one short row for each dialogue that fits."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, iter_titles
from mmdia.errors import BrokenRow, UsageError
from mmdia.release.find_match import Matcher, Titles, look_at_titles
from mmdia.release.find_query import Query, check_words
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Release

FIND_SCHEMA = "mmdia.find/1"
#: Most labels that are named to somebody who asked for another.
MOST_LABELS = 12

#: What is kept of each dialogue found; `place` is its position among the rows of the release.
BRIEF = pa.schema(
    [
        ("place", pa.int64()), ("dialogue_id", pa.string()), ("title_id", pa.string()),
        ("split", pa.string()), ("relationship", pa.string()), ("interaction", pa.string()),
        ("intensity", pa.float64()), ("volatility", pa.float64()), ("speakers", pa.int64()),
        ("turns", pa.int64()), ("seconds", pa.float64()), ("year", pa.int64()),
    ]
)  # fmt: skip

#: What results can be ordered by, and the column that holds it.
SORTS = {
    "id": "dialogue_id", "title": "title_id", "intensity": "intensity", "volatility": "volatility",
    "speakers": "speakers", "turns": "turns", "seconds": "seconds", "year": "year",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """Which of the dialogues that fit are taken, and in what order.

    A sample is drawn first, then the rest is ordered, then cut.

    Attributes:
        sample: Draw so many at random, without repetition.
        seed: Seed of the draw; the same release and seed give the same dialogues.
        sort: A key of `SORTS`; None keeps the order of the release.
        descending: Largest first. Rows without a value come last either way.
        limit: Take so many at most.
    """

    sample: int | None = None
    seed: int = 0
    sort: str | None = None
    descending: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        """Numbers below zero and unknown keys are refused.

        Raises:
            UsageError: One of them is there.
        """
        for name in ("sample", "limit"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise UsageError(f"{name} must not be negative", got=str(value))
        if self.sort is not None and self.sort not in SORTS:
            raise UsageError("no such order", expected=", ".join(SORTS), got=repr(self.sort))


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        query: What was looked for.
        table: One row a dialogue taken (`BRIEF`), in order.
        fitting: Dialogues that fit, before a sample or a limit took some.
        searched: Dialogues looked at.
        unheard: Emotion labels asked for that no turn of the release has, and the nearest that some have.
        wordless: Dialogues looked at whose text the release withholds (no search of text finds them).
        broken: Rows that cannot be read, when they were to be skipped.
    """

    query: Query
    table: pa.Table
    fitting: int
    searched: int
    wordless: int = 0
    broken: tuple[str, ...] = ()
    unheard: dict[str, list[str]] = field(default_factory=dict)

    @property
    def ids(self) -> list[str]:
        """Identifiers of the dialogues taken, in order."""
        return list(self.table.column("dialogue_id").to_pylist())

    @property
    def hours(self) -> float:
        """Hours that the dialogues taken last; those without times last nothing."""
        return float(np.nansum(self.table.column("seconds").to_numpy())) / 3600

    @property
    def titles(self) -> int:
        """Titles that they are from."""
        return int(pc.count_distinct(self.table.column("title_id"), mode="only_valid").as_py())

    def counts(self, column: str) -> dict[str, int]:
        """How many of the dialogues taken have each value; most first; "none" for null."""
        counted = pc.value_counts(self.table.column(column)).to_pylist()
        pairs = [(c["values"] if c["values"] is not None else "none", c["counts"]) for c in counted]
        return dict(sorted(pairs, key=lambda p: (-p[1], p[0])))

    def with_broken(self, broken: Sequence[BrokenRow]) -> Found:
        """The same, with what was told of rows that cannot be read."""
        return replace(self, broken=tuple(dict.fromkeys(str(error) for error in broken)))

    def limited(self, most: int) -> Found:
        """The same with so many rows at most."""
        return replace(self, table=self.table.slice(0, most))

    def to_row(self, head: Release, *, show: int | None = None) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.find/1``).

        Args:
            head: Head of the release.
            show: Most rows in it; the identifiers are all there.
        """
        return {
            "schema": FIND_SCHEMA,
            "release": {"name": head.name, "version": head.version},
            "query": self.query.to_row(),
            "searched": self.searched,
            "fitting": self.fitting,
            "taken": self.table.num_rows,
            "titles": self.titles,
            "hours": round(self.hours, 6),
            "counts": {name: self.counts(name) for name in ("split", "relationship", "interaction")},
            "wordless": self.wordless,
            "unheard": self.unheard,
            "broken": list(self.broken),
            "ids": self.ids,
            "dialogues": self.rows(show),
        }

    def rows(self, most: int | None = None) -> list[dict[str, Any]]:
        """The first rows, JSON-ready: null for what a dialogue does not say."""
        part = self.table if most is None else self.table.slice(0, most)
        return [
            {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in row.items() if k != "place"}
            for row in part.to_pylist()
        ]


def find(
    handle: ReleaseHandle, query: Query, order: Order | None = None, *, on_broken: OnBroken = "raise"
) -> Found:
    """Search a release; withdrawn rows are never found.

    Memory holds one batch, and about a hundred bytes for each dialogue that fits.

    Args:
        handle: The release.
        query: Conditions.
        order: Which of those that fit are taken; None takes all in the order of the release.
        on_broken: "raise", or a function that is told of each row that cannot be read.

    Raises:
        UsageError: A condition names what is not there (a category, a split).
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    check_words(query, handle.head.vocab)
    titles = look_at_titles(iter_titles(handle, on_broken=on_broken), query)
    order = order or Order()
    parts: list[pa.RecordBatch] = []
    searched = wordless = 0
    emotions: set[str] = set()
    for batch in dialogue_batches(handle, on_broken=on_broken):
        leaves = Leaves(batch)
        matcher = Matcher(leaves, query, titles)
        keep = matcher.matches()
        if keep.any():
            parts.append(_brief(matcher, titles, keep, searched))
        if query.text:
            wordless += _wordless(leaves)
        if query.emotion:
            emotions.update(pc.unique(leaves.at("turns[].emotion").values).to_pylist())
        searched += batch.num_rows
    table = pa.Table.from_batches(parts, schema=BRIEF)
    unheard = _unheard(query.emotion, emotions - {None})
    return Found(query, _take(table, order), table.num_rows, searched, wordless, unheard=unheard)


def _unheard(asked: Sequence[str], labels: set[str]) -> dict[str, list[str]]:
    """Labels asked for that do not occur, each with some that do: the nearest, else all."""
    known = {label.casefold(): label for label in sorted(labels)}
    out = {}
    for word in asked:
        folded = word.strip().casefold()
        if folded not in known:
            near = get_close_matches(folded, known, n=3) or sorted(known)[:MOST_LABELS]
            out[word] = [known[label] for label in near]
    return out


def chosen_dialogues(
    handle: ReleaseHandle, found: Found, *, on_broken: OnBroken = "raise"
) -> Iterator[Dialogue]:
    """The dialogues of a result as records, in the order of the release, one at a time.

    Args:
        handle: The release that was searched, unchanged since.
        found: The result.
        on_broken: As it was for `find`.
    """
    places = np.sort(found.table.column("place").to_numpy())
    before = at = 0
    for batch in dialogue_batches(handle, on_broken=on_broken):
        stop = int(np.searchsorted(places, before + batch.num_rows))
        if stop > at:
            for row in batch.take(pa.array(places[at:stop] - before)).to_pylist():
                yield Dialogue.from_row(row)
        at, before = stop, before + batch.num_rows
        if at == len(places):
            return


def _brief(matcher: Matcher, titles: Titles, keep: np.ndarray, before: int) -> pa.RecordBatch:
    batch = matcher.leaves.batch
    title_ids = batch.column("title_id")
    columns = [
        pa.array(np.arange(before, before + batch.num_rows)),
        batch.column("dialogue_id"),
        title_ids,
        batch.column("split"),
        matcher.leaves.at("relationship.category").values,
        matcher.leaves.at("interaction.category").values,
        pa.array(matcher.score("emotion_intensity")),
        pa.array(matcher.score("emotion_volatility")),
        pa.array(matcher.n_speakers),
        pa.array(matcher.leaves.n_turns),
        pa.array(matcher.seconds),
    ]
    mask = pa.array(keep)
    kept = [pc.cast(column, field.type).filter(mask) for column, field in zip(columns, BRIEF, strict=False)]
    years = pa.array([titles.years.get(t) for t in title_ids.filter(mask).to_pylist()], pa.int64())
    return pa.RecordBatch.from_arrays([*kept, years], schema=BRIEF)


def _take(table: pa.Table, order: Order) -> pa.Table:
    if order.sample is not None and order.sample < table.num_rows:
        # By identifier first, so that the draw does not hang on the order of the files.
        ids = table.column("dialogue_id").to_pylist()
        by_id = sorted(range(len(ids)), key=ids.__getitem__)
        drawn = random.Random(order.seed).sample(by_id, order.sample)
        table = table.take(pa.array(sorted(drawn), pa.int64()))
    if order.sort is not None:
        values = table.column(SORTS[order.sort]).to_pylist()
        # NaN is what a score or a length that is not there became.
        there = [i for i, v in enumerate(values) if v is not None and v == v]
        missing = [i for i, v in enumerate(values) if v is None or v != v]
        there.sort(key=values.__getitem__, reverse=order.descending)  # ties keep the order of the release
        table = table.take(pa.array([*there, *missing], pa.int64()))
    return table if order.limit is None else table.slice(0, order.limit)


def _wordless(leaves: Leaves) -> int:
    """Rows of which no turn has a text."""
    leaf = leaves.at("turns[].text")
    has_text = np.zeros(leaves.batch.num_rows, dtype=bool)
    has_text[leaf.rows[pc.is_valid(leaf.values).to_numpy(zero_copy_only=False)]] = True
    return int((~has_text).sum())
