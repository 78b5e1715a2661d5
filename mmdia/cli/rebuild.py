"""``mmdia rebuild``: clips from your own media."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from mmdia.rebuild.config import RebuildConfig
    from mmdia.rebuild.plan import Plan
    from mmdia.rebuild.run import Listener, Summary

EPILOG = """\
examples:
  mmdia rebuild --media-dir ~/films --annotations ~/mm-dia
  mmdia rebuild --media-dir ~/films --profile all --height 480 --out clips
  mmdia rebuild --media-dir ~/films --dry-run
  mmdia rebuild --media-dir ~/films --out clips --verify

A file that no name gives away goes into FILMS/media.csv: title_id,path
Run it again at any time: only what is missing or changed is done.
"""


POLICY = "paper: constant offsets only; default: other speeds and cuts, too"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "rebuild",
        help="exact clips from your own media",
        description="Map the annotations onto your copies of the films, and cut verified clips.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--media-dir", required=True, type=Path, metavar="DIR", help="folder of your films")
    p.add_argument("--annotations", metavar="RELEASE", help="release folder (default: the installed one)")
    p.add_argument(
        "--out", type=Path, default=Path("mmdia-clips"), metavar="DIR", help="default: mmdia-clips"
    )
    what = p.add_argument_group("what to cut")
    what.add_argument(
        "--profile",
        choices=("audio", "keyframes", "video", "lossless", "all"),
        default="audio",
        help="FLAC; a JPEG a turn; MP4 with FLAC; the film's own pictures in MP4 with FLAC; "
        "or all but lossless (default: audio)",
    )
    what.add_argument(
        "--unit",
        choices=("dialogue", "turn", "both"),
        default="dialogue",
        help="clips of dialogues, of single turns, or both (default: dialogue)",
    )
    what.add_argument("--pad", type=float, default=0.0, metavar="S", help="seconds added on both sides")
    what.add_argument(
        "--extend-to-next", action="store_true", help="let the last turn run to the next line"
    )
    what.add_argument("--sample-rate", type=int, default=24_000, metavar="HZ", help="default: 24000")
    what.add_argument(
        "--channels",
        choices=("mono", "stereo", "keep"),
        default="mono",
        help="mono takes the dialogue channel of surround sound (default: mono)",
    )
    what.add_argument("--height", type=int, metavar="PX", help="scale video clips")
    what.add_argument(
        "--speed",
        choices=("keep", "restore"),
        default="keep",
        help="keep the speed of the file, or restore the annotated one (default: keep)",
    )
    what.add_argument(
        "--layout",
        choices=("loose", "webdataset", "parquet"),
        default="loose",
        help="loose files, tar shards, or Parquet (default: loose)",
    )
    what.add_argument("--audio-track", metavar="LANG|N", help="audio track by language or number")
    which = p.add_argument_group("which files and titles")
    which.add_argument("--media-map", type=Path, metavar="FILE", help="default: DIR/media.csv if there")
    which.add_argument("--titles", nargs="+", default=[], metavar="ID", help="only these titles")
    which.add_argument("--shard", default="0/1", metavar="I/N", help="share of the titles, for job arrays")
    which.add_argument(
        "--timemap", default="align", metavar="identity|DIR", help="no alignment, or maps made before"
    )
    which.add_argument("--policy", choices=("default", "paper"), default="default", help=POLICY)
    which.add_argument(
        "--min-confidence",
        type=float,
        default=0.5,
        metavar="P",
        help="refuse films and dialogues below it (default: 0.5)",
    )
    which.add_argument(
        "--identify", action="store_true", help="find titles of files whose names say nothing"
    )
    check = p.add_argument_group("checks of the sound")
    check.add_argument(
        "--check-speech",
        type=_how_many,
        metavar="N|all",
        help="listen to N clips of each title, or all: do they say their text?",
    )
    check.add_argument(
        "--min-speech",
        type=float,
        default=0.5,
        metavar="SHARE",
        help="downgrade titles whose clips say less of their text (default: 0.5)",
    )
    check.add_argument("--quality", action="store_true", help="measure the sound of every clip")
    how = p.add_argument_group("how")
    how.add_argument(
        "--engine", choices=("local", "ray"), default="local", help="where titles are worked on"
    )
    how.add_argument(
        "--scratch", type=Path, metavar="DIR", help="folder for what is fetched from remote storage"
    )
    how.add_argument(
        "--jobs", type=int, default=None, metavar="N", help="default: one a core; 0: in-process"
    )
    how.add_argument("--timeout", type=float, metavar="S", help="seconds a title may take")
    how.add_argument("--dry-run", action="store_true", help="show the plan, write nothing")
    how.add_argument("--status", action="store_true", help="show what the output holds, do nothing")
    how.add_argument("--verify", action="store_true", help="decode all clips and compare with the receipt")
    how.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def _how_many(text: str) -> int:
    """``all`` or a number of clips."""
    return -1 if text == "all" else int(text)


def config_of(args: argparse.Namespace) -> RebuildConfig:
    """The run that the arguments ask for."""
    from mmdia.jobs.shards import Shard
    from mmdia.rebuild.config import ClipParams, RebuildConfig

    clip = ClipParams(
        profile=args.profile,
        pad_s=args.pad,
        extend_to_next=args.extend_to_next,
        sample_rate=args.sample_rate,
        channels=args.channels,
        height=args.height,
        audio_track=args.audio_track,
        unit=args.unit,
        speed=args.speed,
    )
    return RebuildConfig(
        media_dir=args.media_dir.expanduser(),
        out=args.out.expanduser(),
        annotations=args.annotations,
        clip=clip,
        jobs=(os.cpu_count() or 1) if args.jobs is None else args.jobs,
        shard=Shard.parse(args.shard),
        titles=tuple(args.titles),
        media_map=args.media_map,
        timemap=args.timemap,
        policy=args.policy,
        min_confidence=args.min_confidence,
        timeout_s=args.timeout,
        layout=args.layout,
        engine=args.engine,
        identify=args.identify,
        check_speech=args.check_speech,
        min_speech=args.min_speech,
        quality=args.quality,
        scratch=args.scratch,
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.rebuild.plan import make_plan
    from mmdia.rebuild.run import run_rebuild
    from mmdia.rebuild.status import status_of
    from mmdia.rebuild.verify import verify_output

    config = config_of(args)
    if args.verify:
        return _show_verify(verify_output(config.out), args.json)
    if args.status:
        summary = status_of(config)
        _show(summary, as_json=args.json)
        return EXIT_DONE if summary.complete else EXIT_PARTIAL
    plan = make_plan(config)
    if plan.route == "demo":
        note("mmdia: no release installed or named: using the bundled demo title")
    if args.dry_run:
        _show_plan(plan, as_json=args.json)
        return EXIT_DONE
    with rebuild_progress(plan) as listen:
        summary = run_rebuild(config, listen=listen, plan=plan)
    _show(summary, as_json=args.json)
    return EXIT_DONE if summary.complete else EXIT_PARTIAL


@contextmanager
def rebuild_progress(plan: Plan) -> Iterator[Listener]:
    """A progress display that listens to a run: one bar overall, one for each title at work."""
    total = sum(len(plan.ids[t]) for t in plan.work if plan.matches.by_title.get(t))
    with progress_bar() as progress:
        overall = progress.add_task("all titles", total=total)
        bars: dict[str, Any] = {}

        def listen(key: str, event: dict[str, Any]) -> None:
            kind = event.get("event")
            if kind == "start":
                name = plan.titles[key].name or key if key in plan.titles else key
                bars[key] = progress.add_task(name[:28], total=event["dialogues"])
            elif kind == "clip":
                progress.advance(overall, event["n"])
                if key in bars:
                    progress.advance(bars[key], event["n"])
            elif kind == "end" and key in bars:
                progress.remove_task(bars.pop(key))

        yield listen


def _show_plan(plan: Plan, *, as_json: bool) -> None:
    rows = []
    for title_id in plan.work:
        found = plan.matches.by_title.get(title_id, ())
        first = found[0] if found else None
        rows.append(
            {
                "title_id": title_id,
                "dialogues": len(plan.ids[title_id]),
                "file": first.path if first else None,
                "how": first.how if first else None,
                "candidates": len(found),
            }
        )
    if as_json:
        print_json(
            {
                "schema": "mmdia.rebuild-plan/1",
                "titles": rows,
                "unmatched": list(plan.matches.unmatched),
                "ambiguous": {k: list(v) for k, v in plan.matches.ambiguous.items()},
                "broken": [str(e) for e in plan.broken],
            }
        )
        return
    print_table(
        ["title", ("dialogues", "right"), "file", "how"],
        [(r["title_id"], r["dialogues"], r["file"] or "missing", r["how"]) for r in rows],
        title=f"{plan.annotation_version}: nothing is written (--dry-run)",
    )
    _show_files(plan.matches.unmatched, plan.matches.ambiguous, [str(e) for e in plan.broken])


def _show(summary: Summary, *, as_json: bool) -> None:
    from mmdia.schema.reasons import explain

    if as_json:
        print_json(summary.to_row())
        return
    rows = []
    for t in summary.titles:
        counts = t.get("counts") or {}
        offset, scale = t.get("offset"), t.get("scale")
        rows.append(
            (
                t["title_id"],
                _found(t),
                None if offset is None else f"{offset:+.3f}",
                None if scale is None or not t.get("verdict") else f"{scale:.5f}",
                counts.get("built", 0),
                sum(n for s, n in counts.items() if s != "built"),
            )
        )
    headings: list[str | tuple[str, str]] = [
        "title",
        "verdict",
        ("offset s", "right"),
        ("speed", "right"),
        ("built", "right"),
        ("not", "right"),
    ]
    print_table(headings, rows)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(summary.statuses.items()))
    done = f"{summary.kept} kept from before; {summary.seconds:.1f} s; in {summary.out}"
    say(f"{counted or 'no dialogues'}; {done}")
    for code, n in summary.reasons.items():
        if code not in ("no_media", "not_selected", "withdrawn"):
            say(f"  {n} x {code}: {explain(code)}")
    for title in summary.titles:
        if title.get("message"):
            say(f"  {title['title_id']}: {title['message']}")
    _show_files(summary.unmatched, summary.ambiguous, summary.broken)


def _found(title: dict[str, Any]) -> str:
    """The verdict in a cell; where there was nothing to compare, that is said instead."""
    reasons = title.get("reasons") or []
    if "no_evidence" in reasons or not title.get("verdict"):
        return ", ".join(reasons) or "nothing to do"
    return str(title["verdict"])


def _show_files(unmatched: Any, ambiguous: Any, broken: Any) -> None:
    if unmatched:
        shown = ", ".join(list(unmatched)[:5]) + (" ..." if len(unmatched) > 5 else "")
        say(f"  {len(unmatched)} files belong to no title: {shown} (name them in media.csv if they should)")
    for path, titles in ambiguous.items():
        say(f"  {path} fits several titles: {', '.join(titles)} (name it in media.csv)")
    for message in list(broken)[:5]:
        say(f"  broken row: {message}")
    if len(broken) > 5:
        say(f"  ... {len(broken) - 5} more broken rows (run: mmdia release validate)")


def _show_verify(report: Any, as_json: bool) -> int:
    if as_json:
        print_json(report.to_row())
    else:
        say(f"{report.checked} files checked, {len(report.faults)} faults")
        for fault in report.faults[:20]:
            say(f"  {fault.dialogue_id}: {fault.path}: {fault.problem}")
    return EXIT_DONE if not report.faults else EXIT_PARTIAL
