"""``mmdia release merge``."""

from __future__ import annotations

from typing import Any


def add(actions: Any) -> None:
    """Add the action to the parser."""
