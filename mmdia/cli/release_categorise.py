"""``mmdia release categorise``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, note, print_json, print_table, say

DESCRIPTION = """\
Place raw labels of relationship and interaction in the vocabulary's
categories, and give non-verbal marks their kind, label and tag by the shipped
table. Reports what became of every label; with --out or --in-place it also
writes the release. Raw labels are kept. What no rule places stays null.
"""

EPILOG = """\
examples:
  mmdia release categorise ~/mm-dia
  mmdia release categorise ~/mm-dia --unknown unknown.csv
  mmdia release categorise ~/mm-dia --map unknown.csv --out ~/mm-dia-2
  mmdia release categorise ~/mm-dia --in-place --json

A table for --map is a CSV file with the columns axis, label, category; what
--unknown writes is one, to be filled in.
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "categorise",
        help="raw labels to categories, non-verbal marks to known ones",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    where = p.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="DIR", help="write a new release here")
    where.add_argument("--in-place", action="store_true", help="replace the release")
    p.add_argument("--vocab", metavar="NAME", help="vocabulary (default: the release's)")
    p.add_argument("--map", type=Path, metavar="FILE", help="your own table, before every other rule")
    p.add_argument("--again", action="store_true", help="place anew what has a category already")
    p.add_argument("--unknown", type=Path, metavar="FILE", help="write labels that no rule places")
    p.add_argument("--most", type=int, default=12, metavar="N", help="labels to print (default: 12)")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release categorise``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow, UsageError
    from mmdia.release.categorise import categoriser_of, survey
    from mmdia.release.categorise_write import write_categorised, write_unknown

    handle, route = locate_release(args.release)
    if args.in_place and args.release is None:
        raise UsageError("--in-place needs a release that is named", hint="Name its folder.")
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    categoriser = categoriser_of(handle, vocab=args.vocab, own=args.map, again=args.again)
    written = None
    try:
        if args.out is not None or args.in_place:
            out = handle.path if args.in_place else args.out
            written = write_categorised(handle, out, categoriser, in_place=args.in_place)
        else:
            survey(handle, categoriser)
    except BrokenRow as error:
        error.hint = f"Run: mmdia release validate {handle.path}"
        raise
    if args.unknown is not None:
        n = write_unknown(args.unknown, categoriser)
        note(f"mmdia: {n} labels written to {args.unknown}")
    document = {**categoriser.to_row(), "out": None if written is None else str(written)}
    if args.json:
        print_json(document)
        return EXIT_DONE
    for axis in ("relationship", "interaction"):
        _show_axis(axis, document[axis], args.most)
    _show_marks(document["nonverbal"], args.most)
    done = f"{document['changed']} of {document['dialogues']} dialogues"
    say(
        f"{done} changed; written to {written}" if written else f"{done} would change (nothing was written)"
    )
    return EXIT_DONE


def _show_axis(axis: str, report: dict[str, Any], most: int) -> None:
    facts = [f"{report[key]} {key}" for key in ("kept", "placed", "unknown") if report[key]]
    facts += [f"{report['strays']} of strays"] if report["strays"] else []
    facts += [f"{report['without']} without a label"] if report["without"] else []
    say(f"{axis}: {', '.join(facts) or 'no dialogues'}")
    if report["pairs_placed"] or report["pairs_unknown"]:
        say(f"  pairs: {report['pairs_placed']} placed, {report['pairs_unknown']} unknown")
    placed, unknown, other = report["labels"], report["unknown_labels"], report["disagreements"]
    if placed:
        print_table(
            ["label", "category", "rule", ("n", "right"), "would also fit"],
            [
                (r["label"], r["category"], r["rule"], r["n"], ", ".join(r["alternatives"]) or None)
                for r in placed[:most]
            ],
            footer=_more(placed, most),
        )
    if unknown:
        print_table(
            ["unknown label", ("n", "right")],
            [(r["label"], r["n"]) for r in unknown[:most]],
            footer=_more(unknown, most),
        )
    if other:
        print_table(
            ["label", "has", "rules give", ("n", "right")],
            [(r["label"], r["category"], r["rules_give"], r["n"]) for r in other[:most]],
            footer=_more(other, most),
        )
    say()


def _show_marks(report: dict[str, Any], most: int) -> None:
    if not report["events"]:
        say("non-verbal: no events")
        return
    facts = [f"{report[key]} {key}" for key in ("events", "filled", "unknown")]
    facts += [f"{report['disagree']} of another kind than the table's"] if report["disagree"] else []
    say(f"non-verbal: {', '.join(facts)}")
    rows = [(r["label"], r["kind"], "" if r["known"] else "unknown", r["n"]) for r in report["labels"]]
    print_table(["label", "kind", "table", ("n", "right")], rows[:most], footer=_more(rows, most))


def _more(rows: list[Any], most: int) -> str | None:
    return f"... {len(rows) - most} more" if len(rows) > most else None
