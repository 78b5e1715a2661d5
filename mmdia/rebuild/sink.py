"""Output to remote storage: titles are delivered one by one, each committed by one object.

A worker makes a title in a private folder here, uploads its files, and then puts
``state/rows-TITLE.jsonl``: the title's receipt rows, and its title row as the last line. That object is
put in one step, so it is there whole or not at all, and a title without it does not count as done.
``receipt.jsonl`` and its like are views of these objects, written when a run ends.

What the store has of a title stands in the private folder as an empty file of the right size, so
that clips which are there are known without being fetched. They are fetched when somebody would read
them: checks of the sound, another layout, a shard that needs another clip.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import mmdia_home
from mmdia.jobs.shards import Shard
from mmdia.rebuild.config import RebuildConfig, TitleJob
from mmdia.rebuild.ledger import RECEIPT, STATE, TITLES
from mmdia.rebuild.title import rebuild_title
from mmdia.store.atomic import Journal, make_folder
from mmdia.store.digest import params_hash
from mmdia.store.remote import RemoteFolder, fetch_text, is_url, parse_place
from mmdia.store.shards import SHARD_NAME, SHARDS, filed

Row = dict[str, Any]
Report = Callable[[dict[str, Any]], None]

_ROWS = re.compile(rf"{STATE}/rows-(.+)\.jsonl")
#: Files of a run that are views of what is delivered; uploaded at its end.
_VIEWS = (RECEIPT, TITLES, "manifest.parquet", "report.html")
_PARQUET_END = b"PAR1"


def staging_of(
    out: str, shard: Shard | None = None, scratch: Path | None = None
) -> tuple[Path, str | None]:
    """Where a run keeps its output here, and the URL that it is delivered to.

    Args:
        out: Folder or URL, as the user names it.
        shard: Share of the run: each has a folder of its own.
        scratch: Folder for what is fetched; None takes one under the home folder.

    Returns:
        The folder and None, or for a URL a folder for receipts (no clips) and the URL.
    """
    place = parse_place(out)
    if isinstance(place, Path):
        return place, None
    share = shard or Shard()
    name = f"receipts-{params_hash(place)[:12]}-{share.index}of{share.count}"
    return (scratch or mmdia_home() / "scratch") / name, place


def rows_name(title_name: str) -> str:
    """The object that commits a title."""
    return f"{STATE}/rows-{title_name}.jsonl"


# ---- in the supervisor


class Sink:
    """The remote output of a run, as its supervisor sees it.

    Args:
        url: Where clips are delivered to.
        out: Folder of the run's receipts here.
    """

    def __init__(self, url: str, out: Path) -> None:
        self.remote = RemoteFolder(url)
        self.out = out
        self._sizes: dict[str, int] = {}
        self._by_title: dict[str, dict[str, int]] = {}

    def open(self) -> None:
        """Prove that the store can be written, list it, and bring its receipts here.

        Raises:
            RemoteError: The store cannot be reached or written.
            StoreError: The folder here cannot be written.
        """
        self.remote.write(f"{STATE}/write-test", b"ok")
        self.remote.delete(f"{STATE}/write-test")
        self.fetch()

    def fetch(self) -> None:
        """List the store and bring its receipts here.

        Raises:
            RemoteError: The store cannot be read.
            StoreError: The folder here cannot be written.
        """
        self._sizes = self.remote.sizes()
        self._by_title = {}
        for path, size in self._sizes.items():
            for title_name in _titles_of(path):
                self._by_title.setdefault(title_name, {})[path] = size
        for name in (RECEIPT, TITLES):
            if name in self._sizes:
                fetch_text(self.remote, name, self.out / name)
        rows, titles = self.delivered()
        # As journals: the ledger lays them over the receipt, like those of a run that was killed.
        for name, new in (("journal-remote.jsonl", rows), ("titles-remote.jsonl", titles)):
            journal = Journal(self.out / STATE / name)
            journal.path.unlink(missing_ok=True)
            journal.append(new)

    def delivered(self) -> tuple[list[Row], list[Row]]:
        """Receipt rows and title rows of all titles that are delivered by now.

        Raises:
            RemoteError: The store cannot be read.
        """
        names = [p for p in self.remote.sizes(STATE) if _ROWS.fullmatch(p)]
        rows: list[Row] = []
        titles: list[Row] = []
        for content in self.remote.read_all(sorted(names)).values():
            found = _parse(content)
            if found is not None:
                rows += found[0]
                titles.append(found[1])
        return rows, titles

    def stored(self, title_name: str) -> dict[str, int]:
        """What the store has of a title: sizes by path."""
        return self._by_title.get(title_name, {})

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether all files of a row are in the store with the size they were written with."""
        for _, _, fact in filed(row):
            shard, size = fact.get("shard"), fact.get("bytes")
            found = self._sizes.get(shard or fact["path"])
            if found is None or (shard is None and size is not None and found != size):
                return False
        return True

    def discard(self, row: Mapping[str, Any], *, shards: bool = False) -> None:
        """Delete the files of a row: loose ones, and its shard when the whole title goes.

        Raises:
            RemoteError: One cannot be deleted.
        """
        for _, _, fact in filed(row):
            if shards or not fact.get("shard"):
                self.remove(fact.get("shard") or fact["path"])

    def remove(self, path: str) -> None:
        """Delete one file, if the store had it when the run began.

        Raises:
            RemoteError: It cannot be deleted.
        """
        if self._sizes.pop(path, None) is not None:
            self.remote.delete(path)

    def bring(self, path: str) -> None:
        """Download one file to its place here.

        Raises:
            RemoteError: It cannot be read.
            StoreError: It cannot be written here.
        """
        if path in self._sizes and not (self.out / path).is_file():
            self.remote.get(path, self.out / path)

    def send(self, path: str) -> None:
        """Upload one file from its place here.

        Raises:
            RemoteError: It cannot be written.
        """
        self.remote.put(self.out / path, path)

    def fetch_maps(self, paths: Iterable[str]) -> None:
        """Bring time maps here that workers made elsewhere, for the report.

        Raises:
            RemoteError: The store cannot be read.
            StoreError: The folder here cannot be written.
        """
        for path in paths:
            fetch_text(self.remote, path, self.out / path)

    def close(self) -> None:
        """Upload the receipt and all other views of the run.

        Raises:
            RemoteError: One cannot be written.
        """
        for name in _VIEWS:
            if (self.out / name).is_file():
                self.remote.put(self.out / name, name)


def fetch_state(config: RebuildConfig) -> None:
    """Bring the receipts of a remote output here; nothing for a local one.

    Raises:
        RemoteError: The store cannot be read.
        StoreError: The folder here cannot be written.
    """
    if config.out_url is not None:
        make_folder(config.out / STATE)
        Sink(config.out_url, config.out).fetch()


def _titles_of(path: str) -> list[str]:
    """File-safe names of the titles that an object may belong to."""
    folder, _, rest = path.partition("/")
    if folder == "clips":
        return [rest.partition("/")[0]]
    if folder == SHARDS and SHARD_NAME.fullmatch(rest):
        return [rest.rsplit("-", 2)[0]]
    if folder == "timemaps":
        parts = rest.split(".")  # "a.b.p1.json" may be a map of "a.b", "a.b.p1" or "a"
        return [".".join(parts[:n]) for n in range(1, len(parts))]
    found = _ROWS.fullmatch(path)
    return [found[1]] if found else []


def _parse(content: bytes) -> tuple[list[Row], Row] | None:
    """Rows and title row of a delivered title; None for an object that is not whole."""
    try:
        rows = [json.loads(line) for line in content.splitlines()]
    except ValueError:
        return None
    if not rows or "dialogue_id" in rows[-1] or "title_id" not in rows[-1]:
        return None
    return rows[:-1], rows[-1]


# ---- in the worker


def work_title(job: TitleJob, report: Report) -> Row:
    """The worker of all engines: make a title, and deliver it when the output is remote.

    Raises:
        StoreError: The output cannot be written.
        MissingExtra: A check was asked for whose engine is not installed.
    """
    if job.out_url is None:
        return rebuild_title(job, report)
    folder = Path(job.scratch) if job.scratch else mmdia_home() / "scratch"
    # Named after the process: what a killed one leaves is swept away by the next run.
    work = folder / f"title-{params_hash(job.title_name)[:8]}-{os.getpid()}"
    delivery = _Delivery(job, RemoteFolder(job.out_url), work)
    try:
        return delivery.run(report)
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _Delivery:
    """One title on its way to the store."""

    def __init__(self, job: TitleJob, remote: RemoteFolder, work: Path) -> None:
        self.job, self.remote, self.work = job, remote, work
        self.stored = dict(job.stored or {})
        self._committed = self.stored.pop(rows_name(job.title_name), None) is not None
        self._laid: dict[str, int] = {}  # times of change of what was laid out
        self._hollow = False
        self._rows: dict[str, Row] = {}
        self._kept: set[str] = set()

    def run(self, report: Report) -> Row:
        """Make the title, upload it, commit it; its rows are reported after that."""
        real = self.job.quality or self.job.check_speech is not None or self._unpacks()
        row = self._make(report, real=real)
        if self._hollow and any(p.startswith(f"{SHARDS}/") for p in self._new()):
            # A shard was packed from files that only stood in: once more, with the real ones.
            row = self._make(report, real=True)
        self._deliver(row)
        report({"event": "clip", "rows": list(self._rows.values()), "n": 0})
        return row

    def _unpacks(self) -> bool:
        return self.job.layout == "loose" and any(p.startswith(f"{SHARDS}/") for p in self.stored)

    def _make(self, report: Report, *, real: bool) -> Row:
        shutil.rmtree(self.work, ignore_errors=True)
        self._laid, self._rows, self._kept = {}, {}, set()
        self._hollow = not real
        self._lay_out(real=real)

        def pass_on(event: dict[str, Any]) -> None:
            # Rows wait until their files are in the store.
            self._rows.update((r["dialogue_id"], r) for r in event.get("rows", ()))
            self._kept.update(event.get("kept", ()))
            report({k: v for k, v in event.items() if k != "rows"})

        return rebuild_title(replace(self.job, out=str(self.work)), pass_on)

    def _lay_out(self, *, real: bool) -> None:
        """Put what the store has into the private folder."""
        make_folder(self.work)
        for path, size in self.stored.items():
            local = self.work / path
            if real or path.startswith("timemaps/"):
                self.remote.get(path, local)
            else:
                make_folder(local.parent)
                _stand_in(local, size)
            self._laid[path] = local.stat().st_mtime_ns

    def _new(self) -> list[str]:
        """Files that were made, or made anew."""
        paths = [p.relative_to(self.work).as_posix() for p in self.work.rglob("*") if p.is_file()]
        return sorted(p for p in paths if not self._is_stored(p))

    def _is_stored(self, path: str) -> bool:
        return self._laid.get(path) == (self.work / path).stat().st_mtime_ns

    def _deliver(self, title_row: Row) -> None:
        previous = self.job.previous
        rows = {i: previous[i] for i in self.job.names if i in self._kept and i in previous}
        rows.update(self._rows)
        named = {fact.get("shard") or fact["path"] for r in rows.values() for _, _, fact in filed(r)}
        for path in self._new():
            # Not what no row names: loose files of clips that were packed meanwhile.
            if path in named or path.startswith("timemaps/"):
                self.remote.put(self.work / path, path)
        if self._rows or not self._committed:
            lines = [*rows.values(), title_row]
            text = "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in lines)
            self.remote.write(rows_name(self.job.title_name), text.encode("utf-8"))
        for path in self.stored:
            if path not in named and not path.startswith("timemaps/"):
                self.remote.delete(path)


def _stand_in(path: Path, size: int) -> None:
    """An empty file of a size that takes no space, ending as its kind does."""
    with open(path, "wb") as stream:
        stream.truncate(size)
        if path.suffix == ".parquet" and size >= len(_PARQUET_END):
            stream.seek(size - len(_PARQUET_END))
            stream.write(_PARQUET_END)


def remote_places(config: RebuildConfig) -> frozenset[str]:
    """Which of media and output are remote: "media", "output"."""
    places = {"media": is_url(config.media_dir), "output": config.out_url is not None}
    return frozenset(name for name, remote in places.items() if remote)
