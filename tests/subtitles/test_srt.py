"""Torn and odd SRT texts: what becomes a cue, and what is reported."""

from __future__ import annotations

import pytest

from mmdia.subtitles.read import parse_subtitles
from mmdia.subtitles.times import read_time, read_timing


def cues(text: str) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in parse_subtitles(text, format="srt").cues]


def codes(text: str) -> dict[str, int]:
    return parse_subtitles(text, format="srt").counts()


@pytest.mark.parametrize(
    ("line", "start_ms", "end_ms", "notes"),
    [
        ("00:00:01,000 --> 00:00:02,500", 1000, 2500, ()),
        ("00:00:01.000 --> 00:00:02.500", 1000, 2500, ()),
        ("0:00:01,000-->0:00:02,500", 1000, 2500, ()),
        ("00:01,000 --> 00:02,500", 1000, 2500, ()),
        ("125:00,000 --> 125:02,500", 7_500_000, 7_502_500, ()),
        ("  00:00:01,000   -->   00:00:02,500  ", 1000, 2500, ()),
        ("\ufeff00:00:01,000 --> 00:00:02,500", 1000, 2500, ()),
        ("00:00:01,5 --> 00:00:02,05", 1500, 2050, ("short_fraction",)),
        ("00:00:01 --> 00:00:10", 1000, 10_000, ("coarse_time",)),
        ("00:00:01:000 --> 00:00:02:500", 1000, 2500, ()),
        ("00: 00: 01, 000 --> 00: 00: 02, 500", 1000, 2500, ()),
        ("00：00：01，000 --> 00：00：02，500", 1000, 2500, ()),
        ("٠٠:٠٠:٠١,٠٠٠ --> ٠٠:٠٠:٠٢,٥٠٠", 1000, 2500, ()),
        ("-00:00:01,000 --> 00:00:02,500", -1000, 2500, ("negative_time",)),
        ("00:00:01,000 -> 00:00:02,500", 1000, 2500, ()),
        ("00:00:01,000 → 00:00:02,500", 1000, 2500, ()),
        ("00:00:01,123456 --> 00:00:02,999999", 1123, 3000, ()),
        ("100:00:00,000 --> 100:00:01,000", 360_000_000, 360_001_000, ()),
    ],
)
def test_forms_of_times(line: str, start_ms: int, end_ms: int, notes: tuple[str, ...]) -> None:
    timing = read_timing(line)
    assert timing is not None
    assert (timing.start_ms, timing.end_ms, timing.notes) == (start_ms, end_ms, notes)


@pytest.mark.parametrize(
    "line",
    [
        "00:00:01:12 --> 00:00:02:20",
        "00:00:07.000 --> 00:00:1d.890",
        "a --> b",
        "12:30",
        "-->",
        "1 --> 2",
        "",
    ],
)
def test_no_times(line: str) -> None:
    assert read_timing(line) is None


def test_one_time() -> None:
    assert read_time("0:00:01.20") == 1200
    assert read_time("soon") is None


def test_missing_numbers_and_blank_lines() -> None:
    text = "00:00:01,000 --> 00:00:02,000\nA\n00:00:03,000 --> 00:00:04,000\nB\n2 apples\n3\n"
    assert cues(text) == [(1000, 2000, "A"), (3000, 4000, "B\n2 apples\n3")]
    assert codes(text) == {"missing_index": 2}


def test_numbered_cues_without_blank_lines() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nA\n2\n00:00:03,000 --> 00:00:04,000\nB"
    assert cues(text) == [(1000, 2000, "A"), (3000, 4000, "B")]
    assert codes(text) == {}


def test_a_number_as_text() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nIt was\n1984\n\n2\n00:00:03,000 --> 00:00:04,000\n42\n\n"
    assert cues(text) == [(1000, 2000, "It was\n1984"), (3000, 4000, "42")]
    unnumbered = "00:00:01,000 --> 00:00:02,000\nIt was\n1984\n00:00:03,000 --> 00:00:04,000\nB"
    assert cues(unnumbered) == [(1000, 2000, "It was\n1984"), (3000, 4000, "B")]


@pytest.mark.parametrize(
    ("payload", "number", "texts"),
    [
        ("It was\n\n1984\n\n", "", ["It was\n\n1984", "B"]),
        ("It was year\n2\n\n", "", ["It was year\n2", "B"]),
        ("A\n\n2\n\n", "3\n", ["A\n\n2", "B"]),
        ("2\nmen\n\nwalk\n\n", "3\n", ["2\nmen\n\nwalk", "B"]),
        ("A\n\n2\nmen\n\n", "2\n", ["A\n\n2\nmen", "B"]),
        ("A\n\n1984\nwas hot\n\n", "2\n", ["A\n\n1984\nwas hot", "B"]),
        (f"A\n\n{'9' * 5000}\nstars\n\n", "2\n", [f"A\n\n{'9' * 5000}\nstars", "B"]),
    ],
    ids=["alone", "below text", "one line", "at the top", "comes anyway", "not the next", "endless"],
)
def test_a_number_that_looks_like_the_number_of_a_cue(payload: str, number: str, texts: list[str]) -> None:
    """It is text unless it is the next number and stands where numbers stand."""
    text = f"1\n00:00:01,000 --> 00:00:02,000\n{payload}{number}00:00:03,000 --> 00:00:04,000\nB\n"
    assert [raw for _, _, raw in cues(text)] == texts
    assert "missing_time" not in codes(text)


def test_text_after_blank_lines_belongs_to_the_cue_above() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nA\n\n\nB\n\n2\n00:00:03,000 --> 00:00:04,000\nC\n"
    assert cues(text) == [(1000, 2000, "A\n\n\nB"), (3000, 4000, "C")]
    track = parse_subtitles(text, format="srt")
    assert [(problem.code, problem.line) for problem in track.problems] == [("text_after_blank", 6)]
    assert track.cues[0].text == "A\nB"


def test_a_block_without_times_is_not_given_to_the_cue_above() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nA\n\n2\nLost\n\n3\n00:00:03,000 --> 00:00:04,000\nC\n"
    assert cues(text) == [(1000, 2000, "A"), (3000, 4000, "C")]
    assert [(p.code, p.line, p.text) for p in parse_subtitles(text).problems] == [
        ("missing_time", 5, "2\nLost")
    ]


def test_number_and_times_apart() -> None:
    text = "1\n\n00:00:01,000 --> 00:00:02,000\nA\n\n2\n\n00:00:03,000 --> 00:00:04,000\nB"
    assert cues(text) == [(1000, 2000, "A"), (3000, 4000, "B")]
    assert codes(text) == {"blank_after_index": 2}


def test_text_and_coordinates_on_the_timing_line() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000 Hello\nthere\n\n"
    text += "2\n00:00:03,000 --> 00:00:04,000  X1:1 X2:2 Y1:3 Y2:4\nB"
    track = parse_subtitles(text)
    assert [cue.raw_text for cue in track.cues] == ["Hello\nthere", "B"]
    assert [cue.settings for cue in track.cues] == ["", "X1:1 X2:2 Y1:3 Y2:4"]
    assert track.counts() == {"glued_text": 1}
    assert cues("1\n00:00:01,000 --> 00:00:02,000Hello")[0] == (1000, 2000, "Hello")
    assert cues("7 00:00:01,000 --> 00:00:02,000\nHello")[0] == (1000, 2000, "Hello")


def test_line_ends_and_marks_of_order() -> None:
    text = "\r\n\r\n\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nA\rB\r\n\r\n"
    text += "2\r\r\n00:00:03,000 --> 00:00:04,000\r\r\nC"
    assert cues(text) == [(1000, 2000, "A\nB"), (3000, 4000, "C")]
    assert parse_subtitles(text).cues[0].identifier == "1"


def test_order_numbers_and_ends_are_reported_and_kept() -> None:
    text = "5\n00:00:09,000 --> 00:00:08,000\nA\n\n5\n00:00:03,000 --> 00:00:04,000\nB\n"
    assert cues(text) == [(9000, 8000, "A"), (3000, 4000, "B")]
    assert codes(text) == {"duplicate_index": 1, "end_before_start": 1, "out_of_order": 1}


def test_bad_times_report_their_text() -> None:
    text = "1\n00:00:01,000 --> 00:xx:02,000\nA\nB\n\n2\n00:00:03,000 --> 00:00:04,000\nC\n"
    track = parse_subtitles(text, format="srt")
    assert [cue.raw_text for cue in track.cues] == ["C"]
    assert [(p.code, p.line, p.text) for p in track.problems] == [
        ("bad_time", 2, "00:00:01,000 --> 00:xx:02,000\nA\nB")
    ]
    assert (track.n_arrows, track.unaccounted) == (2, 0)


def test_an_arrow_in_text_stays_text() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nLeft --> right\n"
    assert cues(text) == [(1000, 2000, "Left --> right")]
    assert codes(text) == {"arrow_in_text": 1}


def test_nul_characters_are_taken_out_and_reported() -> None:
    track = parse_subtitles("1\n00:00:01,0\x0000 --> 00:00:02,000\nA\0B\n")
    assert [cue.raw_text for cue in track.cues] == ["AB"]
    assert track.counts() == {"nul_removed": 1}


def test_many_cues_in_order() -> None:
    text = "".join(
        f"{n}\n00:{n // 60 % 60:02d}:{n % 60:02d},000 --> 01:00:00,000\nT{n}\n\n" for n in range(3000)
    )
    assert [cue.raw_text for cue in parse_subtitles(text).cues] == [f"T{n}" for n in range(3000)]
