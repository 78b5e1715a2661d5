"""``mmdia release``: look at annotation releases, and complete them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from mmdia.release.fetch import FetchReport, OnProgress
    from mmdia.release.findings import Example

EPILOG = """\
examples:
  mmdia release info
  mmdia release info ~/mm-dia --json
  mmdia release validate ~/mm-dia
  mmdia release validate ~/mm-dia --strict
  mmdia release install ~/mm-dia-1.0.zip
  mmdia release install ORG/NAME
  mmdia release fetch --media-dir ~/films
  mmdia release fingerprint film.mkv --release ~/mm-dia --title tt0059742
"""

FETCH_DESCRIPTION = """\
Download the films that a release gives an address for, with their subtitles.

Only for media that you may lawfully fetch: public domain, open licences, your
own. Films that are there already are left alone; run it again to go on.
"""


FINGERPRINT_DESCRIPTION = """\
Listen to the annotated copy of a film, and write its audio fingerprint.

A release that carries fingerprints (fingerprints/<title>.mmfp) can be rebuilt
without any subtitle: the same soundtrack is found in every copy, under any
edit and speed. No sound can be made from a fingerprint.
"""

FINGERPRINT_EPILOG = """\
examples:
  mmdia release fingerprint film.mkv --release ~/mm-dia --title tt0059742
  mmdia release fingerprint film.mkv --out film.mmfp
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "release",
        help="look at, check and install annotation releases",
        description="Look at, check and install annotation releases; fetch their public media.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = p.add_subparsers(dest="action", metavar="ACTION", required=True)
    info = actions.add_parser("info", help="what a release holds")
    info.add_argument("release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)")
    info.add_argument("--json", action="store_true", help="one JSON document on standard output")
    info.set_defaults(run=run_info)
    validate = actions.add_parser("validate", help="report every class of dirt; change nothing")
    validate.add_argument(
        "release", nargs="?", metavar="RELEASE", help="folder (default: the installed one)"
    )
    validate.add_argument("--strict", action="store_true", help="warnings count as errors")
    validate.add_argument(
        "--examples", type=int, default=3, metavar="N", help="examples a class (default: 3)"
    )
    validate.add_argument("--json", action="store_true", help="one JSON document on standard output")
    validate.set_defaults(run=run_validate)
    install = actions.add_parser("install", help="install a release for later commands")
    install.add_argument(
        "source",
        metavar="SOURCE",
        help="folder, .zip, .tar.gz, or ORG/NAME[@revision] on the Hugging Face Hub",
    )
    install.add_argument("--json", action="store_true", help="one JSON document on standard output")
    install.set_defaults(run=run_install)
    _add_fetch(actions)
    _add_fingerprint(actions)


def _add_fetch(actions: Any) -> None:
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


def _add_fingerprint(actions: Any) -> None:
    printed = actions.add_parser(
        "fingerprint",
        help="make the audio fingerprint of an annotated film",
        description=FINGERPRINT_DESCRIPTION,
        epilog=FINGERPRINT_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    printed.add_argument("film", type=Path, metavar="FILM", help="the annotated copy of the film")
    printed.add_argument("--out", type=Path, metavar="FILE", help="write this file")
    printed.add_argument(
        "--release", type=Path, metavar="DIR", help="write into this release, with --title"
    )
    printed.add_argument("--title", metavar="ID", help="title of the release that the film is")
    printed.add_argument(
        "--audio-track", metavar="N|LANG", help="sound track (default: the film's default)"
    )
    printed.add_argument("--json", action="store_true", help="one JSON document on standard output")
    printed.set_defaults(run=run_fingerprint)


def run_fingerprint(args: argparse.Namespace) -> int:
    """``mmdia release fingerprint``."""
    from mmdia.release.fingerprint import fingerprint

    track = args.audio_track
    made = fingerprint(
        args.film,
        out=args.out,
        release=args.release,
        title_id=args.title,
        audio_track=int(track) if track is not None and track.isdecimal() else track,
    )
    if args.json:
        print_json(made.to_row())
        return EXIT_DONE
    size = f"{made.duration_s:.1f} s of sound in {made.n_bytes / 1024:.1f} KiB"
    say(f"{made.path}: {size} ({made.words} words, {made.method})")
    return EXIT_DONE


def run_info(args: argparse.Namespace) -> int:
    """``mmdia release info``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import BrokenRow
    from mmdia.release.info import release_info

    handle, route = locate_release(args.release)
    try:
        document = release_info(handle)
    except BrokenRow as error:
        error.hint = f"Run: mmdia release validate {handle.path}"
        raise
    if args.json:
        print_json(document)
        return EXIT_DONE
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    rows = []
    for key, value in document.items():
        if key == "schema" or value in (None, [], {}, ""):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        elif isinstance(value, list):
            value = ", ".join(str(v.get("name", v)) if isinstance(v, dict) else str(v) for v in value)
        rows.append((key.replace("_", " "), value))
    print_table(["what", "value"], rows)
    return EXIT_DONE


def run_validate(args: argparse.Namespace) -> int:
    """``mmdia release validate``."""
    from mmdia.corpus.locate import locate_release
    from mmdia.release.validate import validate

    handle, _ = locate_release(args.release)
    report = validate(handle, max_examples=args.examples)
    good = report.passes(strict=args.strict)
    if args.json:
        print_json(report.to_row())
        return EXIT_DONE if good else EXIT_PARTIAL
    if report.findings:
        rows = [
            (f.severity, f.code, f.count, "; ".join(_example(e) for e in f.examples))
            for f in report.findings
        ]
        print_table(["severity", "class", ("count", "right"), "examples"], rows)
        for f in report.findings:
            say(f"  {f.code}: {f.text}")
    say(f"{report.titles} titles, {report.dialogues} dialogues, {report.turns} turns checked")
    say("valid" if good else "not valid")
    return EXIT_DONE if good else EXIT_PARTIAL


def _example(example: Example) -> str:
    """Where a fault is, in few characters: an id with its turn, else file and line."""
    if example.id is not None:
        return example.id if example.turn is None else f"{example.id} turn {example.turn}"
    return example.file if example.line is None else f"{example.file}:{example.line}"


def run_install(args: argparse.Namespace) -> int:
    """``mmdia release install``."""
    from mmdia.release.install import install

    done = install(args.source)
    if args.json:
        print_json(done.to_row())
        return EXIT_DONE
    head = done.handle.head
    how = "was installed already" if done.was_there else "installed"
    say(f"{head.name} {head.version} {how}: {done.handle.path}")
    return EXIT_DONE


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
