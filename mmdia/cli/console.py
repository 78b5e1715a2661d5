"""Standard output, standard error, colour, tables, progress, exit statuses: all of it is here.

Standard output carries the result, standard error progress and log, so that pipes stay clean.
`rich` is imported when something is drawn, never before.
"""

from __future__ import annotations

import argparse
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
    """One line of log, on standard error; none with ``--quiet``."""
    if not _quiet:
        print(harmless(text), file=sys.stderr)


_quiet = False


def set_quiet(quiet: bool) -> None:
    """Keep log and progress off standard error, or not; errors are told all the same."""
    global _quiet
    _quiet = quiet


class OldName(argparse.Action):
    """An option that has a new name: it works, is hidden, and says so."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: Any = None) -> None:
        """Set what the new option sets."""
        note(f"mmdia: {option} is now called --{self.metavar}")
        setattr(namespace, self.dest, values)


def print_json(document: Mapping[str, Any]) -> None:
    """The result as one JSON document, on standard output."""
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    # Half a character is escaped as JSON has it.
    print(text.encode("utf-8", "backslashreplace").decode("utf-8"))


Column = str | tuple[str, str]
#: A column of text is wrapped to no fewer characters.
_LEAST_TEXT = 14
#: Between columns.
_GAP = 3


def print_table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    title: str | None = None,
    footer: str | None = None,
) -> None:
    """A table on standard output; nothing in it is ever cut.

    In a pipe or a file it is as wide as it needs, one line a row. On a terminal it fits: columns of
    others' figures are left out, the last first; then text is wrapped; what still has no room comes
    in further tables below, which name their rows again.

    Args:
        columns: Headings, or (heading, kind): "left"; "right" for numbers; "whole" for text that is
            not wrapped, such as commands; "other" for numbers of others, which are left out first.
        rows: Cells; None becomes a dash.
        title: Line above.
        footer: Line below.
    """
    from rich.cells import cell_len

    heads = [column if isinstance(column, tuple) else (column, "left") for column in columns]
    cells = [["–" if cell is None else harmless(str(cell)) for cell in row] for row in rows]
    console = _console(stderr=False)
    if not console.is_terminal:
        _draw(console, heads, cells, range(len(heads)), title)
    else:
        longest = [
            max(cell_len(line) for text in (heads[k][0], *(row[k] for row in cells)) for line in
                (text.splitlines() or [""])) for k in range(len(heads))
        ]  # fmt: skip
        least = [
            n if kind in ("right", "other", "whole") else min(n, _LEAST_TEXT if k else console.width // 2)
            for k, (n, (_, kind)) in enumerate(zip(longest, heads, strict=True))
        ]
        shown = _without_others(heads, longest, console.width)
        for number, part in enumerate(_parts(shown, least, console.width)):
            if number:
                say()
            _draw(console, heads, cells, part, None if number else title, longest)
        if len(shown) < len(heads):
            left = ", ".join(heads[k][0] for k in range(len(heads)) if k not in shown)
            say(f"no room here for: {left} (in a pipe, all is shown)")
    if footer:
        say(footer)


def _without_others(columns: Sequence[tuple[str, str]], longest: Sequence[int], width: int) -> list[int]:
    """Columns to show: while they do not fit, those of others go, the last first."""
    shown = list(range(len(columns)))
    for k in reversed(shown.copy()):
        if sum(longest[i] + _GAP for i in shown) - _GAP <= width:
            break
        if columns[k][1] == "other":
            shown.remove(k)
    return shown


def _parts(shown: Sequence[int], least: Sequence[int], width: int) -> Iterator[list[int]]:
    """The columns of each table, so that each fits; all begin with the first column."""
    part = [shown[0]]
    for k in shown[1:]:
        if len(part) > 1 and sum(least[i] + _GAP for i in (*part, k)) - _GAP > width:
            yield part
            part = [shown[0]]
        part.append(k)
    yield part


def _draw(
    console: Console,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[str]],
    shown: Sequence[int],
    title: str | None,
    longest: Sequence[int] | None = None,
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for k in shown:
        heading, kind = columns[k]
        names_rows = k == shown[0] and (longest is None or longest[k] <= console.width // 2)
        table.add_column(
            Text(harmless(heading)),
            justify="right" if kind in ("right", "other") else "left",
            overflow="fold",
            no_wrap=kind != "left" or names_rows,
        )
    for row in rows:
        table.add_row(*(Text(row[k]) for k in shown))
    if longest is None:
        natural = console.measure(table, options=console.options.update(max_width=_ENOUGH)).maximum
        console.width = max(FALLBACK_WIDTH, natural)
    # rich would end the program itself where the pipe is closed, and pads lines: noise in a pipe.
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


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
    with Progress(
        *columns, console=console, disable=_quiet or not sys.stderr.isatty(), transient=True
    ) as progress:
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
    with Progress(
        *columns, console=console, disable=_quiet or not sys.stderr.isatty(), transient=True
    ) as progress:
        yield progress


def report_error(error: MmdiaError) -> int:
    """Say what went wrong in one line on standard error; returns the exit status."""
    print(harmless(f"mmdia: {error}"), file=sys.stderr)
    return error.exit_code
