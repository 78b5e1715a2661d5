"""A release folder from plain rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release

HEAD = {"schema": "mmdia.release/1", "name": "small", "version": "1.0", "text_license": "CC0-1.0"}


def write_rows(path: Path, rows: list[Any]) -> None:
    lines = [
        row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode() for row in rows
    ]
    path.write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def make_release(tmp_path: Path) -> Callable[..., ReleaseHandle]:
    """Write tables (rows, or lines as bytes) and open them as a release."""

    def make(head: dict[str, Any] | None = None, **tables: list[Any]) -> ReleaseHandle:
        folder = tmp_path / "release"
        folder.mkdir(exist_ok=True)
        (folder / "release.json").write_text(json.dumps(head or HEAD), encoding="utf-8")
        for name, rows in tables.items():
            write_rows(folder / f"{name}.jsonl", rows)
        return open_release(folder)

    return make
