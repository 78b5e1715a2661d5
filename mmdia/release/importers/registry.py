"""Which formats can be imported: the built-in ones, and those of other packages.

Another package adds a format by an entry point in the group ``mmdia.importers`` that names an
`Importer`. A name that is built in cannot be taken over.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mmdia.errors import UsageError
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.schema.names import nearest
from mmdia.schema.release import ReleaseSource

GROUP = "mmdia.importers"
#: Built-in formats in the order in which ``auto`` asks them, each with its module.
BUILT_IN = {
    "release": "own",
    "meld": "meld",
    "emorynlp": "emorynlp",
    "m3ed": "m3ed",
    "moviebench": "moviebench",
    "rttm": "rttm",
    "stm": "stm",
    "ctm": "ctm",
    "seglst": "seglst",
    "whisper": "whisper",
    "lhotse": "lhotse",
    "textgrid": "textgrid",
    "elan": "elan",
    "labelstudio": "labelstudio",
    "audacity": "audacity",
    "cped": "sets",
    "mustard": "sets",
    "emotionlines": "sets",
    "tvr": "sets",
    "condensedmovies": "sets",
    "subtitles": "subtitles",
    "mapping": "mapping",
}


@dataclass(frozen=True, slots=True)
class Importer:
    """One format.

    Attributes:
        name: The word that names it on the command line.
        help: One line on what it reads.
        suffixes: Endings of the files it reads, lower case, with the dot.
        accepts: Whether files look like this format; must not raise. Used by ``auto``.
        read: Files, options, ledger -> titles, dialogues, scenes, ... in any order. Every row of
            the files is counted in the ledger: read, and then kept or lost.
        source: The data set that it reads, for ``sources`` of the release; None for general formats.
        any_suffix: Whether a file that is named, and not found in a folder, is read whatever its ending.
    """

    name: str
    help: str
    suffixes: tuple[str, ...]
    accepts: Callable[[Sequence[Path]], bool]
    read: Callable[[Sequence[Path], ImportOptions, Ledger], Iterator[Item]]
    source: ReleaseSource | None = None
    any_suffix: bool = False


def importer(name: str) -> Importer:
    """The importer of a format.

    Raises:
        UsageError: There is none, or the package that offers it does not give an `Importer`.
    """
    if name in BUILT_IN:
        module = importlib.import_module(f"mmdia.release.importers.{BUILT_IN[name]}")
        found = module.IMPORTERS[name] if hasattr(module, "IMPORTERS") else module.IMPORTER
        assert_importer(found, name)
        return found  # type: ignore[no-any-return]
    for entry in metadata.entry_points(group=GROUP):
        if entry.name == name:
            try:
                offered = entry.load()
            except (ImportError, AttributeError) as error:
                raise UsageError(
                    f"the format {name!r} cannot be loaded: {error}", got=entry.value
                ) from error
            assert_importer(offered, name)
            return offered  # type: ignore[no-any-return]
    got = f"{name!r}{nearest(name, names())}"
    raise UsageError("no such format", expected=", ".join(names()), got=got)


def assert_importer(found: object, name: str) -> None:
    """Refuse what is no importer.

    Raises:
        UsageError: It is none.
    """
    if not isinstance(found, Importer):
        raise UsageError(f"the entry point {name!r} of {GROUP} is no Importer", got=type(found).__name__)


def names() -> tuple[str, ...]:
    """All formats: built in, then those of other packages."""
    others = {entry.name for entry in metadata.entry_points(group=GROUP)} - set(BUILT_IN)
    return (*BUILT_IN, *sorted(others))


def recognise(files: Sequence[Path]) -> Importer:
    """The format that files look like.

    Raises:
        UsageError: They look like none.
    """
    for name in names():
        found = importer(name)
        if found.accepts(files):
            return found
    raise UsageError(
        "the format cannot be told from the files",
        expected=", ".join(names()),
        got=", ".join(path.name for path in files[:5]) or "no files",
        hint="Name the format, or write a mapping (docs/import.md).",
    )
