"""MovieBench: shots of films (Wu et al., 2024), one JSON file a shot, whose name holds its times.

``1004_Juno_00.01.43.655-00.01.47.807.json`` is a shot of the title ``1004_Juno``. ``data_split.json``
gives the split of each title, ``mad2imdb.json`` its IMDb identifier; both are taken when they are among
the files. A shot is a dialogue without turns: who is seen, what happens, how it looks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdia.errors import ReleaseError
from mmdia.release.importers.clock import dots_ms
from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.shape import build, extras, split_named, split_option
from mmdia.release.importers.tables import load_json
from mmdia.schema.dialogue import Source, Speaker
from mmdia.schema.release import ReleaseSource
from mmdia.schema.title import Title

SOURCE = ReleaseSource(
    name="MovieBench",
    kind="dataset",
    url="https://github.com/showlab/MovieBench",
    citation="Wu et al., MovieBench: A Hierarchical Movie Level Dataset for Long Video Generation, 2024",
)
_NAME = re.compile(
    r"(?P<title>.+)_(?P<start>\d{1,3}\.\d\d\.\d\d\.\d{1,3})-(?P<end>\d{1,3}\.\d\d\.\d\d\.\d{1,3})\Z"
)
_NUMBERED = re.compile(r"\d{4}_")
_IMDB = re.compile(r"tt\d{7,8}\Z")


def accepts(files: Sequence[Path]) -> bool:
    """Whether there are JSON files whose names hold a title and times, or the tables beside such."""
    tables = {"data_split.json", "mad2imdb.json"}
    return any(
        path.suffix.lower() == ".json" and (_NAME.match(path.stem) or path.name in tables) for path in files
    )


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each film, a dialogue for each shot."""
    shots, imdb = [], dict(options.name_map)
    splits: dict[str, str] = {}
    for path in (p for p in files if p.suffix.lower() == ".json"):
        found = _NAME.match(path.stem)
        if found:
            shots.append((path, found))
        else:
            _take_table(path, imdb, splits, ledger)
    seen: set[str] = set()
    for path, found in shots:
        ledger.read()
        start, end = dots_ms(found["start"]), dots_ms(found["end"])
        if start is None or end is None:
            ledger.lose("bad_time", where=path.name, what=f"{found['start']} to {found['end']}")
            continue
        try:
            document = load_json(path)
        except ReleaseError as error:
            ledger.lose("broken_row", where=path.name, what=error.message)
            continue
        if not isinstance(document, Mapping):
            ledger.lose("broken_row", where=path.name, what="no JSON object")
            continue
        ledger.keep()
        name = found["title"]
        title = _title(name, imdb.get(name), options)
        if name not in seen:
            seen.add(name)
            yield title
        split = split_option(options) or splits.get(name) or split_named(path.parent.parent.name)
        yield _shot(path.stem, title.title_id, start, end, split, document)


def _take_table(path: Path, imdb: dict[str, str], splits: dict[str, str], ledger: Ledger) -> None:
    """Take a file of splits or of IMDb identifiers; anything else is counted as lost."""
    try:
        document = load_json(path)
    except ReleaseError as error:
        ledger.read()
        ledger.lose("broken_row", where=path.name, what=error.message)
        return
    if isinstance(document, Mapping) and document:
        if all(isinstance(v, str) and _IMDB.match(v) for v in document.values()):
            imdb.update(document)
            return
        if all(split_named(str(k)) and isinstance(v, list) for k, v in document.items()):
            for word, names in document.items():
                splits.update({str(name): split_named(word) or "" for name in names})
            return
    ledger.read()
    ledger.lose("other_row", where=path.name, what="its name is not TITLE_HH.MM.SS.mmm-HH.MM.SS.mmm.json")


def _title(name: str, imdb_id: str | None, options: ImportOptions) -> Title:
    return Title(
        title_id=imdb_id or name,
        kind="movie",
        name=_NUMBERED.sub("", name).replace("_", " "),
        imdb_id=imdb_id,
        language=options.language or "en",
        extra=extras({"moviebench_title": name}),
    )


def _shot(
    stem: str, title_id: str, start: int, end: int, split: str | None, document: Mapping[str, Any]
) -> Any:
    seen = document.get("Characters")
    people = dict(seen) if isinstance(seen, Mapping) else {}
    placed = {"Characters", "Plot"}
    more = {key: value for key, value in document.items() if key not in placed}
    if people:
        more["characters"] = people
    return build(
        stem,
        (),
        title_id=title_id,
        start_ms=start,
        end_ms=end,
        split=split,
        speakers=[Speaker(speaker_id=str(name), name=str(name)) for name in people],
        summary=str(document.get("Plot") or "") or None,
        source=Source(dataset="MovieBench", id=stem),
        extra=extras(more),
    )


IMPORTER = Importer("moviebench", "MovieBench's JSON files, one a shot", (".json",), accepts, read, SOURCE)
