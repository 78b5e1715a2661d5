"""MELD and EmoryNLP: files as their makers give them, and as we hold them without text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmdia.release.validate import validate

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
HEAD = (
    "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
)
#: Signs of Windows that became control characters, as in the files of MELD's repository.
ROWS = (
    '1,"You\x92re late, again.",Ann,anger,negative,0,0,8,21,"00:16:16,059","00:16:21,731"\n'
    '2,It\x92s \x93early\x94.,The Guard,neutral,neutral,0,2,8,21,"0:16:21,940","0:16:23,442"\n'
    '3,Hello!,All,joy,positive,1,0,8,22,"00:00:01,000","00:00:02,000"\n'
)
EMORY = (
    "Utterance,Speaker,Emotion,Scene_ID,Utterance_ID,Season,Episode,Start_Time,End_Time\n"
    "Morning.,['Ann Lee'],Neutral,1,1,1,15,00:00:03.795,00:00:05.004\n"
    "\"Good, and you?\",\"['Bo', 'Cy Dee']\",Joyful,1,2,1,15,00:00:05.171,00:00:07.423\n"
    "Fine.,['Ann Lee'],Peaceful,1,1,1,16,00:00:09.000,00:00:10.000\n"
)


def test_meld_as_it_is_given(put: Put, take: Take) -> None:
    put("train_sent_emo.csv", HEAD + ROWS)
    put("dev_sent_emo.csv", HEAD + ROWS.splitlines(keepends=True)[2])
    got = take("auto")
    assert got.report.format == "meld"
    assert set(got.dialogues) == {"meld_train_0", "meld_train_1", "meld_dev_1"}
    first = got.dialogues["meld_train_0"]
    assert [turn.text for turn in first.turns] == ["You’re late, again.", "It’s “early”."]
    assert (first.turns[0].start_ms, first.turns[1].end_ms) == (976059, 983442)
    assert (first.turns[0].emotion, first.turns[0].sentiment, first.turns[0].n_words) == (
        "anger",
        "negative",
        3,
    )
    assert (first.title_id, first.split) == ("friends_s08e21", "train")
    assert got.dialogues["meld_dev_1"].split == "validation"
    assert got.dialogues["meld_train_1"].speakers[0].kind == "group"
    assert first.source is not None
    assert first.source.id == "train/0"
    assert got.titles["friends_s08e22"].episode == 22
    assert got.notes == {"text_repaired": 2}
    assert validate(got.handle).count("missing_utterances") == 1
    assert got.handle.head.sources[0].name == "MELD"
    assert got.report.complete


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_meld_from_a_spreadsheet(put: Put, take: Take, encoding: str) -> None:
    text = (
        (HEAD + ROWS).replace("\x92", "’").replace("\x93", "“").replace("\x94", "”").replace("\n", "\r\n")
    )
    put("train_sent_emo.csv", text.encode(encoding))
    got = take("meld")
    assert got.dialogues["meld_train_0"].turns[1].text == "It’s “early”."


def test_meld_without_text(put: Put, take: Take) -> None:
    put("dev_sent_emo.notext.csv", HEAD.replace("Utterance,", "n_words,", 1) + ROWS.replace("Hello!", "7"))
    turn = take("auto").dialogues["meld_dev_1"].turns[0]
    assert (turn.text, turn.n_words) == (None, 7)


def test_text_may_be_withheld(put: Put, take: Take) -> None:
    put("train_sent_emo.csv", HEAD + ROWS)
    got = take("meld", withhold_text=True)
    assert [turn.text for d in got.dialogues.values() for turn in d.turns] == [None] * 3
    assert [turn.n_words for turn in got.dialogues["meld_train_0"].turns] == [3, 2]
    content = b"".join(p.read_bytes() for p in got.handle.path.rglob("*") if p.is_file())
    assert b"late" not in content
    assert b"early" not in content


def test_bad_rows_of_meld_are_counted(put: Put, take: Take) -> None:
    bad = (
        '4,No time,Ann,joy,positive,2,0,8,21,soon,"00:00:02,000"\n'
        '5,No season,Ann,joy,positive,2,1,eight,21,"00:00:01,000","00:00:02,000"\n'
        '6,No dialogue,Ann,joy,positive,,1,8,21,"00:00:01,000","00:00:02,000"\n'
        '7,Elsewhere,Ann,joy,positive,0,5,9,1,"00:00:01,000","00:00:02,000"\n'
        '8,Nobody,,joy,positive,0,6,8,21,"00:00:01,000","00:00:02,000"\n'
        "9,short\n"
    )
    put("train.csv", HEAD + ROWS + bad)
    got = take("meld")
    assert got.lost == {
        "bad_number": 1,
        "bad_time": 1,
        "broken_row": 1,
        "missing_field": 1,
        "other_title": 1,
    }
    assert got.report.rows_read == 9
    assert not got.report.complete
    assert got.notes["no_speaker"] == 1
    assert got.dialogues["meld_train_0"].turns[2].speakers == ()


def test_the_same_file_twice_is_counted(put: Put, take: Take) -> None:
    put("train_sent_emo.csv", HEAD + ROWS)
    put("copy/train_sent_emo.csv", HEAD + ROWS)
    got = take("meld")
    assert got.lost == {"duplicate_row": 3}
    assert got.report.turns == 3


def test_dyadic_files_do_not_meet_the_others(put: Put, take: Take) -> None:
    put("train_sent_emo.csv", HEAD + ROWS)
    head = HEAD.replace("Sr No.,", "").replace("Season", "Old_Dialogue_ID,Old_Utterance_ID,Season")
    put("train_sent_emo_dya.csv", head + 'Hi!,Ann,joy,positive,0,0,7,3,8,21,"0:00:01,0","0:00:02,0"\n')
    got = take("auto")
    assert "meld_dyadic_train_0" in got.dialogues
    assert '"Old_Dialogue_ID": "7"' in (got.dialogues["meld_dyadic_train_0"].turns[0].extra or "")


def test_emorynlp(put: Put, take: Take) -> None:
    put("emorynlp_dev_final.csv", EMORY)
    got = take("auto")
    assert got.report.format == "emorynlp"
    assert set(got.dialogues) == {"emorynlp_dev_s01e15_scene_1", "emorynlp_dev_s01e16_scene_1"}
    turn = got.dialogues["emorynlp_dev_s01e15_scene_1"].turns[1]
    assert (turn.speakers, turn.text, turn.start_ms) == (("Bo", "Cy Dee"), "Good, and you?", 5171)
    assert got.dialogues["emorynlp_dev_s01e15_scene_1"].split == "validation"


@pytest.mark.slow
def test_known_figures_of_meld(shared_data: Path, take: Take) -> None:
    folder = shared_data / "annotations" / "meld"
    if not folder.is_dir():
        pytest.skip(f"MELD's tables are not at {folder}")
    got = take("auto", folder)
    assert (got.report.dialogues, got.report.turns, got.report.rows_lost) == (1152, 11098, 0)
    report = validate(got.handle)
    known = {
        "overlap": 717,
        "overlap_over_1s": 671,
        "start_order": 27,
        "gap_over_10s": 145,
        "missing_utterances": 74,
        "span_over_600s": 1,
        "turn_end": 0,
    }
    assert {code: report.count(code) for code in known} == known
    assert {f.code for f in report.findings} == {code for code, n in known.items() if n} | {"unknown_key"}


@pytest.mark.slow
def test_known_figures_of_emorynlp(shared_data: Path, take: Take) -> None:
    folder = shared_data / "annotations" / "emorynlp"
    if not folder.is_dir():
        pytest.skip(f"EmoryNLP's table is not at {folder}")
    got = take("auto", folder)
    assert (got.report.dialogues, got.report.turns, got.report.rows_lost) == (89, 954, 0)
    several = [t for d in got.dialogues.values() for t in d.turns if len(t.speakers) > 1]
    assert len(several) == 4


def test_numbers_of_pandas_and_repeated_utterances(put: Put, take: Take) -> None:
    put("train_sent_emo.csv", HEAD + ROWS.replace("negative,0,0,8,21", "negative,0.0,0.0,8.0,21.0"))
    put("dev_sent_emo.csv", HEAD + ROWS.replace(",neutral,0,2,", ",neutral,0,0,"))
    got = take("meld")
    assert set(got.dialogues) == {f"meld_{split}_{n}" for split in ("train", "dev") for n in (0, 1)}
    assert len(got.dialogues["meld_train_0"].turns) == len(got.dialogues["meld_dev_0"].turns) == 2
    assert got.notes["duplicate_utterance"] == 1
