"""Checks that reach over all rows of a release: order, twins, names, control sets, scenes, counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unicodedata import normalize

import numpy as np

from mmdia.corpus.invariants import Hits, SeenIds
from mmdia.corpus.jsonl import Rows
from mmdia.corpus.leaves import Leaves
from mmdia.corpus.read import Withdrawals
from mmdia.corpus.write import order_key
from mmdia.release.findings import Example, Ledger
from mmdia.release.strangers import TurnStrangers, kept_keys, missing_numbers
from mmdia.schema.names import safe_name
from mmdia.schema.release import Scene

#: Scene identifiers by title; None for a release without scenes.
SceneIds = Mapping[str, frozenset[str]] | None
#: Before every start, the negative ones of broken rows included.
_EARLIEST = -(2**63)


def _rows(places: list[int]) -> np.ndarray:
    return np.array(places, dtype=np.int64)


@dataclass
class Sweep:
    """What must be remembered from block to block; a few values a dialogue at most.

    Attributes:
        titles: Identifiers of the titles.
        scenes: Identifiers of the scenes.
        gone: What is withdrawn.
    """

    titles: frozenset[str]
    scenes: SceneIds
    gone: Withdrawals
    dialogues: int = 0
    turns: int = 0
    _seen: SeenIds = field(default_factory=SeenIds)
    _last: tuple[bool, str, int] = (False, "", _EARLIEST)
    _folded: dict[bytes, str] = field(default_factory=dict)
    _sets: Counter[str] = field(default_factory=Counter)
    _first_of_set: dict[str, Example] = field(default_factory=dict)
    _strangers: TurnStrangers = field(default_factory=TurnStrangers)
    _gaps: dict[int, Ledger] = field(default_factory=dict)

    def begin(self, path: Path) -> None:
        """Rows of another file come. Each Parquet shard is in order by itself: shards are of splits."""
        if path.suffix == ".parquet":
            self._last = (False, "", _EARLIEST)

    def block(self, rows: Rows, leaves: Leaves, ledger: Ledger) -> None:
        """Take in one block of dialogues."""
        batch = rows.batch
        self.dialogues += batch.num_rows
        self.turns += int(leaves.n_turns.sum())
        ledger.add_hits(Hits("duplicate_dialogue_id", self._seen.duplicates(batch)), rows)
        for hits in self._by_id(leaves):
            ledger.add_hits(hits, rows)
        ledger.add_hits(self._order(leaves), rows)
        self._control_sets(rows)
        hits, numbers = self._strangers.scan(leaves)
        ledger.add_hits(hits, rows)
        self._utterances(rows, numbers, ledger)

    def _by_id(self, leaves: Leaves) -> Iterator[Hits]:
        batch = leaves.batch
        ids, titles = batch.column("dialogue_id").to_pylist(), batch.column("title_id").to_pylist()
        unknown = [i for i, title in enumerate(titles) if title is not None and title not in self.titles]
        yield Hits("unknown_title", _rows(unknown), None, tuple(f"title {titles[i]!r}" for i in unknown))
        gone = [i for i, pair in enumerate(zip(ids, titles, strict=True)) if self.gone.covers(*pair)]
        yield Hits("withdrawn_present", _rows(gone))
        met = [(i, other) for i, name in enumerate(ids) if (other := self._collides(name)) is not None]
        yield Hits("name_collision", _rows([i for i, _ in met]), None, tuple(f"{o!r}" for _, o in met))
        if self.scenes is not None:
            scenes = batch.column("scene_id").to_pylist()
            lost = [
                i
                for i, scene in enumerate(scenes)
                if scene is not None and scene not in self.scenes.get(titles[i], frozenset())
            ]
            yield Hits("unknown_scene", _rows(lost), None, tuple(f"scene {scenes[i]!r}" for i in lost))

    def _collides(self, identifier: str) -> str | None:
        """An earlier identifier that differs in case only, as a file name, or in its Unicode form only."""
        # Only ASCII letters can meet in case (all else is escaped), so folding the bytes finds every pair.
        form = identifier if identifier.isascii() else normalize("NFC", identifier)
        folded = form.encode("utf-8", "surrogatepass").lower()
        other = self._folded.setdefault(folded, identifier)
        if other == identifier or not identifier:
            return None
        same_form = form == normalize("NFC", other)
        return other if same_form or safe_name(other).lower() == safe_name(identifier).lower() else None

    def _order(self, leaves: Leaves) -> Hits:
        titles = leaves.batch.column("title_id").to_pylist()
        own, has_own = leaves.row_start
        earliest, _, known = leaves.spans
        starts = np.where(has_own, own, earliest)
        timed = has_own | known
        late = []
        for i, title in enumerate(titles):
            key = order_key(title, int(starts[i]) if timed[i] else None)
            if key < self._last:
                late.append(i)
            self._last = key
        return Hits("disk_order", _rows(late))

    def _control_sets(self, rows: Rows) -> None:
        column = rows.batch.column("control_set")
        if column.null_count == len(column):
            return
        for i, control_set in enumerate(column.to_pylist()):
            if control_set is not None:
                name = control_set["id"]
                self._sets[name] += 1
                dialogue_id = rows.batch.column("dialogue_id")[i].as_py()
                example = Example(
                    rows.path.name, rows.numbers[i], dialogue_id, what=f"control set {name!r}"
                )
                self._first_of_set.setdefault(name, example)

    def _utterances(self, rows: Rows, numbers: Mapping[int, list[int]], ledger: Ledger) -> None:
        # Whether a source counts from 0 or 1 is known at the end only, so both are kept.
        for first in (0, 1):
            gaps = self._gaps.setdefault(first, ledger.like())
            for row, found in numbers.items():
                if missing := missing_numbers(found, first):
                    what = "missing " + ", ".join(str(number) for number in missing)
                    gaps.add_hits(
                        Hits("missing_utterances", _rows([row]), None, (what,)), rows, values=False
                    )

    def finish(self, ledger: Ledger) -> None:
        """Report what only the end can tell."""
        ledger.absorb(self._gaps.get(0 if self._strangers.from_zero else 1))
        for name, n in self._sets.items():
            if n == 1:
                ledger.add("control_set_single", self._first_of_set[name])


class SceneSweep:
    """Checks scenes as they are read; remembers their identifiers and spans."""

    def __init__(self, titles: frozenset[str]) -> None:
        self._titles = titles
        self._spans: dict[str, list[tuple[int, int, str]]] = {}
        self._lines: dict[tuple[str, str], int] = {}

    def scene(self, file: str, line: int, scene: Scene, ledger: Ledger) -> None:
        """Take in one scene."""
        example = Example(file, line, scene.scene_id, what=f"title {scene.title_id!r}")
        for key in kept_keys(scene.extra):
            ledger.add("unknown_key", Example(file, line, scene.scene_id, what=key), value=key)
        if scene.title_id not in self._titles:
            ledger.add("unknown_title", example)
        if scene.end_ms <= scene.start_ms:
            ledger.add("scene_end", example)
        if (scene.title_id, scene.scene_id) in self._lines:
            ledger.add("duplicate_scene_id", example)
        else:
            self._lines[scene.title_id, scene.scene_id] = line
        self._spans.setdefault(scene.title_id, []).append((scene.start_ms, scene.end_ms, scene.scene_id))

    def ids(self) -> dict[str, frozenset[str]]:
        """Scene identifiers by title."""
        return {title: frozenset(s for _, _, s in spans) for title, spans in self._spans.items()}

    def finish(self, file: str, ledger: Ledger) -> None:
        """Report scenes that overlap one before them, by start."""
        for title, spans in self._spans.items():
            latest = None
            for start, end, scene in sorted(spans):
                if latest is not None and start < latest:
                    line = self._lines[title, scene]
                    ledger.add("scene_overlap", Example(file, line, scene, what=f"title {title!r}"))
                latest = end if latest is None else max(latest, end)
