"""ELAN's annotations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]


def aligned(name: str, first: str, last: str, text: str) -> str:
    return (
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{name}" TIME_SLOT_REF1="{first}" '
        f'TIME_SLOT_REF2="{last}"><ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>'
    )


def ref(name: str, parent: str, text: str) -> str:
    return (
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="{name}" ANNOTATION_REF="{parent}">'
        f"<ANNOTATION_VALUE>{text}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
    )


EAF = f"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2020-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"/>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="100"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="900"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2000"/>
<TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="2500"/><TIME_SLOT TIME_SLOT_ID="ts6"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="gloss" PARENT_REF="words">{ref("a6", "a4", "G")}</TIER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="words" PARENT_REF="A_speech">
{aligned("a4", "ts1", "ts2", "hallo")}{aligned("a5", "ts2", "ts3", "du")}</TIER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="A_speech" PARTICIPANT="Ann">
{aligned("a1", "ts1", "ts3", " hallo du ")}</TIER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="en" PARENT_REF="A_speech">
{ref("a3", "a1", "hello you")}{ref("a9", "a99", "?")}</TIER>
<TIER LINGUISTIC_TYPE_REF="t" TIER_ID="Bo">
{aligned("a2", "ts4", "ts5", "hm")}{aligned("a8", "ts5", "ts6", "lost")}</TIER>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true" GRAPHIC_REFERENCES="false"/>
</ANNOTATION_DOCUMENT>
"""


def test_top_tiers_are_turns_and_others_their_parts(put: Put, take: Take) -> None:
    put(
        "a.eaf",
        EAF.replace(' xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd"', ""),
    )
    got = take("auto")
    turns = got.dialogues["a_dia_001"].turns
    assert [(t.start_ms, t.end_ms, t.speakers, t.text) for t in turns] == [
        (100, 900, ("Ann",), "hallo du"),
        (2000, 2500, ("Bo",), "hm"),
    ]
    kept = json.loads(turns[0].extra or "")
    assert kept == {
        "tier": "A_speech",
        "tiers": {
            "en": [{"text": "hello you"}],
            "gloss": [{"text": "G"}],
            "words": [
                {"text": "hallo", "start_ms": 100, "end_ms": 500},
                {"text": "du", "start_ms": 500, "end_ms": 900},
            ],
        },
    }
    assert (got.report.rows_read, got.lost) == (8, {"missing_field": 1, "bad_time": 1})
    assert got.notes["time_between"] == 2


def test_times_are_those_of_pympi(put: Put, take: Take) -> None:
    from pympi.Elan import Eaf

    path = put("a.eaf", EAF.replace('TIME_SLOT_ID="ts6"', 'TIME_SLOT_ID="ts6" TIME_VALUE="3000"'))
    wanted = [(start, end, text) for start, end, text in Eaf(str(path)).get_annotation_data_for_tier("Bo")]
    found = [
        (t.start_ms, t.end_ms, t.text)
        for t in take("elan").dialogues["a_dia_001"].turns
        if t.speakers == ("Bo",)
    ]
    assert found == wanted


def test_broken_files_name_the_line(put: Put, take: Take) -> None:
    put("a.eaf", EAF)
    put("torn.eaf", EAF[: EAF.index("<LINGUISTIC")])
    put("odd.eaf", EAF.replace('ANNOTATION_ID="a1"', ""))
    got = take("elan")
    assert got.lost["broken_row"] == 16
    examples = " ".join(got.report.lost["broken_row"].examples)
    assert "torn.eaf:20" in examples
    assert "odd.eaf: KeyError 'ANNOTATION_ID'" in examples
