"""Receipt rows: the one place that spells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mmdia
from mmdia.schema.receipt import Receipt


def plain_row(
    dialogue_id: str,
    title_id: str | None,
    status: str,
    reasons: Sequence[str] = (),
    *,
    message: str | None = None,
    annotation_version: str | None = None,
    **facts: Any,
) -> dict[str, Any]:
    """A receipt row as it goes to disk; keys without a value are written as null.

    Args:
        dialogue_id: The dialogue.
        title_id: Its title.
        status: One of `mmdia.schema.receipt.STATUSES`.
        reasons: Reason codes.
        message: What happened, in words.
        annotation_version: Name and version of the release.
        facts: Further fields of `Receipt`.
    """
    receipt = Receipt(
        dialogue_id=dialogue_id,
        title_id=title_id,
        status=status,
        reasons=tuple(reasons),
        message=message,
        annotation_version=annotation_version,
        mmdia_version=mmdia.__version__,
        **facts,
    )
    return receipt.to_row(nulls=True)
