"""Standard output, standard error, colour, tables, progress, exit statuses: all of it is here.

Standard output carries the result, standard error progress and log, so that pipes stay clean.
`rich` is imported when something is drawn, never before.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mmdia.errors import MmdiaError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

EXIT_DONE = 0
EXIT_PARTIAL = 1
EXIT_USAGE = 2
EXIT_MISSING = 3
EXIT_INTERRUPTED = 130

#: Width of tables where the terminal does not say: what reads well in a log.
FALLBACK_WIDTH = 80


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Outside a terminal rich would guess from COLUMNS or take 80; keep to 80 unless told.
    width = None if stream.isatty() else FALLBACK_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


def say(text: str = "") -> None:
    """One line of the result, on standard output, as it is: no markup, no wrapping."""
    print(text)


def note(text: str) -> None:
    """One line of log, on standard error."""
    print(text, file=sys.stderr)


def print_json(document: Mapping[str, Any]) -> None:
    """The result as one JSON document, on standard output."""
    print(json.dumps(document, ensure_ascii=False, indent=1, default=str))


def print_table(
    columns: Sequence[str | tuple[str, str]],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    footer: str | None = None,
) -> None:
    """A table on standard output that fits its terminal (80 columns in a pipe).

    Args:
        columns: Headings, or (heading, justify) with justify "left" or "right".
        rows: Cells; None becomes a dash.
        title: Line above.
        footer: Line below.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        heading, justify = column if isinstance(column, tuple) else (column, "left")
        table.add_column(
            heading,
            justify="right" if justify == "right" else "left",
            overflow="fold",
            no_wrap=justify == "right",
        )
    for row in rows:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))
    console = _console(stderr=False)
    if console.is_terminal:
        console.print(table)
    else:
        # rich pads every line to the table's width; in files and pipes that is noise.
        with console.capture() as captured:
            console.print(table)
        say("\n".join(line.rstrip() for line in captured.get().splitlines()))
    if footer:
        say(footer)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error; silent when that is no terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = _console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        yield progress


def report_error(error: MmdiaError) -> int:
    """Say what went wrong in one line on standard error; returns the exit status."""
    note(f"mmdia: {error}")
    return error.exit_code
