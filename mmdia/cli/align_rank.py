"""``mmdia align rank``: the best of many subtitles for a copy of the film."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mmdia.cli.align_options import add_evidence, output_paths, params_of, wanted_of
from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, print_json

DESCRIPTION = """\
Order subtitles by how well they suit a copy of the film, and say why.

Each is aligned with the same evidence of the copy: its own subtitles, words,
or sound. Questions in order; what differs first decides:
   1. may it be used (a wrong film is refused, whatever its name)
   2. is it dialogue (no chapters, no descriptions)
   3. is it in the language wanted (--language)
   4. how much of the copy's speech it covers, in tenths
   5. what must be undone: nothing, a constant offset, a speed, edits
   6. how far the starts of all its lines then lie from the copy's, and how
      widely its durations scatter, in 0.01 s
   7. how many of its lines the copy's words confirm, in tenths
   8. confidence, in hundredths; then how much a person must confirm
Those that agree in all of them share a rank.
"""

EPILOG = """\
examples:
  mmdia align rank film.mkv one.srt two.srt three.srt
  mmdia align rank film.mkv downloads/*.srt --language de --report rank.html
  mmdia align rank film.mkv one.srt two.srt --mode audio --json

exit status: 0 the first may be used, 1 none may, 2 usage, 3 something is
missing.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "align rank",
        help="pick the best of many subtitles for a copy",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("media", type=Path, metavar="MEDIA", help="media or subtitle file to compare with")
    p.add_argument("subtitles", type=Path, nargs="+", metavar="SUBS", help="subtitles to rank")
    p.add_argument("--language", metavar="TAG", help="language wanted, such as en")
    add_evidence(p)
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with the plots")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.cli.align_show import show_ranking
    from mmdia.errors import UsageError
    from mmdia.store.atomic import write_text
    from mmdia.sync.evidence import collect
    from mmdia.sync.rank import rank

    subtitles = list(dict.fromkeys(args.subtitles))
    for path in subtitles:
        if not path.is_file():
            raise UsageError("no such subtitle file", path=path)
        if path.resolve() == args.media.resolve():
            raise UsageError("MEDIA is itself among the subtitles to rank", path=path)
    if args.media.is_dir():
        raise UsageError("MEDIA is a folder", path=args.media, expected="a media or subtitle file")
    outputs = output_paths(args, [args.media, args.subs, args.words, *subtitles])
    params = params_of(args)
    collected = collect(args.media, wanted_of(args, args.language))
    ranking, maps = rank(str(args.media), collected, subtitles, params=params, language=args.language)
    if "report" in outputs:
        from mmdia.pages.ranking import ranking_page

        write_text(outputs["report"], ranking_page(ranking, maps))
    if args.json:
        print_json(ranking.to_row())
    else:
        show_ranking(ranking)
    return EXIT_DONE if ranking.best is not None else EXIT_PARTIAL
