"""M3ED (times count frames) and MovieBench (times in names of files)."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import UsageError

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
FPS = Fraction(25)


def line(start: str, end: str, text: str, speaker: str) -> dict[str, Any]:
    emotion = {"EmoAnnotator1": "Happy", "final_mul_emo": "Happy,Sad", "final_main_emo": "Happy"}
    return {"StartTime": start, "EndTime": end, "Text": text, "Speaker": speaker, "EmoAnnotation": emotion}


def clip(lines: dict[str, Any]) -> dict[str, Any]:
    people = {
        "A": {"Name": "王一", "Age": "mid", "Gender": "female", "OtherName": []},
        "B": {"Name": "李二", "Age": "young", "Gender": "male", "OtherName": []},
    }
    return {"SpeakerInfo": people, "Dialog": lines}


ANNOTATION = {
    "show": {
        "show_1": clip(
            {
                "show_1_1": line("00:00:00:01", "00:00:01:03", "你好", "A"),
                "show_1_10": line("00:00:05:00", "00:00:06:00", "再见", "A"),
                "show_1_2": line("00:00:02:00", "00:00:03:24", "你好 啊", "B"),
                "show_1_11": line("00:00:06:00", "00:00:07:30", "?", "B"),
            }
        ),
        "show_2": clip({"show_2_1": line("00:10:00:00", "00:10:02:00", "早", "B")}),
        "show_3": {"SpeakerInfo": {}},
    }
}
CLIPS = {
    "show": {
        "show_1": {"episode": 2, "start_time": "00:23:48:04", "end_time": "00:24:15:08"},
        "show_2": {"episode": 2, "start_time": "00:09:59:00", "end_time": "00:10:10:00"},
        "show_9": {"episode": 5, "start_time": "00:31:55:142", "end_time": "00:32:32:09"},
    }
}


def test_m3ed_needs_the_frame_rate(put: Put, take: Take) -> None:
    put("annotation.json", json.dumps(ANNOTATION))
    with pytest.raises(UsageError, match="--fps"):
        take("auto")


def test_m3ed_on_the_clock_of_its_clips(put: Put, take: Take) -> None:
    put("annotation.json", json.dumps(ANNOTATION))
    got = take("auto", fps=FPS)
    turns = got.dialogues["show_1"].turns
    assert [(t.start_ms, t.end_ms, t.speakers) for t in turns] == [
        (40, 1120, ("王一",)),
        (2000, 3960, ("李二",)),
        (5000, 6000, ("王一",)),
    ]
    assert (got.dialogues["show_1"].title_id, got.titles["show_1"].fps) == ("show_1", "25/1")
    assert [(s.name, s.gender, s.age_group) for s in got.dialogues["show_1"].speakers] == [
        ("王一", "female", "mid"),
        ("李二", "male", "young"),
    ]
    assert turns[0].emotion == "Happy"
    assert '"final_mul_emo": "Happy,Sad"' in (turns[0].extra or "")
    assert got.lost == {"bad_time": 1, "broken_row": 1}


def test_m3ed_on_the_clock_of_its_episodes(put: Put, take: Take) -> None:
    put("annotation.json", json.dumps(ANNOTATION))
    put("relation.json", json.dumps(CLIPS))
    put("movie_list_val.txt", "show\n")
    got = take("m3ed", fps=FPS)
    base = (23 * 60 + 48) * 1000 + 160
    assert [t.start_ms for t in got.dialogues["show_1"].turns] == [base + 40, base + 2000, base + 5000]
    # These lie within the clip's window already, so they are times of the episode.
    assert [t.start_ms for t in got.dialogues["show_2"].turns] == [600_000]
    assert {d.title_id for d in got.dialogues.values()} == {"m3ed_show_e02"}
    assert got.titles["m3ed_show_e02"].episode == 2
    assert got.dialogues["show_1"].split == "validation"


def test_m3ed_clips_alone(put: Put, take: Take) -> None:
    put("relation.json", json.dumps(CLIPS))
    got = take("auto", fps=FPS)
    assert got.dialogues["show_1"].turns == ()
    assert got.dialogues["show_1"].end_ms == (24 * 60 + 15) * 1000 + 320
    assert got.lost == {"bad_time": 1}


def test_series_may_have_rates_of_their_own(put: Put, take: Take) -> None:
    put(
        "relation.json",
        json.dumps(
            {
                "other": {
                    "other_1": {"episode": 1, "start_time": "00:00:01:30", "end_time": "00:00:02:59"}
                },
                **CLIPS,
            }
        ),
    )
    assert take("m3ed", fps=FPS).notes["other_rate"] == 3
    got = take("m3ed", fps=FPS, fps_of=(("other", Fraction(60)),))
    assert (got.dialogues["other_1"].start_ms, got.dialogues["other_1"].end_ms) == (1500, 2983)
    assert (got.titles["m3ed_other_e01"].fps, got.titles["m3ed_show_e02"].fps) == ("60/1", "25/1")
    assert got.notes["other_rate"] == 1


def test_moviebench(put: Put, take: Take) -> None:
    shot = {
        "Characters": {"Ann": "wears red"},
        "Style Elements": ["dark"],
        "Plot": "Ann waits.",
        "Camera Motion": "still",
    }
    put("1004_Some_Film_00.01.43.655-00.01.47.807.json", json.dumps(shot))
    put("1004_Some_Film_00.01.77.655-00.01.47.807.json", json.dumps(shot))
    put("0002_Other_01.00.00.000-01.00.02.500.json", "{")
    put("0003_Third_01.00.00.000-01.00.02.500.json", json.dumps(shot))
    put("data_split.json", json.dumps({"Train": ["0003_Third"], "Test": ["1004_Some_Film"]}))
    put("mad2imdb.json", json.dumps({"1004_Some_Film": "tt0000042"}))
    got = take("auto", name_map=(("0003_Third", "tt0000077"),))
    found = got.dialogues["1004_Some_Film_00.01.43.655-00.01.47.807"]
    assert (found.start_ms, found.end_ms, found.title_id, found.split) == (
        103655,
        107807,
        "tt0000042",
        "test",
    )
    assert (found.summary, [s.name for s in found.speakers]) == ("Ann waits.", ["Ann"])
    assert json.loads(found.extra or "")["characters"] == {"Ann": "wears red"}
    assert (got.titles["tt0000042"].name, got.titles["tt0000042"].imdb_id) == ("Some Film", "tt0000042")
    assert got.titles["tt0000077"].name == "Third"
    assert got.lost == {"bad_time": 1, "broken_row": 1}
