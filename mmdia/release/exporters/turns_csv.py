"""CSV with one row a turn, for spreadsheets and data frames. Lists are joined with ``|``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from mmdia.release.exporters.registry import Exporter
from mmdia.release.exporters.select import Selection
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.store.atomic import atomic_write

COLUMNS = (
    "dialogue_id", "title_id", "split", "subsets", "turn", "start_ms", "end_ms", "speakers",
    "speaker_names", "text", "n_words", "style", "emotion", "sentiment", "emotion_intensity",
    "nonverbal", "visibility",
    "relationship", "relationship_category", "interaction", "interaction_category", "emotional_tone",
    "description", "dialogue_emotion_intensity", "dialogue_emotion_volatility",
)  # fmt: skip


def _joined(words: Iterable[str | None]) -> str:
    """Words in one cell; a bar inside a word is escaped."""
    return "|".join((word or "").replace("\\", "\\\\").replace("|", "\\|") for word in words)


def _row(selection: Selection, dialogue: Dialogue, index: int, turn: Turn) -> list[object]:
    relationship, interaction = dialogue.relationship, dialogue.interaction
    return [
        dialogue.dialogue_id, dialogue.title_id, dialogue.split, _joined(dialogue.subsets), index,
        turn.start_ms, turn.end_ms, _joined(turn.speakers), _joined(selection.names(dialogue, turn)),
        turn.text, turn.n_words, turn.style, turn.emotion, turn.sentiment, turn.emotion_intensity,
        _joined(n.label or n.raw for n in turn.nonverbal), turn.visibility,
        relationship and relationship.label, relationship and relationship.category,
        interaction and interaction.label, interaction and interaction.category,
        dialogue.emotional_tone, dialogue.description, dialogue.emotion_intensity,
        dialogue.emotion_volatility,
    ]  # fmt: skip


def _write(selection: Selection, path: Path) -> None:
    with atomic_write(path) as raw:
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for dialogue in selection.rows():
            for index, turn in enumerate(dialogue.turns):
                writer.writerow(_row(selection, dialogue, index, turn))
        text.detach()


EXPORTERS = {"csv": Exporter("csv", "one row a turn (file)", False, _write)}
