"""What an output folder holds, without doing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmdia.rebuild.availability import Availability, available
from mmdia.rebuild.config import ClipParams, RebuildConfig
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.plan import make_plan, refuse_other_release
from mmdia.rebuild.run import Summary, summarise


@dataclass(frozen=True)
class Status:
    """The state of an output folder.

    Attributes:
        summary: Dialogues of the release by what the receipt says of them.
        availability: What the user now has of each split and tag.
    """

    summary: Summary
    availability: Availability

    @property
    def complete(self) -> bool:
        """Whether every dialogue that was asked for is built, and its files are there."""
        return self.summary.complete and not self.availability.gone

    def to_row(self) -> dict[str, Any]:
        """The document of ``--status --json``: the summary, and the key ``availability``."""
        row = self.summary.to_row()
        return {**row, "complete": self.complete, "availability": self.availability.to_row()}


def status_of(config: RebuildConfig) -> Status:
    """Count the receipt's rows against the release; nothing is written.

    A run that asks for nothing particular is told of the clips that are there, by whatever options.

    Raises:
        MediaNotFound, ReleaseError, UsageError: As `make_plan`.
    """
    plan = make_plan(config)
    ledger = Ledger(config.out, config.shard)
    refuse_other_release(plan, config.out, ledger.rows())
    place = None if config.out_url is not None else config.out
    found = available(plan.handle, ledger.rows(), place, on_broken=lambda error: None)
    as_made = config.clip == ClipParams() and (config.policy, config.min_confidence) == ("default", 0.5)
    return Status(summarise(config, plan, ledger, as_made=as_made), found)
