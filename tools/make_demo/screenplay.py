"""The screenplay of "The Last Umbrella", an original story written for this project."""

from __future__ import annotations

from act_one import DUCK, FORMS, NARRATION
from act_three import PARTY, TEA
from act_two import CONTROL, PLATFORM
from script_types import Dialogue, Line, Scene, line


def tannoy(text: str, shot: str, gap: float = 0.6) -> Line:
    """A loudspeaker call that belongs to no dialogue."""
    return line("tannoy", text, shot, gap=gap, gain=-3, style="Recorded announcement.")


SCENES = (
    Scene(
        "s01",
        "yard",
        (tannoy("Fern Hollow. This is Fern Hollow.", "title", 1.6), NARRATION),
        lead=1.0,
        tail=0.5,
        opening_shot="title",
    ),
    Scene("s02", "office", (FORMS, DUCK), lead=0.6, tail=0.6, opening_shot="office_wide"),
    Scene(
        "s03",
        "platform",
        (tannoy("The ten o'clock to Marlow is now boarding.", "plat_wide"), PLATFORM),
        lead=0.6,
        tail=0.9,
        opening_shot="plat_wide",
        closing_shot="plat_wide",
    ),
    Scene("s04", "box", (CONTROL,), lead=0.7, tail=0.7, opening_shot="box_wide"),
    Scene(
        "s05",
        "tearoom",
        (tannoy("The train now leaving is the ten o'clock to Marlow.", "tea_wide", 0.5), TEA, PARTY),
        lead=0.6,
        tail=0.7,
        opening_shot="tea_wide",
    ),
    Scene("s06", "yard", (), lead=0.3, tail=2.2, opening_shot="end"),
)

DIALOGUES = tuple(item for scene in SCENES for item in scene.items if isinstance(item, Dialogue))

CONTROL_TURNS = (
    ("a", "You are late.", "neutral"),
    ("b", "I know. The road was flooded.", "neutral"),
    ("a", "You might have called.", "negative"),
    ("b", "I am here now, am I not?", "negative"),
)

CONTROL_AXIS = (
    ("demo script A.1", "Workplace", "Manager and employee"),
    ("demo script A.2", "Family", "Mother and son"),
    ("demo script A.3", "Authority", "Judge and witness"),
)
