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

from mmdia.errors import LONE_BYTES, MmdiaError

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

#: No table is wider, even in a file.
_ENOUGH = 1000


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Outside a terminal rich would guess from COLUMNS or take 80; keep to 80 unless told.
    width = None if stream.isatty() else FALLBACK_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=False)


#: Controls would let the text of a release drive the terminal; they are shown instead.
_CONTROLS = (
    {n: f"\\x{n:02x}" for n in (*range(32), 127, *range(128, 160)) if chr(n) not in "\n\t"}
    | {n: f"\\u{n:04x}" for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    | LONE_BYTES
)


def harmless(text: str) -> str:
    """The text with control characters, and those that turn the direction of writing, spelled out."""
    return text.translate(_CONTROLS)


def say(text: str = "") -> None:
    """One line of the result, on standard output: no markup, no wrapping, no control characters."""
    print(harmless(text))


def note(text: str) -> None:
    """One line of log, on standard error."""
    print(harmless(text), file=sys.stderr)


def print_json(document: Mapping[str, Any]) -> None:
    """The result as one JSON document, on standard output."""
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    # Half a character is escaped as JSON has it.
    print(text.encode("utf-8", "backslashreplace").decode("utf-8"))


def print_table(
    columns: Sequence[str | tuple[str, str]],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    footer: str | None = None,
) -> None:
    """A table on standard output, one line a row.

    On a terminal it fits: text that is too long ends in an ellipsis, numbers never do. In a pipe or a
    file it is as wide as it needs, so that nothing is lost.

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
    for k, column in enumerate(columns):
        heading, justify = column if isinstance(column, tuple) else (column, "left")
        table.add_column(
            Text(harmless(heading)),
            justify="right" if justify == "right" else "left",
            overflow="ellipsis",
            no_wrap=justify == "right" or k == 0,  # numbers and names of rows are cut last
        )
    for row in rows:
        # The text itself must not wrap; a column that may not would let numbers be squeezed instead.
        cells = ("–" if cell is None else harmless(str(cell)) for cell in row)
        table.add_row(*(Text(cell, no_wrap=True, overflow="ellipsis") for cell in cells))
    console = _console(stderr=False)
    if console.is_terminal:
        console.print(table)
    else:
        natural = console.measure(table, options=console.options.update(max_width=_ENOUGH)).maximum
        console.width = max(FALLBACK_WIDTH, natural)
        # rich pads every line to the table's width; in files and pipes that is noise.
        with console.capture() as captured:
            console.print(table)
        say("\n".join(line.rstrip() for line in captured.get().splitlines()))
    if footer:
        say(footer)


def lasting(seconds: float | None) -> str:
    """A time in words: ``40 s``, ``12 min``, ``3 h 20 min``, ``2.5 days``."""
    if seconds is None:
        return "?"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes / 60 / 24:.1f} days"


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


@contextmanager
def share_bars() -> Iterator[Progress]:
    """Bars of shares, 0 to 1, each with words of its own (the field ``left``); on standard error."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    console = _console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not sys.stderr.isatty(), transient=True) as progress:
        yield progress


def report_error(error: MmdiaError) -> int:
    """Say what went wrong in one line on standard error; returns the exit status."""
    note(f"mmdia: {error}")
    return error.exit_code
