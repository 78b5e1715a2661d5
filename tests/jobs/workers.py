"""Workers of the supervisor's tests; module-level, so that spawned processes can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from mmdia.errors import MediaUnreadable
from mmdia.jobs.supervise import Report


def double(payload: int, report: Report) -> int:
    report({"half": payload})
    return payload * 2


def trouble(payload: dict[str, Any], report: Report) -> str:
    what = payload["what"]
    if what == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "exit":
        os._exit(3)
    if what == "hang":
        time.sleep(600)
    if what == "raise":
        raise MediaUnreadable("cannot be read", path="film.mkv")
    if what == "bug":
        raise KeyError("oops")
    if what == "once":
        marker = Path(payload["marker"])
        if not marker.exists():
            marker.write_text("")
            os._exit(7)
    return "fine"


def chatter(payload: int, report: Report) -> None:
    for n in range(payload):
        report({"n": n})


def beat(payload: str, report: Report) -> None:
    while True:
        Path(payload, "beat").write_text("alive")
        time.sleep(0.05)


def wait_for_ever(payload: dict[str, Any], report: Report) -> str:
    """Waits without a sign of work, or with plenty."""
    report({"began": payload["what"]})
    deadline = time.monotonic() + payload.get("for_s", 600)
    while time.monotonic() < deadline:
        if payload["what"] == "sleep":
            time.sleep(0.05)
    return "fine"


def who(payload: int, report: Report) -> int:
    if payload < 0:
        raise MediaUnreadable("cannot be read", path="film.mkv")
    return os.getpid()


def hears_ctrl_c(payload: None, report: Report) -> str:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    return "alive"
