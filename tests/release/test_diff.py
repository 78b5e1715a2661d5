"""Comparing releases: nothing differs from itself, and every planted change is found and named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.cli.main import main
from mmdia.corpus.locate import demo_release, open_release
from mmdia.corpus.read import iter_dialogues, iter_scenes, iter_titles
from mmdia.corpus.write import write_release
from mmdia.release.diff import TableDiff, diff
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Withdrawal
from mmdia.schema.title import Title

DEMO = open_release(demo_release())
ROWS = list(iter_dialogues(DEMO))
TITLES = list(iter_titles(DEMO))


def copy(folder: Path, rows: list[Dialogue], **more: Any) -> Path:
    made = {"titles": TITLES, "scenes": list(iter_scenes(DEMO)), **more}
    write_release(folder, DEMO.head, made.pop("titles"), rows, **made)
    return folder


def dialogues(tmp_path: Path, rows: list[Dialogue]) -> TableDiff:
    return diff(DEMO, open_release(copy(tmp_path / "b", rows))).tables["dialogues"]


def test_a_release_is_the_same_as_its_copy(tmp_path: Path) -> None:
    found = diff(DEMO, open_release(copy(tmp_path, list(reversed(ROWS)))))
    assert found.same
    assert found.tables["dialogues"].same == len(ROWS)
    assert found.tables["titles"].same == 1


def test_planted_changes_are_named(tmp_path: Path) -> None:
    first, second, third, *rest = ROWS
    turn = first.turns[0].model_copy(update={"text": "Something else."})
    changed = first.model_copy(update={"turns": (turn, *first.turns[1:]), "emotion_intensity": 1.25})
    longer = second.model_copy(update={"turns": (*second.turns, turn), "extra": '{"mood": 3}'})
    new = third.model_copy(update={"dialogue_id": "new"})
    found = dialogues(tmp_path, [changed, longer, new, *rest])
    assert found.added == ("new",)
    assert found.removed == (third.dialogue_id,)
    assert found.same == len(rest)
    assert set(found.changed[first.dialogue_id]) == {"turns.text", "emotion_intensity"}
    assert {"turns", "turns.text", "mood"} <= set(found.changed[second.dialogue_id])
    shown = {(c.id, c.field): (c.a, c.b) for c in found.examples}
    assert shown[first.dialogue_id, "emotion_intensity"] == (first.emotion_intensity, 1.25)
    assert shown[second.dialogue_id, "mood"] == (None, 3)
    assert shown[second.dialogue_id, "turns"] == (len(second.turns), len(second.turns) + 1)


def test_titles_scenes_and_withdrawals_count(tmp_path: Path) -> None:
    title = Title(title_id="other")
    gone = Withdrawal(dialogue_id=ROWS[0].dialogue_id, reason="asked")
    b = copy(tmp_path, ROWS, titles=[*TITLES, title], scenes=(), withdrawn=[gone])
    found = diff(DEMO, open_release(b)).tables
    assert found["titles"].added == ("other",)
    assert len(found["scenes"].removed) == len(list(iter_scenes(DEMO)))
    assert found["withdrawn"].added == (f"dialogue {ROWS[0].dialogue_id}",)
    assert found["dialogues"].equal, "withdrawn rows are compared like all others"


@pytest.mark.slow
@settings(max_examples=20)
@given(index=st.integers(0, len(ROWS) - 1), data=st.data())
def test_the_two_directions_mirror_each_other(
    index: int, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = data.draw(st.lists(st.sampled_from(ROWS), unique_by=lambda d: d.dialogue_id))
    value = data.draw(st.sampled_from(["emotional_tone", "summary", "split"]))
    other = [d.model_copy(update={value: "other"}) if d is ROWS[index] else d for d in kept]
    b = open_release(copy(tmp_path_factory.mktemp("b"), other))
    one, back = diff(DEMO, b).tables["dialogues"], diff(b, DEMO).tables["dialogues"]
    assert set(one.removed) == {d.dialogue_id for d in ROWS} - {d.dialogue_id for d in kept}
    assert sorted(one.removed) == sorted(back.added)
    assert one.added == back.removed == ()
    assert (
        one.changed.keys()
        == back.changed.keys()
        == ({ROWS[index].dialogue_id} & {d.dialogue_id for d in kept})
    )
    assert one.same == back.same == len(kept) - len(one.changed)


@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    b = copy(tmp_path, [ROWS[0].model_copy(update={"summary": "Otherwise."}), *ROWS[1:]])
    assert main(["release", "diff", str(demo_release()), str(demo_release())]) == 0
    assert "the same rows" in capsys.readouterr().out
    assert main(["release", "diff", str(demo_release()), str(b)]) == 1
    out = capsys.readouterr().out
    assert "summary" in out
    assert "Otherwise." in out
    assert main(["release", "diff", str(demo_release()), str(b), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["dialogues"]["fields"] == {"summary": 1}
