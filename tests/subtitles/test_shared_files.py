"""Every real subtitle file: exact cue counts, and no timing line without a cue or a problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmdia.subtitles.read import read_subtitles
from mmdia.subtitles.write import write_srt, write_vtt

#: File -> (cues, timing lines, encoding, language, kind, problems).
TABLE: dict[str, tuple[int, int, str, str | None, str, dict[str, int]]] = {
    "deadline/deadline.ar.vtt": (16, 16, "utf-8", "ar", "dialogue", {}),
    "deadline/deadline.en.vtt": (15, 15, "utf-8", "en", "dialogue", {}),
    "deadline/deadline.es.vtt": (18, 18, "utf-8", "es", "dialogue", {}),
    "deadline/deadline.hi.vtt": (16, 16, "utf-8", "hi", "dialogue", {}),
    "deadline/deadline.it.vtt": (18, 18, "utf-8", "it", "dialogue", {}),
    "deadline/deadline.pt-br.vtt": (12, 12, "utf-8", "pt-BR", "dialogue", {}),
    "elephants_dream/gpac.de.vtt": (77, 77, "utf-8-sig", "de", "dialogue", {}),
    "elephants_dream/gpac.en.vtt": (89, 89, "utf-8-sig", "en", "dialogue", {}),
    "elephants_dream/videojs.ar.vtt": (77, 77, "utf-8", "ar", "dialogue", {}),
    "elephants_dream/videojs.chapters.en.vtt": (9, 9, "utf-8", "en", "chapters", {}),
    "elephants_dream/videojs.descriptions.en.vtt": (63, 63, "utf-8", "en", "descriptions", {}),
    "elephants_dream/videojs.en.vtt": (78, 78, "utf-8", "en", "dialogue", {}),
    "elephants_dream/videojs.ja.vtt": (77, 77, "utf-8", "ja", "dialogue", {}),
    "elephants_dream/videojs.ru.vtt": (84, 84, "utf-8", "ru", "dialogue", {}),
    "elephants_dream/videojs.sv.vtt": (81, 81, "utf-8", "sv", "dialogue", {}),
    "odd/cdown-ascii.srt": (3, 3, "utf-8", None, "dialogue", {}),
    "odd/cdown-gb2312.srt": (3, 3, "gb18030", None, "dialogue", {"encoding_guessed": 1}),
    "odd/pysrt-bom-utf-16-be.srt": (7, 7, "utf-16-be", None, "dialogue", {}),
    "odd/pysrt-bom-utf-16-le.srt": (7, 7, "utf-16-le", None, "dialogue", {}),
    "odd/pysrt-bom-utf-32-be.srt": (7, 7, "utf-32-be", None, "dialogue", {}),
    "odd/pysrt-bom-utf-32-le.srt": (7, 7, "utf-32-le", None, "dialogue", {}),
    "odd/pysrt-bom-utf-8.srt": (7, 7, "utf-8-sig", None, "dialogue", {}),
    "odd/pysrt-capability_tester.srt": (37, 37, "utf-8-sig", None, "dialogue", {}),
    "odd/pysrt-empty.srt": (7, 7, "utf-8-sig", None, "dialogue", {"empty_text": 2}),
    "odd/pysrt-invalid.srt": (1, 1, "utf-8", None, "dialogue", {"coarse_time": 1}),
    "odd/pysrt-no-indexes.srt": (7, 7, "utf-8-sig", None, "dialogue", {"missing_index": 7}),
    "odd/webvttpy-captions_with_bom.vtt": (4, 4, "utf-8-sig", None, "dialogue", {}),
    "odd/webvttpy-comments.vtt": (3, 3, "utf-8", None, "dialogue", {}),
    "odd/webvttpy-cue_tags.vtt": (3, 3, "utf-8", None, "dialogue", {}),
    "odd/webvttpy-empty.vtt": (0, 0, "utf-8", None, "dialogue", {"no_cues": 1, "no_header": 1}),
    "odd/webvttpy-invalid.vtt": (7, 7, "utf-8", None, "dialogue", {"no_header": 1}),
    "odd/webvttpy-invalid_format1.srt": (0, 0, "utf-8", None, "dialogue", {"no_cues": 1, "stray_text": 1}),
    "odd/webvttpy-invalid_format2.srt": (0, 0, "utf-8", None, "dialogue", {"no_cues": 1, "stray_text": 1}),
    "odd/webvttpy-invalid_format3.srt": (0, 0, "utf-8", None, "dialogue", {"no_cues": 1, "stray_text": 1}),
    "odd/webvttpy-invalid_format4.srt": (
        1,
        1,
        "utf-8",
        None,
        "dialogue",
        {"empty_text": 1, "missing_index": 1, "stray_text": 1},
    ),
    "odd/webvttpy-invalid_timeframe.srt": (5, 5, "utf-8", None, "dialogue", {}),
    "odd/webvttpy-invalid_timeframe.vtt": (6, 7, "utf-8", None, "dialogue", {"bad_time": 1}),
    "odd/webvttpy-metadata_headers_multiline.vtt": (2, 2, "utf-8", "en", "dialogue", {}),
    "odd/webvttpy-missing_caption_text.srt": (5, 5, "utf-8", None, "dialogue", {"empty_text": 1}),
    "odd/webvttpy-missing_timeframe.srt": (4, 4, "utf-8", None, "dialogue", {"missing_time": 1}),
    "odd/webvttpy-missing_timeframe.vtt": (6, 6, "utf-8", None, "dialogue", {"stray_text": 1}),
    "odd/webvttpy-no_captions.vtt": (0, 0, "utf-8", None, "dialogue", {"no_cues": 1}),
    "odd/webvttpy-styles.vtt": (1, 1, "utf-8", None, "dialogue", {}),
    "odd/webvttpy-using_identifiers.vtt": (6, 6, "utf-8", None, "dialogue", {}),
    "odd/webvttpy-youtube_dl.vtt": (4, 4, "utf-8", "en", "dialogue", {}),
    "sintel/official.en.srt": (26, 26, "utf-8", "en", "dialogue", {}),
    "sintel/plus30s.en.srt": (26, 26, "utf-8", "en", "dialogue", {}),
    "sintel/short52s.de.vtt": (14, 14, "utf-8", "de", "dialogue", {}),
    "sintel/short52s.en.vtt": (14, 14, "utf-8", "en", "dialogue", {}),
    "sintel/short52s.es.vtt": (14, 14, "utf-8", "es", "dialogue", {}),
}

SPEAKERS = {
    "ar": {"المشروع", "الولد"},
    "en": {"Project", "Boy"},
    "es": {"Proyecto", "Niño"},
    "hi": {"काम", "लड़के", "लड़का"},
    "it": {"Progetto", "Ragazzo"},
    "pt-br": {"Projeto", "Garoto"},
}


@pytest.fixture(scope="module")
def subs(shared_data: Path) -> Path:
    return shared_data / "subs"


def test_the_table_names_every_file(subs: Path) -> None:
    found = {path.relative_to(subs).as_posix() for path in subs.rglob("*") if path.is_file()}
    assert {name for name in found if not name.endswith(".csv")} == set(TABLE)


@pytest.mark.parametrize("name", sorted(TABLE))
def test_reads_with_exact_counts(subs: Path, name: str) -> None:
    track = read_subtitles(subs / name)
    got = (len(track.cues), track.n_arrows, track.encoding, track.language, track.kind, track.counts())
    assert got == TABLE[name]
    assert track.unaccounted == 0
    assert track.format == name.rsplit(".", 1)[1]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_arrow_of_the_bytes_is_a_cue_or_a_problem(subs: Path, name: str) -> None:
    data = (subs / name).read_bytes()
    wide = next(
        (form for form in ("utf-32-be", "utf-32-le", "utf-16-be", "utf-16-le") if form in name), None
    )
    text = data.decode(wide or "latin-1")
    lines = text.replace("\r\n", "\n").split("\n")
    arrows = {number for number, line in enumerate(lines, start=1) if "-->" in line}
    track = read_subtitles(subs / name)
    accounted = {cue.line for cue in track.cues} | {problem.line for problem in track.problems}
    assert arrows <= accounted
    assert {cue.line for cue in track.cues} <= arrows


@pytest.mark.parametrize("name", sorted(TABLE))
@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_written_and_read_again_nothing_changes(subs: Path, tmp_path: Path, name: str, form: str) -> None:
    cues = read_subtitles(subs / name).cues
    path = tmp_path / f"again.{form}"
    path.write_text(write_srt(cues) if form == "srt" else write_vtt(cues), encoding="utf-8")
    again = read_subtitles(path).cues
    assert [(cue.start_ms, cue.end_ms, cue.raw_text) for cue in again] == [
        (cue.start_ms, cue.end_ms, cue.raw_text) for cue in cues
    ]


def test_bom_files_hold_the_same_cues(subs: Path) -> None:
    tracks = [read_subtitles(path) for path in sorted((subs / "odd").glob("pysrt-bom-*.srt"))]
    assert len(tracks) == 5
    payloads = [[(cue.start_ms, cue.text) for cue in track.cues] for track in tracks]
    assert all(payload == payloads[0] for payload in payloads)
    assert payloads[0][0] == (6500, "About 2 months ago I found myself on\nthe comment section of YouTube")


def test_gb2312_text(subs: Path) -> None:
    track = read_subtitles(subs / "odd" / "cdown-gb2312.srt")
    assert track.cues[0].text == "宇宙守护神 保护我们远离邪恶"


@pytest.mark.parametrize("language", sorted(SPEAKERS))
def test_deadline_speakers(subs: Path, language: str) -> None:
    track = read_subtitles(subs / "deadline" / f"deadline.{language}.vtt")
    assert {speaker for cue in track.cues for speaker in cue.speakers} == SPEAKERS[language]
    assert not any(":" in cue.text or "<" in cue.text for cue in track.cues)


def test_deadline_marks(subs: Path) -> None:
    english = read_subtitles(subs / "deadline" / "deadline.en.vtt")
    marks = [(mark.label, mark.kind, mark.raw) for cue in english.cues for mark in cue.marks]
    assert marks == [
        ("both screaming", "vocal", "[ Both screaming !!! ]"),
        ("climactic symphonic ending", "music", "[ Climactic symphonic ending ]"),
        ("mellow acoustic music", "music", "[ Mellow acoustic music ]"),
    ]
    italian = read_subtitles(subs / "deadline" / "deadline.it.vtt")
    assert italian.cues[7].marks[0].raw == "♫ [ Musica sinfonica ] ♫"
    assert italian.cues[7].text == ""


def test_elephants_dream_voices(subs: Path) -> None:
    track = read_subtitles(subs / "elephants_dream" / "gpac.en.vtt")
    assert {speaker for cue in track.cues for speaker in cue.speakers} == {"Proog", "Emo"}
    assert sum(1 for cue in track.cues if len(cue.speakers) == 2) == 5
    assert sum(1 for cue in track.cues if not cue.speakers) == 11
    assert all(cue.marks and not cue.text for cue in track.cues if not cue.speakers)
    both = track.cues[42]
    assert (both.text, both.speakers) == ("Why?\nNow!", ("Emo", "Proog"))
    noisy = track.cues[53]
    assert noisy.text == "Listen Proog! Do you hear that!"
    assert [(mark.label, mark.kind) for mark in noisy.marks] == [("amusement park music", "music")]
    assert track.cues[5].settings == "line:6% size:110%"


def test_descriptions_and_chapters_have_no_speakers(subs: Path) -> None:
    for kind in ("descriptions", "chapters"):
        track = read_subtitles(subs / "elephants_dream" / f"videojs.{kind}.en.vtt")
        assert not any(cue.speakers or cue.marks for cue in track.cues)
        assert all(cue.text for cue in track.cues)


def test_lost_texts_are_kept_in_the_problems(subs: Path) -> None:
    bad = read_subtitles(subs / "odd" / "webvttpy-invalid_timeframe.vtt").lost
    assert [(problem.line, problem.text) for problem in bad] == [
        (6, "00:00:07.000 --> 00:00:1d.890\nCaption text #2")
    ]
    timeless = read_subtitles(subs / "odd" / "webvttpy-missing_timeframe.srt").lost
    assert [(problem.line, problem.text) for problem in timeless] == [(5, "2\nCaption text #2")]
