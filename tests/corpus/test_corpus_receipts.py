"""Receipts: the last row counts, torn lines do not, several folders make one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.receipts import merge_receipts, read_receipts, receipt_content_id
from mmdia.errors import BrokenRow, ReleaseError, ReleaseNotFound


def row(i: str, status: str, **more: Any) -> str:
    return json.dumps({"schema": "mmdia.receipt/1", "dialogue_id": i, "status": status, **more}) + "\n"


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "receipt.jsonl").write_text(text, encoding="utf-8")
    return path


def test_last_row_counts(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", row("a", "failed") + row("b", "built") + row("a", "built", later=1))
    receipts = read_receipts(out)
    assert {i: r.status for i, r in receipts.items()} == {"a": "built", "b": "built"}
    assert list(receipts) == ["b", "a"]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_torn_lines_are_passed_over(tmp_path: Path, cut: int) -> None:
    torn = row("b", "built")[:-1][:-cut]
    assert list(read_receipts(folder(tmp_path / "end", row("a", "built") + torn))) == ["a"]
    mended = row("a", "built") + torn + "\n" + row("c", "built")
    assert list(read_receipts(folder(tmp_path / "middle", mended))) == ["a", "c"]


def test_whole_row_that_is_no_receipt(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", row("a", "built") + '{"status": "built"}\n')
    with pytest.raises(BrokenRow) as info:
        read_receipts(out)
    assert info.value.path == f"{out / 'receipt.jsonl'}:2"


def test_other_version(tmp_path: Path) -> None:
    out = folder(tmp_path / "o", row("a", "built").replace("receipt/1", "receipt/2"))
    with pytest.raises(ReleaseError, match="Upgrade"):
        read_receipts(out)


def test_no_receipt(tmp_path: Path) -> None:
    for read in (read_receipts, receipt_content_id):
        with pytest.raises(ReleaseNotFound, match="mmdia rebuild"):
            read(tmp_path)


def test_merge_keeps_what_was_built(tmp_path: Path) -> None:
    one = folder(tmp_path / "1", row("a", "built") + row("b", "not_selected") + row("c", "failed"))
    two = folder(tmp_path / "2", row("a", "not_selected") + row("b", "refused") + row("c", "missing_media"))
    merged = merge_receipts([one, two])
    assert {i: (p.folder, p.receipt.status) for i, p in merged.items()} == {
        "a": (one, "built"),
        "b": (two, "refused"),
        "c": (two, "missing_media"),
    }


def test_identity_follows_content(tmp_path: Path) -> None:
    one, two = folder(tmp_path / "1", row("a", "built")), folder(tmp_path / "2", row("a", "built"))
    assert receipt_content_id(one) == receipt_content_id(two)
    (two / "receipt.jsonl").write_text(row("b", "built"), encoding="utf-8")
    assert receipt_content_id(one) != receipt_content_id(two)
