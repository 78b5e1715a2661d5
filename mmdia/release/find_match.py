"""Which rows of a batch fit: every condition is one pass over flat columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Bools, Floats, Ints, Leaf, Leaves, as_bools
from mmdia.release.find_query import ANY, GENDERS, MIXED, NONE, Query, Range, gender_words, is_kind
from mmdia.schema.title import Title

_UNKNOWN = GENDERS.index("unknown")


@dataclass(frozen=True, slots=True)
class Titles:
    """What conditions need of the titles.

    Attributes:
        fit: Titles that fit the conditions on titles; None when there are none.
        genders: Gender of each character of the banks, by title and speaker.
        names: Name of each.
        years: Year of each title that has one.
    """

    fit: frozenset[str] | None = None
    genders: dict[tuple[str | None, str], str] = field(default_factory=dict)
    names: dict[tuple[str | None, str], str] = field(default_factory=dict)
    years: dict[str, int] = field(default_factory=dict)


def look_at_titles(titles: Iterable[Title], query: Query) -> Titles:
    """Read the titles once, keeping only what is asked for."""
    fit: set[str] = set()
    found = Titles(frozenset() if query.about_titles else None)
    for title in titles:
        if title.year is not None:
            found.years[title.title_id] = title.year
        if query.about_titles and _title_fits(title, query):
            fit.add(title.title_id)
        for character in title.speakers:
            key = (title.title_id, character.speaker_id)
            if query.genders and character.gender:
                found.genders[key] = character.gender
            if query.speaker and character.name:
                found.names[key] = character.name
    return Titles(frozenset(fit) if query.about_titles else None, found.genders, found.names, found.years)


def _title_fits(title: Title, query: Query) -> bool:
    def has(words: Sequence[str], *texts: str | None) -> bool:
        return not words or any(w.casefold() in (t or "").casefold() for w in words for t in texts)

    def tagged(words: Sequence[str], *tags: str | None) -> bool:
        folded = [t.casefold() for t in tags if t]
        return not words or any(
            t == w.casefold() or t.startswith(w.casefold() + "-") for w in words for t in folded
        )

    lo, hi = query.year.lo, query.year.hi
    year_fits = not query.year or (
        title.year is not None and (lo is None or title.year >= lo) and (hi is None or title.year <= hi)
    )
    return (
        year_fits
        and (title.title_id in query.title or has(query.title, title.name))
        and has(query.series, title.series)
        and tagged(query.language, title.language, title.audio_language)
        and tagged(query.genre, *title.genres)
        and tagged(query.country, title.country)
    )


class Matcher:
    """One batch, and the conditions that are asked of it."""

    def __init__(self, leaves: Leaves, query: Query, titles: Titles) -> None:
        self.leaves = leaves
        self.query = query
        self.titles = titles

    @property
    def _rows(self) -> int:
        return int(self.leaves.batch.num_rows)

    def matches(self) -> Bools:
        """Whether each row fits all conditions."""
        keep = np.ones(self._rows, dtype=bool)
        for condition in (
            self._identity, self._triplet, self._numbers, self._words, self._sounds, self._emotions,
            self._people, self._visibility,
        ):  # fmt: skip
            keep &= condition()
            if not keep.any():
                break
        return keep

    # columns that results show, too

    @cached_property
    def n_speakers(self) -> Ints:
        """Speakers who have a turn; of dialogues whose turns name none, those listed."""
        rows, _ = self._speaking
        counts = np.bincount(rows, minlength=self._rows).astype(np.int64)
        listed = pc.fill_null(pc.list_value_length(self.leaves.batch.column("speakers")), 0)
        out: Ints = np.where(counts > 0, counts, listed.to_numpy(zero_copy_only=False))
        return out

    @cached_property
    def seconds(self) -> Floats:
        """Length of each dialogue in seconds; NaN without times."""
        start, end, known = self.leaves.spans
        out: Floats = np.where(known, (end - start) / 1000.0, np.nan)
        return out

    def score(self, name: str) -> Floats:
        """A score column; NaN for null."""
        column = pc.cast(self.leaves.batch.column(name), pa.float64())
        out: Floats = pc.fill_null(column, float("nan")).to_numpy(zero_copy_only=False)
        return out

    # conditions

    def _identity(self) -> Bools:
        query, keep = self.query, np.ones(self._rows, dtype=bool)
        column = self.leaves.batch.column
        if query.ids:
            keep &= as_bools(pc.is_in(column("dialogue_id"), pa.array(query.ids, pa.string())))
        if self.titles.fit is not None:
            keep &= as_bools(pc.is_in(column("title_id"), pa.array(sorted(self.titles.fit), pa.string())))
        if query.split:
            keep &= self._word_in("split", query.split)
        if query.subset:
            leaf = self.leaves.at("subsets[]")
            keep &= self._hits(leaf, _one_of(leaf.values, query.subset))
        return keep

    def _triplet(self) -> Bools:
        query, keep = self.query, np.ones(self._rows, dtype=bool)
        for axis, words in (("relationship", query.relationship), ("interaction", query.interaction)):
            if words:
                keep &= self._word_in(f"{axis}.category", words)
        if query.label:
            paths = (
                f"{axis}.{name}"
                for axis in ("relationship", "interaction")
                for name in ("label", "labels[]")
            )
            keep &= self._said(query.label, *paths)
        return keep

    def _numbers(self) -> Bools:
        query, keep = self.query, np.ones(self._rows, dtype=bool)
        for span, name in (
            (query.intensity, "emotion_intensity"),
            (query.volatility, "emotion_volatility"),
        ):
            if span:
                keep &= _within(self.score(name), span)
        if query.turns:
            keep &= _within(self.leaves.n_turns, query.turns)
        if query.speakers:
            keep &= _within(self.n_speakers, query.speakers)
        if query.seconds:
            keep &= _within(self.seconds, query.seconds)
        return keep

    def _words(self) -> Bools:
        query, keep = self.query, np.ones(self._rows, dtype=bool)
        if query.text:
            keep &= self._said(query.text, "turns[].text")
        if query.tone:
            keep &= self._said(query.tone, "emotional_tone")
        if query.style:
            keep &= self._said(query.style, "description", "speaker_styles[].description", "turns[].style")
        return keep

    def _sounds(self) -> Bools:
        if not self.query.nonverbal:
            return np.ones(self._rows, dtype=bool)
        keep = np.zeros(self._rows, dtype=bool)
        for word in self.query.nonverbal:
            if word.casefold() == ANY:
                keep[self.leaves.at("turns[].nonverbal[]").rows] = True
            elif is_kind(word) and not self.query.regex:
                leaf = self.leaves.at("turns[].nonverbal[].kind")
                keep |= self._hits(leaf, _one_of(leaf.values, (word,)))
            else:
                paths = (f"turns[].nonverbal[].{name}" for name in ("label", "raw", "tag"))
                keep |= self._said((word,), *paths)
        return keep

    def _emotions(self) -> Bools:
        if not self.query.emotion:
            return np.ones(self._rows, dtype=bool)
        leaf = self.leaves.at("turns[].emotion")
        return self._hits(leaf, _one_of(leaf.values, self.query.emotion))

    def _visibility(self) -> Bools:
        wanted = self.query.visible
        if wanted is None:
            return np.ones(self._rows, dtype=bool)
        leaf = self.leaves.at("turns[].visibility")
        seen = np.bincount(leaf.rows[as_bools(pc.equal(leaf.values, "visible"))], minlength=self._rows)
        if wanted == "some":
            return np.asarray(seen > 0)
        if wanted == "all":
            return np.asarray((seen == self.leaves.n_turns) & (seen > 0))
        # A null says nothing: "none" asks that every turn be labelled, and none of them visible.
        labelled = np.bincount(leaf.rows[as_bools(pc.is_valid(leaf.values))], minlength=self._rows)
        return np.asarray((seen == 0) & (labelled == self.leaves.n_turns) & (labelled > 0))

    def _people(self) -> Bools:
        keep = np.ones(self._rows, dtype=bool)
        if self.query.genders:
            keep &= self._genders()
        if self.query.speaker:
            said = self._said(self.query.speaker, "speakers[].name", "speakers[].speaker_id",
                              "turns[].speakers[]", literal=True)  # fmt: skip
            keep &= said | self._banked_names()
        return keep

    # helpers

    def _hits(self, leaf: Leaf, mask: pa.Array) -> Bools:
        hit = np.zeros(self._rows, dtype=bool)
        hit[leaf.rows[as_bools(mask)]] = True
        return hit

    def _said(self, words: Sequence[str], *paths: str, literal: bool = False) -> Bools:
        hit = np.zeros(self._rows, dtype=bool)
        for path in paths:
            leaf = self.leaves.at(path)
            # Subtitles write both apostrophes; nobody who searches should have to know which.
            values = pc.replace_substring(pc.cast(leaf.values, pa.string()), "’", "'")
            for word in words:
                match = pc.match_substring_regex if self.query.regex and not literal else pc.match_substring
                hit |= self._hits(leaf, match(values, word.replace("’", "'"), ignore_case=True))
        return hit

    def _word_in(self, path: str, words: Sequence[str]) -> Bools:
        leaf = self.leaves.at(path)
        keep = self._hits(leaf, _one_of(leaf.values, [w for w in words if w.casefold() != NONE]))
        if any(w.casefold() == NONE for w in words):
            keep |= self._hits(leaf, pc.is_null(leaf.values))
        return keep

    @cached_property
    def _speaking(self) -> tuple[Ints, pa.Array]:
        """Rows and ids of speakers who have a turn, each speaker of a dialogue once."""
        leaf = self.leaves.at("turns[].speakers[]")
        return _distinct(leaf.rows, leaf.values)

    def _banked_names(self) -> Bools:
        """Rows with a speaker whom the title's bank calls so."""
        words = [w.casefold() for w in self.query.speaker]
        so_called = {k for k, name in self.titles.names.items() if any(w in name.casefold() for w in words)}
        keep = np.zeros(self._rows, dtype=bool)
        if so_called:
            titles = self.leaves.batch.column("title_id").to_pylist()
            rows, ids = self._speaking
            for row, speaker in zip(rows.tolist(), ids.to_pylist(), strict=True):
                keep[row] |= (titles[row], speaker) in so_called
        return keep

    def _genders(self) -> Bools:
        """By the genders of all who have a turn: the dialogue's word, else the bank's."""
        counts = self._gender_counts()
        keep = np.zeros(self._rows, dtype=bool)
        total = counts.sum(axis=1)
        for parts in map(gender_words, self.query.genders):
            if parts == [MIXED]:
                keep |= (counts[:, 0] > 0) & (counts[:, 1] > 0)
            elif len(parts) > 1:
                wanted = [parts.count(g) for g in GENDERS]
                keep |= (counts == wanted).all(axis=1)
            else:
                keep |= (counts[:, GENDERS.index(parts[0])] == total) & (total > 0)
        return keep

    def _gender_counts(self) -> Ints:
        """Female, male and unknown speakers of each row."""
        named = self.leaves.at("speakers[].speaker_id")
        said = dict(
            zip(
                zip(named.rows.tolist(), named.values.to_pylist(), strict=True),
                self.leaves.at("speakers[].gender").values.to_pylist(),
                strict=True,
            )
        )
        titles = self.leaves.batch.column("title_id").to_pylist()
        counts = np.zeros((self._rows, len(GENDERS)), dtype=np.int64)
        rows, ids = self._speaking
        # Of dialogues whose turns name nobody, those listed count.
        mute = ~np.isin(named.rows, rows)
        listed, their_ids = _distinct(named.rows[mute], named.values.filter(pa.array(mute)))
        everyone = zip(
            [*rows.tolist(), *listed.tolist()], [*ids.to_pylist(), *their_ids.to_pylist()], strict=True
        )
        for row, speaker in everyone:
            gender = said.get((row, speaker)) or self.titles.genders.get((titles[row], speaker))
            counts[row, GENDERS.index(gender) if gender in GENDERS else _UNKNOWN] += 1
        return counts


def _distinct(rows: Ints, values: pa.Array) -> tuple[Ints, pa.Array]:
    """Pairs of row and value, each once, by row."""
    codes = pc.dictionary_encode(values)
    keys = codes.indices
    valid = as_bools(pc.is_valid(keys))
    n = max(len(codes.dictionary), 1)
    code = pc.fill_null(keys, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = np.unique(rows[valid] * n + code[valid])
    return pairs // n, codes.dictionary.take(pa.array(pairs % n))


def _one_of(values: pa.Array, words: Iterable[str]) -> pa.Array:
    wanted = pa.array([w.strip().casefold() for w in words], pa.string())
    return pc.is_in(pc.utf8_lower(pc.cast(values, pa.string())), wanted)


def _within(values: Ints | Floats, span: Range) -> Bools:
    keep = ~np.isnan(values)
    if span.lo is not None:
        keep &= values >= span.lo
    if span.hi is not None:
        keep &= values <= span.hi
    return np.asarray(keep)
