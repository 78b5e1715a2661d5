"""Every class of dirt is reported where it is, counted and with its place, and nowhere else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.invariants import INVARIANTS
from mmdia.corpus.locate import content_id
from mmdia.release.dirt import DIRT, SEVERITIES
from mmdia.release.findings import MAX_VALUES, OTHERS
from mmdia.release.validate import validate
from tests.release.dirt_cases import ALONG, CASES, HEAD, Tables, changed, clean, row, turn, turns


def apply(change: dict[str, Any]) -> Tables:
    tables = copy.deepcopy(clean())
    for table, edit in change.items():
        if isinstance(edit, list):
            tables[table] += edit
        else:
            for number, keys in edit.items():
                tables[table][number].update(keys)
    return tables


def found(make_release: Any, tables: Tables, head: dict[str, Any] | None = None) -> dict[str, int]:
    head = copy.deepcopy(head or HEAD)
    if head["counts"]:
        good = [r for r in tables["dialogues"] if isinstance(r, dict)]
        head["counts"] = {
            "titles": sum(isinstance(r, dict) for r in tables["titles"]),
            "dialogues": len(good),
            "turns": sum(len(r["turns"]) for r in good),
        }
    report = validate(make_release(head=head, **tables))
    return {f.code: f.count for f in report.findings}


def test_clean_release_is_clean(make_release: Any) -> None:
    assert found(make_release, clean()) == {}


@pytest.mark.parametrize(
    ("code", "count", "change"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_dirt_is_found(make_release: Any, code: str, count: int, change: Any) -> None:
    got = found(make_release, apply(change))
    assert got.pop(code) == count
    assert set(got) <= ALONG.get(code, set())


def test_overlap_over_one_second(make_release: Any) -> None:
    change = turns(turn(0, 3000), turn(2000, 3500), turn(2499, 4000))
    assert found(make_release, apply(change)) == {"overlap": 2, "overlap_over_1s": 1}


def test_counts_that_disagree(make_release: Any) -> None:
    head = {**HEAD, "counts": {"titles": 2, "dialogues": 5, "turns": 8}}
    report = validate(make_release(head=head, **clean()))
    (finding,) = report.findings
    assert (finding.code, finding.count) == ("counts_disagree", 2)
    assert finding.examples[0].what == "dialogues: 5 promised, 4 read"


def test_unknown_vocabulary_and_key_of_the_head(make_release: Any) -> None:
    head = {**HEAD, "vocab": "paper-16", "counts": {**HEAD["counts"], "pages": 1}}
    report = validate(make_release(head=head, **clean()))
    assert {f.code: dict(f.values) for f in report.findings} == {
        "unknown_key": {"counts.pages": 1},
        "unknown_value": {"vocab = 'paper-16'": 1},
    }


def test_every_class_is_tried() -> None:
    tried = {code for code, _, _ in CASES} | {"overlap_over_1s", "counts_disagree"}
    assert tried == set(DIRT)


def test_registry() -> None:
    assert list(DIRT) == sorted(DIRT)
    assert set(INVARIANTS) <= set(DIRT)
    assert all(d.severity in SEVERITIES and d.text and d.per for d in DIRT.values())


def test_places_are_named(make_release: Any) -> None:
    tables = apply(row({"turns": [turn(2000, 2040), turn(2040, 2030)], "end_ms": 2090}, 2))
    tables["dialogues"].insert(1, b"")
    report = validate(make_release(head=HEAD | {"counts": None}, **tables))
    (finding,) = report.findings
    (example,) = finding.examples
    assert finding.to_row()["examples"] == [{"file": "dialogues.jsonl", "line": 4, "id": "c", "turn": 1}]
    assert (example.line, example.turn) == (4, 1)


def test_broken_rows_have_lines_and_words(make_release: Any) -> None:
    report = validate(make_release(**apply(changed(dialogues=[b"{"]))))
    (example,) = next(f for f in report.findings if f.code == "broken_row").examples
    assert (example.file, example.line) == ("dialogues.jsonl", 5)
    assert example.what is not None
    assert "JSON" in example.what


def test_examples_are_few_and_values_bounded(make_release: Any) -> None:
    tables = apply(turns(*(turn(n, n + 1, visibility=f"v{n}") for n in range(MAX_VALUES + 9))))
    handle = make_release(**tables)
    (finding,) = validate(handle, max_examples=3).findings
    assert finding.count == MAX_VALUES + 9
    assert len(finding.examples) == 3
    assert finding.values[OTHERS] == 9
    assert sum(finding.values.values()) == finding.count


def test_validation_changes_nothing(make_release: Any) -> None:
    handle = make_release(**apply(turns(turn(5, 6), turn(4, 4))))
    before = content_id(handle), sorted(p.name for p in handle.path.iterdir())
    validate(handle)
    assert (content_id(handle), sorted(p.name for p in handle.path.iterdir())) == before


def test_report_document(make_release: Any) -> None:
    report = validate(make_release(**apply(turns(turn(5, 6), turn(4, 4)))))
    document = json.loads(json.dumps(report.to_row()))
    assert document["schema"] == "mmdia.validation/1"
    assert set(document["counts"]) == set(DIRT)
    assert (document["titles"], document["dialogues"], document["turns"]) == (2, 4, 7)
    assert document["ok"] is report.passes() is True
    assert not report.passes(strict=True)
    assert document["severities"] == {"error": 0, "warning": 3, "note": 0}
    assert [f["code"] for f in document["findings"]] == ["overlap", "start_order", "turn_end"]
    assert not validate(make_release(**apply(row({"split": "train"}, 1)))).passes()


def test_parquet_release_is_judged_alike(make_release: Any, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from mmdia.corpus.locate import open_release
    from mmdia.corpus.read import dialogue_batches, title_batches

    handle = make_release(**apply(row({"turns": [turn(0, 50, odd=1), turn(40, 30, speakers=["q"])]})))
    before = validate(handle)
    folder = handle.path / "dialogues"
    folder.mkdir()
    for name, batches in (("titles", title_batches(handle)), ("dialogues/0", dialogue_batches(handle))):
        pq.write_table(pa.Table.from_batches(list(batches)), handle.path / f"{name}.parquet")
    for name in ("titles", "dialogues"):
        (handle.path / f"{name}.jsonl").unlink()
    after = validate(open_release(handle.path))
    assert {f.code: f.count for f in after.findings} == {f.code: f.count for f in before.findings}
    assert after.count("unlisted_speaker") == 1
