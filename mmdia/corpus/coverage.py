"""How much of a release somebody has: by split and by tag, in dialogues and hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mmdia.schema.dialogue import Dialogue, nominal_span_ms

#: Parts in the order of tables; others follow by name.
_ORDER = ("all", "train", "validation", "test", "bench", "hard", "ood")


@dataclass(slots=True)
class Share:
    """What somebody has of one part of a release.

    Attributes:
        dialogues: Dialogues of the part that are from a film.
        built: Those whose clips are there.
        total_ms: What all of them last on the annotation timeline.
        built_ms: What those last whose clips are there.
        scripts: Dialogues without a film: they are text, and everybody has them.
    """

    dialogues: int = 0
    built: int = 0
    total_ms: int = 0
    built_ms: int = 0
    scripts: int = 0

    def to_row(self) -> dict[str, Any]:
        """Counts, hours with four decimals, and shares (null of nothing)."""
        return {
            "dialogues": self.dialogues,
            "built": self.built,
            "share": round(self.built / self.dialogues, 4) if self.dialogues else None,
            "hours": round(self.total_ms / 3_600_000, 4),
            "built_hours": round(self.built_ms / 3_600_000, 4),
            "hours_share": round(self.built_ms / self.total_ms, 4) if self.total_ms else None,
            "scripts": self.scripts,
        }


def parts_of(dialogue: Dialogue) -> tuple[str, ...]:
    """The split and the tags that a dialogue counts for, each once."""
    return tuple(dict.fromkeys([*([dialogue.split] if dialogue.split else []), *dialogue.subsets]))


def in_order(parts: Iterable[str]) -> list[str]:
    """Names of splits and tags in the order of tables."""
    found = set(parts)
    return [p for p in _ORDER if p in found] + sorted(found - set(_ORDER))


def cover(dialogues: Iterable[Dialogue], has: Callable[[str], bool]) -> dict[str, Share]:
    """Count what is there; ``all`` comes first.

    Args:
        dialogues: The release's dialogues, withdrawn ones left out; of those that share an id the
            first counts.
        has: Whether the clips of a dialogue are there.
    """
    parts: dict[str, Share] = {"all": Share()}
    seen: set[str] = set()
    for dialogue in dialogues:
        if dialogue.dialogue_id in seen:
            continue
        seen.add(dialogue.dialogue_id)
        built = dialogue.has_media and has(dialogue.dialogue_id)
        span = nominal_span_ms(dialogue)
        lasts = 0 if span is None else span[1] - span[0]
        for name in ("all", *parts_of(dialogue)):
            share = parts.setdefault(name, Share())
            if not dialogue.has_media:
                share.scripts += 1
                continue
            share.dialogues += 1
            share.total_ms += lasts
            share.built += built
            share.built_ms += lasts if built else 0
    return {name: parts[name] for name in in_order(parts)}
