"""WebVTT blocks and headers; ASS events; recognising formats; files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.errors import SubtitleError, UsageError
from mmdia.subtitles.read import parse_subtitles, read_subtitles
from mmdia.subtitles.vtt import timestamp_map_ms

T = "00:01.000 --> 00:02.000"
ASS = """[Script Info]
Title: x

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\\an8}Hi, you.\\NYes{\\i1}?{\\i0}
Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,hidden
Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 0{\\p0}
Dialogue: 0,0:00:xx.00,0:00:04.00,Default,,0,0,0,,lost words
Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{\\k50}Ka{\\k20}ra oke
torn line
"""


def test_notes_styles_regions_and_header() -> None:
    text = (
        f"WEBVTT - a film\nKind: captions\nLanguage: de\n\nSTYLE\n::cue {{}}\n\nREGION\nid:a\n\n"
        f"NOTE one\n\nfirst\n{T} align:start\nA\n\nNOTE\ntwo lines\nhere\n\n"
        "00:00:03.000 --> 00:00:04.000\nB"
    )
    track = parse_subtitles(text)
    assert (track.format, track.kind, track.language) == ("vtt", "dialogue", "de")
    assert [(cue.identifier, cue.settings, cue.text) for cue in track.cues] == [
        ("first", "align:start", "A"),
        ("", "", "B"),
    ]
    assert (
        track.header == "WEBVTT - a film\nKind: captions\nLanguage: de\n\nSTYLE\n::cue {}\n\nREGION\nid:a"
    )
    assert track.problems == ()


@pytest.mark.parametrize("kind", ["descriptions", "chapters", "metadata"])
def test_kind_from_the_header(kind: str) -> None:
    track = parse_subtitles(f"WEBVTT\nKind: {kind}\n\n{T}\nANN: [laughs] <i>Hi</i>")
    assert track.kind == kind
    assert track.cues[0].speakers == ()
    assert track.cues[0].text == ("ANN: [laughs] <i>Hi</i>" if kind == "metadata" else "ANN: [laughs] Hi")


def test_text_after_a_blank_line_is_reported_not_joined() -> None:
    track = parse_subtitles(f"WEBVTT\n\n{T}\nA\n\nstray\nlines\n\n{T}\nB")
    assert [cue.raw_text for cue in track.cues] == ["A", "B"]
    assert [(p.code, p.line, p.text) for p in track.problems] == [("stray_text", 6, "stray\nlines")]


def test_a_cue_below_a_note_is_kept() -> None:
    track = parse_subtitles(f"WEBVTT\n\nNOTE torn\n{T}\nA\n\nNOTE\nmore\n{T}\nB")
    assert [(cue.raw_text, cue.identifier) for cue in track.cues] == [("A", ""), ("B", "")]
    assert track.counts() == {"cue_in_comment": 1}


def test_glued_cues_and_no_blank_after_the_header() -> None:
    track = parse_subtitles(f"WEBVTT\n{T}\nA\n{T}\nB")
    assert [cue.raw_text for cue in track.cues] == ["A", "B"]


def test_timestamp_map_is_reported_and_not_applied() -> None:
    track = parse_subtitles(f"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:01.000,MPEGTS:900000\n\n{T}\nA")
    assert track.cues[0].start_ms == 1000
    assert track.counts() == {"timestamp_map": 1}
    assert timestamp_map_ms(track.header) == (1000, 10_000.0)
    assert timestamp_map_ms("WEBVTT") is None


def test_ass_events() -> None:
    track = parse_subtitles(ASS)
    assert track.format == "ass"
    assert [(cue.start_ms, cue.end_ms, cue.text, cue.speakers) for cue in track.cues] == [
        (1000, 2500, "Hi, you.\nYes?", ("Ann",)),
        (3000, 4000, "", ()),
        (5000, 6000, "Kara oke", ()),
    ]
    assert track.cues[0].raw_text == "{\\an8}Hi, you.\\NYes{\\i1}?{\\i0}"
    assert track.cues[0].settings == "0,Default,Ann,0,0,0,"
    assert [(p.code, p.line) for p in track.problems] == [
        ("comment", 11),
        ("drawing", 12),
        ("bad_time", 13),
        ("stray_text", 15),
    ]
    assert (track.n_arrows, track.unaccounted) == (5, 0)
    assert "Style: Default,Arial" in track.header
    words = [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in track.cues[2].words]
    assert words[0] == ("Ka", 5.0, 5.5)
    assert [word[0] for word in words] == ["Ka", "ra", "oke"]
    assert words[-1][2] == pytest.approx(5.7)


def test_ass_fields_in_another_order() -> None:
    text = "[Events]\nFormat: Start, End, Actor, Text\nDialogue: 0:00:01.00,0:00:02.00,Bo,a, b, c\n"
    cue = parse_subtitles(text).cues[0]
    assert (cue.text, cue.speakers, cue.settings) == ("a, b, c", ("Bo",), "Bo")


def test_content_decides_over_the_name(tmp_path: Path) -> None:
    path = tmp_path / "film.srt"
    path.write_text(f"WEBVTT\n\n{T}\nA", encoding="utf-8")
    track = read_subtitles(path)
    assert (track.format, track.path) == ("vtt", str(path))
    assert track.counts() == {"format_mismatch": 1}
    assert read_subtitles(path, format="srt").format == "srt"


@pytest.mark.parametrize(
    "text",
    [
        "{1}{25}Hello\n{30}{40}There",
        "<SAMI><BODY>",
        '<?xml version="1.0"?>\n<tt xmlns="http://www.w3.org/ns/ttml">',
        "# VobSub index file, v7",
    ],
)
def test_other_formats_are_named(text: str) -> None:
    with pytest.raises(SubtitleError, match="not read here"):
        parse_subtitles(text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SubtitleError, match="cannot be read") as caught:
        read_subtitles(tmp_path / "none.srt")
    assert caught.value.path == str(tmp_path / "none.srt")
    with pytest.raises(SubtitleError, match="cannot be read"):
        read_subtitles(tmp_path)
    (tmp_path / "a.srt").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(SubtitleError, match="zip"):
        read_subtitles(tmp_path / "a.srt")


def test_wrong_arguments(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\n\xe9\n")
    with pytest.raises(UsageError):
        read_subtitles(path, backend="other")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        read_subtitles(path, format="sub")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        read_subtitles(path, encoding="no-such-code")
    with pytest.raises(UsageError):
        read_subtitles(path, encoding="rot13")
    with pytest.raises(SubtitleError, match="does not decode") as caught:
        read_subtitles(path, encoding="utf-8")
    assert caught.value.path == str(path)
    assert read_subtitles(path, encoding="latin-1").cues[0].text == "é"
