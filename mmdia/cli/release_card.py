"""``mmdia release card``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, note, print_json, say
from mmdia.errors import UsageError

DESCRIPTION = """\
Fill the cards of a release: dataset card, card of the test sets, datasheet,
figures and Croissant metadata. `mmdia release publish` makes them, too.
"""

EPILOG = """\
examples:
  mmdia release card ~/mm-dia
  mmdia release card ~/mm-dia --kind datasheet
  mmdia release card ~/mm-dia --out ~/cards --repo ORG/NAME
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p: argparse.ArgumentParser = actions.add_parser(
        "card",
        help="dataset card, bench card, datasheet and Croissant metadata",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument("--out", type=Path, metavar="DIR", help="write them all, with figures, here")
    p.add_argument(
        "--kind",
        choices=("dataset", "bench", "datasheet", "croissant"),
        default="dataset",
        help="which one to print, without --out (default: dataset)",
    )
    p.add_argument("--repo", metavar="ORG/NAME", help="name on the Hub, for the examples of the card")
    p.add_argument("--gated", action="store_true", help="add the terms of a gated repository")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release card``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.card import CARD_SCHEMA, make_cards, write_cards
    from mmdia.release.upload import check_repo

    if args.repo is not None:
        check_repo(args.repo)
    handle, route = locate_release(args.release)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    if args.out is not None:
        files = write_cards(handle, args.out, repo=args.repo, gated=args.gated)
        if args.json:
            print_json({"schema": CARD_SCHEMA, "files": [str(path) for path in files]})
        else:
            for path in files:
                say(str(path))
        return EXIT_DONE
    cards = make_cards(handle, repo=args.repo, gated=args.gated)
    croissant = json.dumps(cards.croissant, ensure_ascii=False, indent=1)
    texts = {
        "dataset": cards.dataset,
        "bench": cards.bench,
        "datasheet": cards.datasheet,
        "croissant": croissant,
    }
    if texts[args.kind] is None:
        raise UsageError("the release has no test sets: no row has a tag", path=handle.path)
    if args.json:
        print_json({"schema": CARD_SCHEMA, "kind": args.kind, "text": texts[args.kind]})
    else:
        say(str(texts[args.kind]).rstrip())
    return EXIT_DONE
