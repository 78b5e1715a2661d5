"""A made-up scene and eight copies of it, whose maps are known and written down."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mmdia.align.solve import align
from mmdia.schema.cue import Cue

GOLDEN = json.loads((Path(__file__).parent / "golden" / "harbour.json").read_text("utf-8"))

#: Lines retimed by hand scatter; copies are exact.
_LOOSE = {"other_language": 0.06}


def cues(rows: list[list[Any]]) -> list[Cue]:
    return [Cue(start, end, text, text) for start, end, text in rows]


@pytest.mark.parametrize("name", sorted(GOLDEN["cases"]))
def test_the_map_is_the_one_that_was_written_down(name: str) -> None:
    case = GOLDEN["cases"][name]
    expected, near = case["expected"], _LOOSE.get(name, 2e-3)
    result = align(cues(GOLDEN["annotation"]), cues(case["media"]))
    assert result.verdict == expected["verdict"]
    assert len(result.lines) == len(GOLDEN["annotation"])
    assert [f.index for f in result.lines if not f.present] == expected["absent"]
    if expected["scale_ratio"] is not None:
        assert result.scale_ratio == Fraction(expected["scale_ratio"])
    segments = result.time_map.segments
    assert len(segments) == len(expected["segments"])
    for found, (start, end, offset) in zip(segments, expected["segments"], strict=True):
        assert found.offset == pytest.approx(offset, abs=near)
        # An edit may lie anywhere in the pause between two lines.
        assert found.anno_start == pytest.approx(start, abs=2.5)
        assert end is None or found.anno_end == pytest.approx(end, abs=2.5)
