"""Pages do what they say: every example runs, every link leads somewhere, every command is there."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mmdia.cli.main import all_parsers, build_parser

from .blocks import REPO, Desk, matches, run_page

PAGES = sorted([REPO / "README.md", REPO / "CONTRIBUTING.md", *(REPO / "docs").glob("*.md")])
EXECUTED = [p for p in PAGES if re.search(r"^```(console|python)$", p.read_text("utf-8"), re.MULTILINE)]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("made-once")


@pytest.mark.slow
@pytest.mark.parametrize("page", EXECUTED, ids=lambda p: p.name)
def test_the_examples_of_a_page_run_and_print_what_it_says(page: Path, tmp_path: Path, made: Path) -> None:
    assert run_page(page, Desk(tmp_path, made)) > 0


def test_the_pages_that_matter_have_examples() -> None:
    assert {"README.md", "tutorial.md", "dataset.md", "train.md"} <= {p.name for p in EXECUTED}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


COMMANDS = dict(all_parsers())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_is_documented(name: str) -> None:
    parser = COMMANDS[name]
    assert f"## `{name}`" in (REPO / "docs" / "reference" / "cli.md").read_text("utf-8")
    for action in parser._actions:
        if action.option_strings and not isinstance(action, argparse._SubParsersAction):
            assert action.help or action.choices, f"{name} {action.option_strings} has no help"
    assert all(len(line) <= 80 for line in (parser.epilog or "").splitlines())


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in COMMANDS if COMMANDS[n].epilog])
def test_examples_of_help_are_command_lines_that_parse(name: str) -> None:
    lines = [
        line.strip().split("     ")[0]
        for line in (COMMANDS[name].epilog or "").splitlines()
        if line.startswith("  mmdia ")
    ]
    assert lines
    for line in lines:
        build_parser().parse_args(shlex.split(line)[1:])


@pytest.mark.slow
def test_the_reference_is_current() -> None:
    command = [sys.executable, str(REPO / "tools" / "make_reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_comparison_of_output_can_fail() -> None:
    assert matches("a 1.5 s\nb\n", "a ... s\nb")
    assert matches("a\nx\ny\nb", "a\n...\nb")
    assert not matches("a\nc", "a\nb")
    assert not matches("a\nb\nc", "a\nb")
    assert not matches("a", "a\n...\nb")
    assert matches("[x] y?", "[x] y?")
