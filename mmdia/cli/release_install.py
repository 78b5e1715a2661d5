"""``mmdia release install``."""

from __future__ import annotations

import argparse
from typing import Any

from mmdia.cli.console import EXIT_DONE, print_json, say


def add(actions: Any) -> None:
    """Add the action to the parser."""
    install = actions.add_parser("install", help="install a release for later commands")
    install.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, .zip, .tar.gz, or ORG/NAME[@revision] on the Hugging Face Hub",
    )
    install.add_argument("--json", action="store_true", help="one JSON document on standard output")
    install.set_defaults(run=run_install)


def run_install(args: argparse.Namespace) -> int:
    """``mmdia release install``."""
    from mmdia.release.install import install

    done = install(args.source)
    if args.json:
        print_json(done.to_row())
        return EXIT_DONE
    head = done.handle.head
    how = "was installed already" if done.was_there else "installed"
    say(f"{head.name} {head.version} {how}: {done.handle.path}")
    return EXIT_DONE
