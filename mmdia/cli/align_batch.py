"""``mmdia align --batch``: whole folders."""

from __future__ import annotations

import argparse
from pathlib import Path

from mmdia.cli.align_options import params_of, wanted_of
from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, note, progress_bar


def run_folders(args: argparse.Namespace) -> int:
    """Align every annotation of a folder, release or list with its copy."""
    from mmdia.cli.align_show import show_batch
    from mmdia.cli.align_tracks import batch_items
    from mmdia.errors import UsageError
    from mmdia.pages.batch import batch_page
    from mmdia.store.atomic import write_json, write_text
    from mmdia.sync.batch import INDEX_DOCUMENT, INDEX_PAGE, Outputs, run_batch

    for name in ("subs", "words", "fingerprint"):
        if getattr(args, name) is not None:
            raise UsageError(
                f"--{name} names one file, and --batch has many", hint="List subtitles as `subs` in a CSV."
            )
    outputs = Outputs(*(_folder(args, name) for name in ("json", "srt", "report")))
    params = params_of(args)
    items, unpaired = batch_items(Path(args.annotations), args.media)
    if outputs.json is None:
        note("mmdia: without --json DIR nothing is kept, and a second run begins again")
    with progress_bar() as progress:
        bar = progress.add_task("aligning", total=len(items))
        batch = run_batch(
            items,
            outputs,
            wanted=wanted_of(args, None),
            params=params,
            unpaired=unpaired,
            on_row=lambda row: progress.advance(bar),
        )
    if outputs.json is not None:
        write_json(outputs.json / INDEX_DOCUMENT, batch.to_row())
    if outputs.report is not None:
        write_text(outputs.report / INDEX_PAGE, batch_page(batch))
    show_batch(batch)
    return EXIT_DONE if set(batch.statuses) <= {"accepted"} else EXIT_PARTIAL


def _folder(args: argparse.Namespace, name: str) -> Path | None:
    """A folder to write into.

    Raises:
        UsageError: There is a file of that name, or it is a folder of inputs.
    """
    from mmdia.errors import UsageError

    given: Path | None = getattr(args, name)
    if given is None:
        return None
    if given.exists() and not given.is_dir():
        raise UsageError(f"--{name} names a folder with --batch", path=given)
    if given.resolve() in (Path(args.annotations).resolve(), args.media.resolve()):
        raise UsageError(f"--{name} would write among the inputs", path=given)
    return given
