"""Clips of an earlier run whose film cannot be worked on now: they stay, and say what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmdia.rebuild.config import ClipParams
from mmdia.store.digest import params_hash

#: The clip is there, but it is not what this run was asked for.
OTHER_OPTIONS = "other_options"


def options_hash(clip: ClipParams, policy: str, min_confidence: float) -> str:
    """Identity of what a run asks of a clip and of the time map it is cut by."""
    return params_hash([clip.digest(), policy, min_confidence])


def as_asked(row: Mapping[str, Any], options: str) -> bool:
    """Whether an earlier clip was made by the options of this run."""
    return row.get("options_hash") == options


def marked(row: dict[str, Any], options: str) -> dict[str, Any]:
    """An earlier row as it stands now: with a reason when this run asked for something else."""
    reasons = [code for code in row.get("reasons") or () if code != OTHER_OPTIONS]
    if not as_asked(row, options):
        reasons.append(OTHER_OPTIONS)
    return row if reasons == list(row.get("reasons") or ()) else {**row, "reasons": reasons}
