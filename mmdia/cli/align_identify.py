"""``mmdia align identify``: which title of a release a file is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.align_options import add_evidence, params_of, wanted_of
from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json

DESCRIPTION = """\
Find the title of a release that a file is a copy of, whatever its name.

All titles are screened: by rare runs of words where the copy has subtitles in
the same language, by fingerprints where the release has them, and by the
rhythm of speech otherwise. The few that fit best are aligned in full; when
none is accepted, none is named.
"""

EPILOG = """\
examples:
  mmdia align identify film.mkv --annotations ~/mm-dia
  mmdia align identify unknown.srt --annotations ~/mm-dia --top 10 --json

exit status: 0 found, 1 none fits, 2 usage, 3 something is missing.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "align identify",
        help="find the title that a file is a copy of",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("media", type=Path, metavar="MEDIA", help="media or subtitle file")
    p.add_argument("--annotations", metavar="RELEASE", help="release (default: the installed one)")
    p.add_argument("--top", type=int, default=5, metavar="N", help="titles to align in full (default: 5)")
    p.add_argument("--language", metavar="TAG", help="language of the annotations, such as en")
    add_evidence(p)
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.cli.align_show import show_identification
    from mmdia.cli.align_tracks import pass_over
    from mmdia.corpus.locate import locate_release
    from mmdia.corpus.read import iter_dialogues, load_titles
    from mmdia.errors import UsageError
    from mmdia.sync.evidence import collect
    from mmdia.sync.identify import Catalogue, identify

    if args.top < 1:
        raise UsageError("--top must be at least 1", got=args.top)
    if args.media.is_dir():
        raise UsageError("MEDIA is a folder", path=args.media, expected="a media or subtitle file")
    params = params_of(args)
    collected = collect(args.media, wanted_of(args, args.language))
    handle, route = locate_release(args.annotations)
    if route == "demo":
        note("mmdia: no release installed or named: this is the bundled demo title")
    titles = load_titles(handle, on_broken=pass_over)
    catalogue = Catalogue.of(handle.path, titles, iter_dialogues(handle, on_broken=pass_over))
    found, _ = identify(str(args.media), collected, catalogue, params=params, top=args.top)
    if args.json:
        print_json(found.to_row())
    else:
        show_identification(found)
    return EXIT_DONE if found.found is not None else EXIT_PARTIAL
