"""``mmdia release split``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, print_json, print_table, say
from mmdia.errors import UsageError

if TYPE_CHECKING:
    from mmdia.release.leakage import LeakageReport
    from mmdia.release.split_report import SplitReport

DESCRIPTION = """\
Decide where every dialogue goes, and write the release anew.

The paper's rule: the bench (two speakers, all seen, intense and volatile,
balanced over relationships and interactions) lies within the hard set; the rest
is cut at random into train, validation and test, 90:5:5. Task 2 and task 3 are
taken from the bench by the faces on its keyframes. The same seed gives the same
split, whatever the order of the rows. The report says who failed which test,
which labels are covered, and what train shares with the other sets.

Tags bench and hard that are in the release are kept, unless a number is given.
"""

EPILOG = """\
examples:
  mmdia release split ~/mm-dia --out ~/mm-dia-split
  mmdia release split ~/mm-dia --out split --seed 1 --ratios 80:10:10
  mmdia release split ~/mm-dia --out split --bench 309 --hard 598
  mmdia release split ~/mm-dia --out split --disjoint title
  mmdia release split ~/mm-dia --out split --disjoint speaker --drop-crossing
  mmdia release split ~/mm-dia --out split --ood ~/other --ood-size 60
  mmdia release split ~/mm-dia --out split --control 50 --json
  mmdia release split ~/mm-dia --in-place --keep-splits
  mmdia release split ~/mm-dia --dry-run
  mmdia release split ~/mm-dia --check

exit status 1: something was written, but a set is smaller than asked; with
--check: train shares titles, people or texts with another set.
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p: argparse.ArgumentParser = actions.add_parser(
        "split",
        help="decide train, validation, test, hard, bench, tasks, ood and control sets",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    where = p.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="DIR", help="folder of the new release")
    where.add_argument("--in-place", action="store_true", help="replace the release")
    p.add_argument("--dry-run", action="store_true", help="decide and report, write nothing")
    where.add_argument("--check", action="store_true", help="report the leakage of the release as it is")
    p.add_argument("--seed", type=int, default=0, metavar="N", help="decides every chance (default: 0)")
    _add_rules(p)
    _add_sets(p)
    p.add_argument("--near", type=float, default=0.5, metavar="SHARE",
        help="share of five-word runs that makes a near duplicate (default: 0.5)")  # fmt: skip
    p.add_argument("--examples", type=int, default=20, metavar="N",
        help="ids named for each failed test of the bench; 0: all (default: 20)")  # fmt: skip
    p.add_argument("--report", type=Path, metavar="FILE", help="write the whole report as JSON, too")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def _add_rules(p: argparse.ArgumentParser) -> None:
    p.add_argument("--ratios", type=_ratios, default=(90.0, 5.0, 5.0), metavar="A:B:C",
        help="train, validation, test of what is not hard (default: 90:5:5)")  # fmt: skip
    p.add_argument("--keep-splits", action="store_true", help="leave the splits, decide tags only")
    p.add_argument("--disjoint", choices=("none", "title", "speaker"), default="none",
        help="hold out whole titles, or all titles that share a character or actor")  # fmt: skip
    p.add_argument("--drop-crossing", action="store_true",
        help="with speaker: leave out held-out rows whose people speak in train")  # fmt: skip
    p.add_argument("--hard-titles", choices=("held", "any"), default="held",
        help="disjoint: hard rows are of titles held out of train, or of any")  # fmt: skip
    p.add_argument("--hard-split", choices=("validation", "test"),
        help="put hard rows into this split (default: none, a set of their own)")  # fmt: skip


def _add_sets(p: argparse.ArgumentParser) -> None:
    for tag in ("bench", "hard"):
        p.add_argument(f"--{tag}", type=_size, default="auto", metavar="N",
            help=f"size of {tag}; keep, none, or auto: keep, else the paper's share (default)")  # fmt: skip
    p.add_argument("--min-intensity", type=float, metavar="X", help="of bench and hard (default: the mean)")
    p.add_argument(
        "--min-volatility", type=float, metavar="X", help="of bench and hard (default: the mean)"
    )
    p.add_argument("--visible", choices=("turns", "speakers"), default="turns",
        help="bench speakers are seen in all their turns, or at least once")  # fmt: skip
    p.add_argument("--task3-from", choices=("bench", "hard", "test"), default="bench",
        help="where labels that no bench dialogue covers may be filled from")  # fmt: skip
    p.add_argument("--ood", type=Path, metavar="RELEASE", help="bring in an out-of-domain set")
    p.add_argument("--ood-size", type=int, metavar="N", help="at most so many of its dialogues")
    p.add_argument("--ood-overlap", choices=("refuse", "drop", "report"), default="refuse",
        help="what to do with its titles that train has (default: refuse)")  # fmt: skip
    p.add_argument("--ood-title", action="append", default=[], metavar="ID",
        help="tag this title ood and keep it out of the splits")  # fmt: skip
    p.add_argument("--control", type=int, default=0, metavar="N", help="build N control sets")
    p.add_argument("--control-scope", choices=("text", "speakers", "title", "any"), default="any",
        help="what the dialogues of a control set share, at least (default: any)")  # fmt: skip


def _ratios(text: str) -> tuple[float, float, float]:
    parts = text.split(":")
    try:
        a, b, c = (float(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"three numbers such as 90:5:5, not {text!r}") from None
    return a, b, c


def _size(text: str) -> int | str:
    if text in ("auto", "keep", "none"):
        return text
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a number, auto, keep or none, not {text!r}")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """``mmdia release split``."""
    from mmdia.corpus.locate import locate_release, open_release
    from mmdia.release.split import split
    from mmdia.store.atomic import write_json

    handle, _ = locate_release(args.release)
    if args.check:
        return _check(args)
    if args.dry_run:
        args.out, args.in_place = None, False
    if args.out is None and not args.in_place and not args.dry_run:
        raise UsageError("where should the new release go?", hint="Use --out DIR, --in-place or --dry-run.")
    if args.in_place and args.release is None:
        raise UsageError("only a release that is named can be replaced", hint="Use --out DIR.")
    report = split(
        handle, args.out, _options(args), in_place=args.in_place,
        ood=None if args.ood is None else open_release(args.ood),
        ood_size=args.ood_size, ood_overlap=args.ood_overlap,
    )  # fmt: skip
    if args.report is not None:
        write_json(args.report, report.to_row())
    if args.json:
        print_json(report.to_row())
    else:
        _show(report)
    short = any(" wanted, " in note for note in report.notes)
    return EXIT_PARTIAL if short else EXIT_DONE


def _options(args: argparse.Namespace) -> Any:
    from mmdia.release.split_options import SplitOptions

    return SplitOptions(
        seed=args.seed, ratios=args.ratios, keep_splits=args.keep_splits, disjoint=args.disjoint,
        drop_crossing=args.drop_crossing, hard_titles=args.hard_titles, bench=args.bench, hard=args.hard,
        min_intensity=args.min_intensity, min_volatility=args.min_volatility, visible=args.visible,
        hard_split=args.hard_split, task3_from=args.task3_from, ood_titles=tuple(args.ood_title),
        control=args.control, control_scope=args.control_scope, near=args.near, examples=args.examples,
    )  # fmt: skip


def _check(args: argparse.Namespace) -> int:
    from mmdia.corpus.locate import locate_release
    from mmdia.release.leakage import leakage
    from mmdia.store.atomic import write_json

    report = leakage(locate_release(args.release)[0], near=args.near, examples=args.examples)
    if args.report is not None:
        write_json(args.report, report.to_row())
    if args.json:
        print_json(report.to_row())
    else:
        say(f"{report.name}: what sets share")
        show_leakage(report)
    return EXIT_DONE if all(pair.clean for pair in report.pairs) else EXIT_PARTIAL


def _show(report: SplitReport) -> None:
    say(f"{report.name}: {report.dialogues} dialogues, seed {report.options.seed}")
    rows = [
        (s.name, s.dialogues, None if s.share is None else f"{100 * s.share:.2f} %", s.turns, s.titles,
         _number(s.intensity), _number(s.volatility), s.before, s.printed)
        for s in report.sets
    ]  # fmt: skip
    right = ("dialogues", "share", "turns", "titles", "intensity", "volatility", "before", "paper")
    print_table(["set", *((name, "right") for name in right)], rows)
    for name in ("bench", "task2", "task3"):
        tests = report.tests[name]
        if name != "bench" and not tests.looked_at:
            continue
        if name in report.kept:
            say(
                f"\n{name}: kept as tagged; {tests.passed} of {tests.looked_at} pass every test of the rule"
            )
        else:
            say(f"\n{name}: {tests.passed} of {tests.looked_at} dialogues ({tests.pool}) pass every test")
        if tests.failed:
            print_table(["failed test", ("dialogues", "right"), "such as"],
                [(t, n, ", ".join(tests.ids[t][:2])) for t, n in tests.failed.items()])  # fmt: skip
        if not report.set(name).dialogues:
            continue
        for axis, covered in report.coverage[name].items():
            missing = f"; not: {', '.join(covered.missing)}" if covered.missing else ""
            n = len(covered.counts)
            say(f"  covers {n - len(covered.missing)} of {n} {axis}s{missing}")
        cells = [n for row in report.pairs[name].values() for n in row.values()]
        say(f"  covers {sum(n > 0 for n in cells)} of {len(cells)} pairs of both")
    if report.control:
        say("\ncontrol sets: " + ", ".join(f"{axis} {n}" for axis, n in report.control.items()))
    if report.leakage is not None:
        say("\nwhat sets share")
        show_leakage(report.leakage)
    for note in report.notes:
        say(f"note: {note}")
    say("nothing was written" if report.path is None else f"written: {report.path}")


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def show_leakage(report: LeakageReport) -> None:
    """The table of what sets share; each cell: how many (dialogues of the second set touched)."""
    names = ("titles", "speakers", "actors", "same_texts", "near_texts")
    rows = []
    for pair in report.pairs:
        cells = [getattr(pair, name) for name in names]
        rows.append(
            (f"{pair.first}, {pair.second}", pair.rows,
             *(None if c is None else f"{c.count} ({c.dialogues})" for c in cells))
        )  # fmt: skip
    print_table(["sets", ("rows", "right"), *((n.replace("_", " "), "right") for n in names)], rows)
    say("  each: how many both have (dialogues of the second set that hold one)")
    if report.withheld:
        say(f"  {report.withheld} dialogues withhold text and are not compared by it")
