"""Supervised processes of this machine: a crash or a hang costs one task only.

Decoders of damaged films can end a process without an exception, or never come back. So tasks run in
processes of their own, started afresh ("spawn": nothing is shared, no lock is inherited), one task at a
time, and the supervisor watches pipe, pulse and exit status of each. Nothing of a pool can break: a
process that was lost is replaced. One that ended its task well gets the next, which saves the seconds
of start and imports.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import ModuleType
from typing import Any

from mmdia.errors import UsageError
from mmdia.jobs.work import (
    IDLE_S,
    SILENT_S,
    Outcome,
    Pulse,
    Report,
    Result,
    Task,
    Tell,
    Watch,
    Worker,
    beat_every,
    outcome_of,
    perform,
)

__all__ = ["Outcome", "Report", "Task", "Tell", "Worker", "run_supervised"]

#: Messages taken from one process before the others are looked at.
_MOST_EVENTS = 64
#: Tasks that one process takes: whatever a library may leak stays small.
_MOST_TASKS = 16


def run_supervised(
    tasks: Iterable[Task],
    worker: Worker,
    *,
    jobs: int = 1,
    retries: int = 1,
    timeout_s: float | None = None,
    idle_s: float = IDLE_S,
    silent_s: float = SILENT_S,
    on_progress: Tell | None = None,
) -> Iterator[Outcome]:
    """Run tasks, `jobs` at a time, each in a process that works on nothing else meanwhile.

    Args:
        tasks: What to do. Taken one by one, so a generator is fine.
        worker: A module-level function ``worker(payload, report)``; `report` sends progress.
        jobs: Processes at a time; 0 runs everything in this process (no isolation).
        retries: How often a task is tried again after its process died, in a new one. A worker that
            raised is not tried again: the same input raises the same error.
        timeout_s: Wall time after which a process is killed (no retry).
        idle_s: Time without an event and without work of the processor after which it is killed.
        silent_s: Time without an event after which it is killed, however busy.
        on_progress: Called with the task's key and each event its worker reports. All events of
            a task are delivered before its outcome.

    Yields:
        Outcomes, in the order in which tasks end.

    Raises:
        UsageError: `jobs` is negative.
    """
    if jobs < 0:
        raise UsageError("the number of jobs must not be negative", got=jobs)
    tell = on_progress or (lambda key, event: None)
    if jobs == 0:
        for task in tasks:
            result = perform(worker, task.payload, partial(tell, task.key))
            yield outcome_of(task.key, result)
        return
    crew = _Crew(worker, partial(Watch, timeout_s, idle_s, silent_s), beat_every(idle_s), tell)
    queue: deque[tuple[Task, int]] = deque()
    source = iter(tasks)
    try:
        while True:
            while len(crew.running) < jobs:
                if not queue:
                    fresh = next(source, None)
                    if fresh is None:
                        break
                    queue.append((fresh, 1))
                crew.start(*queue.popleft())
            if not crew.running:
                return
            for job, outcome in crew.news():
                if outcome.status == "crashed" and job.attempt <= retries:
                    queue.append((job.task, job.attempt + 1))
                else:
                    yield outcome
    finally:
        crew.dismiss()


# ---- in the worker's process


def _follow_parent() -> None:
    """End this process when the supervisor is gone: a killed run must leave nobody at work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Start processes that do not run the user's script again.

    A spawned process imports its parent's main module first; that of a script without a guard
    (``if __name__ == "__main__"``) would call us once more. Workers need nothing of it.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _child(pipe: Connection, worker: Worker, every_s: float) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()
    turn = threading.Lock()  # events and beats share the pipe

    def send(kind: str, content: Any) -> None:
        with turn:
            pipe.send((kind, content))

    with suppress(KeyboardInterrupt, EOFError, OSError):
        while True:
            payload = pipe.recv()
            with Pulse(partial(send, "beat"), every_s):
                kind, content = perform(worker, payload, partial(send, "progress"))
            send(kind, content)


# ---- in the supervisor's


@contextmanager
def _deaf() -> Iterator[None]:
    """Processes that are started meanwhile never hear Ctrl-C, not even while they import.

    A terminal sends it to all processes of a command; the supervisor hears it and ends the others.
    It is blocked, not ignored: one that comes meanwhile reaches the supervisor afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass
class _Hand:
    """A process and our end of its pipe."""

    process: Any
    pipe: Connection
    tasks: int = 0

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


@dataclass
class _Running:
    task: Task
    hand: _Hand
    attempt: int
    watch: Watch
    result: Result | None = None


class _Crew:
    """The processes at work, and those that wait for the next task."""

    def __init__(self, worker: Worker, watch: Callable[[], Watch], every_s: float, tell: Tell) -> None:
        self.running: list[_Running] = []
        self._waiting: list[_Hand] = []
        self._worker, self._watch, self._every_s, self._tell = worker, watch, every_s, tell
        self._context = multiprocessing.get_context("spawn")

    def start(self, task: Task, attempt: int) -> None:
        """Give a task to a process that waits, or to a new one."""
        hand = self._next_hand(fresh=attempt > 1)
        hand.tasks += 1
        watch = self._watch() if hand.tasks > 1 else self._watch().starting()
        self.running.append(_Running(task, hand, attempt, watch))
        with suppress(BrokenPipeError, ConnectionError):  # it died: its exit status will tell
            hand.pipe.send(task.payload)

    def _next_hand(self, *, fresh: bool) -> _Hand:
        while self._waiting and not fresh:
            hand = self._waiting.pop()
            if hand.process.is_alive():
                return hand
            hand.end()
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=_child, args=(theirs, self._worker, self._every_s), daemon=True
        )
        own = getattr(self._worker, "__module__", None) == "__main__"
        with nullcontext() if own else _no_main_module(), _deaf():
            process.start()
        theirs.close()
        return _Hand(process, ours)

    def news(self) -> list[tuple[_Running, Outcome]]:
        """Wait for something to happen; give back the tasks that ended."""
        self._pump()
        ended = [job for job in self.running if _ended(job)]
        for job in ended:
            self.running.remove(job)
        return [(job, self._close(job)) for job in ended]

    def dismiss(self) -> None:
        """End all processes."""
        for hand in [*(job.hand for job in self.running), *self._waiting]:
            hand.end()
        self.running, self._waiting = [], []

    def _pump(self) -> None:
        """Wait for news of any process, and take it."""
        patience = max(0.0, min(job.watch.deadline for job in self.running) - time.monotonic())
        hands = [job.hand for job in self.running]
        ready = wait([h.pipe for h in hands] + [h.process.sentinel for h in hands], timeout=patience)
        for job in self.running:
            if job.hand.pipe in ready or job.hand.process.sentinel in ready:
                self._drain(job, most=_MOST_EVENTS)

    def _drain(self, job: _Running, most: int | None = None) -> None:
        """Take what a process has sent; at most so many messages, so that none starves the others."""
        taken = 0
        with suppress(EOFError, OSError):
            while job.result is None and (most is None or taken < most) and job.hand.pipe.poll():
                taken += 1
                kind, content = job.hand.pipe.recv()
                if kind == "progress":
                    job.watch.event()
                    self._tell(job.task.key, content)
                elif kind == "beat":
                    job.watch.beat(content)
                else:
                    job.result = (kind, content)

    def _close(self, job: _Running) -> Outcome:
        """Collect a task that ended, or end one whose process is late."""
        late = job.watch.late() if job.result is None and job.hand.process.is_alive() else None
        if late is not None:
            job.hand.process.kill()
            job.hand.process.join()
        self._drain(job)
        if job.result is not None:
            self._keep(job)
            return outcome_of(job.task.key, job.result, job.attempt)
        job.hand.process.join(timeout=10)
        code = job.hand.process.exitcode
        job.hand.end()
        if late is not None:
            return Outcome(job.task.key, "timed_out", message=late, attempts=job.attempt)
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        text = f"the worker process died ({how})"
        return Outcome(job.task.key, "crashed", message=text, attempts=job.attempt)

    def _keep(self, job: _Running) -> None:
        """Let a process wait for the next task, when its last one left it in order."""
        in_order = job.result is not None and job.result[0] == "done"
        if in_order and job.hand.tasks < _MOST_TASKS and job.hand.process.is_alive():
            self._waiting.append(job.hand)
        else:
            job.hand.end()


def _ended(job: _Running) -> bool:
    return job.result is not None or job.watch.late() is not None or not job.hand.process.is_alive()
