"""``columns=[...]``: only those are read and given, withdrawn rows stay out, unknown names are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pytest

import mmdia
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import iter_dialogues, iter_titles
from mmdia.corpus.write import write_release as write
from mmdia.errors import UsageError
from tests.builder.conftest import dialogue, write_release

WANTED = ["turns[].text", "relationship.category", "dialogue_id"]


def in_parquet(source: Path, folder: Path) -> Path:
    handle = open_release(source)
    write(folder, handle.head, iter_titles(handle), iter_dialogues(handle), form="parquet")
    return folder


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("streaming", [True, False])
def test_columns_are_those_of_the_whole_rows(
    release: Path, tmp_path: Path, form: str, streaming: bool
) -> None:
    place = in_parquet(release, tmp_path / "parquet") if form == "parquet" else release
    options: dict[str, Any] = {"annotations": place, "split": "train", "cache_dir": str(tmp_path / "c")}
    whole = list(mmdia.load_dataset(**options))
    expected = [
        {
            "dialogue_id": row["dialogue_id"],
            "relationship": row["relationship"] and {"category": row["relationship"]["category"]},
            "turns": [{"text": turn["text"]} for turn in row["turns"]],
        }
        for row in whole
    ]
    narrow = mmdia.load_dataset(**options, columns=WANTED, streaming=streaming)
    assert list(narrow) == expected
    same = datasets.load_dataset("mmdia", **options, columns=WANTED, streaming=streaming)
    assert list(same) == expected


def test_parquet_is_read_by_leaf(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow.parquet as pq

    seen: list[Any] = []
    read = pq.ParquetFile.read_row_group

    def spy(self: Any, i: int, columns: Any = None, **more: Any) -> pa.Table:
        seen.append(columns)
        return read(self, i, columns=columns, **more)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", spy)
    place = in_parquet(release, tmp_path / "parquet")
    stream = mmdia.load_dataset(annotations=place, split="train", streaming=True, columns=["turns.text"])
    assert [len(row["turns"]) for row in stream] == [2, 2, 2]
    assert {column.split(".")[0] for columns in seen for column in columns} == {"turns", "split"}
    assert all(sum(c.startswith("turns") for c in columns) == 1 for columns in seen)


@pytest.mark.filterwarnings("ignore:.*breaks invariants")
@pytest.mark.parametrize("columns", [["turns.text"], ["extra"], ["relationship"]])
def test_withdrawn_rows_and_strange_keys(tmp_path: Path, columns: list[str]) -> None:
    """A number as text, a key of nobody, and a row that was taken back: as in the whole rows."""
    rows: list[dict[str, Any] | str] = [
        dialogue(0, relationship={"category": "Rivals"}, ours=1),
        dialogue(1, start_ms="7"),
        dialogue(2),
    ]
    place = write_release(tmp_path / "r", rows)
    (place / "withdrawn.jsonl").write_text('{"dialogue_id": "f1_clip_2"}\n', encoding="utf-8")
    options: dict[str, Any] = {"annotations": place, "split": "train", "cache_dir": str(tmp_path / "c")}
    found = list(mmdia.load_dataset(**options, columns=columns, streaming=True))
    assert found == list(mmdia.load_dataset(**options, columns=columns))
    whole = list(mmdia.load_dataset(**options))
    assert len(found) == 2
    if columns != ["turns.text"]:
        assert found == [{columns[0]: row[columns[0]]} for row in whole]


@pytest.mark.parametrize(
    ("columns", "told"),
    [(["turns.txt"], "text"), (["turns.text.x"], "Nothing"), ("turns.text", "list"), ([], "list")],
)
def test_unknown_columns_are_told(release: Path, columns: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        mmdia.load_dataset(annotations=release, columns=columns)
