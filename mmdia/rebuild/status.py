"""What an output folder holds, without doing anything."""

from __future__ import annotations

from mmdia.rebuild.config import RebuildConfig
from mmdia.rebuild.ledger import Ledger
from mmdia.rebuild.plan import make_plan
from mmdia.rebuild.run import Summary, summarise


def status_of(config: RebuildConfig) -> Summary:
    """Count the receipt's rows against the release; nothing is written.

    Raises:
        MediaNotFound, ReleaseError, UsageError: As `make_plan`.
    """
    plan = make_plan(config)
    return summarise(config, plan, Ledger(config.out, config.shard))
