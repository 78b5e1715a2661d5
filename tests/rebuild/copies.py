"""Copies of made-up films: silent sound files with subtitles beside them, and releases of the films."""

from __future__ import annotations

import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdia.schema.cue import Cue
from tests.sync.films import write

RATE = 1000


def copy_of(path: Path, cues: Sequence[Cue] | None, seconds: float = 300.0, *, seed: int = 0) -> Path:
    """A sound file (its content hangs on `seed`), with these subtitles beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setparams((1, 1, RATE, 0, "NONE", ""))
        stream.writeframes(bytes([128 + seed % 2]) * round(seconds * RATE - 8) + seed.to_bytes(8, "big"))
    if cues is not None:
        write(path.with_suffix(".srt"), cues)
    return path


def dialogues_of(title_id: str, cues: Sequence[Cue], size: int = 10) -> list[dict[str, Any]]:
    """The lines of a film as dialogues."""
    return [
        {
            "dialogue_id": f"{title_id}_{k // size:03d}",
            "title_id": title_id,
            "turns": [
                {"start_ms": c.start_ms, "end_ms": c.end_ms, "speakers": ["a"], "text": c.text}
                for c in cues[k : k + size]
            ],
        }
        for k in range(0, len(cues), size)
    ]


def release_of(folder: Path, films: Mapping[str, Sequence[Cue]], **titles: dict[str, Any]) -> Path:
    """A release of these films; `titles` holds more keys of a title."""
    folder.mkdir(parents=True)
    head = {"schema": "mmdia.release/1", "name": "test", "version": "1"}
    (folder / "release.json").write_text(json.dumps(head))
    rows = [{"title_id": t, "language": "en", **titles.get(t, {})} for t in films]
    (folder / "titles.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    lines = [json.dumps(d) + "\n" for t, cues in films.items() for d in dialogues_of(t, cues)]
    (folder / "dialogues.jsonl").write_text("".join(lines))
    return folder
