"""``mmdia release export``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, say

DESCRIPTION = """\
Write a release in a format that others read. Withdrawn rows are left out.

formats:
  jsonl    our release, one JSON line a row (folder)
  parquet  our release, as Parquet shards (folder)
  csv      one row a turn (file)
  rttm     who speaks when (file)
  stm      segments with speaker and text (file)
  seglst   the same as JSON, for cpWER tools (file)
  srt      a subtitle a title, with names of speakers (folder)
  vtt      the same as WebVTT with voices (folder)
  lhotse   cuts with supervisions, .jsonl or .jsonl.gz (file)
  textgrid a TextGrid of Praat a title, a tier a speaker (folder)
  elan     the same as ELAN's .eaf (folder)

Other packages add formats by the entry-point group mmdia.exporters. Turns that
a format cannot hold (no times, withheld text) are counted, and the exit status
is then 1.
"""

EPILOG = """\
examples:
  mmdia release export --format csv --out turns.csv
  mmdia release export ~/mm-dia --format parquet --out ~/mm-dia-parquet
  mmdia release export ~/mm-dia --format rttm --split test --out test.rttm
  mmdia release export ~/mm-dia --format seglst --per dialogue --out ref.json
  mmdia release export ~/mm-dia --format vtt --titles tt0059742 --out subs
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p = actions.add_parser(
        "export",
        help="write a release in a format that others read",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument("--format", required=True, metavar="FORMAT", help="one of those above")
    p.add_argument("--out", required=True, type=Path, metavar="PATH", help="file, or new folder")
    p.add_argument("--split", metavar="NAME", help="only dialogues of this split")
    p.add_argument("--tag", metavar="NAME", help="only dialogues with this tag (bench, hard, ...)")
    p.add_argument("--titles", nargs="+", default=[], metavar="ID", help="only dialogues of these titles")
    p.add_argument("--shards", type=int, metavar="N", help="parquet: files of each split")
    p.add_argument(
        "--per",
        choices=("title", "dialogue"),
        default="title",
        help="rttm, stm, seglst: what one recording is (default: title)",
    )
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release export``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow, UsageError
    from mmdia.release.export import export_release
    from mmdia.release.exporters.select import ExportOptions

    if args.shards is not None and args.shards < 1:
        raise UsageError("a split has at least one file", expected="--shards 1 or more", got=args.shards)
    handle, route = locate_release(args.release)
    options = ExportOptions(args.split, args.tag, tuple(args.titles), args.shards, args.per)
    try:
        done = export_release(handle, args.out, args.format, options=options)
    except BrokenRow as error:
        error.hint = f"Run: mmdia release validate {handle.path}"
        raise
    if args.json:
        print_json(done.to_row())
    else:
        if route == "demo":
            note("mmdia: no release installed or named: this is the bundled demo title")
        what = "1 file" if done.files == 1 else f"{done.files} files"
        left_out = sum(done.skipped.values())
        turns = f"{done.turns - left_out} of {done.turns} turns" if left_out else f"{done.turns} turns"
        say(f"{done.path}: {done.dialogues} dialogues, {turns} as {done.format} in {what}")
        for reason, count in done.skipped.items():
            say(f"  left out: {count} turns ({reason})")
    return EXIT_PARTIAL if done.skipped else EXIT_DONE
