"""Leaving out rows by what was measured, and counting them."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from mmdia.errors import UsageError
from mmdia.train import DialogueCollator, SoundFilter, quality_of
from tests.train.test_collate import clip, collator, make_row, turn

__all__ = ["clip"]


def row(score: float | None, **quality: float) -> dict[str, Any]:
    values = [{"name": name, "value": value} for name, value in quality.items()]
    speech = None if score is None else {"score": score, "n_words": 3, "engine": "ear"}
    return {"dialogue_id": "d", "audio": {"path": "x"}, "quality": values or None, "speech": speech}


def test_bounds_hold_on_both_sides() -> None:
    want = SoundFilter(min_quality={"snr_db": 10}, max_quality={"clipped": 0.01}, min_speech=0.5)
    assert want(row(0.5, snr_db=10, clipped=0.01))
    assert want.why_not(row(0.49, snr_db=10, clipped=0)) == "speech"
    assert want.why_not(row(1.0, snr_db=9.9, clipped=0)) == "snr_db"
    assert want.why_not(row(1.0, snr_db=99, clipped=0.02)) == "clipped"
    both = SoundFilter(min_quality={"lufs": -30}, max_quality={"lufs": -16})
    assert [both(row(None, lufs=v)) for v in (-31, -30, -20, -16, -15)] == [False, True, True, True, False]


def test_what_was_not_measured_is_decided_by_the_user() -> None:
    for want in ({"min_speech": 0.5}, {"min_quality": {"snr_db": 1}}):
        with pytest.raises(UsageError, match="was not measured"):
            SoundFilter(**want)(row(None))
        assert SoundFilter(**want, unmeasured="keep")(row(None))
        assert SoundFilter(**want, unmeasured="drop").why_not(row(None)) == "unmeasured"
    # Kept for want of one measurement, left out by another.
    mixed = SoundFilter(min_speech=0.5, min_quality={"snr_db": 10}, unmeasured="keep")
    assert mixed.why_not(row(None, snr_db=1)) == "snr_db"


def test_rows_without_a_clip_are_another_question() -> None:
    assert SoundFilter(min_speech=0.9)({"dialogue_id": "d", "audio": None})
    assert SoundFilter()({"dialogue_id": "d"})


def test_values_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(UsageError, match="unmeasured"):
        SoundFilter(unmeasured="maybe")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="share"):
        DialogueCollator(min_speech=50)


def test_quality_reads_both_forms() -> None:
    assert quality_of(row(None, snr_db=3.0)) == {"snr_db": 3.0}
    assert quality_of({"quality": {"snr_db": 3.0}}) == {"snr_db": 3.0}
    assert quality_of({}) == {}


def test_the_collator_counts_what_it_leaves_out(clip: str) -> None:
    def made(name: str, score: float, snr: float, audio: str | None = clip) -> dict[str, Any]:
        return make_row(name, [turn(0, 1, "a")], audio) | row(score, snr_db=snr) | {
            "dialogue_id": name, "audio": audio and {"bytes": None, "path": audio}
        }  # fmt: skip

    rows = [
        made("a", 1.0, 20),
        made("b", 0.1, 20),
        made("c", 1.0, 5),
        made("d", 1.0, 6),
        made("e", 1, 9, None),
    ]
    options = {"min_speech": 0.5, "min_quality": {"snr_db": 10}, "missing": "drop"}
    batch = collator(**options)(rows)
    assert batch["dialogue_id"] == ["a"]
    assert batch["left_out"] == {"no_clip": 1, "snr_db": 2, "speech": 1}
    assert pickle.loads(pickle.dumps(collator(**options)))(rows)["left_out"] == batch["left_out"]
    with pytest.raises(UsageError, match="snr_db 1, speech 1"):
        collator(**options)(rows[1:3])
    assert collator()(rows[:1])["left_out"] == {}
