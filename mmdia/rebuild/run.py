"""The run: hand titles to supervised workers, keep the receipt, sum up."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmdia.errors import StoreError
from mmdia.jobs.ray_cluster import run_on_ray
from mmdia.jobs.supervise import Outcome, Task, Tell, run_supervised
from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.damaged import damaged_rows, note_damaged, noted_damage
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.folded import Rows
from mmdia.rebuild.kept import marked, options_hash
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.listen import require_listener
from mmdia.rebuild.plan import Plan, make_plan, refuse_other_release, title_jobs
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.sink import Sink, remote_places, work_title
from mmdia.rebuild.source import sweep_scratch
from mmdia.rebuild.summary import FAILING, Summary, maps_of, summarise, write_report
from mmdia.schema.reasons import tally
from mmdia.schema.receipt import TitleReceipt
from mmdia.store.atomic import is_disk_full, make_folder, part_path, store_error

__all__ = ["FAILING", "Event", "Listener", "Summary", "check_writable", "run_rebuild", "summarise"]

Event = dict[str, Any]
Listener = Callable[[str, Event], None]


def check_writable(out: Path) -> None:
    """Make the output folder and prove that it can be written.

    Raises:
        StoreError: It cannot; nothing else was done.
    """
    make_folder(out)
    probe = part_path(out / ".mmdia-write-test")
    try:
        probe.write_bytes(b"ok")
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise store_error(error, out) from error


def _cores() -> int:
    """Cores that this process may use: on clusters fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def _outcomes(config: RebuildConfig, plan: Plan, tasks: Iterator[Task], tell: Tell) -> Iterator[Outcome]:
    """Hand the tasks to the engine that was asked for."""
    if config.engine == "local":
        return run_supervised(
            tasks,
            work_title,
            jobs=_cores() if config.jobs is None else config.jobs,
            timeout_s=config.timeout_s,
            idle_s=config.idle_s,
            on_progress=tell,
        )
    places = {"media": config.media_dir, "output": config.out, "annotations": plan.handle.path}
    remote = remote_places(config)
    return run_on_ray(
        tasks,
        work_title,
        jobs=config.jobs,
        timeout_s=config.timeout_s,
        idle_s=config.idle_s,
        on_progress=tell,
        shared={name: str(Path(path).resolve()) for name, path in places.items() if name not in remote},
    )


class _Run:
    """One run over a plan."""

    def __init__(
        self, config: RebuildConfig, plan: Plan, ledger: Ledger, sink: Sink | None, tell: Listener
    ) -> None:
        self.config, self.plan, self.ledger, self.sink, self.tell = config, plan, ledger, sink, tell
        self.earlier: Rows = ledger.rows()
        self.done: dict[str, set[str]] = {}
        self.kept: set[str] = set()  # a title that is tried again tells them again
        self.troubled: list[str] = []
        self.options = options_hash(config.clip, config.policy, config.min_confidence)

    def _is_kept(self, row: Event | None) -> bool:
        """Whether an earlier row says that a clip was built, and its files are there."""
        if row is None or row.get("status") != "built":
            return False
        return is_there(self.config.out, row) if self.sink is None else self.sink.holds(row)

    def settle(self) -> None:
        """Record rows that need no work; clips of what was withdrawn meanwhile are deleted."""
        for row in self.plan.settled:
            before = self.earlier.get(row["dialogue_id"])
            if before is not None and row["status"] == "withdrawn":
                discard(self.config.out, before)
                if self.sink is not None:
                    self.sink.discard(before, shards=row["title_id"] not in self.plan.ids)
        self.ledger.append([r for r in self.plan.settled if self.earlier.get(r["dialogue_id"]) != r])
        noted = noted_damage(self.ledger.state)
        there = {t for t in self.plan.work if self.plan.matches.by_title.get(t)}
        broken = damaged_rows(noted, self.earlier, there)
        self.ledger.append(broken)
        rows: list[Event] = []
        titles: list[Event] = []
        for title_id in self.plan.work:
            if not self.plan.matches.by_title.get(title_id):
                image = any(title_id in fits for fits in self.plan.matches.images.values())
                code = "disc_image" if image else "missing_media"
                rows += self._rows_of(title_id, set(), "missing_media", code, None)
                receipt = TitleReceipt(title_id=title_id, reasons=(code,))
                titles.append(receipt.to_row(nulls=True))
        self.ledger.append(rows)
        self.ledger.append_titles(titles)
        redone = {row["dialogue_id"] for row in broken}
        note_damaged(self.ledger.state, (i for i in noted if i not in redone))

    def _rows_of(
        self, title_id: str, done: set[str], status: str, code: str, message: str | None
    ) -> list[dict[str, Any]]:
        """Rows for what is left of a title; clips that are there stay what they are, and say so."""
        version, rows = self.plan.annotation_version, []
        for i in self.plan.ids[title_id]:
            before = self.earlier.get(i)
            if i in done:
                continue
            if before is not None and self._is_kept(before):
                now = marked(before, self.options)
                rows += [now] if now is not before else []
                continue
            rows.append(
                plain_row(i, title_id, status, (code,), message=message, annotation_version=version)
            )
        return rows

    def progress(self, key: str, event: Event) -> None:
        """Take an event of a worker: rows are on disk before anybody hears of them."""
        rows, kept = event.pop("rows", []), event.pop("kept", [])
        self.ledger.append(rows)
        self.done.setdefault(key, set()).update([r["dialogue_id"] for r in rows], kept)
        self.kept.update(kept)
        # Rows that come again (measured, packed) say nothing new.
        told = rows if event.get("n") else []
        event["statuses"] = tally([*(r["status"] for r in told), *("built" for _ in kept)])
        event["kept"] = len(kept)
        self.tell(key, event)

    def finish(self, outcome: Outcome) -> StoreError | None:
        """Record how a title ended; gives back an error that ends the whole run."""
        self.tell(outcome.key, {"event": "end", "status": outcome.status, "message": outcome.message})
        if outcome.status == "done":
            self.ledger.append_title(outcome.value)
            return None
        code = {"crashed": "crashed", "timed_out": "timed_out"}.get(outcome.status, "worker_error")
        if isinstance(outcome.error, StoreError):
            code = outcome.error.code or ("disk_full" if is_disk_full(outcome.error) else "unwritable")
        self.troubled.append(outcome.key)
        done = self.done.get(outcome.key, set())
        self.ledger.append(self._rows_of(outcome.key, done, "failed", code, outcome.message))
        receipt = TitleReceipt(title_id=outcome.key, reasons=(code,), message=outcome.message)
        self.ledger.append_title(receipt.to_row(nulls=True))
        return outcome.error if isinstance(outcome.error, StoreError) else None

    def hear_of_others(self) -> None:
        """Take the rows of titles that other runs delivered to the same store meanwhile."""
        if self.sink is None:
            return
        rows, titles = self.sink.delivered()
        mine = set(self.plan.work)
        self.ledger.append([r for r in rows if r.get("title_id") not in mine])
        self.ledger.append_titles([r for r in titles if r["title_id"] not in mine])

    def name_the_rest(self) -> None:
        """Give every title of the release its row, with counts of its dialogues by status."""
        rows, titles = self.ledger.rows(), self.ledger.title_rows()
        new: list[Event] = []
        for title_id in dict.fromkeys([*self.plan.titles, *self.plan.all_ids]):
            ids = self.plan.all_ids.get(title_id, [])
            counts = tally(rows[i]["status"] for i in ids if i in rows)
            row = titles.get(title_id)
            if row is None:
                left = () if title_id in self.plan.work_set or not ids else ("not_selected",)
                row = TitleReceipt(title_id=title_id, reasons=left).to_row(nulls=True)
            if row.get("counts") != counts or title_id not in titles:
                new.append({**row, "counts": counts})
        self.ledger.append_titles(new)


def run_rebuild(
    config: RebuildConfig, *, listen: Listener | None = None, plan: Plan | None = None
) -> Summary:
    """Rebuild clips from the user's media.

    Every dialogue of the release gets a receipt row. Kill it at any moment: no finished file is
    broken, and the next run does only what is left.

    Args:
        config: What to do.
        listen: Called with a title id and an event: ``{"event": "start"|"phase"|"clip"|"end", ...}``.
        plan: A plan made before (`make_plan`), to save reading twice.

    Raises:
        MediaNotFound, ReleaseError, UsageError: See `make_plan`.
        StoreError: The output cannot be written, or another run works there.
        MissingExtra: The engine, the storage or a check needs a package that is not installed.
    """
    summary = _run_once(config, listen, plan)
    if config.identify and _misfiled(summary):
        # A file was refused under the name of another title: now it may be anything.
        first, summary = summary, _run_once(config, listen, None)
        summary.kept, summary.seconds = first.kept, first.seconds + summary.seconds
    return summary


def _misfiled(summary: Summary) -> bool:
    """Whether files were refused as another film, while titles are without one."""
    rows = [(set(t.get("reasons") or ()), t.get("files") or ()) for t in summary.titles]
    refused = any(f.get("verdict") == "wrong_film" for _, files in rows for f in files)
    return refused and any(reasons & {"missing_media", "disc_image", "wrong_film"} for reasons, _ in rows)


def _run_once(config: RebuildConfig, listen: Listener | None, plan: Plan | None) -> Summary:
    started = time.monotonic()
    if config.check_speech is not None:
        require_listener(config.asr)
    plan = plan or make_plan(config)
    check_writable(config.out)
    ledger = Ledger(config.out, config.shard)
    with ExitStack() as stack:
        sink = None
        if config.out_url is not None:
            # Before the session: what it brings is merged like the journals of a killed run.
            sink = _open_sink(config, ledger)
        refuse_other_release(plan, config.out, ledger.rows())
        sweep_scratch(config.scratch)
        stack.enter_context(ledger.session())
        run = _Run(config, plan, ledger, sink, listen or (lambda key, event: None))
        try:
            run.settle()
            tasks = title_jobs(plan, config, ledger, sink)
            for outcome in _outcomes(config, plan, tasks, run.progress):
                if run.finish(outcome) is not None:
                    break  # the next title would meet the same disk
            run.hear_of_others()
            run.name_the_rest()
        finally:
            ledger.merge(plan.order, plan.titles)
        summary = summarise(config, plan, ledger)
        summary.kept, summary.troubled = len(run.kept), tuple(run.troubled)
        if sink is not None:
            sink.fetch_maps(maps_of(summary).values())
        summary.seconds = time.monotonic() - started
        write_report(config, summary, plan, ledger)
        if sink is not None:
            sink.close()
    return replace(summary, out=config.out_url or summary.out)


def _open_sink(config: RebuildConfig, ledger: Ledger) -> Sink:
    """Connect the ledger to the remote output."""
    sink = Sink(str(config.out_url), config.out)
    make_folder(ledger.state)
    sink.open()
    ledger.removed, ledger.fetch, ledger.stored = sink.remove, sink.bring, sink.send
    return sink
