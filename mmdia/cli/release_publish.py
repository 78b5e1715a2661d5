"""``mmdia release publish``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, note, print_json, print_table, say
from mmdia.errors import UsageError

if TYPE_CHECKING:
    from mmdia.corpus.locate import ReleaseHandle
    from mmdia.release.publish import Published
    from mmdia.release.upload import Sent

DESCRIPTION = """\
Publish a release: Parquet shards, cards, JSON Schema and checksums.

The folder is a release (`mmdia release install` takes it) and a dataset that
plain load_dataset("ORG/NAME") reads. The same release and options give the
same bytes. Media is refused: in files, columns and text, whatever the options.
Run it again to go on with an upload that broke off; what is there already is
not sent again.
"""

EPILOG = """\
examples:
  mmdia release publish ~/mm-dia --out ~/mm-dia-published
  mmdia release publish ~/mm-dia --hub ORG/NAME --dry-run
  mmdia release publish ~/mm-dia --hub ORG/NAME --gated manual --private
  mmdia release publish --hub ORG/NAME --revision v1.1 --json
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    p: argparse.ArgumentParser = actions.add_parser(
        "publish",
        help="Parquet, cards and checksums, to a folder or the Hugging Face Hub",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument("--out", type=Path, metavar="DIR", help="publish into this folder")
    p.add_argument("--hub", metavar="ORG/NAME", help="send it to this dataset of the Hub")
    p.add_argument("--dry-run", action="store_true", help="show what would be made or sent; change nothing")
    p.add_argument("--private", action="store_true", help="make the repository private")
    p.add_argument(
        "--gated",
        choices=("auto", "manual"),
        help="ask for consent: auto lets in who agrees, manual asks you each time",
    )
    p.add_argument(
        "--text-license",
        metavar="SPDX",
        help="licence of the films' words (default: text_license of release.json)",
    )
    p.add_argument("--revision", metavar="BRANCH", help="commit to this branch (default: main)")
    p.add_argument(
        "--shards", type=int, default=8, metavar="N", help="files of the training split (default: 8)"
    )
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """``mmdia release publish``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.publish import waiting_room
    from mmdia.release.upload import check_repo

    _check(args)
    if args.hub is not None:
        check_repo(args.hub)
    handle, route = locate_release(args.release)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    if args.dry_run:
        with tempfile.TemporaryDirectory(prefix="mmdia-publish-") as room:
            return _go(args, handle, Path(room) / "release")
    return _go(args, handle, args.out if args.out is not None else waiting_room(args.hub))


def _check(args: argparse.Namespace) -> None:
    if args.out is None and args.hub is None:
        raise UsageError("nowhere to publish to", expected="--out DIR or --hub ORG/NAME")
    alone = [name for name in ("private", "revision") if getattr(args, name)]
    if args.hub is None and alone:
        raise UsageError(f"--{alone[0]} has a meaning with --hub only")


def _go(args: argparse.Namespace, handle: ReleaseHandle, folder: Path) -> int:
    from mmdia.release.publish import publish
    from mmdia.release.upload import plan_upload, upload

    done = publish(
        handle,
        folder,
        shards=args.shards,
        repo=args.hub,
        gated=args.gated is not None,
        text_license=args.text_license,
    )
    sent = None
    if args.hub is not None:
        if args.dry_run:
            sent = plan_upload(done, args.hub, revision=args.revision)
        else:
            note(f"mmdia: {len(done.files)} files are ready in {folder}; sending them to {args.hub}")
            sent = upload(done, args.hub, private=args.private, gated=args.gated, revision=args.revision)
    if args.json:
        place = None if args.dry_run else str(done.path)
        hub = None if sent is None else sent.to_row()
        print_json({**done.to_row(), "path": place, "dry_run": args.dry_run, "hub": hub})
    else:
        _show(args, done, sent)
    return EXIT_DONE


def _show(args: argparse.Namespace, done: Published, sent: Sent | None) -> None:
    for text in done.left_out:
        note(f"mmdia: left out: {text}")
    if args.dry_run:
        rows = [
            (path, fact["bytes"], sent.actions[path] if sent else "new", fact["sha256"][:12])
            for path, fact in done.files.items()
        ]
        rows += [(p, 0, a, "") for p, a in sent.actions.items() if a == "delete"] if sent else []
        print_table(["file", ("bytes", "right"), "would be", "sha256"], rows)
    total = f"{len(done.files)} files, {done.bytes / 1e6:.1f} MB"
    if sent is not None:
        counted = ", ".join(f"{sent.count(a)} {a}" for a in ("new", "changed", "same", "delete"))
        say(f"{'would send to' if args.dry_run else 'sent to'} {sent.url}: {total} ({counted})")
    elif args.dry_run:
        say(f"would write {args.out}: {total}")
    else:
        how = "was published already; every file is right" if done.was_there else "published"
        say(f"{done.path} {how}: {total}")
