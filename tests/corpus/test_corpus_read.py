"""Three ways of reading give one result: records, JSONL to Arrow, Parquet to Arrow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmdia
from mmdia.corpus.arrow import arrow_schema, batch_of
from mmdia.corpus.columns import Misfit, fit_batch
from mmdia.corpus.folding import fold_line
from mmdia.corpus.jsonl import Lines, _fast, line_blocks, records_of, rows_of
from mmdia.corpus.lines import strict_loads
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.parquet import parquet_rows
from mmdia.corpus.read import (
    dialogue_batches,
    iter_dialogues,
    iter_numbered,
    iter_rows,
    iter_scenes,
    load_titles,
    title_batches,
    withdrawals,
)
from mmdia.errors import BrokenRow, ReleaseError
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.title import Title
from tests.corpus.row_strategies import rows

MANY = settings(max_examples=10, deadline=None)


def lines_of(items: list[Any]) -> Lines:
    texts = [
        item if isinstance(item, bytes) else json.dumps(item, ensure_ascii=False).encode() for item in items
    ]
    return Lines(Path("x.jsonl"), list(range(1, len(texts) + 1)), texts)


def is_strict(line: bytes) -> bool:
    """Whether JSON has no key twice in an object, and finite numbers only."""
    try:
        strict_loads(line)
    except ValueError:
        return False
    return True


def same_as_records(block: Lines, model: type[Record]) -> None:
    """Both ways of reading a block give what reading each line as a record gives."""
    good: list[tuple[int, Record]] = []
    broken: list[str | None] = []
    for i, line in enumerate(block.lines):
        try:
            record = model.from_json(line, where=block.where(i))
            if not is_strict(line):
                raise BrokenRow("loose", path=block.where(i))
            good.append((block.numbers[i], record))
        except BrokenRow as error:
            broken.append(error.path)
    also_broken: list[str | None] = []
    again = list(records_of(block, model, lambda e: also_broken.append(e.path)))
    assert [(n, r.to_row(nulls=True)) for n, r in again] == [(n, r.to_row(nulls=True)) for n, r in good]
    assert also_broken == broken
    also_broken.clear()
    got = rows_of(block, model, lambda e: also_broken.append(e.path))
    assert also_broken == broken
    assert got.numbers == [number for number, _ in good]
    assert got.batch.equals(batch_of((record for _, record in good), model))
    assert got.batch.schema == arrow_schema(model)


@MANY
@given(st.lists(rows(Dialogue), min_size=1, max_size=3))
def test_fast_way_takes_clean_rows(items: list[dict[str, Any]]) -> None:
    block = lines_of(items)
    records = [Dialogue.from_json(line) for line in block.lines]
    assert _fast(block.lines, Dialogue).equals(batch_of(records, Dialogue))


@MANY
@given(st.lists(rows(Dialogue, strange=True), min_size=1, max_size=3))
def test_unknown_keys_are_folded_alike(items: list[dict[str, Any]]) -> None:
    same_as_records(lines_of(items), Dialogue)


@MANY
@given(st.lists(rows(Dialogue, strange=True), min_size=1, max_size=3))
def test_unknown_keys_do_not_need_records(items: list[dict[str, Any]]) -> None:
    block = lines_of(items)
    folded = [fold_line(line, Dialogue) for line in block.lines]
    assert _fast(folded, Dialogue).equals(batch_of(map(Dialogue.from_json, block.lines), Dialogue))


@MANY
@given(st.lists(rows(Title, strange=True), min_size=1, max_size=3))
def test_titles_are_read_alike(items: list[dict[str, Any]]) -> None:
    same_as_records(lines_of(items), Title)


DAMAGE = [
    b"null",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b"1",
    b"1.5",
    b"true",
    b"{}",
    b"NaN",
    b" ",
    b"\xff",
    b"\x00",
]


@pytest.mark.slow
@MANY
@given(st.lists(rows(Dialogue), min_size=1, max_size=3), st.data())
def test_damaged_lines_are_judged_by_the_records(items: list[dict[str, Any]], data: st.DataObject) -> None:
    block = lines_of(items)
    for i, line in enumerate(block.lines):
        if data.draw(st.booleans()):
            at = data.draw(st.integers(0, len(line)))
            drop = data.draw(st.integers(0, 3))
            damaged = (line[:at] + data.draw(st.sampled_from(DAMAGE)) + line[at + drop :]).strip()
            block.lines[i] = damaged or b"{}"
    same_as_records(block, Dialogue)


@pytest.mark.parametrize(
    "line",
    [
        b"null",
        b'{"dialogue_id":"a","turns":[]} null {"dialogue_id":"b","turns":[]}',
        b'{"dialogue_id":"a","turns":[]}{"dialogue_id":"b","turns":[]}',
        b'{"dialogue_id":"a","turns":null}',
        b'{"dialogue_id":"a"}',
        b'{"dialogue_id":null,"turns":[]}',
        b'{"dialogue_id":"a","turns":[null]}',
        b'{"dialogue_id":"a","turns":[{"speakers":["x",null]}]}',
        b'{"dialogue_id":"a","turns":[{"text":"no speakers key"}]}',
        b'{"dialogue_id":"a","turns":[],"start_ms":1.0,"end_ms":"12"}',
        b'{"dialogue_id":"a","turns":[],"start_ms":1.5}',
        b'{"dialogue_id":"a","dialogue_id":"b","turns":[]}',
        b'{"dialogue_id":"a","turns":[],"emotion_intensity":NaN,"emotion_volatility":1e400}',
        b'{"dialogue_id":"a","turns":[],"scores":[{"value":1}]}',
        b'{"dialogue_id":"a","turns":[],"control_set":{"axis":"tone"}}',
        b'{"dialogue_id":"\\ud800","turns":[]}',
        b'{"dialogue_id":"a\xc3","turns":[]}',
        b'{"dialogue_id":"a","turns":[],"extra":"{\\"k\\": 1}","k2":null}',
        b'{"dialogue_id":"a","turns":[{"speakers":["x"],"q":"\\ud83d\\ude00"}],"k":"\\ud800"}',
        b'{"dialogue_id":"a","turns":[{"speakers":["x"],"q":1,"q":2}],"subsets":"hard","z":-0,"y":1.0}',
        b'{"dialogue_id":"a","k":1}',
        b"[]",
        b"7",
    ],
)
def test_edge_lines_are_judged_by_the_records(line: bytes) -> None:
    good = b'{"dialogue_id":"g","turns":[{"speakers":["a"]}]}'
    same_as_records(lines_of([good, line, good]), Dialogue)


def test_overflowing_integer_is_a_broken_row() -> None:
    broken: list[BrokenRow] = []
    block = lines_of(
        [{"dialogue_id": "a", "turns": []}, {"dialogue_id": "b", "turns": [], "start_ms": 2**63}]
    )
    got = rows_of(block, Dialogue, broken.append)
    assert got.numbers == [1]
    assert [error.path for error in broken] == ["x.jsonl:2"]


def test_lines_survive_bom_crlf_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n\t{"b":"\xe2\x80\xa8"}\r\n{"c":1}')
    (block,) = line_blocks(path)
    assert block.numbers == [1, 4, 5]
    assert block.lines == [b'{"a":1}', b'{"b":"\xe2\x80\xa8"}', b'{"c":1}']
    assert [b.numbers for b in line_blocks(path, max_rows=2)] == [[1, 4], [5]]
    assert [b.numbers for b in line_blocks(path, max_bytes=1)] == [[1], [4], [5]]


def test_broken_line_is_named_by_file_and_line(make_release: Any) -> None:
    handle = make_release(dialogues=[{"dialogue_id": "a", "turns": []}, b"", b'{"dialogue_id": "b"', b"{}"])
    where = [f"{handle.path / 'dialogues.jsonl'}:{n}" for n in (3, 4)]
    with pytest.raises(BrokenRow) as info:
        list(iter_dialogues(handle))
    assert info.value.path == where[0]
    with pytest.raises(BrokenRow):
        list(dialogue_batches(handle))
    for read in (iter_dialogues, dialogue_batches):
        broken: list[BrokenRow] = []
        assert len(list(read(handle, on_broken=broken.append))) == 1
        assert [error.path for error in broken] == where


@pytest.mark.slow
@MANY
@given(st.lists(rows(Dialogue), min_size=1, max_size=3))
def test_parquet_reads_like_jsonl(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("p")
    records = [Dialogue.from_row(item) for item in items]
    batch = batch_of(records, Dialogue)
    pq.write_table(pa.Table.from_batches([batch]), folder / "a.parquet")
    (got,) = iter_rows(folder / "a.parquet", Dialogue)
    assert got.batch.equals(batch)
    assert got.numbers == list(range(1, len(items) + 1))
    assert [record for _, record in iter_numbered(folder / "a.parquet", Dialogue)] == records


def parquet(tmp_path: Path, table: Any) -> Path:
    path = tmp_path / "a.parquet"
    pq.write_table(table, path)
    return path


def test_parquet_is_cast_and_filled(tmp_path: Path) -> None:
    turn = pa.struct([("speakers", pa.large_list(pa.large_string())), ("start_ms", pa.int32())])
    table = pa.table(
        {
            "dialogue_id": pa.array(["a", "b"], pa.large_string()),
            "title_id": pa.array(["t", "t"]).dictionary_encode(),
            "turns": pa.array([[{"speakers": ["x"], "start_ms": 5}], []], pa.list_(turn)),
            "emotion_intensity": pa.array([7, None], pa.int16()),
            "subsets": pa.array([None, ["hard"]], pa.list_(pa.string())),
            "relationship": pa.nulls(2),
        }
    )
    rows_ = next(iter(parquet_rows(parquet(tmp_path, table), Dialogue, "raise")))
    fit_batch(table.combine_chunks().to_batches()[0], Dialogue)  # the fast way did it
    first, second = rows_.batch.to_pylist()
    assert rows_.batch.schema == arrow_schema(Dialogue)
    assert first["turns"][0]["speakers"] == ["x"]
    assert first["turns"][0]["start_ms"] == 5
    assert (first["title_id"], first["emotion_intensity"], first["subsets"]) == ("t", 7.0, [])
    assert (second["subsets"], second["relationship"], second["turns"]) == (["hard"], None, [])


def test_parquet_keeps_unknown_columns(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(
        [
            {"dialogue_id": "a", "turns": [{"speakers": ["x"], "lang": "en"}], "mood": {"x": 1}},
            {"dialogue_id": "b", "turns": [{"speakers": ["x"], "lang": None}], "mood": None},
        ]
    )
    (got,) = parquet_rows(parquet(tmp_path, table), Dialogue, "raise")
    first, second = got.batch.to_pylist()
    assert json.loads(first["extra"]) == {"mood": {"x": 1}}
    assert json.loads(first["turns"][0]["extra"]) == {"lang": "en"}
    assert second["extra"] is None
    assert second["turns"][0]["extra"] is None


def test_parquet_row_that_does_not_fit_is_named(tmp_path: Path) -> None:
    table = pa.table({"dialogue_id": ["a", None], "turns": pa.array([[], []], pa.list_(pa.null()))})
    path = parquet(tmp_path, table)
    broken: list[BrokenRow] = []
    (got,) = parquet_rows(path, Dialogue, broken.append)
    assert got.numbers == [1]
    assert [error.path for error in broken] == [f"{path}:2"]
    with pytest.raises(BrokenRow):
        list(parquet_rows(path, Dialogue, "raise"))


def test_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR0 this is not")
    with pytest.raises(ReleaseError, match="not a readable Parquet file"):
        list(parquet_rows(tmp_path / "a.parquet", Dialogue, "raise"))


def test_sliced_batches_fit() -> None:
    batch = batch_of(
        [Dialogue.from_row({"dialogue_id": i, "turns": [{"speakers": [i]}]}) for i in "abc"], Dialogue
    )
    assert fit_batch(batch.slice(1), Dialogue).to_pylist() == batch.to_pylist()[1:]
    with pytest.raises(Misfit):
        fit_batch(batch.append_column("foo", pa.array([1, 2, 3])), Dialogue)


@pytest.fixture
def small(make_release: Any) -> Any:
    def row(i: str, title: str | None, **more: Any) -> dict[str, Any]:
        return {"dialogue_id": i, "title_id": title, "turns": [{"speakers": ["x"]}], **more}

    return make_release(
        titles=[{"title_id": "t"}, {"title_id": "gone"}, {"title_id": "t", "name": "again"}],
        dialogues=[
            row("a", "t", split="train"),
            row("b", "t", split="test", subsets=["hard", "bench"]),
            row("c", "t", split="test", subsets=["ood"]),
            row("d", "gone", split="test", subsets=["hard"]),
            row("e", None),
        ],
        scenes=[
            {"title_id": "t", "scene_id": "1", "start_ms": 0, "end_ms": 1},
            {"title_id": "gone", "scene_id": "1", "start_ms": 0, "end_ms": 1},
        ],
        withdrawn=[{"dialogue_id": "c", "title_id": "t", "reason": "rights"}, {"title_id": "gone"}],
    )


def ids(batches: Any) -> list[str]:
    return [i for batch in batches for i in batch.column("dialogue_id").to_pylist()]


def test_withdrawn_rows_are_left_out(small: Any) -> None:
    gone = withdrawals(small)
    assert (gone.dialogues, gone.titles) == ({"c"}, {"gone"})
    assert [d.dialogue_id for d in iter_dialogues(small)] == ["a", "b", "e"]
    assert ids(dialogue_batches(small)) == ["a", "b", "e"]
    assert list(load_titles(small)) == ["t"]
    assert load_titles(small)["t"].name is None
    assert [s.title_id for s in iter_scenes(small)] == ["t"]
    assert [b.num_rows for b in title_batches(small)] == [2]
    assert ids(dialogue_batches(small, keep_withdrawn=True)) == list("abcde")
    assert [d.dialogue_id for d in iter_dialogues(small, keep_withdrawn=True)] == list("abcde")
    assert list(load_titles(small, keep_withdrawn=True)) == ["t", "gone"]


def test_batches_by_split_and_tag(small: Any) -> None:
    assert ids(dialogue_batches(small, split="test")) == ["b"]
    assert ids(dialogue_batches(small, tag="hard")) == ["b"]
    assert ids(dialogue_batches(small, tag="hard", keep_withdrawn=True)) == ["b", "d"]
    assert ids(dialogue_batches(small, split="train", tag="hard")) == []
    assert [b.num_rows for b in dialogue_batches(small, batch_size=2)] == [2, 1]
    assert ids(dialogue_batches(small, files=[])) == []


def test_release_without_titles(make_release: Any) -> None:
    handle = make_release(dialogues=[{"dialogue_id": "a", "turns": []}])
    assert load_titles(handle) == {}
    assert list(title_batches(handle)) == []
    assert list(iter_scenes(handle)) == []


def test_sharded_parquet_release(tmp_path: Path, make_release: Any) -> None:
    handle = make_release(dialogues=[{"dialogue_id": i, "turns": []} for i in "abc"])
    (handle.path / "dialogues").mkdir()
    for n, batch in enumerate(dialogue_batches(handle, batch_size=2)):
        pq.write_table(pa.Table.from_batches([batch]), handle.path / "dialogues" / f"{n:05d}.parquet")
    before = list(iter_dialogues(handle))
    (handle.path / "dialogues.jsonl").unlink()
    again = open_release(handle.path)
    assert ids(dialogue_batches(again)) == list("abc")
    assert list(iter_dialogues(again)) == before


def test_an_opened_release_has_rows() -> None:
    opened = mmdia.open_release(str(demo_release()))
    dialogues = list(opened.dialogues())
    assert [(d.dialogue_id, t) for d, t in opened.turns()] == [
        (d.dialogue_id, t) for d in dialogues for t in d.turns
    ]
    assert {d.title_id for d in dialogues} - {None} <= set(opened.titles())
