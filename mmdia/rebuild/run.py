"""The run: hand titles to supervised workers, keep the receipt, sum up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdia.errors import StoreError
from mmdia.jobs.supervise import Outcome, run_supervised
from mmdia.pages.rebuild import rebuild_page
from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.files import discard, is_there
from mmdia.rebuild.ledger import Ledger, Rows
from mmdia.rebuild.plan import Plan, make_plan, title_jobs
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.title import rebuild_title
from mmdia.schema.reasons import tally
from mmdia.schema.receipt import TitleReceipt
from mmdia.store.atomic import is_disk_full, make_folder, part_path, store_error, write_text
from mmdia.sync.timemap import read_timemap

#: Statuses that count against exit status 0.
FAILING = frozenset({"refused", "failed", "missing_media"})

Event = dict[str, Any]
Listener = Callable[[str, Event], None]


@dataclass
class Summary:
    """What a run did.

    Attributes:
        statuses: Dialogues by status, the whole release.
        missed: Dialogues that were asked for and are not built.
        troubled: Titles whose worker ended badly; clips of an earlier run may still be there.
        reasons: Reason codes of what was not built, with counts.
        titles: Title rows, in the release's order.
        unmatched: Files that belong to no title.
        ambiguous: Files that fit several titles.
        broken: Messages of release rows that cannot be read.
        kept: Clips that were there already.
        seconds: Wall time.
        out: Output folder.
    """

    statuses: dict[str, int]
    missed: int
    troubled: tuple[str, ...]
    reasons: dict[str, int]
    titles: list[dict[str, Any]]
    unmatched: tuple[str, ...]
    ambiguous: dict[str, tuple[str, ...]]
    broken: tuple[str, ...]
    kept: int
    seconds: float
    out: str

    @property
    def complete(self) -> bool:
        """Whether every dialogue that was asked for is built."""
        return not (self.broken or self.missed or self.troubled)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {
            "schema": "mmdia.rebuild-summary/1",
            "complete": self.complete,
            "statuses": self.statuses,
            "missed": self.missed,
            "troubled": list(self.troubled),
            "reasons": self.reasons,
            "titles": self.titles,
            "unmatched": list(self.unmatched),
            "ambiguous": {k: list(v) for k, v in self.ambiguous.items()},
            "broken": list(self.broken),
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
            "out": self.out,
        }


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


def _is_kept(out: Path, row: Event | None) -> bool:
    """Whether an earlier row says that a clip was built, and its files are there."""
    return row is not None and row.get("status") == "built" and is_there(out, row)


class _Run:
    """One run over a plan."""

    def __init__(self, config: RebuildConfig, plan: Plan, ledger: Ledger, tell: Listener) -> None:
        self.config, self.plan, self.ledger, self.tell = config, plan, ledger, tell
        self.earlier: Rows = ledger.rows()
        self.done: dict[str, set[str]] = {}
        self.kept = 0
        self.troubled: list[str] = []

    def settle(self) -> None:
        """Record rows that need no work; clips of what was withdrawn meanwhile are deleted."""
        for row in self.plan.settled:
            before = self.earlier.get(row["dialogue_id"])
            if before is not None and row["status"] == "withdrawn":
                discard(self.config.out, before)
        self.ledger.append([r for r in self.plan.settled if self.earlier.get(r["dialogue_id"]) != r])
        for title_id in self.plan.work:
            if not self.plan.matches.by_title.get(title_id):
                self.ledger.append(self._rows_of(title_id, set(), "missing_media", "missing_media", None))
                receipt = TitleReceipt(title_id=title_id, reasons=("missing_media",))
                self.ledger.append_title(receipt.to_row(nulls=True))

    def _rows_of(
        self, title_id: str, done: set[str], status: str, code: str, message: str | None
    ) -> list[dict[str, Any]]:
        """Rows for what is left of a title; clips that are there stay what they are."""
        return [
            plain_row(
                i,
                title_id,
                status,
                (code,),
                message=message,
                annotation_version=self.plan.annotation_version,
            )
            for i in self.plan.ids[title_id]
            if i not in done and not _is_kept(self.config.out, self.earlier.get(i))
        ]

    def progress(self, key: str, event: Event) -> None:
        """Take an event of a worker: rows are on disk before anybody hears of them."""
        rows, kept = event.pop("rows", []), event.pop("kept", [])
        self.ledger.append(rows)
        self.done.setdefault(key, set()).update([r["dialogue_id"] for r in rows], kept)
        self.kept += len(kept)
        self.tell(key, event)

    def finish(self, outcome: Outcome) -> StoreError | None:
        """Record how a title ended; gives back an error that ends the whole run."""
        self.tell(outcome.key, {"event": "end", "status": outcome.status, "message": outcome.message})
        if outcome.status == "done":
            self.ledger.append_title(outcome.value)
            return None
        code = {"crashed": "crashed", "timed_out": "timed_out"}.get(outcome.status, "worker_error")
        if isinstance(outcome.error, StoreError):
            full = is_disk_full(outcome.error) or "no space" in str(outcome.error)
            code = "disk_full" if full else "unwritable"
        self.troubled.append(outcome.key)
        done = self.done.get(outcome.key, set())
        self.ledger.append(self._rows_of(outcome.key, done, "failed", code, outcome.message))
        receipt = TitleReceipt(title_id=outcome.key, reasons=(code,), message=outcome.message)
        self.ledger.append_title(receipt.to_row(nulls=True))
        return outcome.error if isinstance(outcome.error, StoreError) else None

    def name_the_rest(self) -> None:
        """Give every title of the release its row, with counts of its dialogues by status."""
        rows, titles = self.ledger.rows(), self.ledger.title_rows()
        for title_id in dict.fromkeys([*self.plan.titles, *self.plan.all_ids]):
            ids = self.plan.all_ids.get(title_id, [])
            counts = tally(rows[i]["status"] for i in ids if i in rows)
            row = titles.get(title_id)
            if row is None:
                left = () if title_id in self.plan.work or not ids else ("not_selected",)
                row = TitleReceipt(title_id=title_id, reasons=left).to_row(nulls=True)
            if row.get("counts") != counts or title_id not in titles:
                self.ledger.append_title({**row, "counts": counts})


def run_rebuild(
    config: RebuildConfig, *, listen: Listener | None = None, plan: Plan | None = None
) -> Summary:
    """Rebuild clips from the user's media.

    Every dialogue of the release gets a receipt row. Kill it at any moment: no finished file is
    broken, and the next run does only what is left.

    Args:
        config: What to do.
        listen: Called with a title id and an event: ``{"event": "start"|"clip"|"end", ...}``.
        plan: A plan made before (`make_plan`), to save reading twice.

    Raises:
        MediaNotFound, ReleaseError, UsageError: See `make_plan`.
        StoreError: The output cannot be written, or another run works there.
    """
    started = time.monotonic()
    plan = plan or make_plan(config)
    check_writable(config.out)
    ledger = Ledger(config.out, config.shard)
    with ledger.session():
        run = _Run(config, plan, ledger, listen or (lambda key, event: None))
        try:
            run.settle()
            for outcome in run_supervised(
                title_jobs(plan, config, ledger),
                rebuild_title,
                jobs=config.jobs,
                timeout_s=config.timeout_s,
                on_progress=run.progress,
            ):
                if run.finish(outcome) is not None:
                    break  # the next title would meet the same disk
            run.name_the_rest()
        finally:
            ledger.merge(plan.order, plan.titles)
        summary = summarise(config, plan, ledger)
        summary.kept, summary.troubled = run.kept, tuple(run.troubled)
        summary.seconds = time.monotonic() - started
        write_report(config.out, summary)
    return summary


def write_report(out: Path, summary: Summary) -> None:
    """Write ``report.html``: what was matched, found, built and refused, with plots of every title.

    Raises:
        StoreError: It cannot be written.
    """
    paths = {t["title_id"]: t["timemap"] for t in summary.titles if t.get("timemap")}
    found = {title_id: read_timemap(out / path) for title_id, path in paths.items()}
    maps = {title_id: document for title_id, document in found.items() if document is not None}
    write_text(out / "report.html", rebuild_page(summary.to_row(), maps))


def summarise(config: RebuildConfig, plan: Plan, ledger: Ledger) -> Summary:
    """Count what the receipt now says about the release's dialogues."""
    rows = ledger.rows()
    unknown: Event = {"status": "missing_media", "reasons": []}
    found = {i: rows.get(i, unknown) for i in plan.order}
    asked = [i for title_id in plan.work for i in plan.ids[title_id]]
    by_title = ledger.title_rows()
    return Summary(
        statuses=dict(sorted(tally(row["status"] for row in found.values()).items())),
        missed=sum(found[i]["status"] in FAILING for i in asked),
        troubled=(),
        reasons=tally(str(code) for row in found.values() for code in row["reasons"]),
        titles=[by_title[t] for t in plan.titles if t in by_title],
        unmatched=plan.matches.unmatched,
        ambiguous=plan.matches.ambiguous,
        broken=(*(str(e) for e in plan.broken), *plan.matches.strangers),
        kept=0,
        seconds=0.0,
        out=str(config.out),
    )
