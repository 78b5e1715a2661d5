"""What commands did to a release, kept in its head so that it can be done again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mmdia.schema.release import Release, Step


def with_step(head: Release, step: str, options: Mapping[str, Any]) -> Release:
    """The head with one more entry in its history.

    Args:
        head: Head of the release.
        step: What was done ("import", "split", ...).
        options: Options that decide the outcome, the seed included; JSON values. Paths do not
            belong here: they say nothing to anybody else.
    """
    from mmdia import __version__

    text = json.dumps(dict(options), ensure_ascii=False, sort_keys=True)
    entry = Step(step=step, tool=f"mmdia {__version__}", options=text)
    return head.model_copy(update={"history": (*head.history, entry)})
