"""``mmdia release stats`` and ``mmdia release categorise`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import main

ROW = {
    "dialogue_id": "a", "turns": [{"speakers": ["x"], "start_ms": 0, "end_ms": 2500}],
    "split": "train", "relationship": {"label": "Uncle"},
}  # fmt: skip


@pytest.fixture
def release(tmp_path: Path) -> Path:
    folder = tmp_path / "release"
    folder.mkdir()
    (folder / "release.json").write_text('{"schema": "mmdia.release/1", "name": "n", "version": "1"}')
    (folder / "dialogues.jsonl").write_text(json.dumps(ROW) + "\n")
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: Any) -> tuple[int, str]:
    status = main(["release", *map(str, words)])
    return status, capsys.readouterr().out


def test_stats(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    status, out = run(capsys, "stats", release, "--lift", "--definitions", "--report", page)
    assert status == 0
    assert " train " in out
    assert "449,138" in out
    assert "Avg. Rounds of Speaker Changes / Dia." in out
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_stats_count_the_emotion_labels(
    release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "turns by" not in run(capsys, "stats", release)[1]
    turns = [
        {"speakers": ["xy"[i % 2]], "emotion": f"e{i % 14:02}", "sentiment": "neutral"} for i in range(1500)
    ]
    (release / "dialogues.jsonl").write_text(json.dumps({**ROW, "turns": turns}) + "\n")
    out = run(capsys, "stats", release)[1]
    assert "turns by emotion: e00 108, e01 108, e02 107," in out
    assert ", 2 more" in out
    assert "turns by sentiment: neutral 1,500" in out
    page = tmp_path / "page.html"
    run(capsys, "stats", release, "--report", page)
    html = page.read_text("utf-8")
    assert "Turns by emotion" in html
    assert "and 2 more" in html
    assert "Genders of two speakers" not in html
    assert "perceived by the annotators" not in html
    counts = json.loads(run(capsys, "stats", release, "--json")[1])["groups"]["all"]["counts"]
    assert counts["emotions"]["e13"] == 107


def test_stats_json(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "stats", release, "--json", "--groups", "split:train")
    document = json.loads(out)
    assert status == 0
    assert document["schema"] == "mmdia.stats/1"
    assert list(document["groups"]) == ["split:train"]
    assert document["groups"]["split:train"]["table3"]["duration_per_turn_s"] == 2.5
    assert document["definitions"]["total_duration_h"]


def test_stats_of_a_group_that_is_not_there(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "stats", str(release), "--groups", "subset:none"]) == 2


def test_stats_of_a_broken_row(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (release / "dialogues.jsonl").write_text("{\n")
    assert main(["release", "stats", str(release)]) != 0
    assert "release validate" in capsys.readouterr().err


def test_categorise(release: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out = run(capsys, "categorise", release)
    assert status == 0
    assert "nothing was written" in out
    assert not (tmp_path / "out").exists()
    status, out = run(capsys, "categorise", release, "--out", tmp_path / "out", "--json")
    document = json.loads(out)
    assert document["relationship"]["categories"] == {"Family": 1}
    written = json.loads((tmp_path / "out" / "dialogues.jsonl").read_text())
    assert written["relationship"] == {"label": "Uncle", "labels": [], "category": "Family", "pairs": []}


def test_in_place_wants_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["release", "categorise", "--in-place"]) == 2


def test_words_of_a_release_are_no_markup(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = {"schema": "mmdia.release/1", "name": "[/red]", "version": "[b]"}
    (release / "release.json").write_text(json.dumps(head))
    row = {**ROW, "split": "[/blue]", "subsets": ["[red]x"], "relationship": {"label": "[/zzyx]"}}
    (release / "dialogues.jsonl").write_text(json.dumps(row) + "\n")
    status, out = run(capsys, "stats", release)
    assert status == 0
    assert all(word in out for word in ("[/red] [b]", "[/blue]", "[red]x"))
    status, out = run(capsys, "categorise", release)
    assert status == 0
    assert "[/zzyx]" in out
