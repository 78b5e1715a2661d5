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
    assert all(len(line) <= 60 for line in lines)
    assert "123456" in lines[2]
    assert "…" not in "".join(lines)


def at_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        console, "_console", lambda *, stderr: Console(width=width, force_terminal=True, color_system=None)
    )


def test_figures_of_others_go_first_and_what_is_left_comes_in_further_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_width(44, monkeypatch)
    own = [(f"own{n}", "right") for n in range(5)]
    others = [("paper", "other"), ("MELD", "other")]
    console.print_table(["row", *own, *others], [("a row", *(f"{n}23,456.78" for n in range(7)))])
    out = capsys.readouterr().out
    assert all(f"{n}23,456.78" in out for n in range(5))
    assert "523,456.78" not in out
    assert "no room here for: paper, MELD" in out
    assert out.count("a row") == 2
    assert max(map(len, out.splitlines())) <= 60
    at_width(44, monkeypatch)
    console.print_table(["row", own[0], *others], [("a row", "1", "2", "3")])
    assert "MELD" in capsys.readouterr().out


def test_commands_are_never_wrapped_and_text_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_width(60, monkeypatch)
    cure = "pip install 'mmdia[media-extra]'"
    console.print_table(["name", "use", ("cure", "whole")], [("x", "many words of what it is for", cure)])
    lines = capsys.readouterr().out.splitlines()
    assert cure in lines[2]
    assert all(len(line.rstrip()) <= 60 for line in lines)
    assert "…" not in "".join(lines)


def test_the_text_of_a_release_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(["[/red]\x1b[2J"], [("\x1b]0;title\x07[bold]é\u202e",)])
    console.say("a\x9bb\tc\rd\n")
    console.note("\x1b[1A")
    out, err = capsys.readouterr()
    assert "[/red]\\x1b[2J" in out
    assert "\\x1b]0;title\\x07[bold]é\\u202e" in out
    assert "a\\x9bb\tc\\x0dd\n" in out
    assert err == "\\x1b[1A\n"
