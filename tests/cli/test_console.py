"""Tables: one line a row, whole in a pipe, cut to fit on a terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from mmdia.cli import console


def test_in_a_pipe_nothing_is_cut_or_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    path = "a very long folder name/" * 8 + "film.mkv"
    console.print_table(["title", "file", ("n", "right")], [("tt1", path, 12345), ("tt2", None, 7)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert path in lines[2]
    assert lines[2].endswith("12345")
    assert all(line == line.rstrip() for line in lines)


def test_a_terminal_gets_lines_that_fit_with_whole_numbers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def terminal(*, stderr: bool) -> Console:
        return Console(width=60, force_terminal=True, color_system=None, highlight=False)

    monkeypatch.setattr(console, "_console", terminal)
    rows = [("tt0050083", "12 Angry Men (1957)/12.Angry.Men.1957.1080p.BluRay.mkv" * 2, 123456, "speed")]
    console.print_table(["title", "file", ("dialogues", "right"), "verdict"], rows)
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 3
    assert all(len(line) <= 60 for line in lines)
    assert "123456" in lines[2]
    assert "…" in lines[2]


def test_the_text_of_a_release_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(["[/red]\x1b[2J"], [("\x1b]0;title\x07[bold]é\u202e",)])
    console.say("a\x9bb\tc\rd\n")
    console.note("\x1b[1A")
    out, err = capsys.readouterr()
    assert "[/red]\\x1b[2J" in out
    assert "\\x1b]0;title\\x07[bold]é\\u202e" in out
    assert "a\\x9bb\tc\\x0dd\n" in out
    assert err == "\\x1b[1A\n"
