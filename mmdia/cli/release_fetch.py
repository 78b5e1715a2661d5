"""``mmdia release fetch``: another name of ``mmdia fetch``."""

from __future__ import annotations

import argparse
from typing import Any

from mmdia.cli.fetch import DESCRIPTION, EPILOG, add_options


def add(actions: Any) -> None:
    """Add the action to the parser."""
    fetch = actions.add_parser(
        "fetch",
        help="download the open films of a release (the same as mmdia fetch)",
        description=DESCRIPTION,
        epilog=EPILOG.replace("mmdia fetch", "mmdia release fetch"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(fetch)
