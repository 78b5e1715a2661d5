"""``mmdia find``: search the annotations of a release; no film is needed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, OldName, lasting, note, print_json, print_table, say
from mmdia.cli.find_options import add_options, order_of, query_of

if TYPE_CHECKING:
    from mmdia.corpus.locate import ReleaseHandle
    from mmdia.release.find_query import Query
    from mmdia.release.find_rows import Found

DESCRIPTION = """\
Find dialogues by their annotations. Words of one option mean any of them
(--relationship Friends,Family), options together mean all of them. What a
dialogue does not say fits no option.
"""

EPILOG = """\
examples:
  mmdia find --relationship Workplace --min-intensity 7
  mmdia find --relationship Workplace --min-intensity 7 -o subset
  mmdia find ~/mm-dia --genders female+male --sort intensity --desc
  mmdia find --text "I'm sorry" --nonverbal vocal --ids
  mmdia find --subset bench --sample 50 --seed 1 -o fifty.txt
  mmdia find --in fifty.txt --report gallery.html --clips clips

-o writes identifiers (NAME.txt), rows (NAME.jsonl), or a release of its own
(any other name: a new folder). Exit status 1 says that nothing was found.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "find",
        help="search a release by its annotations; make subsets and galleries",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument("--annotations", metavar="RELEASE", help="the same as RELEASE")
    add_options(p)
    out = p.add_argument_group("what to do with them")
    out.add_argument("-o", "--out", metavar="NAME", help="write them: NAME.txt, NAME.jsonl, or a release")
    out.add_argument("--report", type=Path, metavar="PAGE", help="a gallery of them, one HTML file")
    out.add_argument(
        "--html", dest="report", type=Path, action=OldName, metavar="report", help=argparse.SUPPRESS
    )
    out.add_argument("--cards", type=int, default=500, metavar="N", help="most cards of it (default: 500)")
    out.add_argument("--clips", type=Path, metavar="DIR", help="a rebuild's output: the gallery plays it")
    out.add_argument("--show", type=int, default=20, metavar="N", help="rows to print (default: 20)")
    out.add_argument("--ids", action="store_true", help="print identifiers alone, one a line")
    out.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow, UsageError
    from mmdia.release.find_rows import find

    if args.clips is not None and args.report is None:
        raise UsageError("--clips is for the gallery", hint="Name its page: --report gallery.html")
    if args.cards < 0 or args.show < 0:
        raise UsageError("--cards and --show must not be negative")
    if args.release is not None and args.annotations is not None:
        raise UsageError("the release is named twice", got=f"{args.release}, {args.annotations}")
    handle, route = locate_release(args.release or args.annotations)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    broken: list[BrokenRow] = []
    found = find(handle, query_of(args), order_of(args), on_broken=broken.append)
    found = found.with_broken(broken)
    written = _write(args, handle, found)
    if args.json:
        print_json(found.to_row(handle.head, show=args.show) | {"written": written})
    elif args.ids:
        for dialogue_id in found.ids:
            say(dialogue_id)
    else:
        _show(found, args.show)
    for name in written:
        note(f"wrote {name}")
    if not found.fitting:
        _why_nothing(handle, found.query)
    _warn(found)
    return EXIT_DONE if found.table.num_rows and not found.broken else EXIT_PARTIAL


def _write(args: argparse.Namespace, handle: ReleaseHandle, found: Found) -> list[str]:
    """Whatever files are asked for; their names."""
    from mmdia.release.find_gallery import write_gallery
    from mmdia.release.select import IDS, ROWS, write_ids, write_rows, write_subset

    written = []
    if args.out is not None and found.table.num_rows:
        ending = Path(args.out).suffix.lower()
        if ending == IDS:
            write_ids(found, args.out)
        elif ending == ROWS:
            write_rows(handle, found, args.out, on_broken=_pass)
        else:
            order = order_of(args)
            options = {k: getattr(order, k) for k in ("sample", "sort", "descending", "limit")}
            options["seed"] = order.seed if order.sample is not None else None
            write_subset(handle, found, args.out, options=options, on_broken=_pass)
        written.append(args.out)
    if args.report is not None and found.table.num_rows:
        write_gallery(handle, found, args.report, most=args.cards, clips=args.clips, on_broken=_pass)
        written.append(str(args.report))
    return written


def _pass(error: object) -> None:
    """Broken rows were told when they were searched."""


def _show(found: Found, most: int) -> None:
    if found.table.num_rows and most:
        rows = [
            (
                r["dialogue_id"], r["title_id"], r["relationship"], r["interaction"],
                _number(r["intensity"]), _number(r["volatility"]), r["speakers"], r["turns"],
                None if r["seconds"] is None else f"{r['seconds']:.1f}",
            )
            for r in found.rows(most)
        ]  # fmt: skip
        numbers = [(name, "right") for name in ("intensity", "volatility", "speakers", "turns", "seconds")]
        print_table(["dialogue", "title", "relationship", "interaction", *numbers], rows)
        say()
    more = found.table.num_rows - most
    if more > 0 and most:
        say(f"... {more:,} more (--show, --json, -o)")
    taken = found.table.num_rows
    which = f"{taken:,}" if taken == found.fitting else f"{taken:,} of {found.fitting:,} that fit,"
    titles = "1 title" if found.titles == 1 else f"{found.titles:,} titles"
    length = f"{found.hours:,.2f} h" if found.hours >= 1 else lasting(found.hours * 3600)
    say(f"{which} of {found.searched:,} dialogues; {length}, {titles}")


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _why_nothing(handle: ReleaseHandle, query: Query) -> None:
    """Say which condition no row meets, by searching with each alone."""
    from dataclasses import fields, replace

    from mmdia.release.find_query import Query
    from mmdia.release.find_rows import find

    plain = Query(regex=query.regex)
    asked = [f.name for f in fields(query) if getattr(query, f.name) != getattr(plain, f.name)]
    unmet = []
    for name in asked:
        alone = find(handle, replace(plain, **{name: getattr(query, name)}), on_broken=_pass)
        if not alone.table.num_rows:
            unmet.append("--in" if name == "ids" else name)
    if unmet:
        note(f"mmdia: no dialogue meets: {', '.join(unmet)}")
    elif asked:
        note(f"mmdia: each condition is met by some dialogue, all together by none: {', '.join(asked)}")
    else:
        note("mmdia: the release has no dialogue that can be read")


def _warn(found: Found) -> None:
    for word, labels in found.unheard.items():
        have = f"it has {', '.join(labels)}" if labels else "its turns have no emotion labels"
        note(f"mmdia: no turn of the release has the emotion {word!r}: {have}")
    twice = found.table.num_rows - len(set(found.ids))
    if twice:
        note(f"mmdia: {twice:,} rows have the identifier of another (run: mmdia release validate)")
    if found.wordless:
        note(f"mmdia: {found.wordless:,} dialogues withhold their text: --text cannot find them")
    if found.broken:
        note(f"mmdia: {len(found.broken):,} rows cannot be read (run: mmdia release validate)")
