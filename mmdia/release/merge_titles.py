"""One title of the rows that several releases have of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmdia.schema.title import Character, Title

_LIST_FIELDS = frozenset({"genres", "speakers"})


@dataclass(frozen=True, slots=True)
class TitleClash:
    """One fact of one title that two releases state differently.

    Attributes:
        title_id: The title.
        field: The fact.
        first: The value of the earlier release, which is kept.
        other: The value of the later one.
    """

    title_id: str
    field: str
    first: Any
    other: Any

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"title_id": self.title_id, "field": self.field, "first": self.first, "other": self.other}


def united(known: Title, other: Title) -> tuple[Title, list[TitleClash]]:
    """One title of two rows, and the facts in which they differ."""
    update: dict[str, Any] = {}
    clashes = []
    for name in Title.model_fields:
        one, two = getattr(known, name), getattr(other, name)
        if name in ("title_id", *_LIST_FIELDS) or one == two or two is None:
            continue
        if one is None:
            update[name] = two
        else:
            clashes.append(TitleClash(known.title_id, name, _plain(one), _plain(two)))
    update["genres"] = tuple(dict.fromkeys((*known.genres, *other.genres)))
    bank = {character.speaker_id: character for character in known.speakers}
    for character in other.speakers:
        mine = bank.setdefault(character.speaker_id, character)
        bank[character.speaker_id], more = _united_character(known.title_id, mine, character)
        clashes += more
    update["speakers"] = tuple(bank.values())
    return known.model_copy(update=update), clashes


def _united_character(
    title_id: str, known: Character, other: Character
) -> tuple[Character, list[TitleClash]]:
    update, clashes = {}, []
    for name in Character.model_fields:
        one, two = getattr(known, name), getattr(other, name)
        if one == two or two is None:
            continue
        if one is None:
            update[name] = two
        else:
            clashes.append(TitleClash(title_id, f"speakers.{known.speaker_id}.{name}", one, two))
    return known.model_copy(update=update), clashes


def _plain(value: Any) -> Any:
    return value.to_row() if hasattr(value, "to_row") else value
