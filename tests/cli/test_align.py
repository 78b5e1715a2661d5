"""``mmdia align`` and the commands that begin with its name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import build_parser, main
from mmdia.corpus.locate import demo_release
from tests.cli.calls import one_line, run
from tests.sync.films import cut, film, jittered, moved, write

RELEASE = demo_release()
SRT = RELEASE / "subtitles" / "mmdia_demo_01.srt"
DEMO_FILM = RELEASE.parent / "media" / "mmdia_demo_01.mp4"
FILM = film(1, 60)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)


# Routing


def test_the_first_word_decides_and_files_may_have_its_name() -> None:
    parse = build_parser().parse_args
    assert parse(["align", "rank", "m.mkv", "a.srt"]).subtitles == [Path("a.srt")]
    assert parse(["align", "./rank", "m.mkv"]).annotations == "./rank"
    assert parse(["align", "a.srt", "rank"]).media == Path("rank")
    assert parse(["align", "identify", "m.mkv"]).top == 5
    assert parse(["align", "table6", "--reference", "r.srt"]).tau == 0.5


def test_help_of_align_names_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["align", "--help"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 0
        out = capsys.readouterr().out
        for name in ("rank", "identify", "table6"):
            assert name in out
    with pytest.raises(SystemExit):
        main(["align", "rank", "--help"])
    assert "usage: mmdia align rank" in capsys.readouterr().out


# align


def test_json_may_go_to_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, m = write(tmp_path / "a.srt", FILM), write(tmp_path / "m.srt", moved(FILM, 4.0))
    status, out, _ = run(capsys, "align", a, m, "--json", "-")
    document = json.loads(out)
    assert (status, document["schema"], document["verdict"]) == (0, "mmdia.timemap/1", "translation")
    assert not Path("-").exists()


def test_what_a_person_must_confirm_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = write(tmp_path / "a.srt", film(4, 200))
    m = write(tmp_path / "m.srt", moved(film(4, 200), 1.0, 1.0123))
    status, out, _ = run(
        capsys, "align", a, m, "--json", tmp_path / "m.json", "--report", tmp_path / "r.html"
    )
    assert status == 0
    rows = json.loads((tmp_path / "m.json").read_text())["needs_review"]
    assert "speed_not_standard" in {row["kind"] for row in rows}
    assert f"to confirm by a person: {len(rows)}" in out
    assert "What a person must confirm" in (tmp_path / "r.html").read_text()


def test_the_paper_takes_constant_offsets_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, m = write(tmp_path / "a.srt", FILM), write(tmp_path / "m.srt", moved(FILM, 2.0, 0.96))
    assert run(capsys, "align", a, m)[0] == 0
    status, out, _ = run(capsys, "align", a, m, "--policy", "paper")
    assert status == 1
    assert "not_translation" in out


def test_a_refused_map_keeps_every_cue_at_its_own_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, m = write(tmp_path / "a.srt", FILM), write(tmp_path / "m.srt", film(9, 60))
    status, _, err = run(capsys, "align", a, m, "--srt", tmp_path / "o.srt")
    assert status == 1
    assert "keep their own times" in err
    assert (tmp_path / "o.srt").read_text() == a.read_text()


# Bad input: a clear answer, never a traceback


def test_empty_subtitles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, full = tmp_path / "empty.srt", write(tmp_path / "full.srt", FILM)
    empty.write_text("")
    assert "no cues" in one_line(capsys, "align", empty, full)
    status, out, _ = run(capsys, "align", full, empty)
    assert status == 1
    assert "nothing to compare" in out
    assert "no_subtitles" in out


def test_one_line_subtitles_are_refused_or_doubted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, full = write(tmp_path / "one.srt", FILM[:1]), write(tmp_path / "full.srt", FILM)
    for words in ((one, full), (full, one), (one, one)):
        status, out, err = run(capsys, "align", *words)
        assert status in (0, 1)
        assert "short_track" in out or "few_anchors" in out or "no_evidence" in out
        assert "Traceback" not in err


def test_unsorted_and_overlapping_cues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    mixed = [*FILM[30:], *FILM[:30]]
    mixed[5] = replace(mixed[5], end_ms=mixed[5].end_ms + 9000)
    mixed[9] = replace(mixed[9], end_ms=mixed[9].start_ms - 500)
    a, m = write(tmp_path / "a.srt", mixed), write(tmp_path / "m.srt", moved(FILM, 6.0))
    status, out, _ = run(capsys, "align", a, m, "--json", tmp_path / "m.json")
    assert status == 0
    assert out.startswith("translation (accepted)")
    lines = json.loads((tmp_path / "m.json").read_text())["lines"]
    assert [line["i"] for line in lines] == list(range(60))
    assert lines[0]["start"] == pytest.approx(FILM[30].start_s + 6, abs=0.05)


def test_times_of_a_hundred_hours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = moved(FILM, 100 * 3600)
    a, m = write(tmp_path / "a.srt", late), write(tmp_path / "m.srt", moved(late, 3.0))
    status, out, _ = run(capsys, "align", a, m)
    assert status == 0
    assert out.startswith("translation (accepted)")


@pytest.mark.slow
def test_fifty_thousand_cues(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    long = film(3, 50_000)
    a, m = write(tmp_path / "a.srt", long), write(tmp_path / "m.srt", moved(film(1, 800), 3.0))
    status, _, err = run(capsys, "align", a, m)
    assert status in (0, 1)
    assert "Traceback" not in err


@pytest.mark.parametrize("mode", ["auto", "text", "timing"])
def test_another_film_in_another_language(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.sync.films import dubbed

    a, m = write(tmp_path / "a.en.srt", FILM), write(tmp_path / "m.de.srt", dubbed(film(8, 60)))
    status, out, _ = run(capsys, "align", a, m, "--mode", mode)
    assert status == 1
    assert "wrong_film (refused)" in out


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A film without sound and subtitles."""
    from tests.media.film import write_film

    path = tmp_path / "films" / "silent.mp4"
    path.parent.mkdir()
    write_film(path, sound=None)
    return path


@pytest.mark.slow
def test_a_film_without_sound_or_subtitles(silent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("auto", "text", "audio"):
        status, out, _ = run(capsys, "align", SRT, silent, "--mode", mode)
        assert status == 1
        assert out.startswith("no verdict (refused): there is nothing to compare")
        assert "no_audio" in out
    status, out, _ = run(capsys, "align", "rank", silent, SRT)
    assert status == 1
    assert "no_audio" in out
    assert "best: none of them" in out
    status, out, _ = run(capsys, "align", "identify", silent)
    assert status == 1
    assert "none of the titles fits" in out


@pytest.mark.slow
def test_picture_subtitles_are_told(silent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    silent.with_suffix(".sup").write_bytes(b"PG\x00")
    status, out, _ = run(capsys, "align", SRT, silent)
    assert status == 1
    assert "image_subtitles: the subtitles of this copy are pictures" in out
    assert "picture subtitles" in one_line(
        capsys, "align", SRT, silent, "--subs", silent.with_suffix(".sup")
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("align", SRT, SRT, "--mode", "audio"), "no sound"),
        (("align", SRT, SRT, "--subs", SRT, "--words", SRT), "two sources of lines"),
        (("align", SRT, SRT, "--fingerprint", "none.mmfp"), "none.mmfp"),
        (("align", SRT, SRT, "--fingerprint", SRT), "no audio fingerprint"),
        (("align", f"{RELEASE}::mmdia_demo_01", SRT, "--fingerprint", SRT), "brings its own"),
        (("align", SRT, SRT, "--min-confidence", "7"), "probability"),
        (("align", SRT, SRT, "--words", "none.json"), "none.json"),
        (("align", SRT, DEMO_FILM, "--mode", "audio", "--vad", "ears"), "ears"),
        (("align", SRT, SRT, "--vad", "nope"), "no --vad of this name"),
        (("align", SRT, SRT, "--asr", "nope:tiny"), "no --asr of this name"),
        (("align", SRT, DEMO_FILM, "--subs", SRT, "--mode", "audio"), "--mode audio listens to the sound"),
        (("align", SRT, DEMO_FILM, "--words", SRT, "--mode", "fingerprint"), "--mode fingerprint listens"),
        (("align", SRT, SRT, "--batch"), "--batch needs"),
        (("align", RELEASE, "no-such-folder", "--batch"), "no-such-folder"),
        (("align", RELEASE, ".", "--batch", "--subs", SRT), "names one file"),
        (("align", "rank", SRT, "none.srt"), "none.srt"),
        (("align", "rank", SRT, SRT), "itself among the subtitles"),
        (("align", "identify", SRT, "--top", "0"), "--top"),
        (("align", "identify", SRT, "--annotations", "none"), "none"),
        (("align", "identify", "none.mkv"), "none.mkv"),
        (("align", "table6", "--reference", SRT), "nothing to measure"),
        (("align", "table6", "--reference", SRT, "--hyp", "nameless"), "NAME=FILE"),
        (("align", "table6", "--reference", "none.srt", "--asr", SRT), "none.srt"),
        (("release", "fingerprint", DEMO_FILM), "--out"),
        (("release", "fingerprint", "none.mkv", "--out", "x.mmfp"), "none.mkv"),
    ],
)  # fmt: skip
def test_bad_words_are_one_line_and_exit_2(
    words: tuple[object, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert told in one_line(capsys, *words)


# Sound: the demo film is spoken by a synthesiser, but it is speech


@pytest.mark.slow
def test_sound_alone_and_its_fingerprint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media, printed = tmp_path / "copy.mp4", tmp_path / "anno.mmfp"
    shutil.copy(DEMO_FILM, media)
    status, out, _ = run(capsys, "align", SRT, media, "--vad", "webrtc", "--report", tmp_path / "r.html")
    assert status == 0
    assert "evidence: audio (webrtc)" in out
    assert "What was heard" in (tmp_path / "r.html").read_text()
    status, out, _ = run(capsys, "release", "fingerprint", DEMO_FILM, "--out", printed)
    assert status == 0
    assert str(printed) in out
    words = ("align", SRT, media, "--mode", "fingerprint", "--fingerprint", printed)
    status, out, _ = run(capsys, *words, "--json", tmp_path / "m.json")
    document = json.loads((tmp_path / "m.json").read_text())
    assert (status, document["verdict"], document["evidence"]["mode"]) == (0, "identity", "fingerprint")
    assert all(abs(s["offset"]) < 0.02 for s in document["segments"])
    status, out, _ = run(capsys, "align", SRT, media, "--mode", "fingerprint")
    assert status == 1
    assert "no_fingerprint" in out


# rank, identify, table6


@pytest.mark.slow
def test_rank_says_which_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = write(tmp_path / "film.srt", moved(FILM, 11.0))
    subs = [
        write(tmp_path / "s" / name, cues)
        for name, cues in (
            ("wrong.srt", film(7, 60)), ("loose.srt", jittered(FILM, 0.3)), ("good.en.srt", FILM),
        )
    ]  # fmt: skip
    status, out, _ = run(capsys, "align", "rank", media, *subs, "--report", tmp_path / "r.html")
    assert status == 0
    assert out.index("good.en.srt") < out.index("loose.srt") < out.index("wrong.srt")
    assert out.rstrip().endswith(f"best: {subs[2]}")
    assert "starts lie 0." in out
    assert "Take good.en.srt" in (tmp_path / "r.html").read_text()
    status, out, _ = run(capsys, "align", "rank", media, *subs, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (status, document["schema"], document["best"]) == (0, "mmdia.rank/1", str(subs[2]))
    assert run(capsys, "align", "rank", media, subs[0])[0] == 1


@pytest.mark.slow
def test_identify_finds_the_title_or_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from mmdia.subtitles.read import read_subtitles

    copy = write(tmp_path / "unknown.srt", cut(read_subtitles(SRT).cues, 60, 90))
    status, out, _ = run(capsys, "align", "identify", copy, "--annotations", RELEASE, "--json")
    document = json.loads(out)
    assert (status, document["schema"], document["title_id"]) == (0, "mmdia.identify/1", "mmdia_demo_01")
    status, out, err = run(capsys, "align", "identify", write(tmp_path / "x.srt", film(5, 80)))
    assert status == 1
    assert "none of the titles fits" in out
    assert "bundled demo" in err


def test_table6_prints_the_paper_beside_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ref = write(tmp_path / "ref.srt", FILM)
    raw, good = (
        write(tmp_path / "raw.srt", moved(FILM, 4.0)),
        write(tmp_path / "cal.srt", jittered(FILM, 0.05)),
    )
    words = ("align", "table6", "--reference", ref, "--uncalibrated", raw, "--calibrated", good, "--hyp",
             f"mine={ref}")  # fmt: skip
    status, out, _ = run(capsys, *words, "--report", tmp_path / "t.html")
    assert status == 0
    for said in (
        "SRT-Uncalibrated",
        "0.179",
        "0.43",
        "SRT-Calibrated",
        "0.857",
        "0.03",
        "mine",
        "60 lines",
    ):
        assert said in out
    assert all(len(line) <= 80 for line in out.splitlines() if "─" in line)
    assert "By tolerance" in (tmp_path / "t.html").read_text()
    status, out, _ = run(capsys, *words, "--json")
    rows = {r["name"]: r for r in json.loads(out)["rows"]}
    assert rows["SRT-Uncalibrated"]["accuracy"]["value"] == 0.0
    assert rows["mine"]["accuracy"]["value"] == 1.0
    assert rows["mine"]["wer"]["value"] == 0.0
