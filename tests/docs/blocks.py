"""Reading fenced code blocks of a Markdown page, and running them as a reader would."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    language: str
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text("utf-8")
    return [Block(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(text)]


def matches(got: str, expected: str) -> bool:
    """Line by line; ``...`` stands for anything within a line, alone on a line for any lines."""
    want = [line.rstrip() for line in expected.strip().splitlines()]
    have = [line.rstrip() for line in got.strip().splitlines()]
    if "..." in want:
        cut = want.index("...")
        head, tail = want[:cut], want[cut + 1 :]
        if len(have) < len(head) + len(tail):
            return False
        return matches("\n".join(have[:cut]), "\n".join(head)) and (
            not tail or any(matches("\n".join(have[k:]), "\n".join(tail)) for k in range(cut, len(have)))
        )
    if len(want) != len(have):
        return False
    return all(
        fnmatch.fnmatchcase(h, w.replace("[", "[[]").replace("?", "[?]").replace("...", "*"))
        for h, w in zip(have, want, strict=True)
    )


class Desk:
    """A folder in which the blocks of one page are run, one after the other."""

    def __init__(self, folder: Path, made: Path) -> None:
        self.folder, self.made = folder, made
        self.program: list[str] = []
        self.environment = {
            **os.environ,
            "MMDIA_HOME": str(folder / ".home"),
            "HF_HOME": str(folder / ".hf"),
            "HF_HUB_OFFLINE": "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "NO_COLOR": "1",
            "COLUMNS": "80",
            "PYTHONWARNINGS": "ignore",
        }
        self.environment.pop("MMDIA_ANNOTATIONS", None)

    def command(self, line: str) -> str:
        """Run one shell line; the costly demo is made once for all pages and copied."""
        words = shlex.split(line)
        if words[:1] == ["mmdia"]:
            words[:1] = [sys.executable, "-m", "mmdia"]
        if words[:4] == [sys.executable, "-m", "mmdia", "demo"]:
            return self._demo(words)
        return self._run(words, self.folder)

    def _demo(self, words: list[str]) -> str:
        place = self.made / re.sub(r"\W+", "-", " ".join(words[3:]))
        if not place.exists():
            place.mkdir(parents=True)
            output = self._run(words, place)
            (place / "stdout.txt").write_text(output, "utf-8")
        shutil.copytree(place, self.folder, dirs_exist_ok=True)
        return (place / "stdout.txt").read_text("utf-8")

    def python(self, text: str) -> str:
        """Run a block after those before it, whose output is not repeated."""
        quiet = "import io as _io, sys as _sys\n_out, _sys.stdout = _sys.stdout, _io.StringIO()\n"
        loud = "_sys.stdout = _out\n"
        script = (
            "if __name__ == '__main__':\n    pass\n" + quiet + "\n".join(self.program) + "\n" + loud + text
        )
        self.program.append(text)
        path = self.folder / "block.py"
        path.write_text(script, "utf-8")
        return self._run([sys.executable, str(path)], self.folder)

    def _run(self, words: list[str], folder: Path) -> str:
        done = subprocess.run(
            words,
            cwd=folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if done.returncode not in (0, 1) or "Traceback" in done.stderr:
            raise AssertionError(f"{shlex.join(words)} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout


def run_page(page: Path, desk: Desk) -> int:
    """Run every ``console`` and ``python`` block; what a page shows as output must come out.

    Returns:
        How many blocks ran.
    """
    ran = 0
    pending: tuple[str, int] | None = None
    for block in blocks_of(page):
        where = f"{page.name}:{block.line}"
        if block.language == "text":
            if pending is not None:
                assert matches(pending[0], block.text), (
                    f"{where}: got\n{pending[0]}\nexpected\n{block.text}"
                )
            pending = None
        elif block.language == "python":
            pending = (desk.python(block.text), block.line)
            ran += 1
        elif block.language == "console":
            for command, expected in _commands(block.text):
                got = desk.command(command)
                if expected:
                    assert matches(got, expected), f"{where}: {command} gave\n{got}\nexpected\n{expected}"
            pending = None
            ran += 1
    return ran


def _commands(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif found:
            command, expected = found[-1]
            found[-1] = (command, expected + line + "\n")
    return found
