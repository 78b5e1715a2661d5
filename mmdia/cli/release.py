"""``mmdia release``: look at annotation releases."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, say

EPILOG = """\
examples:
  mmdia release info
  mmdia release info ~/mm-dia --json
  mmdia release validate ~/mm-dia
  mmdia release validate ~/mm-dia --strict
  mmdia release install ~/mm-dia-1.0.zip
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "release",
        help="look at, check and install annotation releases",
        description="Look at, check and install annotation releases.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = p.add_subparsers(dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="what a release holds")
    info.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    info.add_argument("--json", action="store_true", help="one JSON document on standard output")
    info.set_defaults(run=run_info)
    validate = actions.add_parser("validate", help="report every class of dirt; change nothing")
    validate.add_argument(
        "release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)"
    )
    validate.add_argument("--strict", action="store_true", help="warnings count as errors")
    validate.add_argument(
        "--examples", type=int, default=3, metavar="N", help="examples a class (default: 3)"
    )
    validate.add_argument("--json", action="store_true", help="one JSON document on standard output")
    validate.set_defaults(run=run_validate)
    install = actions.add_parser("install", help="install a release for later commands")
    install.add_argument("source", type=Path, metavar="SOURCE", help="folder, .zip or .tar.gz")
    install.set_defaults(run=run_install)


def run_info(args: argparse.Namespace) -> int:
    """``mmdia release info``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.info import release_info

    handle, route = locate_release(args.release)
    document = release_info(handle)
    if args.json:
        print_json(document)
        return EXIT_DONE
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    rows = []
    for key, value in document.items():
        if key == "schema" or value in (None, [], {}, ""):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(str(v) for v in value)
        rows.append((key.replace("_", " "), value))
    print_table(["what", "value"], rows)
    return EXIT_DONE


def run_validate(args: argparse.Namespace) -> int:
    """``mmdia release validate``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.validate import validate_release

    handle, _ = locate_release(args.release)
    report = validate_release(handle, examples=args.examples)
    good = report.clean if args.strict else report.ok
    if args.json:
        print_json(report.to_row())
        return EXIT_DONE if good else EXIT_PARTIAL
    if report.classes:
        print_table(
            ["class", ("count", "right"), "severity", "examples"],
            [(c.code, c.count, c.severity, ", ".join(c.examples)) for c in report.classes],
        )
    say(f"{report.dialogues} dialogues, {report.turns} turns, {report.titles} titles checked")
    say("valid" if good else "not valid: see the errors above")
    return EXIT_DONE if good else EXIT_PARTIAL


def run_install(args: argparse.Namespace) -> int:
    """``mmdia release install``."""
    from mmdia.release.install import install

    handle = install(args.source)
    say(f"installed {handle.head.name} {handle.head.version} in {handle.path}")
    return EXIT_DONE
