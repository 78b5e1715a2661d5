"""Arbitrary releases that `validate` passes: every field may be there, unknown keys included."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from mmdia.corpus.locate import ReleaseHandle, release_files
from mmdia.corpus.read import iter_dialogues, iter_numbered, iter_scenes, load_titles
from mmdia.corpus.write import Form, write_release
from mmdia.release.check_rows import PATH_OUT
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.release import Release, ReleaseSource, Scene, Step, Withdrawal
from mmdia.schema.title import Title
from mmdia.schema.vocab import PAPER_15
from tests.corpus.row_strategies import TEXT, rows

#: Identifiers that lead out of a folder are no valid ones (`unsafe_id`).
IDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).filter(
    lambda text: not re.search(PATH_OUT, text)
)
TIMES = st.integers(-(2**40), 2**40)


@dataclass(frozen=True)
class Whole:
    """All rows of a release, by identifier."""

    head: Release
    titles: list[Title]
    dialogues: list[Dialogue]
    scenes: list[Scene]
    withdrawn: list[Withdrawal]

    def write(self, folder: Path, form: Form = "jsonl", shards: int | None = None) -> ReleaseHandle:
        return write_release(
            folder, self.head, self.titles, self.dialogues, scenes=self.scenes, withdrawn=self.withdrawn,
            form=form, shards=shards,
        )  # fmt: skip

    def facts(self) -> dict[str, Any]:
        """Every field of every row, with unknown keys in their places."""
        return {
            "head": self.head.to_row(nulls=True),
            "titles": by_id(self.titles, "title_id"),
            "dialogues": by_id(self.dialogues, "dialogue_id"),
            "scenes": by_id(self.scenes, "title_id", "scene_id"),
            "withdrawn": [w.to_row(nulls=True) for w in self.withdrawn],
        }


def by_id(records: list[Any], *keys: str) -> dict[Any, dict[str, Any]]:
    return {tuple(getattr(r, k) for k in keys): r.to_row(nulls=True) for r in records}


def read_whole(handle: ReleaseHandle) -> Whole:
    gone = release_files(handle).withdrawn
    return Whole(
        handle.head.model_copy(update={"counts": None}),
        list(load_titles(handle).values()),
        list(iter_dialogues(handle)),
        list(iter_scenes(handle)),
        [] if gone is None else [row for _, row in iter_numbered(gone, Withdrawal)],
    )


def _named(value: Any) -> Any:
    """The row with no identifier empty, at any depth."""
    if isinstance(value, dict):
        return {
            k: (v or "x") if k == "speaker_id" and isinstance(v, str) else _named(v)
            for k, v in value.items()
        }
    return [_named(item) for item in value] if isinstance(value, list) else value


@st.composite
def _dialogue(draw: st.DrawFn, identifier: str, titles: list[str]) -> Dialogue:
    row = _named(draw(rows(Dialogue, strange=True)))
    row["dialogue_id"] = identifier
    for turn in row["turns"]:
        turn["speakers"] = [s or "x" for s in turn["speakers"]]
    timed = bool(titles) and draw(st.booleans())
    row["title_id"] = draw(st.sampled_from(titles)) if timed else None
    for timed_row in (row, *row["turns"]):
        for key in ("start_ms", "end_ms"):
            timed_row[key] = draw(TIMES) if timed else None
    row["split"] = draw(st.sampled_from(["train", "validation", "test", None]))
    tags = [t for t in row.get("subsets") or [] if t not in ("hard", "bench")]
    row["subsets"] = tags + (
        [] if row["split"] == "train" else draw(st.sampled_from([[], ["hard", "bench"]]))
    )
    for axis in ("relationship", "interaction"):
        if isinstance(row.get(axis), dict) or draw(st.booleans()):
            row[axis] = row.get(axis) or {}
            # A word that the vocabulary does not have is a warning only, and must survive as well.
            row[axis]["category"] = draw(st.none() | st.sampled_from(PAPER_15.names(axis)) | TEXT)
    return Dialogue.from_row(row)


@st.composite
def releases(draw: st.DrawFn, max_rows: int = 4) -> Whole:
    """A release that `validate` passes."""
    title_ids = draw(st.lists(IDS, max_size=2, unique=True))
    titles = []
    for title_id in title_ids:
        row = _named(draw(rows(Title, strange=True)))
        titles.append(Title.from_row({**row, "title_id": title_id}))
    ids = draw(st.lists(IDS, min_size=1, max_size=max_rows, unique=True))
    dialogues = [draw(_dialogue(i, title_ids)) for i in ids]
    scenes = [
        Scene(title_id=t, scene_id=draw(IDS), start_ms=0, end_ms=draw(st.integers(1, 9)), source=draw(TEXT),
              extra='{"zz": [1, null]}')
        for t in title_ids
    ]  # fmt: skip
    withdrawn = [
        Withdrawal(dialogue_id="gone " + "~" * 20, reason=draw(st.none() | TEXT), date="2024-01-01")
    ]
    text = st.none() | TEXT
    sources = st.builds(ReleaseSource, name=text, url=text, license=text)
    head = Release(
        name=draw(IDS), version=draw(IDS), description=draw(text), homepage=draw(text), contact=draw(text),
        citation=draw(text), license=draw(text), created=draw(text),
        vocab=draw(st.sampled_from([None, "paper-15"])),
        sources=tuple(draw(st.lists(sources, max_size=2))),
        history=(Step(step="made", options='{"seed": 7}'),),
    )  # fmt: skip
    return Whole(head, titles, dialogues, scenes, draw(st.sampled_from([[], withdrawn])))


def first_difference(a: Any, b: Any, path: str = "") -> str | None:
    """Where two documents differ, for a message that can be read."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted({*a, *b}, key=repr):
            if found := first_difference(a.get(key, "(absent)"), b.get(key, "(absent)"), f"{path}.{key}"):
                return found
        return None
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return next((d for i in range(len(a)) if (d := first_difference(a[i], b[i], f"{path}[{i}]"))), None)
    return None if a == b and type(a) is type(b) else f"{path}: {a!r} became {b!r}"
