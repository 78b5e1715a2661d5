"""Who speaks: the character bank, the voices, and the voices that are no characters."""

from __future__ import annotations

TITLE_ID = "mmdia_demo_01"

BANK = [
    {
        "speaker_id": "nora",
        "name": "Nora Vale",
        "gender": "female",
        "age_group": "Youth adult",
        "main_character": True,
        "actor": "flite voice slt (synthetic)",
    },
    {
        "speaker_id": "sam",
        "name": "Sam Quill",
        "gender": "male",
        "age_group": "Youth adult",
        "main_character": True,
        "actor": "flite voice rms (synthetic)",
    },
    {
        "speaker_id": "angus",
        "name": "Angus Reid",
        "gender": "male",
        "age_group": "Middle-aged",
        "main_character": False,
        "actor": "flite voice awb (synthetic)",
    },
]

OTHERS = {
    "tannoy": {
        "speaker_id": "tannoy",
        "name": "Station loudspeaker",
        "kind": "persona",
        "gender": "female",
    },
    "radio": {
        "speaker_id": "radio",
        "name": "A voice on the radio",
        "kind": "persona",
        "gender": "male",
        "age_group": "Middle-aged",
    },
    "everyone": {"speaker_id": "everyone", "name": "Everyone", "kind": "group"},
}

VOICES = {
    "nora": ("slt",),
    "sam": ("rms",),
    "angus": ("awb",),
    "tannoy": ("slt",),
    "radio": ("awb",),
    "everyone": ("slt", "rms", "awb"),
}
"""flite voices of each speaker; tannoy and radio are coloured afterwards."""

BASE_STRETCH = {"nora": 0.95, "sam": 1.0, "angus": 0.98, "tannoy": 0.96, "radio": 0.94, "everyone": 1.0}


def local_speaker(speaker_id: str) -> dict[str, object]:
    """The speaker's entry in a dialogue row."""
    for person in BANK:
        if person["speaker_id"] == speaker_id:
            return {k: person[k] for k in ("speaker_id", "name")} | {
                "kind": "bank",
                "gender": person["gender"],
                "age_group": person["age_group"],
            }
    return dict(OTHERS[speaker_id])
