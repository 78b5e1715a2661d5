"""Sums over the dialogues of one group (all, a split, a subset), batch by batch.

What is kept grows with what differs (words, identifiers of titles, lengths in steps), never with
the number of dialogues.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from mmdia.corpus.leaves import Bools, Floats, Ints, Leaves
from mmdia.release.marks import MarkCounts, marks_of
from mmdia.release.stat_people import Banks, People, pair_name, people_of
from mmdia.release.stat_rows import (
    Pairs,
    Scores,
    Turns,
    Words,
    count_rows,
    scores,
    spans_ms,
    speaker_changes,
    speaker_pairs,
    turn_lengths,
    turn_words,
    word_list,
    words_of,
)

AXES = ("relationship", "interaction")

#: Columns of turns whose words are counted.
TURN_WORDS = ("visibility", "emotion", "sentiment")

#: Steps that lengths are kept in, and the longest one kept apart; medians are exact to a step.
STEP_MS, LONGEST_STEP = 10, 360_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is counted of one batch; arrays have one value a dialogue unless said."""

    ids: list[str | None]
    n_turns: Ints
    span_ms: Ints
    has_span: Bools
    turns: Turns
    bad_turns: Ints
    pairs: Pairs
    people: People
    n_speakers: Ints
    n_seen: Ints
    changes: Ints
    turn_words: dict[str, Words]
    scores: dict[str, Scores]
    categories: dict[str, list[str | None]]
    uncategorised: dict[str, Bools]
    marks: tuple[list[tuple[str | None, str]], Ints]
    has: dict[str, Bools]


def facts_of(leaves: Leaves, banks: Banks) -> Facts:
    """Work a batch out once, for all groups."""
    n = leaves.batch.num_rows
    span_ms, has_span = spans_ms(leaves)
    turns, bad = turn_lengths(leaves)
    pairs = speaker_pairs(leaves)
    labelled = {axis: words_of(leaves, axis) for axis in AXES}
    return Facts(
        ids=word_list(leaves.batch.column("title_id")),
        n_turns=leaves.n_turns,
        span_ms=span_ms,
        has_span=has_span,
        turns=turns,
        bad_turns=bad,
        pairs=pairs,
        people=people_of(leaves, pairs, banks),
        n_speakers=count_rows(pairs.rows, n),
        n_seen=count_rows(pairs.rows[pairs.seen], n),
        changes=speaker_changes(leaves),
        turn_words={name: turn_words(leaves, name) for name in TURN_WORDS},
        scores={name: scores(leaves, name) for name in ("intensity", "volatility")},
        categories={axis: words for axis, (words, _) in labelled.items()},
        uncategorised={axis: raw for axis, (_, raw) in labelled.items()},
        marks=marks_of(leaves),
        has=_presence(leaves, n),
    )


#: What the Table 1 row asks of a release, each with the column that answers.
PRESENCE = {
    "text": "turns[].text",
    "keyframe": "turns[].keyframe.t_ms",
    "description": "description",
    "speaker_style": "speaker_styles[].description",
    "turn_style": "turns[].style",
    "turn_emotion": "turns[].emotion",
}


def _presence(leaves: Leaves, n: int) -> dict[str, Bools]:
    out: dict[str, Bools] = {}
    for name, path in PRESENCE.items():
        leaf = leaves.at(path)
        if leaf.values.null_count == len(leaf.values):
            out[name] = np.zeros(n, dtype=bool)
        else:
            valid = np.asarray(leaf.values.is_valid().to_numpy(zero_copy_only=False), dtype=bool)
            out[name] = count_rows(leaf.rows[valid], n) > 0
    return out


class Steps:
    """Lengths counted in steps, for medians and histograms; grows with the longest one."""

    def __init__(self) -> None:
        self.counts: Ints = np.zeros(1, dtype=np.int64)

    def add(self, values_ms: Ints) -> None:
        """Count lengths; those beyond the longest step count there."""
        if not len(values_ms):
            return
        found = np.bincount(np.minimum(values_ms // STEP_MS, LONGEST_STEP)).astype(np.int64)
        if len(found) > len(self.counts):
            found[: len(self.counts)] += self.counts
            self.counts = found
        else:
            self.counts[: len(found)] += found

    def median_s(self) -> float | None:
        """The middle value, to a step; None when nothing was counted."""
        total = int(self.counts.sum())
        if not total:
            return None
        upto = np.cumsum(self.counts)
        low, high = np.searchsorted(upto, [(total - 1) // 2, total // 2], side="right")
        return float((low + high) / 2 * STEP_MS / 1000)

    def in_bins(self, edges_s: tuple[float, ...]) -> list[int]:
        """Counts between neighbouring edges; the last bin takes all that is longer."""
        edges = [min(len(self.counts), round(e * 1000 / STEP_MS)) for e in edges_s[:-1]]
        starts = [*edges, len(self.counts)]
        return [int(self.counts[a:b].sum()) for a, b in pairwise(starts)]


@dataclass
class Tally:
    """Sums of one group; `add` takes a batch, `stat_result.result` makes figures of it."""

    dialogues: int = 0
    turns: int = 0
    spans: int = 0
    span_ms: int = 0
    turns_of_spans: int = 0
    timed_turns: int = 0
    turn_ms: int = 0
    extended_ms: int = 0
    timed_dialogues: int = 0
    bad_turns: int = 0
    named: int = 0
    speakers: int = 0
    turns_of_named: int = 0
    turns_per_speaker: float = 0.0
    with_turns: int = 0
    changes: int = 0
    all_seen: int = 0
    some_seen: int = 0
    span_steps: Steps = field(default_factory=Steps)
    turn_steps: Steps = field(default_factory=Steps)
    score_sums: Counter[tuple[str, str]] = field(default_factory=Counter)
    score_totals: dict[tuple[str, str], float] = field(default_factory=dict)
    out_of_range: Counter[str] = field(default_factory=Counter)
    score_bins: dict[str, Counter[int]] = field(default_factory=dict)
    turn_counts: Counter[int] = field(default_factory=Counter)
    speaker_counts: Counter[int] = field(default_factory=Counter)
    categories: dict[str, Counter[str]] = field(default_factory=dict)
    uncategorised: Counter[str] = field(default_factory=Counter)
    cells: Counter[tuple[str, str]] = field(default_factory=Counter)
    titles: Counter[str | None] = field(default_factory=Counter)
    turn_words: dict[str, Counter[str]] = field(default_factory=dict)
    genders: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)
    gender_pairs: Counter[str] = field(default_factory=Counter)
    bias: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    marks: MarkCounts = field(default_factory=MarkCounts)
    has: Counter[str] = field(default_factory=Counter)

    def add(self, facts: Facts, keep: Bools) -> None:
        """Take in the dialogues of a batch that belong to the group."""
        if not keep.any():
            return
        self._sizes(facts, keep)
        self._times(facts, keep)
        self._speakers(facts, keep)
        self._scores(facts, keep)
        self._words(facts, keep)
        self._people(facts, keep)

    def _sizes(self, facts: Facts, keep: Bools) -> None:
        self.dialogues += int(keep.sum())
        n_turns = facts.n_turns[keep]
        self.turns += int(n_turns.sum())
        self.with_turns += int((n_turns > 0).sum())
        self.changes += int(facts.changes[keep].sum())
        _count_ints(self.turn_counts, n_turns)
        self.titles.update(name for name, k in zip(facts.ids, keep.tolist(), strict=True) if k)
        for name, there in facts.has.items():
            self.has[name] += int((there & keep).sum())

    def _times(self, facts: Facts, keep: Bools) -> None:
        spans = facts.span_ms[keep & facts.has_span]
        self.spans += len(spans)
        self.span_ms += int(spans.sum())
        self.turns_of_spans += int(facts.n_turns[keep & facts.has_span].sum())
        self.span_steps.add(spans)
        mine = keep[facts.turns.rows]
        lengths = facts.turns.length_ms[mine]
        self.timed_turns += len(lengths)
        self.turn_ms += int(lengths.sum())
        self.extended_ms += int(facts.turns.extended_ms[mine].sum())
        self.timed_dialogues += len(np.unique(facts.turns.rows[mine]))
        self.turn_steps.add(lengths)
        self.bad_turns += int(facts.bad_turns[keep].sum())

    def _speakers(self, facts: Facts, keep: Bools) -> None:
        named = keep & (facts.n_speakers > 0)
        n_speakers, n_seen = facts.n_speakers[named], facts.n_seen[named]
        self.named += len(n_speakers)
        self.speakers += int(n_speakers.sum())
        self.turns_of_named += int(facts.n_turns[named].sum())
        self.turns_per_speaker += float((facts.n_turns[named] / n_speakers).sum())
        _count_ints(self.speaker_counts, n_speakers)
        self.all_seen += int((n_seen == n_speakers).sum())
        self.some_seen += int(((n_seen > 0) & (n_seen < n_speakers)).sum())
        for column, said in facts.turn_words.items():
            counts = np.bincount(said.codes[keep[said.rows]], minlength=len(said.names)).tolist()
            counter = self.turn_words.setdefault(column, Counter())
            counter.update({name: n for name, n in zip(said.names, counts, strict=True) if n})

    def _scores(self, facts: Facts, keep: Bools) -> None:
        for name, found in facts.scores.items():
            self.out_of_range[name] += int(found.out_of_range[keep].sum())
            for rater, values in (("model", found.model), ("human", found.human)):
                good = _finite(values[keep])
                key = (name, rater)
                self.score_sums[key] += len(good)
                self.score_totals[key] = self.score_totals.get(key, 0.0) + float(good.sum())
                if rater == "model":
                    bins = self.score_bins.setdefault(name, Counter())
                    _count_ints(bins, np.floor(good + 0.5).astype(np.int64))

    def _words(self, facts: Facts, keep: Bools) -> None:
        mine = np.flatnonzero(keep).tolist()
        columns = {}
        for axis in AXES:
            words = [facts.categories[axis][i] for i in mine]
            counts = self.categories.setdefault(axis, Counter())
            counts.update(w for w in words if w is not None)
            self.uncategorised[axis] += int(facts.uncategorised[axis][keep].sum())
            columns[axis] = words
        pairs = zip(columns["relationship"], columns["interaction"], strict=True)
        self.cells.update((a, b) for a, b in pairs if a is not None and b is not None)
        found, rows = facts.marks
        self.marks.add(mark for mark, k in zip(found, keep[rows].tolist(), strict=True) if k)

    def _people(self, facts: Facts, keep: Bools) -> None:
        mine = np.flatnonzero(keep[facts.pairs.rows]).tolist()
        rows = facts.pairs.rows.tolist()
        people = {"gender": facts.people.genders, "age": facts.people.ages}
        self.genders.update(people["gender"][i] for i in mine)
        self.ages.update(people["age"][i] for i in mine)
        for axis in AXES:
            words = facts.categories[axis]
            for trait, values in people.items():
                counts = self.bias.setdefault(f"{trait}_by_{axis}", Counter())
                labelled = ((values[i], words[rows[i]]) for i in mine)
                counts.update((value, word) for value, word in labelled if word is not None)
        # Pairs are sorted by dialogue, so the two speakers of a dialogue lie side by side.
        two = [i for i in mine if facts.n_speakers[rows[i]] == 2]
        genders = people["gender"]
        self.gender_pairs.update(
            pair_name(genders[a], genders[b]) for a, b in zip(two[::2], two[1::2], strict=True)
        )


def _finite(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _count_ints(counter: Counter[int], values: Ints) -> None:
    unique, counts = np.unique(values, return_counts=True)
    for value, n in zip(unique.tolist(), counts.tolist(), strict=True):
        counter[value] += n
