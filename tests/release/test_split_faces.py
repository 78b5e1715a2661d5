"""Tests of visibility, task 2 and task 3 against a plain reading of the same rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.corpus.arrow import batch_of
from mmdia.corpus.leaves import Leaves
from mmdia.release.split_faces import FAILURES, bit, look_at_faces
from mmdia.schema.dialogue import Dialogue
from tests.release.split_rows import dialogue, turn


def names(bits: Any) -> set[str]:
    return {name for name in FAILURES if int(bits) & int(bit(name))}


def look(*turns: dict[str, Any]) -> dict[str, set[str]]:
    found = look_at_faces(Leaves(batch_of([Dialogue.from_row(dialogue("d", turns=list(turns)))], Dialogue)))
    return {
        field: names(getattr(found, field)[0])
        for field in ("every_turn", "every_speaker", "task2", "task3")
    }


FREE = {"speaker_id": "a", "occluded": False}
OTHER = {"speaker_id": "b", "occluded": False}
EXTRA = {"speaker_id": "extra", "occluded": False}
B = turn("b")


@pytest.mark.parametrize(
    ("changed", "task2", "task3"),
    [
        (turn("a"), set(), set()),
        (turn("a", keyframe=None), {"no_keyframe"}, {"no_keyframe"}),
        (turn("a", keyframe={"t_ms": 1}), {"faces_unlabelled"}, {"faces_unlabelled"}),
        (turn("a", keyframe={"n_faces": 0}), {"no_speaker_seen"}, {"no_face"}),
        (turn("a", faces=[FREE, OTHER]), {"several_speakers_seen"}, {"several_faces"}),
        # Somebody in the background disturbs task 3 only.
        (turn("a", faces=[FREE, {"occluded": False}]), set(), {"several_faces"}),
        (turn("a", faces=[FREE, EXTRA]), set(), {"several_faces"}),
        (turn("a", faces=[OTHER]), {"other_speaker_seen"}, set()),
        (turn("a", faces=[EXTRA]), {"no_speaker_seen"}, {"not_a_speaker"}),
        (turn("a", faces=[{**FREE, "occluded": True}]), set(), {"obstructed"}),
        (turn("a", faces=[{"speaker_id": "a"}]), set(), {"occlusion_unlabelled"}),
        # A lone face without a name is the speaker's, if the speaker is labelled visible.
        (turn("a", faces=[{"occluded": False}]), set(), set()),
        (turn("a", faces=[{"occluded": False}], visibility="invisible"), {"no_speaker_seen"}, set()),
        (turn("a", keyframe={"n_faces": 2, "faces": [FREE]}), set(), {"several_faces"}),
    ],
)  # fmt: skip
def test_what_a_keyframe_may_show(changed, task2, task3):
    found = look(changed, B)
    assert (found["task2"], found["task3"]) == (task2, task3)


def test_every_failed_test_is_told():
    found = look(turn("a", keyframe=None), turn("b", faces=[FREE, OTHER]))
    assert found["task2"] == {"no_keyframe", "several_speakers_seen"}
    assert found["task3"] == {"no_keyframe", "several_faces"}


@pytest.mark.parametrize(
    ("label", "faces", "every_turn"),
    [
        ("visible", [], set()),
        ("invisible", [FREE], {"speaker_not_visible"}),
        ("no_face", [], {"speaker_not_visible"}),
        (None, [FREE], set()),
        ("not_labelled", [FREE], set()),
        (None, [OTHER], {"visibility_unlabelled"}),
        ("not_labelled", [], {"visibility_unlabelled"}),
    ],
)
def test_speakers_must_be_seen(label, faces, every_turn):
    found = look(turn("a", visibility=label, faces=faces), turn("a"), B)
    assert found["every_turn"] == every_turn
    assert found["every_speaker"] == set()
    assert look(turn("a", visibility=label, faces=faces), B)["every_speaker"] == (
        {"speaker_not_visible"} if every_turn else set()
    )


FACE = st.fixed_dictionaries(
    {"speaker_id": st.sampled_from(["a", "b", "x", None]), "occluded": st.sampled_from([True, False, None])}
)
TURN = st.builds(
    lambda who, faces, visible: turn(who, faces=faces, visibility=visible),
    st.sampled_from(["a", "b"]), st.lists(FACE, max_size=2),
    st.sampled_from(["visible", "invisible", None]),
)  # fmt: skip


def plain(turns: list[dict[str, Any]]) -> tuple[bool, bool]:
    """Task 2 and task 3, read one turn at a time."""
    speakers = {t["speakers"][0] for t in turns}
    task2 = task3 = True
    for t in turns:
        faces = t["keyframe"]["faces"]
        seen = {f["speaker_id"] for f in faces} & speakers
        if not seen and len(faces) == 1 and faces[0]["speaker_id"] is None and t["visibility"] == "visible":
            seen = {t["speakers"][0]}
        task2 &= seen == {t["speakers"][0]}
        free = len(faces) == 1 and faces[0]["occluded"] is False
        task3 &= free and faces[0]["speaker_id"] in {*speakers, None}
    return task2, task3


@settings(max_examples=50)
@given(st.lists(st.lists(TURN, min_size=1, max_size=3), min_size=1, max_size=4))
def test_whole_batches_read_as_single_dialogues_do(dialogues):
    records = [Dialogue.from_row(dialogue(f"d{k}", turns=turns)) for k, turns in enumerate(dialogues)]
    found = look_at_faces(Leaves(batch_of(records, Dialogue)))
    for k, turns in enumerate(dialogues):
        assert (not names(found.task2[k]), not names(found.task3[k])) == plain(turns)
