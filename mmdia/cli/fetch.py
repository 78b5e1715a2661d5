"""``mmdia fetch``: bring the open films of a release; ``mmdia release fetch`` is the same."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from mmdia.release.fetch import FetchReport, OnProgress

DESCRIPTION = """\
Download the films of a release that are public and openly licensed, with their
subtitles, under the names that mmdia rebuild knows.

A title is fetched when the release gives its address (source_url) and names a
licence that lets everybody copy it: public domain, CC0, Creative Commons, and a
few other free licences. Any other title is refused, with the reason; where you
have checked for yourself that you may, say so: --license-ok.

What it will not do: it does not get around copy protection (DRM), does not
log in and sends no cookies, reads no commercial streaming sites (only plain
pages and files, archive.org, Wikimedia Commons, PeerTube, media.ccc.de), takes
no playlists or live streams, and follows no address into a private network.

Films that are there already are left alone; what was interrupted goes on where
it stopped: run the same command again.
"""

EPILOG = """\
examples:
  mmdia fetch --media-dir ~/films
  mmdia fetch ~/mm-dia --media-dir ~/films --titles tt0032599 --rate 2M
  mmdia fetch ~/mm-dia --media-dir ~/films --sleep 10 --max-size 4G
  mmdia fetch ~/mm-dia --media-dir ~/films --license-ok tt0032599
  mmdia rebuild --media-dir ~/films --out clips
"""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?(?:/s)?\Z", re.IGNORECASE)
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def size(text: str) -> float:
    """A number of bytes: ``500K``, ``2M``, ``4GiB``; argparse tells of what is none."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(f"not a size such as 500K, 2M or 4G: {text!r}")
    return float(match[1]) * _UNITS[match[2].upper()]


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "fetch",
        help="download the open films of a release",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(p)


def add_options(p: argparse.ArgumentParser) -> None:
    """The options of both commands."""
    p.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    p.add_argument("--media-dir", required=True, type=Path, metavar="DIR", help="folder for the films")
    p.add_argument("--titles", nargs="+", default=[], metavar="ID", help="only these titles")
    p.add_argument(
        "--license-ok", action="append", default=[], metavar="ID",
        help="a licence, or a title, that you have checked yourself; may be given again",
    )  # fmt: skip
    p.add_argument(
        "--rate", type=size, metavar="BYTES", help="most bytes a second: 500K, 2M (default: all)"
    )
    p.add_argument(
        "--sleep", type=float, default=1.0, metavar="S",
        help="seconds between requests for pages, and between films (default: 1)",
    )  # fmt: skip
    p.add_argument(
        "--max-size", type=size, default=size("64G"), metavar="BYTES", help="largest film (default: 64G)"
    )
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.fetch import fetch_titles
    from mmdia.release.ytdlp import Limits

    limits = Limits(args.rate, args.sleep, int(args.max_size))
    handle, route = locate_release(args.release)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    with _fetch_progress() as listen:
        report = fetch_titles(
            handle,
            args.media_dir,
            titles=args.titles,
            on_progress=listen,
            limits=limits,
            vouched=args.license_ok,
        )
    if args.json:
        print_json(report.to_row())
    else:
        _show_fetched(report)
    return EXIT_DONE if report.complete else EXIT_PARTIAL


@contextmanager
def _fetch_progress() -> Iterator[OnProgress]:
    """One bar a title, in mebibytes."""
    with progress_bar() as progress:
        bars: dict[str, Any] = {}

        def listen(title_id: str, done: int, total: int | None) -> None:
            if title_id not in bars:
                for bar in bars.values():
                    progress.update(bar, visible=False)
                bars[title_id] = progress.add_task(f"{title_id[:24]} MiB", total=None)
            mebibytes = None if total is None else total >> 20
            progress.update(bars[title_id], completed=done >> 20, total=mebibytes)

        yield listen


def _show_fetched(report: FetchReport) -> None:
    from mmdia.schema.reasons import explain

    if report.titles:
        rows = [
            (
                t.title_id, t.status, t.license, t.path,
                t.message or (explain(t.reason) if t.reason else t.terms or None),
            )
            for t in report.titles
        ]  # fmt: skip
        print_table(["title", "status", "licence", "file", "why, or what the licence asks for"], rows)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(report.statuses.items()))
    say(f"{counted or 'no titles'}; in {report.media_dir}")
    if report.statuses.get("refused"):
        say("  refused titles: get your own copy, or say that you may fetch them: --license-ok TITLE")
    for message in report.broken[:5]:
        say(f"  broken row: {message}")
    if len(report.broken) > 5:
        say(f"  ... {len(report.broken) - 5} more broken rows (run: mmdia release validate)")
