"""Public sets without times, and sets of moments without turns."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
CPED = (
    "TV_ID,Dialogue_ID,Utterance_ID,Speaker,Gender,Age,Scene,Sentiment,Emotion,DA,Utterance\n"
    "32,32_000,32_000_000,甲,female,young,car,negative,astonished,question,怎么了\n"
    "32,32_000,32_000_001,乙,male,young,car,neutral,neutral,answer,没事\n"
    ",32_001,32_001_000,乙,male,young,car,neutral,neutral,answer,没事\n"
)


def test_cped(put: Put, take: Take) -> None:
    put("valid_split.csv", "\ufeff" + CPED)
    got = take("auto")
    assert got.report.format == "cped"
    found = got.dialogues["cped_32_000"]
    assert (found.title_id, found.start_ms, found.split) == ("cped_32", None, "validation")
    assert [(t.speakers, t.text, t.emotion, t.start_ms) for t in found.turns] == [
        (("甲",), "怎么了", "astonished", None),
        (("乙",), "没事", "neutral", None),
    ]
    assert [(s.gender, s.age_group) for s in found.speakers] == [("female", "young"), ("male", "young")]
    assert json.loads(found.turns[0].extra or "")["DA"] == "question"
    assert got.lost == {"missing_field": 1}


def test_mustard(put: Put, take: Take) -> None:
    row = {
        "utterance": "Sure.", "speaker": "ANN", "context": ["Hi.", "Bye."],
        "context_speakers": ["BO", "CY"],
        "show": "BBT", "sarcasm": True,
    }  # fmt: skip
    put("sarcasm_data.json", json.dumps({"1_60": row, "1_70": {**row, "context_speakers": ["BO"]}, "x": 1}))
    got = take("auto")
    found = got.dialogues["mustard_1_60"]
    assert [(t.speakers, t.text) for t in found.turns] == [
        (("BO",), "Hi."),
        (("CY",), "Bye."),
        (("ANN",), "Sure."),
    ]
    assert (found.title_id, json.loads(found.extra or "")["sarcasm"]) == ("mustard_BBT", True)
    assert len(got.dialogues["mustard_1_70"].turns) == 3
    assert (got.lost, got.notes["disagrees"], got.report.rows_read) == ({"broken_row": 1}, 1, 7)


def test_emotionlines(put: Put, take: Take) -> None:
    line = {"speaker": "Ann", "utterance": "Oh.", "emotion": "surprise", "annotation": "0050000"}
    put("friends_dev.json", json.dumps([[line, {**line, "emotion": ""}], [line, 3], []]))
    got = take("auto")
    assert got.report.format == "emotionlines"
    found = got.dialogues["friends_dev_0001"]
    assert (found.title_id, found.split, found.turns[0].emotion) == (None, "validation", "surprise")
    assert (found.turns[1].emotion, json.loads(found.turns[0].extra or "")) == (
        None,
        {"annotation": "0050000"},
    )
    assert (got.lost, len(got.dialogues)) == ({"broken_row": 1}, 2)


def test_tvr(put: Put, take: Take) -> None:
    row = {
        "vid_name": "friends_s01e03_seg02_clip_19",
        "duration": 61.46,
        "ts": [16.48, 33.87],
        "desc": "Ann waves.",
    }
    rows = [
        {**row, "type": "v", "desc_id": 1},
        {"desc": "Bo sits.", "desc_id": 2},
        {**row, "desc_id": 3, "ts": [1]},
    ]
    put("tvr_val_release.jsonl", "\n".join(map(json.dumps, [*rows, {"desc_id": 4}])))
    got = take("auto")
    found = got.dialogues["tvr_1"]
    assert (found.start_ms, found.end_ms, found.summary, found.turns) == (16_480, 33_870, "Ann waves.", ())
    title = got.titles["friends_s01e03_seg02_clip_19"]
    assert (title.kind, title.episode, title.duration_ms) == ("other", None, 61_460)
    assert (got.dialogues["tvr_2"].title_id, got.dialogues["tvr_2"].summary) == (None, "Bo sits.")
    assert got.lost == {"bad_time": 1, "missing_field": 1}


def test_condensed_movies(put: Put, take: Take) -> None:
    put(
        "clips.csv",
        "videoid,year,clip_idx,title,clip_name,imdbid\nv1,2012.0,6,Film,The End,tt1707386\nv2,,1,F,x,tt1\n",
    )
    put(
        "descriptions.csv",
        "imdbid,videoid,description\ntt1707386,v1,They sing.\ntt1707386,v1,Again.\ntt9,v9,?\n",
    )
    put("durations.csv", "videoid,duration\nv1,83\n")
    put("split.csv", "imdbid,split\ntt1707386,val\n")
    got = take("auto")
    found = got.dialogues["v1_clip"]
    assert (found.title_id, found.start_ms, found.end_ms, found.summary) == ("v1", 0, 83_000, "They sing.")
    assert (found.split, got.titles["v1"].name, got.titles["v1"].imdb_id) == ("validation", "The End", None)
    assert json.loads(got.titles["v1"].extra or "")["imdbid"] == "tt1707386"
    assert got.dialogues["v2_clip"].start_ms is None
    assert (got.lost, got.report.rows_read) == ({"duplicate_row": 1, "no_title": 1}, 7)
