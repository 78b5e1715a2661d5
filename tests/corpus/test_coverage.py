"""Shares of a release, counted once a dialogue."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mmdia.corpus.coverage import cover
from mmdia.schema.dialogue import Dialogue


def dialogue(i: str, ms: int, title: str | None = "t", **more: Any) -> Dialogue:
    times = {} if title is None else {"start_ms": 0, "end_ms": ms}
    return Dialogue.from_row(
        {"dialogue_id": i, "title_id": title, "turns": [{**times, "speakers": ["a"]}], **more}
    )


def test_splits_tags_and_scripts() -> None:
    rows = [
        dialogue("a", 3_600_000, split="train", subsets=["hard", "hard"]),
        dialogue("b", 1_800_000, split="train"),
        dialogue("b", 9_000_000, split="test"),
        dialogue("s", 0, None, split="train"),
    ]
    found = cover(rows, lambda i: i in ("a", "s"))
    assert list(found) == ["all", "train", "hard"]
    train = found["train"].to_row()
    assert train == {
        "dialogues": 2, "built": 1, "share": 0.5, "hours": 1.5, "built_hours": 1.0,
        "hours_share": 0.6667, "scripts": 1,
    }  # fmt: skip
    assert found["hard"].built == 1
    assert cover([], lambda i: True)["all"].to_row()["share"] is None


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from(["train", "test", None])),
        max_size=20,
    )
)
def test_splits_add_up(rows: list[tuple[int, int, str | None]]) -> None:
    found = cover([dialogue(str(i), ms, split=split) for i, ms, split in rows], lambda i: int(i) % 2 == 0)
    first = {}
    for i, ms, split in rows:
        first.setdefault(i, (ms, split))
    assert found["all"].dialogues == len(first)
    assert found["all"].built == sum(i % 2 == 0 for i in first)
    assert found["all"].total_ms == sum(ms for ms, _ in first.values())
    for split in ("train", "test"):
        assert (found[split].dialogues if split in found else 0) == sum(
            s == split for _, s in first.values()
        )
