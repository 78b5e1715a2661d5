"""Which rows sound well enough to train on, by what the rebuild measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mmdia.errors import UsageError

Row = Mapping[str, Any]


def quality_of(row: Row) -> dict[str, float]:
    """What was measured of a row's sound (``mmdia rebuild --quality``), by name; empty for nothing."""
    values = row.get("quality") or ()
    if isinstance(values, Mapping):
        return dict(values)
    return {item["name"]: item["value"] for item in values if item["value"] is not None}


@dataclass(frozen=True, kw_only=True)
class SoundFilter:
    """Says of a row whether its sound is good enough; ``ds.filter(SoundFilter(min_speech=0.8))``.

    Rows without a clip pass: whether they are wanted is another question.

    Attributes:
        min_quality: Least values by name, such as ``{"snr_db": 10}``; see `quality_of` for names.
        max_quality: Greatest values by name, such as ``{"clipped_share": 0.01}``.
        min_speech: Least share of the text that was heard (``mmdia rebuild --check-speech``).
        unmeasured: What to do with a clip that was not measured: ``raise``, ``keep`` or ``drop``.

    Raises:
        UsageError: At birth, for values that cannot be used; when called, for a clip that was not
            measured (with ``unmeasured="raise"``).
    """

    min_quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    max_quality: Mapping[str, float] = field(default_factory=dict, hash=False)
    min_speech: float | None = None
    unmeasured: Literal["raise", "keep", "drop"] = "raise"

    def __post_init__(self) -> None:
        if self.unmeasured not in ("raise", "keep", "drop"):
            got = repr(self.unmeasured)
            raise UsageError("unmeasured has no such value", expected="raise | keep | drop", got=got)
        if self.min_speech is not None and not 0 <= self.min_speech <= 1:
            raise UsageError("min_speech is a share", expected="0 to 1", got=self.min_speech)

    def __call__(self, row: Row) -> bool:
        """Whether the row stays."""
        return self.why_not(row) is None

    def why_not(self, row: Row) -> str | None:
        """Why a row is left out: ``speech``, a measurement's name, or ``unmeasured``; None if it stays."""
        if not (row.get("audio") or row.get("turn_clips")):
            return None
        measured = quality_of(row)
        if self.min_speech is not None:
            score = (row.get("speech") or {}).get("score")
            if score is None and (code := self._missing(row, "speech", "--check-speech all")):
                return code
            if score is not None and score < self.min_speech:
                return "speech"
        for name in {**self.min_quality, **self.max_quality}:
            value = measured.get(name)
            if value is None:
                if code := self._missing(row, name, "--quality"):
                    return code
            elif value < self.min_quality.get(name, value) or value > self.max_quality.get(name, value):
                return name
        return None

    def _missing(self, row: Row, name: str, option: str) -> str | None:
        if self.unmeasured == "raise":
            measured = ", ".join(quality_of(row)) or "nothing" if name != "speech" else "no speech score"
            raise UsageError(
                f"{name} of {row.get('dialogue_id')} was not measured",
                got=measured,
                hint=f"Run mmdia rebuild with {option}; what cannot be measured there (silence, "
                'lines without text) stays without: unmeasured="keep" or "drop".',
            )
        return "unmeasured" if self.unmeasured == "drop" else None
