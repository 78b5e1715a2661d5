"""Progress of a rebuild: bars with phases and an end in sight, or a line for each finished title."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import lasting, note, share_bars

if TYPE_CHECKING:
    from rich.progress import Progress

    from mmdia.rebuild.plan import Plan
    from mmdia.rebuild.run import Listener

#: Share of a title's time that is over when a phase begins.
PHASES = {"align": 0.0, "cut": 0.15, "check": 0.9, "pack": 0.97}
#: Before that much of the work is done, nobody knows how long the rest takes.
_TOO_EARLY = 0.01


@dataclass
class _Title:
    """A title at work."""

    dialogues: int
    phase: str = "align"
    clips: int = 0
    started: float = 0.0
    statuses: dict[str, int] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """How much of it is done, 0..1."""
        low = PHASES.get(self.phase, 0.0)
        if self.phase != "cut":
            return low
        return low + (PHASES["check"] - low) * min(1.0, self.clips / max(1, self.dialogues))


class Pace:
    """How far a run is and when it will end.

    A title counts by the dialogues that it has, or by the seconds of its clips once it tells them;
    what was there already counts as nothing, for it takes no time.

    Args:
        dialogues: Dialogues of each title to be worked on.
        clock: Seconds, from any origin.
    """

    def __init__(self, dialogues: dict[str, int], clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.started = clock()
        self.weights: dict[str, float] = {key: float(max(1, n)) for key, n in dialogues.items()}
        self.seconds: dict[str, float] = {}
        self.at_work: dict[str, _Title] = {}
        self.ended: set[str] = set()

    def take(self, key: str, event: dict[str, Any]) -> None:
        """Take an event of a run."""
        kind = event.get("event")
        if kind == "start":
            n = int(event.get("dialogues") or 1)
            self.at_work[key] = _Title(n, started=self.clock())
            self.weights.setdefault(key, float(n))
            if event.get("clip_s"):
                self.seconds[key] = float(event["clip_s"])
        elif kind == "phase" and key in self.at_work:
            self.at_work[key].phase = str(event.get("phase"))
        elif kind == "clip" and key in self.at_work:
            self._clip(self.at_work[key], event)
        elif kind == "end":
            self.ended.add(key)

    def _clip(self, title: _Title, event: dict[str, Any]) -> None:
        if title.phase == "align":  # clips come, so that is over, whether it was said or not
            title.phase = "cut"
        title.clips += int(event.get("n") or 0)
        for status, n in (event.get("statuses") or {}).items():
            title.statuses[status] = title.statuses.get(status, 0) + n

    def forget(self, key: str) -> _Title | None:
        """Take an ended title off the list of those at work."""
        return self.at_work.pop(key, None)

    def _weight(self, key: str) -> float:
        """A title's weight in dialogues; told seconds are brought to that measure."""
        if key not in self.seconds:
            return self.weights[key]
        told = sum(self.seconds.values())
        counted = sum(self.weights[k] for k in self.seconds)
        return self.seconds[key] * counted / told if told else self.weights[key]

    @property
    def share(self) -> float:
        """How much of the whole work is done, 0..1."""
        total = sum(map(self._weight, self.weights))
        if not total:
            return 1.0
        done = sum(self._weight(k) for k in self.ended if k in self.weights)
        done += sum(self._weight(k) * t.share for k, t in self.at_work.items() if k not in self.ended)
        return min(1.0, done / total)

    @property
    def left_s(self) -> float | None:
        """Seconds until the end at the pace so far; None while it is too early to tell."""
        share = self.share
        if share < _TOO_EARLY:
            return None
        return (self.clock() - self.started) * (1 - share) / share


@contextmanager
def rebuild_progress(plan: Plan) -> Iterator[Listener]:
    """A display that listens to a run: on a terminal bars, elsewhere a line a finished title."""
    work = {t: len(plan.ids[t]) for t in plan.work if plan.matches.by_title.get(t)}
    pace = Pace(work)
    if not sys.stderr.isatty():
        yield _lines(pace, len(work))
        return
    with share_bars() as progress:
        yield _bars(pace, progress, plan, len(work))


def _lines(pace: Pace, total: int) -> Listener:
    def listen(key: str, event: dict[str, Any]) -> None:
        pace.take(key, event)
        if event.get("event") == "end":
            note(title_line(pace, key, event, total))

    return listen


def title_line(pace: Pace, key: str, event: dict[str, Any], total: int) -> str:
    """What is said of a title that has just ended."""
    title = pace.forget(key)
    status = str(event.get("status") or "done")
    if status != "done":
        said = f"{status}: {event.get('message') or 'see the receipt'}"
    elif title is None:
        said = "done"
    else:
        counts = [f"{n} {s.replace('_', ' ')}" for s, n in sorted(title.statuses.items()) if n]
        took = f"{pace.clock() - title.started:.1f} s"
        said = ", ".join([*(counts or [f"{title.clips} dialogues"]), took])
    done = len(pace.ended)
    left = f"; about {lasting(pace.left_s)} left" if done < total and pace.left_s is not None else ""
    return f"[{done}/{total}] {key}: {said}{left}"


def _bars(pace: Pace, progress: Progress, plan: Plan, total: int) -> Listener:
    overall = progress.add_task("all titles", total=1.0, left="")
    bars: dict[str, Any] = {}

    def listen(key: str, event: dict[str, Any]) -> None:
        pace.take(key, event)
        kind = event.get("event")
        title = pace.at_work.get(key)
        if kind == "start":
            name = plan.titles[key].name or key if key in plan.titles else key
            bars[key] = progress.add_task(name[:28], total=1.0, left="align")
        elif kind == "end":
            pace.forget(key)
            if key in bars:
                progress.remove_task(bars.pop(key))
        elif title is not None and key in bars:
            said = f"{title.phase} {title.clips}/{title.dialogues}"
            progress.update(bars[key], completed=title.share, left=said)
        left = pace.left_s
        said = f"{len(pace.ended)}/{total}" + ("" if left is None else f", about {lasting(left)} left")
        progress.update(overall, completed=pace.share, left=said)

    return listen
