"""``mmdia release list``, ``use`` and ``remove``."""

from __future__ import annotations

import argparse
from typing import Any

from mmdia.cli.console import EXIT_DONE, print_json, print_table, say

EPILOG_LIST = """\
examples:
  mmdia release list
  mmdia release list --json
"""
EPILOG_USE = """\
examples:
  mmdia release use mm-dia
  mmdia release use mm-dia@1.0.0
"""
EPILOG_REMOVE = """\
examples:
  mmdia release remove mm-dia@0.9.0
"""
_NAME = "NAME, or NAME@VERSION where several versions are installed"


def add(actions: Any) -> None:
    """Add the actions to the parser."""
    raw = argparse.RawDescriptionHelpFormatter
    listing = actions.add_parser(
        "list", help="the installed releases", description="List the installed releases.",
        epilog=EPILOG_LIST, formatter_class=raw,
    )  # fmt: skip
    listing.add_argument("--json", action="store_true", help="one JSON document on standard output")
    listing.set_defaults(run=run_list)
    use = actions.add_parser(
        "use", help="choose the installed release that commands use",
        description="Choose the installed release that is used when none is named.",
        epilog=EPILOG_USE, formatter_class=raw,
    )  # fmt: skip
    use.add_argument("name", metavar="NAME", help=_NAME)
    use.add_argument("--json", action="store_true", help="one JSON document on standard output")
    use.set_defaults(run=run_use)
    remove = actions.add_parser(
        "remove", help="remove an installed release",
        description="Remove an installed release. Clips that were made from it stay.",
        epilog=EPILOG_REMOVE, formatter_class=raw,
    )  # fmt: skip
    remove.add_argument("name", metavar="NAME", help=_NAME)
    remove.add_argument("--json", action="store_true", help="one JSON document on standard output")
    remove.set_defaults(run=run_remove)


def run_list(args: argparse.Namespace) -> int:
    """``mmdia release list``."""
    from mmdia.release.installed import LIST_SCHEMA, installed_releases

    found = installed_releases()
    if args.json:
        print_json({"schema": LIST_SCHEMA, "releases": [r.to_row() for r in found]})
    elif not found:
        say("none installed; commands use the bundled demo (mmdia release install SOURCE)")
    else:
        rows = [
            ("*" if r.in_use else "", r.name, r.version, r.titles, r.dialogues, r.problem or str(r.path))
            for r in found
        ]
        print_table(
            ["in use", "name", "version", ("titles", "right"), ("dialogues", "right"), "folder"], rows
        )
    return EXIT_DONE


def run_use(args: argparse.Namespace) -> int:
    """``mmdia release use``."""
    from mmdia.release.installed import use_release

    handle = use_release(args.name)
    if args.json:
        document = {"name": handle.head.name, "version": handle.head.version, "path": str(handle.path)}
        print_json({"schema": "mmdia.release-use/1", **document})
    else:
        say(f"in use: {handle.head.name} {handle.head.version}: {handle.path}")
    return EXIT_DONE


def run_remove(args: argparse.Namespace) -> int:
    """``mmdia release remove``."""
    from mmdia.release.installed import remove_release

    gone = remove_release(args.name)
    if args.json:
        print_json({"schema": "mmdia.release-remove/1", **gone.to_row()})
        return EXIT_DONE
    say(f"removed: {gone.name} {gone.version or ''}".rstrip())
    if gone.in_use:
        say("it was in use; now none is (mmdia release use NAME)")
    return EXIT_DONE
