"""What must hold for dialogues: checks over whole columns, cheap enough for every load.

The codes are a part of `mmdia release validate`'s registry (`mmdia.release.dirt`), which adds
many more. Checks only find; nothing is changed or left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Bools, Ints, Leaf, Leaves, as_bools
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table, walk
from mmdia.schema.vocab import vocabulary

#: Codes that `check_table` may give.
INVARIANTS = (
    "duplicate_dialogue_id",
    "no_speakers",
    "no_turns",
    "partial_times",
    "score_range",
    "start_order",
    "turn_end",
    "turn_outside_dialogue",
    "unknown_category",
)

#: Closed ranges of numbers, as the fields document them.
RANGES: dict[str, tuple[float, float]] = {
    "emotion_intensity": (1, 10),
    "emotion_volatility": (1, 10),
    "speaker_styles[].emotion_volatility": (1, 10),
    "turns[].emotion_intensity": (1, 10),
    "turns[].confidence": (0, 1),
    "turns[].keyframe.faces[].score": (0, 1),
}


@dataclass(frozen=True, slots=True)
class Hits:
    """Places in a batch where one class of dirt was found.

    Attributes:
        code: The class.
        rows: Dialogue (row of the batch) of each place.
        turns: Index of the turn within its dialogue, or None where dialogues are meant.
        what: The path and value at fault, one for each place, or empty.
    """

    code: str
    rows: Ints
    turns: Ints | None = None
    what: tuple[str, ...] = ()


def turn_hits(code: str, leaves: Leaves, mask: Bools) -> Hits:
    """Turns where the mask is set."""
    return Hits(code, leaves.turn_row[mask], leaves.turn_index[mask])


def row_hits(code: str, mask: Bools) -> Hits:
    """Dialogues where the mask is set."""
    return Hits(code, np.flatnonzero(mask))


def leaf_hits(code: str, leaves: Leaves, path: str, leaf: Leaf, mask: Bools) -> Hits:
    """Values of a path where the mask is set, with path and value in words."""
    places = np.flatnonzero(mask)
    what = tuple(f"{path} = {leaf.values[int(i)].as_py()!r}" for i in places)
    turns = None if leaf.turns is None else leaves.turn_index[leaf.turns[places]]
    return Hits(code, leaf.rows[places], turns, what)


def find(leaves: Leaves, *, vocab: str | None = None) -> Iterator[Hits]:
    """All hits of the invariants that one batch can show; some may be empty.

    Args:
        leaves: A batch of dialogues.
        vocab: Name of the release's vocabulary; null means the paper's.

    Raises:
        UsageError: No such vocabulary.
    """
    yield row_hits("no_turns", leaves.n_turns == 0)
    lengths = pc.list_value_length(leaves.at("turns[].speakers").values)
    yield turn_hits("no_speakers", leaves, as_bools(pc.equal(lengths, 0)))
    yield row_hits("partial_times", _partial_times(leaves))
    yield from _order(leaves)
    yield from _ranges(leaves)
    for path, axis in axis_paths():
        leaf = leaves.at(path)
        names = pa.array(vocabulary(vocab).names(axis))
        bad = as_bools(pc.and_(pc.is_valid(leaf.values), pc.invert(pc.is_in(leaf.values, names))))
        yield leaf_hits("unknown_category", leaves, path, leaf, bad)


def _partial_times(leaves: Leaves) -> Bools:
    """Rows with half a span, with times but no title, or with times of turns but none of their own."""
    (_, row_start), (_, row_end) = leaves.row_start, leaves.row_end
    (_, start), (_, end) = leaves.start, leaves.end
    n = leaves.batch.num_rows
    half = np.bincount(leaves.turn_row[start != end], minlength=n) > 0
    timed = np.bincount(leaves.turn_row[start | end], minlength=n) > 0
    untitled = ~as_bools(pc.is_valid(leaves.batch.column("title_id")))
    partial: Bools = half | (row_start != row_end) | (timed & ~row_start) | (untitled & (row_start | timed))
    return partial


def _order(leaves: Leaves) -> Iterator[Hits]:
    (start, has_start), (end, has_end) = leaves.start, leaves.end
    yield turn_hits("turn_end", leaves, has_start & has_end & (end <= start))
    before, has_before = np.roll(start, 1), np.roll(has_start, 1)
    yield turn_hits("start_order", leaves, leaves.follows & has_start & has_before & (start < before))
    (row_start, has_row_start), (row_end, has_row_end) = leaves.row_start, leaves.row_end
    of = leaves.turn_row
    early = has_start & has_row_start[of] & (start < row_start[of])
    late = has_end & has_row_end[of] & (end > row_end[of])
    yield turn_hits("turn_outside_dialogue", leaves, early | late)


def _ranges(leaves: Leaves) -> Iterator[Hits]:
    for path, (low, high) in RANGES.items():
        leaf = leaves.at(path)
        if leaf.values.null_count < len(leaf.values):
            yield leaf_hits("score_range", leaves, path, leaf, _outside(leaf.values, low, high))
    yield from _scores(leaves)


def _outside(values: pa.Array, low: float, high: float) -> Bools:
    # Asked this way round, a NaN is outside.
    inside = pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))
    return as_bools(pc.and_(pc.is_valid(values), pc.invert(inside)))


def _scores(leaves: Leaves) -> Iterator[Hits]:
    """Ratings outside their own scale; a scale is a pair of numbers."""
    leaf, scales = leaves.at("scores[].value"), leaves.at("scores[].scale").values
    paired = np.flatnonzero(as_bools(pc.equal(pc.list_value_length(scales), 2)))
    if len(paired):
        limits = scales.take(pa.array(paired)).flatten().to_numpy(zero_copy_only=False).reshape(-1, 2)
        values = leaf.values.take(pa.array(paired)).to_numpy(zero_copy_only=False)
        bad = np.zeros(len(leaf.values), dtype=bool)
        bad[paired] = ~((values >= limits[:, 0]) & (values <= limits[:, 1]))
        yield leaf_hits("score_range", leaves, "scores[].value", leaf, bad)


@lru_cache(maxsize=1)
def axis_paths() -> tuple[tuple[str, str], ...]:
    """Paths that hold a category, with the axis of the vocabulary; pairs follow their parent."""
    paths = [(path, info.axis) for path, info in walk(field_table(Dialogue)) if info.axis is not None]
    pairs = [(path.replace(".category", ".pairs[].category"), axis) for path, axis in paths]
    return tuple(paths + pairs)


class SeenIds:
    """Remembers identifiers across batches; of equal ones, all but the first are duplicates."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def duplicates(self, batch: pa.RecordBatch, column: str = "dialogue_id") -> Ints:
        """Rows of this batch whose identifier was seen before, here or in an earlier batch."""
        rows = []
        for i, identifier in enumerate(batch.column(column).to_pylist()):
            if identifier in self._seen:
                rows.append(i)
            else:
                self._seen.add(identifier)
        return np.array(rows, dtype=np.int64)


def check_table(
    table: pa.Table | pa.RecordBatch, *, vocab: str | None = None, seen: SeenIds | None = None
) -> dict[str, int]:
    """Count what breaks the invariants in a table of dialogues.

    Args:
        table: Dialogues in our schema (`arrow_schema(Dialogue)`).
        vocab: Name of the release's vocabulary; null means the paper's.
        seen: Identifiers of the tables before, where several make one set.

    Returns:
        Counts by code (`INVARIANTS`), of turns or dialogues; only codes that were found.

    Raises:
        UsageError: No such vocabulary.
    """
    seen = SeenIds() if seen is None else seen
    batches = [table] if isinstance(table, pa.RecordBatch) else table.to_batches()
    counts: dict[str, int] = {}
    for batch in batches:
        hits = [Hits("duplicate_dialogue_id", seen.duplicates(batch)), *find(Leaves(batch), vocab=vocab)]
        for hit in hits:
            if len(hit.rows):
                counts[hit.code] = counts.get(hit.code, 0) + len(hit.rows)
    return dict(sorted(counts.items()))
