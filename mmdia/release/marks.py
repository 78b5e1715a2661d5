"""Non-verbal marks of a release: counted by kind and label, and normalised by the shipped table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mmdia.schema.dialogue import NonVerbal
from mmdia.schema.nonverbal import Normal, normalise_mark, plain_mark

if TYPE_CHECKING:
    from mmdia.corpus.leaves import Ints, Leaves

#: Kind and label (or raw text) of one event, as the release has them.
Mark = tuple["str | None", str]

#: Most different stray marks whose words are kept; more are counted without their words.
MOST_STRAYS = 20_000


def marks_of(leaves: Leaves) -> tuple[list[Mark], Ints]:
    """Kind and words of each non-verbal event, and its dialogue."""
    events = leaves.at("turns[].nonverbal[]")
    if not len(events.values):
        return [], events.rows
    kinds = leaves.at("turns[].nonverbal[].kind").values.to_pylist()
    labels = leaves.at("turns[].nonverbal[].label").values.to_pylist()
    raws = leaves.at("turns[].nonverbal[].raw").values.to_pylist()
    found = [
        (kind, label if label is not None else raw or "")
        for kind, label, raw in zip(kinds, labels, raws, strict=True)
    ]
    return found, events.rows


@dataclass
class MarkCounts:
    """Events by kind and label.

    Attributes:
        known: Events that the table places, by (kind, label). A kind that the release names itself
            goes before the table's.
        strays: Other events, by (kind or None, words).
        lost: Stray events whose words were not kept (`MOST_STRAYS`).
    """

    known: Counter[tuple[str, str]] = field(default_factory=Counter)
    strays: Counter[tuple[str | None, str]] = field(default_factory=Counter)
    lost: int = 0

    def add(self, marks: Iterable[Mark]) -> None:
        """Count events."""
        for (kind, words), n in Counter(marks).items():
            placed = normalise_mark(words)
            if placed.kind is not None:
                self.known[kind or placed.kind, placed.label] += n
            elif (kind, placed.label) in self.strays or len(self.strays) < MOST_STRAYS:
                self.strays[kind, placed.label] += n
            else:
                self.lost += n

    @property
    def total(self) -> int:
        """All events."""
        return self.known.total() + self.strays.total() + self.lost

    def to_rows(self, most: int | None = None) -> list[dict[str, Any]]:
        """Labels with kind and count, most frequent first; strays have ``known`` false."""
        rows: list[dict[str, Any]] = [
            {"kind": k, "label": w, "n": n, "known": True} for (k, w), n in self.known.items()
        ]
        rows += [{"kind": k, "label": w, "n": n, "known": False} for (k, w), n in self.strays.items()]
        rows.sort(key=lambda r: (-r["n"], r["label"], r["kind"] or ""))
        return rows[:most]


@dataclass(frozen=True, slots=True)
class FilledMark:
    """A non-verbal event with what the table adds to it.

    Attributes:
        mark: The event; what it had is kept.
        normal: Where the table places it.
        changed: Whether a field was filled in.
        disagrees: Whether its own kind is not the table's.
    """

    mark: NonVerbal
    normal: Normal
    changed: bool
    disagrees: bool


def fill_mark(mark: NonVerbal) -> FilledMark:
    """Give an event kind, label and tag by the table.

    Kind and tag are filled in where they are null. The label becomes the table's where no word is
    lost by it: where ``raw`` has the same words, or is null and takes them. An event that the table
    does not place stays as it is.
    """
    normal = normalise_mark(mark.label if mark.label is not None else mark.raw or "")
    if normal.kind is None and mark.label is not None and mark.raw:
        normal = normalise_mark(mark.raw)
    if normal.kind is None:
        return FilledMark(mark, normal, False, False)
    update: dict[str, Any] = {}
    if mark.kind is None:
        update["kind"] = normal.kind
    if mark.label is None:
        update["label"] = normal.label
    elif mark.label != normal.label:
        if mark.raw is None:
            update["raw"] = mark.label
        if mark.raw is None or plain_mark(mark.raw) == plain_mark(mark.label):
            update["label"] = normal.label
    if mark.tag is None and normal.tag is not None:
        update["tag"] = normal.tag
    whole = mark.model_copy(update=update) if update else mark
    return FilledMark(whole, normal, bool(update), mark.kind not in (None, normal.kind))
