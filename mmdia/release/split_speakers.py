"""Who speaks, across titles: characters that recur in a series, and their actors.

A *character* is known by the series (else the title) and by name; without a name, by identifier,
unless that is a mere number ("spk_3"), which says nothing outside its title. An *actor* is known by
name, from the title's bank. Personas ("man in a hat"), groups ("All") and unknown speakers are
nobody in particular, and link nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mmdia.corpus.leaves import Bools, Ints, Leaves
from mmdia.schema.title import Title

#: Names of several people, or of nobody, in any case.
NOBODY = frozenset(
    {
        "all", "audience", "both", "crowd", "everybody", "everyone", "group", "men", "narrator", "others",
        "people", "person", "somebody", "someone", "speaker", "together", "unknown", "unnamed", "voice",
        "women",
    }
)  # fmt: skip
_NUMBERED = re.compile(r"(?:spk|speaker|spkr|s|sp|p|person|char|character|id)?[\s_-]*\d+")
_LOOSE_KINDS = frozenset({"persona", "group", "unknown"})
_SEVERAL_KINDS = frozenset({"group", "unknown"})


def folded(text: str) -> str:
    """A name in the form that names are compared in."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@dataclass(slots=True)
class Cast:
    """The people of every dialogue.

    Attributes:
        names: Name of each person ("Friends: Ross", "actor: A. Name").
        is_actor: Whether a person is an actor, not a character.
        start: Where each dialogue's people start in `people`; one more than there are dialogues.
        people: Indices into `names`, distinct within a dialogue.
    """

    names: list[str] = field(default_factory=list)
    is_actor: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    start: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    people: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def rows(self) -> Ints:
        """Dialogue of each entry of `people`."""
        return np.repeat(np.arange(len(self.start) - 1, dtype=np.int64), np.diff(self.start))

    def present(self, rows: Bools) -> Bools:
        """Which people speak in one of the dialogues."""
        out = np.zeros(len(self.names), dtype=np.bool_)
        out[self.people[rows[self.rows()]]] = True
        return out

    def touched(self, people: Bools) -> Bools:
        """Which dialogues hold one of the people."""
        out = np.zeros(len(self.start) - 1, dtype=np.bool_)
        out[self.rows()[people[self.people]]] = True
        return out


class CastBuilder:
    """Collects the people of dialogues as they come.

    Args:
        titles: The titles, for series, characters and actors.
    """

    def __init__(self, titles: Sequence[Title]) -> None:
        self._scope: dict[str, str] = {}
        self._bank: dict[str, dict[str, tuple[str | None, str | None]]] = {}
        for title in titles:
            self._scope.setdefault(title.title_id, title.series or "")
            bank = {s.speaker_id: (s.name, s.actor) for s in title.speakers}
            self._bank.setdefault(title.title_id, bank)
        self._numbers: dict[tuple[str, ...], int] = {}
        self._names: list[str] = []
        self._actor: list[bool] = []
        self._lengths: list[int] = []
        self._people: list[int] = []
        self._known: dict[tuple[str, str, str | None], tuple[int, ...]] = {}

    def add(self, leaves: Leaves) -> Bools:
        """Take in a batch; gives which dialogues have a speaker that is a group or unknown."""
        titles = leaves.batch.column("title_id").to_pylist()
        listed = self._listed(leaves)
        several = np.zeros(len(titles), dtype=np.bool_)
        spoken = leaves.at("turns[].speakers[]")
        codes = spoken.values.dictionary_encode()
        table = codes.dictionary.to_pylist()
        width = max(1, len(table))
        pairs = np.unique(
            spoken.rows * width + codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        )
        found: list[set[int]] = [set() for _ in titles]
        for pair in pairs.tolist():
            row, speaker = pair // width, table[pair % width]
            name, kind = listed.get((row, speaker), (None, None))
            if kind in _SEVERAL_KINDS or (kind is None and folded(name or speaker) in NOBODY):
                several[row] = True
            title = titles[row]
            if kind not in _LOOSE_KINDS and title is not None:
                found[row].update(self._who(title, speaker, name))
        for people in found:
            self._lengths.append(len(people))
            self._people.extend(sorted(people))
        return several

    def _listed(self, leaves: Leaves) -> dict[tuple[int, str], tuple[str | None, str | None]]:
        ids = leaves.at("speakers[].speaker_id")
        names = leaves.at("speakers[].name").values.to_pylist()
        kinds = leaves.at("speakers[].kind").values.to_pylist()
        keys = zip(ids.rows.tolist(), ids.values.to_pylist(), strict=True)
        out: dict[tuple[int, str], tuple[str | None, str | None]] = {}
        for key, name, kind in zip(keys, names, kinds, strict=True):
            out.setdefault(key, (name, kind))
        return out

    def _who(self, title: str, speaker: str, name: str | None) -> tuple[int, ...]:
        key = (title, speaker, name)
        if key not in self._known:
            self._known[key] = tuple(self._identities(title, speaker, name))
        return self._known[key]

    def _identities(self, title: str, speaker: str, name: str | None) -> list[int]:
        banked, actor = self._bank.get(title, {}).get(speaker, (None, None))
        shown = banked or name
        series = self._scope.get(title, "")
        text = folded(shown or speaker)
        if text in NOBODY:
            return []
        if not series or (shown is None and _NUMBERED.fullmatch(text)):
            character = ("title", title, speaker if shown is None else text)
            label = f"{title}: {shown or speaker}"
        else:
            character = ("series", folded(series), text)
            label = f"{series}: {shown or speaker}"
        out = [self._number(character, label, False)]
        if actor and folded(actor):
            out.append(self._number(("actor", folded(actor)), f"actor: {actor}", True))
        return out

    def _number(self, key: tuple[str, ...], label: str, is_actor: bool) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self._names)
            self._names.append(label)
            self._actor.append(is_actor)
        return self._numbers[key]

    def done(self) -> Cast:
        """All that was collected."""
        start = np.concatenate(([0], np.cumsum(self._lengths, dtype=np.int64))).astype(np.int64)
        people = np.array(self._people, dtype=np.int64)
        return Cast(self._names, np.array(self._actor, dtype=np.bool_), start, people)


def joined(film: Ints, title: Ints, cast: Cast) -> Ints:
    """Number of the set of titles that each title belongs to, joined by the people they share.

    Args:
        film: For each title, the first one that is the same film.
        title: Title of each dialogue, -1 for a script.
        cast: Who speaks.
    """
    parent: list[int] = film.tolist()

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    rows = cast.rows()
    of = title[rows]
    pairs = np.unique(np.stack([cast.people[of >= 0], of[of >= 0]], axis=1), axis=0)
    last: tuple[int, int] | None = None
    for person, where in pairs.tolist():
        if last is not None and last[0] == person:
            a, b = root(last[1]), root(where)
            parent[max(a, b)] = min(a, b)
        last = (person, where)
    return np.array([root(i) for i in range(len(film))], dtype=np.int64)


def speaker_key(cast: Cast) -> Ints:
    """One number for the set of characters of each dialogue; 0 where nobody in particular speaks."""
    out = np.zeros(len(cast.start) - 1, dtype=np.int64)
    character = ~cast.is_actor[cast.people] if len(cast.people) else np.zeros(0, dtype=np.bool_)
    # Sums of odd multiples: the set decides, not its order.
    rows, people = cast.rows()[character], cast.people[character]
    mixed = (people.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    with np.errstate(over="ignore"):
        np.add.at(out.view(np.uint64), rows, mixed)
    return out
