from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmdia.errors import UsageError
from mmdia.schema.cue import Cue
from mmdia.sync.table6 import Kind, counterpart, files_of, paper_rows, table6
from tests.sync.films import film, jittered, moved, write


def test_rows_measure_times_and_words(tmp_path: Path) -> None:
    ref = write(tmp_path / "ref.srt", film(1))
    kinds = [
        Kind("late", write(tmp_path / "late.srt", moved(film(1), 1.5)), "uncalibrated"),
        Kind("loose", write(tmp_path / "loose.srt", jittered(film(1), 0.1)), "calibrated"),
        Kind("half", write(tmp_path / "half.srt", film(1)[:60])),
    ]
    made = table6(ref, kinds)
    late, loose, half = made.rows
    assert (late.accuracy["value"], late.wer["value"]) == (0.0, 0.0)
    assert late.accuracy["median_start_s"] == pytest.approx(1.5)
    assert late.accuracy["curve"]["1"] == 0.0
    assert loose.accuracy["value"] == 1.0
    assert half.accuracy["value"] == pytest.approx(0.5, abs=0.01)
    assert half.wer["deletions"] > 0
    assert half.wer["insertions"] == 0
    assert [row["key"] for row in made.paper] == ["asr", "uncalibrated", "calibrated", "official"]
    assert json.loads(json.dumps(made.to_row()))["schema"] == "mmdia.table6/1"


def test_folders_pool_titles_by_line_and_say_what_is_missing(tmp_path: Path) -> None:
    for name, seed, lines in (("a", 1, 30), ("b", 2, 90), ("c", 3, 40)):
        write(tmp_path / "ref" / f"{name}.srt", film(seed, lines))
    write(tmp_path / "hyp" / "a.asr.srt", film(1, 30))
    write(tmp_path / "hyp" / "b.srt", moved(film(2, 90), 5.0))
    row = table6(tmp_path / "ref", [Kind("x", tmp_path / "hyp")]).rows[0]
    assert row.accuracy["value"] == pytest.approx(30 / 120)
    assert (row.titles, row.missing) == (2, ("c",))
    assert row.accuracy["drift_s_per_hour"] == pytest.approx(0.0, abs=1e-6)


def test_the_paper_says_so(shared_data: Path) -> None:
    printed = json.loads((shared_data / "paper_tables.json").read_text())["table6"]["rows"]
    ours = [(r["name"], r["accuracy"], r["wer"]) for r in paper_rows()]
    theirs = [(r["Data Source"], float(r["TimeStamp Accuracy"]), float(r["WER"])) for r in printed]
    assert ours == theirs


def test_empty_references_have_no_value(tmp_path: Path) -> None:
    ref = write(tmp_path / "ref.srt", [Cue(0, 1000, "[music]", raw_text="[music]")])
    row = table6(ref, [Kind("x", write(tmp_path / "x.srt", film(1, 5)))]).rows[0]
    assert (row.accuracy["value"], row.wer["value"]) == (None, None)


def test_file_names_pair_titles(tmp_path: Path) -> None:
    files = {n: tmp_path / n for n in ("a", "b.asr", "c.en", "c.de")}
    assert counterpart("a", files) == tmp_path / "a"
    assert counterpart("b", files) == tmp_path / "b.asr"
    assert counterpart("c", files) is None  # two of them: which one?
    assert counterpart("c.en", files) == tmp_path / "c.en"
    assert counterpart("a.en", files) == tmp_path / "a"
    assert counterpart("d", files) is None


def test_bad_input_is_told(tmp_path: Path) -> None:
    ref = write(tmp_path / "ref.srt", film(1, 5))
    with pytest.raises(UsageError, match="file stands beside a folder"):
        table6(ref, [Kind("x", tmp_path)])
    with pytest.raises(UsageError, match="no such file"):
        table6(tmp_path / "none.srt", [])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no subtitle files"):
        table6(tmp_path / "empty", [])
    with pytest.raises(UsageError, match="--tau"):
        table6(ref, [], tau=0)
    with pytest.raises(UsageError, match="normaliser"):
        table6(ref, [], normalizer="loud")
    write(tmp_path / "two" / "a.srt", film(1, 5))
    write(tmp_path / "two" / "a.vtt", film(1, 5))
    with pytest.raises(UsageError, match="two files of one name"):
        files_of(tmp_path / "two")
