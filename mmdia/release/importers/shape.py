"""Turns -> dialogues: the parts that every importer needs, and nothing of any one format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mmdia.corpus.tags import name_facts
from mmdia.errors import UsageError
from mmdia.release.importers.options import ImportOptions
from mmdia.schema.dialogue import Dialogue, Source, Speaker, Turn
from mmdia.schema.title import Title

#: Names of files and cells of a split column, as data sets write them.
_SPLITS = {
    "train": "train", "training": "train", "trn": "train",
    "dev": "validation", "val": "validation", "valid": "validation", "validation": "validation",
    "test": "test", "tst": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
_GROUPS = frozenset("all both everybody everyone guys group crowd audience others them together".split())
_TOGETHER = re.compile(r"\s(?:and|&|und|y|et)\s|\+", re.IGNORECASE)


def split_named(text: str) -> str | None:
    """The split that a word means, or the first word of a file name that means one.

    >>> split_named("dev_sent_emo.notext.csv"), split_named("Valid"), split_named("contest.csv")
    ('validation', 'validation', None)
    """
    for word in re.split(r"[^A-Za-z]+", text):
        if found := _SPLITS.get(word.lower()):
            return found
    return None


def split_option(options: ImportOptions) -> str | None:
    """The split that the user named, in our words.

    Raises:
        UsageError: It is none.
    """
    if options.split is None:
        return None
    found = _SPLITS.get(options.split.lower())
    if found is None:
        raise UsageError("no such split", expected="train, validation or test", got=repr(options.split))
    return found


def speaker_kind(label: str) -> str | None:
    """``group`` for a label that means several at once ("All", "Joey and Chandler"), else None."""
    words = label.strip().lower().split()
    if not words:
        return "unknown"
    if words[0] in _GROUPS or _TOGETHER.search(label.strip()):
        return "group"
    return "unknown" if words[0] in ("unknown", "#unknown#", "<unk>", "unk") else None


def speakers_of(
    turns: Iterable[Turn], facts: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Speaker, ...]:
    """A dialogue's list of speakers, in order of appearance.

    Args:
        turns: Its turns.
        facts: What else is known by speaker: name, kind, gender, age_group.
    """
    found = dict.fromkeys(name for turn in turns for name in turn.speakers)
    out = []
    for name in found:
        row: dict[str, Any] = {"name": name, "kind": speaker_kind(name), **(facts or {}).get(name, {})}
        out.append(Speaker(speaker_id=name, **row))
    return tuple(out)


def extras(cells: Mapping[str, Any]) -> str | None:
    """Cells that have no place of their own, as the JSON text of `extra`; None when all are empty."""
    kept = {key: value for key, value in cells.items() if value not in (None, "", [], {})}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else None


def build(
    dialogue_id: str,
    turns: Sequence[Turn],
    *,
    title_id: str | None,
    speakers: Sequence[Speaker] | None = None,
    source: Source | None = None,
    **more: Any,
) -> Dialogue:
    """A dialogue whose span covers its turns.

    Args:
        dialogue_id: Its identifier.
        turns: Its turns, in the order of the source.
        title_id: Its title; None for a script, whose turns have no times.
        speakers: Its speakers; those of the turns when None.
        source: Where it came from.
        more: Further fields of `Dialogue`.
    """
    starts = [turn.start_ms for turn in turns if turn.start_ms is not None]
    ends = [turn.end_ms for turn in turns if turn.end_ms is not None]
    if title_id is not None:
        more.setdefault("start_ms", min(starts, default=None))
        more.setdefault("end_ms", max(ends, default=None))
    return Dialogue(
        dialogue_id=dialogue_id,
        title_id=title_id,
        turns=tuple(turns),
        speakers=tuple(speakers_of(turns) if speakers is None else speakers),
        source=source,
        **more,
    )


_IMDB_ID = re.compile(r"tt\d{7,9}\Z")


def bare_title(title_id: str, **more: Any) -> Title:
    """A title of which only the identifier is known, with what that says as the name of a file.

    >>> bare_title("tt0059742").imdb_id, bare_title("tv_04_LBLMLMS S01E21").episode
    ('tt0059742', 21)
    """
    if _IMDB_ID.match(title_id):
        return Title(title_id=title_id, imdb_id=title_id, **more)
    return Title(title_id=title_id, **{"kind": "other", **name_facts(title_id), **more})


def whole_number(text: str) -> int | None:
    """An integer as tables write it (``7``, ``007``, ``7.0``), or None."""
    found = re.fullmatch(r"\s*(-?\d{1,18})(?:\.0+)?\s*", text)
    return int(found[1]) if found else None
