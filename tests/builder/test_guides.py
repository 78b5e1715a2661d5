"""The guides run as they are printed: Python blocks in order, each against the output below it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mmdia

REPO = Path(mmdia.__file__).resolve().parent.parent
BLOCK = re.compile(r"```(python|text|console)\n(.*?)```", re.DOTALL)


def blocks(guide: str) -> list[tuple[str, str]]:
    return BLOCK.findall((REPO / "docs" / guide).read_text(encoding="utf-8"))


def script(guide: str) -> tuple[str, str]:
    """All Python blocks as one program, and all that it should print."""
    code, expected = [], []
    for kind, text in blocks(guide):
        if kind == "python":
            code.append(text)
        elif kind == "text":
            expected.append(text)
        else:
            commands = [line[2:] for line in text.splitlines() if line.startswith("$ ")]
            code.append(f"run_commands({commands!r})\n")
    return "".join(code), "".join(expected)


COMMANDS = """
import shlex, subprocess, sys
import os
def run_commands(lines):
    for line in lines:
        if line.startswith("mmdia demo") and os.path.isdir("demo-out"):
            continue  # the other guide made it
        program, *words = shlex.split(line)
        assert program == "mmdia", line
        code = "from mmdia.cli.main import run; import sys; sys.exit(run())"
        subprocess.run([sys.executable, "-c", code, *words], check=True, stdout=subprocess.DEVNULL)
import datasets; datasets.disable_progress_bars()
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all guides: the demo takes a minute."""
    return tmp_path_factory.mktemp("desk")


@pytest.mark.slow
@pytest.mark.parametrize("guide", ["dataset.md", "train.md"])
def test_guide(desk: Path, guide: str) -> None:
    code, expected = script(guide)
    if "torch" in code:
        pytest.importorskip("torch")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MMDIA_", "PYTHON", "HF_"))}
    clean |= {"PYTHONPATH": str(REPO), "HF_HUB_OFFLINE": "1", "HF_HOME": str(desk / "hf")}
    clean |= {"MMDIA_HOME": str(desk / "mmdia")}
    program = desk / "guide.py"
    program.write_text(f"import mmdia\n{COMMANDS}\n{code}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(program)],
        cwd=desk, env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == expected
