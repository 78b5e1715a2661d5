from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import demo_release
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.run import Summary, run_rebuild

MakeRelease = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read from or written to the home of whoever runs the tests."""
    monkeypatch.setenv("MMDIA_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.delenv("MMDIA_ANNOTATIONS", raising=False)


@pytest.fixture(scope="session")
def film() -> Path:
    """The bundled film."""
    return next((demo_release().parent / "media").glob("*.mp4"))


@pytest.fixture
def media_dir(tmp_path: Path, film: Path) -> Path:
    """A folder with the bundled film and the subtitles that a user would have beside it."""
    folder = tmp_path / "films"
    folder.mkdir()
    shutil.copy(film, folder / "mmdia_demo_01.mp4")
    subtitles = next((demo_release() / "subtitles").glob("*.srt"))
    shutil.copy(subtitles, folder / "mmdia_demo_01.en.srt")
    return folder


@pytest.fixture
def make_release(tmp_path: Path) -> MakeRelease:
    """Write a small release: titles and dialogues as plain rows, lines as they are."""

    def make(
        titles: list[dict[str, Any]], dialogues: list[dict[str, Any] | str], name: str = "release"
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        head = {"schema": "mmdia.release/1", "name": "test", "version": "1"}
        (folder / "release.json").write_text(json.dumps(head))
        for file, rows in (("titles.jsonl", titles), ("dialogues.jsonl", dialogues)):
            lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
            (folder / file).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return folder

    return make


def row(
    dialogue_id: str, start_ms: int, end_ms: int, title_id: str = "t", text: str = "words"
) -> dict[str, Any]:
    """A dialogue of one turn."""
    return {
        "dialogue_id": dialogue_id,
        "title_id": title_id,
        "turns": [{"start_ms": start_ms, "end_ms": end_ms, "speakers": ["a"], "text": text}],
    }


def rebuild(media: Path, out: Path, annotations: Path | None = None, **more: Any) -> Summary:
    """A rebuild in this process."""
    clip = more.pop("clip", ClipParams(**more.pop("params", {})))
    release = None if annotations is None else str(annotations)
    return run_rebuild(RebuildConfig(media, out, release, clip=clip, jobs=more.pop("jobs", 0), **more))


def receipts(out: Path) -> dict[str, dict[str, Any]]:
    """Receipt rows by dialogue; every line must parse."""
    rows = [json.loads(line) for line in (out / "receipt.jsonl").read_text("utf-8").splitlines()]
    assert len({r["dialogue_id"] for r in rows}) == len(rows)
    return {r["dialogue_id"]: r for r in rows}
