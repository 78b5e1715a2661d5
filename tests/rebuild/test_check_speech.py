"""Real clips, a real listener: the demo with its own texts, and with each other's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mmdia.corpus.locate import demo_release
from mmdia.engines import registry

from .conftest import rebuild, receipts


def swapped(folder: Path) -> Path:
    """The demo's release with every text under another dialogue."""
    shutil.copytree(demo_release(), folder)
    path = folder / "dialogues.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    films = [row for row in rows if row.get("title_id")]
    texts = [" ".join(turn.get("text") or "" for turn in row["turns"]) for row in films]
    for row, text in zip(films, texts[3:] + texts[:3], strict=True):
        for turn in row["turns"]:
            turn["text"], turn["n_words"] = "", 0
        row["turns"][0]["text"] = text
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return folder


@pytest.mark.slow
def test_texts_of_others_are_found_out(
    media_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pocketsphinx")
    monkeypatch.setenv("MMDIA_ASR", "sphinx")
    out = tmp_path / "out"
    asked = {"timemap": "identity", "check_speech": 3, "min_speech": None}
    rebuild(media_dir, out, **asked)
    title = json.loads((out / "titles.jsonl").read_text())
    assert title["speech"]["n"] == 3
    assert title["speech"]["score"] > 0.5
    assert "speech_mismatch" not in title["reasons"]
    before = {i: row for i, row in receipts(out).items() if row["speech"]}
    assert len(before) == 3
    # Nobody listens again.
    with monkeypatch.context() as deaf:
        deaf.setattr(type(registry.listener("sphinx")), "listen", None)
        rebuild(media_dir, out, **asked)
    assert {i: row for i, row in receipts(out).items() if row["speech"]} == before
    rebuild(media_dir, out, swapped(tmp_path / "swapped"), **asked)
    title = json.loads((out / "titles.jsonl").read_text())
    assert title["speech"]["score"] < 0.2
    assert "speech_mismatch" in title["reasons"]
    built = [row for row in receipts(out).values() if row["status"] == "built"]
    assert len(built) == 7
    assert all("speech_mismatch" in row["reasons"] for row in built)
