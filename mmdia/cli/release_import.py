"""``mmdia release import``."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, say

if TYPE_CHECKING:
    from fractions import Fraction

    from mmdia.release.importers.ledger import Entry
    from mmdia.release.importers.options import ImportOptions
    from mmdia.release.importers.run import ImportReport

EPILOG = """\
formats:
  release, meld, emorynlp, m3ed, moviebench, rttm, stm, ctm, seglst, whisper,
  lhotse, textgrid, elan, labelstudio, audacity, cped, mustard, emotionlines,
  tvr, condensedmovies, subtitles, mapping, those of other packages (entry
  points mmdia.importers), and auto.

examples:
  mmdia release import meld data/MELD --out meld --withhold-text
  mmdia release import auto train_sent_emo.csv dev_sent_emo.csv --out meld
  mmdia release import m3ed annotation.json clips.json --fps 25 --out m3ed
  mmdia release import rttm ami/ --max-gap 5 --out ami
  mmdia release import subtitles subs/ --language en --max-gap 3 --out mine
  mmdia release import mapping lines.csv --mapping lines.toml --out mine
  mmdia release import auto lines.csv --mapping lines.toml --dry-run --json
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "import",
        help="make a release of other annotations",
        description="Make a release of other annotations. Every row that cannot be imported is "
        "counted, with its reason.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("format", metavar="FORMAT", help="a format, or auto")
    p.add_argument("sources", nargs="+", metavar="SOURCE", help="files and folders")
    p.add_argument("--out", metavar="DIR", help="folder of the release")
    p.add_argument("--replace", action="store_true", help="take the place of the release in DIR")
    p.add_argument("--dry-run", action="store_true", help="read and report; write nothing")
    p.add_argument("--withhold-text", action="store_true", help="leave out what is said; keep word counts")
    p.add_argument("--fps", metavar="RATE", help="frame rate of times that count frames: 25, 24000/1001")
    p.add_argument(
        "--fps-of",
        action="append",
        default=[],
        metavar="SERIES=RATE",
        help="frame rate of one series (M3ED); may be repeated",
    )
    p.add_argument("--encoding", metavar="NAME", help="encoding of the files (default: detected)")
    p.add_argument("--language", metavar="TAG", help="language of the lines; which subtitles to take")
    p.add_argument("--split", metavar="NAME", help="split of all rows: train, validation or test")
    p.add_argument("--max-gap", type=float, metavar="S", help="a longer pause starts a new dialogue")
    p.add_argument("--scenes", metavar="FILE", help="scenes (CSV, JSONL): each starts a new dialogue")
    p.add_argument(
        "--word-gap",
        type=float,
        default=1.0,
        metavar="S",
        help="longest pause within a turn made of words (CTM, TextGrid; default: 1)",
    )
    p.add_argument("--mapping", metavar="FILE", help="TOML file that says which column is what")
    p.add_argument("--titles", metavar="FILE", help="facts on titles (CSV, JSONL) to add")
    p.add_argument("--imdb", metavar="FILE", help="names of titles to IMDb identifiers (JSON, CSV)")
    _add_head(p)
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def _add_head(p: argparse.ArgumentParser) -> None:
    p.add_argument("--name", help="name of the release (default: the format's)")
    p.add_argument(
        "--version", dest="release_version", metavar="V", help="version of the release (default: 1.0.0)"
    )
    p.add_argument("--license", metavar="SPDX", help="licence of the annotations")
    p.add_argument("--description", metavar="TEXT", help="what it is, in a few sentences")
    p.add_argument("--homepage", metavar="URL", help="where it is presented")
    p.add_argument("--contact", metavar="TEXT", help="whom to write to")
    p.add_argument("--citation", metavar="TEXT", help="how to cite it")


def run(args: argparse.Namespace) -> int:
    """``mmdia release import``."""
    from mmdia.errors import UsageError
    from mmdia.release.importers.run import import_release

    if args.out is None and not args.dry_run:
        raise UsageError("nowhere to write to", hint="Name a folder: --out DIR (or only look: --dry-run)")
    head = {
        "name": args.name,
        "version": args.release_version,
        "license": args.license,
        "description": args.description,
        "homepage": args.homepage,
        "contact": args.contact,
        "citation": args.citation,
    }
    report = import_release(
        args.format,
        args.sources,
        None if args.dry_run else args.out,
        options=_options(args),
        head=head,
        replace=args.replace,
    )
    if args.json:
        print_json(report.to_row())
    else:
        _show(report)
    return EXIT_DONE if report.complete else EXIT_PARTIAL


def _options(args: argparse.Namespace) -> ImportOptions:
    from pathlib import Path

    from mmdia.errors import UsageError
    from mmdia.release.importers.facts import read_name_map, read_scenes, read_titles
    from mmdia.release.importers.options import ImportOptions
    from mmdia.schema.time import parse_rate

    for name in ("max_gap", "word_gap"):
        value = getattr(args, name)
        if value is not None and not 0 <= value < 1e6:
            raise UsageError(f"--{name.replace('_', '-')} is a number of seconds", got=value)
    return ImportOptions(
        fps=parse_rate(args.fps) if args.fps else None,
        fps_of=tuple(_rate_of(text) for text in args.fps_of),
        withhold_text=args.withhold_text,
        encoding=args.encoding,
        language=args.language,
        split=args.split,
        max_gap_s=args.max_gap,
        scenes=read_scenes(Path(args.scenes)) if args.scenes else (),
        word_gap_s=args.word_gap,
        mapping=Path(args.mapping) if args.mapping else None,
        titles=read_titles(Path(args.titles)) if args.titles else (),
        name_map=read_name_map(Path(args.imdb)) if args.imdb else (),
    )


def _rate_of(text: str) -> tuple[str, Fraction]:
    from mmdia.errors import UsageError
    from mmdia.schema.time import parse_rate

    name, sign, rate = text.rpartition("=")
    if not sign or not name:
        raise UsageError("--fps-of takes a series and its rate", expected="SERIES=25", got=repr(text))
    return name, parse_rate(rate)


def _show(report: ImportReport) -> None:
    from mmdia.release.importers.ledger import ASKED

    if report.lost or report.notes:
        rows = [*_lines(None, report.lost), *_lines("noted", report.notes)]
        print_table(["what", "reason", ("count", "right"), "examples"], rows)
        for code, entry in {**report.lost, **report.notes}.items():
            say(f"  {code}: {entry.to_row(code)['text']}")
    if report.passed_over:
        names = _few(report.passed_over)
        note(f"mmdia: {len(report.passed_over)} files of other kinds were passed over: {names}")
    asked = sum(entry.count for code, entry in report.lost.items() if code in ASKED)
    left_out = f"{asked} left out, " if asked else ""
    lost = f"{left_out}{report.rows_lost - asked} lost"
    say(f"rows: {report.rows_read} read, {report.rows_imported} imported, {lost}")
    say(f"{report.titles} titles, {report.dialogues} dialogues, {report.turns} turns ({report.format})")
    if report.out is not None:
        head = report.head
        say(f"{head.name} {head.version} written: {report.out}")
        place = shlex.quote(report.out)
        note(f"mmdia: look for dirt: mmdia release validate {place}")
        note(f"mmdia: cut clips of your films: mmdia rebuild --annotations {place} --media-dir FILMS")


def _lines(what: str | None, entries: dict[str, Entry]) -> list[tuple[object, ...]]:
    from mmdia.release.importers.ledger import ASKED

    kinds = [what or ("left out" if code in ASKED else "lost") for code in entries]
    return [
        (kind, code, entry.count, "; ".join(entry.examples[:2]))
        for kind, (code, entry) in zip(kinds, entries.items(), strict=True)
    ]


def _few(names: tuple[str, ...], most: int = 3) -> str:
    more = ", ..." if len(names) > most else ""
    return ", ".join(names[:most]) + more
