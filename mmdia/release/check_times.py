"""Checks of times within one block of dialogues. Each gives hits; none changes anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from mmdia.corpus.invariants import Hits, leaf_hits, row_hits, turn_hits
from mmdia.corpus.leaves import Leaves, as_ints

OVERLAP_MS = 1_000
GAP_MS = 10_000
TURN_MS = 60_000
SPAN_MS = 600_000


def time_hits(leaves: Leaves, durations: Mapping[str, int]) -> Iterator[Hits]:
    """Dirt in the times of one block.

    Args:
        leaves: The dialogues.
        durations: Length in milliseconds of the titles where it is known.
    """
    yield from _neighbours(leaves)
    yield from _single_turns(leaves)
    yield from _dialogues(leaves, durations)
    yield from _nonverbal(leaves)


def _neighbours(leaves: Leaves) -> Iterator[Hits]:
    """A turn against the end of the turn right before it."""
    (start, has_start), (end, has_end) = leaves.start, leaves.end
    pair = leaves.follows & has_start & np.roll(has_end, 1)
    pause = start - np.roll(end, 1)
    yield turn_hits("overlap", leaves, pair & (pause < 0))
    yield turn_hits("overlap_over_1s", leaves, pair & (pause < -OVERLAP_MS))
    yield turn_hits("gap_over_10s", leaves, pair & (pause > GAP_MS))


def _single_turns(leaves: Leaves) -> Iterator[Hits]:
    (start, has_start), (end, has_end) = leaves.start, leaves.end
    yield turn_hits("turn_over_60s", leaves, has_start & has_end & (end - start > TURN_MS))
    yield turn_hits("negative_time", leaves, has_start & (start < 0))
    following, has_following = as_ints(leaves.at("turns[].next_start_ms").values)
    yield turn_hits("next_start", leaves, has_start & has_following & (following < start))
    t, has_t = as_ints(leaves.at("turns[].keyframe.t_ms").values)
    outside = has_t & ((has_start & (t < start)) | (has_end & (t >= end)))
    yield turn_hits("keyframe_outside_turn", leaves, outside)


def _dialogues(leaves: Leaves, durations: Mapping[str, int]) -> Iterator[Hits]:
    (row_start, has_row_start), (row_end, has_row_end) = leaves.row_start, leaves.row_end
    yield row_hits("dialogue_end", has_row_start & has_row_end & (row_end <= row_start))
    start, end, known = leaves.spans
    yield row_hits("span_over_600s", known & (end > start + SPAN_MS))
    if durations:
        titles = leaves.batch.column("title_id").to_pylist()
        length = np.array(
            [durations.get(title, np.iinfo(np.int64).max) for title in titles], dtype=np.int64
        )
        yield row_hits("outside_title", known & (end > length))


def _nonverbal(leaves: Leaves) -> Iterator[Hits]:
    path = "turns[].nonverbal[]"
    leaf = leaves.at(path)
    if leaf.turns is None or not len(leaf.values):
        return
    start, has_start = as_ints(leaves.at(f"{path}.start_ms").values)
    end, has_end = as_ints(leaves.at(f"{path}.end_ms").values)
    (turn_start, has_turn_start), (turn_end, has_turn_end) = leaves.start, leaves.end
    of = leaf.turns
    outside = (has_start & has_turn_start[of] & (start < turn_start[of])) | (
        has_end & has_turn_end[of] & (end > turn_end[of])
    )
    backwards = has_start & has_end & (end < start)
    label = leaves.at(f"{path}.label")
    yield leaf_hits("nonverbal_outside_turn", leaves, f"{path}.label", label, outside | backwards)
