"""A tiny release and the receipt of its rebuild."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

# Read by `datasets` when it is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

Row = dict[str, Any]


def dialogue(number: int, **more: Any) -> Row:
    start = number * 10_000
    turns = [
        {"start_ms": start, "end_ms": start + 1500, "speakers": ["ann"], "text": "Where were you?"},
        {"start_ms": start + 1500, "end_ms": start + 4000, "speakers": ["bob"], "text": "Out."},
    ]
    row = {"dialogue_id": f"f1_clip_{number}", "title_id": "f1", "start_ms": start, "end_ms": start + 4000}
    return row | {"split": "train", "subsets": [], "turns": turns} | more


def write_release(folder: Path, rows: list[Row | str], **head: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"schema": "mmdia.release/1", "name": "tiny", "version": "1", "vocab": "paper-15"}
    (folder / "release.json").write_text(json.dumps(facts | head), encoding="utf-8")
    (folder / "titles.jsonl").write_text('{"title_id": "f1", "name": "A Film"}\n', encoding="utf-8")
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "dialogues.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def tiny_rows() -> list[Row]:
    return [
        dialogue(
            0, relationship={"label": "Brothers", "category": "Family"}, interaction={"category": "Banter"}
        ),
        dialogue(1, relationship={"category": "Rivals in space"}),
        dialogue(2, relationship=None),
        dialogue(3, split="validation", subsets=["hard"]),
        dialogue(4, split="test", subsets=["bench", "hard"]),
        dialogue(5, split=None, subsets=["ood"]),
    ]


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """Six dialogues: three train, one validation, one test, one without a split."""
    rows = tiny_rows()
    rows[1]["relationship"]["category"] = None
    return write_release(tmp_path / "release", rows)


def write_receipt(folder: Path) -> Path:
    """Dialogue 0 built with sound, picture and stills; 1 refused; 3 built with sound; the rest unknown."""
    folder.mkdir(parents=True, exist_ok=True)
    clip = {
        "nominal_start": 1.0,
        "nominal_end": 5.0,
        "media_start": 0.96,
        "media_end": 5.0,
        "lead_in": 0.04,
    }
    base = {"schema": "mmdia.receipt/1", "title_id": "f1", "status": "built"}
    built = base | {
        "clip": clip | {"scale": 1.0, "confidence": 0.99},
        "audio": {"path": "clips/f1/0.flac", "sample_rate": 8000, "n_samples": 32320, "sha256": "0"},
        "turns": [{"start": 0.04, "end": 1.54, "end_extended": 1.6}, {"start": 1.54, "end": 4.04}],
    }
    film = {
        "video": {"path": "clips/f1/0.mp4", "first_pts": 0.96, "n_frames": 97, "sha256": "0"},
        "keyframes": [{"path": "clips/f1/0.k001.jpg", "turn": 1, "media_time": 3.0, "sha256": "0"}],
    }
    rows = [
        built | film | {"dialogue_id": "f1_clip_0"},
        base | {"dialogue_id": "f1_clip_1", "status": "refused", "reasons": ["wrong_film"]},
        built | {"dialogue_id": "f1_clip_3"},
    ]
    (folder / "receipt.jsonl").write_text("\n".join(json.dumps(r) for r in rows) + "\n", encoding="utf-8")
    for name in ("0.flac", "0.mp4", "0.k001.jpg"):
        (folder / "clips" / "f1").mkdir(parents=True, exist_ok=True)
        (folder / "clips" / "f1" / name).write_bytes(b"never opened here")
    return folder


@pytest.fixture
def rebuilt(tmp_path: Path) -> Path:
    """Output folder of a rebuild of `release`; nothing opens the clips here."""
    return write_receipt(tmp_path / "rebuilt")
