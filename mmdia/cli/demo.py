"""``mmdia demo``: the whole walk on the bundled title, from annotations to a batch of tensors."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, print_json, print_table, progress_bar, say

if TYPE_CHECKING:
    from mmdia.cli.demo_check import CopyResult

EPILOG = """\
examples:
  mmdia demo
  mmdia demo --out my-demo --profile audio
  mmdia demo --json

It derives five "copies that users own" from the bundled film (as it is, with a
logo in front, at PAL speed, re-cut, another film), rebuilds the dialogues from
each, reads the marks in every frame and in the sound back, loads the result as
a dataset, and writes a page with plots and clips. Without the extra "ffmpeg"
(pip install 'mmdia[ffmpeg]') there is the copy as it is alone.
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "demo",
        help="the whole walk on a bundled title",
        description="Rebuild the bundled demo title from five copies of it, and load the result.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--out", type=Path, default=Path("demo-out"), metavar="DIR", help="default: demo-out")
    p.add_argument(
        "--profile",
        choices=("audio", "keyframes", "video", "all"),
        default="all",
        help="what to cut (default: all)",
    )
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.cli.demo_check import check_copy
    from mmdia.cli.demo_copies import COPIES, derive, lacks_ffmpeg
    from mmdia.corpus.locate import demo_release
    from mmdia.rebuild.config import ClipParams, RebuildConfig
    from mmdia.rebuild.run import run_rebuild

    out: Path = args.out
    seconds: dict[str, float] = {}
    results: list[CopyResult] = []
    lacking = lacks_ffmpeg()
    copies = COPIES[:1] if lacking else COPIES
    with progress_bar() as progress:
        bar = progress.add_task("copies", total=len(copies))
        for number, copy in enumerate(copies, start=1):
            if not sys.stderr.isatty():  # elsewhere the bar tells
                note(f"{number} of {len(copies)}: {copy.label}: {copy.description}")
            progress.update(bar, description=copy.name)
            with _timed(seconds, "make the copies"):
                folder = derive(copy, out / "media")
            config = RebuildConfig(
                media_dir=folder,
                out=out / copy.name,
                annotations=str(demo_release()),
                clip=ClipParams(profile=args.profile),
                jobs=1,
            )
            with _timed(seconds, "align and rebuild"):
                summary = run_rebuild(config)
            with _timed(seconds, "read the marks back"):
                results.append(check_copy(copy, summary, out / copy.name))
            progress.advance(bar)
    with _timed(seconds, "load and collate"):
        loaded = _load(out / COPIES[0].name, args.profile)
    page = _write_page(out, results)
    good = all(r.as_meant for r in results)
    if args.json:
        print_json({**_document(results, loaded, page, seconds, good), "lacking": lacking})
    else:
        _show(results, loaded, page, seconds, good)
    if lacking:
        note(f"mmdia: the other {len(COPIES) - 1} copies are left out: {lacking}")
    return EXIT_DONE if good else EXIT_PARTIAL


class _timed:
    """Add the seconds of a block to a stage."""

    def __init__(self, seconds: dict[str, float], stage: str) -> None:
        self.seconds, self.stage = seconds, stage

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *error: object) -> None:
        self.seconds[self.stage] = self.seconds.get(self.stage, 0.0) + time.monotonic() - self.started


def _load(data_dir: Path, profile: str) -> dict[str, Any]:
    """Load the rebuilt dialogues as a dataset, and collate a batch of them."""
    import logging
    import os

    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    logging.getLogger("datasets").setLevel(logging.ERROR)

    from datasets import load_dataset

    from mmdia.corpus.locate import demo_release
    from mmdia.train.collate import DialogueCollator

    where = {"annotations": str(demo_release()), "data_dir": str(data_dir.resolve())}
    dataset = load_dataset("mmdia", **where)
    bench = load_dataset("mmdia", "bench", split="test", **where)
    found: dict[str, Any] = {
        "splits": {name: rows.num_rows for name, rows in dataset.items()},
        "bench": bench.num_rows,
    }
    if profile != "keyframes":
        batch = DialogueCollator(missing="drop")(list(dataset["train"]))
        found["batch"] = {
            key: f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
            for key, value in batch.items()
            if hasattr(value, "shape")
        }
        found["tensors"] = type(batch["audio"]).__module__.split(".")[0]
    return found


def _write_page(out: Path, results: list[CopyResult]) -> Path:
    from mmdia.cli.demo_page import page_copies
    from mmdia.pages.demo import demo_page
    from mmdia.store.atomic import write_text

    page = out / "index.html"
    write_text(page, demo_page(page_copies(out, results)))
    return page


def _document(
    results: list[CopyResult], loaded: dict[str, Any], page: Path, seconds: dict[str, float], good: bool
) -> dict[str, Any]:
    return {
        "schema": "mmdia.demo/1",
        "as_meant": good,
        "copies": [r.to_row() for r in results],
        "dataset": loaded,
        "page": str(page),
        "seconds": {stage: round(s, 2) for stage, s in seconds.items()},
    }


def _show(
    results: list[CopyResult], loaded: dict[str, Any], page: Path, seconds: dict[str, float], good: bool
) -> None:
    from mmdia.schema.reasons import explain

    rows = []
    for r in results:
        error = None if r.sound_error_ms is None else f"{r.sound_error_ms:.3f}"
        rows.append(
            (
                r.copy.label,
                r.verdict.replace("_", " "),
                None if r.offset_s is None else f"{r.offset_s:+.4f}",
                None if r.scale is None else f"{r.scale:.5f}",
                f"{r.built}/{r.total}",
                f"{r.frames_exact}/{r.frames_checked}" if r.frames_checked else None,
                error,
            )
        )
    right = "right"
    print_table(
        ["your copy", "verdict", ("offset s", right), ("speed", right), ("built", right), ("exact", right),
         ("sound ms", right)],
        rows,
    )  # fmt: skip
    say("exact: clips whose frames, first to last, are the annotated ones; sound ms: largest error")
    for r in results:
        for code, n in r.refused.items():
            say(f"  {r.copy.label}: {n} refused, {code}: {explain(code)}")
    splits = ", ".join(f"{n} {name}" for name, n in loaded["splits"].items())
    say(f'load_dataset("mmdia", data_dir=...): {splits}; bench: {loaded["bench"]}')
    if "batch" in loaded:
        audio, spans = loaded["batch"]["audio"], loaded["batch"]["turn_spans"]
        say(f"DialogueCollator ({loaded['tensors']}): audio {audio}, turn_spans {spans}")
    say("; ".join(f"{stage} {s:.1f} s" for stage, s in seconds.items()))
    say(f"plots and clips: {page}")
    say("with your own films: mmdia rebuild --media-dir FILMS --annotations RELEASE --out clips")
    if not good:
        note("mmdia: the demo did not come out as it should; see the table")
