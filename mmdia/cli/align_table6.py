"""``mmdia align table6``: timestamp accuracy and word errors, beside the paper's Table 6."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.align_options import output_paths
from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, print_json

if TYPE_CHECKING:
    from mmdia.sync.table6 import Kind

DESCRIPTION = """\
Measure subtitles against a reference: timestamp accuracy and word error rate.

Lines are matched by an alignment of their words, in order. A line of the
reference is right when its partner starts and ends within --tau seconds; a
line without a partner is wrong. Give folders to pool many titles: files of
the same name belong together.
"""

EPILOG = """\
examples:
  mmdia align table6 --reference ref.srt --asr asr.srt --calibrated out.srt
  mmdia align table6 --reference official/ --uncalibrated raw/ --calibrated out/
  mmdia align table6 --reference a.srt --hyp ours=b.srt --hyp other=c.srt

exit status: 0 done, 1 some titles are missing, 2 usage, 3 something else is.
"""

#: The paper's kinds of subtitles: option, name of the row.
KINDS = (
    ("asr", "ASR"),
    ("uncalibrated", "SRT-Uncalibrated"),
    ("calibrated", "SRT-Calibrated"),
    ("official", "SRT-Official"),
)


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "align table6",
        help="measure subtitles against a reference, beside the paper's Table 6",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--reference", type=Path, required=True, metavar="REF", help="the truth: file or folder")
    for key, name in KINDS:
        p.add_argument(f"--{key}", type=Path, metavar="SUBS", help=f"row {name}: file or folder")
    p.add_argument(
        "--hyp", action="append", default=[], metavar="NAME=SUBS", help="one more row; may be repeated"
    )
    p.add_argument(
        "--tau", type=float, default=0.5, metavar="S", help="tolerance in seconds (default: 0.5)"
    )
    p.add_argument(
        "--normalizer", choices=("none", "standard"), default="standard",
        help="how words are compared (default: standard: no case, no punctuation)",
    )  # fmt: skip
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with the curves")
    p.set_defaults(run=run)


def _kinds(args: argparse.Namespace) -> list[Kind]:
    """The rows asked for, in the paper's order.

    Raises:
        UsageError: There is none, or a --hyp has no name.
    """
    from mmdia.errors import UsageError
    from mmdia.sync.table6 import Kind

    kinds = [Kind(name, getattr(args, key), key) for key, name in KINDS if getattr(args, key) is not None]
    for word in args.hyp:
        name, mark, path = word.partition("=")
        if not mark or not name or not path:
            raise UsageError("--hyp needs a name", expected="NAME=FILE", got=repr(word))
        kinds.append(Kind(name, Path(path)))
    if not kinds:
        raise UsageError("nothing to measure", hint="Add --asr, --uncalibrated, --calibrated or --hyp.")
    return kinds


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.cli.align_show import show_table6
    from mmdia.store.atomic import write_text
    from mmdia.sync.table6 import table6

    kinds = _kinds(args)
    outputs = output_paths(args, [args.reference, *(kind.path for kind in kinds)])
    made = table6(args.reference, kinds, tau=args.tau, normalizer=args.normalizer)
    if "report" in outputs:
        from mmdia.pages.table6 import table6_page

        write_text(outputs["report"], table6_page(made))
    if args.json:
        print_json(made.to_row())
    else:
        show_table6(made)
    return EXIT_PARTIAL if any(row.missing for row in made.rows) else EXIT_DONE
