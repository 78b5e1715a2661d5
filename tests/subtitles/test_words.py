"""Words files: every format gives the same words; nothing breaks the reader."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import SubtitleError
from mmdia.schema.cue import Word
from mmdia.subtitles.words import group_words, parse_words, read_words

WORDS = [
    {"word": " Hello", "start": 1.0, "end": 1.3},
    {"word": " there.", "start": 1.35, "end": 1.6},
    {"word": " Next", "start": 3.0, "end": 3.2},
]
SAID = [(1.0, 1.3, "Hello"), (1.35, 1.6, "there."), (3.0, 3.2, "Next")]


def whisper() -> str:
    segments = [
        {"id": 0, "start": 1.0, "end": 1.6, "text": " Hello there.", "words": WORDS[:2]},
        {"id": 1, "start": 3.0, "end": 3.2, "text": " Next", "words": WORDS[2:]},
    ]
    return json.dumps({"text": "Hello there. Next", "segments": segments, "language": "en"})


def table(mark: str, head: str = "word start end") -> str:
    rows = [head.split()] + [[str(w["word"]).strip(), str(w["start"]), str(w["end"])] for w in WORDS]
    return "\n".join(mark.join(row) for row in rows)


FORMATS: dict[str, tuple[str, str]] = {
    "whisper": ("json", whisper()),
    "whisperx": ("json", json.dumps({"word_segments": WORDS})),
    "list": ("json", json.dumps(WORDS, indent=1)),
    "jsonl": ("jsonl", "\n".join(json.dumps(w) for w in WORDS)),
    "csv": ("csv", table(",")),
    "semicolon": ("csv", table(";")),
    "tsv": ("tsv", table("\t", "text begin end_time")),
    "ctm": (
        "ctm",
        ";; made by hand\nfilm A 1.00 0.30 Hello 0.98\nfilm A 1.35 0.25 there. 0.9\nfilm A 3.0 0.2 Next",
    ),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("told", [True, False], ids=["named", "unnamed"])
def test_every_format_gives_the_words(name: str, told: bool) -> None:
    kind, text = FORMATS[name]
    track = parse_words(text, name=f"a.{kind}" if told else "")
    assert track.format == kind
    words = [w for c in track.cues for w in c.words]
    assert [(w.start_s, w.end_s, w.text) for w in words] == [pytest.approx(s) for s in SAID]
    assert [c.text for c in track.cues] == ["Hello there.", "Next"]
    assert (track.cues[0].start_ms, track.cues[0].end_ms) == (1000, 1600)
    assert track.problems == ()
    assert track.unaccounted == 0


def test_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "film.words.json"
    path.write_bytes(b"\xef\xbb\xbf" + whisper().encode())
    track = read_words(path)
    assert track.language == "en"
    assert track.path == str(path)
    assert len(track.cues) == 2
    table = tmp_path / "film.de.csv"
    table.write_text("word,start,end\nja,1,1.5\n")
    assert read_words(table).language == "de"


def test_words_without_times_lie_between_their_neighbours() -> None:
    words = [WORDS[0], {"word": "42"}, {"word": "7"}, WORDS[2], {"word": "9"}]
    document = {"segments": [{"start": 1.0, "end": 4.0, "words": words}]}
    found = [w for c in parse_words(json.dumps(document)).cues for w in c.words]
    assert [w.text for w in found] == ["Hello", "42", "7", "Next", "9"]
    assert [w.start_s for w in found] == [pytest.approx(x) for x in (1.0, 1.3, 1.8, 3.0, 3.2)]
    assert found[2].end_s == pytest.approx(2.3)


def test_segments_without_words_share_their_time() -> None:
    document = {"segments": [{"start": 2, "end": 4, "text": "ab cde"}]}
    words = parse_words(json.dumps(document)).cues[0].words
    assert [(w.start_s, w.end_s, w.text) for w in words] == [
        pytest.approx((2.0, 2 + 6 / 7, "ab")),
        pytest.approx((2 + 6 / 7, 4.0, "cde")),
    ]


@pytest.mark.parametrize(
    ("text", "start_s"),
    [
        ("start\tend\ttext\n1500\t2000\thi\n", 1.5),
        ("start\tend\ttext\n1500.0\t2000.0\thi\n", 1500.0),
        ("word,start_ms,end_ms\nhi,1500,1700\n", 1.5),
        ('[{"text": "hi", "offsets": {"from": 1500, "to": 1700}}]', 1.5),
        ('{"chunks": [{"text": "hi", "timestamp": [1.5, null]}]}', 1.5),
        ('{"result": {"language": "de"}, "transcription": [{"text": "hi", "start": "00:01:01,5"}]}', 61.5),
        ('[{"word": "hi", "start": 1.5, "duration": 0.25}]', 1.5),
    ],
)
def test_other_ways_to_tell_a_time(text: str, start_s: float) -> None:
    word = parse_words(text).cues[0].words[0]
    assert word.start_s == pytest.approx(start_s)
    assert word.end_s >= word.start_s


def test_what_cannot_be_used_is_reported() -> None:
    rows: list[Any] = [*WORDS, {"word": "late"}, {"word": "no", "start": "soon"}, 7, {"start": 4, "end": 5}]
    rows.append({"word": "far", "start": float("inf")})
    track = parse_words(json.dumps(rows))
    assert len(track.cues) == 2
    assert track.counts() == {"bad_time": 5}
    assert track.unaccounted == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no words"),
        ("{}", "no list"),
        ("[]", "no words"),
        ("{broken", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("name,age\nx,1\n", "columns"),
        ("a A 1 1 x\nb A 2 1 y\n", "several recordings"),
        ("just a text", "columns"),
        ('{"segments": [{"text": "no time"}]}', "no words"),
    ],
)
def test_files_without_words_are_refused(text: str, message: str) -> None:
    with pytest.raises(SubtitleError, match=message):
        parse_words(text)


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(SubtitleError, match=r"a\.json"):
        read_words(path)
    with pytest.raises(SubtitleError, match="cannot be read"):
        read_words(tmp_path / "none.json")
    with pytest.raises(SubtitleError, match="cannot be read"):
        read_words(tmp_path)


timed = st.builds(
    lambda start, length, text: Word(start, start + length, text),
    st.floats(-10, 9000),
    st.floats(0, 20),
    st.text("abc.?", min_size=1, max_size=6),
)


@pytest.mark.slow
@given(st.lists(timed, max_size=60))
def test_grouping_keeps_every_word_once_and_in_order(words: list[Word]) -> None:
    cues = group_words(words)
    kept = [w for c in cues for w in c.words]
    assert kept == sorted(words, key=lambda w: (w.start_s, w.end_s))
    for c in cues:
        assert c.text == " ".join(w.text for w in c.words)
        assert len(c.words) <= 16
        assert c.start_ms <= c.end_ms
    for a, b in pairwise(cues):
        assert a.words[-1].start_s <= b.words[0].start_s


@pytest.mark.slow
@given(st.lists(timed, min_size=1, max_size=20))
def test_what_is_written_is_read(words: list[Word]) -> None:
    rows = [{"word": w.text, "start": w.start_s, "end": w.end_s} for w in words]
    expected = group_words(words)
    for text in (json.dumps(rows), json.dumps({"segments": [{"words": rows, "start": 0, "end": 1}]})):
        assert parse_words(text).cues == expected


scraps = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["segments", "words", "word", "text", "start", "end", "offsets", "timestamp"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@pytest.mark.slow
@given(scraps)
def test_no_json_breaks_the_reader(document: object) -> None:
    try:
        parse_words(json.dumps(document))
    except SubtitleError:
        pass


@given(st.text(max_size=200), st.sampled_from(["a.json", "a.jsonl", "a.ctm", "a.csv", "a.tsv", ""]))
def test_no_text_breaks_the_reader(text: str, name: str) -> None:
    try:
        track = parse_words(text, name=name)
    except SubtitleError:
        return
    assert track.cues
