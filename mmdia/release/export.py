"""Export a release, or a dataset that was loaded of one, to a format that others read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from mmdia.corpus.jsonl import OnBroken, RecordT
from mmdia.corpus.labels import has_labels, vocabulary_or_default
from mmdia.corpus.locate import ReleaseHandle, open_release
from mmdia.corpus.write import write_release
from mmdia.errors import MmdiaError, UsageError
from mmdia.release.exporters.registry import exporter
from mmdia.release.exporters.select import ExportOptions, Selection
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Title
from mmdia.schema.vocab import Vocabulary
from mmdia.store.atomic import make_folder, part_path, store_error

EXPORT_SCHEMA = "mmdia.export/1"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote.

    Attributes:
        format: The format.
        path: The file or folder.
        files: Number of files.
        dialogues: Dialogues that were looked at (withdrawn ones are not).
        turns: Their turns.
        skipped: Turns that the format cannot hold, by reason.
    """

    format: str
    path: Path
    files: int
    dialogues: int
    turns: int
    skipped: dict[str, int] = field(default_factory=dict)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.export/1``)."""
        return {
            "schema": EXPORT_SCHEMA, "format": self.format, "path": str(self.path), "files": self.files,
            "dialogues": self.dialogues, "turns": self.turns, "skipped": self.skipped,
        }  # fmt: skip


def export_release(
    handle: ReleaseHandle,
    out: str | Path,
    format: str = "jsonl",
    *,
    options: ExportOptions | None = None,
    on_broken: OnBroken = "raise",
) -> Exported:
    """Export a release. Withdrawn rows are left out; the output appears whole or not at all.

    Args:
        handle: The release.
        out: A new folder (jsonl, parquet, srt, vtt, textgrid, elan), or a file (csv, rttm, stm, seglst,
            lhotse), which is replaced where it is there.
        format: One of `mmdia.release.exporters.registry.names`.
        options: What to export.
        on_broken: "raise", or a function that is told of each row that cannot be read.

    Raises:
        UsageError: There is no such format, `out` is a folder with something in it, or nothing was
            chosen.
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
        StoreError: It cannot be written.
    """
    found = exporter(format)
    place = Path(out).expanduser()
    selection = Selection(handle, options or ExportOptions(), on_broken)
    _refuse_place(place, found.folder, handle)
    make_folder(place.parent)
    part = part_path(place)
    try:
        if found.folder:
            make_folder(part)
        found.write(selection, part)
        if not selection.dialogues and not selection.options.all:
            raise UsageError("no dialogue was chosen: there is nothing to export")
        files = sum(1 for p in part.rglob("*") if p.is_file()) if found.folder else 1
        _commit(part, place)
    except OSError as error:
        raise error if isinstance(error, MmdiaError) else store_error(error, place) from error
    finally:
        _discard(part)
    return Exported(
        format, place, files, selection.dialogues, selection.turns, dict(sorted(selection.skipped.items()))
    )


def _refuse_place(place: Path, folder: bool, handle: ReleaseHandle) -> None:
    if folder and (place.is_file() or (place.is_dir() and any(place.iterdir()))):
        raise UsageError("there is something already", path=place, expected="a new folder")
    if not folder and place.is_dir():
        raise UsageError("a folder is there already", path=place, expected="the name of a file")
    if not folder and place.resolve().parent == handle.path.resolve():
        raise UsageError("the file would lie inside the release", path=place, expected="another folder")


def _commit(part: Path, place: Path) -> None:
    if place.is_dir():
        place.rmdir()
    os.replace(part, place)


def _discard(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def export_dataset(
    ds: Any,
    folder: str | Path,
    *,
    head: Release | None = None,
    titles: Iterable[Title] | Any | None = None,
    scenes: Iterable[Scene] = (),
    withdrawn: Iterable[Withdrawal] = (),
    form: Literal["jsonl", "parquet"] = "jsonl",
) -> ReleaseHandle:
    """Write a dataset that was loaded (and perhaps filtered or mapped) as a release again.

    Numbers of `ClassLabel` become words. Columns that are no part of a dialogue (clips of a
    rebuild, media, what `map` added) are left out.

    Args:
        ds: A `datasets.Dataset`, `DatasetDict`, or the streaming ones of both, of any configuration
            with dialogues.
        folder: A new folder.
        head: Head of the release; the default names the dataset and its version.
        titles: Its titles: records, or the configuration ``titles`` loaded; without, a bare title
            for each that the dialogues name.
        scenes: Its scenes.
        withdrawn: What is taken back.
        form: "jsonl" or "parquet".

    Returns:
        The release.

    Raises:
        UsageError: It is no dataset of dialogues, or the folder has something in it.
        ReleaseError: A row is no dialogue, or several have one identifier.
        StoreError: It cannot be written.
    """
    place = Path(folder).expanduser()
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise UsageError("there is something already", path=place, expected="a new folder")
    parts = list(ds.values()) if isinstance(ds, Mapping) else [ds]
    if not parts or not all({"dialogue_id", "turns"} <= _columns(part) for part in parts):
        raise UsageError(
            "no dataset of dialogues", expected="the columns dialogue_id and turns",
            got=", ".join(sorted(_columns(parts[0])))[:200] if parts else "no splits",
        )  # fmt: skip
    chosen = head or _head(parts[0])
    rows = chain.from_iterable(_records(part, Dialogue, chosen) for part in parts)
    known = _bare_titles(parts) if titles is None else _titles(titles, chosen)
    make_folder(place.parent)
    part_folder = part_path(place)
    try:
        write_release(part_folder, chosen, known, rows, scenes=scenes, withdrawn=withdrawn, form=form)
        _commit(part_folder, place)
    except OSError as error:
        raise error if isinstance(error, MmdiaError) else store_error(error, place) from error
    finally:
        _discard(part_folder)
    return open_release(place)


def _columns(part: Any) -> set[str]:
    """Names of the columns; a stream whose columns nobody knows has those of its first row."""
    names = getattr(part, "column_names", None)
    return set(names if names is not None else next(iter(part), {}))


def _head(part: Any) -> Release:
    info = getattr(part, "info", None)
    name = getattr(info, "dataset_name", None) or "exported"
    return Release(
        name=name,
        version=str(getattr(info, "version", None) or "0"),
        license=getattr(info, "license", None) or None,
    )


def _titles(titles: Any, head: Release) -> list[Title]:
    tables = list(titles.values()) if isinstance(titles, Mapping) else [titles]
    if all(hasattr(table, "select_columns") for table in tables):
        return list(chain.from_iterable(_records(table, Title, head) for table in tables))
    return list(titles)


def _bare_titles(parts: Collection[Any]) -> list[Title]:
    named = set()
    for part in parts:
        if "title_id" in _columns(part):
            named |= {row["title_id"] for row in part.select_columns(["title_id"])}
    return [Title(title_id=title) for title in sorted(named - {None})]


def _records(part: Any, model: type[RecordT], head: Release) -> Iterator[RecordT]:
    """Rows of a dataset as records of the model."""
    fields = field_table(model)
    vocab = vocabulary_or_default(head.vocab)
    columns = _columns(part)
    names = [field.name for field in fields if field.name in columns]
    # Other columns are not even read: they may hold media, which would be decoded.
    chosen = part.select_columns(names).with_format(None)
    features = getattr(chosen, "features", None) or {}
    for number, row in enumerate(chosen):
        worded = {
            field.name: _worded(row[field.name], field, features.get(field.name), vocab)
            for field in fields
            if field.name in row
        }
        yield model.from_row(worded, where=f"row {number} of the dataset")


def _worded(value: Any, field: FieldInfo, feature: Any, vocab: Vocabulary) -> Any:
    """The value with numbers of categories as words, at any depth."""
    if value is None or not has_labels(field):
        return value
    if field.axis is not None:
        if not isinstance(value, int):
            return value
        words = tuple(getattr(feature, "names", None) or vocab.names(field.axis))
        if not 0 <= value < len(words):
            raise UsageError(
                f"no category of {field.axis} has this number", expected=f"0..{len(words) - 1}", got=value
            )
        return words[value]
    if field.kind == "list":
        inner = getattr(feature, "feature", None)
        return [_worded(item, field.children[0], inner, vocab) for item in value]
    inside = feature if isinstance(feature, Mapping) else {}
    return {
        child.name: _worded(value[child.name], child, inside.get(child.name), vocab)
        for child in field.children
        if child.name in value
    }
