"""What validation found: counts with examples, and the report made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from mmdia.corpus.invariants import Hits
from mmdia.corpus.jsonl import Rows
from mmdia.release.dirt import DIRT, SEVERITIES, Severity
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import field_table, walk
from mmdia.schema.release import Release, Scene
from mmdia.schema.title import Title

VALIDATION_SCHEMA = "mmdia.validation/1"
#: Distinct paths and values that are counted apart in one class; all further ones go together.
MAX_VALUES = 50
OTHERS = "(others)"
#: Broken rows are named each, up to so many: what is wrong differs from row to row.
MOST_BROKEN = 20


@dataclass(frozen=True, slots=True)
class Example:
    """One place of a finding.

    Attributes:
        file: Name of the file within the release.
        line: 1-based line (JSONL) or row (Parquet); None for what concerns no single row.
        id: The dialogue, title or scene.
        turn: Index of the turn within its dialogue, from 0.
        what: What exactly, where the class alone does not say.
    """

    file: str
    line: int | None = None
    id: str | None = None
    turn: int | None = None
    what: str | None = None

    def to_row(self) -> dict[str, Any]:
        """JSON-ready, without what is None."""
        row = {"file": self.file, "line": self.line, "id": self.id, "turn": self.turn, "what": self.what}
        return {key: value for key, value in row.items() if value is not None}

    def __str__(self) -> str:
        """Where it is, in few characters: an id with its turn, else file and line."""
        if self.id is not None:
            return self.id if self.turn is None else f"{self.id} turn {self.turn}"
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One class of dirt that was found.

    Attributes:
        code: The class (`mmdia.release.dirt.DIRT`).
        count: How often.
        examples: The first places.
        values: How often each path and value was at fault, where the class tells them apart.
    """

    code: str
    count: int
    examples: tuple[Example, ...] = ()
    values: dict[str, int] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """error, warning or note."""
        return DIRT[self.code].severity

    @property
    def text(self) -> str:
        """What the class means."""
        return DIRT[self.code].text

    def to_row(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "code": self.code,
            "severity": self.severity,
            "count": self.count,
            "per": DIRT[self.code].per,
            "text": self.text,
            "examples": [example.to_row() for example in self.examples],
            **({"values": self.values} if self.values else {}),
            **({"nearest": self.nearest} if self.nearest else {}),
        }

    @property
    def nearest(self) -> dict[str, str]:
        """Fields that unknown keys may mean, by the path of the key."""
        if self.code != "unknown_key":
            return {}
        known = {
            name for model in (Release, Title, Scene, Dialogue) for name, _ in walk(field_table(model))
        }
        meant = {path: get_close_matches(path, sorted(known), 1, 0.75) for path in self.values}
        return {path: found[0] for path, found in meant.items() if found}

    def places(self, most: int) -> list[str]:
        """The first places, with what is wrong there."""
        told = [f"{e}: {e.what}" if e.what else str(e) for e in self.examples[:most]]
        more = self.count - len(told)
        return [*told, f"and {more:,} more"] if more else told


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """All that validation found in a release.

    Attributes:
        path: Folder of the release.
        name: Its name.
        version: Its version.
        titles: Titles that could be read.
        dialogues: Dialogues that could be read, withdrawn ones included.
        turns: Their turns.
        findings: Classes that were found, worst first.
    """

    path: str
    name: str
    version: str
    titles: int
    dialogues: int
    turns: int
    findings: tuple[Finding, ...]

    def count(self, code: str) -> int:
        """How often a class was found."""
        return next((f.count for f in self.findings if f.code == code), 0)

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """Findings of one severity."""
        return tuple(f for f in self.findings if f.severity == severity)

    def passes(self, *, strict: bool = False) -> bool:
        """Whether there are no errors (and, if strict, no warnings)."""
        return not self.of("error") and not (strict and self.of("warning"))

    def to_row(self) -> dict[str, Any]:
        """The document of ``--json`` (``mmdia.validation/1``); `counts` names every class, 0 included."""
        return {
            "schema": VALIDATION_SCHEMA,
            "path": self.path,
            "name": self.name,
            "version": self.version,
            "titles": self.titles,
            "dialogues": self.dialogues,
            "turns": self.turns,
            "ok": self.passes(),
            "severities": {s: sum(f.count for f in self.of(s)) for s in SEVERITIES},
            "counts": {code: self.count(code) for code in DIRT},
            "findings": [finding.to_row() for finding in self.findings],
        }


class Ledger:
    """Counts findings as they come; memory does not grow with the release."""

    def __init__(self, max_examples: int) -> None:
        self._max_examples = max_examples
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, list[Example]] = {}
        self._values: dict[str, Counter[str]] = {}

    def count(self, code: str) -> int:
        """How often a class was found so far."""
        return self._counts[code]

    def add(self, code: str, example: Example, *, value: str | None = None) -> None:
        """Count one place."""
        self._counts[code] += 1
        examples = self._examples.setdefault(code, [])
        if len(examples) < max(self._max_examples, MOST_BROKEN * (code == "broken_row")):
            examples.append(example)
        if value is not None:
            self._add_values(code, (value,))

    def like(self) -> Ledger:
        """An empty ledger with the same settings."""
        return Ledger(self._max_examples)

    def absorb(self, other: Ledger | None) -> None:
        """Take over the classes of another ledger that this one does not have."""
        if other is not None:
            self._counts.update(other._counts)
            self._examples.update(other._examples)
            self._values.update(other._values)

    def add_hits(
        self, hits: Hits, rows: Rows, id_column: str = "dialogue_id", *, values: bool = True
    ) -> None:
        """Count the hits of one block of rows.

        Args:
            hits: What was found.
            rows: The block it was found in.
            id_column: Column that identifies a row.
            values: Count equal `what` together; off where each place has its own.
        """
        n = len(hits.rows)
        if not n:
            return
        self._counts[hits.code] += n
        examples = self._examples.setdefault(hits.code, [])
        for i in range(min(n, self._max_examples - len(examples))):
            row = int(hits.rows[i])
            examples.append(
                Example(
                    rows.path.name,
                    rows.numbers[row],
                    rows.batch.column(id_column)[row].as_py(),
                    None if hits.turns is None else int(hits.turns[i]),
                    hits.what[i] if hits.what else None,
                )
            )
        if values:
            self._add_values(hits.code, hits.what)

    def _add_values(self, code: str, values: Iterable[str]) -> None:
        counter = self._values.setdefault(code, Counter())
        for value in values:
            counter[value if value in counter or len(counter) < MAX_VALUES else OTHERS] += 1

    def findings(self) -> tuple[Finding, ...]:
        """All classes found, worst first."""
        order = sorted(self._counts, key=lambda code: (SEVERITIES.index(DIRT[code].severity), code))
        return tuple(
            Finding(
                code,
                self._counts[code],
                tuple(self._examples.get(code, ())),
                dict(
                    sorted(self._values.get(code, Counter()).items(), key=lambda item: (-item[1], item[0]))
                ),
            )
            for code in order
        )
