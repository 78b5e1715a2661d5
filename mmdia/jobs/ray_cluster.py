"""The same work on a Ray cluster, with the supervisor's promises.

Titles are Ray tasks without Ray's own retries: a worker that is lost costs its title only, which is
tried again, as on one machine. Events come through a small actor, which a worker tells before it
ends, so that they are heard before its outcome. Everything that decides the result travels in the
payload, hence a cluster makes the same bytes as one machine.

Workers write where the payload says. Unless that is remote storage, media and output must be folders
that every machine of the cluster sees under the same path; `require_shared` asks them before any
work is done.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mmdia.errors import MissingExtra, StoreError, UsageError, WorkerError
from mmdia.jobs.supervise import run_supervised
from mmdia.jobs.work import (
    IDLE_S,
    SILENT_S,
    Outcome,
    Pulse,
    Result,
    Task,
    Tell,
    Watch,
    Worker,
    beat_every,
    outcome_of,
    perform,
)

#: Seconds between looks at the mailbox.
_LOOK_S = 0.2
#: Tasks that wait in the cluster's queue beyond those that it can work on.
_AHEAD = 2
#: Tasks that one worker process takes.
_MOST_TASKS = 16


class _Mailbox:
    """An actor that keeps messages of workers until the supervisor takes them."""

    def __init__(self) -> None:
        self._messages: list[tuple[str, int, str, Any]] = []

    def put(self, key: str, attempt: int, kind: str, content: Any) -> None:
        self._messages.append((key, attempt, kind, content))

    def take(self) -> list[tuple[str, int, str, Any]]:
        taken, self._messages = self._messages, []
        return taken


def _on_worker(
    mailbox: Any, worker: Worker, key: str, attempt: int, payload: Any, every_s: float
) -> Result:
    """What runs on the cluster: the worker, its events sent before it ends."""
    import ray

    sent: list[Any] = []

    def send(kind: str, content: Any) -> None:
        sent.append(mailbox.put.remote(key, attempt, kind, content))

    send("began", None)
    with Pulse(partial(send, "beat"), every_s):
        result = perform(worker, payload, partial(send, "progress"))
    ray.get(sent)
    return result


def _probe(places: Mapping[str, str]) -> tuple[str, list[str]]:
    """On a worker: its machine, and the named folders that it does not have."""
    import socket

    return socket.gethostname(), [name for name, path in places.items() if not Path(path).is_dir()]


@dataclass
class _Sent:
    task: Task
    attempt: int
    future: Any
    watch: Watch | None = None


def run_on_ray(
    tasks: Iterable[Task],
    worker: Worker,
    *,
    jobs: int | None = None,
    retries: int = 1,
    timeout_s: float | None = None,
    idle_s: float = IDLE_S,
    silent_s: float = SILENT_S,
    on_progress: Tell | None = None,
    address: str | None = None,
    shared: Mapping[str, str] | None = None,
) -> Iterator[Outcome]:
    """Run tasks on a Ray cluster; promises, arguments and outcomes are those of `run_supervised`.

    Args:
        tasks: What to do. Taken as the cluster has room.
        worker: A module-level function of a module that all machines can import.
        jobs: Most tasks at a time; None takes every processor of the cluster; 0 works here, without Ray.
        retries: How often a task is tried again after its worker died.
        timeout_s: Wall time after which a worker is killed, from its start on the cluster.
        idle_s: Time without an event and without work of the processor after which it is killed.
        silent_s: Time without an event after which it is killed, however busy.
        on_progress: Called with each event; all events of a task come before its outcome.
        address: Address of the cluster; None takes ``$RAY_ADDRESS``, else starts one on this machine
            that ends with the run.
        shared: Folders by what they are for ("media", "output") that every machine must see.

    Yields:
        Outcomes, in the order in which tasks end.

    Raises:
        MissingExtra: Ray is not installed.
        UsageError: `jobs` is negative.
        StoreError: A machine of the cluster does not see a shared folder; nothing was done.
        WorkerError: The cluster cannot be reached.
    """
    if jobs is not None and jobs < 0:
        raise UsageError("the number of jobs must not be negative", got=jobs)
    if jobs == 0:
        yield from run_supervised(tasks, worker, jobs=0, on_progress=on_progress)
        return
    ray = _import_ray()
    ours = _connect(ray, address)
    fleet: _Fleet | None = None
    try:
        require_shared(ray, shared or {})
        patience = partial(Watch, timeout_s, idle_s, silent_s)
        fleet = _Fleet(ray, worker, patience, beat_every(idle_s), on_progress or (lambda key, event: None))
        yield from _run(fleet, iter(tasks), _room(ray, jobs), retries)
    finally:
        if fleet is not None:
            fleet.dismiss()
        if ours:
            ray.shutdown()


def _import_ray() -> Any:
    # Ray's own notices are not this program's output, and nothing is reported to anybody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "200")  # busy machines start it slowly
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtra.of("ray", "ray") from error
    return ray


def _connect(ray: Any, address: str | None) -> bool:
    """Connect to a cluster, or start one here; whether it is ours to shut down."""
    if ray.is_initialized():
        return False
    try:
        ray.init(
            address=address or os.environ.get("RAY_ADDRESS"),
            log_to_driver=False,
            logging_level="ERROR",
            configure_logging=False,
            **({} if address or os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}),
        )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, OSError) as error:
        hint = "Check --ray-address or $RAY_ADDRESS; unset it to start Ray on this machine."
        raise WorkerError(f"no Ray cluster: {error}", path=address, hint=hint) from error
    return True  # connected by us: the driver leaves; a cluster that was there goes on


def _room(ray: Any, jobs: int | None) -> Callable[[], int]:
    """How many tasks may be with the cluster now; it may grow and shrink."""

    def room() -> int:
        cores = int(ray.cluster_resources().get("CPU", 1)) or 1
        return cores + _AHEAD if jobs is None else min(jobs, cores + _AHEAD)

    return room


def require_shared(ray: Any, places: Mapping[str, str]) -> None:
    """Ask every machine of the cluster whether it sees the folders.

    Raises:
        StoreError: One does not.
    """
    if not places:
        return
    nodes = [n["NodeID"] for n in ray.nodes() if n.get("Alive")]
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ask = ray.remote(num_cpus=0, max_retries=2)(_probe)
    asked = [
        ask.options(scheduling_strategy=strategy(node_id=n, soft=False)).remote(dict(places)) for n in nodes
    ]
    for host, lacking in ray.get(asked):
        for name in lacking:
            raise StoreError(
                f"the machine {host} of the cluster does not see the {name} folder",
                path=places[name],
                hint="Use a folder that all machines share under the same path, or a URL (s3://...).",
            )


def _run(fleet: _Fleet, source: Iterator[Task], room: Callable[[], int], retries: int) -> Iterator[Outcome]:
    queue: deque[tuple[Task, int]] = deque()
    while True:
        most = room()
        while len(fleet.sent) < most:
            if not queue:
                fresh = next(source, None)
                if fresh is None:
                    break
                queue.append((fresh, 1))
            fleet.send(*queue.popleft())
        if not fleet.sent:
            return
        for sent, outcome in fleet.news():
            if outcome.status == "crashed" and sent.attempt <= retries:
                queue.append((sent.task, sent.attempt + 1))
            else:
                yield outcome


class _Fleet:
    """The tasks that are with the cluster."""

    def __init__(
        self, ray: Any, worker: Worker, patience: Callable[[], Watch], every_s: float, tell: Tell
    ) -> None:
        self.sent: dict[Any, _Sent] = {}
        self._ray, self._worker, self._patience = ray, worker, patience
        self._every_s, self._tell = every_s, tell
        self._by_key: dict[tuple[str, int], _Sent] = {}
        self._mailbox = ray.remote(num_cpus=0, max_restarts=0)(_Mailbox).remote()
        # SPREAD: a title reads much and is alone with its film; two on one disk wait for each other.
        self._remote = ray.remote(
            num_cpus=1, max_retries=0, max_calls=_MOST_TASKS, scheduling_strategy="SPREAD"
        )(_on_worker)

    def send(self, task: Task, attempt: int) -> None:
        """Hand a task to the cluster."""
        future = self._remote.remote(
            self._mailbox, self._worker, task.key, attempt, task.payload, self._every_s
        )
        self.sent[future] = self._by_key[task.key, attempt] = _Sent(task, attempt, future)

    def news(self) -> list[tuple[_Sent, Outcome]]:
        """Wait a little; deliver events; give back the tasks that ended."""
        ready, _ = self._ray.wait(list(self.sent), num_returns=1, timeout=_LOOK_S)
        if ready:  # more may have ended meanwhile
            ready, _ = self._ray.wait(list(self.sent), num_returns=len(self.sent), timeout=0)
        self._deliver()  # a worker's events are with the mailbox before its result is
        ended = [(self.sent[f], self._collect(self.sent[f])) for f in ready]
        for sent in list(self.sent.values()):
            late = sent.watch.late() if sent.watch is not None and sent.future not in ready else None
            if late is not None:
                self._ray.cancel(sent.future, force=True)
                self._deliver()
                ended.append(
                    (sent, Outcome(sent.task.key, "timed_out", message=late, attempts=sent.attempt))
                )
        for sent, _ in ended:
            del self.sent[sent.future], self._by_key[sent.task.key, sent.attempt]
        return ended

    def _deliver(self) -> None:
        try:
            messages = self._ray.get(self._mailbox.take.remote())
        except self._ray.exceptions.RayActorError as error:
            raise WorkerError(
                "the Ray cluster was lost", hint="Run again: nothing is done twice."
            ) from error
        for key, attempt, kind, content in messages:
            sent = self._by_key.get((key, attempt))
            if sent is None:
                continue  # it was given up, yet said something more
            if sent.watch is None:
                sent.watch = self._patience()
            if kind == "beat":
                sent.watch.beat(content)
            elif kind == "progress":
                sent.watch.event()
                self._tell(key, content)

    def _collect(self, sent: _Sent) -> Outcome:
        errors = self._ray.exceptions
        try:
            return outcome_of(sent.task.key, self._ray.get(sent.future), sent.attempt)
        except (errors.WorkerCrashedError, errors.OutOfMemoryError, errors.NodeDiedError) as error:
            text = f"the worker process died ({type(error).__name__})"
            return Outcome(sent.task.key, "crashed", message=text, attempts=sent.attempt)
        except errors.RayError as error:
            text = f"the cluster failed: {type(error).__name__}: {str(error).splitlines()[0]}"
            return Outcome(sent.task.key, "crashed", message=text, attempts=sent.attempt)

    def dismiss(self) -> None:
        """Cancel what is still with the cluster."""
        for future in self.sent:
            self._ray.cancel(future, force=True)
        ended = time.monotonic() + 10
        while self.sent and time.monotonic() < ended:
            ready, _ = self._ray.wait(list(self.sent), num_returns=1, timeout=1)
            for future in ready:
                del self.sent[future]
        self._ray.kill(self._mailbox)
