"""``mmdia facts``: what the paper prints, with its place and what it leaves open."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, print_json, print_table, say

if TYPE_CHECKING:
    from mmdia.schema.facts import Facts, Item, Number, Table

EPILOG = """\
examples:
  mmdia facts
  mmdia facts table3
  mmdia facts table4 --json
  mmdia facts hard_clips
  mmdia facts f1_overlap

Values are as printed. What the paper leaves open is told with them; nothing is
guessed. docs/reference/paper.md says which command prints our figure beside
each of them.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "facts",
        help="the paper's tables and numbers, each with its place",
        description="Print the paper's tables, numbers, formulas and figures, each with its place.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("name", nargs="?", metavar="NAME", help="a table (table3, 3), or a name of the list")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.schema.facts import FACTS_SCHEMA, Table, paper

    facts = paper()
    if args.name is None:
        if args.json:
            print_json(facts.to_row())
        else:
            _list(facts)
        return EXIT_DONE
    found = facts.find(args.name)
    if args.json:
        print_json({"schema": FACTS_SCHEMA, **found.to_row()})
    elif isinstance(found, Table):
        _table(found)
    else:
        _one(found)
    return EXIT_DONE


def _list(facts: Facts) -> None:
    say(facts.source)
    say()
    print_table(
        ["table", "place", "rows", "caption"],
        [(t.name, t.place, len(t.rows), t.caption) for t in facts.tables.values()],
    )
    say()
    print_table(
        ["number", "value", "unit", "place"],
        [(n.name, _value(n), n.unit or None, n.place) for n in facts.numbers.values()],
    )
    say()
    print_table(
        ["item", "kind", "place", "what"],
        [(i.name, i.kind, i.place, i.text) for i in facts.items.values()],
    )


def _table(table: Table) -> None:
    say(f"{table.place}: {table.caption}")
    say()
    print_table(list(table.columns), [[row[c] or None for c in table.columns] for row in table.rows])
    for head, lines in (("left open:", table.ambiguities), ("notes:", table.notes)):
        if lines:
            say()
            say(head)
            for line in lines:
                say(f"  {line}")


def _one(found: Number | Item) -> None:
    from mmdia.schema.facts import Number

    if isinstance(found, Number):
        say(f"{_value(found)} {found.unit}".rstrip())
        if found.text:
            say(f"printed: {found.text}")
    else:
        say(f"{found.kind}: {found.text}")
    say(f"place: {found.place}")
    if found.note:
        say(f"left open: {found.note}")


def _value(number: Number) -> str:
    values = number.value if isinstance(number.value, tuple) else (number.value,)
    return " : ".join(f"{v:,.0f}" if v == int(v) and abs(v) >= 1000 else f"{v:g}" for v in values)
