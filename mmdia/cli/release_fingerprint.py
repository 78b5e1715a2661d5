"""``mmdia release fingerprint``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.console import EXIT_DONE, print_json, say

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


def add(actions: Any) -> None:
    """Add the action to the parser."""
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
    printed.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
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
