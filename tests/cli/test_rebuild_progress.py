"""How far a run is, when it will end, and what is said of finished titles."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.cli.console import lasting
from mmdia.cli.rebuild_progress import Pace, title_line


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_half_of_the_dialogues_is_half_of_the_time() -> None:
    clock = Clock()
    pace = Pace({"a": 30, "b": 10}, clock)
    assert pace.left_s is None
    pace.take("a", {"event": "start", "dialogues": 30})
    clock.now = 60.0
    pace.take("a", {"event": "end", "status": "done"})
    pace.forget("a")
    assert pace.share == pytest.approx(0.75)
    assert pace.left_s == pytest.approx(20.0)


def test_seconds_of_clips_count_once_they_are_told() -> None:
    pace = Pace({"a": 10, "b": 10}, Clock())
    pace.take("a", {"event": "start", "dialogues": 10, "clip_s": 300.0})
    pace.take("b", {"event": "start", "dialogues": 10, "clip_s": 100.0})
    pace.take("a", {"event": "end"})
    pace.forget("a")
    assert pace.share == pytest.approx(0.75)


def test_a_title_moves_on_with_its_phases_and_clips() -> None:
    pace = Pace({"a": 4}, Clock())
    pace.take("a", {"event": "start", "dialogues": 4})
    shares = [pace.share]
    for event in (
        {"event": "phase", "phase": "cut"},
        {"event": "clip", "n": 2},
        {"event": "clip", "n": 2},
        {"event": "phase", "phase": "check"},
        {"event": "phase", "phase": "pack"},
        {"event": "end", "status": "done"},
    ):
        pace.take("a", event)
        shares.append(pace.share)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    assert shares == sorted(shares)
    assert 0.15 < shares[2] < shares[3] <= 0.9


def test_it_survives_workers_that_tell_no_phases() -> None:
    pace = Pace({"a": 2}, Clock())
    pace.take("a", {"event": "start"})
    pace.take("a", {"event": "clip", "n": 1})
    assert 0 < pace.share < 1


starts = st.builds(
    lambda n, s: {"event": "start", "dialogues": n, "clip_s": s}, st.integers(0, 9), st.floats(0, 99)
)
phases = st.sampled_from(["align", "cut", "check", "pack", "unheard of"])
events = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.one_of(
            starts,
            st.integers(0, 9).map(lambda n: {"event": "clip", "n": n}),
            phases.map(lambda p: {"event": "phase", "phase": p}),
            st.just({"event": "end"}),
            st.just({"event": "new kind"}),
        ),
    ),
    max_size=30,
)


@pytest.mark.slow
@given(events)
def test_any_events_leave_a_share(told: list[tuple[str, dict[str, Any]]]) -> None:
    clock = Clock()
    pace = Pace({"a": 3, "b": 0}, clock)
    for key, event in told:
        clock.now += 1
        pace.take(key, event)
        assert 0 <= pace.share <= 1
        assert pace.left_s is None or pace.left_s >= 0


def test_the_line_of_a_finished_title() -> None:
    clock = Clock()
    pace = Pace({"a": 3, "b": 3}, clock)
    pace.take("a", {"event": "start", "dialogues": 3})
    pace.take("a", {"event": "clip", "n": 2, "statuses": {"built": 2}})
    pace.take("a", {"event": "clip", "n": 1, "statuses": {"missing_media": 1}})
    clock.now = 12.0
    end = {"event": "end", "status": "done", "message": None}
    pace.take("a", end)
    assert title_line(pace, "a", end, 2) == "[1/2] a: 2 built, 1 missing media, 12.0 s; about 12 s left"
    pace.take("b", {"event": "start", "dialogues": 3})
    crash = {"event": "end", "status": "crashed", "message": "signal 11"}
    pace.take("b", crash)
    assert title_line(pace, "b", crash, 2) == "[2/2] b: crashed: signal 11"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(None, "?"), (3.2, "3 s"), (89, "89 s"), (600, "10 min"), (5400, "1 h 30 min"), (260_000, "3.0 days")],
)
def test_times_in_words(seconds: float | None, said: str) -> None:
    assert lasting(seconds) == said
