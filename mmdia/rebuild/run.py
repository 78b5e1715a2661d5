"""The run: match, hand titles to supervised workers, keep the receipt, sum up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmdia.corpus.locate import ReleaseHandle, locate_release, mmdia_home
from mmdia.corpus.read import iter_dialogues, load_titles, withdrawals
from mmdia.errors import BrokenRow, StoreError, UsageError
from mmdia.jobs.supervise import Outcome, Task, run_supervised
from mmdia.pages.rebuild import rebuild_page
from mmdia.rebuild.config import RebuildConfig, TitleJob
from mmdia.rebuild.files import discard
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.match import Matches, match_media
from mmdia.rebuild.rows import plain_row
from mmdia.rebuild.title import rebuild_title
from mmdia.schema.names import safe_names
from mmdia.schema.receipt import TitleReceipt
from mmdia.schema.title import Title
from mmdia.store.atomic import atomic_write, is_disk_full, make_folder, sweep_parts, write_text
from mmdia.store.lock import exclusive
from mmdia.sync.timemap import read_timemap

#: Statuses that count against exit status 0.
FAILING = frozenset({"refused", "failed", "missing_media"})

Event = dict[str, Any]
Listener = Callable[[str, Event], None]


@dataclass
class Plan:
    """What a run would do.

    Attributes:
        handle: The release.
        route: Where the release came from (argument, environment, installed, demo).
        titles: Its titles.
        by_title: Dialogues with a film, by title, as JSON text.
        order: All dialogue ids, in disk order.
        settled: Rows that need no work: scripts, withdrawals, titles left out.
        matches: Files by title.
        work: Titles to work on, in order.
        broken: Rows of the release that cannot be read.
    """

    handle: ReleaseHandle
    route: str
    titles: dict[str, Title]
    matches: Matches
    by_title: dict[str, list[str]] = field(default_factory=dict)
    ids: dict[str, list[str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    settled: list[dict[str, Any]] = field(default_factory=list)
    work: list[str] = field(default_factory=list)
    broken: list[BrokenRow] = field(default_factory=list)

    @property
    def annotation_version(self) -> str:
        """Name and version of the release."""
        return f"{self.handle.head.name} {self.handle.head.version}"


@dataclass
class Summary:
    """What a run did.

    Attributes:
        statuses: Dialogues by status, the whole release.
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
        return not self.broken and not any(self.statuses.get(s) for s in FAILING)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {
            "schema": "mmdia.rebuild-summary/1",
            "complete": self.complete,
            "statuses": self.statuses,
            "reasons": self.reasons,
            "titles": self.titles,
            "unmatched": list(self.unmatched),
            "ambiguous": {k: list(v) for k, v in self.ambiguous.items()},
            "broken": list(self.broken),
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
            "out": self.out,
        }


def make_plan(config: RebuildConfig) -> Plan:
    """Read the release and match the media folder; nothing is written.

    Raises:
        ReleaseNotFound, ReleaseError: The release cannot be used.
        MediaNotFound: No such media folder.
        UsageError: `titles` or the media map name what the release does not have.
    """
    handle, route = locate_release(config.annotations)
    broken: list[BrokenRow] = []
    titles = load_titles(handle, on_broken=broken.append)
    unknown = [t for t in config.titles if t not in titles]
    if unknown:
        raise UsageError("the release has no such title", got=", ".join(unknown))
    matches = match_media(config.media_dir, titles, media_map=config.media_map, skip=config.out.resolve())
    plan = Plan(handle, route, titles, matches, broken=broken)
    _sort_dialogues(plan, config)
    return plan


def _sort_dialogues(plan: Plan, config: RebuildConfig) -> None:
    gone = withdrawals(plan.handle, on_broken=plan.broken.append)
    version = plan.annotation_version
    for dialogue in iter_dialogues(plan.handle, on_broken=plan.broken.append, keep_withdrawn=True):
        plan.order.append(dialogue.dialogue_id)
        title_id = dialogue.title_id
        row: tuple[str, tuple[str, ...]] | None = None
        if gone.covers(dialogue.dialogue_id, title_id):
            row = ("withdrawn", ("withdrawn",))
        elif title_id is None:
            row = ("no_media", ("no_media",))
        elif (config.titles and title_id not in config.titles) or not config.shard.holds(title_id):
            row = ("not_selected", ("not_selected",))
        if row is not None:
            settled = plain_row(dialogue.dialogue_id, title_id, *row, annotation_version=version)
            plan.settled.append(settled)
        elif title_id is not None:
            plan.by_title.setdefault(title_id, []).append(dialogue.to_json())
            plan.ids.setdefault(title_id, []).append(dialogue.dialogue_id)
    plan.work = list(plan.by_title)


def _jobs(plan: Plan, config: RebuildConfig, ledger: Ledger) -> Iterator[Task]:
    previous = ledger.rows()
    title_names = safe_names(plan.titles.keys() | plan.by_title.keys())
    for title_id in plan.work:
        candidates = plan.matches.by_title.get(title_id, ())
        if not candidates:
            continue
        names = safe_names(plan.ids[title_id])
        title = plan.titles.get(title_id) or Title(title_id=title_id)
        yield Task(
            title_id,
            TitleJob(
                title=title.to_row(),
                dialogues=tuple(plan.by_title[title_id]),
                candidates=candidates,
                release=str(plan.handle.path),
                annotation_version=plan.annotation_version,
                media_dir=str(config.media_dir),
                out=str(config.out),
                clip=config.clip,
                names=names,
                title_name=title_names[title_id],
                previous={i: previous[i] for i in names if i in previous},
                timemap=config.timemap,
                policy=config.policy,
                min_confidence=config.min_confidence,
                cache=str(mmdia_home() / "media-index"),
            ),
        )


def _missing(plan: Plan, ledger: Ledger) -> list[dict[str, Any]]:
    """Rows of titles without a file; clips built earlier stay built."""
    done, version = ledger.rows(), plan.annotation_version
    rows: list[dict[str, Any]] = []
    for title_id in plan.work:
        if plan.matches.by_title.get(title_id):
            continue
        rows += [
            plain_row(i, title_id, "missing_media", ("missing_media",), annotation_version=version)
            for i in plan.ids[title_id]
            if done.get(i, {}).get("status") != "built"
        ]
        receipt = TitleReceipt(title_id=title_id, reasons=("missing_media",))
        ledger.append_title(receipt.to_row(nulls=True))
    return rows


def _lost(plan: Plan, outcome: Outcome, done: set[str]) -> list[dict[str, Any]]:
    """Rows for what a worker left undone when it ended badly."""
    code = {"crashed": "crashed", "timed_out": "timed_out"}.get(outcome.status, "worker_error")
    if isinstance(outcome.error, StoreError):
        code = (
            "disk_full" if is_disk_full(outcome.error) or "no space" in str(outcome.error) else "unwritable"
        )
    return [
        plain_row(
            i,
            outcome.key,
            "failed",
            (code,),
            message=outcome.message,
            annotation_version=plan.annotation_version,
        )
        for i in plan.ids[outcome.key]
        if i not in done
    ]


def check_writable(out: Path) -> None:
    """Make the output folder and prove that it can be written.

    Raises:
        StoreError: It cannot; nothing else was done.
    """
    make_folder(out)
    probe = out / ".mmdia-write-test"
    with atomic_write(probe) as stream:
        stream.write(b"ok")
    probe.unlink()


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
    tell = listen or (lambda key, event: None)
    plan = plan or make_plan(config)
    check_writable(config.out)
    ledger = Ledger(config.out, config.shard)
    kept = 0
    with exclusive(ledger.state / f"run-{ledger.tag}.lock"):
        if config.shard.count == 1:
            sweep_parts(config.out)
        earlier = ledger.rows()
        _settle(config.out, ledger, earlier, plan.settled)
        ledger.append(_missing(plan, ledger))
        done: dict[str, set[str]] = {}
        stop: StoreError | None = None

        def progress(key: str, event: Event) -> None:
            nonlocal kept
            rows = event.pop("rows", None)
            if rows:
                ledger.append(rows)
                done.setdefault(key, set()).update(r["dialogue_id"] for r in rows)
            kept += event.get("kept", 0)
            tell(key, event)

        tasks = _jobs(plan, config, ledger)
        try:
            for outcome in run_supervised(
                tasks, rebuild_title, jobs=config.jobs, timeout_s=config.timeout_s, on_progress=progress
            ):
                if outcome.status == "done":
                    ledger.append_title(outcome.value)
                else:
                    _settle_lost(plan, ledger, outcome, done.get(outcome.key, set()))
                    if isinstance(outcome.error, StoreError):
                        stop = outcome.error
                tell(outcome.key, {"event": "end", "status": outcome.status, "message": outcome.message})
                if stop is not None:
                    break  # the next title would meet the same disk
        finally:
            ledger.merge(plan.order, plan.titles)
    summary = summarise(config, plan, ledger, kept, time.monotonic() - started)
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


def _keeps(earlier: dict[str, Any] | None, row: dict[str, Any]) -> bool:
    """Whether an earlier row stays: what was built stays built when it is merely left out now."""
    if earlier is None:
        return False
    return earlier == row or (row["status"] == "not_selected" and earlier["status"] != "not_selected")


def _settle(out: Path, ledger: Ledger, earlier: dict[str, Event], rows: list[Event]) -> None:
    """Record rows that need no work; the clips of what was withdrawn meanwhile are deleted."""
    for row in rows:
        before = earlier.get(row["dialogue_id"])
        if before is not None and row["status"] == "withdrawn":
            discard(out, before)
    ledger.append([r for r in rows if not _keeps(earlier.get(r["dialogue_id"]), r)])


def _settle_lost(plan: Plan, ledger: Ledger, outcome: Outcome, done: set[str]) -> None:
    rows = _lost(plan, outcome, done)
    ledger.append(rows)
    reasons = tuple(dict.fromkeys(code for row in rows for code in row["reasons"]))
    receipt = TitleReceipt(title_id=outcome.key, reasons=reasons, message=outcome.message)
    ledger.append_title(receipt.to_row(nulls=True))


def summarise(config: RebuildConfig, plan: Plan, ledger: Ledger, kept: int, seconds: float) -> Summary:
    """Count what the receipt now says about the release's dialogues."""
    rows = ledger.rows()
    statuses: dict[str, int] = {}
    reasons: dict[str, int] = {}
    for i in plan.order:
        row = rows.get(i)
        status = row["status"] if row else "missing_media"
        statuses[status] = statuses.get(status, 0) + 1
        for code in (row or {}).get("reasons", ()):
            reasons[code] = reasons.get(code, 0) + 1
    by_title = ledger.title_rows()
    return Summary(
        statuses=statuses,
        reasons=dict(sorted(reasons.items(), key=lambda x: -x[1])),
        titles=[by_title[t] for t in plan.titles if t in by_title],
        unmatched=plan.matches.unmatched,
        ambiguous=plan.matches.ambiguous,
        broken=tuple(str(e) for e in plan.broken),
        kept=kept,
        seconds=seconds,
        out=str(config.out),
    )
