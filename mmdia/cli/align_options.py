"""Options that ``align`` shares with ``align rank`` and ``align identify``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmdia.engines.registry import Kind
    from mmdia.sync.evidence import Wanted
    from mmdia.sync.timemap import AlignParams

#: What all that align compare with can be told.
MODES = ("auto", "text", "timing", "audio", "fingerprint")


def add_evidence(p: argparse.ArgumentParser) -> None:
    """Add the options that say what to compare with, and what to accept."""
    p.add_argument(
        "--mode", choices=MODES, default="auto", help="evidence to use (default: auto, all of it)"
    )
    p.add_argument("--subs", type=Path, metavar="FILE", help="subtitles of the copy, instead of its own")
    p.add_argument("--words", type=Path, metavar="FILE", help="recognised words of the copy, with times")
    p.add_argument("--asr", metavar="ENGINE", help="recognise speech where there are no subtitles")
    p.add_argument(
        "--vad",
        default="auto",
        metavar="NAME",
        help="speech detector: auto, webrtc or silero (default: auto)",
    )
    p.add_argument(
        "--policy",
        choices=("default", "paper"),
        default="default",
        help="paper: constant offsets only; default: other speeds and cuts, too",
    )
    p.add_argument(
        "--min-confidence", type=float, default=0.5, metavar="P", help="refuse maps below it (default: 0.5)"
    )


def wanted_of(args: argparse.Namespace, language: str | None) -> Wanted:
    """What to compare with, as asked for.

    Raises:
        UsageError: Two sources of lines are named, or lines where only sound counts, or an engine
            that nobody knows.
    """
    from mmdia.corpus.locate import mmdia_home
    from mmdia.engines.registry import parse_engine
    from mmdia.errors import UsageError
    from mmdia.sync.evidence import Wanted

    if args.subs is not None and args.words is not None:
        raise UsageError("--subs and --words are two sources of lines", hint="Name one of them.")
    check_engine("vad", args.vad)
    check_engine("asr", None if args.asr is None else parse_engine(args.asr)[0])
    return Wanted(
        mode=args.mode,
        subs=args.subs,
        words=args.words,
        asr=args.asr,
        vad=args.vad,
        language=language,
        cache=mmdia_home() / "heard",
    )


def check_engine(kind: Kind, name: str | None) -> None:
    """Refuse a misspelt name at once: whether the engine is needed shows only later, if at all."""
    from mmdia.engines.registry import engines
    from mmdia.errors import UsageError

    if name is None or (kind == "vad" and name == "auto"):
        return
    known = [info.name for info in engines(kind)]
    if name not in known:
        raise UsageError(f"there is no --{kind} of this name", expected=", ".join(known), got=name)


def params_of(args: argparse.Namespace) -> AlignParams:
    """How to align, as asked for."""
    from mmdia.sync.timemap import AlignParams

    return AlignParams(args.mode, args.policy, args.min_confidence)


def output_paths(args: argparse.Namespace, inputs: list[Any]) -> dict[str, Path]:
    """Where the outputs go: links followed, inputs never overwritten, devices left alone.

    Raises:
        UsageError: An output is an input or no regular file, or two outputs are one.
    """
    from mmdia.errors import UsageError

    taken = {Path(i).resolve() for i in inputs if i is not None and Path(i).exists()}
    found: dict[str, Path] = {}
    for name in ("json", "srt", "report"):
        given = getattr(args, name, None)
        if given is None or isinstance(given, bool) or (name == "json" and str(given) == "-"):
            continue
        path = given.resolve()
        if path in taken:
            raise UsageError(f"--{name} would overwrite an input or another output", path=given)
        if path.exists() and not path.is_file():
            raise UsageError(f"--{name} needs a regular file", path=given)
        taken.add(path)
        found[name] = path
    return found
