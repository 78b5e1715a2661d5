"""A folder of calibrated subtitles with speaker labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mmdia.errors import ReleaseError, UsageError
from mmdia.release.importers.subtitles import title_of
from mmdia.schema.title import Title
from mmdia.subtitles.read import read_subtitles

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
SRT = """1
00:00:01,000 --> 00:00:02,000
ANN: <i>Good morning.</i>

2
00:00:02,500 --> 00:00:04,500
- Bo: Morning!
- [Cy] You are both late.

3
00:00:05,000 --> 00:00:06,000
[door slams]

4
00:00:20,000 --> 00:00:22,000
(Old man): Who is there? [laughs]

5
00:00:23,000 --> 00:00:24,000
Nobody.

6
00:00:25,000 --> oops
lost
"""


def test_labels_become_speakers(put: Put, take: Take) -> None:
    put("tt0000001.en.srt", SRT)
    got = take("auto", max_gap_s=5.0)
    assert got.report.format == "subtitles"
    first = got.dialogues["tt0000001_dia_001"]
    assert [(t.speakers, t.text) for t in first.turns] == [
        (("ANN",), "Good morning."),
        (("Bo",), "Morning!"),
        (("Cy",), "You are both late."),
    ]
    assert first.turns[0].raw_text == "ANN: <i>Good morning.</i>"
    assert (first.turns[1].start_ms, first.turns[2].end_ms) == (2500, 4500)
    assert first.turns[1].end_ms == first.turns[2].start_ms
    assert first.turns[2].next_start_ms == 20000
    second = got.dialogues["tt0000001_dia_002"]
    assert [t.speakers for t in second.turns] == [("Old man",), ()]
    assert (second.turns[0].nonverbal[0].kind, second.turns[0].nonverbal[0].speaker_id) == (
        "vocal",
        "Old man",
    )
    assert got.lost == {"marks_only": 1, "unreadable_cue": 1}
    assert got.notes["speech_split"] == got.notes["no_speaker"] == 1
    assert got.titles["tt0000001"].imdb_id == "tt0000001"
    assert got.titles["tt0000001"].language == "en"


def test_the_whole_track_goes_along(put: Put, take: Take) -> None:
    put("a b.srt", SRT)
    got = take("subtitles")
    track = read_subtitles(got.handle.path / "subtitles" / "a~20b.srt")
    assert [cue.start_ms for cue in track.cues] == [1000, 2500, 5000, 20000, 23000]
    assert len(got.dialogues) == 1


def test_withheld_text_takes_the_track_with_it(put: Put, take: Take) -> None:
    put("x.srt", SRT)
    got = take("subtitles", withhold_text=True)
    assert not (got.handle.path / "subtitles").exists()
    turns = got.dialogues["x_dia_001"].turns
    assert all(t.text is None and t.raw_text is None for t in turns)
    assert [t.n_words for t in turns] == [2, 1, 4, 3, 1]


def test_voices_of_webvtt(put: Put, take: Take) -> None:
    put(
        "x.vtt",
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann Lee>Hi.</v>\n\n00:02.000 --> 00:03.000\n<v Bo>Yo.\n",
    )
    turns = take("auto").dialogues["x_dia_001"].turns
    assert [(t.speakers, t.text) for t in turns] == [(("Ann Lee",), "Hi."), (("Bo",), "Yo.")]


def test_several_languages_of_a_title(put: Put, take: Take) -> None:
    put("film.en.srt", SRT)
    put("film.de.srt", "1\n00:00:01,000 --> 00:00:02,000\nANN: Guten Morgen.\n")
    with pytest.raises(UsageError, match="--language"):
        take("subtitles")
    got = take("subtitles", language="de")
    assert [t.text for t in got.dialogues["film_dia_001"].turns] == ["Guten Morgen."]
    assert got.lost == {"other_language": 6}
    assert got.report.complete


def test_what_holds_no_dialogue_is_counted(put: Put, take: Take) -> None:
    put("film.srt", SRT)
    put("film.chapters.vtt", "WEBVTT\nKind: chapters\n\n00:01.000 --> 00:02.000\nOne\n")
    put("empty.srt", "")
    put("zip.srt", b"PK\x03\x04 no text")
    got = take("subtitles")
    assert got.lost == {
        "marks_only": 1,
        "unreadable_cue": 1,
        "not_dialogue": 1,
        "no_lines": 1,
        "unreadable_subtitle": 1,
    }


def test_nothing_to_import(put: Put, take: Take) -> None:
    put("zip.srt", b"PK\x03\x04 no text")
    with pytest.raises(ReleaseError, match="1 unreadable_subtitle"):
        take("subtitles")


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("tt0059742.en.srt", "tt0059742"),
        ("tv_04_LBLMLMS S01E21.srt", "tv_04_LBLMLMS S01E21"),
        ("film.pt-br.vtt", "film"),
        ("film.sdh.en.srt", "film"),
        ("Mr. Nobody.srt", "Mr. Nobody"),
    ],
)
def test_titles_from_names(name: str, title: str) -> None:
    assert title_of(Path(name)) == title


def test_public_subtitles(shared_data: Path, take: Take) -> None:
    folder = shared_data / "subs" / "deadline"
    if not folder.is_dir():
        pytest.skip(f"nothing at {folder}")
    got = take("auto", folder, language="en", max_gap_s=3.0)
    assert {s for d in got.dialogues.values() for t in d.turns for s in t.speakers} >= {"Boy", "Project"}
    assert set(got.lost) == {"other_language", "marks_only"}


def test_names_of_files_are_facts_and_facts_of_nobody_are_told(put: Put, take: Take) -> None:
    put("The Cold Kettle (2011).en.srt", SRT)
    put("Show.S01E02.Pilot.srt", SRT)
    put("pan.srt", SRT)
    found = take("subtitles", titles=(Title(title_id="pam", year=2001), Title(title_id="pan", year=1999)))
    titles = {
        t.title_id: (t.kind, t.name, t.year, t.series, t.season, t.episode) for t in found.titles.values()
    }
    assert titles == {
        "The Cold Kettle (2011)": ("movie", "The Cold Kettle", 2011, None, None, None),
        "Show.S01E02.Pilot": ("episode", "Pilot", None, "Show", 1, 2),
        "pan": ("other", "pan", 1999, None, None, None),
    }
    assert found.report.notes["unknown_title"].examples == ["pam (nearest: pan)"]
