"""lhotse's supervisions and cuts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]


def supervision(start: float, text: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"s{start}", "recording_id": "rec", "start": start, "duration": 0.7005,
        "channel": 0, "text": text,
        "speaker": "ann", **more,
    }  # fmt: skip


WORDS = [["hello", 0.2, 0.3, 0.5], ["there", 0.5, 0.4]]
CUT = {
    "id": "cut-1", "start": 10.1, "duration": 5.0, "channel": [0, 1], "type": "MultiCut",
    "custom": {"snr": 3},
    "recording": {"id": "rec", "sources": [], "sampling_rate": 16000, "num_samples": 1, "duration": 60.0},
    "supervisions": [
        supervision(0.2, "hello there", gender="F", alignment={"word": WORDS}),
        supervision(2.0, "bye", custom={"mood": "joy"}, channel=[0, 1]),
    ],
}  # fmt: skip
MIXED = {
    "id": "mix-1", "type": "MixedCut",
    "tracks": [
        {"cut": {**CUT, "id": "a"}, "offset": 0.0, "type": "MonoCut"},
        {"cut": {"id": "pad", "duration": 9.0, "sampling_rate": 16000, "type": "PaddingCut"}, "offset": 0},
        {"cut": {**CUT, "id": "b", "supervisions": [supervision(1.0, "late")]}, "offset": 4.25, "snr": 5},
    ],
}  # fmt: skip


def lines(*rows: object) -> bytes:
    return gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode())


def test_a_cut_is_a_dialogue_on_the_recordings_clock(put: Put, take: Take) -> None:
    put("cuts.jsonl.gz", lines(CUT))
    got = take("auto")
    found = got.dialogues["cut-1"]
    assert (found.title_id, found.start_ms, found.end_ms) == ("rec", 10_100, 15_100)
    assert [(t.start_ms, t.end_ms, t.text) for t in found.turns] == [
        (10_300, 11_001, "hello there"),
        (12_100, 12_801, "bye"),
    ]
    assert json.loads(found.extra or "") == {"channel": [0, 1], "custom": {"snr": 3}}
    words = json.loads(found.turns[0].extra or "")["words"]
    assert words[0] == {"text": "hello", "start_ms": 10_300, "end_ms": 10_600, "score": 0.5}
    assert json.loads(found.turns[1].extra or "")["custom"] == {"mood": "joy"}
    assert found.speakers[0].gender == "female"
    assert (got.report.rows_read, got.lost) == (2, {})


def test_a_mixed_cut_has_a_clock_of_its_own(put: Put, take: Take) -> None:
    put("cuts.json", json.dumps([MIXED]))
    found = take("auto").dialogues["mix-1"]
    assert (found.title_id, found.start_ms, found.end_ms) == ("mix-1", 0, 9_250)
    assert [t.start_ms for t in found.turns] == [200, 2_000, 5_250]


def test_recordings_say_how_long_a_title_is(put: Put, take: Take) -> None:
    put("recordings.jsonl.gz", lines({"id": "rec", "sources": [], "duration": 61.5, "sampling_rate": 1}))
    put("supervisions.jsonl.gz", lines(supervision(0, "x")))
    got = take("auto")
    assert (got.titles["rec"].duration_ms, got.lost) == (61_500, {})


def test_supervisions_alone_are_cut_by_pauses(put: Put, take: Take) -> None:
    put("sups.jsonl", "\n".join(json.dumps(supervision(t, "x", gender="male")) for t in (0, 1, 30)))
    got = take("lhotse", max_gap_s=5.0)
    assert [len(d.turns) for d in got.dialogues.values()] == [2, 1]
    assert got.dialogues["rec_dia_001"].speakers[0].gender == "male"


def test_what_cannot_be_kept_is_counted(put: Put, take: Take) -> None:
    put(
        "cuts.jsonl.gz",
        lines(
            CUT, CUT, {**CUT, "id": "empty", "supervisions": []}, {**CUT, "id": "x", "supervisions": [7]},
            {**CUT, "id": "y", "start": None}, {"id": "f", "storage": 1},
        ),
    )  # fmt: skip
    put(
        "torn.jsonl.gz",
        lines(*[{**CUT, "id": f"t{k}", "custom": {"k": str(k) * k}} for k in range(90)])[:-60],
    )
    got = take("lhotse")
    assert got.lost["duplicate_row"] == 2
    assert got.lost["missing_field"] == 2
    assert got.lost["other_row"] == 1
    assert got.lost["broken_row"] >= 2
    assert "torn.jsonl.gz:" in str(got.report.lost["broken_row"].examples)
    assert got.dialogues["empty"].turns == ()


def test_times_are_those_of_lhotse_itself(put: Put, take: Take) -> None:
    lhotse = pytest.importorskip("lhotse")
    path = put(
        "cuts.jsonl.gz",
        lines({k: v for k, v in CUT.items() if k != "recording"} | {"type": "MonoCut", "channel": 0}),
    )
    wanted = [
        (round((cut.start + s.start) * 1000), s.text)
        for cut in lhotse.CutSet.from_file(path)
        for s in cut.supervisions
    ]
    assert [(t.start_ms, t.text) for t in take("lhotse").dialogues["cut-1"].turns] == wanted
