"""Label Studio's tasks."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]


def result(
    name: str, kind: str, span: tuple[float, float] | None = (1.0, 2.5), **value: Any
) -> dict[str, Any]:
    times = {} if span is None else {"start": span[0], "end": span[1], "channel": 0}
    return {
        "id": name, "type": kind, "from_name": f"my_{kind}", "to_name": "audio", "original_length": 9.0,
        "value": {**times, **value},
    }  # fmt: skip


REGION = [
    result("a", "labels", labels=["Ann", "loud"]),
    result("a", "textarea", text=["Hello", "there"]),
    result("a", "choices", choices=["joy"]),
    result("b", "labels", (0.5, 0.75), labels=["Bo"]),
]
AUDIO = {"audio": "https://host/data/upload/1/ab-My%20talk.wav?x=1"}


def turns(got: Imported, name: str) -> list[tuple[Any, ...]]:
    return [(t.start_ms, t.end_ms, t.speakers, t.text) for t in got.dialogues[f"{name}_dia_001"].turns]


def test_results_of_a_region_are_one_turn(put: Put, take: Take) -> None:
    task = {
        "id": 1, "data": AUDIO,
        "annotations": [
            {"id": 4, "was_cancelled": True, "result": REGION[:1]},
            {"id": 5, "result": REGION[:2]},
            {"id": 6, "ground_truth": True, "result": [*REGION, {"type": "relation", "from_id": "a"}]},
        ],
        "predictions": [{"id": 7, "result": REGION[:1]}],
    }  # fmt: skip
    put("export.json", json.dumps([task, 3, {"id": 2, "data": {"text": "none"}, "annotations": []}]))
    got = take("auto")
    assert turns(got, "ab-My talk") == [(500, 750, ("Bo",), None), (1000, 2500, ("Ann",), "Hello there")]
    assert json.loads(got.dialogues["ab-My talk_dia_001"].turns[1].extra or "") == {
        "labels": ["loud"],
        "my_choices": ["joy"],
    }
    assert got.lost == {"other_annotation": 4, "other_row": 1, "broken_row": 1, "missing_field": 1}


def test_json_min(put: Put, take: Take) -> None:
    span = {"start": 1.0, "end": 2.5, "channel": 0}
    task = {
        "audio": "/data/local-files/?d=talks/talk.mp3", "id": 1, "annotation_id": 3,
        "label": [{**span, "labels": ["Ann"]}, {"start": 3, "end": 4, "labels": ["Bo"]}],
        "transcription": {**span, "text": ["Hello"]}, "mood": "calm",
    }  # fmt: skip
    put("min.json", json.dumps([task]))
    got = take("auto")
    assert turns(got, "talk") == [(1000, 2500, ("Ann",), "Hello"), (3000, 4000, ("Bo",), None)]
    assert json.loads(got.dialogues["talk_dia_001"].turns[0].extra or "")["task"]["mood"] == "calm"


def test_text_of_the_whole_sound_has_no_times(put: Put, take: Take) -> None:
    whole = [result("x", "textarea", None, text=["All that was said"])]
    put("one.json", json.dumps({"id": 9, "result": whole, "task": {"id": 1, "data": {"url": "clip.mp4"}}}))
    assert turns(take("auto"), "clip") == [(None, None, (), "All that was said")]


def test_frames_of_video_need_their_rate(put: Put, take: Take) -> None:
    row = {
        "id": "f",
        "type": "timelinelabels",
        "from_name": "t",
        "value": {"ranges": [{"start": 26, "end": 50}]},
    }
    row["value"] |= {"timelinelabels": ["Ann"]}
    both = [*REGION, row]
    put("video.json", json.dumps([{"data": {"video": "film.mp4"}, "annotations": [{"result": both}]}]))
    assert take("labelstudio").lost == {"bad_time": 1}
    assert turns(take("labelstudio", fps=Fraction(25)), "film")[1] == (1000, 2000, ("Ann",), None)
