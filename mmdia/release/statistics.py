"""Statistics of a release: Table 3, the Table 1 row, Figure 3, per split and subset.

One pass over the dialogues in batches. Withdrawn rows do not count. Text may be withheld and any time,
label or score may be null: whatever is missing is left out of the figure it would belong to, and a figure
without any value is None. Definitions: `stat_definitions`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.labels import vocabulary_or_default
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, has_tag, load_titles
from mmdia.release.stat_definitions import (
    FURTHER,
    OTHERS,
    TABLE1,
    TABLE3,
    definitions,
    printed_cells,
    table1_of_others,
)
from mmdia.release.stat_lift import Lift, Link, lift_table, stated_links
from mmdia.release.stat_people import banks_of
from mmdia.release.stat_result import counts_of, histograms_of, left_out_of, table1_of, table3_of
from mmdia.release.stat_tally import Tally, facts_of

STATS_SCHEMA = "mmdia.stats/1"

#: Dialogues of a batch: enough for columns to pay.
BATCH_ROWS = 4000

#: Marks of a group that `to_row` lists.
MOST_MARKS = 200


@dataclass(frozen=True)
class Statistics:
    """Figures of one group of dialogues.

    Attributes:
        key: "all", "split:train", ..., "split:unsplit" (rows without a split), "subset:bench", ...
        dialogues: Dialogues.
        turns: Turns.
        titles: Titles that they are from.
        table3: Rows of Table 3 and their other readings, by key (`stat_definitions`); None: no value.
        table1: The Table 1 row.
        counts: Dialogues (speakers, for genders and ages; turns, for visibility, emotions and sentiments)
            by word.
        bias: Speakers by trait and category: "gender_by_relationship" -> gender -> category -> n.
        histograms: Edges and counts.
        nonverbal: Non-verbal events by label, most frequent first.
        lift: Relationship x interaction.
        links: The links that the paper states.
        left_out: Values that no figure could use, by reason.
    """

    key: str
    dialogues: int
    turns: int
    titles: int
    table3: dict[str, float | int | str | None]
    table1: dict[str, str]
    counts: dict[str, dict[str, int]]
    bias: dict[str, dict[str, dict[str, int]]]
    histograms: dict[str, dict[str, Any]]
    nonverbal: tuple[dict[str, Any], ...]
    lift: Lift
    links: tuple[Link, ...]
    left_out: dict[str, int]

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {
            "key": self.key,
            "dialogues": self.dialogues,
            "turns": self.turns,
            "titles": self.titles,
            "table3": dict(self.table3),
            "table1": dict(self.table1),
            "counts": self.counts,
            "bias": self.bias,
            "histograms": self.histograms,
            "nonverbal": [dict(mark) for mark in self.nonverbal],
            "lift": self.lift.to_row(),
            "links": [link.to_row() for link in self.links],
            "left_out": dict(self.left_out),
        }


def statistics(handle: ReleaseHandle, *, on_broken: OnBroken = "raise") -> dict[str, Statistics]:
    """Statistics of a release: of all dialogues, of every split, of every subset.

    Args:
        handle: The release.
        on_broken: "raise", or a function that is told of each row that cannot be read.

    Returns:
        By key, "all" first, then splits ("split:train"), then subsets ("subset:bench").

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    titles = load_titles(handle, on_broken=on_broken)
    banks = banks_of(titles)
    groups: dict[str, Tally] = {"all": Tally()}
    for batch in dialogue_batches(handle, batch_size=BATCH_ROWS, on_broken=on_broken):
        leaves = Leaves(batch)
        facts = facts_of(leaves, banks)
        groups["all"].add(facts, np.ones(batch.num_rows, dtype=bool))
        splits = np.array([s or "unsplit" for s in batch.column("split").to_pylist()], dtype=object)
        for split in sorted(set(splits.tolist())):
            groups.setdefault(f"split:{split}", Tally()).add(facts, splits == split)
        for tag in sorted(set(leaves.at("subsets[]").values.to_pylist())):
            groups.setdefault(f"subset:{tag}", Tally()).add(facts, has_tag(batch, tag))
    vocab = vocabulary_or_default(handle.head.vocab)
    order = {axis: vocab.names(axis) for axis in ("relationship", "interaction")}
    licence = handle.head.license
    out = {}
    for key in sorted(groups, key=_group_order):
        tally = groups[key]
        lift = lift_table(tally.cells, order["relationship"], order["interaction"])
        counts, bias = counts_of(tally, titles, order)
        out[key] = Statistics(
            key=key,
            dialogues=tally.dialogues,
            turns=tally.turns,
            titles=len([name for name in tally.titles if name is not None]),
            table3=table3_of(tally),
            table1=table1_of(tally, licence),
            counts=counts,
            bias=bias,
            histograms=histograms_of(tally),
            nonverbal=tuple(tally.marks.to_rows(MOST_MARKS)),
            lift=lift,
            links=stated_links(lift),
            left_out=left_out_of(tally),
        )
    return out


_FIRST = ("all", "split:train", "split:validation", "split:test", "subset:bench", "subset:hard")


def _group_order(key: str) -> tuple[int, int, str]:
    kind = ("all", "split", "subset").index(key.partition(":")[0])
    return kind, _FIRST.index(key) if key in _FIRST else len(_FIRST), key


def statistics_document(handle: ReleaseHandle, found: dict[str, Statistics]) -> dict[str, Any]:
    """The document of ``mmdia release stats --json`` (``mmdia.stats/1``).

    Beside the figures it has their definitions and what the paper prints.
    """
    return {
        "schema": STATS_SCHEMA,
        "name": handle.head.name,
        "version": handle.head.version,
        "rows": [
            {"key": r.key, "name": r.name, "digits": r.digits, "definition": r.definition,
             "in_table3": r in TABLE3, "printed": printed_cells(r)}
            for r in (*TABLE3, *FURTHER)
        ],
        "others": list(OTHERS),
        "definitions": definitions(),
        "table1_definitions": dict(TABLE1),
        "table1_printed": table1_of_others(),
        "groups": {key: one.to_row() for key, one in found.items()},
    }  # fmt: skip
