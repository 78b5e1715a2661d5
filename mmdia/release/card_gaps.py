"""Gaps and makers of the rows, counted while they pass."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mmdia.corpus.leaves import Leaves

if TYPE_CHECKING:
    import pyarrow as pa


class RowGaps:
    """What the cards tell of rows beside the statistics: gaps, tools, sensitive content."""

    def __init__(self) -> None:
        self.sensitive: Counter[str] = Counter()
        self.tools: Counter[tuple[str, str]] = Counter()
        self.checked: Counter[tuple[str, str]] = Counter()
        self.faces = self.no_text = self.no_times = self.scripts = self.labels = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count a batch of dialogues."""
        import pyarrow.compute as pc

        leaves = Leaves(batch)
        self.scripts += batch.column("title_id").null_count
        self.no_text += leaves.at("turns[].text").values.null_count
        self.no_times += leaves.at("turns[].start_ms").values.null_count
        self.faces += len(leaves.at("turns[].keyframe.faces[]").values)
        for label in (leaves.at("turns[].emotion").values, leaves.at("turns[].sentiment").values):
            self.labels += len(label) - label.null_count
        self.sensitive.update(_tally(leaves.at("sensitive[]").values))
        group, tool = (
            pc.fill_null(leaves.at(f"provenance[].{name}").values, "not stated")
            for name in ("group", "tool")
        )
        joined = pc.binary_join_element_wise(group, tool, "\x1f")
        checked = pc.fill_null(leaves.at("provenance[].human_checked").values, False)
        for counter, values in ((self.tools, joined), (self.checked, joined.filter(checked))):
            for text, n in _tally(values).items():
                first, _, second = text.partition("\x1f")
                counter[first, second] += n

    def provenance(self) -> list[dict[str, Any]]:
        """Which tool made which fields, of how many dialogues, and how many of them a person checked."""
        return [
            {"group": group, "tool": tool, "dialogues": n, "checked": self.checked[group, tool]}
            for (group, tool), n in sorted(self.tools.items())
        ]


def _tally(values: pa.Array) -> dict[str, int]:
    return {i["values"]: i["counts"] for i in values.value_counts().to_pylist() if i["values"] is not None}
