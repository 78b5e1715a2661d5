"""A dialogue batch as flat arrays, for checks and statistics that run over columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Leaf:
    """All values of one path of the field table.

    Attributes:
        values: The values, nulls included.
        rows: Dialogue (row of the batch) of each value.
        turns: Position in the batch's flat turns of each value; None outside ``turns``.
    """

    values: pa.Array
    rows: Ints
    turns: Ints | None


def as_bools(mask: pa.Array) -> Bools:
    """A boolean column as an array; null counts as False."""
    out: Bools = pc.fill_null(mask, False).to_numpy(zero_copy_only=False)
    return out


def as_ints(values: pa.Array) -> tuple[Ints, Bools]:
    """Values (0 for null) and whether each is there."""
    out: Ints = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return out, as_bools(pc.is_valid(values))


class Leaves:
    """One batch of dialogues, with its columns flattened on demand.

    Turn arrays have one value for each turn of the batch, in order. A time that is null is 0 in
    the array and False in its ``has_`` mask.
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self._found: dict[str, Leaf] = {}

    def at(self, path: str) -> Leaf:
        """The values at a path such as ``turns[].keyframe.t_ms`` or ``subsets[]``.

        A path that ends at a list without ``[]`` gives the lists themselves.

        Raises:
            KeyError: There is no such column.
        """
        if path not in self._found:
            self._found[path] = self._descend(path)
        return self._found[path]

    def _descend(self, path: str) -> Leaf:
        if path.endswith("[]"):
            lists = self.at(path[:-2])
            parents = pc.list_parent_indices(lists.values).to_numpy(zero_copy_only=False).astype(np.int64)
            values = lists.values.flatten()
            if path == "turns[]":
                return Leaf(values, lists.rows[parents], np.arange(len(values), dtype=np.int64))
            turns = None if lists.turns is None else lists.turns[parents]
            return Leaf(values, lists.rows[parents], turns)
        parent, _, name = path.rpartition(".")
        if not parent:
            rows = np.arange(self.batch.num_rows, dtype=np.int64)
            return Leaf(self.batch.column(name), rows, None)
        above = self.at(parent)
        # Unlike `.field()`, `struct_field` makes a child null where its parent is.
        return Leaf(pc.struct_field(above.values, [name]), above.rows, above.turns)

    @cached_property
    def n_turns(self) -> Ints:
        """Turns of each dialogue."""
        return as_ints(pc.list_value_length(self.batch.column("turns")))[0].astype(np.int64)

    @cached_property
    def turn_row(self) -> Ints:
        """Dialogue of each turn."""
        return self.at("turns[]").rows

    @cached_property
    def turn_index(self) -> Ints:
        """Index of each turn within its dialogue."""
        first = np.cumsum(self.n_turns) - self.n_turns
        return np.arange(len(self.turn_row), dtype=np.int64) - first[self.turn_row]

    @cached_property
    def start(self) -> tuple[Ints, Bools]:
        """Start of each turn, ms, and whether it is there."""
        return as_ints(self.at("turns[].start_ms").values)

    @cached_property
    def end(self) -> tuple[Ints, Bools]:
        """End of each turn, ms, and whether it is there."""
        return as_ints(self.at("turns[].end_ms").values)

    @cached_property
    def row_start(self) -> tuple[Ints, Bools]:
        """Start of each dialogue, ms, and whether it is there."""
        return as_ints(self.batch.column("start_ms"))

    @cached_property
    def row_end(self) -> tuple[Ints, Bools]:
        """End of each dialogue, ms, and whether it is there."""
        return as_ints(self.batch.column("end_ms"))

    @cached_property
    def follows(self) -> Bools:
        """Whether a turn has a turn before it in its dialogue (at the position before)."""
        return self.turn_index > 0

    @cached_property
    def spans(self) -> tuple[Ints, Ints, Bools]:
        """Earliest turn start and latest turn end of each dialogue, and whether it has both.

        A dialogue whose turns have no times falls back on its own.
        """
        big = np.iinfo(np.int64).max
        starts, ends = np.full(self.batch.num_rows, big), np.full(self.batch.num_rows, -big)
        (start, has_start), (end, has_end) = self.start, self.end
        np.minimum.at(starts, self.turn_row[has_start], start[has_start])
        np.maximum.at(ends, self.turn_row[has_end], end[has_end])
        (row_start, has_row_start), (row_end, has_row_end) = self.row_start, self.row_end
        no_start, no_end = starts == big, ends == -big
        starts[no_start], ends[no_end] = row_start[no_start], row_end[no_end]
        return starts, ends, (~no_start | has_row_start) & (~no_end | has_row_end)
