"""The shipped table of non-verbal marks."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.schema.dialogue import NONVERBAL_KINDS
from mmdia.schema.nonverbal import SOUNDS, normalise_mark, plain_mark


def test_the_table_is_sound() -> None:
    assert {sound.kind for sound in SOUNDS} == set(NONVERBAL_KINDS)
    forms = Counter(form for sound in SOUNDS for form in sound.forms)
    assert [form for form, n in forms.items() if n > 1] == []
    for sound in SOUNDS:
        for form in (form.lstrip("=") for form in sound.forms):
            assert plain_mark(form) == form
            assert normalise_mark(form).label == sound.label
            assert normalise_mark(f"[{form.upper()}]").kind == sound.kind


@pytest.mark.parametrize(
    ("raw", "kind", "label"),
    [
        ("[LAUGHS]", "vocal", "laughs"),
        ("(laughing nervously)", "vocal", "laughs"),
        ("crowd screaming", "ambient", "crowd"),
        ("\u266a", "music", "music"),
        ("\u266a la la \u266a", "music", "sings"),
        ("*sighs deeply*", "vocal", "sighs"),
        ("phone ringing", "ambient", "phone rings"),
        ("knock on door", "ambient", "knocks"),
        ("sharp intake of breath", "vocal", "gasps"),
        ("whispers angrily", "speech_event", "whispers"),
        ("[zither]", None, "zither"),
        ("(lacht)", "vocal", "laughs"),
        ("（拍手）", "ambient", "applause"),
        ("off", "speech_event", "off-screen"),
        ("takes off", None, "takes off"),
        ("hissing", "ambient", "hissing"),
        ("", None, ""),
        ("laughs\u2026", "vocal", "laughs"),
    ],
)
def test_marks(raw: str, kind: str | None, label: str) -> None:
    found = normalise_mark(raw)
    assert (found.kind, found.label) == (kind, label)
    assert (found.rule == "unknown") == (kind is None)


def test_others_are_alternatives() -> None:
    assert normalise_mark("sobs and screams").alternatives == ("screams",)


@given(st.text(max_size=40))
def test_any_text_has_a_place(raw: str) -> None:
    found = normalise_mark(raw)
    assert found.kind in (None, *NONVERBAL_KINDS)
    assert normalise_mark(found.label).label == found.label or found.kind is None
