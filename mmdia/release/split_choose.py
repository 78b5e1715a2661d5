"""The seeded rules: who goes where. Arrays in, arrays out; no row is read here.

Chance is a hash of the seed and the dialogue's identifier, so that a choice depends neither on the
order of the rows nor on the version of Python, and rows that are added move as few others as may be.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from mmdia.corpus.leaves import Bools, Floats, Ints
from mmdia.errors import ReleaseError, UsageError
from mmdia.release.split_texts import Hashes, stable_hash


def chances(seed: int, names: Sequence[str]) -> Hashes:
    """A random number for each name, decided by the seed."""
    lead = f"{seed}\x00"
    # The cache of `stable_hash` would only fill up with names that are asked once.
    return np.array([stable_hash.__wrapped__(lead + name) for name in names], dtype=np.uint64)


def by_chance(chance: Hashes, names: Sequence[str]) -> list[int]:
    """Positions in random order; equal numbers, which are next to impossible, go by name."""
    return sorted(range(len(names)), key=lambda i: (int(chance[i]), names[i]))


def parts_of(n: int, ratios: Sequence[float]) -> tuple[int, ...]:
    """`n` cut by ratio into whole numbers that sum to `n` (largest remainders).

    No part of a positive ratio stays empty while another has two or more.

    >>> parts_of(1000, (90, 5, 5))
    (900, 50, 50)
    >>> parts_of(7, (90, 5, 5))
    (5, 1, 1)

    Raises:
        UsageError: A ratio is negative, or all are 0.
    """
    total = sum(ratios)
    if any(not 0 <= r < float("inf") for r in ratios) or total <= 0:
        got = ":".join(f"{r:g}" for r in ratios)
        raise UsageError("ratios must be positive numbers", expected="such as 90:5:5", got=got)
    exact = [n * r / total for r in ratios]
    out = [int(x) for x in exact]
    rest = sorted(range(len(ratios)), key=lambda k: (out[k] - exact[k], k))
    for k in rest[: n - sum(out)]:
        out[k] += 1
    for k, ratio in enumerate(ratios):
        if ratio and not out[k] and max(out) > 1:
            out[out.index(max(out))] -= 1
            out[k] = 1
    return tuple(out)


def split_rows(rows: Ints, chance: Hashes, ids: Sequence[str], ratios: Sequence[float]) -> list[Ints]:
    """Cut rows at random by ratio: the paper's rule for what is left of the hard set.

    Returns:
        The rows of each part.
    """
    order = [int(rows[i]) for i in by_chance(chance[rows], [ids[int(r)] for r in rows])]
    out, first = [], 0
    for size in parts_of(len(order), ratios):
        out.append(np.array(order[first : first + size], dtype=np.int64))
        first += size
    return out


def split_groups(
    sizes: Sequence[int], names: Sequence[str], chance: Hashes, targets: Sequence[float]
) -> list[int]:
    """Give whole groups to parts so that their sizes come near the targets.

    Groups come in random order; each goes to the part that still lacks the largest share of its
    target among those it fits into, else to the first part (train). A part that would stay
    empty gets the smallest group of the first one.

    Args:
        sizes: Rows of each group.
        names: A name of each group, for ties.
        chance: A random number for each group.
        targets: Rows wanted in each part; the first takes what fits nowhere else.

    Returns:
        Part of each group.

    Raises:
        ReleaseError: There are fewer groups than parts that want rows.
    """
    wanted = [k for k, target in enumerate(targets) if target > 0]
    if len(sizes) < len(wanted):
        raise ReleaseError(
            "too few groups to split", expected=f"{len(wanted)} or more", got=f"{len(sizes)}",
            hint="Groups are titles, or titles joined by people they share. With --disjoint speaker, "
            "--drop-crossing leaves out rows instead.",
        )  # fmt: skip
    part = [0] * len(sizes)
    held = [0] * len(targets)
    for i in by_chance(chance, names):
        best, lack = 0, -1.0
        for k in reversed(wanted):
            room = targets[k] - held[k]
            # Half a group too much is as near to the target as half a group too little.
            if k and (room <= 0 or sizes[i] > 2 * room):
                continue
            if (share := room / targets[k]) > lack:
                best, lack = k, share
        part[i] = best
        held[best] += sizes[i]
    for k in wanted:
        if k not in part:
            donor = max(wanted, key=lambda w: (part.count(w), -w))
            small = min(
                (i for i in range(len(sizes)) if part[i] == donor), key=lambda i: (sizes[i], names[i])
            )
            part[small] = k
    return part


def choose_balanced(
    rows: Ints, n: int, relationship: Ints, interaction: Ints, score: Floats, chance: Hashes
) -> Ints:
    """Choose up to `n` rows balanced over relationships and interactions.

    One at a time: from the relationship and the interaction that have been chosen least so far (their
    counts are added; of equal ones the pair chosen least), the row of the highest score; chance
    decides between equals.

    Args:
        rows: The rows that may be chosen.
        n: How many.
        relationship: Category of every row of the release.
        interaction: The same.
        score: Expressiveness of every row.
        chance: A random number for every row.

    Returns:
        The chosen rows, in the order of choosing.
    """
    cells: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
    for row in rows.tolist():
        cell = (int(relationship[row]), int(interaction[row]))
        cells.setdefault(cell, []).append((-float(score[row]), int(chance[row]), row))
    for queue in cells.values():
        heapq.heapify(queue)
    counts: tuple[dict[int, int], dict[int, int]] = ({}, {})
    taken: dict[tuple[int, int], int] = {}
    out: list[int] = []
    while cells and len(out) < n:
        cell = min(
            cells,
            key=lambda c: (counts[0].get(c[0], 0) + counts[1].get(c[1], 0), taken.get(c, 0), cells[c][0]),
        )
        out.append(heapq.heappop(cells[cell])[2])
        if not cells[cell]:
            del cells[cell]
        taken[cell] = taken.get(cell, 0) + 1
        for axis in (0, 1):
            counts[axis][cell[axis]] = counts[axis].get(cell[axis], 0) + 1
    return np.array(out, dtype=np.int64)


def choose_highest(rows: Ints, n: int, score: Floats, chance: Hashes) -> Ints:
    """The `n` rows of the highest scores; chance decides between equals."""
    order = sorted(rows.tolist(), key=lambda row: (-float(score[row]), int(chance[row])))
    return np.array(order[: max(0, n)], dtype=np.int64)


def any_of(mask: Bools) -> Ints:
    """Positions where the mask is set."""
    return np.flatnonzero(mask).astype(np.int64)
