"""Exports hold what their formats can, count the rest, and appear whole or not at all."""

from __future__ import annotations

import csv
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest

from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.read import iter_dialogues
from mmdia.corpus.write import write_release
from mmdia.errors import UsageError
from mmdia.release.export import export_release
from mmdia.release.exporters import registry
from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import ExportOptions, Selection
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue, NonVerbal, Relationship, Speaker, Turn
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Character, Title


@pytest.fixture
def handle(tmp_path: Path) -> ReleaseHandle:
    titles = [
        Title(title_id="film", speakers=(Character(speaker_id="a", name="Ann | Lee"),)),
        Title(title_id="tv 01"),
    ]
    turns = (
        Turn(start_ms=61_005, end_ms=62_010, speakers=("a", "b"), text="Hi <you> & me", n_words=4),
        Turn(start_ms=62_500, end_ms=63_000, speakers=("b",), nonverbal=(NonVerbal(label="laughs"),)),
        Turn(start_ms=64_000, end_ms=64_000, speakers=("b",), text="no length"),
        Turn(start_ms=65_000, end_ms=66_000, speakers=(), text="nobody\n\nknows --> who"),
    )
    rows = [
        Dialogue(
            dialogue_id="d1", title_id="film", start_ms=61_005, end_ms=66_000, split="test",
            subsets=("hard",),
            turns=turns, speakers=(Speaker(speaker_id="b", name="Bo"),),
            relationship=Relationship(label="Friends", category="Friendship"),
        ),
        Dialogue(
            dialogue_id="d 2", title_id="tv 01", start_ms=0, end_ms=900, split="train",
            turns=(Turn(start_ms=0, end_ms=900, speakers=("c d",), text="<x> said"),),
        ),
        Dialogue(dialogue_id="script", turns=(Turn(speakers=("a",), text="no film"),)),
        Dialogue(
            dialogue_id="gone", title_id="film", start_ms=0, end_ms=9,
            turns=(Turn(start_ms=0, end_ms=9, speakers=("a",), text="secret"),),
        ),
    ]  # fmt: skip
    made = write_release(
        tmp_path / "release", Release(name="n", version="1"), titles, rows,
        scenes=[Scene(title_id="film", scene_id="s", start_ms=0, end_ms=9)],
        withdrawn=[Withdrawal(dialogue_id="gone")],
    )  # fmt: skip
    (made.path / "subtitles").mkdir()
    (made.path / "subtitles" / "film.srt").write_text("1\n00:01:01,000 --> 00:01:02,000\nHi\n")
    return made


def test_csv_has_a_row_a_turn(handle: ReleaseHandle, tmp_path: Path) -> None:
    done = export_release(handle, tmp_path / "t.csv", "csv")
    assert (done.dialogues, done.turns, done.files, done.skipped) == (3, 6, 1, {})
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = {(r["dialogue_id"], r["turn"]): r for r in csv.DictReader(file)}
    assert len(rows) == 6
    first = rows["d1", "0"]
    assert (first["speakers"], first["speaker_names"]) == ("a|b", "Ann \\| Lee|Bo")
    assert (first["start_ms"], first["n_words"], first["relationship_category"]) == (
        "61005",
        "4",
        "Friendship",
    )
    assert rows["d1", "1"]["nonverbal"] == "laughs"
    assert rows["d1", "3"]["text"] == "nobody\n\nknows --> who"
    assert rows["script", "0"]["start_ms"] == ""


def test_rttm_names_each_who_speaks(handle: ReleaseHandle, tmp_path: Path) -> None:
    done = export_release(handle, tmp_path / "t.rttm", "rttm")
    assert (tmp_path / "t.rttm").read_text().splitlines() == [
        "SPEAKER film 1 61.005 1.005 <NA> <NA> a <NA> <NA>",
        "SPEAKER film 1 61.005 1.005 <NA> <NA> b <NA> <NA>",
        "SPEAKER film 1 62.500 0.500 <NA> <NA> b <NA> <NA>",
        "SPEAKER film 1 64.000 0.000 <NA> <NA> b <NA> <NA>",
        "SPEAKER tv~2001 1 0.000 0.900 <NA> <NA> c~20d <NA> <NA>",
    ]
    assert done.skipped == {"no_speaker": 1, "no_times": 1}


def test_stm_and_seglst_by_dialogue(handle: ReleaseHandle, tmp_path: Path) -> None:
    options = ExportOptions(per="dialogue")
    done = export_release(handle, tmp_path / "t.stm", "stm", options=options)
    assert (tmp_path / "t.stm").read_text().splitlines() == [
        "d1 1 a+b 0.000 1.005 Hi <you> & me",
        "d1 1 b 2.995 2.995 no length",
        "d~202 1 c~20d 0.000 0.900 <o> <x> said",
    ]
    assert done.skipped == {"no_speaker": 1, "no_text": 1, "no_times": 1}
    export_release(handle, tmp_path / "t.json", "seglst", options=options)
    assert json.loads((tmp_path / "t.json").read_text()) == [
        {"session_id": "d1", "speaker": "a+b", "start_time": "0.000", "end_time": "1.005",
         "words": "Hi <you> & me"},
        {"session_id": "d1", "speaker": "b", "start_time": "2.995", "end_time": "2.995",
         "words": "no length"},
        {"session_id": "d 2", "speaker": "c d", "start_time": "0.000", "end_time": "0.900",
         "words": "<x> said"},
    ]  # fmt: skip


def test_an_empty_seglst_is_a_list(handle: ReleaseHandle, tmp_path: Path) -> None:
    bare = write_release(tmp_path / "bare", handle.head, [], [])
    export_release(bare, tmp_path / "t.json", "seglst")
    assert json.loads((tmp_path / "t.json").read_text()) == []


def test_subtitles_read_back(handle: ReleaseHandle, tmp_path: Path) -> None:
    from mmdia.subtitles.read import read_subtitles

    done = export_release(handle, tmp_path / "srt", "srt")
    assert sorted(p.name for p in (tmp_path / "srt").iterdir()) == ["film.srt", "tv~2001.srt"]
    assert done.skipped == {"no_text": 1, "no_times": 1, "turn_end": 1}
    cues = read_subtitles(tmp_path / "srt" / "film.srt").cues
    assert [(c.start_ms, c.end_ms) for c in cues] == [(61_005, 62_010), (65_000, 66_000)]
    text = (tmp_path / "srt" / "film.srt").read_text(encoding="utf-8")
    assert "Ann | Lee and Bo: Hi <you> & me" in text
    export_release(handle, tmp_path / "vtt", "vtt")
    text = (tmp_path / "vtt" / "film.vtt").read_text(encoding="utf-8")
    assert text.startswith(
        "WEBVTT\n\n00:01:01.005 --> 00:01:02.010\n<v Ann | Lee and Bo>Hi &lt;you&gt; &amp; me\n"
    )
    assert [c.start_ms for c in read_subtitles(tmp_path / "vtt" / "film.vtt").cues] == [61_005, 65_000]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_our_own_forms_hold_all(handle: ReleaseHandle, tmp_path: Path, form: str) -> None:
    export_release(handle, tmp_path / "out", form)
    made = open_release(tmp_path / "out")
    assert sorted(d.dialogue_id for d in iter_dialogues(made)) == ["d 2", "d1", "script"]
    assert validate(made).passes()
    assert (tmp_path / "out" / "withdrawn.jsonl").exists()
    assert (tmp_path / "out" / "subtitles" / "film.srt").exists()
    assert made.head.history == ()


def test_a_part_says_how_it_was_cut(handle: ReleaseHandle, tmp_path: Path) -> None:
    options = ExportOptions(titles=("tv 01",))
    export_release(handle, tmp_path / "out", "jsonl", options=options)
    made = open_release(tmp_path / "out")
    assert [d.dialogue_id for d in iter_dialogues(made)] == ["d 2"]
    assert json.loads(made.head.history[-1].options or "")["titles"] == ["tv 01"]
    assert not (tmp_path / "out" / "subtitles").exists()
    for options in (ExportOptions(split="test"), ExportOptions(tag="hard")):
        assert export_release(handle, tmp_path / "t.csv", "csv", options=options).dialogues == 1
    with pytest.raises(UsageError, match="no dialogue was chosen"):
        export_release(handle, tmp_path / "none", "jsonl", options=ExportOptions(split="validation"))
    assert not (tmp_path / "none").exists()


def test_nothing_is_overwritten_or_left_half_done(handle: ReleaseHandle, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for out, form in [(handle.path, "jsonl"), (handle.path / "x.csv", "csv"), (tmp_path, "csv")]:
        with pytest.raises(UsageError):
            export_release(handle, out, form)
    with (handle.path / "dialogues.jsonl").open("a") as file:
        file.write("{broken\n")
    with pytest.raises(ValueError, match="Invalid JSON"):
        export_release(handle, tmp_path / "t.csv", "csv")
    assert sorted(tmp_path.rglob("*")) == before
    broken: list[Any] = []
    export_release(handle, tmp_path / "t.csv", "csv", on_broken=broken.append)
    assert len(broken) == 1


def test_other_packages_add_formats(
    handle: ReleaseHandle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        name, value = "count", "x:y"
        what: Any = None

        def load(self) -> Any:
            return self.what

    entry = Entry()

    def write(selection: Selection, path: Path) -> None:
        path.write_text(str(sum(len(d.turns) for d in selection.rows())))
        selection.skip("why not")

    entry.what = Exporter("count", "number of turns", False, write)
    monkeypatch.setattr(
        importlib.metadata, "entry_points", lambda group: [entry] * (group == registry.GROUP)
    )
    assert registry.names()[-1] == "count"
    done = export_release(handle, tmp_path / "n.txt", "count")
    assert (tmp_path / "n.txt").read_text() == "6"
    assert done.to_row()["skipped"] == {"why not": 1}
    entry.what = write
    with pytest.raises(UsageError, match="no Exporter"):
        export_release(handle, tmp_path / "n.txt", "count")
    with pytest.raises(UsageError, match="no such format"):
        export_release(handle, tmp_path / "n.txt", "nope")


def test_each_parquet_shard_is_in_order_by_itself(tmp_path: Path) -> None:
    def one(i: int, split: str) -> Dialogue:
        turn = Turn(start_ms=i, end_ms=i + 1, speakers=("x",), text="a")
        return Dialogue(
            dialogue_id=f"d{i}", title_id="t", start_ms=i, end_ms=i + 1, split=split, turns=(turn,)
        )

    rows = [one(i, ("train", "test")[i % 2]) for i in range(6)]
    made = write_release(
        tmp_path / "p", Release(name="n", version="1"), [Title(title_id="t")], rows, form="parquet"
    )
    assert validate(made).count("disk_order") == 0
    shards = sorted((made.path / "dialogues").iterdir())
    import pyarrow.parquet as pq

    table = pq.read_table(shards[0])
    pq.write_table(table.take([2, 0, 1]), shards[0])
    assert validate(made).count("disk_order") == 1
