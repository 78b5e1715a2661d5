"""Out-of-domain sets and control sets."""

from __future__ import annotations

import json

import pytest

from mmdia.cli.main import main
from mmdia.corpus.locate import open_release
from mmdia.corpus.read import iter_dialogues, load_titles
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.split import split
from mmdia.release.split_options import SplitOptions
from mmdia.release.validate import validate
from tests.release.split_rows import dialogue, turn

TITLES = [
    {"title_id": "t1", "name": "One", "year": 1950, "imdb_id": "tt0000001"},
    {"title_id": "t2", "name": "Two", "series": "Show"},
]
ROWS = [dialogue(f"d{k}", f"t{1 + k // 10}") for k in range(20)]


@pytest.fixture
def pair(make_release, tmp_path):
    """A release, and another to take an out-of-domain set from."""

    def make(titles, rows, **more):
        head = {"schema": "mmdia.release/1", "name": "other", "version": "2", "license": "CC0-1.0"}
        other = make_release(head, titles=titles, dialogues=rows, **more)
        moved = other.path.rename(tmp_path / "other")
        return make_release(titles=TITLES, dialogues=ROWS), open_release(moved)

    return make


def test_rows_are_brought_in(pair, tmp_path):
    titles = [{"title_id": "x1", "name": "Elsewhere"}, {"title_id": "x2"}]
    rows = [dialogue(f"x{k}", "x1", split="train", subsets=["bench", "hard", "mine"]) for k in range(5)]
    rows += [dialogue("gone", "x1"), dialogue("kept", "x2", source={"dataset": "S", "id": "7"})]
    ours, other = pair(titles, rows, withdrawn=[{"dialogue_id": "gone"}])
    report = split(ours, tmp_path / "out", ood=other)
    made = open_release(tmp_path / "out")
    found = {d.dialogue_id: d for d in iter_dialogues(made)}
    assert report.set("ood").dialogues == 6
    assert found["x0"].subsets == ("mine", "ood")
    assert found["x0"].split is None
    assert (found["x0"].source.dataset, found["x0"].source.id) == ("other 2", "x0")
    assert found["kept"].source.dataset == "S"
    assert "gone" not in found
    assert set(load_titles(made)) == {"t1", "t2", "x1", "x2"}
    assert [s.name for s in made.head.sources] == ["other"]
    assert "gone" in (tmp_path / "out" / "withdrawn.jsonl").read_text("utf-8")
    assert validate(made).passes()


@pytest.mark.slow
def test_so_many_by_chance(pair, tmp_path):
    ours, other = pair([{"title_id": "x1"}], [dialogue(f"x{k}", "x1") for k in range(30)])
    chosen = []
    for k, seed in enumerate((1, 1, 2)):
        split(ours, tmp_path / f"o{k}", SplitOptions(seed=seed), ood=other, ood_size=6)
        rows = iter_dialogues(open_release(tmp_path / f"o{k}"))
        chosen.append({d.dialogue_id for d in rows if "ood" in d.subsets})
    assert len(chosen[0]) == 6
    assert chosen[0] == chosen[1] != chosen[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("title", "by"),
    [
        ({"title_id": "t1"}, "title_id"),
        ({"title_id": "x1", "imdb_id": "tt0000001"}, "imdb_id"),
        ({"title_id": "x1", "name": " ONE", "year": 1950}, "name_and_year"),
        ({"title_id": "x1", "name": "Pilot", "series": "show"}, "series"),
    ],
)
def test_titles_of_train_are_refused(pair, tmp_path, title, by):
    titles = [title, {"title_id": "x9"}]
    ours, other = pair(titles, [dialogue("x0", title["title_id"]), dialogue("x1", "x9")])
    with pytest.raises(ReleaseError, match="shares titles with train"):
        split(ours, tmp_path / "out", ood=other)
    assert not (tmp_path / "out").exists()
    dropped = split(ours, tmp_path / "out", ood=other, ood_overlap="drop")
    assert [o.by for o in dropped.ood.overlaps] == [by]
    assert (dropped.ood.dropped, dropped.set("ood").dialogues) == (1, 1)
    told = split(ours, tmp_path / "out2", ood=other, ood_overlap="report")
    assert told.ood.overlaps[0].in_train
    assert told.set("ood").dialogues == 2


def test_a_title_of_which_train_has_nothing_is_only_reported(pair, tmp_path):
    ours, other = pair([{"title_id": "t2", "series": "Show"}], [dialogue("x0", "t2")])
    report = split(ours, tmp_path / "out", SplitOptions(ood_titles=("t2",)), ood=other)
    assert not report.ood.overlaps[0].in_train
    assert report.set("ood").dialogues == 11


def test_taken_identifiers(pair, tmp_path):
    ours, other = pair([{"title_id": "x1"}], [dialogue("d3", "x1"), dialogue("x1", "x1")])
    with pytest.raises(ReleaseError, match="identifier"):
        split(ours, tmp_path / "out", ood=other)
    report = split(ours, tmp_path / "out", ood=other, ood_overlap="drop")
    assert (report.ood.clashes, report.set("ood").dialogues) == (1, 1)


@pytest.mark.slow
def test_titles_can_be_marked(make_release, tmp_path):
    ours = make_release(titles=TITLES, dialogues=ROWS)
    split(ours, tmp_path / "out", SplitOptions(ood_titles=("t2",)))
    rows = list(iter_dialogues(open_release(tmp_path / "out")))
    assert {d.title_id for d in rows if d.subsets == ("ood",)} == {"t2"}
    assert all(d.split is None for d in rows if "ood" in d.subsets)
    with pytest.raises(UsageError, match="nope"):
        split(ours, None, SplitOptions(ood_titles=("nope",)))


def triplet(name, relationship, interaction, tone, title="t1", text="x", who="ab"):
    return dialogue(
        name, title, relationship={"category": relationship}, interaction={"category": interaction},
        emotional_tone=tone, turns=[turn(who[0], text), turn(who[1], text, start=1000)],
    )  # fmt: skip


def sets_in(folder):
    found = {}
    for row in iter_dialogues(open_release(folder)):
        if row.control_set is not None:
            found.setdefault(row.control_set.id, []).append(row)
    return found


def test_members_differ_in_one_condition_only(make_release, tmp_path):
    tones = ("calm", "Angry", "sad")
    kinds = [
        (r, i, t) for r in ("Friends", "Family", "Social") for i in ("Banter", "Conflict") for t in tones
    ]
    rows = [triplet(f"d{k:03d}", *kinds[k % 18], text=f"t{k}", title=f"t{1 + k // 90}") for k in range(180)]
    handle = make_release(titles=TITLES, dialogues=rows)
    options = SplitOptions(control=9, ratios=(1, 1, 1), bench=0, hard=0)
    report = split(handle, tmp_path / "out", options)
    made = sets_in(tmp_path / "out")
    assert len(made) == sum(report.control.values()) == 9
    assert set(report.control.values()) == {3}
    for members in made.values():
        assert len(members) > 1
        axis = members[0].control_set.axis
        values = {
            "relationship": [m.relationship.category for m in members],
            "interaction": [m.interaction.category for m in members],
            "tone": [m.emotional_tone for m in members],
        }
        assert [m.control_set.value for m in members] == values[axis]
        assert len(set(values.pop(axis))) == len(members)
        assert all(len(set(same)) == 1 for same in values.values())
        assert all(m.split != "train" for m in members)
    assert validate(open_release(tmp_path / "out")).count("control_set_single") == 0


def test_the_same_text_comes_first(make_release, tmp_path):
    rows = [
        triplet(f"d{k}", "Friends", i, "calm", text=f"t{k}")
        for k, i in enumerate(["Banter", "Conflict"] * 4)
    ]
    rows += [
        triplet("s0", "Friends", "Banter", "calm", text="same"),
        triplet("s1", "Friends", "Conflict", "calm", text="Same!"),
    ]
    handle = make_release(titles=TITLES, dialogues=rows)
    options = SplitOptions(control=1, ratios=(0, 0, 1), bench=0, hard=0)
    split(handle, tmp_path / "out", options)
    assert [[m.dialogue_id for m in s] for s in sets_in(tmp_path / "out").values()] == [["s0", "s1"]]
    none = split(
        handle, None, SplitOptions(control=5, control_scope="text", ratios=(0, 0, 1), bench=0, hard=0)
    )
    assert none.control == {"interaction": 1}
    assert any("5 sets wanted, 1 can" in note for note in none.notes)


def test_sets_that_are_there_stay(make_release, tmp_path):
    rows = [triplet(f"d{k}", "Friends", i, "calm") for k, i in enumerate(["Banter", "Conflict"])]
    for row in rows:
        row["control_set"] = {"id": "mine", "axis": "interaction", "value": "x"}
    handle = make_release(titles=TITLES, dialogues=rows)
    split(handle, tmp_path / "out", SplitOptions(control=1, ratios=(0, 0, 1), bench=0, hard=0))
    assert list(sets_in(tmp_path / "out")) == ["mine"]


def test_the_command_brings_in(pair, tmp_path, capsys):
    ours, other = pair([{"title_id": "t1"}], [dialogue("x0", "t1")])
    words = ["release", "split", str(ours.path), "--out", str(tmp_path / "out"), "--ood", str(other.path)]
    assert main(words) == 2
    assert "shares titles with train" in capsys.readouterr().err
    assert main([*words, "--ood-overlap", "drop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ood"]["dropped_for_overlap"] == 1
