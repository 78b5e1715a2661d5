"""Writing and reading back; and any input at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdia.errors import SubtitleError
from mmdia.schema.cue import Cue
from mmdia.subtitles.lines import payload_in, payload_out
from mmdia.subtitles.read import Format, parse_subtitles, read_subtitles
from mmdia.subtitles.write import write_problems, write_srt, write_vtt

nasty_lines = st.sampled_from(
    [
        "", " ", "\t", "\ufeff", "\u2060", "\u2060\u2060", "1", "2", "42", "-->", "a --> b", "--\u2060>",
        "00:00:01,000 --> 00:00:02,000", "00:01 -> 00:02", "\u206000:01 → 00:02", "NOTE", "NOTE x", "STYLE",
        "WEBVTT", "Kind: chapters", "<v A>b</v>", "{\\an8}x", "- a", "Dialogue: 0,0:00:01.00,0:00:02.00,x",
        "[Script Info]", "[Events]", "{1}{2}a", "  padded  ", "X1:1", "align:start", "12:30",
        "--\u2060\u2060>",
    ]
)  # fmt: skip
lines = st.one_of(
    nasty_lines, st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), max_size=12)
)
payloads = st.lists(lines, max_size=5).map("\n".join)
times = st.integers(0, 10**9)
cues = st.lists(st.builds(Cue, times, times, st.just(""), raw_text=payloads), max_size=6)


def core(found: tuple[Cue, ...] | list[Cue]) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in found]


@pytest.mark.slow
@given(cues)
def test_srt_round_trip(written: list[Cue]) -> None:
    track = parse_subtitles(write_srt(written), format="srt")
    assert core(track.cues) == core(written)
    assert not track.lost
    assert [cue.identifier for cue in track.cues] == [str(n) for n in range(1, len(written) + 1)]


@pytest.mark.slow
@given(cues)
def test_vtt_round_trip(written: list[Cue]) -> None:
    track = parse_subtitles(write_vtt(written))
    assert track.format == "vtt"
    assert core(track.cues) == core(written)
    assert not track.lost


@given(payloads)
def test_payload_lines_are_inverse(raw: str) -> None:
    out = payload_out(raw)
    assert payload_in(out) == raw
    assert all(line.strip() for line in out)
    assert not any("-->" in line for line in out)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=20), max_size=4))
def test_identifiers_and_settings_never_break_a_file(words: list[str]) -> None:
    written = [Cue(n, n + 1, word, identifier=word, settings=word) for n, word in enumerate(words)]
    for text in (write_srt(written), write_vtt(written)):
        assert [(cue.start_ms, cue.end_ms) for cue in parse_subtitles(text).cues] == [
            (cue.start_ms, cue.end_ms) for cue in written
        ]


def test_exact_files() -> None:
    written = [
        Cue(1000, 2500, "Hi <you> & I", identifier="a b", settings="align:start bogus"),
        Cue(-500, 200, "said", raw_text="<i>said</i>\n\nmore", settings="X1:1 X2:2 Y1:3 Y2:4"),
    ]
    assert write_srt(written) == (
        "1\n00:00:01,000 --> 00:00:02,500\nHi <you> & I\n\n"
        "2\n00:00:00,000 --> 00:00:00,200  X1:1 X2:2 Y1:3 Y2:4\n<i>said</i>\n\u2060\nmore\n"
    )
    assert write_vtt(written, clean=True) == (
        "WEBVTT\n\na b\n00:00:01.000 --> 00:00:02.500 align:start\nHi &lt;you&gt; &amp; I\n\n"
        "00:00:00.000 --> 00:00:00.200\nsaid\n"
    )
    assert write_srt([]) == ""
    assert [(p.code, p.line) for p in write_problems(written)] == [("negative_time", 2)]


def test_no_cue_is_dropped_for_its_times_or_text() -> None:
    written = [Cue(-5, -1, ""), Cue(9, 3, "\r\0"), Cue(0, 0, "a\rb")]
    for text in (write_srt(written), write_vtt(written)):
        track = parse_subtitles(text)
        assert [(cue.start_ms, cue.end_ms) for cue in track.cues] == [(0, 0), (9, 3), (0, 0)]
        assert track.cues[2].raw_text == "a\nb"


pieces = st.one_of(
    nasty_lines,
    st.sampled_from(
        [
            "\n", "\r", "\r\n", "\n\n", "\0", "00:00:01,000 --> 00:00:02,000\n", "\n3\n", "WEBVTT\n\n",
            "00:01.000 --> 00:xx.000\n", "--> 00:00:01,000\n", "[Events]\n", "Comment: 0,a\n",
            "Kind: metadata\n", "Format: Text, Start\n", "X-TIMESTAMP-MAP=LOCAL:00:01.000,MPEGTS:9\n",
            "REGION\n",
        ]
    ),
    st.text(max_size=8),
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join), st.sampled_from([None, "srt", "vtt", "ass"]))
def test_any_text_is_accounted_for(text: str, form: Format | None) -> None:
    try:
        track = parse_subtitles(text, format=form)
    except SubtitleError:
        return
    assert track.unaccounted == 0
    if track.format == "ass":
        return
    seen = text.replace("\0", "").removeprefix("\ufeff")
    while "\r\r\n" in seen:
        seen = seen.replace("\r\r\n", "\r\n")
    rows = seen.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    arrows = {number for number, row in enumerate(rows, start=1) if "-->" in row}
    codes = {"arrow_in_text", "bad_time"}
    reported = {problem.line for problem in track.problems if problem.code in codes}
    assert arrows <= {cue.line for cue in track.cues} | reported


@given(st.lists(pieces, max_size=10), st.sampled_from(["srt", "vtt", "ass"]))
def test_no_word_is_lost(parts: list[str], form: Format) -> None:
    parts = [part for part in parts if not part.startswith("NOTE")]  # comments are meant to go
    text = "".join(f"{part}\nzq{place}x\n" for place, part in enumerate(parts))
    track = parse_subtitles(text, format=form)
    cues_hold = [f"{cue.identifier} {cue.settings} {cue.raw_text}" for cue in track.cues]
    held = "\n".join([track.header, *cues_hold, *(problem.text for problem in track.problems)])
    assert [place for place in range(len(parts)) if f"zq{place}x" not in held] == []


wide_bytes = st.lists(pieces, max_size=8).map(lambda parts: "".join(parts).encode("utf-16"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.one_of(st.binary(max_size=200), wide_bytes))
def test_any_bytes_raise_subtitle_errors_only(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "any.srt"
    path.write_bytes(data)
    try:
        track = read_subtitles(path)
    except SubtitleError:
        return
    assert track.unaccounted == 0


def test_zero_width_blank_lines_show_nothing_to_other_readers() -> None:
    text = write_srt([Cue(0, 1000, "a\n\nb --> c")])
    assert text.split("\n")[2:5] == ["a", "\u2060", "b --\u2060> c"]
    with pytest.raises(ValueError, match="-->"):
        text.split("\n")[2:].index("-->")
