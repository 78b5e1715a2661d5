"""The alignment room: cues in, time map and verdict out. No files, no media.

``mmdia.align(annotation, media)`` is the command (`mmdia.cli.python`). The door of the room itself is
``from mmdia.align import align, Alignment``; the names open lazily, and nothing heavy is imported until
asked for. Inside the project import the files: `mmdia.align.solve` (the solver),
`mmdia.align.result` (what it returns), `mmdia.align.track` (cues as arrays).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmdia._verbs import make_callable

if TYPE_CHECKING:
    from mmdia.align.result import Alignment, Discrepancy, LineFit, ReviewItem
    from mmdia.align.solve import align

__all__ = ["Alignment", "Discrepancy", "LineFit", "ReviewItem", "align"]

_HOMES = {
    "Alignment": "mmdia.align.result",
    "Discrepancy": "mmdia.align.result",
    "LineFit": "mmdia.align.result",
    "ReviewItem": "mmdia.align.result",
    "align": "mmdia.align.solve",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


make_callable(__name__)
