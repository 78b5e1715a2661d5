"""A real Ray on this machine, started once for the tests that need one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mmdia.errors import MediaUnreadable, MissingExtra, StoreError, UsageError
from mmdia.jobs.ray_cluster import run_on_ray
from mmdia.jobs.supervise import Task

from . import workers

#: Ray leaves sockets to its own ending and warns of what it will change one day: not ours to judge.
lenient = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "200")
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield ray
    ray.shutdown()


def test_without_ray_the_cure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"mmdia\[ray\]"):
        list(run_on_ray([Task("a", 1)], workers.double))


def test_no_jobs_need_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert [o.value for o in run_on_ray([Task("a", 1)], workers.double, jobs=0)] == [2]
    with pytest.raises(UsageError):
        list(run_on_ray([], workers.double, jobs=-1))


@lenient
@pytest.mark.slow
def test_every_kind_of_trouble_costs_its_own_task_only(cluster: Any, tmp_path: Path) -> None:
    kinds = ("exit", "raise", "bug", "once", "none")
    tasks = [Task(k, {"what": k, "marker": str(tmp_path / "once")}) for k in kinds]
    outcomes = {o.key: o for o in run_on_ray(tasks, workers.trouble, retries=1)}
    assert set(outcomes) == set(kinds)
    assert outcomes["none"].status == "done"
    assert (outcomes["once"].status, outcomes["once"].attempts) == ("done", 2)
    assert (outcomes["exit"].status, outcomes["exit"].attempts) == ("crashed", 2)
    assert outcomes["raise"].status == "error"
    assert isinstance(outcomes["raise"].error, MediaUnreadable)
    assert "KeyError" in outcomes["bug"].message
    assert cluster.is_initialized()  # it was there before: it goes on


@lenient
@pytest.mark.slow
def test_all_events_come_before_the_outcome(cluster: Any) -> None:
    seen: dict[str, list[int]] = {}
    ended: dict[str, int] = {}

    def listen(key: str, event: dict[str, Any]) -> None:
        seen.setdefault(key, []).append(event["n"])

    for outcome in run_on_ray([Task(str(n), 50) for n in range(3)], workers.chatter, on_progress=listen):
        ended[outcome.key] = len(seen[outcome.key])
    assert ended == dict.fromkeys("012", 50)
    assert all(got == list(range(50)) for got in seen.values())


@lenient
@pytest.mark.slow
def test_hanging_and_slow_workers_are_ended(cluster: Any) -> None:
    asleep = Task("h", {"what": "sleep"})
    hung = next(iter(run_on_ray([asleep], workers.wait_for_ever, idle_s=2.0)))
    assert (hung.status, "no sign of work" in hung.message) == ("timed_out", True)
    slow = next(iter(run_on_ray([asleep], workers.wait_for_ever, timeout_s=1.0)))
    assert (slow.status, "longer than 1 s" in slow.message) == ("timed_out", True)


@lenient
@pytest.mark.slow
def test_a_folder_that_the_cluster_does_not_see_is_told_before_any_work(
    cluster: Any, tmp_path: Path
) -> None:
    taken = []

    def tasks() -> Iterator[Task]:
        taken.append(1)
        yield Task("a", 1)

    with pytest.raises(StoreError, match="does not see the media folder"):
        list(run_on_ray(tasks(), workers.double, shared={"media": str(tmp_path / "gone")}))
    assert not taken
    ok = run_on_ray(tasks(), workers.double, shared={"media": str(tmp_path)})
    assert [o.value for o in ok] == [2]
