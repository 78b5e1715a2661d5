"""Tables as people keep them: encodings, delimiters, torn rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import ReleaseError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.tables import csv_rows, header_of, json_rows, load_json, reach
from mmdia.release.importers.text import encoding_of, listed, repair

Put = Callable[..., Path]
TEXT = "who,said\nZoë,“It’s late” – she’d said\nJosé,plain\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings_are_told(put: Put, encoding: str) -> None:
    ledger = Ledger()
    rows = list(csv_rows(put("t.csv", TEXT.encode(encoding)), ledger))
    assert [row.cells for row in rows] == [
        {"who": "Zoë", "said": "“It’s late” – she’d said"},
        {"who": "José", "said": "plain"},
    ]
    assert ("encoding_guessed" in ledger.notes) == (encoding == "cp1252")


def test_an_encoding_that_is_asked_for_must_fit(put: Put) -> None:
    path = put("t.csv", TEXT.encode("cp1252"))
    assert next(csv_rows(path, Ledger(), encoding="cp1252")).text("who") == "Zoë"
    with pytest.raises(ReleaseError, match="not of this encoding"):
        encoding_of(path, "utf-8", Ledger())
    with pytest.raises(ReleaseError, match="no such encoding"):
        encoding_of(path, "klingon", Ledger())


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiters_are_told(put: Put, sign: str) -> None:
    path = put("t.csv", f'a{sign}b\n1{sign}"x{sign}y"\n')
    assert header_of(path) == ("a", "b")
    assert [row.cells for row in csv_rows(path, Ledger())] == [{"a": "1", "b": f"x{sign}y"}]


def test_torn_rows_are_counted_and_the_others_kept(put: Put) -> None:
    ledger = Ledger()
    path = put("t.csv", "a,b,c\n1,2,3\n1,2\n\n1,2,3,4\n7,8,9\n")
    assert [row.cells["a"] for row in csv_rows(path, ledger)] == ["1", "7"]
    assert (ledger.n_read, ledger.n_lost) == (4, 2)
    assert ledger.lost["broken_row"].examples[0].startswith("t.csv:3")


def test_rows_that_an_open_quote_swallowed_are_counted(put: Put) -> None:
    ledger = Ledger()
    path = put("t.csv", 'a,b,c\n1,"two,3\n4,5,6\n7,8,9\n')
    assert list(csv_rows(path, ledger)) == []
    assert ledger.n_read == ledger.n_lost == 3


def test_a_cell_may_hold_line_breaks(put: Put) -> None:
    rows = list(csv_rows(put("t.csv", 'a,b,c\n1,"two\nlines",3\n4,5,6\n'), Ledger()))
    assert [row.cells["b"] for row in rows] == ["two\nlines", "5"]
    assert [row.line for row in rows] == [2, 4]


def test_a_table_without_a_needed_column_is_another(put: Put) -> None:
    with pytest.raises(ReleaseError, match="'b'"):
        list(csv_rows(put("t.csv", "a,c\n1,2\n"), Ledger(), needs=("a", "b")))
    with pytest.raises(ReleaseError, match="empty"):
        list(csv_rows(put("e.csv", ""), Ledger()))


def test_json_lines_that_are_none_are_counted(put: Put) -> None:
    ledger = Ledger()
    path = put("t.jsonl", '\ufeff{"a": 1}\n[1]\nnonsense\n\n{"a": 2}\n' + "[" * 100_000 + "\n")
    assert [row.cells["a"] for row in json_rows(path, ledger)] == [1, 2]
    assert (ledger.n_read, ledger.n_lost) == (5, 3)


def test_json_documents(put: Put) -> None:
    path = put("t.json", '{"x": {"p": {"a": 1}, "q": {"a": 2}}}')
    found = [row.cells for row in json_rows(path, Ledger(), rows="x")]
    assert found == [{"@key": "p", "a": 1}, {"@key": "q", "a": 2}]
    with pytest.raises(ReleaseError, match="no list of rows"):
        list(json_rows(path, Ledger(), rows="x.p.a"))
    with pytest.raises(ReleaseError, match="not JSON"):
        load_json(put("bad.json", "{"))
    with pytest.raises(ReleaseError, match="not JSON"):
        load_json(put("deep.json", "[" * 200_000))


def test_paths_reach_into_rows() -> None:
    row = {"a.b": 1, "a": {"b": 2, "c": [{"d": 3}]}}
    assert [reach(row, p) for p in ("a.b", "a.c.0.d", "a.c.5.d", "a.x.y", "z")] == [1, 3, None, None, None]


def test_mangled_signs_come_back() -> None:
    assert repair("we\x92re \x93here\x94 \x96 now\x85") == "we’re “here” – now…"
    assert repair("\x81") == "\x81"


@given(st.text())
def test_clean_text_stays(text: str) -> None:
    if not any("\x80" <= sign <= "\x9f" for sign in text):
        assert repair(text) == text


def test_lists_as_people_write_them() -> None:
    assert listed("['Ross Geller', \"Rachel's Mom\"]") == ["Ross Geller", "Rachel's Mom"]
    assert listed('["a", "b"]') == ["a", "b"]
    assert listed("[not a list") == ["[not a list"]
    assert listed("[broken']") == ["[broken']"]
    assert listed("[" * 3000 + "]" * 3000)
    assert listed("  ") == []
