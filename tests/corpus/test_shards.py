"""Pieces of a release: together they are the whole, and each knows its lines."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.arrow import arrow_schema
from mmdia.corpus.jsonl import Lines
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import dialogue_batches
from mmdia.corpus.shards import Shard, glance, plan_shards, shard_batches, survey
from mmdia.errors import BrokenRow
from mmdia.schema.dialogue import Dialogue

HEAD = '{"schema": "mmdia.release/1", "name": "r", "version": "1"}'


def write(folder: Path, lines: list[bytes], *, bom: bool = False, end: bytes = b"\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "release.json").write_text(HEAD, encoding="utf-8")
    text = (b"\xef\xbb\xbf" if bom else b"") + b"".join(line + end for line in lines)
    (folder / "dialogues.jsonl").write_bytes(text)
    return folder


def row(number: int, split: str | None = "train", *tags: str) -> bytes:
    return json.dumps({"dialogue_id": f"d{number}", "turns": [], "split": split, "subsets": tags}).encode()


def together(shards: list[Shard]) -> list[dict[str, object]]:
    return [r for shard in shards for batch in shard_batches(shard) for r in batch.to_pylist()]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(["row", "blank", "wide"]), min_size=1, max_size=60),
    bom=st.booleans(),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_pieces_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], bom: bool, end: bytes
) -> None:
    lines = {
        "blank": lambda n: b"  ",
        "row": row,
        "wide": lambda n: row(n).replace(b': "d', b': "\xc3\xa9d'),
    }
    folder = tmp_path_factory.mktemp("r")
    handle = open_release(write(folder, [lines[k](n) for n, k in enumerate(kinds)], bom=bom, end=end))
    whole = [r for batch in dialogue_batches(handle) for r in batch.to_pylist()]
    assert together(list(plan_shards(handle))) == whole
    assert len(whole) == sum(k != "blank" for k in kinds)


def test_a_small_release_is_cut_so_that_workers_find_work(tmp_path: Path) -> None:
    handle = open_release(write(tmp_path, [row(n) for n in range(40)]))
    assert 8 <= len(list(plan_shards(handle))) <= 16


def test_a_large_release_is_cut_into_bounded_pieces(tmp_path: Path) -> None:
    handle = open_release(write(tmp_path, [row(n) for n in range(20_000)]))
    shards = list(plan_shards(handle))
    assert [shard.lines for shard in shards] == [1000] * 20
    assert together(shards[7:8])[0]["dialogue_id"] == "d7000"


def test_survey_knows_where_splits_and_tags_are(tmp_path: Path) -> None:
    lines = [row(n, "train") for n in range(16)] + [row(16, "test", "bench", "hard"), row(17, None, "ood")]
    handle = open_release(write(tmp_path, lines))
    shown: list[int] = []
    found = survey(handle, look=lambda batch: shown.append(batch.num_rows))
    assert sum(shown) == 18
    assert sum(found.splits, Counter()) == {"train": 16, "test": 1, "unsplit": 1}
    assert sum(found.tags, Counter()) == {"bench": 1, "hard": 1, "ood": 1}
    assert found.holding(split="validation") == []
    for choice, expected in (({"split": "test"}, ["d16"]), ({"tag": "ood"}, ["d17"])):
        shards = found.holding(**choice)
        assert len(shards) == 1
        rows = [r for s in shards for b in shard_batches(s, **choice) for r in b.to_pylist()]
        assert [r["dialogue_id"] for r in rows] == expected


def test_withdrawn_rows_do_not_count(tmp_path: Path) -> None:
    folder = write(tmp_path, [row(0, "train"), row(1, "test")])
    (folder / "withdrawn.jsonl").write_text('{"dialogue_id": "d1"}\n', encoding="utf-8")
    found = survey(open_release(folder))
    assert found.holding(split="test") == []


def test_a_broken_row_has_its_line(tmp_path: Path) -> None:
    lines = [row(n) for n in range(50)]
    lines[33] = b'{"turns": 3}'
    handle = open_release(write(tmp_path, lines))
    with pytest.raises(BrokenRow, match=r"dialogues\.jsonl:34"):
        survey(handle, look=lambda batch: None)
    told: list[BrokenRow] = []
    found = survey(handle, on_broken=told.append, look=lambda batch: None)
    assert sum(found.broken) == 1
    assert sum(found.splits, Counter()) == {"train": 49}
    assert [str(error.path).rsplit(":", 1)[1] for error in told] == ["34"]


def test_a_glance_sees_where_rows_are_and_hands_on_what_it_cannot_read(tmp_path: Path) -> None:
    lines = [row(0, "test"), b'{"dialogue_id":', row(2, "train")]
    handle = open_release(write(tmp_path, lines))
    with pytest.raises(BrokenRow, match=r"dialogues\.jsonl:2"):
        survey(handle)
    told: list[BrokenRow] = []
    found = survey(handle, on_broken=told.append)
    assert found.broken == [0, 1, 0]
    assert [shard.line for shard in found.holding(split="train")] == [2, 3], (
        "the broken one may be of train"
    )
    assert found.holding(split="validation") == []


@pytest.mark.parametrize(
    "line", [b'{"a": 1} null', b"null", b'{"subsets": [null]}', b'{"split": 3}', b"[]"]
)
def test_a_glance_leaves_odd_lines_alone(tmp_path: Path, line: bytes) -> None:
    assert glance(Lines(tmp_path, [1], [line])) is None


def test_parquet_is_cut_by_file(tmp_path: Path) -> None:
    (tmp_path / "release.json").write_text(HEAD, encoding="utf-8")
    (tmp_path / "dialogues").mkdir()
    for part in range(3):
        rows = [json.loads(row(part * 2 + i)) for i in range(2)]
        table = pa.Table.from_pylist(rows, schema=arrow_schema(Dialogue))
        pq.write_table(table, tmp_path / "dialogues" / f"{part}.parquet")
    shards = list(plan_shards(open_release(tmp_path)))
    assert len(shards) == 3
    assert [r["dialogue_id"] for r in together(shards)] == [f"d{n}" for n in range(6)]
