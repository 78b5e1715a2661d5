"""``from mmdia.align import ...``: lazy, and complete."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mmdia.align as door


def test_every_name_opens_and_is_listed() -> None:
    from mmdia.align import Alignment, align
    from mmdia.align.result import Alignment as Home
    from mmdia.align.solve import align as solver

    assert (align, Alignment) == (solver, Home)
    for name in door.__all__:
        assert getattr(door, name).__name__ == name
    assert set(door.__all__) <= set(dir(door))


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(door, "nothing")  # noqa: B009


@pytest.mark.slow
def test_nothing_heavy_comes_before_it_is_asked_for() -> None:
    code = (
        "import sys, mmdia.align as d; assert 'numpy' not in sys.modules and 'mmdia.align.solve' not in "
        "sys.modules; d.align; assert 'mmdia.align.solve' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
