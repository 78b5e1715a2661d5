from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.rebuild.config import ClipParams
from mmdia.rebuild.windows import Placed, padded, place, turn_facts
from mmdia.schema.dialogue import Dialogue, Keyframe, Turn
from mmdia.schema.time import Segment, TimeMap
from mmdia.schema.timemap import LineRow
from tests.media.film import FPS, N_FRAMES, N_SAMPLES, noise, write_film
from tests.rebuild.conftest import MakeRelease, rebuild, receipts, row


def dialogue(*spans: tuple[int, int], nxt: int | None = None) -> Dialogue:
    turns = [Turn(speakers=("a",), start_ms=a, end_ms=b) for a, b in spans]
    if nxt is not None:
        turns[-1] = Turn(speakers=("a",), start_ms=spans[-1][0], end_ms=spans[-1][1], next_start_ms=nxt)
    return Dialogue(dialogue_id="d", title_id="t", turns=tuple(turns))


CUT = TimeMap((Segment(0, 10), Segment(20, 100, offset=-10)))


@pytest.mark.parametrize(
    ("spans", "code"),
    [
        (((12_000, 15_000),), "absent_in_media"),
        (((8_000, 12_000),), "edit_inside"),
        (((8_000, 9_000), (21_000, 22_000)), "edit_inside"),
        (((120_000, 130_000),), "absent_in_media"),
        (((3_000, 3_000),), "no_span"),
    ],
)
def test_what_the_copy_lacks_is_refused(spans: tuple[tuple[int, int], ...], code: str) -> None:
    assert place(dialogue(*spans), CUT, {}, ClipParams(), 0.5) == code


def test_lines_that_are_absent_or_doubtful_refuse_their_dialogue() -> None:
    both = dialogue((1_000, 2_000), (3_000, 4_000))

    def line(turn: int, present: bool, confidence: float) -> LineRow:
        return LineRow(
            i=turn, start=0, end=1, present=present, confidence=confidence, dialogue_id="d", turn=turn
        )

    good = line(0, True, 0.9)
    assert (
        place(both, CUT, {("d", 0): good, ("d", 1): line(1, False, 0.0)}, ClipParams(), 0.5)
        == "absent_in_media"
    )
    assert (
        place(both, CUT, {("d", 0): good, ("d", 1): line(1, True, 0.3)}, ClipParams(), 0.5)
        == "low_confidence"
    )
    placed = place(both, CUT, {("d", 0): good, ("d", 1): line(1, True, 0.7)}, ClipParams(), 0.5)
    assert isinstance(placed, Placed)
    assert placed.confidence == 0.7


def test_times_rounded_at_an_edit_do_not_cost_a_dialogue() -> None:
    """As the benchmark measures: half a millisecond at an edit is rounding."""
    rounded = TimeMap((Segment(0, 9.9997), Segment(20, 100, offset=-10)))
    placed = place(dialogue((8_000, 10_000)), rounded, {}, ClipParams(), 0.5)
    assert isinstance(placed, Placed)
    assert (placed.start_s, placed.end_s) == (8.0, 10.0)


def test_extension_reaches_the_next_line_but_not_over_an_edit() -> None:
    params = ClipParams(extend_to_next=True)
    placed = place(dialogue((1_000, 2_000), nxt=3_500), CUT, {}, params, 0.5)
    assert isinstance(placed, Placed)
    assert (placed.start_s, placed.end_s) == (1.0, 3.5)
    assert placed.turns[0] == (1.0, 2.0, 3.5)
    over = place(dialogue((8_000, 9_000), nxt=21_000), CUT, {}, params, 0.5)
    assert isinstance(over, Placed)
    assert over.end_s == 9.0


def test_stills_are_annotated_frames_or_midpoints() -> None:
    turns = (
        Turn(speakers=("a",), start_ms=1_000, end_ms=2_000, keyframe=Keyframe(t_ms=1_800)),
        Turn(speakers=("a",), start_ms=3_000, end_ms=4_000),
    )
    row = Dialogue(dialogue_id="d", title_id="t", turns=turns)
    placed = place(row, TimeMap.affine(0.5, 10), {}, ClipParams(profile="keyframes"), 0.5)
    assert isinstance(placed, Placed)
    assert [(s.turn, s.media_s) for s in placed.stills] == [(0, 10.9), (1, 11.75)]
    assert isinstance(without := place(row, TimeMap.identity(), {}, ClipParams(), 0.5), Placed)
    assert without.stills == ()


@given(st.floats(0, 100), st.floats(0.1, 20), st.floats(0, 60), st.floats(0, 30))
def test_padding_stays_inside_the_media_and_never_eats_the_dialogue(
    start: float, length: float, pad: float, slack: float
) -> None:
    placed = Placed(start, start + length, 1.0, 1.0, (), ())
    a, b = padded(placed, pad, (0.0, start + length + slack))
    assert 0 <= a <= start
    assert start + length <= b <= start + length + slack
    assert a == max(0.0, start - pad)
    assert b == pytest.approx(min(start + length + slack, start + length + pad))


def test_turn_times_are_relative_to_the_clip() -> None:
    placed = Placed(5.0, 9.0, 1.0, 1.0, (), ((5.0, 6.0, 7.0), None))
    first, second = turn_facts(placed, 4.96)
    assert (first.start, first.end, first.end_extended) == (0.04, 1.04, 2.04)
    assert (second.start, second.end) == (None, None)


@pytest.mark.slow
def test_padding_does_not_lead_out_of_the_picture(tmp_path: Path, make_release: MakeRelease) -> None:
    # Sound that outlasts the picture is common; a clip with padding still is the picture's.
    (tmp_path / "films").mkdir()
    sound = noise(2, N_SAMPLES + 2 * 48_000)
    write_film(tmp_path / "films" / "t.mkv", sound=sound)
    end_ms = int(N_FRAMES / FPS * 1000)
    release = make_release([{"title_id": "t"}], [row("d", end_ms - 1500, end_ms - 200)])
    for pad in (0.0, 1.5):
        out = tmp_path / f"pad{pad}"
        rebuild(tmp_path / "films", out, release, timemap="identity", params={"pad_s": pad})
        made = receipts(out)["d"]
        assert made["status"] == "built", made["message"]
    assert made["clip"]["nominal_end"] == pytest.approx(N_FRAMES / FPS, abs=1e-3)
