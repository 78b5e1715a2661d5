"""Completion scripts: what a shell offers after the words that stand there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from mmdia.cli.main import all_parsers, main

OFFERS = {
    "mmdia re": {"rebuild", "receipt", "release"},
    "mmdia release inst": {"install"},
    "mmdia align ra": {"rank"},
    "mmdia align rank --lang": {"--language"},
    "mmdia align --mo": {"--mode"},
    "mmdia rebuild --profile key": {"keyframes"},
    "mmdia completion ": {"bash", "zsh", "fish"},
}

BASH = """
source "$1"; shift
COMP_WORDS=(); for word in $1; do COMP_WORDS+=("$word"); done
[[ "$1" == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}
_shtab_mmdia; printf '%s\\n' "${COMPREPLY[@]}"
"""


def script(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    path = folder / f"mmdia.{shell}"
    path.write_text(capsys.readouterr().out, "utf-8")
    return path


def offered(*command: str) -> set[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return {line.split("\t")[0].strip() for line in done.stdout.splitlines() if line.strip()}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_in_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    for name, parser in all_parsers():
        assert name.rpartition(" ")[2] in text
        assert all(
            o.lstrip("-") in text
            for a in parser._actions
            if a.help != "==SUPPRESS=="
            for o in a.option_strings
        )


@pytest.mark.parametrize("line", OFFERS)
def test_bash_offers(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script("bash", tmp_path, capsys)
    assert offered("bash", "--norc", "-c", BASH, "bash", str(path), line) == OFFERS[line]


@pytest.mark.parametrize("line", OFFERS)
def test_fish_offers(line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = script("fish", tmp_path, capsys)
    assert offered("fish", "--no-config", "-c", f"source {path}; complete -C '{line}'") == OFFERS[line]


def test_zsh_reads_the_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert offered("zsh", "-f", "-n", str(script("zsh", tmp_path, capsys))) == set()
