"""Who is seen: the tests of visibility, of task 2 and of task 3, over whole batches.

Task 2 (paper 5.2) takes clips "which guarantee single speaker visibility in each keyframe for the
model to distinguish the utterance speaker". Task 3 (paper A.5) takes clips "with exactly one
visible speaker in frame and an unobstructed face". Both are read off ``turns[].keyframe.faces``:

- *Seen* in a keyframe are the distinct speakers of the dialogue that its faces are matched to. A
  lone face without a name counts as the turn's one speaker if the turn is labelled visible.
- Other faces are bystanders: they do not disturb task 2, but they do task 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Bools, Ints, Leaves, as_bools, as_ints

Bits = npt.NDArray[np.uint32]

#: Test a dialogue can fail -> what it means. A bit of each test is its place here.
FAILURES: dict[str, str] = {
    "no_film": "the dialogue is a script without a film",
    "no_turns": "the dialogue has no turns",
    "not_two_speakers": "not exactly two people speak in it",
    "group_speaker": "a speaker stands for several people, or for nobody known",
    "visibility_unlabelled": "a turn does not say whether its speaker is seen",
    "speaker_not_visible": "a speaker is not seen",
    "no_scores": "emotion intensity or volatility is not rated",
    "low_intensity": "emotion intensity is below the bound",
    "low_volatility": "emotion volatility is below the bound",
    "no_category": "relationship or interaction is in no category of the vocabulary",
    "no_keyframe": "a turn has no keyframe",
    "faces_unlabelled": "a keyframe does not say which faces it shows",
    "no_speaker_seen": "a keyframe shows none of the speakers",
    "several_speakers_seen": "a keyframe shows more than one of the speakers",
    "other_speaker_seen": "a keyframe shows a speaker who is not the one talking",
    "no_face": "a keyframe shows no face",
    "several_faces": "a keyframe shows more than one face",
    "obstructed": "a face is partly hidden",
    "occlusion_unlabelled": "a face is not labelled as hidden or free",
    "not_a_speaker": "the face is of someone who does not speak in the dialogue",
}
_NAMES = tuple(FAILURES)


def bit(name: str) -> np.uint32:
    """The bit of a test."""
    out: np.uint32 = np.uint32(1 << _NAMES.index(name))
    return out


@dataclass(frozen=True, slots=True)
class Faces:
    """What the keyframes of a batch say; one value a dialogue.

    Attributes:
        every_turn: Tests of visibility that fail when each turn's speakers must be seen.
        every_speaker: The same when each speaker must be seen at least once.
        task2: Tests of task 2 that fail.
        task3: Tests of task 3 that fail.
    """

    every_turn: Bits
    every_speaker: Bits
    task2: Bits
    task3: Bits


class _Table:
    """Turns, speakers and faces of a batch as numbers."""

    def __init__(self, leaves: Leaves) -> None:
        self.rows, self.n = leaves.turn_row, len(leaves.turn_row)
        self.dialogues = leaves.batch.num_rows
        spoken = leaves.at("turns[].speakers[]")
        faces = leaves.at("turns[].keyframe.faces[].speaker_id")
        codes = pa.concat_arrays([spoken.values, faces.values]).dictionary_encode()
        numbers = pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        self.k = max(1, len(codes.dictionary))
        cut = len(spoken.values)
        self.speaker = numbers[:cut]
        self.speaker_turn = _turns(spoken.turns)
        self.face = numbers[cut:]
        self.face_turn = _turns(faces.turns)
        self.n_spoken = np.bincount(self.speaker_turn, minlength=self.n)
        self.said_by = self.speaker_turn * self.k + self.speaker
        self.in_dialogue = self.rows[self.speaker_turn] * self.k + self.speaker

    def per_dialogue(self, turns: Bools, name: str, into: Bits) -> None:
        """Set the bit of a test for dialogues that have such a turn."""
        hit = np.bincount(self.rows[turns], minlength=self.dialogues) > 0
        into[hit] |= bit(name)


def _turns(turns: Ints | None) -> Ints:
    return np.zeros(0, dtype=np.int64) if turns is None else turns


def look_at_faces(leaves: Leaves) -> Faces:
    """Apply the tests to a batch of dialogues."""
    table = _Table(leaves)
    label = leaves.at("turns[].visibility").values
    labelled_visible = as_bools(pc.equal(label, "visible"))
    keyframe = as_bools(pc.is_valid(leaves.at("turns[].keyframe").values))
    stated, has_stated = as_ints(leaves.at("turns[].keyframe.n_faces").values)
    listed = np.bincount(table.face_turn, minlength=table.n)
    n_faces = np.maximum(stated, listed)
    known = keyframe & (has_stated | (listed > 0))
    # Speakers seen: (turn, speaker) pairs of faces that are speakers of the dialogue.
    named = table.face >= 0
    turn, who = table.face_turn[named], table.face[named]
    is_speaker = np.isin(table.rows[turn] * table.k + who, table.in_dialogue)
    seen_keys = np.unique(turn[is_speaker] * table.k + who[is_speaker])
    seen_turn = seen_keys // table.k
    seen = np.bincount(seen_turn, minlength=table.n)
    talking = np.bincount(seen_turn[np.isin(seen_keys, table.said_by)], minlength=table.n)
    nameless = np.bincount(table.face_turn[~named], minlength=table.n)
    alone = (n_faces == 1) & (seen == 0) & (nameless == listed) & labelled_visible & (table.n_spoken == 1)
    seen, talking = np.where(alone, 1, seen), np.where(alone, 1, talking)
    strangers = np.bincount(turn[~is_speaker], minlength=table.n)
    return Faces(
        *_visibility(table, label, labelled_visible, seen_keys),
        _task2(table, keyframe, known, seen, talking),
        _task3(table, keyframe, known, n_faces, strangers, leaves),
    )


def _visibility(table: _Table, label: pa.Array, visible: Bools, seen_keys: Ints) -> tuple[Bits, Bits]:
    """Tests of visibility; where a turn has no label, its speaker's face in the keyframe speaks."""
    by_face = np.isin(table.said_by, seen_keys)
    no_label = as_bools(pc.is_null(label)) | as_bools(pc.equal(label, "not_labelled"))
    pair_seen = np.where(no_label[table.speaker_turn], by_face, visible[table.speaker_turn])
    unseen_turn = np.bincount(table.speaker_turn[~pair_seen], minlength=table.n) > 0
    every_turn = np.zeros(table.dialogues, dtype=np.uint32)
    table.per_dialogue(unseen_turn & no_label, "visibility_unlabelled", every_turn)
    table.per_dialogue(unseen_turn & ~no_label, "speaker_not_visible", every_turn)
    every_speaker = np.zeros(table.dialogues, dtype=np.uint32)
    missing = np.setdiff1d(table.in_dialogue, table.in_dialogue[pair_seen])
    every_speaker[missing // table.k] |= bit("speaker_not_visible")
    return every_turn, every_speaker


def _task2(table: _Table, keyframe: Bools, known: Bools, seen: Ints, talking: Ints) -> Bits:
    out = np.zeros(table.dialogues, dtype=np.uint32)
    table.per_dialogue(~keyframe, "no_keyframe", out)
    table.per_dialogue(keyframe & ~known, "faces_unlabelled", out)
    table.per_dialogue(known & (seen == 0), "no_speaker_seen", out)
    table.per_dialogue(known & (seen > 1), "several_speakers_seen", out)
    table.per_dialogue(known & (seen == 1) & (talking == 0), "other_speaker_seen", out)
    return out


def _task3(
    table: _Table, keyframe: Bools, known: Bools, n_faces: Ints, strangers: Ints, leaves: Leaves
) -> Bits:
    out = np.zeros(table.dialogues, dtype=np.uint32)
    table.per_dialogue(~keyframe, "no_keyframe", out)
    table.per_dialogue(keyframe & ~known, "faces_unlabelled", out)
    table.per_dialogue(known & (n_faces == 0), "no_face", out)
    table.per_dialogue(known & (n_faces > 1), "several_faces", out)
    occluded = leaves.at("turns[].keyframe.faces[].occluded").values
    hidden = as_bools(pc.equal(occluded, True))
    free = np.bincount(table.face_turn[as_bools(pc.equal(occluded, False))], minlength=table.n)
    one = known & (n_faces == 1)
    obstructed = np.bincount(table.face_turn[hidden], minlength=table.n) > 0
    table.per_dialogue(one & obstructed, "obstructed", out)
    table.per_dialogue(one & ~obstructed & (free == 0), "occlusion_unlabelled", out)
    table.per_dialogue(one & (strangers > 0), "not_a_speaker", out)
    return out
