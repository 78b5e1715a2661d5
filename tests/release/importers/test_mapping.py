"""Any table, by a mapping file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmdia.errors import ReleaseError, UsageError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.mapping import read
from mmdia.release.importers.options import ImportOptions
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
LINES = """show;season;ep;conv;who;from;len;line;mood;part;note
Demo;1;2;c1;Ann & Bo;00:00:01:12;1.5;Hello there.;HAP;dev;x
Demo;1;2;c2;Cy;00:00:09:00;2;Later.;??;dev;
Demo;1;2;c1;Bo;00:00:03:00;0.5;Bye.;SAD;dev;y
Demo;1;2;c1;Bo;00:00:03:77;0.5;Bad time.;SAD;dev;
Demo;1;2;c1;Bo;00:00:04:00;long;Bad length.;SAD;dev;
Demo;1;2;;Bo;00:00:04:00;1;No dialogue.;SAD;dev;
Demo;1;3;c1;Bo;00:00:04:00;1;Elsewhere.;SAD;dev;
"""
MAPPING = """
[source]
delimiter = ";"
dataset = "Demo Talk"
[times]
format = "timecode"
fps = "25"
[title]
title_id = "{show}_s{season:02d}e{ep:02d}"
kind = { const = "episode" }
season = "season"
[dialogue]
dialogue_id = "{conv}"
split = "part"
relationship = { label = { const = "Friends" } }
[turn]
start_ms = "from"
end_ms = { column = "len", format = "s", after = "start_ms" }
speakers = { column = "who", split = " *& *" }
text = "line"
emotion = { column = "mood", values = { HAP = "joy", SAD = "sadness" } }
"""


def test_a_table_of_turns(put: Put, take: Take) -> None:
    path = put("lines.csv", LINES)
    got = take("auto", path, mapping=put("lines.toml", MAPPING))
    first = got.dialogues["c1"]
    assert [(t.start_ms, t.end_ms, t.speakers, t.text, t.emotion) for t in first.turns] == [
        (1480, 2980, ("Ann", "Bo"), "Hello there.", "joy"),
        (3000, 3500, ("Bo",), "Bye.", "sadness"),
    ]
    assert (first.title_id, first.split, first.start_ms, first.end_ms) == (
        "Demo_s01e02",
        "validation",
        1480,
        3500,
    )
    assert first.relationship is not None
    assert first.relationship.label == "Friends"
    assert first.source is not None
    assert first.source.dataset == "Demo Talk"
    assert json.loads(first.turns[0].extra or "") == {"note": "x"}
    assert got.dialogues["c2"].turns[0].emotion == "??"
    assert got.titles["Demo_s01e02"].season == 1
    assert got.lost == {"bad_time": 2, "other_title": 1}
    # A row without a dialogue joins the title's own dialogue, made of pauses or scenes.
    assert got.dialogues["Demo_s01e02_dia_001"].turns[0].text == "No dialogue."
    assert got.notes["columns_kept"] == 2


NESTED = {
    "id": "d1",
    "film": {"imdb": "tt0000001", "name": "Film"},
    "begin": 10.0,
    "stop": 20.5,
    "cast": [{"n": "Ann", "g": "female"}, {"n": "Bo"}],
    "lines": [
        {"s": 0.5, "e": 1.25, "by": ["Ann"], "says": "Hi", "seen": "yes", "fx": {"laughs": 3}},
        {"s": 2, "e": 4, "by": "Bo", "says": "Yo", "odd": [1]},
        {"s": "soon", "e": 4, "by": "Bo"},
        {"e": 5, "by": "Bo"},
        17,
    ],
    "scores": {"fun": 7},
}
NESTED_MAPPING = """
[source]
each = "dialogue"
turns = "lines"
[times]
format = "s"
relative = true
[title]
title_id = "film.imdb"
name = "film.name"
[dialogue]
dialogue_id = "id"
start_ms = "begin"
end_ms = "stop"
speakers = { each = "cast", speaker_id = "n", gender = "g" }
scores = { each = "scores", dimension = "@key", value = "@value" }
[turn]
start_ms = "s"
end_ms = "e"
speakers = "by"
text = "says"
nonverbal = { each = "fx", raw = "@key", kind = { const = "vocal" } }
"""


def test_dialogues_with_their_turns_in_a_list(put: Put, take: Take) -> None:
    rows = [
        NESTED,
        {"id": "d2", "film": {"imdb": "tt0000001"}, "begin": 30, "stop": 40, "lines": []},
        {"id": "d3"},
    ]
    path = put("talk.jsonl", "".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    got = take("mapping", path, mapping=put("m.toml", NESTED_MAPPING))
    found = got.dialogues["d1"]
    assert [(t.start_ms, t.end_ms, t.speakers) for t in found.turns] == [
        (10500, 11250, ("Ann",)),
        (12000, 14000, ("Bo",)),
    ]
    assert (found.start_ms, found.end_ms) == (10000, 20500)
    assert [(s.speaker_id, s.gender) for s in found.speakers] == [("Ann", "female"), ("Bo", None)]
    assert [(s.dimension, s.value) for s in found.scores] == [("fun", 7.0)]
    assert found.turns[0].nonverbal[0].raw == "laughs"
    assert json.loads(found.turns[0].extra or "") == {"seen": "yes"}
    assert json.loads(found.turns[1].extra or "") == {"odd": [1]}
    assert got.dialogues["d2"].turns == ()
    assert got.lost == {"bad_time": 1, "broken_row": 2, "missing_field": 2}
    assert got.report.rows_read == 5 + 1 + 1 + 1
    assert "column_absent" not in got.notes


def test_a_path_that_no_row_has_is_noted(put: Put, take: Take) -> None:
    path = put("talk.jsonl", json.dumps(NESTED) + "\n")
    mapping = NESTED_MAPPING.replace('name = "film.name"', 'name = "film.nmae"')
    got = take("mapping", path, mapping=put("m.toml", mapping))
    assert got.report.notes["column_absent"].examples == ["talk.jsonl: film.nmae"]
    mapping = NESTED_MAPPING.replace('name = "film.name"', 'name = "lines.*.nmae"')
    got = take("mapping", path, mapping=put("n.toml", mapping))
    assert got.report.notes["column_absent"].examples == ["talk.jsonl: lines.*.nmae"]
    assert got.dialogues["d1"].extra is None or "lines" not in json.loads(got.dialogues["d1"].extra)


def test_scripts_have_no_film(put: Put, take: Take) -> None:
    path = put("s.csv", "d,who,says\n1,ann,hi\n1,bo,yo\n")
    mapping = put("m.toml", '[dialogue]\ndialogue_id = "d"\n[turn]\nspeakers = "who"\ntext = "says"\n')
    got = take("mapping", path, mapping=mapping, split="test")
    assert [t.text for t in got.dialogues["1"].turns] == ["hi", "yo"]
    assert (got.dialogues["1"].title_id, got.dialogues["1"].split, got.titles) == (None, "test", {})


def test_withheld_text_leaves_no_copy(put: Put, take: Take) -> None:
    path = put("s.csv", "d,who,says,again,mood\n1,ann,I never said that,x I NEVER  said that y,sad\n")
    mapping = put("m.toml", '[dialogue]\ndialogue_id = "d"\n[turn]\nspeakers = "who"\ntext = "says"\n')
    got = take("mapping", path, mapping=mapping, withhold_text=True)
    turn = got.dialogues["1"].turns[0]
    assert (turn.text, turn.n_words, json.loads(turn.extra or "")) == (None, 4, {"mood": "sad"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[turn]\nspeker = 'a'", "Did you mean 'speakers'"),
        ("[tun]\nx = 1", "Did you mean 'turn'"),
        ("[turn]\nspeakers = 3", "turn.speakers"),
        ("[turn]\nspeakers = { column = 'who', splt = ',' }", "Did you mean 'split'"),
        ("[turn]\nspeakers = { column = 'who', split = '(' }", "regular expression"),
        ("[turn]\nspeakers = { column = 'who', const = ['x'] }", "one of column"),
        ("[turn]\ntext = '{a'", "template"),
        ("[turn]\ntext = '{}'", "without a column"),
        ("[turn]\nnonverbal = { raw = 'x' }", "each"),
        ("[turn]\nkeyframe = 'x'", "record"),
        ("[turn]\nspeakers = 'who'\n[source]\neach = 'word'", "turn or dialogue"),
        ("[turn]\nspeakers = 'who'\n[source]\neach = 'dialogue'", "source.turns"),
        ("[turn]\nspeakers = 'who'\n[times]\nformat = 'hours'", "time format"),
        ("[turn]\nspeakers = 'who'\n[times]\nformat = 'frames'", "--fps"),
        ("[dialogue]\ndialogue_id = 'd'", r"no \[turn\]"),
        ("[turn\n", "no TOML"),
        ("[turn]\nspeakers = 'nobody'\n[dialogue]\ndialogue_id = 'd'", "no column 'nobody'"),
    ],
)
def test_mistakes_in_a_mapping_are_named(put: Put, take: Take, text: str, message: str) -> None:
    path = put("s.csv", "d,who,says\n1,ann,hi\n")
    with pytest.raises((UsageError, ReleaseError), match=message):
        take("mapping", path, mapping=put("m.toml", text))


def test_a_table_needs_a_mapping(put: Put, take: Take) -> None:
    path = put("s.csv", "d,who,says\n1,ann,hi\n")
    with pytest.raises(UsageError, match="--mapping"):
        take("mapping", path)
    with pytest.raises(UsageError, match="cannot be told"):
        take("auto", path)


CELL = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 5),
    st.text(max_size=4),
    st.floats(),
    st.lists(st.integers(), max_size=2),
)
ROW = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "id": CELL,
            "film": st.one_of(CELL, st.fixed_dictionaries({"imdb": CELL})),
            "begin": CELL,
            "stop": CELL,
            "cast": st.one_of(
                CELL, st.lists(st.fixed_dictionaries({}, optional={"n": CELL, "g": CELL}), max_size=2)
            ),
            "lines": st.one_of(
                CELL,
                st.lists(
                    st.one_of(
                        CELL,
                        st.fixed_dictionaries(
                            {}, optional={"s": CELL, "e": CELL, "by": CELL, "says": CELL}
                        ),
                    ),
                    max_size=3,
                ),
            ),
        },
    ),
    CELL,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=5))
def test_every_row_is_counted_whatever_it_holds(tmp_path: Path, rows: list[Any]) -> None:
    mapping, path = tmp_path / "m.toml", tmp_path / "t.jsonl"
    mapping.write_text(NESTED_MAPPING, "utf-8")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    ledger = Ledger()
    found = list(read([path], ImportOptions(mapping=mapping), ledger))
    assert ledger.n_read == ledger.n_kept + ledger.n_lost
    kept = [item for item in found if isinstance(item, Dialogue)]
    assert ledger.n_kept >= sum(len(d.turns) for d in kept)


def test_text_of_a_title_without_times_is_kept(put: Put, take: Take) -> None:
    path = put(
        "a.csv", "film,d,t,s,from,to\nF,d1,hello there,A,,\nF,d1,bye,B,,\nF,,alone,A,,\nF,d2,half,A,1,\n"
    )
    plan = 'title = { title_id = "film" }\ndialogue = { dialogue_id = "d" }\n'
    plan += 'turn = { text = "t", speakers = "s", start_ms = "from", end_ms = "to" }\n'
    got = take("mapping", path, mapping=put("a.toml", plan))
    assert {k: [t.text for t in d.turns] for k, d in got.dialogues.items()} == {
        "d1": ["hello there", "bye"], "F_dia_001": ["alone"],
    }  # fmt: skip
    assert all((d.title_id, d.start_ms, d.end_ms) == ("F", None, None) for d in got.dialogues.values())
    assert (got.notes["no_times"], got.lost) == (3, {"missing_field": 1})
    assert not [f for f in validate(got.handle).findings if f.code == "partial_times"]


PLAIN = """
[title]
title_id = "film"
[dialogue]
dialogue_id = "d"
[turn]
start_ms = "from"
end_ms = "to"
speakers = "who"
text = "says"
"""
COLUMNS = ("film", "d", "from", "to", "who", "says", "note")
WORDS = st.sampled_from(
    ["", " ", "a", "A", "Zoe\u0301", "Zo\u00e9", "x\u200fy", "two\nlines", "nan", "None",
     '"q" z', '"open', "[1", "0.0"]
)  # fmt: skip
TIMES = st.sampled_from(["", "0", "1", "12", "1.5", "0:00:02", "true", "nan", "x"])
TABLE = st.lists(st.tuples(WORDS, WORDS, TIMES, TIMES, WORDS, WORDS, WORDS), max_size=6)


def written(folder: Path, form: str, rows: list[tuple[str, ...]]) -> Path:
    path = folder / f"t.{form}"
    cells = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    if form in ("csv", "tsv"):
        with path.open("w", encoding="utf-8", newline="") as stream:
            table = csv.writer(stream, delimiter="\t" if form == "tsv" else ",", quoting=csv.QUOTE_ALL)
            table.writerows([COLUMNS, *rows])
    elif form == "json":
        path.write_text(json.dumps(cells), "utf-8")
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in cells), "utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(cells, pa.schema([(c, pa.string()) for c in COLUMNS])), path)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=TABLE)
def test_a_table_is_the_same_in_every_format_and_every_row_is_counted(
    tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    mapping = tmp_path / "m.toml"
    mapping.write_text(PLAIN, "utf-8")
    found = []
    for form in ("csv", "tsv", "json", "jsonl", "parquet"):
        ledger = Ledger()
        items = list(read([written(tmp_path, form, rows)], ImportOptions(mapping=mapping), ledger))
        dialogues = [item for item in items if isinstance(item, Dialogue)]
        assert ledger.n_read == len(rows) == ledger.n_kept + ledger.n_lost
        assert ledger.n_kept == sum(len(d.turns) for d in dialogues)
        found.append([d.to_row() for d in dialogues])
    assert all(one == found[0] for one in found)


def test_lists_by_star_side_by_side_and_one_element(put: Put, take: Take) -> None:
    row = {
        "id": "d1",
        "who": ["A", "B", "C"],
        "said": [[{"w": "one"}, {"w": "two", "p": 1}], [{"w": "three"}]],
        "cast": [{"n": "A", "age": 3}, {"n": "B"}],
        "at": {"b": [1, 2, 3], "e": [2, 3, 4]},
        "info": {"kind": "x", "left": {"y": 1}},
        "tags": ["first", "second"],
    }
    plan = """
[source]
each = "dialogue"
turns = ["who", "said", "at.b", "at.e"]
[dialogue]
dialogue_id = "id"
description = "info.kind"
summary = "tags.0"
speakers = { each = "cast", speaker_id = "n" }
[title]
title_id = { const = "F" }
[turn]
start_ms = "at.b"
end_ms = "at.e"
speakers = "who"
text = "said.*.w"
"""
    got = take("mapping", put("a.json", json.dumps([row])), mapping=put("m.toml", plan))
    found = got.dialogues["d1"]
    assert [(t.start_ms, t.end_ms, t.speakers, t.text) for t in found.turns] == [
        (1000, 2000, ("A",), "one two"),
        (2000, 3000, ("B",), "three"),
        (3000, 4000, ("C",), None),
    ]
    assert (found.description, found.summary) == ("x", "first")
    assert json.loads(found.extra or "") == {"info": {"left": {"y": 1}}, "cast": [{"age": 3}, {}]}
    assert json.loads(found.turns[0].extra or "") == {"said": [{}, {"p": 1}]}
    assert got.report.notes["element_only"].examples == ["a.json:1: tags: 1 more"]
    assert got.notes["uneven_lists"] == 1
    nested = {"parts": [{"lines": [{"s": "A", "t": "x"}]}, {"lines": [{"s": "B", "t": "y"}]}]}
    plan = '[source]\nrows = "parts.*.lines"\n[dialogue]\ndialogue_id = { const = "d" }\n'
    plan += '[turn]\nspeakers = "s"\ntext = "t"\n'
    got = take("mapping", put("b.json", json.dumps(nested)), mapping=put("n.toml", plan))
    assert [t.text for t in got.dialogues["d"].turns] == ["x", "y"]


SCRIPT = '[dialogue]\ndialogue_id = "d"\n[turn]\nspeakers = "s"\ntext = "t"\n'


def test_one_constant_is_a_list_of_one_and_is_checked_first(put: Put, take: Take) -> None:
    path = put("a.csv", "d,s,t\n1,a,b\n")
    got = take("mapping", path, mapping=put("m.toml", SCRIPT.replace('"s"', '{ const = "S" }')))
    assert got.dialogues["1"].turns[0].speakers == ("S",)
    bad = SCRIPT + 'confidence = { const = "high" }\n'
    with pytest.raises(UsageError, match=r"turn\.confidence\.const"):
        take("mapping", path, mapping=put("b.toml", bad))


def test_columns_and_keys_of_one_name_are_both_kept(put: Put, take: Take) -> None:
    mapping = put("m.toml", SCRIPT)
    for path in (
        put("a.csv", "d,s,t,x,x,\n1,a,b,2,3,4\n"),
        put("a.jsonl", '{"d":1,"s":"a","t":"b","x":2,"x":3,"column 6":4}\n'),
    ):
        got = take("mapping", path, mapping=mapping)
        extra = json.loads(got.dialogues["1"].turns[0].extra or "")
        assert {k: int(v) for k, v in extra.items()} == {"x": 2, "x (2)": 3, "column 6": 4}
        assert got.notes["duplicate_column"] == 1


def test_quotes_of_a_tsv_may_be_text(put: Put, take: Take) -> None:
    path = put("a.tsv", 'd\ts\tt\n1\ta\t"Hi," she said\n1\tb\t"open\n1\ta\tshut\n')
    got = take("mapping", path, mapping=put("m.toml", "[source]\nquoting = false\n" + SCRIPT))
    assert [t.text for t in got.dialogues["1"].turns] == ['"Hi," she said', '"open', "shut"]
    path = put("b.tsv", 'd\ts\tt\n1\ta\t"say ""Hi"""\n')
    assert take("mapping", path, mapping=put("n.toml", SCRIPT)).notes["quotes_read"] == 1


def test_names_in_two_forms_and_words_for_nothing_are_noted(put: Put, take: Take) -> None:
    path = put("a.csv", "d,s,t\n1,Zo\u00e9,hi\n1,Zoe\u0301,nan\n1,NA,x\n1,zo\u00e9,x\n2,\u200fBo\u200f,x\n")
    got = take("mapping", path, mapping=put("m.toml", SCRIPT))
    assert got.notes == {"speaker_forms": 2, "null_word": 2, "name_mended": 1}
    assert got.dialogues["2"].turns[0].speakers == ("Bo",)
    path = put("b.csv", "d,s,t\ncaf\u00e9,a,x\ncafe\u0301,a,y\n")
    got = take("mapping", path, mapping=put("n.toml", SCRIPT))
    assert [f.count for f in validate(got.handle).findings if f.code == "name_collision"] == [1]


def test_bytes_and_numbers_that_are_none_do_not_stop_an_import(
    put: Put, take: Take, tmp_path: Path
) -> None:
    rows = [
        {"d": "1", "s": "a", "t": "b", "sound": {"bytes": b"x"}, "n": float("nan"), "on": date(2026, 1, 2)}
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    mapping = put("m.toml", SCRIPT)
    got = take("mapping", tmp_path / "a.parquet", mapping=mapping)
    extra = json.loads(got.dialogues["1"].turns[0].extra or "")
    assert (extra["on"], got.notes["bytes_left_out"], "n" in extra) == ("2026-01-02", 1, False)
    path = put("a.jsonl", '{"d":"1","s":"a","t":"b","n":NaN,"m":Infinity}\n')
    extra = json.loads(take("mapping", path, mapping=mapping).dialogues["1"].turns[0].extra or "")
    assert extra == {"m": "Infinity"}
