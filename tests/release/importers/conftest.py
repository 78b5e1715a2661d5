"""Files of other makers, and imports whose counting is always checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, load_titles
from mmdia.release.importers.options import ImportOptions
from mmdia.release.importers.run import ImportReport, import_release
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Scene
from mmdia.schema.title import Title


@dataclass
class Imported:
    """A release that was imported, and how."""

    handle: ReleaseHandle
    report: ImportReport
    dialogues: dict[str, Dialogue]
    titles: dict[str, Title]
    scenes: tuple[Scene, ...]

    @property
    def lost(self) -> dict[str, int]:
        return {code: entry.count for code, entry in self.report.lost.items()}

    @property
    def notes(self) -> dict[str, int]:
        return {code: entry.count for code, entry in self.report.notes.items()}


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Write a file of the source folder."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    return write


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Imported]:
    """Import; check that every row is counted and that the release has no errors."""

    def run(format: str, *sources: Path, head: dict[str, Any] | None = None, **options: Any) -> Imported:
        out = tmp_path / f"out{len(list(tmp_path.glob('out*')))}"
        given = sources or (tmp_path / "source",)
        report = import_release(format, given, out, options=ImportOptions(**options), head=head)
        assert report.rows_read == report.rows_imported + report.rows_lost
        handle = open_release(out)
        found = list(iter_dialogues(handle, keep_withdrawn=True))
        assert (len(found), sum(len(d.turns) for d in found)) == (report.dialogues, report.turns)
        assert validate(handle).passes(), [f.to_row() for f in validate(handle).of("error")]
        return Imported(
            handle,
            report,
            {d.dialogue_id: d for d in found},
            load_titles(handle, keep_withdrawn=True),
            tuple(iter_scenes(handle)),
        )

    return run
