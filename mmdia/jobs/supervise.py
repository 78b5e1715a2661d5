"""One supervised process per task: a crash or a hang costs that task only.

Decoders of damaged films can end a process without an exception. So every task runs in a
process of its own, started afresh ("spawn": nothing is shared, no lock is inherited), and the
supervisor watches its pipe and its exit status. Nothing of a pool can break.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Literal

from mmdia.errors import MmdiaError, UsageError

Status = Literal["done", "error", "crashed", "timed_out"]
Report = Callable[[dict[str, Any]], None]
Worker = Callable[[Any, Report], Any]
Tell = Callable[[str, dict[str, Any]], None]

#: Messages taken from one process before the others are looked at.
_MOST_EVENTS = 64


@dataclass(frozen=True)
class Task:
    """A unit of work. `payload` must be picklable: plain values, never handles."""

    key: str
    payload: Any


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        key: Key of the task.
        status: done, error (the worker raised), crashed (the process died), timed_out.
        value: What the worker returned, when done.
        message: What went wrong, otherwise.
        attempts: Number of processes started for it.
        error: The exception, when the worker raised one that could be sent.
    """

    key: str
    status: Status
    value: Any = None
    message: str = ""
    attempts: int = 1
    error: BaseException | None = None


@dataclass
class _Running:
    task: Task
    process: Any
    pipe: Connection
    attempt: int
    deadline: float | None
    result: tuple[str, Any] | None = field(default=None)


def _follow_parent() -> None:
    """End this process when the supervisor is gone: a killed run must leave nobody at work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _child(pipe: Connection, worker: Worker, payload: Any) -> None:
    threading.Thread(target=_follow_parent, daemon=True).start()

    def report(event: dict[str, Any]) -> None:
        pipe.send(("progress", event))

    try:
        message: tuple[str, Any] = ("done", worker(payload, report))
    except KeyboardInterrupt:
        return
    except MmdiaError as error:
        message = ("error", (str(error), error))
    except Exception as error:
        detail = "".join(traceback.format_exception_only(type(error), error)).strip()
        message = ("error", (detail, None))
    pipe.send(message)
    pipe.close()


def run_supervised(
    tasks: Iterable[Task],
    worker: Worker,
    *,
    jobs: int = 1,
    retries: int = 1,
    timeout_s: float | None = None,
    on_progress: Tell | None = None,
) -> Iterator[Outcome]:
    """Run tasks, `jobs` at a time, each in a process of its own.

    Args:
        tasks: What to do. Taken one by one, so a generator is fine.
        worker: A module-level function ``worker(payload, report)``; `report` sends progress.
        jobs: Processes at a time; 0 runs everything in this process (no isolation).
        retries: How often a task is tried again after its process died. A worker that raised
            is not tried again: the same input raises the same error.
        timeout_s: Wall time after which a process is killed (no retry).
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
            yield _inline(task, worker, tell)
        return
    crew = _Crew(worker, timeout_s, tell)
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


class _Crew:
    """The processes at work."""

    def __init__(self, worker: Worker, timeout_s: float | None, tell: Tell) -> None:
        self.running: list[_Running] = []
        self._worker, self._timeout_s, self._tell = worker, timeout_s, tell
        self._context = multiprocessing.get_context("spawn")

    def start(self, task: Task, attempt: int) -> None:
        """Start a process for a task."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_child, args=(theirs, self._worker, task.payload), daemon=True
        )
        process.start()
        theirs.close()
        deadline = None if self._timeout_s is None else time.monotonic() + self._timeout_s
        self.running.append(_Running(task, process, ours, attempt, deadline))

    def news(self) -> list[tuple[_Running, Outcome]]:
        """Wait for something to happen; give back the processes that ended."""
        _pump(self.running, self._tell)
        ended = [job for job in self.running if _ended(job)]
        for job in ended:
            self.running.remove(job)
        return [(job, _close(job, self._tell)) for job in ended]

    def dismiss(self) -> None:
        """End what is still at work."""
        for job in self.running:
            job.process.kill()
            job.process.join()
            job.pipe.close()


def _inline(task: Task, worker: Worker, tell: Tell) -> Outcome:
    try:
        return Outcome(task.key, "done", worker(task.payload, lambda event: tell(task.key, event)))
    except MmdiaError as error:
        return Outcome(task.key, "error", message=str(error), error=error)
    except Exception as error:
        return Outcome(task.key, "error", message=f"{type(error).__name__}: {error}")


def _pump(running: list[_Running], tell: Tell) -> None:
    """Wait for news of any process, and take it."""
    deadlines = [r.deadline for r in running if r.deadline is not None]
    patience = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
    ready = wait([r.pipe for r in running] + [r.process.sentinel for r in running], timeout=patience)
    for job in running:
        if job.pipe in ready or job.process.sentinel in ready:
            _drain(job, tell, most=_MOST_EVENTS)


def _drain(job: _Running, tell: Tell, most: int | None = None) -> None:
    """Take what a process has sent; at most so many messages, so that none starves the others."""
    taken = 0
    with suppress(EOFError, OSError):
        while job.result is None and (most is None or taken < most) and job.pipe.poll():
            taken += 1
            kind, content = job.pipe.recv()
            if kind == "progress":
                tell(job.task.key, content)
            else:
                job.result = (kind, content)


def _ended(job: _Running) -> bool:
    late = job.deadline is not None and time.monotonic() >= job.deadline
    return job.result is not None or late or not job.process.is_alive()


def _close(job: _Running, tell: Tell) -> Outcome:
    """Collect a process that ended, or end one that is late."""
    late = job.process.is_alive() and job.result is None
    if late:
        job.process.kill()
        job.process.join()
    _drain(job, tell)
    if late and job.result is None:
        job.pipe.close()
        text = "the worker ran out of time"
        return Outcome(job.task.key, "timed_out", message=text, attempts=job.attempt)
    job.process.join(timeout=10)
    if job.process.is_alive():
        job.process.kill()
        job.process.join()
    code = job.process.exitcode
    job.pipe.close()
    if job.result is None:
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit status {code}"
        return Outcome(
            job.task.key, "crashed", message=f"the worker process died ({how})", attempts=job.attempt
        )
    kind, content = job.result
    if kind == "done":
        return Outcome(job.task.key, "done", content, attempts=job.attempt)
    message, error = content
    return Outcome(job.task.key, "error", message=message, attempts=job.attempt, error=error)
