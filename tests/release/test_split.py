"""Splitting a release on disk: rows, report, command."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.errors import BrokenRow, ReleaseError, UsageError
from mmdia.release.split import split
from mmdia.release.split_options import SplitOptions
from mmdia.release.validate import validate
from tests.release.split_rows import dialogue, turn

TITLES = [{"title_id": f"t{k}", "speakers": [{"speaker_id": s} for s in "ab"]} for k in range(1, 9)]
PAIRS = [("Friends", "Banter"), ("Family", "Conflict"), ("Workplace", "Commands"), ("Social", "Invitation")]


def rows_of(n=80):
    rows = []
    for k in range(n):
        relationship, interaction = PAIRS[k // 8 % 4]
        start = k // 8 * 3000
        rows.append(
            dialogue(
                f"d{k:02d}", f"t{k % 8 + 1}", start_ms=start, end_ms=start + 2000,
                turns=[turn("a", f"line {k} a", start=start), turn("b", f"line {k} b", start=start + 1000)],
                relationship={"category": relationship}, interaction={"category": interaction},
                emotion_intensity=1 + k % 10, emotion_volatility=1 + k % 10, future=k,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda r: (r["title_id"], r["start_ms"]))


@pytest.fixture
def release(make_release):
    return make_release(titles=TITLES, dialogues=rows_of())


def places(folder):
    return {d.dialogue_id: (d.split, d.subsets) for d in iter_dialogues(open_release(folder))}


def test_the_rule_of_the_paper(release, tmp_path):
    report = split(release, tmp_path / "out", SplitOptions(bench=8, hard=20))
    assert report.set("hard").dialogues == 20
    assert report.set("bench").dialogues == 8
    assert [report.set(n).dialogues for n in ("train", "validation", "test")] == [54, 3, 3]
    found = places(tmp_path / "out")
    assert len(found) == 80
    assert all((where is None) == ("hard" in tags) for where, tags in found.values())
    # Balanced: two of each of the four relationships; expressive: above the mean of 5.5.
    chosen = [d for d in iter_dialogues(open_release(tmp_path / "out")) if "bench" in d.subsets]
    assert sorted(d.relationship.category for d in chosen) == sorted([p[0] for p in PAIRS] * 2)
    assert min(d.emotion_intensity for d in chosen) > 5.5
    assert report.set("bench").intensity > report.set("train").intensity
    assert validate(open_release(tmp_path / "out")).passes()


def test_nothing_else_of_a_row_changes(release, tmp_path):
    split(release, tmp_path / "out", SplitOptions(bench=2, hard=4))
    plain = {"split": None, "subsets": (), "control_set": None}
    before = [d.model_copy(update=plain) for d in iter_dialogues(release)]
    after = [d.model_copy(update=plain) for d in iter_dialogues(open_release(tmp_path / "out"))]
    assert before == after
    step = open_release(tmp_path / "out").head.history[-1]
    assert step.step == "split"
    assert json.loads(step.options)["seed"] == 0
    assert str(tmp_path) not in step.options


def test_strange_tags_stay_and_ours_are_put_right(make_release, tmp_path):
    rows = rows_of(16)
    rows[0]["subsets"] = ["mine", "task2"]
    rows[1]["subsets"] = ["bench"]
    report = split(make_release(titles=TITLES, dialogues=rows), tmp_path / "out")
    found = places(tmp_path / "out")
    assert found[rows[0]["dialogue_id"]][1] == ("mine",)
    # Bench that is tagged is kept, and lies within hard.
    assert found[rows[1]["dialogue_id"]][1][:2] == ("bench", "hard")
    assert report.kept == ("bench",)
    assert validate(open_release(tmp_path / "out")).passes()


def test_withdrawn_rows_are_nowhere(make_release, tmp_path):
    gone = [{"title_id": "t3"}, {"dialogue_id": "d00"}]
    handle = make_release(titles=TITLES, dialogues=rows_of(), withdrawn=gone)
    report = split(handle, tmp_path / "out", SplitOptions(bench=4, hard=8))
    assert report.dialogues == 69
    text = (tmp_path / "out" / "dialogues.jsonl").read_text("utf-8")
    assert '"d00"' not in text
    assert '"t3"' not in text
    assert (tmp_path / "out" / "withdrawn.jsonl").read_text("utf-8").count("\n") == 2


def test_who_failed_which_test_is_told(make_release, tmp_path):
    rows = rows_of(8)
    rows[0]["turns"] = [turn("a"), turn("a", start=1000)]
    rows[1]["turns"][0]["visibility"] = "invisible"
    rows[2]["relationship"] = {"label": "who knows"}
    rows[3]["emotion_intensity"] = None
    rows[4].update(dialogue("script", None))
    rows.append(rows.pop(4))  # scripts come last on disk
    options = SplitOptions(bench=3, hard=4, min_intensity=1, min_volatility=1, examples=0)
    report = split(make_release(titles=TITLES, dialogues=rows), None, options)
    failed = report.tests["bench"].ids
    assert failed["not_two_speakers"] == (rows[0]["dialogue_id"],)
    assert failed["speaker_not_visible"] == (rows[1]["dialogue_id"],)
    assert failed["no_category"] == (rows[2]["dialogue_id"],)
    assert failed["no_scores"] == (rows[3]["dialogue_id"],)
    assert failed["no_film"] == ("script",)
    assert report.tests["bench"].passed == 3
    assert report.path is None


def test_tasks_say_what_they_cover(make_release):
    rows = rows_of(8)
    for row in rows:
        row["subsets"] = ["bench", "hard"]
    for row in rows[:3]:
        row["turns"][0]["keyframe"]["faces"].append({"speaker_id": "b", "occluded": True})
        row["turns"][0]["keyframe"]["n_faces"] = 2
    rows[7]["interaction"] = {"category": "Conflict"}
    handle = make_release(titles=TITLES, dialogues=rows)
    report = split(handle, None)
    assert report.set("task2").dialogues == report.set("task3").dialogues == 5
    assert report.tests["task2"].failed == {"several_speakers_seen": 3}
    assert report.tests["task3"].ids == {"several_faces": tuple(r["dialogue_id"] for r in rows[:3])}
    covered = report.coverage["task3"]["interaction"]
    assert covered.counts["Banter"] == 4
    assert covered.counts["Conflict"] == 1
    assert len(covered.counts) == 15
    assert len(covered.missing) == 13
    assert len(report.coverage["task3"]["relationship"].counts) == 8
    cells = [n for row in report.pairs["task3"].values() for n in row.values()]
    assert len(cells) == 120
    assert sum(cells) == 5


def test_task_3_is_filled_up_for_labels_that_are_missing(make_release):
    rows = rows_of(24)
    for row in rows[:4]:
        row["subsets"] = ["bench", "hard"]
    for k, row in enumerate(rows[4:10]):
        row["subsets"] = ["hard"]
        row["interaction"] = {"category": "Conflict" if k % 2 else "Narration"}
    handle = make_release(titles=TITLES, dialogues=rows)
    narrow = split(handle, None, SplitOptions())
    missing = set(narrow.coverage["task3"]["interaction"].missing)
    assert narrow.coverage["task3"]["interaction"].elsewhere["Narration"] == {"hard": 3}
    wide = split(handle, None, SplitOptions(task3_from="hard"))
    gained = missing - set(wide.coverage["task3"]["interaction"].missing)
    assert gained == {"Narration"} | ({"Conflict"} & missing)
    # One dialogue a label is enough.
    assert wide.set("task3").dialogues <= narrow.set("task3").dialogues + 4


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_in_any_process(release, tmp_path):
    command = [
        sys.executable,
        "-m",
        "mmdia",
        "release",
        "split",
        str(release.path),
        "--bench",
        "4",
        "--hard",
        "9",
    ]
    for k, hash_seed in enumerate(("1", "77")):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run(
            [*command, "--out", str(tmp_path / f"o{k}")], env=environment, check=True, capture_output=True
        )
    first, second = ((tmp_path / f"o{k}" / "dialogues.jsonl").read_bytes() for k in (0, 1))
    assert first == second


def test_work_in_place_keeps_what_lies_beside(release):
    (release.path / "notes.txt").write_text("mine", "utf-8")
    (release.path / "subtitles").mkdir()
    (release.path / "subtitles" / "t1.srt").write_text("1\n", "utf-8")
    split(release, None, SplitOptions(bench=2, hard=4), in_place=True)
    assert sum(tags != () for _, tags in places(release.path).values()) == 4
    assert (release.path / "notes.txt").read_text("utf-8") == "mine"
    assert (release.path / "subtitles" / "t1.srt").exists()
    assert sorted(p.name for p in release.path.parent.iterdir()) == ["release"]


def test_a_published_release_is_not_changed_in_place(release):
    (release.path / "checksums.json").write_text("{}", "utf-8")
    with pytest.raises(UsageError, match="published"):
        split(release, None, in_place=True)


@pytest.mark.slow
def test_a_folder_with_other_things_is_refused(release, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(UsageError, match="not empty"):
        split(release, out)
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="itself"):
        split(release, release.path)
    # An earlier output of the same step is replaced.
    for seed in (1, 2):
        split(release, tmp_path / "new", SplitOptions(seed=seed))
    assert json.loads(open_release(tmp_path / "new").head.history[-1].options)["seed"] == 2


def test_a_broken_row_leaves_no_output(release, tmp_path):
    with (release.path / "dialogues.jsonl").open("a") as stream:
        stream.write('{"dialogue_id": 5}\n')
    with pytest.raises(BrokenRow):
        split(release, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["release"]


def test_a_series_that_cannot_be_held_out_is_refused(make_release, tmp_path):
    titles = [
        {**t, "series": "S", "speakers": [{"speaker_id": s, "name": s} for s in "ab"]} for t in TITLES
    ]
    handle = make_release(titles=titles, dialogues=rows_of())
    with pytest.raises(ReleaseError, match="--drop-crossing"):
        split(handle, tmp_path / "out", SplitOptions(disjoint="speaker", bench=0, hard=0))


@pytest.mark.slow
def test_parquet_stays_parquet(release, tmp_path):
    from mmdia.corpus.read import iter_titles
    from mmdia.corpus.write import write_release

    table = write_release(
        tmp_path / "table", release.head, iter_titles(release), iter_dialogues(release), form="parquet"
    )
    split(table, tmp_path / "a", SplitOptions(bench=3, hard=6))
    split(release, tmp_path / "b", SplitOptions(bench=3, hard=6))
    assert not (tmp_path / "a" / "dialogues.jsonl").exists()
    assert places(tmp_path / "a") == places(tmp_path / "b")


@pytest.mark.slow
def test_the_command(release, tmp_path, capsys):
    words = ["release", "split", str(release.path), "--bench", "4", "--hard", "9"]
    assert (
        main([*words, "--out", str(tmp_path / "out"), "--json", "--report", str(tmp_path / "r.json")]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert document["schema"] == "mmdia.split/1"
    assert {s["name"]: s["paper"] for s in document["sets"]}["task3"] == 133
    assert document["leakage"]["schema"] == "mmdia.leakage/1"
    assert main([*words, "--dry-run"]) == 0
    assert "nothing was written" in capsys.readouterr().out
    # Fewer than asked: done, but not all.
    assert main(["release", "split", str(release.path), "--dry-run", "--bench", "70"]) == 1
    assert main(["release", "split", str(release.path)]) == 2
    assert main(["release", "split", str(tmp_path / "out"), "--check"]) == 1
    assert "what sets share" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["release", "split", str(release.path), "--dry-run", "--ratios", "90:10"])


def test_the_sizes_of_the_paper():
    from mmdia.release.split_options import PAPER_BENCH, PAPER_HARD, PAPER_ROWS
    from mmdia.release.split_report import paper_size
    from mmdia.schema.facts import paper

    names = ("hard", "bench", "ood", "task2", "task3", "train")
    assert [paper_size(name) for name in names] == [598, 309, 60, 132, 133, None]
    assert paper_size("hard") == PAPER_HARD
    assert paper_size("bench") == PAPER_BENCH
    rows = paper().number("dialogues").value
    assert rows == PAPER_ROWS


def test_two_titles_of_one_film_stay_together(make_release):
    titles = [{"title_id": f"t{k}", "imdb_id": f"tt{k // 2:07d}"} for k in range(1, 21)]
    rows = [dialogue(f"d{k:02d}", f"t{1 + k // 2}") for k in range(40)]
    handle = make_release(titles=titles, dialogues=sorted(rows, key=lambda r: r["title_id"]))
    report = split(handle, handle.path.parent / "out", SplitOptions(disjoint="title", ratios=(2, 1, 1)))
    assert all(pair.titles.count == 0 for pair in report.leakage.pairs)
    by_chance = split(handle, handle.path.parent / "out", SplitOptions(ratios=(2, 1, 1)))
    assert by_chance.leakage.pair("train", "test").titles.count > 0


def test_hard_rows_of_every_title(make_release, tmp_path):
    rows = rows_of()
    for row in rows[::2]:
        row["subsets"] = ["hard"]
    handle = make_release(titles=TITLES, dialogues=rows)
    with pytest.raises(ReleaseError, match="--hard-titles any"):
        split(handle, tmp_path / "out", SplitOptions(disjoint="title"))
    options = SplitOptions(disjoint="title", hard_titles="any", ratios=(2, 1, 1))
    report = split(handle, tmp_path / "out", options)
    assert report.set("hard").dialogues == 40
    assert report.leakage.pair("train", "test").titles.count == 0
    assert report.leakage.pair("train", "hard").titles.count > 0
