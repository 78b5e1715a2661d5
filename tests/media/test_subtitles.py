"""Embedded text tracks come out in player time, as stored."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mmdia.errors import MissingTool, UsageError
from mmdia.media.graph import find_ffmpeg
from mmdia.media.index import build_index
from mmdia.media.probe import probe
from mmdia.media.subtitles import read_text_track, text_tracks

SRT = """1
00:00:00,500 --> 00:00:01,250
Hello <i>there</i>.

2
00:00:02,000 --> 00:00:03,100
Zwei Zeilen,
äöü – “quoted”.
"""
CUES = [(500, 1250, "Hello <i>there</i>."), (2000, 3100, "Zwei Zeilen,\näöü – “quoted”.")]


@pytest.fixture
def with_track(films, tmp_path):
    try:
        program = str(find_ffmpeg())
    except MissingTool as missing:
        pytest.skip(str(missing))
    (tmp_path / "lines.srt").write_text(SRT, encoding="utf-8")

    def make(name: str, codec: str, *more: str) -> Path:
        inputs = ["-i", str(films["base.mp4"]), "-i", str(tmp_path / "lines.srt")]
        options = "-map 0 -map 1 -c copy -metadata:s:s:0 language=ger -c:s".split()
        command = [program, "-v", "error", "-nostdin", *inputs, *options, codec, *more]
        subprocess.run([*command, str(tmp_path / name)], check=True)
        return tmp_path / name

    return make


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mkv", "srt"), ("a.mp4", "mov_text"), ("b.mkv", "ass"), ("c.mkv", "webvtt")]
)
def test_text_tracks(with_track, name: str, codec: str) -> None:
    path = with_track(name, codec)
    (track,) = text_tracks(path)
    assert (track.is_text, track.language, track.index) == (True, "ger", 2)
    got = read_text_track(path, track.index)
    # The priming of AAC moves whole films by 21 ms in mkv; the text moves with the picture.
    shift = round(float(build_index(path).video.grid_offset) * 1000)
    times = [t - shift for a, b, _ in got for t in (a, b)]
    assert times == pytest.approx([t for c in CUES for t in c[:2]], abs=1)
    plain = [t.replace("{\\i1}", "<i>").replace("{\\i0}", "</i>").replace("\\N", "\n") for _, _, t in got]
    wanted = [c[2] for c in CUES]
    assert plain == (
        [w.replace("<i>", "").replace("</i>", "") for w in wanted] if codec == "mov_text" else wanted
    )


def test_player_time_is_honoured(with_track) -> None:
    path = with_track("late.mkv", "srt", "-output_ts_offset", "5")
    assert probe(path).start_s > 4
    first = read_text_track(path, 2)[0]
    assert first[0] == pytest.approx(500, abs=30)


def test_what_is_no_text_track(films) -> None:
    assert text_tracks(films["base.mp4"]) == ()
    with pytest.raises(UsageError, match="no such subtitle track"):
        read_text_track(films["base.mp4"], 0)


def test_a_real_film_with_text(shared_data: Path) -> None:
    path = shared_data / "clips" / "nasa" / "nasa_13013.mp4"
    tracks = text_tracks(path)
    assert [t.codec for t in tracks] == ["mov_text", "mov_text"]
    cues = read_text_track(path, tracks[0].index)
    assert cues[0][:2] == (210, 4260)
    assert cues[0][2].startswith("NAR: This is")
