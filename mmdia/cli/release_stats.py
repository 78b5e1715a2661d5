"""``mmdia release stats``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, OldName, note, print_json, print_table, say

DESCRIPTION = """\
Statistics of a release: every row of the paper's Table 3 and its Table 1 row,
for all dialogues, each split and each subset, beside what is printed for
MM-DIA, MM-DIA-BENCH and MELD; and which interactions go with which
relationships. --report draws Figure 3 and more on one page.
"""

EPILOG = """\
examples:
  mmdia release stats
  mmdia release stats ~/mm-dia --report stats.html
  mmdia release stats ~/mm-dia --groups all subset:bench
  mmdia release stats ~/mm-dia --lift
  mmdia release stats ~/mm-dia --definitions
  mmdia release stats ~/mm-dia --json
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "stats",
        help="statistics of a release beside the paper's Table 3",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument(
        "--groups",
        nargs="+",
        metavar="KEY",
        help="only these: all, split:NAME, subset:TAG (default: every)",
    )
    p.add_argument("--report", type=Path, metavar="FILE", help="write one self-contained page of figures")
    p.add_argument(
        "--html", dest="report", type=Path, action=OldName, metavar="report", help=argparse.SUPPRESS
    )
    p.add_argument("--lift", action="store_true", help="print relationship x interaction, every cell")
    p.add_argument("--definitions", action="store_true", help="print what each row means")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release stats``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow
    from mmdia.release.statistics import statistics, statistics_document

    handle, route = locate_release(args.release)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    try:
        found = statistics(handle)
    except BrokenRow as error:
        error.hint = f"Run: mmdia release validate {handle.path}"
        raise
    document = statistics_document(handle, found)
    if args.groups:
        document["groups"] = _chosen(document["groups"], args.groups)
    if args.report is not None:
        _write_page(document, args.report)
    if args.json:
        print_json(document)
        return EXIT_DONE
    _show_table3(document)
    _show_table1(document)
    first = next(iter(document["groups"].values()))
    _show_links(first)
    if args.lift:
        _show_lift(first)
    _show_words(first)
    _show_left_out(document["groups"])
    if args.definitions:
        say()
        for row in document["rows"]:
            say(f"{row['name']}: {row['definition']}")
    return EXIT_DONE


def _chosen(groups: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    from mmdia.errors import UsageError

    for key in keys:
        if key not in groups:
            raise UsageError("no such group", expected=", ".join(groups), got=repr(key))
    return {key: groups[key] for key in keys}


def _write_page(document: dict[str, Any], path: Path) -> None:
    from mmdia.pages.stats import stats_page
    from mmdia.store.atomic import write_text

    write_text(path.expanduser(), stats_page(document))
    note(f"mmdia: page written to {path}")


def figure(value: float | str | None, digits: int) -> str | None:
    """A value as the table prints it: thousands apart, the row's decimals."""
    if value is None or isinstance(value, str):
        return value
    return f"{value:,.{digits}f}"


#: Groups beside each other in a table; more go into further tables.
_BESIDE = 5


def _names(groups: dict[str, Any]) -> dict[str, str]:
    """Headings of groups: "train" for "split:train", unless a subset is called so, too."""
    short = {key: key.partition(":")[2] or key for key in groups}
    plain = list(short.values())
    return {key: name if plain.count(name) == 1 else key for key, name in short.items()}


def _show_table3(document: dict[str, Any]) -> None:
    groups, others, names = document["groups"], document["others"], _names(document["groups"])
    keys = list(groups)
    say(f"Table 3: {document['name']} {document['version']}")
    for first in range(0, len(keys), _BESIDE):
        shown = keys[first : first + _BESIDE]
        columns: list[str | tuple[str, str]] = ["statistic"]
        columns += [(names[key], "right") for key in shown] + [(name, "other") for name in others]
        rows = []
        for row in document["rows"]:
            own = [figure(groups[key]["table3"][row["key"]], row["digits"]) for key in shown]
            if row["in_table3"] or any(value is not None for value in own):
                rows.append((row["name"], *own, *[row["printed"][name] for name in others]))
        print_table(columns, rows)
        say()


def _show_table1(document: dict[str, Any]) -> None:
    names = _names(document["groups"])
    rows = [(names[key], *group["table1"].values()) for key, group in document["groups"].items()]
    rows += [(name, *cells.values()) for name, cells in document["table1_printed"].items()]
    columns: list[str | tuple[str, str]] = [
        "Table 1",
        *((name, "right") for name in document["table1_definitions"]),
    ]
    print_table(columns, rows)
    say()


def _show_links(group: dict[str, Any]) -> None:
    lift = group["lift"]
    if not lift["n"]:
        say("No dialogue has both categories. Raw labels are placed by: mmdia release categorise")
        return
    rows = []
    for link in group["links"]:
        cell = link["cell"] or {}
        sense = "is where most is" if link["sense"] == "most" else "has more than others of"
        numbers = [cell.get("n"), figure(cell.get("expected"), 1), figure(cell.get("lift"), 2)]
        rows.append(
            (f"{link['relationship']} {sense} {link['interaction']}", *numbers, cell.get("rank"),
             p_text(cell.get("p")), link["verdict"])
        )  # fmt: skip
    right = [(name, "right") for name in ("n", "expected", "lift", "rank", "p")]
    strength = lift["cramers_v"]
    footer = f"{lift['n']:,} dialogues with both labels; chi2 {lift['chi2']:,.1f}, dof {lift['dof']}"
    footer += "" if strength is None else f", Cramer's V {strength:.2f}"
    print_table(["the paper's links (3.5)", *right, "here"], rows, footer=footer)


def p_text(p: float | None) -> str | None:
    """A p-value in print."""
    if p is None:
        return None
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _show_lift(group: dict[str, Any]) -> None:
    cells = sorted(group["lift"]["cells"], key=lambda c: (-c["lift"], c["relationship"], c["interaction"]))
    rows = [
        (c["relationship"], c["interaction"], c["n"], figure(c["expected"], 1), figure(c["lift"], 2),
         p_text(c["p_adjusted"]), "*" if c["significant"] else "")
        for c in cells
    ]  # fmt: skip
    say()
    numbers = [(name, "right") for name in ("n", "expected", "lift", "p (Holm)")]
    print_table(["relationship", "interaction", *numbers, "sig."], rows)


#: Words of turns that are printed; --json has them all.
_MOST_WORDS = 12


def _show_words(group: dict[str, Any]) -> None:
    for name in ("emotions", "sentiments"):
        counts = group["counts"][name]
        if counts:
            shown = ", ".join(f"{word} {n:,}" for word, n in list(counts.items())[:_MOST_WORDS])
            more = len(counts) - _MOST_WORDS
            say(f"turns by {name[:-1]}: {shown}{f', {more:,} more' if more > 0 else ''}")


def _show_left_out(groups: dict[str, Any]) -> None:
    first = next(iter(groups.values()))
    if first["left_out"]:
        facts = ", ".join(f"{n:,} {why.replace('_', ' ')}" for why, n in first["left_out"].items())
        say(f"left out: {facts}")
