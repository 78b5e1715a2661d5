"""``mmdia release merge``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, print_json, print_table, say

DESCRIPTION = """\
Unite releases into a new one.

Dialogues that are equal in every field count once. Titles with one identifier
become one: the first release that states a fact is believed, the others fill in
what it leaves open. Withdrawals of any release hold for all.
"""
EPILOG = """\
examples:
  mmdia release merge films series --out all --name all --version 1.0
  mmdia release merge old new --out all --name all --version 2 --clash last

--clash says what holds where releases have different dialogues under one
identifier: refuse (the default), first, last, or rename.
"""
_SHOWN = 8


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "merge", help="unite releases", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    p.add_argument("releases", nargs="+", metavar="RELEASE", help="folders, the most trusted first")
    p.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the new release")
    p.add_argument("--name", required=True, help="its name")
    p.add_argument("--version", required=True, help="its version")
    p.add_argument("--license", metavar="SPDX", help="its licence; needed where theirs differ")
    p.add_argument(
        "--clash", choices=("refuse", "first", "last", "rename"), default="refuse",
        help="what holds where identifiers clash (default: refuse)",
    )  # fmt: skip
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release merge``."""
    from mmdia.corpus.locate import open_release
    from mmdia.release.merge import merge

    releases = [open_release(folder) for folder in args.releases]
    report = merge(
        releases, args.out, name=args.name, version=args.version, license=args.license, clash=args.clash
    )
    if args.json:
        print_json(report.to_row())
        return EXIT_DONE
    rows = [(f"{h.head.name} {h.head.version}", n) for h, n in zip(releases, report.taken, strict=True)]
    print_table(["release", ("dialogues taken", "right")], rows)
    _name("the same in several releases", report.same, ())
    _name("clashing identifiers", len(report.clashes), report.clashes)
    facts = tuple(f"{c.title_id} {c.field} {c.first!r}/{c.other!r}" for c in report.title_clashes)
    _name("facts of titles that differ (the first is kept)", len(facts), facts)
    _name("scenes that differ (the first is kept)", len(report.scene_clashes), report.scene_clashes)
    _name("titles that are now in several splits", len(report.split_clashes), report.split_clashes)
    sizes = f"{report.titles} titles, {report.dialogues} dialogues, {report.withdrawn} withdrawals"
    say(f"{sizes}: {report.path}")
    return EXIT_DONE


def _name(what: str, count: int, places: tuple[str, ...]) -> None:
    if count:
        more = f" and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
        listed = ", ".join(places[:_SHOWN]) + more
        say(f"  {what}: {count}" + (f" ({listed})" if listed else ""))
