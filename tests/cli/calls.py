"""Calling the command line as a user does, inside the test's process."""

from __future__ import annotations

import pytest

from mmdia.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    status = main([str(w) for w in words])
    out, err = capsys.readouterr()
    return status, out, err


def one_line(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    status, out, err = run(capsys, *words)
    assert status == 2
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("mmdia: ")
    return err
