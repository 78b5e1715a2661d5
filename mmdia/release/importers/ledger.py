"""What an import read, kept, lost and mended: nothing goes without being counted.

Rows are what a format is made of: lines of a table, cues of a subtitle, words of a CTM, files of
a folder of shots. At the end ``read = imported + lost``, by reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mmdia.schema.reasons import explain

#: Rows that are left out because the user, or the format itself, says so: no failure.
ASKED = frozenset(
    {
        "empty_label", "ignored_segment", "marks_only", "other_annotation", "other_copy", "other_language",
        "outside_regions", "withdrawn",
    }
)  # fmt: skip
MAX_EXAMPLES = 5


@dataclass(slots=True)
class Entry:
    """One reason: how often, and the first places.

    Attributes:
        count: How many rows (or places).
        examples: The first places, ``file:line: what``.
    """

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def to_row(self, code: str) -> dict[str, Any]:
        """JSON-ready."""
        return {"code": code, "count": self.count, "text": explain(code), "examples": list(self.examples)}


class Ledger:
    """Counts rows while an importer reads; memory does not grow with the input."""

    def __init__(self) -> None:
        self.n_read = 0
        self.n_kept = 0
        self._lost: dict[str, Entry] = {}
        self._notes: dict[str, Entry] = {}

    def read(self, n: int = 1) -> None:
        """Count rows that were found in the source."""
        self.n_read += n

    def keep(self, n: int = 1) -> None:
        """Count rows that are in the release."""
        self.n_kept += n

    def lose(self, code: str, n: int = 1, *, where: str | None = None, what: object = None) -> None:
        """Count rows that are not in the release.

        Args:
            code: A reason code (`mmdia.schema.reasons`).
            n: How many rows.
            where: ``file:line``.
            what: What stood there.
        """
        _count(self._lost, code, n, where, what)

    def unkeep(self, code: str, n: int, *, where: str | None = None, what: object = None) -> None:
        """Rows that were counted as kept and are lost after all."""
        self.n_kept -= n
        self.lose(code, n, where=where, what=what)

    def note(self, code: str, n: int = 1, *, where: str | None = None, what: object = None) -> None:
        """Count places that were changed, or guessed, on the way in; their rows are kept."""
        _count(self._notes, code, n, where, what)

    @property
    def lost(self) -> dict[str, Entry]:
        """Reasons for lost rows, most frequent first."""
        return _sorted(self._lost)

    @property
    def notes(self) -> dict[str, Entry]:
        """What was changed or guessed, most frequent first."""
        return _sorted(self._notes)

    @property
    def n_lost(self) -> int:
        """Rows that were lost."""
        return sum(entry.count for entry in self._lost.values())


def _count(table: dict[str, Entry], code: str, n: int, where: str | None, what: object) -> None:
    entry = table.setdefault(code, Entry())
    entry.count += n
    if len(entry.examples) < MAX_EXAMPLES and (where or what is not None):
        shown = "" if what is None else _short(str(what))
        example = ": ".join(part for part in (where, shown) if part)
        if example not in entry.examples:
            entry.examples.append(example)


def _short(text: str, most: int = 80) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def _sorted(table: dict[str, Entry]) -> dict[str, Entry]:
    return dict(sorted(table.items(), key=lambda item: (-item[1].count, item[0])))


def failed(codes: Iterable[str]) -> bool:
    """Whether any of the reasons for losing rows is a failure."""
    return any(code not in ASKED for code in codes)
