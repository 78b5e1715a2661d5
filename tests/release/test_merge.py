"""Merging: nothing is lost or told twice, clashes are decided by the rule asked for, and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.cli.main import main
from mmdia.corpus.locate import ReleaseHandle, demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, iter_titles, load_titles, withdrawals
from mmdia.corpus.write import write_release
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.diff import diff
from mmdia.release.merge import CLASHES, Clash, merge
from mmdia.release.validate import validate
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Character, Title

DEMO = open_release(demo_release())


def row(name: str, text: str = "Hello.", **more: Any) -> Dialogue:
    return Dialogue(dialogue_id=name, turns=(Turn(speakers=("a",), text=text),), **more)


def release(
    folder: Path, rows: list[Dialogue], titles: tuple[Title, ...] = (), **more: Any
) -> ReleaseHandle:
    head = more.pop("head", Release(name=folder.name, version="1", license="CC0-1.0"))
    return write_release(folder, head, titles, rows, **more)


def texts(handle: ReleaseHandle) -> dict[str, str | None]:
    return {d.dialogue_id: d.turns[0].text for d in iter_dialogues(handle, keep_withdrawn=True)}


def test_a_release_and_its_copy_are_that_release(tmp_path: Path) -> None:
    scenes = list(iter_scenes(DEMO))
    copy = write_release(
        tmp_path / "copy", DEMO.head, iter_titles(DEMO), iter_dialogues(DEMO), scenes=scenes
    )
    report = merge([DEMO, copy], tmp_path / "out", name="both", version="1")
    assert report.same == 10
    assert report.taken == (10, 0)
    assert diff(DEMO, open_release(report.path)).same
    assert (report.path / "subtitles" / "mmdia_demo_01.srt").is_file()
    assert validate(open_release(report.path)).passes(strict=False)
    history = json.loads((report.path / "release.json").read_text("utf-8"))["history"]
    assert history[-1]["step"] == "merge"


@pytest.mark.parametrize(
    ("clash", "expected"),
    [
        ("first", {"a": "A", "b": "B"}),
        ("last", {"a": "A", "b": "B"}),
        ("rename", {"x": "one", "a": "A", "b": "B"}),
    ],
)
def test_clashes_are_decided_as_asked(tmp_path: Path, clash: Clash, expected: dict[str, str]) -> None:
    one = release(tmp_path / "one", [row("x", "one"), row("a", "A")])
    two = release(
        tmp_path / "two", [row("x", "two"), row("b", "B")], withdrawn=[Withdrawal(dialogue_id="x")]
    )
    report = merge([one, two], tmp_path / "out", name="m", version="1", clash=clash)
    assert texts(open_release(report.path)) == expected
    assert report.clashes == ("x",)
    gone = withdrawals(open_release(report.path)).dialogues
    assert gone == ({"x@two"} if clash == "rename" else {"x"})


def test_clashes_are_refused_by_default_and_nothing_is_written(tmp_path: Path) -> None:
    one, two = release(tmp_path / "one", [row("x", "1")]), release(tmp_path / "two", [row("x", "2")])
    with pytest.raises(ReleaseError, match="1 identifiers stand for different dialogues"):
        merge([one, two], tmp_path / "out", name="m", version="1")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="its own folder"):
        merge([one, two], tmp_path / "one", name="m", version="1")
    with pytest.raises(UsageError, match="two releases"):
        merge([one], tmp_path / "out", name="m", version="1")


def test_renaming_never_hides_a_row(tmp_path: Path) -> None:
    one = release(tmp_path / "one", [row("x", "1"), row("x@two", "there already")])
    two = release(tmp_path / "two", [row("x", "2")])
    with pytest.raises(ReleaseError, match="meet others of that name"):
        merge([one, two], tmp_path / "out", name="m", version="1", clash="rename")


def test_titles_are_united(tmp_path: Path) -> None:
    a = Title(
        title_id="t", name="Film", genres=("drama",), speakers=(Character(speaker_id="s", name="Ann"),)
    )
    b = Title(
        title_id="t", name="The Film", year=1950, genres=("drama", "noir"),
        speakers=(Character(speaker_id="s", gender="female", name="Anne"), Character(speaker_id="z")),
    )  # fmt: skip
    one, two = release(tmp_path / "one", [], (a,)), release(tmp_path / "two", [row("x")], (b,))
    report = merge([one, two], tmp_path / "out", name="m", version="1")
    title = load_titles(open_release(report.path))["t"]
    assert (title.name, title.year, title.genres) == ("Film", 1950, ("drama", "noir"))
    assert [(s.speaker_id, s.name, s.gender) for s in title.speakers] == [
        ("s", "Ann", "female"),
        ("z", None, None),
    ]
    assert {c.field for c in report.title_clashes} == {"name", "speakers.s.name"}


def test_another_timeline_is_never_united_unasked(tmp_path: Path) -> None:
    one = release(tmp_path / "one", [row("x")], (Title(title_id="t", duration_ms=1000),))
    two = release(tmp_path / "two", [row("y")], (Title(title_id="t", duration_ms=1042),))
    for clash in CLASHES:
        if clash != "first":
            with pytest.raises(ReleaseError, match="different timelines"):
                merge([one, two], tmp_path / "out", name="m", version="1", clash=clash)
    report = merge([one, two], tmp_path / "out", name="m", version="1", clash="first")
    assert load_titles(open_release(report.path))["t"].duration_ms == 1000


def test_licences_and_vocabularies_must_fit(tmp_path: Path) -> None:
    one = release(tmp_path / "one", [row("x")])
    other = Release(name="o", version="1", license="CC-BY-4.0")
    two = release(tmp_path / "two", [row("y")], head=other)
    with pytest.raises(UsageError, match="different licences"):
        merge([one, two], tmp_path / "out", name="m", version="1")
    report = merge([one, two], tmp_path / "out", name="m", version="1", license="CC-BY-4.0")
    assert open_release(report.path).head.license == "CC-BY-4.0"
    a = release(tmp_path / "a", [row("x")], head=Release(name="a", version="1", vocab="paper-15"))
    b = release(tmp_path / "b", [row("y")], head=Release(name="b", version="1", vocab="mine"))
    with pytest.raises(UsageError, match="different vocabularies"):
        merge([a, b], tmp_path / "out", name="m", version="1")


def test_leaks_between_splits_and_scenes_are_told(tmp_path: Path) -> None:
    title = Title(title_id="t")
    where = {"title_id": "t", "start_ms": 0, "end_ms": 5}
    turn = Turn(speakers=("a",), text="Hm.", start_ms=0, end_ms=5)
    one = release(
        tmp_path / "one", [Dialogue(dialogue_id="x", split="train", turns=(turn,), **where)], (title,),
        scenes=[Scene(title_id="t", scene_id="1", start_ms=0, end_ms=9)],
    )  # fmt: skip
    two = release(
        tmp_path / "two", [Dialogue(dialogue_id="y", split="test", turns=(turn,), **where)], (title,),
        scenes=[Scene(title_id="t", scene_id="1", start_ms=0, end_ms=8)],
    )  # fmt: skip
    report = merge([one, two], tmp_path / "out", name="m", version="1")
    assert report.split_clashes == ("t",)
    assert report.scene_clashes == ("t::1",)


@pytest.mark.slow
@settings(max_examples=10)
@given(data=st.data())
def test_every_row_is_there_once(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("m")
    name, text = st.sampled_from("abcdef"), st.sampled_from(["1", "2"])
    parts = [data.draw(st.dictionaries(name, text)) for _ in range(3)]
    handles = [
        release(folder / f"r{i}", [row(k, v) for k, v in part.items()]) for i, part in enumerate(parts)
    ]
    first = merge(handles, folder / "first", name="m", version="1", clash="first")
    assert texts(open_release(first.path)) == {**parts[2], **parts[1], **parts[0]}
    last = merge(handles, folder / "last", name="m", version="1", clash="last")
    assert texts(open_release(last.path)) == {**parts[0], **parts[1], **parts[2]}
    assert first.dialogues + first.same + len(first.clashes) == sum(map(len, parts))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(tmp_path / "one", [row("x", "1")])
    release(tmp_path / "two", [row("x", "2"), row("y")])
    words = ["release", "merge", str(tmp_path / "one"), str(tmp_path / "two"), "--out", str(tmp_path / "o")]
    assert main([*words, "--name", "m", "--version", "1"]) == 2
    assert "--clash" in capsys.readouterr().err
    assert main([*words, "--name", "m", "--version", "1", "--clash", "first"]) == 0
    assert "clashing identifiers: 1 (x)" in capsys.readouterr().out
    assert main([*words, "--name", "m", "--version", "1", "--clash", "last", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["taken"] == [0, 2]
