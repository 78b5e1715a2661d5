"""What a run did: counts for the table, the document of ``--json``, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmdia.pages.rebuild import rebuild_page
from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.kept import OTHER_OPTIONS, marked, options_hash
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.overview import overview
from mmdia.rebuild.plan import Plan
from mmdia.schema.reasons import tally
from mmdia.store.atomic import write_text
from mmdia.sync.timemap import read_timemap

#: Statuses that count against exit status 0.
FAILING = frozenset({"refused", "failed", "missing_media"})
#: Reasons of clips that are built, but not as they were asked for.
LACKING = frozenset({OTHER_OPTIONS, "audio_language_mismatch", "commentary", "no_such_track"})


@dataclass
class Summary:
    """What a run did.

    Attributes:
        statuses: Dialogues by status, the whole release.
        missed: Dialogues that were asked for and are not built, or not as asked.
        troubled: Titles whose worker ended badly; clips of an earlier run may still be there.
        reasons: Reason codes of what was not built, with counts.
        titles: Title rows, in the release's order.
        unmatched: Files that belong to no title.
        ambiguous: Files that fit several titles.
        images: Images of discs, with the titles that their names fit.
        broken: Messages of release rows that cannot be read.
        strangers: Messages of rows of the media map that cannot be used.
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
    images: dict[str, tuple[str, ...]]
    broken: tuple[str, ...]
    kept: int
    seconds: float
    out: str
    strangers: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every dialogue that was asked for is built."""
        return not (self.broken or self.missed or self.troubled or self.doubtful)

    @property
    def doubtful(self) -> list[str]:
        """Titles whose clips do not say their text."""
        return [t["title_id"] for t in self.titles if "speech_mismatch" in (t.get("reasons") or ())]

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json``."""
        return {
            "schema": "mmdia.rebuild-summary/1",
            "complete": self.complete,
            "statuses": self.statuses,
            "missed": self.missed,
            "troubled": list(self.troubled),
            "doubtful": self.doubtful,
            "reasons": self.reasons,
            "titles": self.titles,
            "unmatched": list(self.unmatched),
            "ambiguous": {k: list(v) for k, v in self.ambiguous.items()},
            "images": {k: list(v) for k, v in self.images.items()},
            "broken": [*self.broken, *self.strangers],
            "kept": self.kept,
            "seconds": round(self.seconds, 3),
            "out": self.out,
        }


def write_report(config: RebuildConfig, summary: Summary, plan: Plan, ledger: Ledger) -> None:
    """Write ``report.html``: what was matched, found, built and refused, with plots of every title.

    Raises:
        StoreError: It cannot be written.
    """
    out = config.out
    found = {title_id: read_timemap(out / path) for title_id, path in maps_of(summary).items()}
    maps = {title_id: document for title_id, document in found.items() if document is not None}
    shown = {**summary.to_row(), **overview(plan.handle, ledger.rows(), None if config.out_url else out)}
    write_text(out / "report.html", rebuild_page(shown, maps))


def maps_of(summary: Summary) -> dict[str, str]:
    """Paths of time maps, relative to the output folder, by title."""
    return {t["title_id"]: t["timemap"] for t in summary.titles if t.get("timemap")}


def _misses(row: Mapping[str, Any]) -> bool:
    """Whether a row says that something asked for is not there."""
    return row["status"] in FAILING or not LACKING.isdisjoint(row["reasons"])


def summarise(config: RebuildConfig, plan: Plan, ledger: Ledger, *, as_made: bool = False) -> Summary:
    """Count what the receipt now says about the release's dialogues.

    Args:
        config: The run.
        plan: Its plan.
        ledger: The receipt.
        as_made: Whether clips count by whatever options they were made.
    """
    rows = ledger.rows()
    unknown: dict[str, Any] = {"status": "missing_media", "reasons": []}
    asked = [i for title_id in plan.work for i in plan.ids[title_id]]
    options, wanted = options_hash(config.clip, config.policy, config.min_confidence), frozenset(asked)
    found = {i: rows.get(i, unknown) for i in plan.order}
    if not as_made:
        found |= {
            i: marked(row, options) for i, row in found.items() if i in wanted and row["status"] == "built"
        }
    by_title = ledger.title_rows()
    return Summary(
        statuses=dict(sorted(tally(row["status"] for row in found.values()).items())),
        missed=sum(_misses(found[i]) for i in asked),
        troubled=(),
        reasons=tally(str(code) for row in found.values() for code in row["reasons"]),
        titles=[by_title[t] for t in plan.titles if t in by_title],
        unmatched=plan.matches.unmatched,
        ambiguous=plan.matches.ambiguous,
        images=plan.matches.images,
        broken=tuple(str(e) for e in plan.broken),
        strangers=plan.matches.strangers,
        kept=0,
        seconds=0.0,
        out=str(config.out),
    )
