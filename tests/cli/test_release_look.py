"""What is wrong with a row is told: where, which field, why, and what may have been meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdia.release.findings import MOST_BROKEN
from tests.cli.calls import run

ROWS = [
    {"dialogue_id": "d1", "turns": [{"speakers": ["ann"], "text": "Hello.", "nonverbl": []}]},
    {"dialogue_id": "d2", "turns": [{"speaker": "ann", "text": "Hello."}]},
    {"dialogue_id": "d3", "turns": [{"speakers": ["ann"], "text": "Hi.", "start_ms": "1.5"}]},
]


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path / "home"))
    folder = tmp_path / "rel"
    folder.mkdir()
    head = {"schema": "mmdia.release/1", "name": "mine", "version": "0.1"}
    (folder / "release.json").write_text(json.dumps(head))
    (folder / "dialogues.jsonl").write_text("\n".join([*map(json.dumps, ROWS), "{broken", ""]))
    return folder


def test_every_broken_row_is_told_with_field_and_reason(
    broken: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, "release", "validate", broken)
    assert status == 1
    assert "dialogues.jsonl:2: Dialogue: turns.0.speakers: Field required" in out
    assert "unknown key 'speaker': did you mean 'speakers'?" in out
    assert "dialogues.jsonl:3: Dialogue: turns.0.start_ms: Input should be a valid integer" in out
    assert "dialogues.jsonl:4: Dialogue: the row: Invalid JSON" in out
    assert "turns[].nonverbl: did you mean turns[].nonverbal?" in out
    document = json.loads(run(capsys, "release", "validate", broken, "--json")[1])
    found = {f["code"]: f for f in document["findings"]}
    assert "turns.0.speakers" in found["broken_row"]["examples"][0]["what"]
    assert found["unknown_key"]["nearest"] == {"turns[].nonverbl": "turns[].nonverbal"}


def test_all_faults_of_a_row_and_no_flood_of_rows(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    many = '{"dialogue_id": 1, "title_id": 2, "split": 3, "turns": 4}\n' * (MOST_BROKEN + 5)
    (broken / "dialogues.jsonl").write_text(many)
    out = run(capsys, "release", "validate", broken)[1]
    assert out.count("dialogue_id: ") == MOST_BROKEN
    assert "(and 1 more)" in out
    assert "and 5 more\n" in out


def test_install_names_the_first_places(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "release", "install", broken)
    assert status == 2
    assert "broken_row 3 (dialogues.jsonl:2: Dialogue: turns.0.speakers" in err
    out = run(capsys, "release", "install", broken, "--allow-errors", "--json")[1]
    assert len(json.loads(out)["places"]["broken_row"]) == 3
