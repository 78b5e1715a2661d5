"""``mmdia rebuild``: clips from your own media."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import lasting, note

if TYPE_CHECKING:
    from mmdia.rebuild.config import RebuildConfig
    from mmdia.rebuild.plan import Plan
    from mmdia.rebuild.run import Summary

EPILOG = """\
examples:
  mmdia rebuild --media-dir ~/films --annotations ~/mm-dia
  mmdia rebuild --media-dir ~/films --dry-run --write-map films.csv
  mmdia rebuild --media-dir ~/films --media-map films.csv --profile all
  mmdia rebuild --media-dir ~/films --unit both --layout webdataset
  mmdia rebuild --media-dir ~/films --shard 3/16 --out shard3
  mmdia rebuild --media-dir ~/films --out clips --status
  mmdia rebuild --media-dir ~/films --out clips --verify

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
    p.add_argument("--media-dir", metavar="DIR", help="folder of your films, or its address (s3://...)")
    p.add_argument("--annotations", metavar="RELEASE", help="release folder (default: the installed one)")
    p.add_argument("--out", default="mmdia-clips", metavar="DIR", help="default: mmdia-clips")
    _add_what(p)
    _add_which(p)
    _add_how(p)
    p.set_defaults(run=run)


def _add_what(p: argparse.ArgumentParser) -> None:
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
    told = "make HDR pictures SDR in clips, as in stills"
    what.add_argument("--tone-map", action="store_true", help=told)
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


def _add_which(p: argparse.ArgumentParser) -> None:
    which = p.add_argument_group("which files and titles")
    which.add_argument("--media-map", type=Path, metavar="FILE", help="default: DIR/media.csv if there")
    which.add_argument("--titles", nargs="+", default=[], metavar="ID", help="only these titles")
    which.add_argument("--shard", default="0/1", metavar="I/N", help="share of the titles, for job arrays")
    which.add_argument(
        "--timemap", default="align", metavar="identity|DIR", help="no alignment, or maps made before"
    )
    which.add_argument("--asr", metavar="ENGINE", help="recognise speech where there are no subtitles")
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


def _add_how(p: argparse.ArgumentParser) -> None:
    check = p.add_argument_group("checks of finished clips")
    check.add_argument(
        "--check-speech",
        type=_how_many,
        metavar="N|all",
        help="listen to N clips of each title, or all: do they say their text?",
    )
    check.add_argument(
        "--min-speech",
        type=float,
        metavar="SHARE",
        help="downgrade titles whose clips say less of their text (default: the engine's own measure)",
    )
    check.add_argument("--quality", action="store_true", help="measure the sound of every clip")
    told = "do not compare finished clips with a second, plain decode of the film"
    check.add_argument("--no-proof", action="store_true", help=told)
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
    how.add_argument(
        "--dry-run", action="store_true", help="show files, disk and time needed; write no clips"
    )
    how.add_argument(
        "--write-map", type=Path, metavar="FILE", help="with --dry-run: write the matches as a media map"
    )
    how.add_argument("--status", action="store_true", help="show what the output holds, do nothing")
    how.add_argument("--verify", action="store_true", help="decode all clips and compare with the receipt")
    how.add_argument("--json", action="store_true", help="one JSON document on standard output")


def _how_many(text: str) -> int:
    """``all`` or a number of clips."""
    return -1 if text == "all" else int(text)


def config_of(args: argparse.Namespace) -> RebuildConfig:
    """The run that the arguments ask for."""
    from mmdia.jobs.shards import Shard
    from mmdia.rebuild.config import ClipParams, RebuildConfig
    from mmdia.rebuild.sink import staging_of
    from mmdia.store.remote import parse_place

    shard = Shard.parse(args.shard)
    out, out_url = staging_of(args.out, shard, args.scratch)
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
        tone_map=args.tone_map,
    )
    return RebuildConfig(
        media_dir=parse_place(args.media_dir),
        out=out,
        out_url=out_url,
        annotations=args.annotations,
        clip=clip,
        jobs=args.jobs,
        shard=shard,
        titles=tuple(args.titles),
        media_map=args.media_map,
        timemap=args.timemap,
        asr=args.asr,
        policy=args.policy,
        min_confidence=args.min_confidence,
        timeout_s=args.timeout,
        layout=args.layout,
        engine=args.engine,
        identify=args.identify,
        check_speech=args.check_speech,
        min_speech=args.min_speech,
        quality=args.quality,
        proof=not args.no_proof,
        scratch=args.scratch,
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    return work(args)(as_json=args.json)


def work(args: argparse.Namespace) -> Callable[..., int]:
    """Do what was asked for; a function that shows it (as a table or as JSON) and gives the exit status."""
    from mmdia.cli.align_options import check_engine
    from mmdia.cli.rebuild_show import show_status, show_summary, show_verify
    from mmdia.engines.registry import parse_engine
    from mmdia.errors import UsageError
    from mmdia.rebuild.plan import make_plan
    from mmdia.rebuild.sink import fetch_state
    from mmdia.rebuild.status import status_of
    from mmdia.rebuild.verify import verify_output

    if args.media_dir is None:
        if not (args.verify or args.status):
            raise UsageError("no folder of films is named", hint="Add --media-dir DIR.")
        args.media_dir = args.out  # what lies in the output is no film: only the receipt is read
    config = config_of(args)
    check_engine("asr", None if args.asr is None else parse_engine(args.asr)[0])
    if args.write_map is not None and not args.dry_run:
        raise UsageError("--write-map goes with --dry-run")
    if args.verify:
        if config.out_url is not None:
            raise UsageError("a remote output is verified where its files are", hint="Download it first.")
        return partial(show_verify, verify_output(config.out))
    if args.status:
        if config.out_url is not None:
            fetch_state(config)
        return partial(show_status, status_of(config))
    plan = make_plan(config)
    if plan.route == "demo":
        note("mmdia: no release installed or named: using the bundled demo title")
    if args.dry_run:
        return _dry_run(config, plan, args)
    summary = _rebuild(config, plan)
    if summary.statuses.get("built"):
        release = "" if args.annotations is None else f"annotations={args.annotations!r}, "
        note(f'mmdia: load them: load_dataset("mmdia", {release}data_dir={summary.out!r})')
    return partial(show_summary, summary)


def _dry_run(config: RebuildConfig, plan: Plan, args: argparse.Namespace) -> Callable[..., int]:
    from mmdia.cli.rebuild_show import show_plan
    from mmdia.rebuild.estimate import estimate
    from mmdia.rebuild.ledger import Ledger
    from mmdia.rebuild.plan import refuse_other_release

    if args.write_map is not None:
        from mmdia.rebuild.media_map import propose_map
        from mmdia.store.atomic import write_text

        write_text(args.write_map, propose_map(plan.matches, plan.titles))
        note(f"mmdia: matches written to {args.write_map}; correct them and give them with --media-map")
    rows = Ledger(config.out, config.shard).rows()
    refuse_other_release(plan, config.out, rows)
    _tell_replaced(config, plan, rows)
    needed = estimate(plan, config, rows)
    return partial(show_plan, plan, needed)


def _tell_replaced(config: RebuildConfig, plan: Plan, rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Say that clips of other options will give way: an output holds one kind of clips."""
    from mmdia.rebuild.kept import as_asked, options_hash

    options = options_hash(config.clip, config.policy, config.min_confidence)
    ids = [i for t in plan.work if plan.matches.by_title.get(t) for i in plan.ids[t]]
    there = [row for i in ids if (row := rows.get(i)) and row.get("status") == "built"]
    count = sum(not as_asked(row, options) for row in there)
    if count:
        note(
            f"mmdia: {config.out} holds {count} {'dialogue' if count == 1 else 'dialogues'} cut with other "
            "options; they are replaced (to keep them, stop and give another --out)"
        )


def _rebuild(config: RebuildConfig, plan: Plan) -> Summary:
    from mmdia.cli.rebuild_progress import rebuild_progress
    from mmdia.rebuild.estimate import FewLooks, check_room, estimate, keep_estimate
    from mmdia.rebuild.ledger import Ledger
    from mmdia.rebuild.run import run_rebuild

    rows = Ledger(config.out, config.shard).rows()
    _tell_replaced(config, plan, rows)
    needed = estimate(plan, config, rows, FewLooks())
    check_room(needed, config.out)
    keep_estimate(needed, config.out)
    if not needed.fits:
        wanted, free = needed.bytes / 1e9, (needed.free_bytes or 0) / 1e9
        note(
            f"mmdia: about {wanted:.1f} GB will be written, {free:.1f} GB are free; "
            "when the disk is full the run stops, and the next one goes on"
        )
    if needed.titles and needed.wall_s > 60:
        note(f"mmdia: {len(needed.titles)} titles to work on, about {lasting(needed.wall_s)}")
    with rebuild_progress(plan) as listen:
        return run_rebuild(config, listen=listen, plan=plan)
