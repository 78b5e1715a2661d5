"""Several output folders of one rebuild (shards of a job array, two disks) as one folder."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.corpus.receipts import RECEIPT_FILE, PlacedReceipt, merge_receipts
from mmdia.errors import StoreError, UsageError
from mmdia.schema.receipt import Receipt
from mmdia.store.atomic import atomic_write, commit, make_folder, part_path, store_error
from mmdia.store.digest import file_sha256
from mmdia.store.manifest import write_manifest
from mmdia.store.shards import filed, inside

TITLES_FILE = "titles.jsonl"


@dataclass(frozen=True)
class Merged:
    """What a merge made.

    Attributes:
        out: The folder.
        statuses: Dialogues by status.
        files: Files that it took over.
        linked: Those of them that are hard links, which cost no space.
    """

    out: Path
    statuses: dict[str, int]
    files: int
    linked: int

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (schema ``mmdia.receipt-merge/1``)."""
        return {
            "schema": "mmdia.receipt-merge/1",
            "out": str(self.out),
            "statuses": self.statuses,
            "files": self.files,
            "linked": self.linked,
        }


def merge_outputs(folders: Sequence[str | Path], out: str | Path) -> Merged:
    """Make one output folder of several.

    Of each dialogue the built clip counts before any other outcome, and a later folder before an
    earlier one. Files are hard-linked where the file system allows, else copied. The receipt comes
    last: a merge that was stopped can be run again.

    Args:
        folders: Output folders of `mmdia rebuild`, made from one release.
        out: The folder to make; it holds no receipt yet.

    Raises:
        UsageError: The folders cannot be one rebuild, a run in one was not finished, or `out` has a
            receipt.
        StoreError: A file of a receipt is gone, or `out` cannot be written.
        ReleaseError: A receipt cannot be read.
    """
    target = Path(out).expanduser()
    places = [Path(f).expanduser() for f in folders]
    if (target / RECEIPT_FILE).exists():
        raise UsageError("there is a receipt already", path=target, hint="Name a new folder with --out.")
    for place in places:
        _check_finished(place)
    merged = merge_receipts(places)
    _check_one_rebuild(merged.values())
    taken = {path: found for placed in merged.values() for path, found in _files(placed)}
    titles = _merge_titles(places, merged)
    for place, row in titles.values():
        taken.update((p, place / p) for p in _maps(row) if (place / p).is_file())
    make_folder(target)
    linked = sum(_take(source, inside(target, path)) for path, source in taken.items())
    rows = [p.receipt.to_row(nulls=True) for p in merged.values()]
    _write_rows(target / TITLES_FILE, [row for _, row in titles.values()])
    write_manifest(target, {row["dialogue_id"]: row for row in rows})
    _write_rows(target / RECEIPT_FILE, rows)
    statuses: dict[str, int] = {}
    for row in rows:
        statuses[row["status"]] = statuses.get(row["status"], 0) + 1
    return Merged(target, dict(sorted(statuses.items())), len(taken), linked)


def _check_finished(place: Path) -> None:
    """Rows of a run that was killed are in its journal alone; leaving them out would lose clips."""
    if any(p.stat().st_size for p in (place / "state").glob("journal-*.jsonl")):
        raise UsageError(
            "a run in this folder is at work or was stopped",
            path=place,
            hint="Let mmdia rebuild finish it.",
        )


def _check_one_rebuild(placed: Iterable[PlacedReceipt]) -> None:
    """Folders must be of one release, and their clips of one kind."""
    versions: dict[str, Path] = {}
    rates: dict[int, Path] = {}
    for p in placed:
        if p.receipt.annotation_version is not None:
            versions.setdefault(p.receipt.annotation_version, p.folder)
        if p.receipt.status == "built" and p.receipt.audio is not None:
            rates.setdefault(p.receipt.audio.sample_rate, p.folder)
    for what, found in (("release", versions), ("sample rate", rates)):
        if len(found) > 1:
            said = "; ".join(f"{value} in {folder}" for value, folder in found.items())
            raise UsageError(f"these are no parts of one rebuild: more than one {what}", got=said)


def _files(placed: PlacedReceipt) -> Iterator[tuple[str, Path]]:
    """Relative path and place of the files of a built dialogue; of a packed one, its shards."""
    if placed.receipt.status != "built":
        return
    for one in filed(placed.receipt.to_row()):
        path = str(one.fact.get("shard") or one.fact["path"])
        found = inside(placed.folder, path)
        if not found.is_file():
            raise StoreError(
                "a file of the receipt is gone", path=found, hint="Run mmdia rebuild there again."
            )
        yield path, found


def _take(source: Path, final: Path) -> bool:
    """Bring a file to its place; returns whether it is a link.

    Raises:
        StoreError: It cannot be written, or another file has the name.
    """
    if final.exists():
        if os.path.samefile(source, final) or file_sha256(source) == file_sha256(final):
            return False
        raise StoreError("another file has this name", path=final, got=str(source))
    make_folder(final.parent)
    part = part_path(final)
    try:
        try:
            os.link(source, part)
        except OSError:
            # Another file system, or one without links.
            shutil.copyfile(source, part)
            commit(part, final)
            return False
        os.replace(part, final)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise error if isinstance(error, StoreError) else store_error(error, final) from error
    return True


def _merge_titles(
    places: Iterable[Path], merged: Mapping[str, PlacedReceipt]
) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Title rows with their folders: of each title the one from which most of its clips come."""
    counts: dict[str, dict[str, int]] = {}
    wins: dict[tuple[str, Path], int] = {}
    for p in merged.values():
        title_id, status = p.receipt.title_id, p.receipt.status
        if title_id is not None:
            by_status = counts.setdefault(title_id, {})
            by_status[status] = by_status.get(status, 0) + 1
            wins[title_id, p.folder] = wins.get((title_id, p.folder), 0) + _weight(p.receipt)
    best: dict[str, tuple[Path, dict[str, Any]]] = {}
    for place in places:
        for row in _rows(place / TITLES_FILE):
            title_id = str(row.get("title_id"))
            known = best.get(title_id)
            if known is None or wins.get((title_id, place), 0) > wins.get((title_id, known[0]), 0):
                best[title_id] = (place, {**row, "counts": counts.get(title_id, {})})
    return best


def _weight(receipt: Receipt) -> int:
    # A built clip says more of where a title was worked on than any number of other rows.
    return 1_000_000 if receipt.status == "built" else int(receipt.status != "not_selected")


def _maps(row: Mapping[str, Any]) -> Iterator[str]:
    """Time maps that a title row names."""
    for path in (row.get("timemap"), *((f or {}).get("timemap") for f in row.get("files") or ())):
        if path and ".." not in Path(path).parts and not Path(path).is_absolute():
            yield str(path)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            try:
                row = json.loads(line)
            except ValueError:
                continue  # torn by a crash
            if isinstance(row, dict) and row.get("title_id") is not None:
                yield row


def _write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with atomic_write(path) as stream:
        for row in rows:
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
            stream.write(line.encode("utf-8") + b"\n")
