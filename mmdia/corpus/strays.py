"""Categories that a vocabulary does not have, kept in `extra`, so that a number's null loses nothing.

`extra` holds what has no column, in the shape of the row, and writing a record puts it back into places
that are null. So ``{"relationship": {"category": "Rivals"}}`` there comes back as the category it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from mmdia.schema.fields import FieldInfo
from mmdia.schema.vocab import Vocabulary

EXTRA = "extra"


def extra_with_strays(batch: pa.RecordBatch, fields: Sequence[FieldInfo], vocab: Vocabulary) -> pa.Array:
    """The column `extra` of the batch, with the stray categories of these fields put in.

    An `extra` that is no JSON text of an object stays as it is: nothing could be read back from it.
    """
    kept: list[str | None] = batch.column(EXTRA).to_pylist()
    for field in fields:
        for i, value in enumerate(batch.column(field.name).to_pylist()):
            stray = _strays(value, field, vocab)
            if stray is not None:
                kept[i] = _with(kept[i], {field.name: stray})
    return pa.array(kept, pa.string())


def _strays(value: Any, field: FieldInfo, vocab: Vocabulary) -> Any:
    """What of a value the vocabulary does not have, in the value's shape; None when it has all."""
    if value is None:
        return None
    if field.axis is not None:
        return None if value in vocab.names(field.axis) else value
    if field.kind != "struct":
        return None
    children = {child.name: _strays(value[child.name], child, vocab) for child in field.children}
    return {name: stray for name, stray in children.items() if stray is not None} or None


def _with(extra: str | None, strays: dict[str, Any]) -> str:
    try:
        before = json.loads(extra) if extra else {}
        if not isinstance(before, dict):
            return extra or ""
        text = json.dumps(_merged(before, strays), ensure_ascii=False, sort_keys=True)
        text.encode("utf-8")
    except (ValueError, RecursionError):  # half a surrogate pair ends here, too
        return extra or ""
    return text


def _merged(before: dict[str, Any], strays: dict[str, Any]) -> dict[str, Any]:
    out = dict(before)
    for name, stray in strays.items():
        below = out.get(name)
        if isinstance(stray, dict) and isinstance(below, dict):
            stray = _merged(below, stray)
        out[name] = stray
    return out
