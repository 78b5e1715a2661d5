"""Scores of an evaluation, ``mmdia.results/1``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from mmdia.schema.base import Many, Record

RESULTS_SCHEMA = "mmdia.results/1"


class MetricResult(Record):
    """One metric over one set."""

    name: str
    """Name of the metric."""
    value: float | None
    """Its value; null when nothing could be scored."""
    unit: str | None = None
    """Unit ("fraction", "dB", "1..5")."""
    n: int = 0
    """Items scored."""
    n_failed: int = 0
    """Items that failed."""
    ci95: Many[float] = ()
    """95 % confidence interval, low and high."""
    protocol: str | None = None
    """Name of the protocol."""
    models: dict[str, str] = Field(default_factory=dict)
    """Model ids and hashes of their weights."""
    normalizer: str | None = None
    """Text normaliser."""
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """Further numbers."""


class Results(Record):
    """All metrics of one evaluation."""

    schema_: Annotated[str, Field(alias="schema")] = RESULTS_SCHEMA
    """Format version."""
    task: str
    """The task."""
    generator: str | None = None
    """The system evaluated."""
    test_set: str | None = None
    """The test set."""
    metrics: Many[MetricResult] = ()
    """The metrics."""
