"""The metadata is valid Croissant, and its reader finds the rows by it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.release.publish import publish

mlc = pytest.importorskip("mlcroissant")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    return [text(v) for v in value] if isinstance(value, list) else value


def test_its_reader_reads_every_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = open_release(demo_release())
    folder = publish(source, tmp_path / "out", repo="lab/demo").path
    with caplog.at_level(logging.WARNING):
        found = mlc.Dataset(str(folder / "croissant.json"))
    issues = found.metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings
    assert "not standard" not in caplog.text
    assert found.metadata.data_biases
    assert found.metadata.data_release_maintenance_plan
    assert found.metadata.personal_sensitive_information
    splits = {d.dialogue_id: d for d in iter_dialogues(source) if d.split is not None}
    rows = {text(r["default/dialogue_id"]): r for r in found.records("default")}
    assert set(rows) == set(splits)
    for key, row in rows.items():
        turns = row["default/turns"]
        assert [text(t["default/turns/text"]) for t in turns] == [t.text for t in splits[key].turns]
        assert [t["default/turns/start_ms"] for t in turns] == [t.start_ms for t in splits[key].turns]
        assert [text(t["default/turns/speakers"]) for t in turns] == [
            list(t.speakers) for t in splits[key].turns
        ]
        assert text(row["default/subsets"]) == list(splits[key].subsets)
    bench = {text(r["bench/dialogue_id"]) for r in found.records("bench")}
    assert bench == {d.dialogue_id for d in iter_dialogues(source) if "bench" in d.subsets}
    assert [text(r["titles/title_id"]) for r in found.records("titles")] == ["mmdia_demo_01"]
