"""``mmdia cite``: what a paper says of the clips that it used."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, note, print_json, say
from mmdia.cli.shares import print_shares

EPILOG = """\
examples:
  mmdia cite
  mmdia cite --out clips
  mmdia cite --annotations ~/mm-dia --out clips --json

The digest is that of the clips' content: two rebuilds with one digest hold the
same clips, wherever they lie and however they are packed.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "cite",
        help="what to write in a paper",
        description="Print release, coverage, receipt digest and BibTeX entries for a paper.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--annotations", metavar="RELEASE", help="release folder (default: the installed one)")
    p.add_argument("--out", type=Path, metavar="DIR", help="output folder of a rebuild")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.corpus.citation import citation
    from mmdia.corpus.clips import check_origin
    from mmdia.corpus.locate import locate_release
    from mmdia.corpus.read import iter_dialogues
    from mmdia.corpus.receipts import read_receipts

    handle, route = locate_release(args.annotations)
    if route == "demo":
        note("mmdia: no release installed or named: using the bundled demo title")
    receipts = None
    if args.out is not None:
        check_origin(args.out, handle.head)
        receipts = read_receipts(args.out)
    found = citation(handle.head, iter_dialogues(handle, on_broken=lambda error: None), receipts)
    if args.json:
        print_json(found)
        return EXIT_DONE
    release = found["release"]
    licence = f", {release['license']}" if release["license"] else ""
    made_with = f"Made with mmdia {found['mmdia_version']}."
    say(f"Annotations: {release['name']} {release['version']}{licence}. {made_with}")
    if found["coverage"] is not None:
        print_shares(found["coverage"])
        say(f"receipt digest: {found['receipt_digest']}")
    for entry in found["bibtex"]:
        say()
        say(entry)
    return EXIT_DONE
