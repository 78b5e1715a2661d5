from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import MediaUnreadable, UsageError
from mmdia.jobs.shards import Shard
from mmdia.jobs.supervise import Task, run_supervised

from . import workers


def test_in_process_and_supervised_runs_agree() -> None:
    for jobs in (0, 2):
        events: list[tuple[str, dict[str, Any]]] = []
        outcomes = run_supervised(
            [Task(str(n), n) for n in range(3)],
            workers.double,
            jobs=jobs,
            on_progress=lambda key, event, seen=events: seen.append((key, event)),  # type: ignore[misc]
        )
        assert {o.key: o.value for o in outcomes} == {"0": 0, "1": 2, "2": 4}
        assert sorted(events, key=lambda e: e[0]) == [(str(n), {"half": n}) for n in range(3)]


@pytest.mark.slow
def test_every_kind_of_trouble_costs_its_own_task_only(tmp_path: Path) -> None:
    kinds = ("segfault", "exit", "raise", "bug", "once", "none")
    tasks = [Task(k, {"what": k, "marker": str(tmp_path / "once")}) for k in kinds]
    outcomes = {o.key: o for o in run_supervised(tasks, workers.trouble, jobs=2, retries=1)}
    assert set(outcomes) == set(kinds)
    assert outcomes["none"].status == "done"
    assert (outcomes["once"].status, outcomes["once"].attempts) == ("done", 2)
    assert (outcomes["segfault"].status, outcomes["segfault"].attempts) == ("crashed", 2)
    assert "signal 11" in outcomes["segfault"].message
    assert "exit status 3" in outcomes["exit"].message
    assert outcomes["raise"].status == "error"
    assert isinstance(outcomes["raise"].error, MediaUnreadable)
    assert outcomes["raise"].attempts == 1
    assert "KeyError" in outcomes["bug"].message


@pytest.mark.slow
def test_a_hanging_worker_is_ended() -> None:
    outcomes = list(run_supervised([Task("h", {"what": "hang"})], workers.trouble, jobs=1, timeout_s=1.0))
    assert [o.status for o in outcomes] == ["timed_out"]


@pytest.mark.slow
def test_a_worker_that_waits_for_ever_is_told_from_one_that_works() -> None:
    """No time limit is given: the one without news and without work of the processor is ended."""
    tasks = [
        Task("hangs", {"what": "sleep"}),
        Task("works", {"what": "count", "for_s": 4.0}),
    ]
    run = run_supervised(tasks, workers.wait_for_ever, jobs=2, idle_s=2.0)
    outcomes = {o.key: o for o in run}
    assert outcomes["hangs"].status == "timed_out"
    assert "no sign of work" in outcomes["hangs"].message
    assert outcomes["works"].status == "done"


@pytest.mark.slow
def test_a_busy_worker_without_news_is_ended_in_the_end() -> None:
    task = Task("turns", {"what": "count"})
    outcome = next(run_supervised([task], workers.wait_for_ever, jobs=1, idle_s=60, silent_s=2.0))
    assert outcome.status == "timed_out"
    assert "no news" in outcome.message


@pytest.mark.slow
def test_a_process_goes_on_with_the_next_task_unless_its_last_one_failed() -> None:
    tasks = [Task(str(n), payload) for n, payload in enumerate([0, 0, -1, 0])]
    outcomes = list(run_supervised(tasks, workers.who, jobs=1))
    first, second, failed, last = outcomes
    assert failed.status == "error"
    assert first.value == second.value != os.getpid()
    assert last.value not in (None, first.value)


@pytest.mark.slow
def test_all_events_come_before_the_outcome_however_slow_the_listener() -> None:
    seen: list[int] = []

    def listen(key: str, event: dict[str, Any]) -> None:
        time.sleep(0.01)
        seen.append(event["n"])

    tasks = [Task(str(n), 50) for n in range(3)]
    outcomes = list(run_supervised(tasks, workers.chatter, jobs=2, on_progress=listen))
    assert [o.status for o in outcomes] == ["done"] * 3
    assert sorted(seen) == sorted([*range(50)] * 3)


@pytest.mark.slow
def test_workers_end_with_their_supervisor(tmp_path: Path) -> None:
    """Only the parent is killed; a worker that went on would commit what nobody asked for any more."""
    code = (
        "from tests.jobs import workers\nfrom mmdia.jobs.supervise import Task, run_supervised\n"
        f"list(run_supervised([Task('t', {str(tmp_path)!r})], workers.beat, jobs=1))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2])
    beat = tmp_path / "beat"
    for _ in range(200):
        if beat.exists():
            break
        time.sleep(0.05)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    time.sleep(1.0)
    before = beat.stat().st_mtime_ns
    time.sleep(0.5)
    assert beat.stat().st_mtime_ns == before


def test_tasks_are_taken_lazily() -> None:
    taken = []

    def tasks() -> Any:
        for n in range(100):
            taken.append(n)
            yield Task(str(n), n)

    run = run_supervised(tasks(), workers.double, jobs=0)
    next(run)
    assert taken == [0]


def test_negative_jobs_are_refused() -> None:
    with pytest.raises(UsageError):
        list(run_supervised([], workers.double, jobs=-1))


@given(st.sets(st.text(min_size=1), max_size=30), st.integers(1, 7))
def test_shards_partition(keys: set[str], count: int) -> None:
    shares = [{k for k in keys if Shard(i, count).holds(k)} for i in range(count)]
    assert set().union(*shares) == keys
    assert sum(map(len, shares)) == len(keys)


def test_shards_are_the_same_everywhere() -> None:
    assert [Shard(i, 4).holds("tt0059742") for i in range(4)] == [False, True, False, False]


@pytest.mark.parametrize("text", ["", "1", "2/2", "a/b", "-1/3", "1/0"])
def test_bad_shards_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Shard.parse(text)


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no signal masks here")
def test_workers_never_hear_ctrl_c_and_the_supervisor_does() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    # A terminal sends it to all; the worker sends it to itself, and would die of it.
    (outcome,) = run_supervised([Task("a", None)], workers.hears_ctrl_c, jobs=1)
    assert (outcome.status, outcome.value) == ("done", "alive")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


@pytest.mark.parametrize("retries", [0, 1])
def test_a_task_whose_process_dies_is_tried_again_as_often_as_asked(retries: int) -> None:
    (outcome,) = run_supervised([Task("x", {"what": "exit"})], workers.trouble, jobs=1, retries=retries)
    assert (outcome.status, outcome.attempts) == ("crashed", retries + 1)
