"""Checks of text, speakers, tags, faces and open values within one block of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.invariants import Hits, leaf_hits, row_hits, turn_hits
from mmdia.corpus.leaves import Bools, Leaves, as_bools, as_ints
from mmdia.corpus.read import has_tag
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table, walk
from mmdia.schema.title import Title

Banks = Mapping[str, frozenset[str]]


def row_hits_of(leaves: Leaves, banks: Banks) -> Iterator[Hits]:
    """Dirt in one block of dialogues, times apart.

    Args:
        leaves: The dialogues.
        banks: Speakers of each title's character bank.
    """
    yield from _tags(leaves)
    yield from _text(leaves)
    yield from _speakers(leaves, banks)
    yield from _boxes(leaves)
    yield from _empty_ids(
        leaves, ("dialogue_id", "title_id", "turns[].speakers[]", "speakers[].speaker_id")
    )
    yield from _unsafe_ids(leaves, ("dialogue_id", "title_id", "scene_id"))
    yield from open_values(leaves, Dialogue)


def title_hits(leaves: Leaves) -> Iterator[Hits]:
    """Dirt in one block of titles."""
    yield from _empty_ids(leaves, ("title_id", "speakers[].speaker_id"))
    yield from _unsafe_ids(leaves, ("title_id",))
    yield from _twins(leaves)
    yield from open_values(leaves, Title)


def _tags(leaves: Leaves) -> Iterator[Hits]:
    hard = has_tag(leaves.batch, "hard")
    yield row_hits("bench_outside_hard", has_tag(leaves.batch, "bench") & ~hard)
    yield row_hits("hard_in_train", hard & as_bools(pc.equal(leaves.batch.column("split"), "train")))


def _text(leaves: Leaves) -> Iterator[Hits]:
    text, words = leaves.at("turns[].text").values, leaves.at("turns[].n_words").values
    yield turn_hits("no_text", leaves, as_bools(pc.and_(pc.is_null(text), pc.is_null(words))))
    other, named = as_ints(leaves.at("turns[].interrupts_turn").values)
    n = leaves.n_turns[leaves.turn_row]
    wrong = named & ((other < 0) | (other >= n) | (other == leaves.turn_index))
    yield turn_hits("interrupts_range", leaves, wrong)


def _codes(*columns: pa.Array) -> list[np.ndarray]:
    """String columns as integers of one common coding."""
    coded = pa.concat_arrays(columns).dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return np.split(coded.astype(np.int64), np.cumsum([len(c) for c in columns])[:-1])


def _speakers(leaves: Leaves, banks: Banks) -> Iterator[Hits]:
    said, listed = leaves.at("turns[].speakers[]"), leaves.at("speakers[].speaker_id")
    titles = leaves.batch.column("title_id").to_pylist()
    if said.turns is not None and len(said.values):
        said_code, listed_code = _codes(said.values, listed.values)
        wide = int(max(said_code.max(), listed_code.max(initial=0))) + 1
        rows, turns = said.rows, said.turns
        loose = np.flatnonzero(~np.isin(rows * wide + said_code, listed.rows * wide + listed_code))
        has_list = np.zeros(leaves.batch.num_rows, dtype=bool)
        has_list[listed.rows] = True
        has_list |= np.array([bool(banks.get(title)) for title in titles], dtype=bool)
        # Without any list there is nothing to miss; that is said once a dialogue, below.
        loose = loose[has_list[rows[loose]]]
        names = said.values.take(pa.array(loose)).to_pylist()
        bad = [
            i
            for i, name in zip(loose.tolist(), names, strict=True)
            if name not in banks.get(titles[rows[i]], frozenset())
        ]
        turn, first = np.unique(turns[bad], return_index=True)
        what = tuple(f"speaker {said.values[bad[i]].as_py()!r}" for i in first)
        yield Hits("unlisted_speaker", leaves.turn_row[turn], leaves.turn_index[turn], what)
        yield row_hits("no_speaker_list", ~has_list & (leaves.n_turns > 0))
    yield from _twins(leaves)


def _twins(leaves: Leaves) -> Iterator[Hits]:
    """Speakers that a list of a dialogue or title names again."""
    listed = leaves.at("speakers[].speaker_id")
    if len(listed.values):
        (code,) = _codes(listed.values)
        _, first = np.unique(listed.rows * (int(code.max()) + 1) + code, return_index=True)
        again = np.ones(len(code), dtype=bool)
        again[first] = False
        yield leaf_hits("duplicate_speaker", leaves, "speakers[].speaker_id", listed, again)


def _boxes(leaves: Leaves) -> Iterator[Hits]:
    path = "turns[].keyframe.faces[].bbox"
    leaf = leaves.at(path)
    if not len(leaf.values):
        return
    lengths = as_ints(pc.list_value_length(leaf.values))[0]
    bad: Bools = (lengths != 0) & (lengths != 4)
    four = np.flatnonzero(lengths == 4)
    x0, y0, x1, y1 = (
        leaf.values.take(pa.array(four)).flatten().to_numpy(zero_copy_only=False).reshape(-1, 4).T
    )
    # Asked this way round, a NaN is bad.
    bad[four] = ~((x0 >= 0) & (x0 < x1) & (x1 <= 1) & (y0 >= 0) & (y0 < y1) & (y1 <= 1))
    yield leaf_hits("bad_box", leaves, path, leaf, bad)


def _empty_ids(leaves: Leaves, paths: tuple[str, ...]) -> Iterator[Hits]:
    for path in paths:
        leaf = leaves.at(path)
        yield leaf_hits("empty_id", leaves, path, leaf, as_bools(pc.equal(leaf.values, "")))


#: Names of files are made safe from any identifier; one like this is still no identifier but an attack.
PATH_OUT = r"(^|[/\\])\.\.([/\\]|$)|^/[^/\\]|^[A-Za-z]:[/\\]"


def _unsafe_ids(leaves: Leaves, paths: tuple[str, ...]) -> Iterator[Hits]:
    for path in paths:
        leaf = leaves.at(path)
        unsafe = as_bools(pc.match_substring_regex(leaf.values, PATH_OUT))
        yield leaf_hits("unsafe_id", leaves, path, leaf, unsafe)


@lru_cache(maxsize=4)
def _open_paths(model: type[Record]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Paths of open values, with the values known today."""
    table = walk(field_table(model))
    return tuple((p + ("[]" if f.kind == "list" else ""), f.known) for p, f in table if f.known)


def open_values(leaves: Leaves, model: type[Record]) -> Iterator[Hits]:
    """Values that fields with known values have beside those."""
    for path, known in _open_paths(model):
        leaf = leaves.at(path)
        if leaf.values.null_count < len(leaf.values):
            strange = pc.and_(pc.is_valid(leaf.values), pc.invert(pc.is_in(leaf.values, pa.array(known))))
            yield leaf_hits("unknown_value", leaves, path, leaf, as_bools(strange))
