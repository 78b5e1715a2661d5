"""``mmdia release info`` and ``mmdia release validate``."""

from __future__ import annotations

import argparse
from typing import Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, say

INFO_EPILOG = """\
examples:
  mmdia release info
  mmdia release info ~/mm-dia --json
"""
VALIDATE_DESCRIPTION = """\
Report every class of dirt in a release, with counts and examples. Nothing is
changed.

A release is valid when nothing breaks the contract; warnings and notes are for
you to look at. Exit status 1 when it is not valid.
"""
VALIDATE_EPILOG = """\
examples:
  mmdia release validate
  mmdia release validate ~/mm-dia --examples 10
  mmdia release validate ~/mm-dia --strict --json
"""


def add(actions: Any) -> None:
    """Add the actions to the parser."""
    raw = argparse.RawDescriptionHelpFormatter
    info = actions.add_parser(
        "info", help="what a release holds", description="Say what a release holds.",
        epilog=INFO_EPILOG, formatter_class=raw,
    )  # fmt: skip
    info.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    info.add_argument("--json", action="store_true", help="one JSON document on standard output")
    info.set_defaults(run=run_info)
    validate = actions.add_parser(
        "validate", help="report every class of dirt; change nothing", description=VALIDATE_DESCRIPTION,
        epilog=VALIDATE_EPILOG, formatter_class=raw,
    )  # fmt: skip
    validate.add_argument(
        "release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)"
    )
    validate.add_argument("--strict", action="store_true", help="warnings count as errors")
    validate.add_argument(
        "--examples", type=int, default=3, metavar="N", help="examples a class (default: 3)"
    )
    validate.add_argument("--json", action="store_true", help="one JSON document on standard output")
    validate.set_defaults(run=run_validate)


def run_info(args: argparse.Namespace) -> int:
    """``mmdia release info``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow
    from mmdia.release.info import release_info

    handle, route = locate_release(args.release)
    try:
        document = release_info(handle)
    except BrokenRow as error:
        error.hint = f"Run: mmdia release validate {handle.path}"
        raise
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
            value = ", ".join(str(v.get("name", v)) if isinstance(v, dict) else str(v) for v in value)
        rows.append((key.replace("_", " "), value))
    print_table(["what", "value"], rows)
    return EXIT_DONE


def run_validate(args: argparse.Namespace) -> int:
    """``mmdia release validate``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.validate import validate

    handle, _ = locate_release(args.release)
    report = validate(handle, max_examples=args.examples)
    good = report.passes(strict=args.strict)
    if args.json:
        print_json(report.to_row())
        return EXIT_DONE if good else EXIT_PARTIAL
    if report.findings:
        rows = [
            (f.severity, f.code, f.count, "; ".join(str(e) for e in f.examples[: args.examples]))
            for f in report.findings
        ]
        print_table(["severity", "class", ("count", "right"), "examples"], rows)
        for f in report.findings:
            say(f"  {f.code}: {f.text}")
            for place in f.places(len(f.examples)) if f.code == "broken_row" else ():
                say(f"    {place}")
            for path, meant in f.nearest.items():
                say(f"    {path}: did you mean {meant}?")
    say(f"{report.titles} titles, {report.dialogues} dialogues, {report.turns} turns checked")
    say("valid" if good else "not valid")
    return EXIT_DONE if good else EXIT_PARTIAL
