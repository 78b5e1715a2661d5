"""One supervised process per task: a crash or a hang costs that task only.

Decoders of damaged films can end a process without an exception. So every task runs in a
process of its own, started afresh ("spawn": nothing is shared, no lock is inherited), and the
supervisor watches its pipe and its exit status. Nothing of a pool can break.
"""

from __future__ import annotations

import multiprocessing
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


def _child(pipe: Connection, worker: Worker, payload: Any) -> None:
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
    on_progress: Callable[[str, dict[str, Any]], None] | None = None,
) -> Iterator[Outcome]:
    """Run tasks, `jobs` at a time, each in a process of its own.

    Args:
        tasks: What to do. Taken one by one, so a generator is fine.
        worker: A module-level function ``worker(payload, report)``; `report` sends progress.
        jobs: Processes at a time; 0 runs everything in this process (no isolation).
        retries: How often a task is tried again after its process died. A worker that raised
            is not tried again: the same input raises the same error.
        timeout_s: Wall time after which a process is killed (no retry).
        on_progress: Called with the task's key and each event its worker reports.

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
    context = multiprocessing.get_context("spawn")
    queue: deque[tuple[Task, int]] = deque()
    source = iter(tasks)
    running: list[_Running] = []

    def start(task: Task, attempt: int) -> None:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_child, args=(theirs, worker, task.payload), daemon=True)
        process.start()
        theirs.close()
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        running.append(_Running(task, process, ours, attempt, deadline))

    try:
        while True:
            while len(running) < jobs:
                if not queue:
                    fresh = next(source, None)
                    if fresh is None:
                        break
                    queue.append((fresh, 1))
                start(*queue.popleft())
            if not running:
                return
            _pump(running, tell)
            for job in [r for r in running if _ended(r)]:
                running.remove(job)
                outcome = _close(job)
                if outcome.status == "crashed" and job.attempt <= retries:
                    queue.append((job.task, job.attempt + 1))
                else:
                    yield outcome
    finally:
        for job in running:
            job.process.kill()
            job.process.join()
            job.pipe.close()


def _inline(task: Task, worker: Worker, tell: Callable[[str, dict[str, Any]], None]) -> Outcome:
    try:
        return Outcome(task.key, "done", worker(task.payload, lambda event: tell(task.key, event)))
    except MmdiaError as error:
        return Outcome(task.key, "error", message=str(error), error=error)
    except Exception as error:
        return Outcome(task.key, "error", message=f"{type(error).__name__}: {error}")


def _pump(running: list[_Running], tell: Callable[[str, dict[str, Any]], None]) -> None:
    """Wait for news of any process, and take it."""
    deadlines = [r.deadline for r in running if r.deadline is not None]
    patience = max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
    ready = wait([r.pipe for r in running] + [r.process.sentinel for r in running], timeout=patience)
    for job in running:
        if job.pipe in ready or job.process.sentinel in ready:
            _drain(job, tell)


def _drain(job: _Running, tell: Callable[[str, dict[str, Any]], None]) -> None:
    with suppress(EOFError, OSError):
        while job.result is None and job.pipe.poll():
            kind, content = job.pipe.recv()
            if kind == "progress":
                tell(job.task.key, content)
            else:
                job.result = (kind, content)


def _ended(job: _Running) -> bool:
    late = job.deadline is not None and time.monotonic() >= job.deadline
    return job.result is not None or late or not job.process.is_alive()


def _close(job: _Running) -> Outcome:
    """Collect a process that ended, or end one that is late."""
    if job.result is None and job.process.is_alive():
        job.process.kill()
        job.process.join()
        job.pipe.close()
        return Outcome(
            job.task.key, "timed_out", message="the worker ran out of time", attempts=job.attempt
        )
    if job.result is None:
        _drain(job, lambda key, event: None)
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
