"""What `release info` says of a small release."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmdia.errors import BrokenRow
from mmdia.release.info import release_info


def test_info(make_release: Any) -> None:
    turn = {"start_ms": 0, "end_ms": 1_800_000, "speakers": ["x"]}
    handle = make_release(
        head={
            "schema": "mmdia.release/1", "name": "n", "version": "2", "license": "CC-BY-4.0",
            "sources": [{"name": "films", "kind": "film"}],
        },
        titles=[{"title_id": "t", "language": "en"}, {"title_id": "u"}, {"title_id": "gone"}],
        dialogues=[
            {"dialogue_id": "a", "title_id": "t", "split": "test", "subsets": ["hard"],
             "turns": [turn, turn]},
            {"dialogue_id": "b", "turns": [{"speakers": ["x"]}]},
            {"dialogue_id": "c", "title_id": "gone", "turns": [turn]},
        ],
        withdrawn=[{"title_id": "gone"}],
    )  # fmt: skip
    info = json.loads(json.dumps(release_info(handle)))
    assert info == {
        "schema": "mmdia.release-info/1", "name": "n", "version": "2", "license": "CC-BY-4.0",
        "created": None, "vocab": None, "path": str(handle.path),
        "titles": 2, "dialogues": 2, "turns": 3, "scripts": 1, "hours": 0.5,
        "splits": {"null": 1, "test": 1}, "subsets": {"hard": 1}, "languages": {"null": 1, "en": 1},
        "sources": [{"name": "films", "kind": "film"}],
    }  # fmt: skip


def test_broken_rows(make_release: Any) -> None:
    handle = make_release(dialogues=[{"dialogue_id": "a", "turns": []}, b"{"])
    with pytest.raises(BrokenRow):
        release_info(handle)
    broken: list[BrokenRow] = []
    assert release_info(handle, on_broken=broken.append)["dialogues"] == 1
    assert len(broken) == 1
