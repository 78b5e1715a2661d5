"""What train shares with the sets that a model is tested on: titles, people, texts.

Three passes over a release in blocks, and memory for the held-out texts only. Nothing is changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmdia.corpus.leaves import Bools, Ints, Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches, iter_titles
from mmdia.release.split_choose import any_of
from mmdia.release.split_facts import BLOCK_ROWS, Facts, gather
from mmdia.release.split_speakers import folded
from mmdia.release.split_texts import MIN_WORDS, SHINGLE, Hashes, Words, shingles_of, words_of
from mmdia.schema.dialogue import SPLITS
from mmdia.schema.title import Title

LEAKAGE_SCHEMA = "mmdia.leakage/1"
#: Pairs of sets that are compared; texts are compared in pairs with train.
PAIRS = (
    ("train", "validation"), ("train", "test"), ("train", "hard"), ("train", "bench"), ("train", "ood"),
    ("validation", "test"),
)  # fmt: skip
#: A shingle that more held-out texts have is a phrase of everybody's, and is passed over.
MOST_HOLDERS = 200


@dataclass(frozen=True, slots=True)
class Shared:
    """Things of one kind that both sets have.

    Attributes:
        count: How many.
        dialogues: Dialogues of the second set that hold one of them.
        examples: The first few, by name.
    """

    count: int
    dialogues: int
    examples: tuple[str, ...] = ()

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"count": self.count, "dialogues": self.dialogues, "examples": list(self.examples)}


@dataclass(frozen=True, slots=True)
class NearText:
    """A held-out dialogue whose text train has, or nearly so.

    Attributes:
        held_out: Its identifier.
        train: The dialogue of train that is most alike.
        share: Share of the shorter text's shingles that the other one has.
    """

    held_out: str
    train: str
    share: float

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"held_out": self.held_out, "train": self.train, "share": round(self.share, 4)}


@dataclass(frozen=True, slots=True)
class PairLeakage:
    """What two sets share.

    Attributes:
        first: Name of the first set, most often train.
        second: Name of the second.
        rows: Dialogues of the second.
        titles: Titles of both.
        series: Series of both.
        speakers: Characters of both, by series and name.
        actors: Actors of both.
        same_texts: Texts of both, to the letter once case and punctuation are gone.
        near_texts: Dialogues of the second set with a near duplicate in train; null where not looked for.
    """

    first: str
    second: str
    rows: int
    titles: Shared
    series: Shared
    speakers: Shared
    actors: Shared
    same_texts: Shared
    near_texts: Shared | None

    @property
    def clean(self) -> bool:
        """Whether they share no title, nobody, and no text."""
        kinds = (self.titles, self.speakers, self.actors, self.same_texts, self.near_texts)
        return not any(kind is not None and kind.count for kind in kinds)

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        row: dict[str, Any] = {"first": self.first, "second": self.second, "rows": self.rows}
        for name in ("titles", "series", "speakers", "actors", "same_texts", "near_texts"):
            found: Shared | None = getattr(self, name)
            row[name] = None if found is None else found.to_row()
        return row


@dataclass(frozen=True, slots=True)
class LeakageReport:
    """Leakage between all sets of a release.

    Attributes:
        name: Name and version of the release.
        pairs: One entry for each pair of sets that both have rows.
        near: Share of shingles from which texts count as near duplicates.
        matches: Near duplicates, the nearest train dialogue for each held-out one.
        too_short: Held-out dialogues of too few words to be compared.
        withheld: Dialogues whose text is withheld, at least in part.
        common_shingles: Shingles passed over, because more than `MOST_HOLDERS` texts have them.
    """

    name: str
    pairs: tuple[PairLeakage, ...]
    near: float
    matches: tuple[NearText, ...] = ()
    too_short: int = 0
    withheld: int = 0
    common_shingles: int = 0

    def pair(self, first: str, second: str) -> PairLeakage | None:
        """The entry of two sets; None if one has no rows."""
        return next((p for p in self.pairs if (p.first, p.second) == (first, second)), None)

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.leakage/1``)."""
        return {
            "schema": LEAKAGE_SCHEMA,
            "release": self.name,
            "pairs": [pair.to_row() for pair in self.pairs],
            "near": {
                "share": self.near,
                "shingle_words": SHINGLE,
                "least_words": MIN_WORDS,
                "too_short": self.too_short,
                "withheld": self.withheld,
                "common_shingles": self.common_shingles,
                "matches": [match.to_row() for match in self.matches],
            },
        }


@dataclass(slots=True)
class _Index:
    """Shingles of held-out texts; texts of the same shingles are one."""

    parts: list[tuple[Hashes, Ints]] = field(default_factory=list)
    too_short: int = 0
    withheld: int = 0
    n: int = 0

    def look(self, leaves: Leaves, words: Words) -> None:
        """Take the held-out rows of a block."""
        held = held_out(leaves)
        hashes, rows = shingles_of(words, held)
        self.parts.append((hashes, rows + self.n))
        self.too_short += int((held & (words.counts < MIN_WORDS) & ~words.withheld).sum())
        self.withheld += int(words.withheld.sum())
        self.n += leaves.batch.num_rows


def held_out(leaves: Leaves) -> Bools:
    """Which dialogues are in some set, and not in train."""
    split = leaves.batch.column("split").to_pylist()
    tagged = np.zeros(len(split), dtype=np.bool_)
    tags = leaves.at("subsets[]")
    ours = [k for k, tag in enumerate(tags.values.to_pylist()) if tag in ("hard", "bench", "ood")]
    tagged[tags.rows[ours]] = True
    return np.array([s in SPLITS and s != "train" for s in split], dtype=np.bool_) | (
        tagged & np.array([s != "train" for s in split], dtype=np.bool_)
    )


def leakage(handle: ReleaseHandle, *, near: float = 0.5, examples: int = 5) -> LeakageReport:
    """Compare the sets of a release; withdrawn rows do not count.

    Two texts are near duplicates when one has at least the share `near` of the distinct five-word
    shingles of the other, the shorter one.

    Args:
        handle: The release.
        near: That share, 0 to 1.
        examples: Names given for each kind; 0 for all.

    Raises:
        BrokenRow: A row cannot be read.
    """
    titles = list(iter_titles(handle))
    index = _Index()
    facts = gather(handle, titles, look=index.look)
    sets = sets_of(facts)
    best, common = _nearest(handle, facts, index, near)
    series = _series(facts, titles)
    pairs = []
    for first, second in PAIRS:
        if sets[first].any() and sets[second].any():
            pairs.append(_pair(facts, series, sets, first, second, best, examples))
    matches = [NearText(facts.ids[row], facts.ids[other], share) for row, (share, other) in best.items()]
    matches.sort(key=lambda m: (-m.share, m.held_out))
    name = f"{handle.head.name} {handle.head.version}"
    shown = tuple(matches[: 10 * examples] if examples else matches)
    return LeakageReport(name, tuple(pairs), near, shown, index.too_short, index.withheld, common)


def sets_of(facts: Facts) -> dict[str, Bools]:
    """Rows of every set that is compared."""
    out = {name: np.asarray(facts.split == k, dtype=np.bool_) for k, name in enumerate(SPLITS)}
    return {**out, **{tag: facts.tagged(tag) for tag in ("hard", "bench", "ood")}}


def _series(facts: Facts, titles: Iterable[Title]) -> tuple[Ints, list[str]]:
    """Series of every dialogue, -1 for none, and the names of the series."""
    by_title = {t.title_id: t.series for t in titles if t.series}
    names: dict[str, int] = {}
    of_title = [
        names.setdefault(folded(by_title[t]), len(names)) if t in by_title else -1 for t in facts.titles
    ]
    table = np.array([*of_title, -1], dtype=np.int64)
    shown = {folded(name): name for name in by_title.values()}
    return table[facts.title], [shown[name] for name in names]


def _pair(
    facts: Facts, series: tuple[Ints, list[str]], sets: dict[str, Bools], first: str, second: str,
    best: dict[int, tuple[float, int]], examples: int,
) -> PairLeakage:  # fmt: skip
    a, b = sets[first], sets[second] & ~sets[first]
    people = facts.cast.present(a) & facts.cast.present(b)
    actor = facts.cast.is_actor
    kinds = []
    for chosen in (people & ~actor, people & actor):
        names = [facts.cast.names[i] for i in any_of(chosen).tolist()]
        kinds.append(_shared(names, int((b & facts.cast.touched(chosen)).sum()), examples))
    near = None
    if first == "train":
        hits = [row for row in best if b[row]]
        near = _shared([facts.ids[row] for row in hits], len(hits), examples)
    return PairLeakage(
        first, second, int(b.sum()),
        _in_both(_films(facts), facts.titles, a, b, examples),
        _in_both(series[0], series[1], a, b, examples),
        kinds[0], kinds[1], _same_texts(facts, a, b, examples), near,
    )  # fmt: skip


def _shared(names: Sequence[str], dialogues: int, examples: int) -> Shared:
    ordered = sorted(names)
    return Shared(len(ordered), dialogues, tuple(ordered[:examples] if examples else ordered))


def _films(facts: Facts) -> Ints:
    """Film of every dialogue: two titles of one ``imdb_id`` are one film."""
    return np.concatenate((facts.film, [-1]))[facts.title].astype(np.int64)


def _in_both(codes: Ints, names: Sequence[str], a: Bools, b: Bools, examples: int) -> Shared:
    both = np.intersect1d(codes[a & (codes >= 0)], codes[b & (codes >= 0)])
    return _shared([names[k] for k in both.tolist()], int((b & np.isin(codes, both)).sum()), examples)


def _same_texts(facts: Facts, a: Bools, b: Bools, examples: int) -> Shared:
    both = np.intersect1d(facts.text[a & (facts.text != 0)], facts.text[b & (facts.text != 0)])
    rows = any_of(b & np.isin(facts.text, both))
    names = sorted(facts.ids[i] for i in rows.tolist())
    return Shared(len(both), len(rows), tuple(names[:examples] if examples else names))


def _nearest(
    handle: ReleaseHandle, facts: Facts, index: _Index, near: float
) -> tuple[dict[int, tuple[float, int]], int]:
    """For every held-out row with a near duplicate in train: its share and the train row."""
    if not index.parts or not (facts.split == 0).any():
        return {}, 0
    hashes = np.concatenate([h for h, _ in index.parts])
    rows = np.concatenate([r for _, r in index.parts])
    index.parts.clear()  # each of these arrays is large; no two stages are held at once
    texts, text_rows, sizes = _distinct(hashes, rows)
    del hashes, rows
    order = np.argsort(texts[0], kind="stable")
    keys, holders = texts[0][order], texts[1][order]
    del texts, order
    values, starts, counts = np.unique(keys, return_index=True, return_counts=True)
    del keys
    usual = counts <= MOST_HOLDERS
    common = int((~usual).sum())
    values, starts, counts = values[usual], starts[usual], counts[usual]
    found: dict[int, tuple[float, int]] = {}
    first = 0
    for batch in dialogue_batches(handle, batch_size=BLOCK_ROWS):
        leaves = Leaves(batch)
        mine = np.asarray(facts.split[first : first + batch.num_rows] == 0, dtype=np.bool_)
        if mine.any():
            shingles, of = shingles_of(words_of(leaves), mine)
            for text, share, row in _matches(shingles, of, values, starts, counts, holders, sizes, near):
                if text not in found or (-share, facts.ids[first + row]) < (
                    -found[text][0], facts.ids[found[text][1]],
                ):  # fmt: skip
                    found[text] = (share, first + row)
        first += batch.num_rows
    return {
        row: found[text] for text, members in enumerate(text_rows) if text in found for row in members
    }, common


def _distinct(hashes: Hashes, rows: Ints) -> tuple[tuple[Hashes, Ints], list[list[int]], Ints]:
    """Texts with the same shingles as one: their shingles with text numbers, members, sizes."""
    if not len(rows):
        return (hashes, rows), [], np.zeros(0, dtype=np.int64)
    edges = np.flatnonzero(np.concatenate(([True], rows[1:] != rows[:-1], [True])))
    numbers: dict[bytes, int] = {}  # by digest: the shingles themselves would be held twice
    members: list[list[int]] = []
    parts: list[Hashes] = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        mine = hashes[start:end]
        key = hashlib.blake2b(mine.tobytes(), digest_size=16).digest()
        if key not in numbers:
            numbers[key] = len(members)
            members.append([])
            parts.append(mine)
        members[numbers[key]].append(int(rows[start]))
    sizes = np.array([len(part) for part in parts], dtype=np.int64)
    flat = np.concatenate(parts)
    return (flat, np.repeat(np.arange(len(parts), dtype=np.int64), sizes)), members, sizes


def _matches(
    shingles: Hashes, of: Ints, values: Hashes, starts: Ints, counts: Ints, holders: Ints, sizes: Ints,
    near: float,
) -> Iterator[tuple[int, float, int]]:  # fmt: skip
    """Held-out text, share and train row of the block, wherever they are near."""
    if not len(values) or not len(shingles):
        return
    place = np.searchsorted(values, shingles).clip(max=len(values) - 1)
    hit = values[place] == shingles
    place, row = place[hit], of[hit]
    n = counts[place]
    if not len(n):
        return
    # One entry for each (shingle of train, held-out text that has it).
    offset = np.arange(int(n.sum())) - np.repeat(np.cumsum(n) - n, n)
    text = holders[np.repeat(starts[place], n) + offset]
    pairs, common = np.unique(np.repeat(row, n) * len(sizes) + text, return_counts=True)
    who, text = pairs // len(sizes), pairs % len(sizes)
    own = np.bincount(of)
    share = common / np.minimum(own[who], sizes[text])
    for k in np.flatnonzero(share >= near).tolist():
        yield int(text[k]), float(share[k]), int(who[k])
