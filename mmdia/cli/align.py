"""``mmdia align``: the annotation timeline on your copy of the film."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_table, say

if TYPE_CHECKING:
    from mmdia.schema.timemap import TimeMapFile
    from mmdia.sync.annotation import AnnotationTrack

EPILOG = """\
examples:
  mmdia align annotated.srt my-copy.srt
  mmdia align annotated.srt film.mkv --json map.json --report map.html
  mmdia align ~/mm-dia::tt0059742 film.mkv --subs film.de.srt
  mmdia align annotated.srt film.mkv --srt retimed.srt

ANNOTATIONS is a subtitle file, RELEASE_DIR::title_id, or ::title_id of the
installed release; MEDIA is a media or subtitle file.
exit status: 0 usable, 1 refused (the map is still written), 2 usage,
3 something is missing.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "align",
        help="map the annotation timeline onto a copy of the film",
        description="Find the time map from the annotated copy to yours, with a verdict.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("annotations", metavar="ANNOTATIONS", help="subtitle file or RELEASE::title_id")
    p.add_argument("media", type=Path, metavar="MEDIA", help="media or subtitle file")
    p.add_argument("--mode", choices=("auto", "text", "timing"), default="auto", help="evidence to use")
    p.add_argument("--subs", type=Path, metavar="FILE", help="subtitles of the copy, instead of its own")
    p.add_argument(
        "--policy",
        choices=("default", "paper"),
        default="default",
        help="paper: constant offsets only; default: other speeds and cuts, too",
    )
    p.add_argument(
        "--min-confidence", type=float, default=0.5, metavar="P", help="refuse maps below it (default: 0.5)"
    )
    p.add_argument("--json", type=Path, metavar="OUT", help="write the time map")
    p.add_argument("--srt", type=Path, metavar="OUT", help="write all annotation cues, retimed")
    p.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with the plots")
    p.set_defaults(run=run)


def read_annotation(source: str) -> AnnotationTrack:
    """Read ``FILE.srt``, ``RELEASE_DIR::title_id``, or ``::title_id`` of the release in use.

    Raises:
        UsageError: The release has no such title.
        ReleaseNotFound, SubtitleError, AlignmentError: It cannot be read, or has no lines.
    """
    from mmdia.corpus.locate import locate_release, open_release
    from mmdia.corpus.read import iter_dialogues, load_titles
    from mmdia.errors import UsageError
    from mmdia.sync.annotation import TITLE_MARK, track_of_file, track_of_title

    folder, mark, title_id = source.rpartition(TITLE_MARK)
    if not mark:
        if Path(source).is_dir():
            hint = f"Name a title: {source}{TITLE_MARK}TITLE_ID"
            raise UsageError("this is a release, not a track", path=source, hint=hint)
        return track_of_file(source)
    handle = open_release(Path(folder)) if folder else locate_release(None)[0]
    titles = load_titles(handle)
    title = titles.get(title_id)
    if title is None:
        some = ", ".join(list(titles)[:5])
        more = ", ..." if len(titles) > 5 else ""
        raise UsageError(
            f"no title {title_id!r} in this release", path=handle.path, hint=f"It has: {some}{more}"
        )
    dialogues = [d for d in iter_dialogues(handle) if d.title_id == title_id]
    return track_of_title(handle.path, title, dialogues)


def output_paths(args: argparse.Namespace, inputs: list[Any]) -> dict[str, Path]:
    """Where the outputs go: links followed, inputs never overwritten, devices left alone.

    Raises:
        UsageError: An output is an input or no regular file, or two outputs are one.
    """
    from mmdia.errors import UsageError

    taken = {Path(i).resolve() for i in inputs if i is not None and Path(i).exists()}
    found: dict[str, Path] = {}
    for name in ("json", "srt", "report"):
        given = getattr(args, name)
        if given is None:
            continue
        path = given.resolve()
        if path in taken:
            raise UsageError(f"--{name} would overwrite an input or another output", path=given)
        if path.exists() and not path.is_file():
            raise UsageError(f"--{name} needs a regular file", path=given)
        taken.add(path)
        found[name] = path
    return found


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.errors import UsageError
    from mmdia.store.atomic import write_text
    from mmdia.sync.evidence import gather
    from mmdia.sync.retime import retimed_srt
    from mmdia.sync.timemap import AlignParams, solve, write_timemap

    outputs = output_paths(args, [args.annotations, args.media, args.subs])
    track = read_annotation(args.annotations)
    if args.media.is_dir():
        raise UsageError("MEDIA is a folder", path=args.media, expected="a media or subtitle file")
    evidences = gather(args.media, subs=args.subs, language=track.language)
    params = AlignParams(args.mode, args.policy, args.min_confidence)
    document = solve(track, evidences, media=str(args.media), params=params)
    if args.json:
        write_timemap(outputs["json"], document)
    if args.srt:
        text, clamped = retimed_srt(track, document)
        write_text(outputs["srt"], text)
        if clamped:
            note(
                f"mmdia: {clamped} cues would start before 0; SRT has no negative times, so they start at 0"
            )
    if args.report:
        from mmdia.pages.alignment import alignment_page

        write_text(outputs["report"], alignment_page(document, texts=[line.text for line in track.lines]))
    show(document)
    return EXIT_DONE if document.accepted else EXIT_PARTIAL


def show(document: TimeMapFile) -> None:
    """Print a time map for a person."""
    from mmdia.schema.reasons import explain

    verdict = "accepted" if document.accepted else "refused"
    speed = f"x{document.scale:.6f}" + (f" ({document.scale_ratio})" if document.scale_ratio else "")
    present = sum(line.present for line in document.lines)
    if "no_evidence" in document.reasons:
        say("no verdict (refused): there is nothing to compare")
    else:
        say(f"{document.verdict} ({verdict}), confidence {document.confidence:.3f}, speed {speed}")
    say(f"{present} of {len(document.lines)} lines present; evidence: {document.evidence.get('kind')}")
    if document.segments:
        print_table(
            [("from s", "right"), ("to s", "right"), ("offset s", "right"), ("confidence", "right")],
            [
                (f"{s.anno_start:.3f}", f"{s.anno_end:.3f}", f"{s.offset:+.4f}", f"{s.confidence:.3f}")
                for s in document.segments
            ],
        )
    for code in document.reasons:
        say(f"  {code}: {explain(code)}")
