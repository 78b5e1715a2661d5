"""The facts file says what the paper prints, and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mmdia.cli.main import main
from mmdia.errors import UsageError
from mmdia.schema.facts import Item, Number, Table, paper, printed
from mmdia.schema.vocab import PAPER_15


@pytest.fixture(scope="module")
def transcript(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "paper_tables.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_every_table_of_the_transcript_is_here_cell_by_cell(transcript: dict[str, Any]) -> None:
    for name, raw in transcript.items():
        if name.startswith("_"):
            continue
        table = paper().table(name)
        assert table.caption == raw["caption"]
        if name == "table9":  # printed without a heading for its last value
            assert [list(r.values()) for r in table.rows] == [
                [r["Model"], *r["values_as_printed"]] for r in raw["rows"]
            ]
            continue
        assert list(table.columns) == raw["columns"]
        assert [dict(r) for r in table.rows] == raw["rows"]


def test_all_twelve_tables_are_whole() -> None:
    assert list(paper().tables) == [f"table{i}" for i in range(1, 13)]
    for table in paper().tables.values():
        assert table.place
        assert table.ambiguities, f"{table.name}: every extraction leaves something open"
        names = [tuple(r[k] for k in table.keys) for r in table.rows]
        assert len(set(names)) == len(names)
        for row in table.rows:
            assert tuple(row) == table.columns


def test_categories_are_those_of_the_vocabulary() -> None:
    for axis, name in (("relationship", "table11"), ("interaction", "table12")):
        table = paper().table(name)
        assert tuple(r[table.keys[0]] for r in table.rows) == PAPER_15.names(axis)
        for row, category in zip(table.rows, PAPER_15.axis(axis), strict=True):
            examples = {w.strip(" .") for w in row["Example"].split(",")}
            assert examples == set(category.typical)
    assert paper().number("relationships").value == 8
    assert paper().number("interactions").value == 15


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boundary_accuracy", 95.2), ("boundary_accuracy_frame_by_frame", 86.3), ("buffer", 3),
        ("long_scene_s", 90), ("hard_clips", 598), ("ood_clips", 60), ("task2_clips", 132),
        ("task3_clips", 133), ("split_percent", (90, 5, 5)), ("hours_sourced", 700),
        ("movies_sourced", 200), ("series_sourced", 9), ("bench_dialogues", 309), ("dialogues", 54700),
    ],
)  # fmt: skip
def test_numbers_of_the_text(name: str, value: float) -> None:
    number = paper().number(name)
    assert number.value == value
    assert number.place


def test_numbers_agree_with_the_words_and_tables_that_they_are_from() -> None:
    for number in paper().numbers.values():
        value = printed(number.text)
        assert value is None or value == number.value
    cell = paper().table("table3").cell
    for column, prefix in (("MM-DIA", ""), ("MM-DIA-BENCH", "bench_")):
        for row, name in (
            ("Total Dialogues", "dialogues"),
            ("Total Turns", "turns"),
            ("Total Duration (h)", "hours"),
        ):
            assert printed(cell(row, column=column)) == paper().number(prefix + name).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("449,138", 449138.0), ("54.7K", 54700.0), ("16.1K", 16100.0), ("1M", 1e6), ("90%", 90.0),
        ("47.97%", 47.97), ("6.76 / 5.22", (6.76, 5.22)), ("2.410 ± 0.940", (2.41, 0.94)),
        ("90% : 5% : 5%", (90.0, 5.0, 5.0)), ("3.96", 3.96), ("-", None), ("✓", None), ("Partial", None),
        ("", None), ("1,85", None), ("12 / x", None),
    ],
)  # fmt: skip
def test_printed_values_are_read(text: str, value: object) -> None:
    assert printed(text) == value


def test_rows_are_found_by_a_unique_beginning_and_nothing_else() -> None:
    assert paper().table("table1").row("MELD")["#Clip"] == "1.4K"
    assert paper().table("table1").row("MM-DIA (Ours)")["#Clip"] == "54.7K"
    assert paper().table("table7").row("Description", "GPT")["Hall. ↓"] == "2.16"
    for key in (("MM",), ("nobody",), ("MELD", "x"), ()):
        with pytest.raises(UsageError):
            paper().table("table1").row(*key)
    with pytest.raises(UsageError, match="column"):
        paper().table("table3").cell("Total Turns", column="MELD")
    with pytest.raises(UsageError, match="table"):
        paper().table("table13")
    with pytest.raises(UsageError, match="number"):
        paper().number("nothing")


def test_anything_is_found_by_its_name() -> None:
    assert isinstance(paper().find("Table 3"), Table)
    assert paper().find("3") is paper().table("table3")
    assert isinstance(paper().find("buffer"), Number)
    assert isinstance(paper().find("f1_overlap"), Item)
    with pytest.raises(UsageError):
        paper().find("figure9")


def test_reading_the_facts_needs_the_standard_library_only() -> None:
    code = "import sys; from mmdia.schema.facts import paper; paper(); print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["facts", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "mmdia.facts/1"
    assert len(document["tables"]) == 12
    assert main(["facts", "table9"]) == 0
    out = capsys.readouterr().out
    assert "12th value" in out
    assert "(no heading)" in out
    assert main(["facts", "hard_clips", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["value"] == 598
    assert main(["facts"]) == 0
    assert "table12" in capsys.readouterr().out
    assert main(["facts", "nothing"]) == 2
