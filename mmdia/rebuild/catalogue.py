"""The films that a release is made of, and the fewest of them that reach an aim; no media needed."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from mmdia.corpus.coverage import in_order, parts_of
from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_dialogues, load_titles
from mmdia.errors import UsageError
from mmdia.schema.dialogue import nominal_span_ms
from mmdia.schema.title import Title

#: Amounts that an aim may name besides a split or a tag.
AMOUNTS = ("dialogues", "hours", "share")

_AIM = re.compile(r"([a-z][a-z0-9_]*)(?:\s*=\s*([0-9]*\.?[0-9]+))?\Z")


@dataclass(frozen=True)
class Entry:
    """One film or episode of a release.

    Attributes:
        title: Its row.
        parts: Dialogues by split and by tag ("train", "test", "bench", ...).
        dialogues: Dialogues with a place in the film.
        span_ms: What they last together, milliseconds of the annotated copy.
    """

    title: Title
    parts: dict[str, int] = field(default_factory=dict)
    dialogues: int = 0
    span_ms: int = 0

    @property
    def title_id(self) -> str:
        """Identifier of the title."""
        return self.title.title_id

    def to_row(self) -> dict[str, Any]:
        """The entry as it stands in ``--json``; hours with four decimals."""
        t = self.title
        return {
            "title_id": t.title_id,
            "name": t.name,
            "series": t.series,
            "season": t.season,
            "episode": t.episode,
            "year": t.year,
            "edition": t.edition,
            "kind": t.kind,
            "language": t.audio_language or t.language,
            "imdb_id": t.imdb_id,
            "runtime_s": None if t.duration_ms is None else t.duration_ms / 1000,
            "dialogues": self.dialogues,
            "dialogue_hours": round(self.span_ms / 3_600_000, 4),
            "parts": dict(sorted(self.parts.items())),
        }


@dataclass(frozen=True)
class Aim:
    """What a plan is to reach.

    Attributes:
        part: A split or tag whose dialogues count; None counts all.
        measure: "dialogues" or "span_ms": what is added up.
        amount: How much of it: a Fraction of the whole (`is_share`), or a number.
        is_share: Whether `amount` is a share of all there is.
    """

    part: str | None
    measure: str
    amount: Fraction
    is_share: bool

    @classmethod
    def parse(cls, text: str) -> Aim:
        """Read an aim: ``bench``, ``hard=.5``, ``hours=50``, ``dialogues=1000``, ``share=.9``.

        Raises:
            UsageError: It is none of these, or asks for more than all.
        """
        found = _AIM.match(text.strip().lower())
        if found is None:
            raise UsageError(
                "not an aim", expected="bench, hard, hours=50, dialogues=1000, share=.9", got=repr(text)
            )
        name, amount = found[1], None if found[2] is None else Fraction(found[2])
        if name in AMOUNTS and amount is None:
            raise UsageError("the aim needs an amount", expected=f"{name}=NUMBER", got=repr(text))
        if name == "hours":
            return cls(None, "span_ms", (amount or Fraction(0)) * 3_600_000, False)
        if name == "dialogues":
            return cls(None, "dialogues", amount or Fraction(0), False)
        share = Fraction(1) if amount is None else amount
        if share > 1:
            raise UsageError("a share is at most 1", got=repr(text))
        return cls(None if name == "share" else name, "dialogues", share, True)

    def gain(self, entry: Entry) -> int:
        """What one title brings."""
        if self.measure == "span_ms":
            return entry.span_ms
        return entry.dialogues if self.part is None else entry.parts.get(self.part, 0)


@dataclass(frozen=True)
class FilmPlan:
    """The fewest films that reach an aim.

    Attributes:
        aim: The aim.
        films: Films to get, the most useful first.
        have: Titles that are there already and count.
        target: What is to be reached, in the aim's measure.
        reached: What is reached with `have` and `films`.
        total: What all titles of the release would bring.
    """

    aim: Aim
    films: tuple[Entry, ...]
    have: tuple[str, ...]
    target: int
    reached: int
    total: int

    @property
    def reachable(self) -> bool:
        """Whether the aim is reached."""
        return self.reached >= self.target


def plan_films(entries: Iterable[Entry], aim: Aim, *, have: Collection[str] = ()) -> FilmPlan:
    """The smallest set of films that reaches an aim.

    Every dialogue belongs to one title, so what titles bring adds up, and no set of k films brings
    more than the k that bring most: taking them in that order is exact. Of all smallest sets the
    one that brings most is given, and of those the one with the shortest runtime.

    Args:
        entries: The films.
        aim: What to reach.
        have: Titles that the user has: they count first and cost nothing.
    """
    entries = list(entries)
    total = sum(map(aim.gain, entries))
    target = math.ceil(total * aim.amount if aim.is_share else aim.amount)
    owned = [e for e in entries if e.title_id in have]
    reached = sum(map(aim.gain, owned))
    rest = sorted((e for e in entries if e.title_id not in have), key=lambda e: _rank(e, aim))
    films: list[Entry] = []
    for entry in rest:
        gain = aim.gain(entry)
        if reached >= target or not gain:
            break
        films.append(entry)
        reached += gain
    return FilmPlan(aim, tuple(films), tuple(e.title_id for e in owned), target, reached, total)


def _rank(entry: Entry, aim: Aim) -> tuple[int, float, str]:
    runtime = entry.title.duration_ms
    return (-aim.gain(entry), math.inf if runtime is None else runtime, entry.title_id)


def read_catalogue(handle: ReleaseHandle, *, on_broken: OnBroken = "raise") -> list[Entry]:
    """Films of a release in its order, with what each brings; withdrawn rows are left out.

    Dialogues without a film (scripts) belong to no entry. A title that only dialogues name has an
    entry with its id alone.

    Raises:
        BrokenRow: A row cannot be read (with ``on_broken="raise"``).
    """
    titles = load_titles(handle, on_broken=on_broken)
    parts: dict[str, dict[str, int]] = {t: {} for t in titles}
    counts: dict[str, list[int]] = {t: [0, 0] for t in titles}
    seen: set[str] = set()
    for dialogue in iter_dialogues(handle, on_broken=on_broken):
        title_id = dialogue.title_id
        if title_id is None or dialogue.dialogue_id in seen:
            continue
        seen.add(dialogue.dialogue_id)
        span = nominal_span_ms(dialogue)
        count = counts.setdefault(title_id, [0, 0])
        count[0] += 1
        count[1] += 0 if span is None else span[1] - span[0]
        by_part = parts.setdefault(title_id, {})
        for part in parts_of(dialogue):
            by_part[part] = by_part.get(part, 0) + 1
    return [
        Entry(titles.get(t) or Title(title_id=t), parts[t], dialogues, span_ms)
        for t, (dialogues, span_ms) in counts.items()
    ]


def known_parts(entries: Sequence[Entry]) -> list[str]:
    """Splits and tags that occur, splits first."""
    return in_order(part for entry in entries for part in entry.parts)
