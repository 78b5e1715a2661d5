"""Classes of dirt that `mmdia release validate` reports, and how bad each is.

- ``error``: the row breaks the contract, or cannot be used as it stands.
- ``warning``: the row is used as it is; look at it. ``--strict`` refuses it.
- ``note``: worth knowing; nothing is wrong.

Nothing is ever changed or left out because of dirt, but for rows that cannot be read at all.
Times between neighbours always compare a turn with the turn right before it in the row's order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Dirt:
    """One class of dirt.

    Attributes:
        severity: error, warning or note.
        per: What one count stands for ("dialogue", "turn", "row", ...).
        text: What is found, as a sentence about one place.
    """

    severity: Severity
    per: str
    text: str


DIRT: dict[str, Dirt] = {
    "bad_box": Dirt("warning", "face", "a face's box is not x0 < x1, y0 < y1 within 0..1"),
    "bad_fps": Dirt("warning", "title", "the frame rate is no positive rational"),
    "bench_outside_hard": Dirt("error", "dialogue", "a bench dialogue is not tagged hard"),
    "broken_row": Dirt("error", "row", "the row cannot be read: no JSON, a key missing, or a wrong type"),
    "control_set_single": Dirt("warning", "set", "a control set has one dialogue only"),
    "counts_disagree": Dirt(
        "error",
        "table",
        "release.json has other counts than there are rows: mend them, or drop them",
    ),
    "dialogue_end": Dirt("warning", "dialogue", "the dialogue ends at or before its start"),
    "disk_order": Dirt("warning", "dialogue", "the row comes after one of a later title or start"),
    "duplicate_dialogue_id": Dirt("error", "dialogue", "an earlier dialogue has the same identifier"),
    "duplicate_scene_id": Dirt("error", "scene", "an earlier scene of the title has the same identifier"),
    "duplicate_speaker": Dirt("warning", "speaker", "a list of speakers names one twice"),
    "duplicate_title_id": Dirt("error", "title", "an earlier title has the same identifier"),
    "empty_id": Dirt("error", "identifier", "an identifier is empty"),
    "gap_over_10s": Dirt("warning", "turn", "the turn starts more than 10 s after the one before ended"),
    "hard_in_train": Dirt("error", "dialogue", "a hard dialogue is in the train split"),
    "interrupts_range": Dirt("warning", "turn", "interrupts_turn names no other turn of the dialogue"),
    "keyframe_outside_turn": Dirt("warning", "turn", "the keyframe lies outside its turn"),
    "missing_utterances": Dirt(
        "warning", "dialogue", "source utterance ids have gaps (extra key utterance_id, from 0 or 1)"
    ),
    "name_collision": Dirt("note", "dialogue", "the identifier is another's but for case or Unicode form"),
    "negative_time": Dirt("warning", "turn", "the turn starts before time 0"),
    "next_start": Dirt("warning", "turn", "the next line starts before this turn does"),
    "no_speaker_list": Dirt("note", "dialogue", "neither the dialogue nor its title lists speakers"),
    "no_speakers": Dirt("warning", "turn", "the turn names no speaker"),
    "no_text": Dirt("warning", "turn", "the text is withheld and n_words is missing"),
    "no_turns": Dirt("warning", "dialogue", "the dialogue has no turns"),
    "nonverbal_outside_turn": Dirt("warning", "event", "a non-verbal event lies outside its turn"),
    "outside_title": Dirt("warning", "dialogue", "the dialogue ends after its title does"),
    "overlap": Dirt("warning", "turn", "the turn starts before the one before ended"),
    "overlap_over_1s": Dirt("warning", "turn", "the same, by more than 1 s"),
    "partial_times": Dirt("error", "dialogue", "half a span, or times without a title"),
    "scene_end": Dirt("warning", "scene", "the scene ends at or before its start"),
    "scene_overlap": Dirt("warning", "scene", "the scene starts before another of its title ended"),
    "score_range": Dirt("warning", "value", "a score is outside its range or scale"),
    "span_over_600s": Dirt("warning", "dialogue", "the turns span more than 600 s"),
    "start_order": Dirt("warning", "turn", "the turn starts before the one before it starts"),
    "turn_end": Dirt("warning", "turn", "the turn ends at or before its start"),
    "turn_outside_dialogue": Dirt("warning", "turn", "the turn is not within its dialogue's times"),
    "turn_over_60s": Dirt("warning", "turn", "the turn is longer than 60 s"),
    "unknown_category": Dirt("warning", "value", "a category is not in the release's vocabulary"),
    "unknown_key": Dirt("note", "value", "a key that this version does not know; it is kept"),
    "unknown_scene": Dirt("warning", "dialogue", "scenes.jsonl has no such scene of the title"),
    "unknown_title": Dirt("error", "row", "there is no such title"),
    "unknown_value": Dirt("note", "value", "a value that this version does not know; it is kept"),
    "unlisted_speaker": Dirt("warning", "turn", "a speaker is in no list of the dialogue or its title"),
    "unsafe_id": Dirt("error", "identifier", "an identifier is a path that leads out of its folder"),
    "withdrawn_present": Dirt("note", "row", "the row is withdrawn; every command leaves it out"),
}
