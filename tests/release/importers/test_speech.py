"""RTTM, STM, CTM, SegLST and UEM."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mmdia.schema.release import Scene

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
RTTM = (
    ";; a comment\n"
    "SPKR-INFO call 1 <NA> <NA> <NA> adult_female MÉO069 <NA> <NA>\n"
    "SPEAKER call 1 3.168 0.800 <NA> <NA> MÉO069 <NA> <NA>\n"
    "SPEAKER call 1 0.5 1.0005 <NA> <NA> MEE068 0.75 <NA>\n"
    "SPEAKER call 1 30.0 2 <NA> <NA> <NA> <NA>\n"
    "NON-SPEECH call 1 5 1 <NA> noise <NA> <NA>\n"
    "SPEAKER call 1 x 2 <NA> <NA> A <NA>\n"
    "SPEAKER call\n"
)


def spans(got: Imported, dialogue_id: str) -> list[tuple[int | None, int | None, tuple[str, ...]]]:
    return [(t.start_ms, t.end_ms, t.speakers) for t in got.dialogues[dialogue_id].turns]


def test_rttm(put: Put, take: Take) -> None:
    put("call.rttm", RTTM)
    got = take("auto", max_gap_s=10.0)
    assert spans(got, "call_dia_001") == [(500, 1501, ("MEE068",)), (3168, 3968, ("MÉO069",))]
    assert spans(got, "call_dia_002") == [(30000, 32000, ())]
    assert got.lost == {"bad_time": 1, "broken_row": 1, "other_row": 1}
    assert got.report.rows_read == 7
    assert {s.speaker_id: s.gender for s in got.dialogues["call_dia_001"].speakers}["MÉO069"] == "female"
    assert got.dialogues["call_dia_001"].turns[0].confidence == 0.75
    assert got.dialogues["call_dia_001"].turns[0].text is None


def test_regions(put: Put, take: Take) -> None:
    put("call.rttm", RTTM)
    put("all.uem", "call NA 0.000 3.5\nother NA 0 10\nbroken\n")
    got = take("rttm")
    assert spans(got, "call_dia_001") == [(500, 1501, ("MEE068",)), (3168, 3500, ("MÉO069",))]
    assert got.lost["outside_regions"] == 1
    assert got.lost["broken_row"] == 2
    assert got.notes["clipped"] == 1


def test_scenes_cut_dialogues(put: Put, take: Take) -> None:
    put("call.rttm", RTTM)
    scenes = (
        Scene(title_id="call", scene_id="one", start_ms=0, end_ms=3000),
        Scene(title_id="call", scene_id="two", start_ms=3000, end_ms=20000),
        Scene(title_id="elsewhere", scene_id="x", start_ms=0, end_ms=1),
    )
    got = take("rttm", scenes=scenes)
    assert [d.scene_id for d in got.dialogues.values()] == ["one", "two", None]
    assert {s.scene_id for s in got.scenes} == {"one", "two"}
    assert got.notes["no_title"] == 1


def test_stm(put: Put, take: Take) -> None:
    put(
        "t.stm",
        ";; CATEGORY\n"
        "rec 1 ann 0 1.25 <o,f0,female> hello there\n"
        "rec 1 bo 1.0 2\n"
        "rec 1 inter_segment_gap 2 3 <o,,> IGNORE_TIME_SEGMENT_IN_SCORING\n"
        "rec 1 bo two 3 no\n",
    )
    got = take("auto")
    assert [(t.text, t.speakers) for t in got.dialogues["rec_dia_001"].turns] == [
        ("hello there", ("ann",)),
        ("", ("bo",)),
    ]
    assert got.lost == {"bad_time": 1, "ignored_segment": 1}


def test_words_become_turns(put: Put, take: Take) -> None:
    put(
        "t.ctm",
        "rec A 0.0 0.5 good 0.9\nrec A 0.6 0.4 morning 0.9\nrec A 5.0 0.5 again 0.9\n"
        "rec B 1.2 0.5 hello\n"
        "rec A * * <ALT_BEGIN>\nrec A 7 .5 one\nrec A * * <ALT>\nrec A 7 .5 won\nrec A * * <ALT_END>\n"
        "rec A 9 x bad\n",
    )
    got = take("auto", word_gap_s=1.0)
    turns = got.dialogues["rec_dia_001"].turns
    assert [(t.start_ms, t.end_ms, t.speakers, t.text) for t in turns] == [
        (0, 1000, ("A",), "good morning"),
        (1200, 1700, ("B",), "hello"),
        (5000, 5500, ("A",), "again"),
        (7000, 7500, ("A",), "one"),
    ]
    assert got.lost == {"other_row": 3, "alternative_word": 1, "bad_time": 1}
    assert got.report.rows_imported == 5


def test_files_of_one_recording_are_speakers(put: Put, take: Take) -> None:
    put("ann.ctm", "rec 1 0 1 hi 1 lex\nrec 1 9 1 out 1 lex\n")
    put("bo.ctm", "rec 1 1 1 yo 1 lex cy\n")
    put("rec.uem", "rec 1 0 5\n")
    got = take("ctm")
    assert [t.speakers for t in got.dialogues["rec_dia_001"].turns] == [("ann",), ("cy",)]
    assert got.lost == {"outside_regions": 1}
    assert got.report.complete


def test_seglst(put: Put, take: Take) -> None:
    rows = [
        {"session_id": "s", "speaker": "a", "words": "x y", "start_time": "0", "end_time": 1.5},
        {"session_id": "s", "speaker": "b", "start_time": 1, "end_time": None},
        {"speaker": "b", "start_time": 1, "end_time": 2},
        7,
    ]
    put("r.json", json.dumps(rows))
    got = take("auto")
    assert got.report.format == "seglst"
    assert got.dialogues["s_dia_001"].turns[0].n_words == 2
    assert got.lost == {"bad_time": 1, "broken_row": 1, "missing_field": 1}


def test_the_same_segment_twice_is_counted(put: Put, take: Take) -> None:
    put("a.rttm", "SPEAKER r 1 0 1 <NA> <NA> A <NA>\n")
    put("b.rttm", "SPEAKER r 1 0 1 <NA> <NA> A <NA>\n")
    assert take("rttm").lost == {"duplicate_row": 1}


@pytest.mark.parametrize("name", ["ami_rttm", "voxconverse"])
def test_public_files(shared_data: Path, take: Take, name: str) -> None:
    folder = shared_data / "metrics" / name
    if not folder.is_dir():
        pytest.skip(f"nothing at {folder}")
    lines = [x for p in folder.glob("*.rttm") for x in p.read_text("utf-8").splitlines() if x.strip()]
    got = take("auto", folder, max_gap_s=5.0)
    assert got.report.turns == len(lines)
    assert got.report.rows_lost == 0


@pytest.mark.parametrize(
    ("line", "recording", "speaker"),
    [
        ("SPEAKER my film 1 0.000 1.000 <NA> <NA> A <NA> <NA>", "my film", "A"),
        ("SPEAKER The 39 (1935).mkv 1 0 1 <NA> <NA> Old man <NA> <NA>", "The 39 (1935).mkv", "Old man"),
        ("SPEAKER film 1 0 1 <NA> <NA> Old man 0.5 <NA>", "film", "Old man"),
        ("SPEAKER my film 1 0 1 <NA> <NA> A", "my film", "A"),
    ],
)  # fmt: skip
def test_rttm_names_with_spaces(put: Put, take: Take, line: str, recording: str, speaker: str) -> None:
    put("a.rttm", f"{line}\nSPEAKER film 1 0 1 spoken here as well A <NA> <NA>\n")
    put("a.uem", f"{recording} 1 0 5\nfilm 1 0 5\n")
    got = take("rttm")
    assert spans(got, f"{recording}_dia_001") == [(0, 1000, (speaker,))]
    assert got.lost == {"broken_row": 1}


def test_seglst_words_and_times_as_lists_or_none(put: Put, take: Take) -> None:
    rows: list[dict[str, object]] = [
        {"speaker": "a", "words": ["a", "b"], "odd": 1, "start_time": [0.5, 1], "end_time": [1, 1.5]},
        {"speaker": "b", "words": "no time"},
        {"speaker": "a", "words": "sooner", "start_time": "0", "end_time": "0.25"},
        {"speaker": "a", "words": [{"word": "a"}], "start_time": 2, "end_time": 3},
        {"speaker": "a", "words": "x", "start_time": True, "end_time": 3},
    ]
    put("a.json", json.dumps([{"session_id": "s", **row} for row in rows]))
    got = take("auto")
    turns = got.dialogues["s_dia_001"].turns
    assert [(t.start_ms, t.end_ms, t.text) for t in turns] == [
        (0, 250, "sooner"),
        (500, 1500, "a b"),
        (None, None, "no time"),
    ]
    assert got.lost == {"broken_row": 1, "bad_time": 1}
    assert got.notes["no_times"] == 1
    assert [t.extra for t in turns] == [None, '{"odd": 1}', None]


def test_without_times_a_pause_still_ends_a_dialogue(put: Put, take: Take) -> None:
    texts = [("one", 0, 1), ("two", None, None), ("three", 60, 61), ("four", None, None)]
    names = ("words", "start_time", "end_time", "session_id", "speaker")
    rows = [dict(zip(names, (*row, "s", "a"), strict=True)) for row in texts]
    put("a.json", json.dumps(rows))
    got = take("seglst", max_gap_s=10.0)
    assert [[t.text for t in d.turns] for d in got.dialogues.values()] == [
        ["one", "two"],
        ["three", "four"],
    ]
