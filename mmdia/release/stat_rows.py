"""Facts about each dialogue of a batch, as flat arrays: what `stat_tally` adds up.

Everything runs over columns; the only loops in Python are over words that differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Bools, Floats, Ints, Leaves, as_bools, as_ints

#: Names that a rating's dimension may have, by score.
DIMENSIONS = {
    "intensity": ("emotion_intensity", "intensity"),
    "volatility": ("emotion_volatility", "volatility"),
}

#: The scale that scores are told on.
LOWEST, HIGHEST = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class Pairs:
    """Speakers of dialogues: one row for each speaker who speaks in a dialogue.

    Attributes:
        rows: Dialogue (row of the batch).
        codes: Position in `names`.
        names: Identifiers of speakers.
        seen: Whether a turn of the speaker is labelled visible.
    """

    rows: Ints
    codes: Ints
    names: list[str]
    seen: Bools


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns whose times can be used: both there, the end after the start.

    Attributes:
        rows: Dialogue of each.
        length_ms: Length of each.
        extended_ms: Length to the start of the next line, where that is later than the end (paper A.2).
    """

    rows: Ints
    length_ms: Ints
    extended_ms: Ints


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of dialogues by a model and by people; NaN where there is none.

    Attributes:
        model: The dialogue's own number, else the mean of the ratings by models.
        human: The mean of the ratings by people.
        out_of_range: Values outside 1..10; they are left out.
    """

    model: Floats
    human: Floats
    out_of_range: Ints


def word_list(values: pa.Array) -> list[str | None]:
    """A column of words."""
    words: list[str | None] = values.to_pylist()
    return words


def count_rows(rows: Ints, n: int) -> Ints:
    """How many of something each dialogue has."""
    return np.bincount(rows, minlength=n).astype(np.int64)


def sum_rows(rows: Ints, values: npt.NDArray[np.generic], n: int) -> Ints:
    """Sum of integers by dialogue; exact (a float holds every sum of milliseconds)."""
    return np.bincount(rows, weights=values, minlength=n).astype(np.int64)


def spans_ms(leaves: Leaves) -> tuple[Ints, Bools]:
    """Span of each dialogue, earliest turn start to latest turn end, and whether it is usable."""
    start, end, known = leaves.spans
    good = known & (end > start)
    return np.where(good, end - start, 0), good


def turn_lengths(leaves: Leaves) -> tuple[Turns, Ints]:
    """Usable turns, and how many turns of each dialogue have times that cannot be used."""
    (start, has_start), (end, has_end) = leaves.start, leaves.end
    timed = has_start & has_end
    good = timed & (end > start)
    told, has_told = as_ints(leaves.at("turns[].next_start_ms").values)
    # The line after it in the same dialogue; where the release names the film's next line, that.
    later, has_later = np.zeros_like(start), np.zeros_like(has_start)
    if len(start) > 1:
        later[:-1] = start[1:]
        has_later[:-1] = has_start[1:] & leaves.follows[1:]
    following = np.where(has_told, told, np.where(has_later, later, 0))
    reach = np.maximum(end, np.where(has_told | has_later, following, end))
    rows = leaves.turn_row
    bad = count_rows(rows[timed & ~good], leaves.batch.num_rows)
    return Turns(rows[good], (end - start)[good], (reach - start)[good]), bad


def speaker_pairs(leaves: Leaves) -> Pairs:
    """Who speaks in each dialogue, each once."""
    spoken = leaves.at("turns[].speakers[]")
    encoded = spoken.values.dictionary_encode()
    names: list[str] = encoded.dictionary.to_pylist()
    width = max(1, len(names))
    keys = spoken.rows * width + encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    unique, where = np.unique(keys, return_inverse=True)
    seen = np.zeros(len(unique), dtype=bool)
    visible = as_bools(pc.equal(leaves.at("turns[].visibility").values, "visible"))
    if spoken.turns is not None and len(unique):
        seen[where[visible[spoken.turns]]] = True
    return Pairs(unique // width, unique % width, names, seen)


def speaker_changes(leaves: Leaves) -> Ints:
    """Places of each dialogue where a turn has other speakers than the turn before (runs minus one)."""
    # The unit separator cannot stand in an identifier that a person wrote, so lists stay distinct.
    joined = pc.binary_join(leaves.at("turns[].speakers").values, "\x1f").dictionary_encode()
    codes = joined.indices.to_numpy(zero_copy_only=False)
    other = np.zeros(len(codes), dtype=bool)
    other[1:] = codes[1:] != codes[:-1]
    return count_rows(leaves.turn_row[other & leaves.follows], leaves.batch.num_rows)


@dataclass(frozen=True, slots=True)
class Words:
    """Words of single places (turns), for counting.

    Attributes:
        names: The words.
        codes: Position in `names` of each place that has one.
        rows: Its dialogue.
    """

    names: list[str]
    codes: Ints
    rows: Ints


def turn_words(leaves: Leaves, name: str) -> Words:
    """The word that each turn has in a column ("visibility", "emotion", ...), of those that have one."""
    leaf = leaves.at(f"turns[].{name}")
    there = as_bools(pc.is_valid(leaf.values))
    encoded = leaf.values.filter(pa.array(there)).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Words(encoded.dictionary.to_pylist(), codes, leaf.rows[there])


def scores(leaves: Leaves, name: str) -> Scores:
    """Scores of one name ("intensity", "volatility") for each dialogue.

    A rating on another scale than 1..10 is mapped onto it linearly. Ratings of a speaker count for
    the dialogue as their mean does; ratings of single turns do not count.
    """
    n = leaves.batch.num_rows
    field = DIMENSIONS[name][0]
    own = _floats(leaves.batch.column(field))
    if name == "volatility":
        styles = leaves.at("speaker_styles[].emotion_volatility")
        by_speaker, bad = _means(styles.rows, _floats(styles.values), n)
        own, bad_own = _within(own)
        bad = bad + bad_own
        own = np.where(np.isnan(own), by_speaker, own)
    else:
        own, bad = _within(own)
    rows, values, kinds = _ratings(leaves, name)
    by_model, bad_model = _means(rows[kinds == 0], values[kinds == 0], n)
    human, bad_human = _means(rows[kinds == 1], values[kinds == 1], n)
    return Scores(np.where(np.isnan(own), by_model, own), human, bad + bad_model + bad_human)


def _ratings(leaves: Leaves, name: str) -> tuple[Ints, Floats, Ints]:
    """Dialogue, value and kind of rater (0 model, 1 human) of every rating of that name."""
    dimension = leaves.at("scores[].dimension")
    if not len(dimension.values):
        return np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    wanted = as_bools(pc.is_in(dimension.values, pa.array(DIMENSIONS[name])))
    target = leaves.at("scores[].target").values
    wanted &= ~as_bools(pc.starts_with(target, "turn:"))
    kind = leaves.at("scores[].rater_kind").values
    model, human = as_bools(pc.equal(kind, "model")), as_bools(pc.equal(kind, "human"))
    wanted &= model | human
    values = _floats(leaves.at("scores[].value").values)
    low, high = _scale(leaves.at("scores[].scale").values)
    values = LOWEST + (values - low) / (high - low) * (HIGHEST - LOWEST)
    return dimension.rows[wanted], values[wanted], human[wanted].astype(np.int64)


def _scale(scales: pa.Array) -> tuple[Floats, Floats]:
    """Ends of each rating's scale; 1 and 10 where it has none that can be used."""
    lengths = as_ints(pc.list_value_length(scales))[0]
    first = np.cumsum(lengths) - lengths
    flat = _floats(scales.flatten())
    low, high = np.full(len(lengths), LOWEST), np.full(len(lengths), HIGHEST)
    two = lengths == 2
    low[two], high[two] = flat[first[two]], flat[first[two] + 1]
    bad = ~(np.isfinite(low) & np.isfinite(high) & (low < high))
    low[bad], high[bad] = LOWEST, HIGHEST
    return low, high


def _floats(values: pa.Array) -> Floats:
    out: Floats = pc.fill_null(values, float("nan")).to_numpy(zero_copy_only=False)
    return np.asarray(out, dtype=np.float64)


def _within(values: Floats) -> tuple[Floats, Ints]:
    """Values on the scale, NaN for the others; and whether a value was left out."""
    with np.errstate(invalid="ignore"):
        good = (values >= LOWEST) & (values <= HIGHEST)
    return np.where(good, values, np.nan), (~good & ~np.isnan(values)).astype(np.int64)


def _means(rows: Ints, values: Floats, n: int) -> tuple[Floats, Ints]:
    """Mean by dialogue of the values on the scale, and how many were left out."""
    kept, bad = _within(values)
    good = ~np.isnan(kept)
    total = np.bincount(rows[good], weights=kept[good], minlength=n)
    count = np.bincount(rows[good], minlength=n)
    mean = np.full(n, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean, sum_rows(rows, bad, n)


def words_of(leaves: Leaves, axis: str) -> tuple[list[str | None], Bools]:
    """Category of each dialogue on an axis, and whether it has a raw label without a category."""
    column = leaves.batch.column(axis)
    category = pc.struct_field(column, ["category"])
    label = pc.struct_field(column, ["label"])
    more = as_ints(pc.list_value_length(pc.struct_field(column, ["labels"])))[0] > 0
    raw = as_bools(pc.is_valid(label)) | more
    return word_list(category), raw & as_bools(pc.is_null(category))
