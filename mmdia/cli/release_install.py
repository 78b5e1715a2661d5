"""``mmdia release install``."""

from __future__ import annotations

import argparse
from typing import Any

from mmdia.cli.console import EXIT_DONE, note, print_json, say

DESCRIPTION = """\
Install a release for later commands, and make it the one in use.

Its files are compared with its checksums.json, where it has one, and all its
rows are validated; a release that fails is refused, and nothing changes.
"""

EPILOG = """\
examples:
  mmdia release install ~/mm-dia
  mmdia release install ~/mm-dia-1.0.zip --json
  mmdia release install ORG/NAME@v1.0
  mmdia release install ~/old-annotations --allow-errors
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    install = actions.add_parser(
        "install",
        help="install a release for later commands",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    install.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, .zip, .tar.gz, or ORG/NAME[@revision] on the Hugging Face Hub",
    )
    install.add_argument(
        "--allow-errors", action="store_true", help="install it although its rows have errors"
    )
    install.add_argument("--json", action="store_true", help="one JSON document on standard output")
    install.set_defaults(run=run_install)


def run_install(args: argparse.Namespace) -> int:
    """``mmdia release install``."""
    from mmdia.release.install import install

    done = install(args.source, allow_errors=args.allow_errors)
    if args.json:
        print_json(done.to_row())
        return EXIT_DONE
    head = done.handle.head
    how = "was installed already" if done.was_there else "installed"
    say(f"{head.name} {head.version} {how}: {done.handle.path}")
    for code, count in done.errors.items():
        note(f"mmdia: the release has errors: {code} {count}: {'; '.join(done.places[code])}")
    return EXIT_DONE
