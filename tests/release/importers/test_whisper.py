"""Whisper and its kin, and Audacity's labels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
SEGMENT: dict[str, Any] = {
    "id": 0, "seek": 0, "start": 0.0, "end": 3.28, "text": " Good morning.", "tokens": [1, 2],
    "temperature": 0.0,
    "avg_logprob": -0.25, "compression_ratio": 1.2, "no_speech_prob": float("nan"),
    "words": [
        {"word": " Good", "start": 0.1, "end": 0.3005, "probability": 0.9},
        {"word": " morning.", "start": 0.31, "end": 0.9, "probability": 0.8},
    ],
}  # fmt: skip
WHISPER = {"text": " Good morning.", "segments": [SEGMENT], "language": "en"}


def turns(got: Imported, name: str = "talk_dia_001") -> list[tuple[Any, ...]]:
    return [(t.start_ms, t.end_ms, t.speakers, t.text) for t in got.dialogues[name].turns]


def extra(got: Imported, index: int = 0, name: str = "talk_dia_001") -> dict[str, Any]:
    found = json.loads(got.dialogues[name].turns[index].extra or "{}")
    assert isinstance(found, dict)
    return found


def test_words_keep_their_times(put: Put, take: Take) -> None:
    put("talk.json", json.dumps(WHISPER))
    got = take("auto")
    assert turns(got) == [(0, 3280, (), "Good morning.")]
    assert got.titles["talk"].language == "en"
    kept = extra(got)
    assert kept["words"][0] == {"text": "Good", "start_ms": 100, "end_ms": 301, "probability": 0.9}
    assert kept["avg_logprob"] == -0.25
    assert not {"tokens", "seek", "no_speech_prob"} & set(kept)


def test_withheld_text_takes_its_words_along(put: Put, take: Take) -> None:
    chars = [{"char": "G", "start": 0.1}]
    put("talk.json", json.dumps({"segments": [{**SEGMENT, "chars": chars}], "language": "en"}))
    got = take("auto", withhold_text=True)
    row = got.dialogues["talk_dia_001"].to_json()
    assert "Good" not in row
    assert "morning" not in row
    assert extra(got)["words"][0] == {"start_ms": 100, "end_ms": 301, "probability": 0.9}
    assert extra(got)["chars"] == [{"start": 0.1}]


def test_whisperx_names_speakers_and_leaves_numbers_without_times(put: Put, take: Take) -> None:
    words = [
        {"word": "In", "start": 1.0, "end": 1.2, "score": 0.5, "speaker": "SPEAKER_01"},
        {"word": "2014."},
    ]
    segments = [{"start": 1.0, "end": 2.0, "text": " In 2014.", "words": words, "speaker": "SPEAKER_01"}]
    put("talk.json", json.dumps({"segments": segments, "word_segments": words}))
    got = take("whisper")
    assert turns(got) == [(1000, 2000, ("SPEAKER_01",), "In 2014.")]
    assert extra(got)["words"][1] == {"text": "2014."}
    assert extra(got)["words"][0]["speaker"] == "SPEAKER_01"


@pytest.mark.parametrize(
    "document",
    [
        [SEGMENT],
        {"segments": [SEGMENT], "info": {"language": "en"}},
        {"chunks": [{"timestamp": [0.0, 3.28], "text": " Good morning."}]},
        {"transcription": [{"offsets": {"from": 0, "to": 3280}, "text": " Good morning."}]},
        {"segments": [{**SEGMENT, "words": None}], "words": [{"word": "Good", "start": 0, "end": 1}]},
    ],
)
def test_kin_of_whisper_are_read(put: Put, take: Take, document: object) -> None:
    put("talk.json", json.dumps(document))
    assert turns(take("auto")) == [(0, 3280, (), "Good morning.")]


def test_tsv_keeps_quotes_and_yields_to_json(put: Put, take: Take) -> None:
    put("other.tsv", 'start\tend\ttext\n0\t1500\t"Hi" he said\n1500\tx\tno\n7\n')
    put("talk.json", json.dumps(WHISPER))
    put("talk.tsv", "start\tend\ttext\n0\t3280\tGood morning.\n")
    got = take("auto")
    assert turns(got, "other_dia_001") == [(0, 1500, (), '"Hi" he said')]
    assert got.lost == {"other_copy": 1, "bad_time": 1, "broken_row": 1}


def test_what_is_broken_is_counted_and_named(put: Put, take: Take) -> None:
    put("talk.json", json.dumps({"segments": [SEGMENT, 7, {"text": "x", "start": None, "end": 1}]}))
    put("half.json", '{"segments": [\n{"start": 0')
    got = take("whisper")
    assert got.lost == {"bad_time": 1, "broken_row": 2}
    assert "half.json: not JSON" in str(got.report.lost["broken_row"].examples)
    assert "line 2" in str(got.report.lost["broken_row"].examples)


def test_audacity(put: Put, take: Take) -> None:
    put("talk.txt", "0.500000\t1.250000\tHello\n\\\t100.5\t2000\n2,0\t2,0\tclick\n3\tx\tno\n\\\t1\t2\n4\n")
    got = take("auto")
    assert turns(got) == [(500, 1250, (), "Hello"), (2000, 2000, (), "click")]
    assert extra(got) == {"low_hz": "100.5", "high_hz": "2000"}
    assert got.lost == {"bad_time": 2, "broken_row": 1}
