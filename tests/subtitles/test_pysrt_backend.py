"""The optional pysrt backend: reached by name only, its losses reported."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mmdia.errors import MissingExtra, UsageError
from mmdia.subtitles.read import read_subtitles

TEXT = "1\n00:00:01,000 --> 00:00:02,000\nA\n\n00:00:03,000 --> 00:00:04,000\nB\n\n"
TEXT += "3\n00:xx --> 00:00:06,000\nC\n"


def test_missing_extra_names_the_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pysrt", None)
    path = tmp_path / "a.srt"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(MissingExtra, match=r"mmdia\[pysrt\]"):
        read_subtitles(path, backend="pysrt")


def test_only_srt(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n", encoding="utf-8")
    with pytest.raises(UsageError):
        read_subtitles(path, backend="pysrt")


def test_losses_are_reported(tmp_path: Path) -> None:
    pytest.importorskip("pysrt")
    path = tmp_path / "a.srt"
    path.write_text(TEXT, encoding="utf-8")
    track = read_subtitles(path, backend="pysrt")
    assert track.unaccounted == 0
    lines = {cue.line for cue in track.cues} | {p.line for p in track.problems if p.code == "cue_lost"}
    assert lines == {2, 5, 9}
    assert track.cues[0].text == "A"


def test_the_own_reader_never_loads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(TEXT, encoding="utf-8")
    before = "pysrt" in sys.modules
    read_subtitles(path)
    assert ("pysrt" in sys.modules) is before
