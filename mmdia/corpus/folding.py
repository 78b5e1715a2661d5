"""Move unknown keys of a JSON line into `extra`, so that Arrow's reader sees known keys only."""

from __future__ import annotations

import json

from mmdia.corpus.columns import Misfit
from mmdia.corpus.lines import strict_loads
from mmdia.errors import UsageError
from mmdia.schema.base import Extensible, Record, fold_row


def fold_line(line: bytes, model: type[Record]) -> bytes:
    """A JSON line with its unknown keys, at any depth, moved into `extra`.

    Lines of records that keep no unknown keys are given back as they are.

    Raises:
        Misfit: No JSON object, or text or an `extra` that the records would refuse.
    """
    if not issubclass(model, Extensible):
        return line
    try:
        row = strict_loads(line)
        if not isinstance(row, dict):
            raise Misfit
        folded = fold_row(row, model)
        return json.dumps(folded, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except (ValueError, UsageError, RecursionError):  # half a surrogate pair ends here, too
        raise Misfit from None
