"""Tasks, their outcomes, and how long a worker may be without a sign of work: what all engines share."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from mmdia.errors import MmdiaError

Status = Literal["done", "error", "crashed", "timed_out"]
Report = Callable[[dict[str, Any]], None]
Worker = Callable[[Any, Report], Any]
Tell = Callable[[str, dict[str, Any]], None]
#: How a worker ended, as it travels: "done" with its value, or "error" with (text, error or None).
Result = tuple[str, Any]

#: Seconds without an event and without work of the processor after which a worker hangs.
IDLE_S = 900.0
#: Seconds without an event after which it hangs however busy it is: a decoder may turn in circles.
SILENT_S = 4 * 3600.0

#: Seconds that a new process may take to start and import, on a machine that is busy.
_START_S = 120.0
#: Seconds of processor time that count as a sign of work within `IDLE_S`; beating itself costs less.
_BUSY_S = 1.0
_LEAST_BUSY_S = 0.05


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
        attempts: How often it was started.
        error: The exception, when the worker raised one that could be sent.
    """

    key: str
    status: Status
    value: Any = None
    message: str = ""
    attempts: int = 1
    error: BaseException | None = None


def perform(worker: Worker, payload: Any, report: Report) -> Result:
    """Run a worker; what it raises becomes a result that can travel."""
    try:
        return "done", worker(payload, report)
    except MmdiaError as error:
        return "error", (str(error), error)
    except Exception as error:
        return "error", ("".join(traceback.format_exception_only(type(error), error)).strip(), None)


def outcome_of(key: str, result: Result, attempts: int = 1) -> Outcome:
    """The outcome that a worker's result stands for."""
    kind, content = result
    if kind == "done":
        return Outcome(key, "done", content, attempts=attempts)
    message, error = content
    return Outcome(key, "error", message=message, attempts=attempts, error=error)


@dataclass
class Watch:
    """The patience with one worker; times are those of `time.monotonic`.

    Attributes:
        timeout_s: Wall time that it may take; None sets no limit.
        idle_s: Time it may spend without an event and without work of its processor.
        silent_s: Time it may spend without an event.
    """

    timeout_s: float | None = None
    idle_s: float = IDLE_S
    silent_s: float = SILENT_S
    _started: float = field(default_factory=time.monotonic)
    _spoke: float = field(default_factory=time.monotonic)
    _worked: float = field(default_factory=time.monotonic)
    _cpu_s: float = 0.0
    _heard: bool = True

    def starting(self) -> Watch:
        """The same for a process that has to start first: importing gives no signs of work."""
        self._heard = False
        return self

    def event(self) -> None:
        """It reported something."""
        self._spoke = self._worked = time.monotonic()
        self._heard = True

    def beat(self, cpu_s: float) -> None:
        """It lives, and has used so much processor time by now."""
        if not self._heard:
            self._heard, self._worked = True, time.monotonic()
        least = max(_LEAST_BUSY_S, min(_BUSY_S, _BUSY_S * self.idle_s / IDLE_S))
        if cpu_s - self._cpu_s >= least:
            self._cpu_s, self._worked = cpu_s, time.monotonic()

    @property
    def _limits(self) -> list[tuple[float, str]]:
        idle_s = self.idle_s if self._heard else max(self.idle_s, _START_S)
        out = [
            (self._worked + idle_s, f"it hung: no sign of work for {idle_s:.0f} s"),
            (self._spoke + self.silent_s, f"it hung: no news for {self.silent_s:.0f} s"),
        ]
        if self.timeout_s is not None:
            out.append((self._started + self.timeout_s, f"it took longer than {self.timeout_s:g} s"))
        return out

    @property
    def deadline(self) -> float:
        """When it is late if nothing is heard until then."""
        return min(at for at, _ in self._limits)

    def late(self) -> str | None:
        """Why it is to be ended now, or None."""
        at, why = min(self._limits)
        return f"the worker was ended: {why}" if time.monotonic() >= at else None


class Pulse:
    """Beats while a worker works: a thread that tells the processor time of this process.

    A decoder that waits for ever uses none; one that blocks the interpreter stops the beat.
    """

    def __init__(self, beat: Callable[[float], None], every_s: float) -> None:
        self._beat, self._every_s = beat, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Pulse:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1)

    def _run(self) -> None:
        began = time.process_time()
        while not self._stop.wait(self._every_s):
            try:
                self._beat(time.process_time() - began)
            except OSError:
                return  # nobody listens any more


def beat_every(idle_s: float) -> float:
    """Seconds between beats: some within `idle_s`, but not more than needed."""
    return max(0.05, min(10.0, idle_s / 4))
