"""Count a release: rows, splits, tags, hours. One pass, nothing kept."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, load_titles


@dataclass(frozen=True, slots=True)
class Census:
    """What a release holds; withdrawn rows do not count.

    Attributes:
        titles: Titles.
        dialogues: Dialogues.
        turns: Turns.
        scripts: Dialogues without a film.
        hours: Sum of the dialogues' spans, earliest turn start to latest turn end.
        splits: Dialogues by split; the key is None for rows without one.
        subsets: Dialogues by tag.
        languages: Titles by language; the key is None where it is unknown.
    """

    titles: int
    dialogues: int
    turns: int
    scripts: int
    hours: float
    splits: dict[str | None, int]
    subsets: dict[str, int]
    languages: dict[str | None, int]


def _tally(values: pa.Array) -> Counter[str | None]:
    return Counter({item["values"]: item["counts"] for item in values.value_counts().to_pylist()})


def census(handle: ReleaseHandle, *, on_broken: OnBroken = "raise") -> Census:
    """Count a release in one pass.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    titles = load_titles(handle, on_broken=on_broken)
    splits: Counter[str | None] = Counter()
    subsets: Counter[str | None] = Counter()
    dialogues = turns = scripts = span_ms = 0
    for batch in dialogue_batches(handle, on_broken=on_broken):
        leaves = Leaves(batch)
        dialogues += batch.num_rows
        turns += int(leaves.n_turns.sum())
        scripts += batch.column("title_id").null_count
        start, end, known = leaves.spans
        good = known & (end > start)
        span_ms += int((end - start)[good].sum())
        splits.update(_tally(batch.column("split")))
        subsets.update(_tally(leaves.at("subsets[]").values))
    return Census(
        titles=len(titles),
        dialogues=dialogues,
        turns=turns,
        scripts=scripts,
        hours=span_ms / 3_600_000,
        splits=dict(splits),
        subsets={
            tag: n for tag, n in sorted(subsets.items(), key=lambda item: str(item[0])) if tag is not None
        },
        languages=dict(Counter(title.language for title in titles.values())),
    )
