"""One pass over a release: the few numbers of each dialogue that splitting needs.

Some 200 bytes a dialogue are kept, never the rows: half a million dialogues are about 100 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mmdia.corpus.leaves import Bools, Floats, Ints, Leaves
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import dialogue_batches
from mmdia.release.split_faces import Bits, bit, look_at_faces
from mmdia.release.split_speakers import Cast, CastBuilder
from mmdia.release.split_texts import Hashes, Words, document_hashes, hash_strings, words_of
from mmdia.schema.dialogue import SPLITS
from mmdia.schema.title import Title
from mmdia.schema.vocab import Vocabulary, vocabulary

Small = npt.NDArray[np.int8]

#: Tags that splitting decides; a tag's bit is its place here.
TAGS = ("bench", "hard", "ood", "task2", "task3")
#: Number of a split that is null, or none of ours.
UNSPLIT = -1
#: Rows in a block.
BLOCK_ROWS = 2_000


def tag_bit(tag: str) -> np.uint8:
    """The bit of a tag."""
    out: np.uint8 = np.uint8(1 << TAGS.index(tag))
    return out


@dataclass(slots=True)
class Facts:
    """What is known of every dialogue of a release; arrays have one value a dialogue.

    Attributes:
        ids: Identifiers.
        titles: Identifiers of the titles met, in the order of meeting.
        film: For each title, the first one that is the same film (has the same ``imdb_id``).
        title: Index into `titles`; -1 for a script.
        split: 0 train, 1 validation, 2 test, -1 none.
        tags: Bits of `TAGS`.
        relationship: Index of the category in the vocabulary; -1 for none.
        interaction: The same.
        intensity: Emotion intensity; NaN where not rated.
        volatility: Emotion volatility; the mean of the speakers' where only they are rated.
        n_turns: Number of turns.
        n_speakers: Number of distinct speakers.
        structure: Bits of failed tests that concern film, turns and speakers.
        every_turn: Bits of failed tests of visibility, see `Faces`.
        every_speaker: The same, by the weaker rule.
        task2: Bits of failed tests of task 2.
        task3: Bits of failed tests of task 3.
        tone: Hash of the folded emotional tone; 0 for none.
        text: Hash of the folded text; 0 where withheld.
        in_set: Whether it is in a control set already.
        cast: Who speaks.
        vocab: The release's vocabulary.
    """

    vocab: Vocabulary
    ids: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    film: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    title: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    split: Small = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    tags: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))
    relationship: Small = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    interaction: Small = field(default_factory=lambda: np.zeros(0, dtype=np.int8))
    intensity: Floats = field(default_factory=lambda: np.zeros(0))
    volatility: Floats = field(default_factory=lambda: np.zeros(0))
    n_turns: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    n_speakers: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    structure: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    every_turn: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    every_speaker: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    task2: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    task3: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    tone: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    text: Hashes = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))
    in_set: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    cast: Cast = field(default_factory=Cast)

    def __len__(self) -> int:
        return len(self.ids)

    def tagged(self, tag: str) -> Bools:
        """Which dialogues have the tag."""
        return np.asarray(self.tags & tag_bit(tag) != 0, dtype=np.bool_)

    @property
    def expressiveness(self) -> Floats:
        """Mean of intensity and volatility; NaN where one is not rated."""
        return np.asarray((self.intensity + self.volatility) / 2, dtype=np.float64)


#: Arrays of `Facts` that are gathered block by block.
_COLUMNS = (
    "title", "split", "tags", "relationship", "interaction", "intensity", "volatility", "n_turns",
    "n_speakers", "structure", "every_turn", "every_speaker", "task2", "task3", "tone", "text", "in_set",
)  # fmt: skip


def gather(
    handle: ReleaseHandle,
    titles: Sequence[Title],
    *,
    look: Callable[[Leaves, Words], None] | None = None,
) -> Facts:
    """Read a release once; withdrawn rows do not count.

    Args:
        handle: The release.
        titles: Its titles (`iter_titles`): their series, characters and actors.
        look: Is shown every block with its words, for whoever needs more of the same pass.

    Raises:
        BrokenRow: A row cannot be read.
        UsageError: The release names a vocabulary that is not known.
    """
    facts = Facts(vocab=vocabulary(handle.head.vocab))
    builder = CastBuilder(titles)
    known: dict[str, int] = {}
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in _COLUMNS}
    for batch in dialogue_batches(handle, batch_size=BLOCK_ROWS):
        leaves = Leaves(batch)
        words = words_of(leaves)
        facts.ids.extend(batch.column("dialogue_id").to_pylist())
        for name, column in _columns(leaves, words, facts.vocab, known):
            parts[name].append(column)
        parts["structure"].append(_structure(leaves, builder.add(leaves)))
        if look is not None:
            look(leaves, words)
    facts.titles = list(known)
    facts.film = _films(facts.titles, titles)
    for name, blocks in parts.items():
        if blocks:
            setattr(facts, name, np.concatenate(blocks))
    facts.cast = builder.done()
    return facts


def _films(met: Sequence[str], titles: Sequence[Title]) -> Ints:
    by_title = {title.title_id: title.imdb_id for title in titles}
    first: dict[tuple[str, ...], int] = {}
    keys = [("imdb", i) if (i := by_title.get(name)) else ("title", name) for name in met]
    return np.array([first.setdefault(key, k) for k, key in enumerate(keys)], dtype=np.int64)


def _columns(
    leaves: Leaves, words: Words, vocab: Vocabulary, known: dict[str, int]
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    batch = leaves.batch
    yield (
        "title",
        np.array(
            [
                -1 if t is None else known.setdefault(t, len(known))
                for t in batch.column("title_id").to_pylist()
            ],
            dtype=np.int64,
        ),
    )
    yield "split", _codes(batch.column("split"), SPLITS)
    yield "tags", _tags(leaves)
    for axis in ("relationship", "interaction"):
        yield axis, _codes(leaves.at(f"{axis}.category").values, vocab.names(axis))
    yield "intensity", _floats(batch.column("emotion_intensity"))
    yield "volatility", _volatility(leaves)
    yield "n_turns", leaves.n_turns
    yield "n_speakers", distinct_speakers(leaves)
    faces = look_at_faces(leaves)
    for name in ("every_turn", "every_speaker", "task2", "task3"):
        yield name, getattr(faces, name)
    tone = pc.utf8_trim_whitespace(pc.utf8_lower(batch.column("emotional_tone")))
    yield "tone", hash_strings(pc.if_else(pc.equal(tone, ""), None, tone))
    yield "text", document_hashes(words)
    yield "in_set", pc.is_valid(batch.column("control_set")).to_numpy(zero_copy_only=False)


def _codes(values: pa.Array, names: Sequence[str]) -> Small:
    found = pc.fill_null(pc.index_in(values, pa.array(names)), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=np.int8)


def _floats(values: pa.Array) -> Floats:
    return np.asarray(pc.fill_null(values, float("nan")).to_numpy(zero_copy_only=False), dtype=np.float64)


def _tags(leaves: Leaves) -> npt.NDArray[np.uint8]:
    out = np.zeros(leaves.batch.num_rows, dtype=np.uint8)
    leaf = leaves.at("subsets[]")
    codes = _codes(leaf.values, TAGS)
    ours = codes >= 0
    np.bitwise_or.at(out, leaf.rows[ours], np.left_shift(1, codes[ours]).astype(np.uint8))
    return out


def _volatility(leaves: Leaves) -> Floats:
    own = _floats(leaves.batch.column("emotion_volatility"))
    leaf = leaves.at("speaker_styles[].emotion_volatility")
    values = _floats(leaf.values)
    there = ~np.isnan(values)
    n = np.bincount(leaf.rows[there], minlength=len(own))
    total = np.bincount(leaf.rows[there], weights=values[there], minlength=len(own))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isnan(own), np.where(n > 0, total / n, np.nan), own)


def distinct_speakers(leaves: Leaves) -> Ints:
    """Number of distinct speakers of each dialogue's turns."""
    leaf = leaves.at("turns[].speakers[]")
    codes = leaf.values.dictionary_encode()
    width = max(1, len(codes.dictionary))
    numbers = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    pairs = np.unique(leaf.rows * width + numbers)
    return np.bincount(pairs // width, minlength=leaves.batch.num_rows).astype(np.int64)


def _structure(leaves: Leaves, groups: Bools) -> Bits:
    out = np.zeros(leaves.batch.num_rows, dtype=np.uint32)
    out[pc.is_null(leaves.batch.column("title_id")).to_numpy(zero_copy_only=False)] |= bit("no_film")
    out[leaves.n_turns == 0] |= bit("no_turns")
    out[distinct_speakers(leaves) != 2] |= bit("not_two_speakers")
    out[groups] |= bit("group_speaker")
    return out
