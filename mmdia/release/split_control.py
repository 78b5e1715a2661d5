"""Control sets: dialogues that differ in one condition of the affective triplet only.

A model that follows its conditions must speak the members of a set differently, for the reason
that the set names. Two dialogues make a *minimal pair* when two of relationship, interaction and
emotional tone are the same and the third is not, and when they are alike otherwise: at best the
very same text, else the same people, else the same film, else only the same number of speakers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mmdia.corpus.leaves import Bools, Ints
from mmdia.release.split_choose import any_of
from mmdia.release.split_facts import Facts
from mmdia.release.split_options import Scope
from mmdia.release.split_plan import TRAIN, Plan
from mmdia.release.split_speakers import speaker_key
from mmdia.release.split_texts import Hashes

#: What members share, the tightest first.
SCOPES: tuple[Scope, ...] = ("text", "speakers", "title", "any")
AXES = ("relationship", "interaction", "tone")
#: Most members of a set; tones are free text, so that many may differ in one.
MOST_MEMBERS = 4


def choose_control_sets(plan: Plan, chance: Hashes) -> None:
    """Build control sets outside train, and note a shortfall.

    Sets of tighter scopes come first, and axes take turns. A dialogue is in one set at most; those
    that are in a set already stay there. In a set every value occurs once, by the dialogues
    whose numbers of turns are nearest.
    """
    wanted = plan.options.control
    if not wanted:
        return
    facts = plan.facts
    free = np.asarray((plan.split != TRAIN) & ~plan.left_out & ~facts.in_set, np.bool_)
    made = 0
    for scope in SCOPES[: SCOPES.index(plan.options.control_scope) + 1]:
        key = _scope_key(facts, scope)
        going = {axis: _sets(facts, axis, key, free, chance) for axis in AXES}
        while going and made < wanted:
            for axis in list(going):
                members = next(going[axis], None)
                if members is None:
                    del going[axis]
                elif made < wanted:
                    for row in members:
                        plan.control[row] = (made, axis)
                        free[row] = False
                    made += 1
    if made < wanted:
        n, toneless = int(free.sum()), int((free & (facts.tone == 0)).sum())
        why = f"; of the {n} dialogues left there {toneless} have no emotional tone" if toneless else ""
        plan.notes.append(f"control: {wanted} sets wanted, {made} can be made outside train{why}")


def _scope_key(facts: Facts, scope: Scope) -> Ints:
    """What members of a set share, as one number; 0 where there is nothing to share."""
    if scope == "text":
        return facts.text.view(np.int64)
    if scope == "speakers":
        return speaker_key(facts.cast)
    if scope == "title":
        return facts.title + 1
    return np.ones(len(facts), dtype=np.int64)


def _sets(facts: Facts, axis: str, key: Ints, free: Bools, chance: Hashes) -> Iterator[list[int]]:
    """Sets of one axis, by chance; `free` is asked again each time, for others take from it, too."""
    columns = {
        "relationship": facts.relationship.astype(np.int64),
        "interaction": facts.interaction.astype(np.int64),
        "tone": facts.tone.view(np.int64),
    }
    none = {"relationship": -1, "interaction": -1, "tone": 0}
    usable = free & (key != 0)
    for name in AXES:
        usable &= columns[name] != none[name]
    rows = any_of(usable)
    same = [columns[name] for name in AXES if name != axis]
    contexts: dict[tuple[int, ...], list[int]] = {}
    for row in rows.tolist():
        context = (int(key[row]), int(same[0][row]), int(same[1][row]), int(facts.n_speakers[row]))
        contexts.setdefault(context, []).append(row)
    varied = [group for group in contexts.values() if len({int(columns[axis][r]) for r in group}) > 1]
    for group in sorted(varied, key=lambda g: min(int(chance[r]) for r in g)):
        members = _nearest(facts, columns[axis], [r for r in group if free[r]], chance)
        if len(members) > 1:
            yield members


def _nearest(facts: Facts, values: Ints, group: list[int], chance: Hashes) -> list[int]:
    """One dialogue of each value, all near the group's middle number of turns."""
    if not group:
        return []
    middle = float(np.median(facts.n_turns[group]))
    best: dict[int, tuple[float, int, int]] = {}
    for row in group:
        rank = (abs(float(facts.n_turns[row]) - middle), int(chance[row]), row)
        value = int(values[row])
        if value not in best or rank < best[value]:
            best[value] = rank
    return sorted(rank[2] for rank in sorted(best.values())[:MOST_MEMBERS])
