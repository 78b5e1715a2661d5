"""Our own format, as JSONL or Parquet: everything that the release has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

from mmdia.corpus.history import with_step
from mmdia.corpus.locate import release_files
from mmdia.corpus.read import iter_numbered, iter_scenes
from mmdia.corpus.write import copy_side_files, write_release
from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection
from mmdia.schema.release import Scene, Withdrawal
from mmdia.schema.title import Title

RowT = TypeVar("RowT", Title, Scene)


def _write(selection: Selection, folder: Path, form: Literal["jsonl", "parquet"]) -> None:
    handle, options = selection.handle, selection.options
    head = handle.head
    wanted: set[str] | None = None
    if not options.all:
        # A part is no longer what its name and version say; how it was cut is.
        wanted = {d.title_id for d in selection.rows() if d.title_id is not None}
        head = with_step(
            head, "export",
            {"split": options.split, "tag": options.tag, "titles": sorted(options.titles)},
        )  # fmt: skip
    titles = list(_of(selection.titles.values(), wanted))
    write_release(
        folder,
        head,
        titles,
        selection.rows(),
        scenes=_of(iter_scenes(handle, on_broken=selection.on_broken), wanted),
        withdrawn=_withdrawn(selection),
        form=form,
        shards=options.shards,
    )
    copy_side_files(handle, folder, None if wanted is None else [t.title_id for t in titles])


def _of(rows: Iterable[RowT], wanted: set[str] | None) -> Iterator[RowT]:
    return (row for row in rows if wanted is None or row.title_id in wanted)


def _withdrawn(selection: Selection) -> Iterator[Withdrawal]:
    """What is taken back stays known, so that later copies honour it, too."""
    path = release_files(selection.handle).withdrawn
    if path is not None:
        for _, row in iter_numbered(path, Withdrawal, selection.on_broken):
            yield row


EXPORTERS = {
    "jsonl": Exporter(
        "jsonl", "our release, one JSON line a row (folder)", True, lambda s, p: _write(s, p, "jsonl")
    ),
    "parquet": Exporter(
        "parquet", "our release, as Parquet shards (folder)", True, lambda s, p: _write(s, p, "parquet")
    ),
}
