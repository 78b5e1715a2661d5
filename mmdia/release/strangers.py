"""Keys that this version does not know, found again in `extra`, and gaps in source utterance ids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from mmdia.corpus.invariants import Hits
from mmdia.corpus.leaves import Leaves
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Turn
from mmdia.schema.fields import FieldInfo, field_table

#: Importers keep the number that a turn has in its source under this key.
UTTERANCE_KEY = "utterance_id"


def unknown_paths(row: Mapping[str, Any], fields: tuple[FieldInfo, ...], prefix: str = "") -> Iterator[str]:
    """Paths of all keys of `row` that the table does not have."""
    known = {field.name: field for field in fields}
    for key, value in row.items():
        field = known.get(key)
        if field is None:
            yield f"{prefix}{key}"
        elif field.kind == "struct" and isinstance(value, Mapping):
            yield from unknown_paths(value, field.children, f"{prefix}{key}.")
        elif field.kind == "list" and isinstance(value, list):
            for item in value:
                if isinstance(item, Mapping):
                    yield from unknown_paths(item, field.children[0].children, f"{prefix}{key}[].")


def _parsed(extra: pa.Array) -> Iterator[tuple[int, dict[str, Any]]]:
    """Position and content of every `extra` that is there."""
    if extra.null_count == len(extra):
        return
    for i, text in enumerate(extra.to_pylist()):
        if text:
            try:
                content = json.loads(text)
            except ValueError:
                continue
            if isinstance(content, dict):
                yield i, content


def kept_keys(extra: str | None) -> tuple[str, ...]:
    """Top-level unknown keys that a record keeps."""
    if not extra:
        return ()
    try:
        content = json.loads(extra)
    except ValueError:
        return ()
    return tuple(content) if isinstance(content, dict) else ()


def row_strangers(batch: pa.RecordBatch, model: type[Record]) -> Hits:
    """Unknown keys of rows (of dialogues: those of turns apart)."""
    places = [
        (i, path)
        for i, content in _parsed(batch.column("extra"))
        for path in unknown_paths(content, field_table(model))
    ]
    rows = np.array([i for i, _ in places], dtype=np.int64)
    return Hits("unknown_key", rows, None, tuple(path for _, path in places))


class TurnStrangers:
    """Unknown keys of turns, and what they say of the source's numbering, over all blocks."""

    def __init__(self) -> None:
        self.from_zero = False

    def scan(self, leaves: Leaves) -> tuple[Hits, dict[int, list[int]]]:
        """Unknown keys of one block's turns, and source numbers by dialogue (row).

        Dialogues in which a turn has no whole number are left out of the second.
        """
        places: list[tuple[int, str]] = []
        numbers: dict[int, list[int]] = {}
        fields = field_table(Turn)
        for i, content in _parsed(leaves.at("turns[].extra").values):
            places += [(i, f"turns[].{path}") for path in unknown_paths(content, fields)]
            if (number := _whole_number(content.get(UTTERANCE_KEY))) is not None:
                numbers.setdefault(int(leaves.turn_row[i]), []).append(number)
                self.from_zero = self.from_zero or number == 0
        turns = np.array([i for i, _ in places], dtype=np.int64)
        hits = Hits(
            "unknown_key",
            leaves.turn_row[turns],
            leaves.turn_index[turns],
            tuple(path for _, path in places),
        )
        complete = {row: ids for row, ids in numbers.items() if len(ids) == leaves.n_turns[row]}
        return hits, complete


def _whole_number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None


def missing_numbers(numbers: list[int], first: int) -> list[int]:
    """Numbers from `first` to the largest that are not there, the first few of them."""
    there = set(numbers)
    out: list[int] = []
    for number in range(first, max(numbers)):
        if number not in there:
            out.append(number)
            if len(out) == 5:
                break
    return out
