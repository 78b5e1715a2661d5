"""Which formats a release can be exported to: the built-in ones, and those of other packages.

Another package adds a format by an entry point in the group ``mmdia.exporters`` that names an
`Exporter`. A name that is built in cannot be taken over.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mmdia.errors import UsageError
from mmdia.release.exporters.select import Selection

GROUP = "mmdia.exporters"
#: Built-in formats, each with its module.
BUILT_IN = {
    "jsonl": "own",
    "parquet": "own",
    "csv": "turns_csv",
    "rttm": "segments",
    "stm": "segments",
    "seglst": "segments",
    "srt": "subtitles",
    "vtt": "subtitles",
    "lhotse": "lhotse",
    "textgrid": "tiers",
    "elan": "tiers",
}


@dataclass(frozen=True, slots=True)
class Exporter:
    """One format.

    Attributes:
        name: The word that names it on the command line.
        help: One line on what it writes.
        folder: Whether it writes a folder; otherwise one file.
        write: Gets what is to be exported and a path that is not there yet (a folder: that is
            there and empty), and writes it. Every turn it leaves out it counts:
            ``selection.skip(reason)``. What it wrote appears under its final name when it returns.
    """

    name: str
    help: str
    folder: bool
    write: Callable[[Selection, Path], None]


def exporter(name: str) -> Exporter:
    """The exporter of a format.

    Raises:
        UsageError: There is none, or the package that offers it does not give an `Exporter`.
    """
    if name in BUILT_IN:
        module = importlib.import_module(f"mmdia.release.exporters.{BUILT_IN[name]}")
        built_in: Exporter = module.EXPORTERS[name]
        return built_in
    for entry in metadata.entry_points(group=GROUP):
        if entry.name == name:
            try:
                found = entry.load()
            except (ImportError, AttributeError) as error:
                raise UsageError(
                    f"the format {name!r} cannot be loaded: {error}", got=entry.value
                ) from error
            if not isinstance(found, Exporter):
                raise UsageError(
                    f"the entry point {name!r} of {GROUP} is no Exporter", got=type(found).__name__
                )
            return found
    raise UsageError("no such format", expected=", ".join(names()), got=repr(name))


def names() -> tuple[str, ...]:
    """All formats: built in, then those of other packages."""
    others = {entry.name for entry in metadata.entry_points(group=GROUP)} - set(BUILT_IN)
    return (*BUILT_IN, *sorted(others))
