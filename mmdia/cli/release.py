"""``mmdia release``: make, check, describe, publish and install annotation releases.

Each action is a module of its own, ``release_*.py``, with `add`.
"""

from __future__ import annotations

import argparse
import importlib
from typing import Any

#: Modules in the order of help.
ACTIONS = (
    "look", "install", "installed", "import", "stats", "categorise", "split", "merge", "diff", "export",
    "card", "publish", "fetch", "fingerprint",
)  # fmt: skip

EPILOG = """\
examples:
  mmdia release info
  mmdia release info ~/mm-dia --json
  mmdia release validate ~/mm-dia
  mmdia release validate ~/mm-dia --strict
  mmdia release install ~/mm-dia-1.0.zip
  mmdia release install ORG/NAME
  mmdia release fetch --media-dir ~/films
  mmdia release fingerprint film.mkv --release ~/mm-dia --title tt0059742
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "release",
        help="make, check, describe, publish and install annotation releases",
        description="Make, check, describe, publish and install annotation releases.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = p.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name in ACTIONS:
        importlib.import_module(f"mmdia.cli.release_{name}").add(actions)
