"""TextGrids: both text forms, tiers of speakers, words, phones and points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import ReleaseError

from .conftest import Imported

Put = Callable[..., Path]
Take = Callable[..., Imported]
Tier = tuple[str, str, list[tuple[Any, ...]]]
ANN: Tier = ("IntervalTier", "Ann", [(0, 1.0005, 'say ""hi""'), (1.0005, 2, ""), (2, 3.5, "two\nlines")])
WORDS: Tier = (
    "IntervalTier",
    "Bo - words",
    [(0, 0.4, "good"), (0.4, 0.9, "day"), (0.9, 3, "<eps>"), (3, 4, "bye")],
)
PHONES: Tier = ("IntervalTier", "Bo - phones", [(0, 0.2, "g"), (0.2, 0.4, "d"), (3, 4, "b")])
POINTS: Tier = ("TextTier", "clicks", [(0.5, "in"), (9.25, "alone")])


def grid(*tiers: Tier, short: bool = False) -> str:
    """A TextGrid's text."""
    out = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "0",
        "10",
        "<exists>",
        str(len(tiers)),
    ]
    for kind, name, rows in tiers:
        out += [f'"{kind}"', f'"{name}"', "0", "10", str(len(rows))]
        for *times, label in rows:
            out += [*map(str, times), f'"{label}"']
    if short:
        return "\n".join(out) + "\n"
    out = [*out[:3], "xmin = 0 ", "xmax = 10 ", "tiers? <exists> ", f"size = {len(tiers)} ", "item []: "]
    for number, (kind, name, rows) in enumerate(tiers, start=1):
        word, keys = (
            ("intervals", ("xmin", "xmax", "text")) if len(rows[0]) == 3 else ("points", ("number", "mark"))
        )
        out += [f"    item [{number}]:", f'        class = "{kind}" ', f'        name = "{name}" ']
        out += ["        xmin = 0 ", "        xmax = 10 ", f"        {word}: size = {len(rows)} "]
        for k, (*values, label) in enumerate(rows, start=1):
            out += [
                f"        {word} [{k}]:",
                *(f"            {a} = {b} " for a, b in zip(keys, values, strict=False)),
            ]
            out += [f'            {keys[-1]} = "{label}" ']
    return "\n".join(out) + "\n"


def said(got: Imported, name: str = "a_dia_001") -> list[tuple[Any, ...]]:
    return [(t.start_ms, t.end_ms, t.speakers, t.text) for t in got.dialogues[name].turns]


@pytest.mark.parametrize("short", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_both_forms_in_every_encoding(put: Put, take: Take, short: bool, encoding: str) -> None:
    put("a.TextGrid", grid(ANN, WORDS, PHONES, POINTS, short=short).replace("day", "dαy").encode(encoding))
    got = take("auto")
    assert said(got) == [
        (0, 900, ("Bo",), "good dαy"),
        (0, 1001, ("Ann",), 'say "hi"'),
        (2000, 3500, ("Ann",), "two\nlines"),
        (3000, 4000, ("Bo",), "bye"),
        (9250, 9250, ("clicks",), "alone"),
    ]
    first = json.loads(got.dialogues["a_dia_001"].turns[0].extra or "")
    assert first["words"][1] == {"text": "dαy", "start_ms": 400, "end_ms": 900}
    assert [p["text"] for p in first["phones"]] == ["g", "d"]
    assert "clicks" in (got.dialogues["a_dia_001"].turns[1].extra or "")
    assert (got.report.rows_read, got.lost) == (12, {"empty_label": 2})


def test_labels_are_those_of_praatio(put: Put, take: Take) -> None:
    from praatio.utilities.textgrid_io import parseTextgridStr

    tier: Tier = ("IntervalTier", "Ann", [(k / 3, (k + 1) / 3, f"word {k}") for k in range(12)])
    for short in (True, False):
        text = grid(tier, short=short)
        put("a.TextGrid", text)
        entries = parseTextgridStr(text)["tiers"][0]["entries"]
        wanted = [
            (round(float(a) * 1000), round(float(b) * 1000), ("Ann",), label) for a, b, label in entries
        ]
        assert said(take("textgrid")) == wanted


def test_numbers_of_all_kinds_and_no_blank_line(put: Put, take: Take) -> None:
    tier: Tier = ("IntervalTier", "Ann", [("-1.5", "-5e-1", "early"), ("1e-3", "2", "late")])
    put("a.TextGrid", grid(tier).replace('"TextGrid"\n\n', '"TextGrid"\n').replace("\n", "\r\n"))
    assert [turn[:2] for turn in said(take("textgrid"))] == [(-1500, -500), (1, 2000)]


def test_a_file_that_breaks_off_says_where(put: Put, take: Take) -> None:
    whole = grid(ANN, short=True)
    put("a.TextGrid", whole[: whole.index('"two')])
    got = take("textgrid")
    assert len(said(got)) == 1
    assert got.lost == {"broken_row": 1, "empty_label": 1}
    assert got.report.lost["broken_row"].examples[0].startswith("a.TextGrid:21: Ann")
    put("a.TextGrid", "no grid")
    with pytest.raises(ReleaseError, match=r"a\.TextGrid:1"):
        take("textgrid")


def test_words_belong_to_the_turns_that_hold_them(put: Put, take: Take) -> None:
    words: Tier = ("IntervalTier", "words", [(0.1, 0.3, "say"), (2.1, 2.2, "two"), (8, 9, "more")])
    put("a.TextGrid", grid(ANN, words))
    got = take("textgrid")
    assert said(got)[-1] == (8000, 9000, (), "more")
    assert json.loads(got.dialogues["a_dia_001"].turns[1].extra or "")["words"][0]["text"] == "two"
