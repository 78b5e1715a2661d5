"""The table of what somebody has of each part of a release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdia.cli.console import print_table


def print_shares(parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Print shares by split and tag.

    Args:
        parts: Rows of `mmdia.corpus.coverage.Share`, by part.
    """
    rows = [
        (
            name,
            part["built"],
            part["dialogues"],
            None if part["share"] is None else f"{100 * part['share']:.1f} %",
            f"{part['built_hours']:.2f}",
            f"{part['hours']:.2f}",
        )
        for name, part in parts.items()
    ]
    right = "right"
    heads: list[str | tuple[str, str]] = ["part", ("dialogues", right), ("of", right), ("share", right)]
    print_table([*heads, ("hours", right), ("of", right)], rows)
