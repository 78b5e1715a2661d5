"""``mmdia release fetch``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from mmdia.release.fetch import FetchReport, OnProgress

FETCH_DESCRIPTION = """\
Download the films that a release gives an address for, with their subtitles.

Only for media that you may lawfully fetch: public domain, open licences, your
own. Films that are there already are left alone; run it again to go on.
"""


def add(actions: Any) -> None:
    """Add the action to the parser."""
    fetch = actions.add_parser(
        "fetch",
        help="download the public films of a release (only what you may lawfully fetch)",
        description=FETCH_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    fetch.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    fetch.add_argument("--media-dir", required=True, type=Path, metavar="DIR", help="folder for the films")
    fetch.add_argument("--titles", nargs="+", default=[], metavar="ID", help="only these titles")
    fetch.add_argument("--json", action="store_true", help="one JSON document on standard output")
    fetch.set_defaults(run=run_fetch)


def run_fetch(args: argparse.Namespace) -> int:
    """``mmdia release fetch``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.fetch import fetch_titles

    handle, route = locate_release(args.release)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    with _fetch_progress() as listen:
        report = fetch_titles(handle, args.media_dir, titles=args.titles, on_progress=listen)
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
            (t.title_id, t.status, t.path, t.message or (explain(t.reason) if t.reason else None))
            for t in report.titles
        ]
        print_table(["title", "status", "file", "why"], rows)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(report.statuses.items()))
    say(f"{counted or 'no titles'}; in {report.media_dir}")
    for message in report.broken[:5]:
        say(f"  broken row: {message}")
    if len(report.broken) > 5:
        say(f"  ... {len(report.broken) - 5} more broken rows (run: mmdia release validate)")
