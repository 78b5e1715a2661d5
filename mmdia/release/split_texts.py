"""Words of dialogues as numbers, for finding texts that are the same or nearly so.

Texts are compared by their *shingles*, the runs of five words in them (Broder, "On the resemblance
and containment of documents", 1997), with case, punctuation and the form of letters taken away.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Ints, Leaves

Hashes = npt.NDArray[np.uint64]

#: Words in a shingle.
SHINGLE = 5
#: Texts of fewer words say too little to be compared ("Yes." is no copy of another "Yes.").
MIN_WORDS = 12

_ODD = np.uint64(0x9E3779B97F4A7C15)
# Scripts that put no space between words are cut into characters.
_UNSPACED = r"([\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}])"
_BETWEEN = r"[^\p{L}\p{M}\p{N}]+"


@lru_cache(maxsize=1 << 16)
def stable_hash(text: str) -> int:
    """A 64-bit number for a text, the same on every machine and in every run."""
    return int.from_bytes(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big"
    )


def hash_strings(values: pa.Array) -> Hashes:
    """`stable_hash` of every value; 0 for null."""
    encoded = values.dictionary_encode()
    table = np.array([stable_hash(v or "") for v in encoded.dictionary.to_pylist()] or [0], dtype=np.uint64)
    codes = pc.fill_null(encoded.indices, 0).to_numpy(zero_copy_only=False)
    out: Hashes = table[codes]
    out[pc.is_null(values).to_numpy(zero_copy_only=False)] = 0
    return out


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a batch of dialogues, in order.

    Attributes:
        hashes: One number a word.
        rows: Dialogue (row of the batch) of each word, ascending.
        counts: Number of words of each dialogue.
        withheld: Whether a dialogue has a turn without its text.
    """

    hashes: Hashes
    rows: Ints
    counts: Ints
    withheld: npt.NDArray[np.bool_]


def words_of(leaves: Leaves) -> Words:
    """The words of every dialogue of a batch, folded."""
    leaf = leaves.at("turns[].text")
    n = leaves.batch.num_rows
    text = pc.utf8_lower(pc.utf8_normalize(pc.fill_null(leaf.values, ""), form="NFKC"))
    text = pc.replace_substring_regex(text, pattern=_UNSPACED, replacement=r" \1 ")
    text = pc.utf8_trim(pc.replace_substring_regex(text, pattern=_BETWEEN, replacement=" "), characters=" ")
    lists = pc.split_pattern(text, pattern=" ")
    parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = lists.flatten()
    full = pc.not_equal(flat, "").to_numpy(zero_copy_only=False)
    hashes = hash_strings(flat)[full]
    rows = leaf.rows[parents[full]]
    withheld = np.zeros(n, dtype=np.bool_)
    withheld[leaf.rows[pc.is_null(leaf.values).to_numpy(zero_copy_only=False)]] = True
    return Words(hashes, rows, np.bincount(rows, minlength=n).astype(np.int64), withheld)


def document_hashes(words: Words) -> Hashes:
    """One number for the whole text of each dialogue; 0 where there is none or a part is withheld."""
    n = len(words.counts)
    first = np.cumsum(words.counts) - words.counts
    position = (np.arange(len(words.rows)) - first[words.rows]).astype(np.uint64)
    with np.errstate(over="ignore"):
        mixed = _mix(words.hashes + (position + np.uint64(1)) * _ODD)
        out = np.zeros(n, dtype=np.uint64)
        np.add.at(out, words.rows, mixed)
    out[(words.counts == 0) | words.withheld] = 0
    return out


def shingles_of(words: Words, keep: npt.NDArray[np.bool_]) -> tuple[Hashes, Ints]:
    """Distinct shingles of the dialogues to keep, and the dialogue of each, in its order.

    Dialogues of fewer than `MIN_WORDS` words give none.
    """
    keep = keep & (words.counts >= MIN_WORDS)
    n = len(words.hashes) - SHINGLE + 1
    if n <= 0:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    whole = (words.rows[:n] == words.rows[SHINGLE - 1 :]) & keep[words.rows[:n]]
    with np.errstate(over="ignore"):
        rolled = np.zeros(n, dtype=np.uint64)
        for k in range(SHINGLE):
            rolled = _mix(rolled * _ODD + words.hashes[k : k + n])
    rows, hashes = words.rows[:n][whole], rolled[whole]
    order = np.lexsort((hashes, rows))
    rows, hashes = rows[order], hashes[order]
    fresh = np.ones(len(rows), dtype=np.bool_)
    fresh[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
    return hashes[fresh], rows[fresh]


def _mix(values: Hashes) -> Hashes:
    """Spread the bits, so that sums and products of neighbours do not meet."""
    out = values ^ (values >> np.uint64(31))
    out = out * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray(out ^ (out >> np.uint64(27)), dtype=np.uint64)
