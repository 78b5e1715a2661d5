"""``mmdia align``: the annotation timeline on your copy of the film."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli import align_identify, align_rank, align_table6
from mmdia.cli.align_options import add_evidence, output_paths, params_of, wanted_of
from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json

if TYPE_CHECKING:
    from mmdia.schema.timemap import TimeMapFile
    from mmdia.sync.annotation import AnnotationTrack

DESCRIPTION = """\
Find the time map from the annotated copy to yours, with a verdict.

ANNOTATIONS is a subtitle file, RELEASE_DIR::title_id, or ::title_id of the
installed release; MEDIA is a media or subtitle file. Evidence, best first:
what you name (--subs, --words), subtitles beside or inside the film, and the
sound: its speech activity, and the fingerprint that a release may carry.

Three more commands begin with the same word (a file of such a name is given
as ./rank): rank picks the best of many subtitles, identify finds the title
of a file, table6 measures subtitles against a reference.
"""

EPILOG = """\
examples:
  mmdia align annotated.srt my-copy.srt
  mmdia align annotated.srt film.mkv --json map.json --report map.html
  mmdia align ~/mm-dia::tt0059742 film.mkv --subs film.de.srt
  mmdia align annotated.srt film.mkv --mode audio --vad webrtc
  mmdia align annotated.srt film.mkv --words whisper.json
  mmdia align annotated.srt film.mkv --fingerprint annotated.mmfp
  mmdia align annotated.srt film.mkv --srt retimed.srt
  mmdia align annotated/ films/ --batch --json maps --report pages
  mmdia align rank film.mkv one.srt two.srt
  mmdia align identify film.mkv --annotations ~/mm-dia
  mmdia align table6 --reference official.srt --asr asr.srt

With --batch, ANNOTATIONS is a folder of subtitles, a release, or a list of
pairs (CSV: annotation,media), MEDIA the folder of the copies, and --json,
--srt and --report name folders. The same command again goes on where it was.

exit status: 0 usable, 1 refused (the map is still written) or some of a batch
refused, 2 usage, 3 something is missing.
"""


def add(commands: Any) -> None:
    """Add the command, and those that begin with its name, to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "align",
        help="map the annotation timeline onto a copy of the film",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("annotations", metavar="ANNOTATIONS", help="subtitle file or RELEASE::title_id")
    p.add_argument("media", type=Path, metavar="MEDIA", help="media or subtitle file")
    add_evidence(p)
    p.add_argument(
        "--fingerprint",
        type=Path,
        metavar="FILE",
        help="fingerprint of the annotated copy, for a subtitle file",
    )
    p.add_argument("--batch", action="store_true", help="align whole folders")
    p.add_argument("--json", type=Path, metavar="OUT", help="write the time map (-: standard output)")
    p.add_argument("--srt", type=Path, metavar="OUT", help="write all annotation cues, retimed")
    p.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with the plots")
    p.set_defaults(run=run)
    for module in (align_rank, align_identify, align_table6):
        module.add(commands)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.cli.align_show import show_map

    if args.batch:
        from mmdia.cli.align_batch import run_folders

        return run_folders(args)
    _, document = find_map(args)
    if args.json is not None and str(args.json) == "-":
        print_json(document.to_row(nulls=True))
    else:
        show_map(document)
    return EXIT_DONE if document.accepted else EXIT_PARTIAL


def find_map(args: argparse.Namespace) -> tuple[AnnotationTrack, TimeMapFile]:
    """Align, and write what was asked for; the annotation's lines and the map."""
    from mmdia.cli.align_tracks import read_annotation
    from mmdia.errors import UsageError
    from mmdia.store.atomic import write_text
    from mmdia.sync.evidence import collect
    from mmdia.sync.retime import retimed_srt
    from mmdia.sync.timemap import solve, write_timemap

    outputs = output_paths(args, [args.annotations, args.media, args.subs, args.words, args.fingerprint])
    params = params_of(args)
    track = read_annotation(args.annotations, args.fingerprint)
    if args.media.is_dir():
        raise UsageError(
            "MEDIA is a folder",
            path=args.media,
            expected="a media or subtitle file",
            hint="Or add --batch.",
        )
    collected = collect(args.media, wanted_of(args, track.language))
    document = solve(
        track, collected.evidences, media=str(args.media), params=params, missing=collected.missing
    )
    if "json" in outputs:
        write_timemap(outputs["json"], document)
    if args.srt:
        text, clamped = retimed_srt(track, document)
        write_text(outputs["srt"], text)
        if not document.segments:
            note("mmdia: no line was placed; the cues of --srt keep their own times")
        if clamped:
            note(
                f"mmdia: {clamped} cues would start before 0; SRT has no negative times, so they start at 0"
            )
    if args.report:
        from mmdia.pages.alignment import alignment_page

        write_text(outputs["report"], alignment_page(document, texts=[line.text for line in track.lines]))
    return track, document
