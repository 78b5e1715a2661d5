"""What of a release is exported, streamed, with a count of what a format cannot hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from mmdia.corpus.jsonl import OnBroken
from mmdia.corpus.locate import ReleaseHandle
from mmdia.corpus.read import iter_dialogues, load_titles
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.title import Title

#: What is one recording to formats of segments: the whole film, or each dialogue from its start.
Per = Literal["title", "dialogue"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to export, and how.

    Attributes:
        split: Only dialogues of this split.
        tag: Only dialogues with this tag.
        titles: Only dialogues of these titles; empty means all.
        shards: Files of each split (Parquet).
        per: What one recording is (RTTM, STM, SegLST).
    """

    split: str | None = None
    tag: str | None = None
    titles: tuple[str, ...] = ()
    shards: int | None = None
    per: Per = "title"

    @property
    def all(self) -> bool:
        """Whether nothing is left out."""
        return self.split is None and self.tag is None and not self.titles


@dataclass
class Selection:
    """The dialogues to export; withdrawn ones are never among them.

    Attributes:
        handle: The release.
        options: What to export.
        dialogues: How many dialogues were given so far.
        turns: How many turns.
        skipped: Turns that the format could not hold, by reason.
    """

    handle: ReleaseHandle
    options: ExportOptions
    on_broken: OnBroken = "raise"
    dialogues: int = 0
    turns: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def rows(self) -> Iterator[Dialogue]:
        """The dialogues, one at a time; counted afresh."""
        self.dialogues = self.turns = 0
        chosen = set(self.options.titles)
        for dialogue in iter_dialogues(self.handle, on_broken=self.on_broken):
            if self.options.split is not None and dialogue.split != self.options.split:
                continue
            if self.options.tag is not None and self.options.tag not in dialogue.subsets:
                continue
            if chosen and dialogue.title_id not in chosen:
                continue
            self.dialogues += 1
            self.turns += len(dialogue.turns)
            yield dialogue

    @cached_property
    def titles(self) -> dict[str, Title]:
        """The titles of the release."""
        return load_titles(self.handle, on_broken=self.on_broken)

    def skip(self, reason: str, count: int = 1) -> None:
        """Count turns that are left out."""
        self.skipped[reason] += count

    def names(self, dialogue: Dialogue, turn: Turn) -> list[str]:
        """Who speaks, by the names shown to readers, else by their identifiers."""
        title = self.titles.get(dialogue.title_id or "")
        known = {s.speaker_id: s.name for s in (title.speakers if title else ()) if s.name}
        known |= {s.speaker_id: s.name for s in dialogue.speakers if s.name}
        return [known.get(speaker) or speaker for speaker in turn.speakers]


def times(turn: Turn) -> tuple[int, int] | str:
    """Start and end of a turn in milliseconds, or why there are none; a turn may have no length."""
    if turn.start_ms is None or turn.end_ms is None:
        return "no_times"
    return "turn_end" if turn.end_ms < turn.start_ms else (turn.start_ms, turn.end_ms)
