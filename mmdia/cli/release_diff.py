"""``mmdia release diff``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, print_json, print_table, say

if TYPE_CHECKING:
    from mmdia.release.diff import Change, ReleaseDiff, TableDiff

DESCRIPTION = """\
Compare two releases row by row and field by field.

Rows meet by their identifiers, so their order is no difference. Exit status 1
when a row differs.
"""
EPILOG = """\
examples:
  mmdia release diff mm-dia-1.0 mm-dia-1.1
  mmdia release diff mm-dia-1.0 mm-dia-1.1 --examples 10
  mmdia release diff mm-dia-1.0 mm-dia-1.1 --json
"""
#: Most identifiers that are named on the terminal; ``--json`` has all.
_SHOWN = 8
_WIDTH = 40


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "diff", help="what differs between two releases", description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    p.add_argument("a", metavar="RELEASE", help="folder of the first release")
    p.add_argument("b", metavar="OTHER", help="folder of the second")
    p.add_argument("--examples", type=int, default=1, metavar="N", help="examples a field (default: 1)")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release diff``."""
    from mmdia.corpus.locate import open_release
    from mmdia.release.diff import diff

    found = diff(open_release(args.a), open_release(args.b), examples=max(0, args.examples))
    if args.json:
        print_json(found.to_row())
    else:
        _show(found)
    return EXIT_DONE if found.same else EXIT_PARTIAL


def _show(found: ReleaseDiff) -> None:
    say(f"a: {found.a}")
    say(f"b: {found.b}")
    rows = [
        (name, t.same, len(t.changed), len(t.added), len(t.removed))
        for name, t in found.tables.items()
        if t.same or not t.equal
    ]
    heads = ("same", "changed", "only b", "only a")
    print_table(["table", *[(word, "right") for word in heads]], rows)
    for name, table in found.tables.items():
        _show_fields(name, table)
        _show_ids(f"{name} only in b", table.added)
        _show_ids(f"{name} only in a", table.removed)
    for change in found.head:
        say(f"release.json: {_words(change)}")
    say("the same rows" if found.same else "the releases differ")


def _show_fields(name: str, table: TableDiff) -> None:
    if not table.fields:
        return
    rows: list[tuple[str, int | None, str]] = []
    for part, count in table.fields.items():
        shown = [f"{c.id}: {_values(c)}" for c in table.examples if c.field == part]
        rows.append((part, count, shown[0] if shown else ""))
        rows += [("", None, example) for example in shown[1:]]
    print_table([f"{name}: field", ("rows", "right"), "example: a -> b"], rows)


def _show_ids(title: str, ids: tuple[str, ...]) -> None:
    if ids:
        more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
        say(f"{title}: {', '.join(ids[:_SHOWN])}{more}")


def _words(change: Change) -> str:
    return f"{change.field}: {_values(change)}"


def _values(change: Change) -> str:
    a, b = _first_difference(change.a, change.b)
    return " -> ".join(_around(*pair) for pair in _texts(a, b))


def _first_difference(a: Any, b: Any) -> tuple[Any, Any]:
    """Of two lists of one length, the first items that differ: a turn rather than all of them."""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return next((pair for pair in zip(a, b, strict=True) if pair[0] != pair[1]), (a, b))
    return a, b


def _texts(a: Any, b: Any) -> list[tuple[str, int]]:
    """Both values as text, each with the place where they begin to differ."""
    texts = ["–" if value is None else json.dumps(value, ensure_ascii=False) for value in (a, b)]
    first = next(
        (i for i, pair in enumerate(zip(*texts, strict=False)) if pair[0] != pair[1]), min(map(len, texts))
    )
    return [(text, first) for text in texts]


def _around(text: str, place: int) -> str:
    """Some 40 characters of a text, with that place among them."""
    if len(text) <= _WIDTH:
        return text
    start = max(0, min(place - _WIDTH // 3, len(text) - _WIDTH))
    end = start + _WIDTH
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")
