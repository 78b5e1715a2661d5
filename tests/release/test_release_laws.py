"""Validation over columns counts what a plain loop over turns counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.locate import open_release
from mmdia.release.validate import validate

TIME = st.none() | st.integers(-2, 30).map(lambda n: n * 1000) | st.integers(0, 700).map(lambda n: n * 1000)
TURN = st.fixed_dictionaries(
    {"start_ms": TIME, "end_ms": TIME, "speakers": st.lists(st.sampled_from("ab"), max_size=2)}
)
ROW = st.fixed_dictionaries(
    {
        "turns": st.lists(TURN, max_size=4),
        "start_ms": TIME,
        "end_ms": TIME,
        "title_id": st.sampled_from(["t", None]),
        "speakers": st.lists(st.sampled_from("ab").map(lambda s: {"speaker_id": s}), max_size=2),
    }
)


def plain(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}

    def add(code: str, true: bool) -> None:
        counts[code] = counts.get(code, 0) + true

    for row in rows:
        before: dict[str, Any] | None = None
        listed = {s["speaker_id"] for s in row["speakers"]}
        for turn in row["turns"]:
            start, end = turn["start_ms"], turn["end_ms"]
            if before is not None and start is not None:
                if before["end_ms"] is not None:
                    add("overlap", start < before["end_ms"])
                    add("overlap_over_1s", start < before["end_ms"] - 1000)
                    add("gap_over_10s", start > before["end_ms"] + 10_000)
                if before["start_ms"] is not None:
                    add("start_order", start < before["start_ms"])
            if start is not None and end is not None:
                add("turn_end", end <= start)
                add("turn_over_60s", end - start > 60_000)
            early = start is not None and row["start_ms"] is not None and start < row["start_ms"]
            late = end is not None and row["end_ms"] is not None and end > row["end_ms"]
            add("turn_outside_dialogue", early or late)
            add("negative_time", start is not None and start < 0)
            add("no_speakers", not turn["speakers"])
            add("unlisted_speaker", bool(listed) and not listed.issuperset(turn["speakers"]))
            before = turn
        own = (row["start_ms"], row["end_ms"])
        spans = [(t["start_ms"], t["end_ms"]) for t in row["turns"]]
        half = any((a is None) != (b is None) for a, b in [own, *spans])
        timed, is_timed = any(s != (None, None) for s in spans), own != (None, None)
        bare = row["title_id"] is None and (timed or is_timed)
        add("partial_times", half or bare or (timed and not is_timed))
        add("no_turns", not row["turns"])
        starts = [t["start_ms"] for t in row["turns"] if t["start_ms"] is not None] or [row["start_ms"]]
        ends = [t["end_ms"] for t in row["turns"] if t["end_ms"] is not None] or [row["end_ms"]]
        if starts != [None] and ends != [None]:
            add("span_over_600s", max(ends) - min(starts) > 600_000)
    return counts


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=5))
def test_columns_count_what_a_loop_counts(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder: Path = tmp_path_factory.mktemp("r")
    lines = [json.dumps({**row, "dialogue_id": str(i)}) for i, row in enumerate(rows)]
    (folder / "dialogues.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "titles.jsonl").write_text('{"title_id": "t"}', encoding="utf-8")
    head = {"schema": "mmdia.release/1", "name": "n", "version": "1"}
    (folder / "release.json").write_text(json.dumps(head), encoding="utf-8")
    report = validate(open_release(folder))
    expected = plain(rows)
    assert {code: report.count(code) for code in expected} == expected
