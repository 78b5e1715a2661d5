"""``mmdia receipt``: compare the receipts of two rebuilds, or make one of several."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, print_json, print_table, say

if TYPE_CHECKING:
    from mmdia.corpus.receipt_diff import ReceiptDiff

EPILOG_DIFF = """\
examples:
  mmdia receipt diff clips clips-of-the-other-lab
  mmdia receipt diff clips clips-new --json

Paths, packing and wall times are no difference. Exit status 1 when the clips,
or what they were made from, differ.
"""

EPILOG_MERGE = """\
examples:
  mmdia receipt merge shard0 shard1 shard2 --out clips

Files are hard-linked where that is possible, else copied.
"""

#: Dialogues that are named on the terminal; ``--json`` has all.
_SHOWN = 12

_MEANING = {
    "status": "outcome: built in one, or refused for another reason",
    "window": "first and last frame in the film",
    "audio": "samples",
    "video": "frames",
    "keyframes": "stills",
    "turn_clips": "sentence clips",
    "turns": "times of turns within the clip",
    "media": "file that it was cut from",
    "params": "options, time map or cutter",
    "annotation_version": "release",
    "mmdia_version": "version of mmdia",
}


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "receipt", help="compare or merge rebuilds", description="Compare or merge the outputs of rebuilds."
    )
    subs = p.add_subparsers(dest="action", required=True, metavar="ACTION")
    raw = argparse.RawDescriptionHelpFormatter
    diff = subs.add_parser(
        "diff",
        help="the same clips?",
        description="Compare two rebuilds, clip by clip.",
        epilog=EPILOG_DIFF,
        formatter_class=raw,
    )
    diff.add_argument("a", type=Path, metavar="A", help="output folder of a rebuild")
    diff.add_argument("b", type=Path, metavar="B", help="output folder of another")
    diff.add_argument("--json", action="store_true", help="one JSON document on standard output")
    diff.set_defaults(run=run_diff)
    merge = subs.add_parser(
        "merge",
        help="one folder of several",
        description="Make one output folder of the parts of one rebuild.",
        epilog=EPILOG_MERGE,
        formatter_class=raw,
    )
    merge.add_argument("folders", type=Path, nargs="+", metavar="DIR", help="output folders of rebuilds")
    merge.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to make")
    merge.add_argument("--json", action="store_true", help="one JSON document on standard output")
    merge.set_defaults(run=run_merge)


def run_diff(args: argparse.Namespace) -> int:
    """Run ``receipt diff``."""
    from mmdia.corpus.receipt_diff import diff_receipts
    from mmdia.corpus.receipts import read_receipts

    found = diff_receipts(read_receipts(args.a), read_receipts(args.b))
    if args.json:
        print_json({**found.to_row(), "a": str(args.a), "b": str(args.b)})
    else:
        _show(found)
    return EXIT_DONE if found.same else EXIT_PARTIAL


def _show(found: ReceiptDiff) -> None:
    only = f"{len(found.only_a)} only in the first, {len(found.only_b)} only in the second"
    say(f"{found.both} dialogues built in both, {found.identical} of them identical; {only}")
    if found.same:
        say("the same")
        return
    print_table(
        ["differs", ("dialogues", "right"), "what it is"],
        [(name, n, _MEANING[name]) for name, n in found.counts().items()],
    )
    far = found.to_row()["largest_window_difference_s"]
    if far is not None:
        say(f"  windows differ by {far:.3f} s at most")
    by_dialogue: dict[str, list[str]] = {}
    for one in found.differences:
        by_dialogue.setdefault(one.dialogue_id, []).append(
            f"{one.field} ({one.a or 'none'} / {one.b or 'none'})" if one.field == "status" else one.field
        )
    for i, said in list(by_dialogue.items())[:_SHOWN]:
        say(f"  {i}: {', '.join(said)}")
    if len(by_dialogue) > _SHOWN:
        say(f"  ... and {len(by_dialogue) - _SHOWN} more dialogues (--json has all)")


def run_merge(args: argparse.Namespace) -> int:
    """Run ``receipt merge``."""
    from mmdia.corpus.receipt_merge import merge_outputs

    merged = merge_outputs(args.folders, args.out)
    if args.json:
        print_json(merged.to_row())
    else:
        counted = ", ".join(f"{n} {status}" for status, n in merged.statuses.items())
        say(f"{counted}; {merged.files} files, {merged.linked} of them links; in {merged.out}")
    return EXIT_DONE
