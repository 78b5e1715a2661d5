"""Rooms that are called like functions: ``mmdia.align(...)`` and ``mmdia.rebuild(...)``."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType


class _Verb(ModuleType):
    """A room whose call is that of the command of its name; the code is opened by the first call."""

    def _verb(self) -> object:
        return getattr(importlib.import_module("mmdia.cli.python"), self.__name__.rpartition(".")[2])

    def __call__(self, *operands: object, **options: object) -> object:
        return self._verb()(*operands, **options)  # type: ignore[operator]

    @property
    def __signature__(self) -> object:
        import inspect

        return inspect.signature(self._verb())  # type: ignore[arg-type]

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        name = self.__name__.rpartition(".")[2]
        return f"{name}{self.__signature__}\n\n{self._verb().__doc__}"


def make_callable(room: str) -> None:
    """Let a room be called; it does so itself when it is imported, by whatever way."""
    sys.modules[room].__class__ = _Verb
