"""Raw labels to categories, and non-verbal marks to the shipped table's: for a whole release.

Nothing that an annotator wrote is lost. A raw label stays where it is. A word in ``category`` that the
vocabulary does not have is a *stray*: where it can be placed, the category takes its place and the word
moves to the raw labels; where not, it stays as it is and is counted as unknown.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, iter_dialogues
from mmdia.errors import UsageError
from mmdia.release.marks import MarkCounts, fill_mark
from mmdia.schema.dialogue import Dialogue, Interaction, NonVerbal, Relationship, RelationshipPair, Turn
from mmdia.schema.vocab import Placement, Vocabulary, categorise, vocabulary

CATEGORISE_SCHEMA = "mmdia.categorise/1"
AXES = ("relationship", "interaction")

#: Rules, the strongest first: "own" is the user's table.
RULES = ("own", "name", "alias", "typical", "word", "unknown")

#: Most different labels that are kept with their counts, an axis; more are counted together.
MOST_LABELS = 100_000

#: A user's own table: (axis, folded label) -> category.
OwnTable = Mapping[tuple[str, str], str]

Labelled = TypeVar("Labelled", Relationship, Interaction)


def fold_label(text: str) -> str:
    """A label as it is compared: lower case, single spaces."""
    return " ".join(text.casefold().split())


def read_own_table(path: str | Path, vocab: Vocabulary) -> dict[tuple[str, str], str]:
    """A CSV table with the columns axis, label, category: it goes before every other rule.

    Rows with an empty category are passed over, so the file that `--unknown` writes can be filled in
    bit by bit.

    Raises:
        UsageError: No such file, a column is missing, or an axis or category is unknown.
    """
    place = Path(path).expanduser()
    try:
        with place.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the table cannot be read: {error}", path=place) from error
    out: dict[tuple[str, str], str] = {}
    for number, row in enumerate(rows, start=2):
        axis, label, category = ((row.get(c) or "").strip() for c in ("axis", "label", "category"))
        if not category and "category" in row:
            continue
        where = f"{place}:{number}"
        if axis not in AXES or not label:
            raise UsageError(
                "a row of the table is not whole", path=where, expected="axis,label,category", got=repr(row)
            )
        if category not in vocab.names(axis):
            expected = ", ".join(vocab.names(axis))
            raise UsageError("no such category", path=where, expected=expected, got=repr(category))
        out[axis, fold_label(label)] = category
    return out


@dataclass
class AxisReport:
    """What became of one axis.

    Attributes:
        kept: Dialogues that had a category of the vocabulary already, and kept it.
        placed: Dialogues that got one here.
        strays: Dialogues whose category was a word that the vocabulary does not have.
        unknown: Dialogues with labels that no rule places.
        without: Dialogues without any label.
        rules: Dialogues that got a category, by rule.
        categories: Dialogues by category afterwards; strays that stayed are not in it.
        labels: Dialogues by (label, category, rule) placed here.
        alternatives: Other categories that fit a label as well.
        unknown_labels: Dialogues by label that no rule places.
        disagreements: Dialogues by (label, own category, category that the rules give).
        not_listed: Dialogues whose labels were not kept (`MOST_LABELS`).
        pairs_placed: Labels of pairs of speakers that got a category.
        pairs_unknown: Labels of pairs that no rule places.
    """

    kept: int = 0
    placed: int = 0
    strays: int = 0
    unknown: int = 0
    without: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    alternatives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown_labels: Counter[str] = field(default_factory=Counter)
    disagreements: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    not_listed: int = 0
    pairs_placed: int = 0
    pairs_unknown: int = 0

    def note(self, counter: Counter[Any], key: Any) -> None:
        """Count a label, as long as there is room for new ones."""
        if key in counter or len(counter) < MOST_LABELS:
            counter[key] += 1
        else:
            self.not_listed += 1

    def to_row(self, order: tuple[str, ...]) -> dict[str, Any]:
        """A JSON-ready mapping; labels by count, most frequent first."""
        first = {word: self.categories[word] for word in order if self.categories[word]}
        return {
            "kept": self.kept, "placed": self.placed, "strays": self.strays, "unknown": self.unknown,
            "without": self.without, "rules": {r: self.rules[r] for r in RULES if self.rules[r]},
            "categories": first,
            "labels": [
                {"label": label, "category": category, "rule": rule, "n": n,
                 "alternatives": list(self.alternatives.get(label, ()))}
                for (label, category, rule), n in _by_count(self.labels)
            ],
            "unknown_labels": [{"label": label, "n": n} for label, n in _by_count(self.unknown_labels)],
            "disagreements": [
                {"label": label, "category": own, "rules_give": other, "n": n}
                for (label, own, other), n in _by_count(self.disagreements)
            ],
            "not_listed": self.not_listed,
            "pairs_placed": self.pairs_placed, "pairs_unknown": self.pairs_unknown,
        }  # fmt: skip


def _by_count(counter: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


@dataclass
class MarkReport:
    """What became of non-verbal events.

    Attributes:
        events: Events.
        filled: Events that got a kind, label or tag.
        disagree: Events whose own kind is not the table's; it is kept.
        counts: Events by kind and label.
    """

    events: int = 0
    filled: int = 0
    disagree: int = 0
    counts: MarkCounts = field(default_factory=MarkCounts)

    def to_row(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        unknown = self.counts.strays.total() + self.counts.lost
        return {
            "events": self.events, "filled": self.filled, "disagree": self.disagree, "unknown": unknown,
            "labels": self.counts.to_rows(),
        }  # fmt: skip


@dataclass
class Categoriser:
    """Places the labels of dialogues, and counts what became of them.

    Attributes:
        vocab: The vocabulary.
        own: The user's own table.
        again: Place anew what has a category of the vocabulary already.
        dialogues: Dialogues seen.
        changed: Dialogues that are not what they were.
    """

    vocab: Vocabulary
    own: OwnTable = field(default_factory=dict)
    again: bool = False
    dialogues: int = 0
    changed: int = 0
    axes: dict[str, AxisReport] = field(default_factory=lambda: {axis: AxisReport() for axis in AXES})
    marks: MarkReport = field(default_factory=MarkReport)
    _placements: dict[tuple[str, str], Placement] = field(default_factory=dict)
    _names: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = {axis: frozenset(self.vocab.names(axis)) for axis in AXES}

    def __call__(self, dialogue: Dialogue) -> Dialogue:
        """The dialogue with its categories and marks filled in."""
        self.dialogues += 1
        update: dict[str, Any] = {}
        relationship = self._axis(dialogue.relationship, "relationship")
        if relationship is not dialogue.relationship:
            update["relationship"] = relationship
        interaction = self._axis(dialogue.interaction, "interaction")
        if interaction is not dialogue.interaction:
            update["interaction"] = interaction
        turns = tuple(self._turn(turn) for turn in dialogue.turns)
        if any(new is not old for new, old in zip(turns, dialogue.turns, strict=True)):
            update["turns"] = turns
        if not update:
            return dialogue
        self.changed += 1
        return dialogue.model_copy(update=update)

    def _place(self, label: str, axis: str) -> Placement:
        found = self._placements.get((axis, label))
        if found is None:
            own = self.own.get((axis, fold_label(label)))
            found = Placement(own, "own") if own is not None else categorise(label, axis, self.vocab.name)
            if len(self._placements) < MOST_LABELS:
                self._placements[axis, label] = found
        return found

    def _axis(self, found: Labelled | None, axis: str) -> Labelled | None:
        report = self.axes[axis]
        if found is None:
            report.without += 1
            return None
        pairs = tuple(self._pair(pair, axis) for pair in found.pairs)
        update: dict[str, Any] = {}
        if any(new is not old for new, old in zip(pairs, found.pairs, strict=True)):
            update["pairs"] = pairs
        update |= self._whole(found, axis, report)
        return found.model_copy(update=update) if update else found

    def _whole(self, found: Labelled, axis: str, report: AxisReport) -> dict[str, Any]:
        """What changes in the label of the dialogue itself."""
        known = found.category in self._names[axis]
        stray = found.category if found.category and not known else None
        raw = [text for text in dict.fromkeys((found.label, *found.labels, stray)) if text and text.strip()]
        if stray is not None:
            report.strays += 1
        if not raw:
            report.kept += known
            report.without += not known
            if known and found.category is not None:
                report.categories[found.category] += 1
            return {}
        label, best = self._best(raw, axis)
        if known and found.category is not None and (not self.again or best.category is None):
            report.kept += 1
            report.categories[found.category] += 1
            if best.category not in (None, found.category):
                report.note(report.disagreements, (label, found.category, best.category))
            return {}
        if best.category is None:
            report.unknown += 1
            report.note(report.unknown_labels, raw[0])
            return {}
        report.placed += 1
        report.rules[best.rule] += 1
        report.categories[best.category] += 1
        report.note(report.labels, (label, best.category, best.rule))
        if best.alternatives and len(report.alternatives) < MOST_LABELS:
            report.alternatives[label] = best.alternatives
        return _filled(found, best.category, stray)

    def _best(self, raw: list[str], axis: str) -> tuple[str, Placement]:
        """The raw label that the strongest rule places; of equals, the first one."""
        placed = [(text, self._place(text, axis)) for text in raw]
        label, best = min(placed, key=lambda item: RULES.index(item[1].rule))
        others = [p.category for _, p in placed if p.category is not None]
        others += [name for _, p in placed for name in p.alternatives]
        rest = tuple(dict.fromkeys(name for name in others if name != best.category))
        return label, Placement(best.category, best.rule, rest)

    def _pair(self, pair: RelationshipPair, axis: str) -> RelationshipPair:
        report = self.axes[axis]
        known = pair.category in self._names[axis]
        text = pair.label or (None if known else pair.category)
        if text is None or (known and not self.again):
            return pair
        category = self._place(text, axis).category
        if category is None:
            report.pairs_unknown += 1
            return pair
        report.pairs_placed += 1
        if category == pair.category:
            return pair
        update = {"category": category, "label": pair.label or text}
        return pair.model_copy(update=update)

    def _turn(self, turn: Turn) -> Turn:
        marks = self._marks(turn.nonverbal)
        return turn if marks is turn.nonverbal else turn.model_copy(update={"nonverbal": marks})

    def _marks(self, marks: tuple[NonVerbal, ...]) -> tuple[NonVerbal, ...]:
        if not marks:
            return marks
        filled = [fill_mark(mark) for mark in marks]
        self.marks.events += len(filled)
        self.marks.filled += sum(f.changed for f in filled)
        self.marks.disagree += sum(f.disagrees for f in filled)
        self.marks.counts.add((f.mark.kind, f.mark.label or f.mark.raw or "") for f in filled)
        return tuple(f.mark for f in filled) if any(f.changed for f in filled) else marks

    def see(
        self,
        relationship: Relationship | None,
        interaction: Interaction | None,
        marks: tuple[NonVerbal, ...],
    ) -> None:
        """Count a dialogue by its labels and all its marks, as `__call__` would, and make nothing."""
        self.dialogues += 1
        same = self._axis(relationship, "relationship") is relationship
        same &= self._axis(interaction, "interaction") is interaction
        same &= self._marks(marks) is marks
        self.changed += not same

    def to_row(self) -> dict[str, Any]:
        """The report (``mmdia.categorise/1``)."""
        return {
            "schema": CATEGORISE_SCHEMA,
            "vocab": self.vocab.name,
            "dialogues": self.dialogues,
            "changed": self.changed,
            **{axis: report.to_row(self.vocab.names(axis)) for axis, report in self.axes.items()},
            "nonverbal": self.marks.to_row(),
        }


def _filled(found: Relationship | Interaction, category: str, stray: str | None) -> dict[str, Any]:
    """What changes where a category is put in; a stray word moves to the raw labels."""
    update: dict[str, Any] = {} if category == found.category else {"category": category}
    if stray is not None and stray not in (found.label, *found.labels):
        if found.label is None:
            update["label"] = stray
        else:
            update["labels"] = (*found.labels, stray)
    return update


def categorised(
    handle: ReleaseHandle, categoriser: Categoriser, *, on_broken: OnBroken = "raise"
) -> Iterator[Dialogue]:
    """The release's dialogues, one at a time, with categories filled in; the categoriser counts."""
    for dialogue in iter_dialogues(handle, on_broken=on_broken):
        yield categoriser(dialogue)


def survey(handle: ReleaseHandle, categoriser: Categoriser, *, on_broken: OnBroken = "raise") -> None:
    """Count what would become of a release's labels and marks; reads only their columns.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    from mmdia.corpus.leaves import Leaves

    for batch in dialogue_batches(handle, on_broken=on_broken):
        events = Leaves(batch).at("turns[].nonverbal[]")
        marks: dict[int, list[NonVerbal]] = {}
        for row, event in zip(events.rows.tolist(), events.values.to_pylist(), strict=True):
            marks.setdefault(row, []).append(NonVerbal.model_construct(**event))
        labels = (batch.column(axis).to_pylist() for axis in AXES)
        for row, (relationship, interaction) in enumerate(zip(*labels, strict=True)):
            categoriser.see(
                None if relationship is None else Relationship.model_validate(relationship),
                None if interaction is None else Interaction.model_validate(interaction),
                tuple(marks.get(row, ())),
            )


def categoriser_of(
    handle: ReleaseHandle,
    *,
    vocab: str | None = None,
    own: str | Path | None = None,
    again: bool = False,
) -> Categoriser:
    """A categoriser for a release.

    Args:
        handle: The release.
        vocab: Name of the vocabulary (default: the release's).
        own: A CSV table of the user's own (`read_own_table`).
        again: Place anew what has a category already.

    Raises:
        UsageError: The vocabulary is unknown, or the table is not sound.
    """
    words = vocabulary(vocab or handle.head.vocab)
    return Categoriser(words, read_own_table(own, words) if own is not None else {}, again)
