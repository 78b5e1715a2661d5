"""Damaged files of every format: rows are counted, errors are our own, nothing else happens."""

from __future__ import annotations

import json
import random
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from mmdia.errors import MmdiaError
from mmdia.release.importers.options import ImportOptions
from mmdia.release.importers.run import import_release

from .test_elan import EAF
from .test_friends import EMORY, HEAD, ROWS
from .test_labelstudio import AUDIO, REGION
from .test_lhotse import CUT, MIXED
from .test_mapping import LINES, MAPPING
from .test_sets import CPED
from .test_shots import ANNOTATION
from .test_speech import RTTM
from .test_subtitles import SRT
from .test_textgrid import ANN, POINTS, WORDS, grid
from .test_whisper import WHISPER

STM = "rec 1 ann 0 1.25 <o,f0,female> hello there\nrec 1 bo 1.0 2\n"
CTM = "rec A 0.0 0.5 good 0.9\nrec A 0.6 0.4 day 0.9\nrec A * * <ALT_BEGIN>\nrec B 5 .5 no 0.9 lex ann\n"
SEGMENTS = [{"session_id": "s", "speaker": "a", "words": "x y", "start_time": "0", "end_time": 1.5}]
TURN = {"speakers": ["x"], "start_ms": 0, "end_ms": 5, "text": "hello"}
OWN = {"dialogue_id": "a", "title_id": "t", "start_ms": 0, "end_ms": 5, "turns": [TURN]}
SOUND = {
    "meld": ("train_sent_emo.csv", HEAD + ROWS),
    "emorynlp": ("emorynlp_dev.csv", EMORY),
    "rttm": ("a.rttm", RTTM),
    "stm": ("a.stm", STM),
    "ctm": ("a.ctm", CTM),
    "seglst": ("a.json", json.dumps(SEGMENTS)),
    "whisper": ("a.json", json.dumps(WHISPER)),
    "lhotse": ("a.jsonl", json.dumps(CUT) + "\n" + json.dumps(MIXED) + "\n"),
    "textgrid": ("a.TextGrid", grid(ANN, WORDS, POINTS)),
    "elan": ("a.eaf", EAF),
    "labelstudio": ("a.json", json.dumps([{"data": AUDIO, "annotations": [{"result": REGION}]}])),
    "audacity": ("a.txt", "0.5\t1.25\tHello\n\\\t100.5\t2000\n2,0\t2,0\tclick\n"),
    "cped": ("dev.csv", CPED),
    "mustard": (
        "a.json",
        json.dumps({"1": {"utterance": "x", "context": ["y"], "context_speakers": ["z"]}}),
    ),
    "emotionlines": ("a.json", json.dumps([[{"speaker": "a", "utterance": "x", "emotion": "joy"}]])),
    "tvr": ("a.jsonl", json.dumps({"vid_name": "c", "ts": [1, 2.5], "desc": "Ann waves.", "desc_id": 1})),
    "condensedmovies": ("clips.csv", "videoid,title,clip_name,imdbid\nv1,F,x,tt1\nv2,F,y,tt1\n"),
    "subtitles": ("a.srt", SRT),
    "m3ed": ("a.json", json.dumps(ANNOTATION)),
    "moviebench": ("Film_00.01.43.655-00.01.47.807.json", json.dumps({"Characters": {"Ann": "red"}})),
    "mapping": ("a.csv", LINES),
    "release": ("a.jsonl", json.dumps(OWN) + "\n"),
}
DIRT = (
    *(
        b'"',
        b",",
        b"\n",
        b"\r",
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b":",
        b"{",
        b"[",
        b"null",
        b"nan",
        b"1e999",
    ),
    *(b"-1", b"9" * 30, b"\xed\xa0\x80", b"\\ud800", b"['", b"\t", b"<", b"-->", b"00:00:01:30"),
)


def damaged(text: str, dice: random.Random) -> bytes:
    data = bytearray(text.encode())
    for _ in range(dice.choice((1, 1, 2, 5, 20))):
        place, what = dice.randrange(len(data) + 1), dice.random()
        if what < 0.5:
            data[place:place] = dice.choice(DIRT)
        elif what < 0.75:
            del data[place : place + dice.randrange(1, 12)]
        else:
            data[place:place] = bytes([dice.randrange(256)])
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("format", SOUND)
def test_damaged_files(tmp_path: Path, format: str) -> None:
    mapping, source = tmp_path / "m.toml", tmp_path / "source"
    mapping.write_text(MAPPING, "utf-8")
    name, text = SOUND[format]
    dice = random.Random(format)
    for round_ in range(25):
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        (source / name).write_bytes(damaged(text, dice))
        options = ImportOptions(
            fps=Fraction(25),
            mapping=mapping if format == "mapping" else None,
            withhold_text=round_ % 2 == 0,
        )
        try:
            report = import_release(format, [source], tmp_path / f"out{round_}", options=options)
        except MmdiaError:
            continue
        assert report.rows_read == report.rows_imported + report.rows_lost
