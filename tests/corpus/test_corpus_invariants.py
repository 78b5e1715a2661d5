"""Each invariant is seen where it is broken, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from mmdia.corpus.arrow import batch_of
from mmdia.corpus.invariants import INVARIANTS, SeenIds, check_table
from mmdia.corpus.leaves import Leaves
from mmdia.errors import UsageError
from mmdia.schema.dialogue import Dialogue


def turn(start: int | None, end: int | None, **more: Any) -> dict[str, Any]:
    return {"start_ms": start, "end_ms": end, "speakers": ["x"], **more}


def dialogue(turns: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    row = {"dialogue_id": "a", "title_id": "t", "start_ms": 0, "end_ms": 100, **more}
    return {**row, "turns": [turn(0, 50), turn(50, 100)] if turns is None else turns}


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    return batch_of([Dialogue.from_row(row) for row in rows], Dialogue)


SCRIPT = {"dialogue_id": "s", "turns": [{"speakers": ["x"]}]}
CLEAN = [
    dialogue(),
    SCRIPT,
    dialogue([turn(0, 60), turn(40, 100)]),
    dialogue(emotion_intensity=1, emotion_volatility=10, relationship={"category": "Friends"}),
    dialogue([turn(0, 100, confidence=1.0, emotion_intensity=10)]),
    dialogue(scores=[{"dimension": "d", "value": 5, "scale": [1, 5]}, {"dimension": "d", "value": 50}]),
    dialogue(interaction={"category": "Banter", "pairs": [{"a": "x", "b": "y", "category": "Conflict"}]}),
]
BROKEN = [
    ("turn_end", dialogue([turn(0, 50), turn(70, 70), turn(80, 75)]), 2),
    ("start_order", dialogue([turn(50, 60), turn(0, 10), turn(20, 30), turn(19, 40)]), 2),
    ("turn_outside_dialogue", dialogue([turn(-1, 50), turn(50, 101), turn(60, 100)]), 2),
    ("no_turns", dialogue([]), 1),
    ("no_speakers", dialogue([turn(0, 1, speakers=[]), turn(1, 2)]), 1),
    ("partial_times", dialogue(title_id=None), 1),
    ("partial_times", dialogue(start_ms=None), 1),
    ("partial_times", dialogue([turn(0, 1), turn(1, None)]), 1),
    ("partial_times", {**SCRIPT, "end_ms": 3}, 1),
    ("partial_times", {**SCRIPT, "turns": [{"speakers": ["x"], "start_ms": 3}]}, 1),
    ("score_range", dialogue(emotion_intensity=0.5, emotion_volatility=10.5), 2),
    ("score_range", dialogue(emotion_intensity=float("nan")), 1),
    ("score_range", dialogue([turn(0, 1, confidence=-0.1), turn(1, 2, emotion_intensity=11)]), 2),
    ("score_range", dialogue(speaker_styles=[{"speaker_id": "x", "emotion_volatility": 0}]), 1),
    ("score_range", dialogue([turn(0, 1, keyframe={"faces": [{"score": 1.5}]})]), 1),
    ("score_range", dialogue(scores=[{"dimension": "d", "value": 6, "scale": [1, 5]}]), 1),
    ("unknown_category", dialogue(relationship={"category": "friends"}), 1),
    ("unknown_category", dialogue(interaction={"pairs": [{"a": "x", "b": "y", "category": "Friends"}]}), 1),
]


@pytest.mark.parametrize("row", CLEAN)
def test_clean_rows(row: dict[str, Any]) -> None:
    assert check_table(batch(row)) == {}


@pytest.mark.parametrize(("code", "row", "count"), BROKEN)
def test_broken_rows_among_clean_ones(code: str, row: dict[str, Any], count: int) -> None:
    rows = [{**r, "dialogue_id": str(i)} for i, r in enumerate([dialogue(), row, SCRIPT, dialogue()])]
    assert check_table(batch(*rows)) == {code: count}
    assert code in INVARIANTS


def test_every_invariant_is_tried() -> None:
    assert {code for code, _, _ in BROKEN} | {"duplicate_dialogue_id"} == set(INVARIANTS)
    assert sorted(INVARIANTS) == list(INVARIANTS)


def test_duplicates_across_batches() -> None:
    one, two = (
        batch(dialogue(), SCRIPT),
        batch(SCRIPT, dialogue(dialogue_id="b"), dialogue(dialogue_id="b")),
    )
    seen = SeenIds()
    assert check_table(one, seen=seen) == {}
    assert check_table(two, seen=seen) == {"duplicate_dialogue_id": 2}
    assert check_table(pa.Table.from_batches([one, two])) == {"duplicate_dialogue_id": 2}
    assert check_table(two.slice(0, 2)) == {}


def test_unknown_vocabulary() -> None:
    with pytest.raises(UsageError):
        check_table(batch(dialogue()), vocab="paper-16")


def test_empty_batch() -> None:
    assert check_table(batch(dialogue()).slice(0, 0)) == {}


def test_leaves_follow_slices_and_nulls() -> None:
    leaves = Leaves(batch(dialogue(), SCRIPT, dialogue([turn(5, 9, keyframe={"t_ms": 7})])).slice(1))
    assert leaves.n_turns.tolist() == [1, 1]
    assert leaves.turn_row.tolist() == [0, 1]
    assert leaves.at("turns[].keyframe.t_ms").values.to_pylist() == [None, 7]
    faces = leaves.at("turns[].keyframe.faces[].score")
    assert len(faces.values) == len(faces.rows) == 0
    start, end, known = leaves.spans
    assert known.tolist() == [False, True]
    assert (start[1], end[1]) == (5, 9)


def test_spans_fall_back_on_the_row() -> None:
    untimed = dialogue([turn(None, None)])
    start, end, known = Leaves(batch(untimed, dialogue([turn(30, 20), turn(-5, 7)]))).spans
    assert np.all(known)
    assert (start.tolist(), end.tolist()) == ([0, -5], [100, 20])
